"""Whole small draws in a few lines, by the code that real draws are made with.

``draw()`` gives a finished record; ``Draw`` goes step by step. All keys are the test's, so that
attacks with everybody's help can be played too (:mod:`tests.lottery.forging`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from lottery.config import Config
from lottery.listing import Listing
from lottery.party import Party
from lottery.randomness.drand import DST, Beacon, Chain
from lottery.record import Record
from lottery.stages import draw_all
from lottery.statements import Signed
from lottery.steps import seal_step
from lottery.transcript import assemble
from lottery.verifier import load_py_ecc

DRAW = "0d3f5a52-6f7a-4c39-9b5e-0f3f7a0b1c2d"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DICE = "16253443526116253443526116253443526116253443526116"
ROLES = ("organiser", "notary", "portal")
#: The private chain of the tests: its secret key, and a round each second from START on.
CHAIN_KEY = 0x5EED_0F_7E575
GENESIS = int(START.timestamp())


def master(name: str, draw: str = DRAW) -> bytes:
    """The fixed master secret of a party of the tests."""
    return hashlib.sha256(f"{draw} {name}".encode()).digest()


def words(text: str) -> dict[str, str]:
    return {"en": text, "zh": ""}


def stage(
    pools: Sequence[str] = ("A",),
    winners: int | str = 3,
    alternates: int = 2,
    *,
    repeat: bool = False,
    unfilled: str = "refuse",
) -> dict[str, Any]:
    return {
        "name": words("A prize"),
        "pools": list(pools),
        "winners": winners,
        "alternates": alternates,
        "repeat": repeat,
        "unfilled": unfilled,
    }


@cache
def chain() -> Chain:
    """A beacon chain of our own."""
    load_py_ecc()
    from py_ecc.bls.point_compression import compress_G2
    from py_ecc.optimized_bls12_381 import G2, multiply

    first, second = compress_G2(multiply(G2, CHAIN_KEY))
    key = (int(first).to_bytes(48, "big") + int(second).to_bytes(48, "big")).hex()
    return Chain(hashlib.sha256(key.encode()).hexdigest(), key, GENESIS, 1)


@cache
def beacon(number: int, dst: bytes = DST, key: int = CHAIN_KEY) -> Beacon:
    """The private chain's beacon of that round."""
    load_py_ecc()
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import compress_G1
    from py_ecc.optimized_bls12_381 import multiply

    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    point = multiply(hash_to_G1(message, dst, hashlib.sha256), key)
    return Beacon(number, int(compress_G1(point)).to_bytes(48, "big").hex())


@dataclass
class Plan:
    """What may differ between draws; the defaults make the smallest one."""

    draw: str = DRAW
    rehearsal: bool = False
    #: pool → entries as runs of (weight, number)
    pools: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {"A": [(1, 12)]})
    stages: list[dict[str, Any]] = field(default_factory=lambda: [stage()])
    public: tuple[str, ...] = ("dice",)
    rounds: tuple[int, ...] = (7200, 14400)
    public_parties: int = 0
    threshold: int = 2
    attempts: int = 2
    sample: int = 0
    void_reasons: tuple[str, ...] = ("equipment", "late_reveal", "organiser_request")
    changes: dict[str, Any] = field(default_factory=dict)

    def parties(self) -> dict[str, Party]:
        names = [*ROLES, *(f"public-{i + 1}" for i in range(self.public_parties))]
        return {name: Party(master(name, self.draw), self.draw) for name in names}

    def config(self) -> dict[str, Any]:
        """The config document; ``changes`` replace its fields."""
        randomness: dict[str, Any] = {"public": list(self.public)}
        if "dice" in self.public:
            randomness["dice"] = {"minimum": 50}
        if "drand" in self.public:
            randomness["drand"] = chain().document(self.rounds[: self.attempts])
        weights = [weight for runs in self.pools.values() for weight, _ in runs]
        return {
            "schema": "notary/draw-config/v1",
            "algorithm": "LOT-1",
            "draw": self.draw,
            "rehearsal": self.rehearsal,
            "title": {"en": "Spring draw", "zh": "春季抽奖"},
            "organiser": "Example Ltd",
            "rules": words("One entry each."),
            "columns": ["name"],
            "pools": [{"id": each, "name": words(f"Pool {each}")} for each in self.pools],
            "stages": self.stages,
            "max_weight": max(weights),
            "parties": [
                {
                    "id": name,
                    "role": name if name in ROLES else "public",
                    "name": name.title(),
                    "key": party.key,
                    "box": party.box,
                }
                for name, party in self.parties().items()
            ],
            "threshold": self.threshold,
            "randomness": randomness,
            "schedule": {
                "announced_at": "2026-11-14T09:00:00.000000Z",
                "draw_at": "2026-11-21T10:00:00.000000Z",
            },
            "void_reasons": list(self.void_reasons),
            "attempts": self.attempts,
            "audit": {"sample": self.sample},
            **self.changes,
        }

    def leaves(self) -> list[bytes]:
        """Leaf hashes of made-up entries in canonical order."""
        found: list[bytes] = []
        for pool, runs in self.pools.items():
            for weight, count in runs:
                for _ in range(count):
                    i = len(found)
                    tag = hashlib.sha256(b"tag %d" % i).digest()
                    fields = f"{pool}\x1f{weight}\x1fEntry {i}".encode()
                    data = b"\0" + i.to_bytes(8, "big") + tag[:16] + tag + fields
                    found.append(hashlib.sha256(data).digest())
        return found

    def listing(self) -> dict[str, Any]:
        """The list document of those leaves."""
        leaves, start, pools = self.leaves(), 0, []
        for pool, runs in self.pools.items():
            end = start + sum(count for _, count in runs)
            weights = [list(each) for each in runs]
            pools.append({"id": pool, "start": start, "end": end, "weights": weights})
            start = end
        return {
            "count": len(leaves),
            "list_root": root(leaves).hex(),
            "leaves_sha256": hashlib.sha256(b"".join(leaves)).hexdigest(),
            "file_sha256": hashlib.sha256(b"the file").hexdigest(),
            "file_bytes": 4711,
            "columns": {"id": "id", "pool": "pool", "weight": "weight", "public": ["name"]},
            "id_kind": "text",
            "pools": pools,
            "tickets": sum(w * n for runs in self.pools.values() for w, n in runs),
            "duplicates": {"policy": "refuse", "found": 0},
            "keys": {"organiser": "11" * 32, "notary": "22" * 32},
        }


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


