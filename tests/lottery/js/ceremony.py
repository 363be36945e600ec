"""A whole draw kept by Python's record; some parties speak through the browser's modules."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lottery.canonical import canonical
from lottery.config import Config
from lottery.fields import timestamp
from lottery.party import Party
from lottery.randomness.drand import QUICKNET, Beacon
from lottery.record import Record
from lottery.stages import draw_all
from lottery.statements import Signed
from lottery.steps import seal_step
from tests.lottery.js.node import run

DRAW = "0b7c7a52-6a7e-4f0e-9d8e-3f1a2b4c5d6e"
ROUND = 123
BEACON = Beacon(
    ROUND,
    "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482"
    "e26cd02df835d3546d23c4b13e0dfc92",
)
START = QUICKNET.at(ROUND) - timedelta(minutes=10)
IDS = ("organiser", "notary", "portal", "public")


def words(text: str) -> dict[str, str]:
    return {"en": text, "zh": text}


def master(party: str) -> bytes:
    return hashlib.sha256(f"master of {party}".encode()).digest()


def keys(party: str) -> dict[str, str]:
    made = Party(master(party), DRAW)
    return {"key": made.key, "box": made.box}


def rules(**changes: Any) -> dict[str, Any]:
    """A config with two pools, weights and both sources of public randomness."""
    first = {"name": words("First"), "pools": ["A"], "winners": 2, "alternates": 1}
    second = {"name": words("Second"), "pools": ["B", "A"], "winners": 4, "alternates": 2}
    return {
        "schema": "notary/draw-config/v1",
        "algorithm": "LOT-1",
        "draw": DRAW,
        "rehearsal": False,
        "title": words("住房 Flats"),
        "organiser": "Housing office",
        "rules": words("One flat each.\nNo swaps."),
        "columns": ["编号"],
        "pools": [{"id": "A", "name": words("First")}, {"id": "B", "name": words("Rest")}],
        "stages": [
            first | {"repeat": False, "unfilled": "carry"},
            second | {"repeat": False, "unfilled": "leave"},
        ],
        "max_weight": 3,
        "parties": [{"id": each, "role": each, "name": each, **keys(each)} for each in IDS],
        "threshold": 2,
        "randomness": {
            "public": ["dice", "drand"],
            "dice": {"minimum": 50},
            "drand": QUICKNET.document([ROUND, ROUND + 1000]),
        },
        "schedule": {
            "announced_at": timestamp(START),
            "draw_at": timestamp(START + timedelta(minutes=1)),
        },
        "void_reasons": ["equipment", "organiser_request"],
        "attempts": 2,
        "audit": {"sample": 3},
        **changes,
    }


def listing() -> dict[str, Any]:
    pools = [
        {"id": "A", "start": 0, "end": 7, "weights": [[1, 5], [3, 2]]},
        {"id": "B", "start": 7, "end": 20, "weights": [[1, 10], [2, 3]]},
    ]
    return {
        "count": 20,
        "list_root": "11" * 32,
        "leaves_sha256": "22" * 32,
        "file_sha256": "33" * 32,
        "file_bytes": 1234,
        "columns": {"id": "id", "pool": "pool", "weight": "weight", "public": ["编号"]},
        "id_kind": "text",
        "pools": pools,
        "tickets": 27,
        "duplicates": {"policy": "refuse", "found": 0},
        "keys": {"organiser": "44" * 32, "notary": "55" * 32},
    }


@dataclass
class Ceremony:
    """Steps made so far. ``browsers`` are the parties that speak through node."""

    browsers: Collection[str] = ()
    document: dict[str, Any] = field(default_factory=rules)
    listed: dict[str, Any] = field(default_factory=listing)
    steps: list[bytes] = field(default_factory=list)
    minute: int = 0

    def __post_init__(self) -> None:
        self.config = Config.parse(self.document)
        self.parties = {each: Party(master(each), DRAW) for each in IDS}

    @property
    def record(self) -> Record:
        return Record.of(self.steps, self.config)

    @property
    def at(self) -> Any:
        return START + timedelta(seconds=self.minute)

    def advance(self, pending: Sequence[Signed] = (), **more: Any) -> None:
        """Make every step that can be made of what was handed in."""
        left = list(pending)
        while True:
            record = self.record
            draft = record.next(left, self.at, **more)
            if draft is None:
                return
            self.minute += 1
            self.steps.append(seal_step(draft, record, self.parties["portal"].signer, self.at))

    def browser(self, party: str, kind: str, **fields: Any) -> dict[str, Any]:
        """The call that makes a statement in node."""
        return {
            "op": "answer",
            "master": master(party).hex(),
            "id": party,
            "type": kind,
            "steps": [each.decode() for each in self.steps],
            "fields": fields,
            "at": timestamp(self.at),
        }

    def hand_in(self, calls: dict[str, dict[str, Any]], ours: Sequence[Signed]) -> list[Signed]:
        """Everybody's statements; each has passed the record's own check."""
        answers = run(*calls.values()) if calls else []
        made = [Signed(each["statement"], each["signature"]) for each in answers]
        for each in (*made, *ours):
            self.record.check(each.statement, each.signature)
        return [*ours, *made]

    def everybody(self, kind: str, but: Collection[str] = ()) -> None:
        speakers = [each for each in IDS if each not in but]
        calls = {each: self.browser(each, kind) for each in speakers if each in self.browsers}
        ours = [
            self.parties[each].routine(self.record, kind, self.at)
            for each in speakers
            if each not in self.browsers
        ]
        self.advance(self.hand_in(calls, ours))

    def begin(self) -> None:
        at = {"at": timestamp(self.at), "config": self.document}
        signed: list[Signed] = []
        for op in ("config", "list"):
            speakers = ("organiser",) if op == "config" else ("organiser", "notary")
            calls = {
                each: {"op": op, "master": master(each).hex(), "id": each, "list": self.listed} | at
                for each in speakers
                if each in self.browsers
            }
            ours = [
                self.parties[each].config(self.record, self.at)
                if op == "config"
                else self.parties[each].list(self.record, self.listed, self.at)
                for each in speakers
                if each not in self.browsers
            ]
            signed = self.hand_in(calls, ours)
            self.advance(signed, list_body=self.listed)

    def by_notary(self, kind: str, **fields: Any) -> None:
        if "notary" in self.browsers:
            made = self.hand_in({"notary": self.browser("notary", kind, **fields)}, [])
        else:
            act = getattr(self.parties["notary"], kind)
            made = self.hand_in({}, [act(self.record, *fields.values(), self.at)])
        self.advance(made)

    def prepare(self) -> None:
        for kind in ("commit", "shares", "acknowledge"):
            self.everybody(kind)
        self.by_notary("open", present=["李", "Wang"])
        if "dice" in self.config.public:
            self.by_notary("dice", dice="123456" * 9)

    def recover(self, dealer: str) -> None:
        """Two holders hand out their shares of a secret that is withheld."""
        holders = [each for each in IDS if each != dealer][:2]
        calls = {
            each: self.browser(each, "share", dealer=dealer)
            for each in holders
            if each in self.browsers
        }
        ours = [
            self.parties[each].share(self.record, dealer, self.at)
            for each in holders
            if each not in self.browsers
        ]
        self.advance(self.hand_in(calls, ours))

    def finish(self) -> None:
        self.minute += 600
        self.advance(beacon=BEACON)
        record = self.record
        assert record.seed is not None
        assert record.listing is not None
        self.advance(results=draw_all(self.config, record.listing, record.seed))

    def audit(self) -> None:
        findings = [
            {"position": each, "finding": "genuine", "note": ""}
            for each in self.record.audit_positions()
        ]
        if "notary" in self.browsers:
            fields = {"results_sha256": self.record.results_sha256, "findings": findings}
            made = self.hand_in({"notary": self.browser("notary", "audit", **fields)}, [])
        else:
            notary = self.parties["notary"]
            made = self.hand_in({}, [notary.audit(self.record, findings, self.at)])
        self.advance(made, findings=findings)

    def void(self, reason: str, note: str = "") -> None:
        fields = {"reason": reason, "note": note}
        speakers = ("notary", "organiser")
        calls = {
            each: self.browser(each, "void", **fields) for each in speakers if each in self.browsers
        }
        ours = [
            self.parties[each].void(self.record, reason, note, self.at)
            for each in speakers
            if each not in self.browsers
        ]
        self.advance(self.hand_in(calls, ours))

    @property
    def transcript(self) -> bytes:
        import json

        return canonical(
            {"schema": "notary/draw/v1", "steps": [json.loads(each) for each in self.steps]}
        )


def whole(browsers: Collection[str] = (), withheld: str | None = None, **changes: Any) -> Ceremony:
    """A draw from its config to its audit."""
    ceremony = Ceremony(browsers, rules(**changes))
    ceremony.begin()
    ceremony.prepare()
    ceremony.everybody("reveal", () if withheld is None else (withheld,))
    if withheld is not None:
        ceremony.recover(withheld)
    ceremony.finish()
    ceremony.audit()
    return ceremony
