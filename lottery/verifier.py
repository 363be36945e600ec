#!/usr/bin/env python3
"""Verify a draw: recompute everything that its transcript claims.

    python verifier.py TRANSCRIPT [LEAVES] [--head HEX] [--chain FILE] [--json]

This one file needs nothing but Python 3.11 or later; only check 14 needs the library ``py_ecc`` and
says *undecided* without it. It shares no code with what makes draws: the rules are those of
docs/draws.md. TRANSCRIPT is the published record, LEAVES the published file of entry hashes.
``--head`` is the SHA-256 of the last step, as a letter or the ledger names it: only so can a record
be told from another, shorter one. ``--chain`` is a drand chain to be trusted instead of quicknet.
The exit code is 0 when verified, 1 when not, 2 when something could not be decided.

Checks, in this order; every failure names the step, party, stage or position that is at fault:

 1 form              the document is canonical JSON (RFC 8785), with all its parts and no others
 2 chain             each step names the SHA-256 of the one before it; times never go back
 3 step_signatures   the portal signed each step, and each party its statements, for this attempt
 4 config            the rules are sound, and the organiser signed their SHA-256
 5 list              the list fits the rules; organiser and notary signed it
 6 order             nothing is missing, doubled or out of turn
 7 commitments       each party bound itself to a fresh secret of its own
 8 shares            dealt to everybody and acknowledged by everybody before the draw was opened
 9 dice              enough, by the notary, before any secret was known
10 reveals           each secret is the one bound in check 7
11 recoveries        a withheld secret follows from good shares of enough holders
12 deadline          each secret was known 60 s before the beacon
13 beacon            of the pinned chain and of the round that the rules name
14 beacon_signature  the chain's BLS signature
15 seed              follows from the secrets and the public randomness
16 winners           follow from the seed
17 alternates        follow from the seed
18 final             sums up the results, and the record does not break off
19 voids             each with a reason of the rules, two signatures and what was voided
20 attempts          none hidden, none beyond those allowed
21 audit             the sample follows from the seed, and the notary signed the findings
22 leaves            the hashes of the entries make the root that was signed (only with LEAVES)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

Json = Any

# ---- The group: edwards25519 as RFC 8032 has it -------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


class BadPoint(ValueError):
    """Not the one encoding of a point of the prime-order group."""


def add(a: Point, b: Point) -> Point:
    """RFC 8032 §5.1.4."""
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * D * a[3] * b[3] % P
    d = 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def encode_point(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


@lru_cache(maxsize=1024)
def decode_point(data: bytes) -> Point:
    """RFC 8032 §5.1.3, and in the prime-order group, and not the identity.

    Raises:
        BadPoint: anything else.
    """
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(data) != 32 or y >= P:
        raise BadPoint("not the canonical encoding of a point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        raise BadPoint("not on the curve")
    if x == 0 and sign:
        raise BadPoint("not the canonical encoding of a point")
    if x & 1 != sign:
        x = P - x
    point = (x, y, 1, x * y % P)
    if same(point, IDENTITY):
        raise BadPoint("the identity")
    if not same(multiply(L, point), IDENTITY):
        raise BadPoint("not in the prime-order group")
    return point


BASE: Point = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
POWERS = [BASE]
while len(POWERS) < 253:
    POWERS.append(add(POWERS[-1], POWERS[-1]))


def multiply_base(scalar: int) -> Point:
    """``scalar``·B for 0 ≤ scalar < 2²⁵³."""
    result = IDENTITY
    for place in range(scalar.bit_length()):
        if scalar >> place & 1:
            result = add(result, POWERS[place])
    return result


#: The points of small order on curve25519 (RFC 7748 §6.1 asks for this check).
SMALL_ORDER = {
    0,
    1,
    P - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
}


def check_box(data: bytes) -> None:
    """Raise :class:`BadPoint` for an X25519 key that is not canonical or of small order."""
    number = int.from_bytes(data, "little")
    if len(data) != 32 or number >= P:
        raise BadPoint("not canonical")
    if number in SMALL_ORDER:
        raise BadPoint("of small order")


def verify_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Strict RFC 8032 §5.1.7: canonical key of the prime-order group, S < L, no cofactor."""
    if len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= L:
        return False
    try:
        point = decode_point(key)
    except BadPoint:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    factor = int.from_bytes(digest, "little") % L
    minus = (P - point[0], point[1], point[2], P - point[3])
    return encode_point(add(multiply_base(scalar), multiply(factor, minus))) == signature[:32]


# ---- Form ----------------------------------------------------------------------------------------
# A shape is called with a value and its place in the document, and raises Misshapen.

Shape = Callable[[Json, str], None]
LIMIT = 2**32 - 1


class Misshapen(ValueError):
    """A value that does not look as it should; the sentence names its place."""


def shape(right: Callable[[Json], bool], text: str) -> Shape:
    def check(value: Json, place: str) -> None:
        if not right(value):
            raise Misshapen(f"{place or 'document'}: {text}")

    return check


def match(pattern: str) -> Shape:
    right = re.compile(pattern, re.ASCII).fullmatch
    return shape(lambda v: isinstance(v, str) and bool(right(v)), f"not of the form {pattern}")


def hexa(size: int) -> Shape:
    return match(f"[0-9a-f]{{{2 * size}}}")


def whole(least: int, most: int) -> Shape:
    return shape(
        lambda v: type(v) is int and least <= v <= most,
        f"not a whole number from {least} to {most}",
    )


def one(*values: str) -> Shape:
    return shape(lambda v: isinstance(v, str) and v in values, f"not one of {', '.join(values)}")


def text(least: int, most: int, *, lines: bool = False) -> Shape:
    def right(value: Json) -> bool:
        return (
            isinstance(value, str)
            and least <= len(value) <= most
            and not any(
                unicodedata.category(each) in {"Cc", "Cs"} and not (lines and each == "\n")
                for each in value
            )
        )

    return shape(right, f"not text of {least} to {most} characters")