class Draw:
    """A draw under way: every act advances the record by the steps it makes possible."""

    def __init__(self, plan: Plan | None = None, **options: Any) -> None:
        self.plan = plan or Plan(**options)
        self.parties = self.plan.parties()
        self.record = Record.of([], Config.parse(self.plan.config()))
        self.steps: list[bytes] = []
        self.pending: list[Signed] = []
        self.now = START

    def advance(self, **given: Any) -> None:
        """Make all steps that what is waiting suffices for, one second apart."""
        while draft := self.record.next(self.pending, self.now, **given):
            self.now += timedelta(seconds=1)
            step = seal_step(draft, self.record, self.parties["portal"].signer, self.now)
            self.record = self.record.then(step)
            self.steps.append(step)

    def hand_in(self, *said: Signed, **given: Any) -> None:
        """Statements arrive: each is checked as at the door."""
        for each in said:
            self.record.check(each.statement, each.signature)
            self.pending.append(each)
            self.advance(**given)

    def freeze(self) -> Draw:
        """config and list"""
        listing = self.plan.listing()
        self.hand_in(self.parties["organiser"].config(self.record, self.now))
        for name in ("organiser", "notary"):
            self.hand_in(self.parties[name].list(self.record, listing, self.now), list_body=listing)
        return self

    def everybody(self, kind: str, but: Sequence[str] = ()) -> None:
        """commit, shares, acknowledge or reveal by all parties"""
        for name, party in self.parties.items():
            if name not in but:
                self.hand_in(party.routine(self.record, kind, self.now))

    def prepare(self) -> Draw:
        """commit, shares, acknowledge, open, dice"""
        for kind in ("commit", "shares", "acknowledge"):
            self.everybody(kind)
        notary = self.parties["notary"]
        self.hand_in(notary.open(self.record, ["Notary Wang", "The public"], self.now))
        if self.record.phase == "dice":
            self.hand_in(notary.dice(self.record, DICE, self.now))
        return self

    def reveal(self, withheld: Sequence[str] = ()) -> Draw:
        """Reveals by all but those who withhold; their secrets are recovered by the others."""
        self.everybody("reveal", but=withheld)
        for dealer in withheld:
            for name, party in self.parties.items():
                if name not in withheld and dealer not in self.record.current.secrets:
                    self.hand_in(party.share(self.record, dealer, self.now))
        return self

    def finish(self) -> Draw:
        """beacon, seed, results and final"""
        if self.record.phase == "beacon":
            number = self.record.beacon_round
            assert number is not None
            self.now = max(self.now, chain().at(number))
            self.advance(beacon=beacon(number))
        self.advance()
        record = self.record
        assert record.listing is not None
        assert record.seed is not None
        self.advance(results=draw_all(record.config, record.listing, record.seed))
        return self

    def audit(self, finding: str = "genuine") -> Draw:
        findings = [
            {"position": each, "finding": finding, "note": ""}
            for each in self.record.audit_positions()
        ]
        said = self.parties["notary"].audit(self.record, findings, self.now)
        self.hand_in(said, findings=findings)
        return self

    def void(self, reason: str = "equipment", by: Sequence[str] = ("organiser", "notary")) -> Draw:
        said = [self.parties[each].void(self.record, reason, "a note", self.now) for each in by]
        self.hand_in(*said)
        return self

    def transcript(self) -> bytes:
        return assemble(self.steps)


def draw(*, withheld: Sequence[str] = (), voided: str = "", **options: Any) -> Draw:
    """A finished draw. ``voided`` names the phase in which the first attempt is voided:
    "commit", "reveal" or "final"; ``withheld`` whose secrets have to be recovered."""
    made = Draw(**options).freeze()
    if voided == "commit":
        made.void()
    elif voided == "reveal":
        made.prepare().void()
    elif voided == "final":
        made.prepare().reveal().finish().void()
    made.prepare().reveal(withheld).finish()
    return made.audit() if made.plan.sample else made


def listing_of(plan: Plan) -> Listing:
    return Listing.parse(plan.listing(), Config.parse(plan.config()))