def many(each: Shape, least: int, most: int) -> Shape:
    def check(value: Json, place: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Misshapen(f"{place}: not a list of {least} to {most}")
        for number, item in enumerate(value):
            each(item, f"{place}[{number}]")

    return check


def either(first: Shape, second: Shape) -> Shape:
    def check(value: Json, place: str) -> None:
        try:
            first(value, place)
        except Misshapen:
            second(value, place)

    return check


def members(names: dict[str, Shape]) -> Shape:
    """Exactly these; a name that ends in ``?`` may be missing."""
    known = {name.rstrip("?"): each for name, each in names.items()}
    needed = {name for name in names if not name.endswith("?")}

    def check(value: Json, place: str) -> None:
        if not isinstance(value, dict):
            raise Misshapen(f"{place or 'document'}: not an object")
        for name in sorted(value.keys() ^ known.keys()):
            if name in value or name in needed:
                raise Misshapen(f"{place or 'document'}: {name!a:.60} is unknown or missing")
        for name, item in value.items():
            known[name](item, f"{place}.{name}" if place else name)

    return check


def moment(value: str) -> datetime:
    """The time that the text writes; ValueError when it is none."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value, re.ASCII):
        raise ValueError("not a time")
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def is_time(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(moment(value))
    except ValueError:
        return False


FLAG = shape(lambda v: isinstance(v, bool), "not true or false")
NULL = shape(lambda v: v is None, "not null")
OBJECT = shape(lambda v: isinstance(v, dict), "not an object")
TIME = shape(is_time, "not a time such as 2026-11-21T14:31:29.000000Z")
UUID = match("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PARTY, POOL, HASH, POSITION = (
    match("[a-z0-9-]{1,32}"),
    match("[A-Za-z0-9_-]{1,16}"),
    hexa(32),
    whole(0, LIMIT),
)
WORDS, RULES = (
    {"en": text(0, n, lines=n > 200), "zh": text(0, n, lines=n > 200)} for n in (200, 20_000)
)
NOTE = text(0, 2000, lines=True)
REASON = one(
    "list_error", "late_reveal", "bad_shares", "equipment", "force_majeure", "organiser_request"
)
ROUND = whole(1, 2**40)
CHAIN: dict[str, Shape] = {
    "chain_hash": HASH,
    "public_key": hexa(96),
    "genesis_time": whole(1, 2**40),
    "period": whole(1, 3600),
    "scheme": one("bls-unchained-g1-rfc9380"),
}
# fmt: off
CONFIG = members({
    "schema": one("notary/draw-config/v1"), "algorithm": one("LOT-1"), "draw": UUID,
    "rehearsal": FLAG, "title": members(WORDS), "organiser": text(1, 200), "rules": members(RULES),
    "columns": many(text(1, 100), 0, 8), "max_weight": whole(1, 10_000), "attempts": whole(1, 2),
    "threshold": whole(2, 8), "void_reasons": many(REASON, 1, 6),
    "pools": many(members({"id": POOL, "name": members(WORDS)}), 1, 64),
    "stages": many(members({
        "name": members(WORDS), "pools": many(POOL, 1, 64), "alternates": whole(0, LIMIT),
        "winners": either(one("all"), whole(1, LIMIT)), "repeat": FLAG,
        "unfilled": one("refuse", "leave", "carry"),
    }), 1, 64),
    "parties": many(members({
        "id": PARTY, "role": one("organiser", "notary", "portal", "public"), "name": text(1, 200),
        "key": HASH, "box": HASH,
    }), 3, 9),
    "randomness": members({
        "public": many(one("dice", "drand"), 1, 2), "dice?": members({"minimum": whole(50, 1000)}),
        "drand?": members({**CHAIN, "rounds": many(ROUND, 1, 2)}),
    }),
    "schedule": members({"announced_at": TIME, "draw_at": TIME}),
    "audit": members({"sample": whole(0, 10_000)}),
})
COLUMN = either(NULL, text(1, 100))
LIST = members({
    "count": whole(1, LIMIT), "list_root": HASH, "leaves_sha256": HASH, "file_sha256": HASH,
    "file_bytes": whole(1, 2**50), "id_kind": one("text", "prc-id"), "tickets": whole(1, LIMIT),
    "columns": members({
        "id": text(1, 100), "pool": COLUMN, "weight": COLUMN, "public": many(text(1, 100), 0, 8),
    }),
    "pools": many(members({
        "id": POOL, "start": POSITION, "end": POSITION,
        "weights": many(many(whole(1, LIMIT), 2, 2), 1, 10_000),
    }), 1, 64),
    "duplicates": members({"policy": one("refuse", "first"), "found": POSITION}),
    "keys": members({"organiser": HASH, "notary": HASH}),
})
POSITIONS = either(NULL, many(POSITION, 0, 200_000))
FINDING = {"position": POSITION, "finding": one("genuine", "ghost", "unclear"), "note": NOTE}
BODIES: dict[str, dict[str, Shape]] = {
    "config": {"config": OBJECT, "config_hash": HASH},
    "list": {"list": OBJECT, "draw_hash": HASH},
    "commit": {}, "shares": {}, "acknowledge": {}, "open": {}, "dice": {}, "reveal": {},
    "recover": {"dealer": PARTY, "secret": HASH},
    "beacon": {"round": ROUND, "signature": hexa(48), "randomness": HASH},
    "seed": {"seed": HASH, "public": match("([0-9a-f]{64}){1,2}")},
    "result": {
        "stage": whole(1, 64), "places": whole(0, 2**40), "unfilled": whole(0, 2**40),
        "winners": POSITIONS, "alternates": POSITIONS, "winner_count": POSITION,
        "alternate_count": POSITION, "positions_sha256": HASH,
    },
    "final": {"seed": HASH, "stages": whole(1, 64), "results_sha256": HASH},
    "void": {"reason": REASON, "note": NOTE, "head": HASH, "results_sha256": either(NULL, HASH)},
    "audit": {
        "positions": many(POSITION, 0, 10_000), "findings": many(members(FINDING), 0, 10_000),
    },
}
SEALED = members({"holder": PARTY, "ephemeral": HASH, "sealed": hexa(48)})
SAID: dict[str, dict[str, Shape]] = {
    "config": {"config_hash": HASH},
    "list": {
        "config_hash": HASH, "list_root": HASH, "list_sha256": HASH, "count": whole(1, LIMIT),
        "draw_hash": HASH,
    },
    "commit": {"draw_hash": HASH, "commitment": HASH, "points": many(HASH, 2, 8)},
    "shares": {"draw_hash": HASH, "shares": many(SEALED, 2, 8)},
    "acknowledge": {"draw_hash": HASH, "dealers": many(PARTY, 2, 8)},
    "open": {"draw_hash": HASH, "present": many(text(1, 200), 1, 50)},
    "dice": {"draw_hash": HASH, "dice": text(0, 10_000)},
    "reveal": {"draw_hash": HASH, "secret": HASH},
    "share": {"draw_hash": HASH, "dealer": PARTY, "share": HASH},
    "void": {"reason": REASON, "note": NOTE, "head": HASH},
    "audit": {"results_sha256": HASH, "findings_sha256": HASH},
}
# fmt: on
#: The statements that a step of each type carries: their type, how many at least and at most.
CARRIED = {
    "list": ("list", 2, 2),
    "recover": ("share", 2, 8),
    "void": ("void", 2, 2),
    **{each: (each, 0, 0) for each in ("beacon", "seed", "result", "final")},
}


def signed(kind: str) -> Shape:
    said = {
        "schema": one("notary/draw-statement/v1"),
        "draw": UUID,
        "attempt": whole(0, 2),
        "party": PARTY,
        "type": one(kind),
        "at": TIME,
        **SAID.get(kind, {}),
    }
    return members({"party": PARTY, "statement": members(said), "signature": hexa(64)})


def step_shape(kind: str) -> Shape:
    carried, least, most = CARRIED.get(kind, (kind, 1, 1))
    return members(
        {
            "schema": one("notary/draw-step/v1"),
            "draw": UUID,
            "n": whole(0, 10_000),
            "attempt": whole(0, 2),
            "type": one(kind),
            "at": TIME,
            "prev": HASH,
            "body": members(BODIES[kind]),
            "statements": many(signed(carried), least, most),
            "signature": hexa(64),
        }
    )


STEPS = {kind: step_shape(kind) for kind in BODIES}


def any_step(value: Json, place: str) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in STEPS:
        raise Misshapen(f"{place}: not a step of a known type")
    STEPS[kind](value, place)


TRANSCRIPT = members({"schema": one("notary/draw/v1"), "steps": many(any_step, 1, 10_000)})


def canonical(value: Json) -> bytes:
    """RFC 8785 for what draws hold: no floating point, and names in ASCII."""
    written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return written.encode("utf-8")


def parse(data: bytes) -> Json:
    """The document, which has to be the canonical form of itself.

    Raises:
        Misshapen: anything else.
    """

    def refuse(_: str) -> None:
        raise ValueError("a number that is not whole")

    try:
        document = json.loads(data.decode("utf-8"), parse_float=refuse, parse_constant=refuse)
        if canonical(document) != data:
            raise ValueError("another spelling")
    except (ValueError, RecursionError) as error:
        raise Misshapen("the document is not RFC 8785 JSON of itself") from error
    return document


# ---- The record, sorted --------------------------------------------------------------------------


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag: str, *parts: bytes) -> bytes:
    return sha256(f"lottery/{tag}/v1\n".encode("ascii"), *parts)


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


class Failed(Exception):
    """The check fails; the sentence names what is at fault."""


class Undecided(Exception):
    """The check can be decided elsewhere, or later."""


class Absent(Exception):
    """There is nothing of that kind in this draw."""


def need(right: object, sentence: str) -> None:
    if not right:
        raise Failed(sentence)


def named(step: Json) -> str:
    return f"step {step['n']} ({step['type']})"


def said(step: Json) -> Json:
    """The statement of a step that carries one."""
    return step["statements"][0]["statement"]


@dataclass
class Attempt:
    """The steps of one attempt; of what stands there twice the first (check 6 refuses it)."""

    number: int
    commits: dict[str, Json] = field(default_factory=dict)
    dealt: dict[str, Json] = field(default_factory=dict)
    acknowledged: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    results: list[Json] = field(default_factory=list)
    single: dict[str, Json] = field(default_factory=dict)

    def take(self, step: Json) -> None:
        kind = step["type"]
        by_party = {
            "commit": self.commits,
            "shares": self.dealt,
            "acknowledge": self.acknowledged,
            "reveal": self.secrets,
            "recover": self.secrets,
        }
        if kind == "result":
            self.results.append(step)
        elif kind in by_party:
            who = step["body"]["dealer"] if kind == "recover" else said(step)["party"]
            by_party[kind].setdefault(who, step)
        else:
            self.single.setdefault(kind, step)

    def secret(self, party: str) -> bytes:
        need(party in self.secrets, f"the secret of {party} is not known")
        step = self.secrets[party]
        value = step["body"]["secret"] if step["type"] == "recover" else said(step)["secret"]
        return bytes.fromhex(value)

    def results_hash(self) -> str:
        return sha256(
            *(bytes.fromhex(step["body"]["positions_sha256"]) for step in self.results)
        ).hex()


class Draw:
    """A transcript of the right form."""

    def __init__(
        self,
        document: Json,
        chain: Json,
        head: str,
        leaves: Path | None,
        most: int | None = None,
    ) -> None:
        self.most = most
        self.steps: list[Json] = document["steps"]
        self.hashes = [sha256(canonical(step)).hex() for step in self.steps]
        self.chain, self.head, self.leaves = chain, head, leaves
        self.config: Json = self.steps[0]["body"]["config"]
        self.listed: Json = next((step for step in self.steps if step["type"] == "list"), None)
        self.list: Json = self.listed["body"]["list"] if self.listed else None
        self.attempts: dict[int, Attempt] = {}
        for step in self.steps:
            if step["type"] not in {"config", "list"}:
                number = step["attempt"]
                self.attempts.setdefault(number, Attempt(number)).take(step)
        self.drawn: list[tuple[Json, Stage]] | None = None

    @property
    def ids(self) -> list[str]:
        return [party["id"] for party in self.config["parties"]]

    @property
    def draw_hash(self) -> bytes:
        need(self.listed, "the record has no list")
        return bytes.fromhex(self.listed["body"]["draw_hash"])

    def party(self, name: str) -> Json:
        return next((each for each in self.config["parties"] if each["id"] == name), None)

    def role(self, name: str) -> str | None:
        party = self.party(name)
        return party["role"] if party else None

    def holding(self, role: str) -> Json:
        party = next((each for each in self.config["parties"] if each["role"] == role), None)
        need(party, f"the rules name no {role}")
        return party

    def others(self, name: str) -> list[str]:
        return [each for each in self.ids if each != name]

    def place(self, name: str) -> int:
        return self.ids.index(name) + 1

    def bound(self, attempt: Attempt) -> bytes:
        return self.draw_hash + u32(attempt.number)

    def check_bound(self, step: Json) -> None:
        """Each statement is about these rules and this list."""
        for each in step["statements"]:
            same = each["statement"]["draw_hash"] == self.draw_hash.hex()
            need(same, f"{named(step)} was made for another config or list")

    def uses(self, source: str) -> Json:
        """The rules of a public source; Absent when the draw does without."""
        found = self.config["randomness"].get(source)
        if found is None:
            raise Absent
        return found

    def having(self, kind: str) -> Iterator[tuple[Attempt, Json]]:
        """Attempts that got as far as the single step of that type."""
        found = [each for each in self.attempts.values() if kind in each.single]
        if not found:
            raise Absent
        return ((each, each.single[kind]) for each in found)


# ---- Checks 2 to 6: what kind of record this is --------------------------------------------------


def check_chain(draw: Draw) -> None:
    for n, step in enumerate(draw.steps):
        before = draw.hashes[n - 1] if n else "0" * 64
        need(step["n"] == n, f"step {n} says that it is number {step['n']}")
        need(step["prev"] == before, f"{named(step)} does not follow the step before it")
        need(step["draw"] == draw.config["draw"], f"{named(step)} belongs to another draw")
        late = n == 0 or step["at"] >= draw.steps[n - 1]["at"]
        need(late, f"{named(step)} is earlier than the step before it")
    need(draw.head in ("", draw.hashes[-1]), "the last step is not the one that was expected")


def check_step_signatures(draw: Draw) -> None:
    portal = bytes.fromhex(draw.holding("portal")["key"])
    for step in draw.steps:
        message = {name: value for name, value in step.items() if name != "signature"}
        data, signature = (
            b"lottery/step/v1\n" + canonical(message),
            bytes.fromhex(step["signature"]),
        )
        right = verify_signature(portal, data, signature)
        need(right, f"the portal's signature on {named(step)} is wrong")
        for each in step["statements"]:
            check_statement(draw, step, each)


def check_statement(draw: Draw, step: Json, each: Json) -> None:
    name, statement = each["party"], each["statement"]
    party = draw.party(name)
    need(party, f"{named(step)} holds a statement of {name}, who is no party of the draw")
    data = b"lottery/statement/v1\n" + canonical(statement)
    right = statement["party"] == name and verify_signature(
        bytes.fromhex(party["key"]), data, bytes.fromhex(each["signature"])
    )
    need(right, f"the signature of {name} on {named(step)} is wrong")
    same = (statement["draw"], statement["attempt"]) == (step["draw"], step["attempt"])
    need(same, f"the statement of {name} in {named(step)} was made for another draw or attempt")


def check_config(draw: Draw) -> None:
    config, step = draw.config, draw.steps[0]
    try:
        CONFIG(config, "config")
    except Misshapen as error:
        raise Failed(str(error)) from error
    check_rules(config)
    digest = sha256(canonical(config)).hex()
    need(step["body"]["config_hash"] == digest, "the config's digest is not the one recorded")
    organiser = draw.holding("organiser")["id"]
    right = (said(step)["party"], said(step)["config_hash"]) == (organiser, digest)
    need(right, "the organiser did not sign this config")


def unique(values: Iterable[Json]) -> bool:
    found = [json.dumps(each) for each in values]
    return len(found) == len(set(found))


def check_rules(config: Json) -> None:
    pools, stages, parties = config["pools"], config["stages"], config["parties"]
    for each in (config["title"], config["rules"], *(p["name"] for p in [*pools, *stages])):
        need((each["en"] + each["zh"]).strip(), "the config has an empty text where one is needed")
    need(unique(config["columns"]), "two columns of the config have the same name")
    ids = [pool["id"] for pool in pools]
    need(unique(ids), "two pools of the config have the same id")
    for number, stage in enumerate(stages, start=1):
        known = unique(stage["pools"]) and set(stage["pools"]) <= set(ids)
        need(known, f"stage {number} names a pool twice, or one that there is not")
        right = stage["winners"] != "all" or stage["alternates"] == 0
        need(right, f"stage {number} is a full ranking and leaves no alternates")
    for name in ("id", "key", "box"):
        need(unique(party[name] for party in parties), f"two parties have the same {name}")
    for role in ("organiser", "notary", "portal"):
        right = sum(party["role"] == role for party in parties) == 1
        need(right, f"not exactly one party is the {role}")
    for party in parties:
        try:
            decode_point(bytes.fromhex(party["key"]))
            check_box(bytes.fromhex(party["box"]))
        except BadPoint as error:
            raise Failed(f"a key of {party['id']} is {error}") from error
    need(config["threshold"] < len(parties), "the threshold is more than a party has holders")
    check_sources(config["randomness"], config["attempts"])
    need(unique(config["void_reasons"]), "a reason for a void is named twice")
    schedule = config["schedule"]
    need(schedule["draw_at"] >= schedule["announced_at"], "the draw lies before its announcement")


def check_sources(randomness: Json, attempts: int) -> None:
    public = randomness["public"]
    need(public in (["dice"], ["drand"], ["dice", "drand"]), "the public sources are out of order")
    need(set(randomness) == {"public", *public}, "a public source is missing, or one too many")
    if "drand" in public:
        rounds = randomness["drand"]["rounds"]
        right = len(rounds) == attempts and rounds == sorted(set(rounds))
        need(right, "the config does not name one rising round for each attempt")


def check_list(draw: Draw) -> None:
    need(draw.listed, "the record has no list")
    config, listing, body = draw.config, draw.list, draw.listed["body"]
    try:
        LIST(listing, "list")
    except Misshapen as error:
        raise Failed(str(error)) from error
    check_ranges(config, listing)
    check_places(config, listing)
    config_hash = sha256(canonical(config))
    root, count = bytes.fromhex(listing["list_root"]), listing["count"]
    digest = tagged("draw", config_hash, root, count.to_bytes(8, "big")).hex()
    need(body["draw_hash"] == digest, "the list's draw_hash is not the one recorded")
    roles = [draw.role(each["party"]) for each in draw.listed["statements"]]
    need(roles == ["organiser", "notary"], "the list is not signed by organiser and notary")
    for each in draw.listed["statements"]:
        words = each["statement"]
        told = [words[name] for name in ("config_hash", "list_root", "count", "draw_hash")]
        right = told == [config_hash.hex(), root.hex(), count, digest]
        right = right and words["list_sha256"] == sha256(canonical(listing)).hex()
        need(right, f"{each['party']} signed another list")


def check_ranges(config: Json, listing: Json) -> None:
    same = listing["columns"]["public"] == config["columns"]
    need(same, "the list has other public columns than the config")
    right = listing["duplicates"]["policy"] == "first" or listing["duplicates"]["found"] == 0
    need(right, "the list has duplicates although it refuses them")
    keys = listing["keys"]
    need(keys["organiser"] != keys["notary"], "organiser and notary used the same key for the list")
    ids = [pool["id"] for pool in listing["pools"]]
    need(
        ids == [pool["id"] for pool in config["pools"]], "the list has other pools than the config"
    )
    start = tickets = 0
    for pool in listing["pools"]:
        name, weights = pool["id"], [weight for weight, _ in pool["weights"]]
        need(pool["start"] == start < pool["end"], f"pool {name} is empty or out of place")
        rising = weights == sorted(set(weights)) and weights[-1] <= config["max_weight"]
        need(rising, f"the weights of pool {name} do not rise, or are over the bound")
        right = sum(count for _, count in pool["weights"]) == pool["end"] - start
        need(right, f"the weights of pool {name} are not those of its entries")
        start = pool["end"]
        tickets += sum(weight * count for weight, count in pool["weights"])
    need(start == listing["count"], "the pools do not make up the whole list")
    need(tickets == listing["tickets"], "the tickets are not the sum of the weights")


def check_places(config: Json, listing: Json) -> None:
    """A stage that may not leave places empty has entries enough, whoever won before."""
    size = {pool["id"]: pool["end"] - pool["start"] for pool in listing["pools"]}

    def entries(pools: Iterable[str]) -> int:
        return sum(size[each] for each in pools)

    winners: list[tuple[list[str], int]] = []
    carried = 0
    for number, stage in enumerate(config["stages"], start=1):
        gone = 0
        for pools, most in [] if stage["repeat"] else winners:
            gone += min(most, entries(set(pools) & set(stage["pools"])))
        least = max(0, entries(stage["pools"]) - gone)
        everybody = stage["winners"] == "all"
        places = least if everybody else stage["winners"] + carried
        enough = stage["unfilled"] != "refuse" or least >= places
        need(enough, f"stage {number} has {places} places, but only {least} entries for sure")
        total = entries(stage["pools"])
        winners.append((stage["pools"], total if everybody else min(places, total)))
        carried = max(0, places - least) if stage["unfilled"] == "carry" else 0


def agenda(config: Json) -> list[tuple[str, list[str]]]:
    """What an attempt consists of: types in order, and whose step or which stage is awaited."""
    ids = [party["id"] for party in config["parties"]]
    public = config["randomness"]["public"]
    stages = [("result", [str(n + 1)]) for n in range(len(config["stages"]))]
    return [
        ("commit", list(ids)),
        ("shares", list(ids)),
        ("acknowledge", list(ids)),
        ("open", []),
        *([("dice", [])] if "dice" in public else []),
        ("reveal", list(ids)),
        *([("beacon", [])] if "drand" in public else []),
        ("seed", []),
        *stages,
        ("final", []),
        *([("audit", [])] if config["audit"]["sample"] else []),
    ]


def check_order(draw: Draw) -> None:
    todo: list[tuple[str, list[str]]] = []
    for n, step in enumerate(draw.steps):
        if n < 2:
            due = ("config", "list")[n]
            need(step["type"] == due, f"{named(step)} stands where {due} has to come")
        elif step["type"] == "void":
            over = draw.steps[n - 1]["type"] == "audit"
            need(not over, f"{named(step)} comes after the end of the draw")
            todo = []
        else:
            if draw.steps[n - 1]["type"] in {"list", "void"}:
                todo = agenda(draw.config)
            take_turn(todo, step)


def take_turn(todo: list[tuple[str, list[str]]], step: Json) -> None:
    due, awaited = todo[0] if todo else ("nothing", [])
    kind, body = step["type"], step["body"]
    kind = "reveal" if kind == "recover" else kind
    need(kind == due, f"{named(step)} stands where {due} has to come")
    if awaited:
        who = str(body["stage"]) if kind == "result" else body.get("dealer")
        who = who or said(step)["party"]
        need(who in awaited, f"{named(step)} is of {who}, which is not awaited there")
        awaited.remove(who)
    if not awaited:
        todo.pop(0)


# ---- Checks 7 to 15: secrets, public randomness, and the seed made of them -----------------------


def check_commitments(draw: Draw) -> None:
    seen: set[str] = set()
    for attempt in draw.attempts.values():
        for party, step in attempt.commits.items():
            draw.check_bound(step)
            commitment, points = said(step)["commitment"], said(step)["points"]
            right = len(points) == draw.config["threshold"]
            need(right, f"{party} bound itself with {len(points)} points ({named(step)})")
            for each in points:
                try:
                    decode_point(bytes.fromhex(each))
                except BadPoint as error:
                    raise Failed(f"a point of {party} in {named(step)} is {error}") from error
            fresh = commitment not in seen and points[0] not in seen
            need(fresh, f"{named(step)} of {party} repeats what was committed before")
            seen |= {commitment, points[0]}
    if not seen:
        raise Absent


def check_shares(draw: Draw) -> None:
    if not any(attempt.dealt for attempt in draw.attempts.values()):
        raise Absent
    for attempt in draw.attempts.values():
        for party, step in attempt.dealt.items():
            draw.check_bound(step)
            holders = [each["holder"] for each in said(step)["shares"]]
            right = holders == draw.others(party)
            need(right, f"{party} did not deal one share to each other party ({named(step)})")
            for each in said(step)["shares"]:
                try:
                    check_box(bytes.fromhex(each["ephemeral"]))
                except BadPoint as error:
                    raise Failed(f"a key of {party} in {named(step)} is {error}") from error
        for party, step in attempt.acknowledged.items():
            draw.check_bound(step)
            right = said(step)["dealers"] == draw.others(party)
            need(right, f"{party} did not acknowledge the shares of all others ({named(step)})")
        if "open" in attempt.single:
            check_opening(draw, attempt, attempt.single["open"])


def check_opening(draw: Draw, attempt: Attempt, step: Json) -> None:
    draw.check_bound(step)
    need(draw.role(said(step)["party"]) == "notary", f"{named(step)} is not of the notary")
    for party in draw.ids:
        need(party in attempt.dealt, f"{party} dealt no shares in attempt {attempt.number}")
        done = party in attempt.acknowledged and attempt.acknowledged[party]["n"] < step["n"]
        need(done, f"{party} did not acknowledge its shares before the draw was opened")


def check_dice(draw: Draw) -> None:
    minimum = draw.uses("dice")["minimum"]
    for attempt, step in draw.having("dice"):
        draw.check_bound(step)
        digits = said(step)["dice"]
        need(draw.role(said(step)["party"]) == "notary", f"{named(step)} is not of the notary")
        need(set(digits) <= set("123456"), f"{named(step)} shows what is not on a die")
        need(len(digits) >= minimum, f"{named(step)} has fewer than {minimum} dice")
        for each in attempt.secrets.values():
            need(each["n"] > step["n"], f"{named(each)} comes before the dice")


def scalar(value: bytes, whose: str) -> int:
    number = int.from_bytes(value, "big")
    need(0 < number < L, f"{whose} is not a number of the group")
    return number


def committed(attempt: Attempt, party: str) -> Json:
    need(party in attempt.commits, f"{party} never committed in attempt {attempt.number}")
    return said(attempt.commits[party])


def fits_commitment(draw: Draw, attempt: Attempt, party: str) -> bool:
    made = tagged(
        "commit", draw.bound(attempt), sha256(party.encode("utf-8")), attempt.secret(party)
    )
    return bool(made.hex() == committed(attempt, party)["commitment"])


def fits_point(attempt: Attempt, party: str) -> bool:
    number = scalar(attempt.secret(party), f"the secret of {party}")
    return bool(encode_point(multiply_base(number)).hex() == committed(attempt, party)["points"][0])


def check_reveals(draw: Draw) -> None:
    if not any(attempt.secrets for attempt in draw.attempts.values()):
        raise Absent
    for attempt in draw.attempts.values():
        for party, step in attempt.secrets.items():
            if step["type"] == "reveal":
                draw.check_bound(step)
                right = fits_commitment(draw, attempt, party)
                need(right, f"the secret of {party} in {named(step)} is not the one committed to")
                right = fits_point(attempt, party)
                need(
                    right, f"the secret of {party} in {named(step)} is not the one dealt in shares"
                )


def check_recoveries(draw: Draw) -> str:
    lies, found = [], False
    for attempt in draw.attempts.values():
        for dealer, step in attempt.secrets.items():
            if step["type"] == "recover":
                found = True
                check_recovery(draw, attempt, dealer, step)
                if not fits_commitment(draw, attempt, dealer):
                    lies.append(dealer)
    if not found:
        raise Absent
    told = f"{', '.join(lies)} committed to another value than was dealt; the one dealt counts"
    return told if lies else ""


def check_recovery(draw: Draw, attempt: Attempt, dealer: str, step: Json) -> None:
    draw.check_bound(step)
    holders = [each["party"] for each in step["statements"]]
    ordered = [each for each in draw.others(dealer) if each in holders]
    right = holders == ordered and len(holders) >= draw.config["threshold"]
    need(right, f"{named(step)} does not hold the shares of enough different holders")
    points = [decode_point(bytes.fromhex(each)) for each in committed(attempt, dealer)["points"]]
    shares: dict[int, int] = {}
    for each in step["statements"]:
        holder, words = each["party"], each["statement"]
        whose = f"the share of {holder} in {named(step)}"
        need(words["dealer"] == dealer, f"{whose} is not one of the secret of {dealer}")
        place, number = draw.place(holder), scalar(bytes.fromhex(words["share"]), whose)
        expected = IDENTITY
        for point in reversed(points):
            expected = add(multiply(place, expected), point)
        need(same(multiply_base(number), expected), f"{whose} does not fit what {dealer} bound")
        shares[place] = number
    secret = interpolated(shares).to_bytes(32, "big")
    need(secret == attempt.secret(dealer), f"the shares in {named(step)} give another secret")
    need(fits_point(attempt, dealer), f"the secret in {named(step)} is not what {dealer} bound")


def interpolated(shares: dict[int, int]) -> int:
    """The value at 0 of the polynomial through the shares (Lagrange)."""
    total = 0
    for place, value in shares.items():
        factor = value
        for other in shares:
            if other != place:
                factor = factor * other * pow(other - place, L - 2, L) % L
        total += factor
    return total % L


def appears(drand: Json, number: int) -> datetime:
    """T(round), when the beacon of that round appears."""
    genesis = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=drand["genesis_time"])
    return genesis + timedelta(seconds=(number - 1) * drand["period"])


def check_deadline(draw: Draw) -> None:
    drand = draw.uses("drand")
    if not any(attempt.secrets for attempt in draw.attempts.values()):
        raise Absent
    for attempt in draw.attempts.values():
        last = appears(drand, drand["rounds"][attempt.number - 1]) - timedelta(seconds=60)
        for party, step in attempt.secrets.items():
            right = moment(step["at"]) <= last
            need(
                right,
                f"the secret of {party} in {named(step)} came less than 60 s before the beacon",
            )


def check_beacon(draw: Draw) -> None:
    drand = draw.uses("drand")
    for name, value in draw.chain.items():
        need(drand[name] == value, f"the config's beacon is not the pinned chain: {name} differs")
    for attempt, step in draw.having("beacon"):
        body, number = step["body"], step["body"]["round"]
        due = drand["rounds"][attempt.number - 1]
        need(number == due, f"{named(step)} is of round {number} instead of {due}")
        right = sha256(bytes.fromhex(body["signature"])).hex() == body["randomness"]
        need(right, f"the randomness in {named(step)} is not that of the signature")
        right = moment(step["at"]) >= appears(drand, number)
        need(right, f"{named(step)} is earlier than its round appeared")
        for each in attempt.secrets.values():
            need(each["n"] < step["n"], f"{named(each)} comes after the beacon")


def check_beacon_signature(draw: Draw) -> None:
    key = bytes.fromhex(draw.uses("drand")["public_key"])
    for _, step in draw.having("beacon"):
        number, signature = step["body"]["round"], bytes.fromhex(step["body"]["signature"])
        try:
            right = verify_bls(key, sha256(number.to_bytes(8, "big")), signature)
        except ImportError as error:
            raise Undecided("cannot be decided here: py_ecc is not installed") from error
        need(right, f"the signature in {named(step)} is not the chain's for round {number}")


def load_py_ecc() -> None:
    """Import the library and undo what that does to the whole process: it lifts the recursion limit
    to 100,000, and then deeply nested JSON of a stranger ends the interpreter.

    Raises:
        ImportError: it is not installed.
    """
    limit = sys.getrecursionlimit()
    try:
        import py_ecc  # noqa: F401
    finally:
        sys.setrecursionlimit(limit)


def verify_bls(key: bytes, message: bytes, signature: bytes) -> bool:
    """drand's scheme bls-unchained-g1-rfc9380: e(signature, G2) = e(hash_to_G1(message), key)."""
    load_py_ecc()
    from py_ecc.bls import point_compression as points
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.optimized_bls12_381 import optimized_curve as curve
    from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing

    def in_group(point: Json) -> bool:
        whole_group = curve.multiply(point, curve.curve_order)
        return not curve.is_inf(point) and bool(curve.is_inf(whole_group))

    number: Json = int.from_bytes(signature, "big")
    halves: Json = (int.from_bytes(key[:48], "big"), int.from_bytes(key[48:], "big"))
    try:
        first, second = points.decompress_G1(number), points.decompress_G2(halves)
    except ValueError:
        return False
    if points.compress_G1(first) != number or tuple(points.compress_G2(second)) != halves:
        return False
    if not (in_group(first) and in_group(second)):
        return False
    dst, sha = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_", hashlib.sha256
    hashed = hash_to_G1(message, dst, sha)  # type: ignore[arg-type, unused-ignore]
    # e(signature, G2) = e(hash, key) as one product that is 1, with one final exponentiation.
    product: Json = pairing(curve.G2, first, False) * pairing(curve.neg(second), hashed, False)
    return bool(final_exponentiate(product) == product.one())


def check_seed(draw: Draw) -> None:
    for attempt, step in draw.having("seed"):
        public = b"".join(
            public_value(attempt, each) for each in draw.config["randomness"]["public"]
        )
        right = step["body"]["public"] == public.hex()
        need(right, f"{named(step)} names other public randomness than was recorded")
        secrets = b"".join(attempt.secret(party) for party in draw.ids)
        seed = tagged("seed", draw.bound(attempt), secrets, public).hex()
        right = step["body"]["seed"] == seed
        need(right, f"{named(step)} is not the seed that secrets and public randomness make")


def public_value(attempt: Attempt, source: str) -> bytes:
    kind = {"dice": "dice", "drand": "beacon"}[source]
    need(kind in attempt.single, f"attempt {attempt.number} has no {kind}")
    step = attempt.single[kind]
    if kind == "dice":
        return tagged("dice", said(step)["dice"].encode("utf-8"))
    return sha256(bytes.fromhex(step["body"]["signature"]))


# ---- Selection: LOT-1 ----------------------------------------------------------------------------


def numbers(key: bytes) -> Iterator[int]:
    """The stream: SHA256(key ‖ u64 j) for j = 0, 1, …, each eight 32-bit words, big-endian."""
    j = 0
    while True:
        block = sha256(key, j.to_bytes(8, "big"))
        for place in range(0, 32, 4):
            yield int.from_bytes(block[place : place + 4], "big")
        j += 1


def shuffled(key: bytes, total: int, wanted: int) -> Iterator[int]:
    """0 … total−1 in the order that the key gives (Fisher and Yates).

    When many are wanted all tickets are laid out, else only those that were moved are kept.
    """
    tickets: Json = {}
    if wanted * 8 > total and total <= 2**28:
        tickets = array("I", range(total))
    laid_out = bool(tickets)
    stream = numbers(key)
    for i in range(total):
        left = total - i
        x = next(stream)
        while x >= 2**32 - 2**32 % left:
            x = next(stream)
        r = i + x % left
        if laid_out:
            drawn, tickets[r] = tickets[r], tickets[i]
        else:
            drawn, tickets[r] = tickets.get(r, r), tickets.get(i, i)
            tickets.pop(i, None)
        yield drawn


@dataclass
class Stage:
    """What a stage has to be: positions in the order drawn."""

    places: int
    winners: array[int]
    alternates: array[int]
    unfilled: int

    @property
    def digest(self) -> str:
        hasher = hashlib.sha256()
        for positions in (self.winners, self.alternates):
            words = array("I", positions)
            if sys.byteorder == "little":
                words.byteswap()
            hasher.update(words)
        return hasher.hexdigest()


def drawn_stages(config: Json, listing: Json, seed: bytes) -> Iterator[Stage]:
    """Every stage of an attempt, one after the other."""
    won, carried = bytearray(listing["count"]), 0
    pools = {pool["id"]: pool for pool in listing["pools"]}
    for number, rules in enumerate(config["stages"]):
        gone = bytearray(listing["count"]) if rules["repeat"] else bytearray(won)
        chosen = [pools[each] for each in rules["pools"]]
        eligible = sum(gone.count(0, pool["start"], pool["end"]) for pool in chosen)
        places = eligible if rules["winners"] == "all" else rules["winners"] + carried
        winners = min(places, eligible)
        wanted = winners + min(rules["alternates"], eligible - winners)
        positions = drawn_entries(tagged("stage", seed, u32(number)), chosen, gone, wanted)
        stage = Stage(places, positions[:winners], positions[winners:], places - winners)
        for position in stage.winners:
            won[position] = 1
        carried = stage.unfilled if rules["unfilled"] == "carry" else 0
        yield stage


def drawn_entries(key: bytes, pools: list[Json], gone: bytearray, wanted: int) -> array[int]:
    """The first ``wanted`` entries whose tickets come up and that are not gone."""
    starts, runs, total = [], [], 0
    for pool in pools:
        position = pool["start"]
        for weight, count in pool["weights"]:
            starts.append(total)
            runs.append((total, position, weight))
            total += weight * count
            position += count
    found = array("I")
    if wanted == 0:
        return found
    for ticket in shuffled(key, total, wanted):
        first, position, weight = runs[bisect_right(starts, ticket) - 1]
        position += (ticket - first) // weight
        if not gone[position]:
            gone[position] = 1
            found.append(position)
            if len(found) == wanted:
                break
    return found


# ---- Checks 16 to 22: results, how the record ends, and what is around it ------------------------


def check_effort(draw: Draw) -> None:
    """Where somebody else's record is judged, hours and gigabytes are not theirs to ask for."""
    if draw.most is None:
        return
    try:
        check_config(draw)
        check_list(draw)
    except Failed as failure:
        raise Undecided("not recomputed, because the rules or the list do not hold") from failure
    tickets = {
        pool["id"]: sum(weight * count for weight, count in pool["weights"])
        for pool in draw.list["pools"]
    }
    of_stages = sum(tickets[name] for stage in draw.config["stages"] for name in stage["pools"])
    runs = sum(bool(each.results) for each in draw.attempts.values())
    # Each stage has a table of all entries besides.
    effort = runs * (of_stages + draw.list["count"] * len(draw.config["stages"]))
    if max(effort, draw.list["count"]) > draw.most:
        raise Undecided("too large to be recomputed here; run the verifier of the package")


def recomputed(draw: Draw) -> list[tuple[Json, Stage]]:
    """Every result beside what the recorded seed gives."""
    if draw.drawn is None:
        check_effort(draw)
        drawn: list[tuple[Json, Stage]] = []
        for attempt in draw.attempts.values():
            if attempt.results:
                need("seed" in attempt.single, f"attempt {attempt.number} has results but no seed")
                seed = bytes.fromhex(attempt.single["seed"]["body"]["seed"])
                stages = drawn_stages(draw.config, draw.list, seed)
                drawn += list(zip(attempt.results, stages, strict=False))
        draw.drawn = drawn  # whole, or not at all
    if not draw.drawn:
        raise Absent
    return draw.drawn


def check_positions(draw: Draw, kind: str) -> None:
    """The positions of one kind, "winner" or "alternate", in all results."""
    for step, stage in recomputed(draw):
        body, right = step["body"], getattr(stage, f"{kind}s")
        listed, count, where = body[f"{kind}s"], body[f"{kind}_count"], f"stage {body['stage']}"
        need(count == len(right), f"{where} has {count} {kind}s, but {len(right)} were drawn")
        few = len(stage.winners) + len(stage.alternates) <= 200_000
        need((listed is not None) == few, f"{where} lists its {kind}s, or not, against the rules")
        if listed is not None and array("I", listed) != right:
            wrong = [n for n, (a, b) in enumerate(zip(listed, right, strict=False)) if a != b]
            place = wrong[0] if wrong else min(len(listed), len(right))
            drawn = f"position {right[place]}" if place < len(right) else "nobody"
            raise Failed(f"{kind} {place + 1} of {where} is not who was drawn, which is {drawn}")


def check_winners(draw: Draw) -> None:
    check_positions(draw, "winner")
    for step, stage in recomputed(draw):
        body, where = step["body"], f"stage {step['body']['stage']}"
        need(body["places"] == stage.places, f"{where} has {stage.places} places")
        need(body["unfilled"] == stage.unfilled, f"{where} leaves {stage.unfilled} places empty")


def check_alternates(draw: Draw) -> None:
    check_positions(draw, "alternate")
    for step, stage in recomputed(draw):
        right = step["body"]["positions_sha256"] == stage.digest
        need(right, f"positions_sha256 of stage {step['body']['stage']} is not that of those drawn")


def check_final(draw: Draw) -> None:
    for attempt in draw.attempts.values():
        step = attempt.single.get("final")
        if step:
            body, seed = step["body"], attempt.single.get("seed")
            right = seed is not None and body["seed"] == seed["body"]["seed"]
            need(right, f"{named(step)} names another seed")
            right = body["stages"] == len(attempt.results) == len(draw.config["stages"])
            need(right, f"{named(step)} names another number of stages")
            right = body["results_sha256"] == attempt.results_hash()
            need(right, f"{named(step)} names other results than the record")
    last = draw.steps[-1]
    need(
        last["type"] in {"final", "audit"} or ends(draw, last),
        f"the record breaks off after {named(last)}, before the draw was over",
    )


def ends(draw: Draw, step: Json) -> bool:
    """Whether this is a void after which no attempt follows."""
    cancelled = step["body"].get("reason") == "organiser_request"
    return step["type"] == "void" and bool(cancelled or step["attempt"] >= draw.config["attempts"])


def check_voids(draw: Draw) -> None:
    for attempt, step in draw.having("void"):
        body = step["body"]
        known = body["reason"] in draw.config["void_reasons"]
        need(known, f"{named(step)}: {body['reason']} is no reason that the rules allow")
        need(body["head"] == step["prev"], f"{named(step)} names another head")
        signers = {each["party"] for each in step["statements"]}
        right = len(signers) == 2 and "notary" in {draw.role(each) for each in signers}
        need(right, f"{named(step)} is not signed by the notary and another party")
        for each in step["statements"]:
            words = each["statement"]
            right = all(words[name] == body[name] for name in ("reason", "note", "head"))
            need(right, f"{each['party']} signed another void than {named(step)}")
        voided = attempt.results_hash() if attempt.results else None
        right = body["results_sha256"] == voided
        need(right, f"{named(step)} does not embed the results that it voids")


def check_attempts(draw: Draw) -> None:
    due, over = 1, False
    for n, step in enumerate(draw.steps):
        if n < 2:
            need(step["attempt"] == 0, f"{named(step)} is not of attempt 0")
            continue
        need(not over, f"{named(step)} comes after the draw was over")
        right = step["attempt"] == due
        need(right, f"{named(step)} says attempt {step['attempt']} where {due} is due")
        allowed = draw.config["attempts"]
        need(due <= allowed, f"{named(step)} is of attempt {due}, the rules allow {allowed}")
        if step["type"] == "void":
            due, over = due + 1, ends(draw, step)


def check_audit(draw: Draw) -> None:
    sample, count = draw.config["audit"]["sample"], draw.list["count"]
    attempt = next(
        (
            each
            for each in draw.attempts.values()
            if "final" in each.single and "void" not in each.single
        ),
        None,
    )
    if not sample or attempt is None:
        raise Absent
    check_effort(draw)
    step = attempt.single.get("audit")
    if step is None:
        raise Undecided("the entries of the sample have not been reported on (yet)")
    key = tagged("audit", bytes.fromhex(attempt.single["seed"]["body"]["seed"]))
    wanted = min(sample, count)
    stream = shuffled(key, count, wanted)
    positions = [next(stream) for _ in range(wanted)]
    body, words = step["body"], said(step)
    right = body["positions"] == positions
    need(right, f"{named(step)} has other positions than were drawn for the sample")
    right = [each["position"] for each in body["findings"]] == positions
    need(right, f"{named(step)} does not report on each position of the sample")
    need(draw.role(words["party"]) == "notary", f"{named(step)} is not of the notary")
    right = words["results_sha256"] == attempt.results_hash()
    need(right, f"{named(step)} was signed for other results")
    right = words["findings_sha256"] == sha256(canonical({"findings": body["findings"]})).hex()
    need(right, f"{named(step)} has other findings than the notary signed")


PIECE = 65_536


def check_leaves(draw: Draw) -> None:
    if draw.leaves is None:
        raise Absent
    listing, size = draw.list, draw.leaves.stat().st_size
    count = listing["count"]
    need(size == 32 * count, f"the file of leaves has {size} bytes, not {32 * count}")
    whole_file, roots = hashlib.sha256(), []
    with draw.leaves.open("rb") as source:
        while piece := source.read(32 * PIECE):
            whole_file.update(piece)
            roots.append(tree_root(piece))
    digest = whole_file.hexdigest()
    need(digest == listing["leaves_sha256"], "the leaves are not those whose digest the list names")
    root = tree_root(b"".join(roots)).hex()
    need(root == listing["list_root"], "the leaves do not make the list's root")


def tree_root(row: bytes) -> bytes:
    """RFC 6962 §2.1, level by level; what is left over without a partner rises as it is."""
    sha = hashlib.sha256
    while len(row) > 32:
        rest = row[len(row) - len(row) % 64 :]
        pairs = range(0, len(row) - len(rest), 64)
        row = b"".join([sha(b"\1" + row[i : i + 64]).digest() for i in pairs]) + rest
    return row


# ---- All together --------------------------------------------------------------------------------

CHECKS: list[tuple[str, str, Callable[[Draw], str | None] | None]] = [
    ("form", "The transcript has the form it should have", None),
    ("chain", "Every step names the one before it", check_chain),
    ("step_signatures", "Every step and statement is signed", check_step_signatures),
    ("config", "The rules are the ones that were signed", check_config),
    ("list", "Organiser and notary signed the list", check_list),
    ("order", "The steps come in the order of the protocol", check_order),
    ("commitments", "Every party committed to its secret, freshly", check_commitments),
    ("shares", "Shares were dealt and acknowledged before the draw was opened", check_shares),
    ("dice", "The dice came before any secret was revealed", check_dice),
    ("reveals", "Every revealed secret is the one committed to", check_reveals),
    ("recoveries", "Withheld secrets were recovered from their shares", check_recoveries),
    ("deadline", "Every secret was known a minute before the beacon", check_deadline),
    ("beacon", "The beacon is of the chain and the round agreed on", check_beacon),
    ("beacon_signature", "The beacon's signature holds", check_beacon_signature),
    ("seed", "The seed of the draw follows from all of them", check_seed),
    ("winners", "The winners follow from the seed", check_winners),
    ("alternates", "The alternates follow from the seed", check_alternates),
    ("final", "The record ends with these results", check_final),
    ("voids", "Voided attempts have their reason and two signatures", check_voids),
    ("attempts", "There were no more attempts than allowed, and none is hidden", check_attempts),
    ("audit", "The audited sample follows from the seed", check_audit),
    ("leaves", "The published hashes of all entries make the list's root", check_leaves),
]
QUICKNET: dict[str, Json] = {
    "chain_hash": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    "public_key": "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
    "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
    "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    "genesis_time": 1692803367,
    "period": 3,
    "scheme": "bls-unchained-g1-rfc9380",
}


@dataclass(frozen=True)
class Check:
    """``outcome`` is passed, failed, undecided or absent (no part of this draw)."""

    number: int
    key: str
    title: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Report:
    """``outcome`` is verified, refused or undecided; ``head`` is the SHA-256 of the last step."""

    outcome: str
    rehearsal: bool
    draw: str
    title: str
    head: str
    config_hash: str
    draw_hash: str
    checks: tuple[Check, ...]

    def failed(self) -> list[str]:
        """The keys of the checks that failed."""
        return [check.key for check in self.checks if check.outcome == "failed"]

    def document(self) -> dict[str, Json]:
        return {**vars(self), "checks": [vars(check) for check in self.checks]}


def verify(
    transcript: bytes,
    leaves: Path | None = None,
    chain: Json = None,
    head: str = "",
    most: int | None = None,
) -> Report:
    """Judge a transcript. Whatever it holds, only LEAVES can make this raise (OSError). Results of
    more than ``most`` tickets are not recomputed, where that is given."""
    draw, problem = None, ""
    try:
        document = parse(transcript)
        TRANSCRIPT(document, "")
        if document["steps"][0]["type"] != "config":
            raise Misshapen("steps[0]: the first step is not the config")
        draw = Draw(document, chain or QUICKNET, head, leaves, most)
    except Misshapen as error:
        problem = str(error)
    outcomes = [("failed" if problem else "passed", problem)]
    for _, _, act in CHECKS[1:]:
        broken = any(outcome == "failed" for outcome, _ in outcomes)
        outcomes.append(judged(act, draw, broken))
    checks = tuple(
        Check(number, key, title, outcome, detail)
        for number, ((key, title, _), (outcome, detail)) in enumerate(
            zip(CHECKS, outcomes, strict=True), start=1
        )
    )
    return summary(draw, checks)


def judged(act: Json, draw: Draw | None, broken: bool) -> tuple[str, str]:
    if draw is None:
        return "undecided", "the document cannot be read"
    try:
        return "passed", act(draw) or ""
    except Failed as failure:
        return "failed", str(failure)
    except Undecided as gap:
        return "undecided", str(gap)
    except Absent:
        return "absent", ""
    except MemoryError:
        return "undecided", "there is not enough memory to check this here"
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # What an earlier check refused may stand in the way of a later one; nothing else may.
        if broken:
            return "undecided", "cannot be decided after what failed before"
        return "failed", f"could not be checked: {error!r}"


def summary(draw: Draw | None, checks: tuple[Check, ...]) -> Report:
    outcomes = {check.outcome for check in checks}
    outcome = "undecided" if "undecided" in outcomes else "verified"
    if "failed" in outcomes:
        outcome = "refused"
    if draw is None:
        return Report(outcome, False, "", "", "", "", "", checks)
    config, first = draw.config, draw.steps[0]
    titles = config.get("title")
    words = [titles.get(name) for name in ("en", "zh")] if isinstance(titles, dict) else []
    return Report(
        outcome=outcome,
        rehearsal=config.get("rehearsal") is not False,
        draw=first["draw"],
        title=next((each for each in words if isinstance(each, str) and each), ""),
        head=draw.hashes[-1],
        config_hash=first["body"]["config_hash"],
        draw_hash=draw.listed["body"]["draw_hash"] if draw.listed else "",
        checks=checks,
    )


VERDICTS = {
    "verified": ("VERIFIED", 0),
    "refused": ("NOT VERIFIED", 1),
    "undecided": ("Verified except what could not be decided here", 2),
}


def printed(report: Report) -> Iterator[str]:
    """The report for people."""
    if report.rehearsal:
        yield "REHEARSAL - this is not a real draw\n"
    yield f"{report.title}\ndraw         {report.draw}\nconfig_hash  {report.config_hash}"
    yield f"draw_hash    {report.draw_hash}\nlast step    {report.head}\n"
    for check in report.checks:
        if check.outcome != "absent":
            detail = f": {check.detail}" if check.detail else ""
            yield f"{check.number:2} {check.key:16}  {check.outcome}{detail}"
    yield "\n" + VERDICTS[report.outcome][0]


def read_chain(path: Path) -> dict[str, Json]:
    """A chain in this file's words, or as drand's /info tells it."""
    told = json.loads(path.read_text("utf-8"))
    found = {
        "chain_hash": told.get("chain_hash", told.get("hash")),
        "public_key": told["public_key"],
        "genesis_time": told["genesis_time"],
        "period": told["period"],
        "scheme": told.get("scheme", told.get("schemeID")),
    }
    members(CHAIN)(found, "chain")
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Verify a draw.", allow_abbrev=False)
    parser.add_argument("transcript", type=Path)
    parser.add_argument("leaves", type=Path, nargs="?")
    parser.add_argument("--head", default="", help="SHA-256 of the last step, from a letter")
    parser.add_argument("--chain", type=Path, help="a drand chain to trust instead of quicknet")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = parser.parse_args(arguments)
    try:
        chain = read_chain(given.chain) if given.chain else None
        report = verify(given.transcript.read_bytes(), given.leaves, chain, given.head.lower())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(report.document(), ensure_ascii=True))
    else:
        told = "\n".join(printed(report))
        encoding = sys.stdout.encoding or "ascii"
        print(told.encode(encoding, "replace").decode(encoding))
    return VERDICTS[report.outcome][1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
