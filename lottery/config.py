"""The rules of a draw, which are frozen by their SHA-256 before anything else happens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, cast
from uuid import UUID

from lottery.canonical import canonical
from lottery.errors import BadConfig
from lottery.fields import Fields
from lottery.randomness.drand import Chain
from lottery.verifier import BadPoint, check_box, decode_point

SCHEMA: Final = "notary/draw-config/v1"
ALGORITHM: Final = "LOT-1"
ROLES: Final = ("organiser", "notary", "portal", "public")
VOID_REASONS: Final = (
    "list_error",
    "late_reveal",
    "bad_shares",
    "equipment",
    "force_majeure",
    "organiser_request",
)
#: The public sources a draw may have, in the order in which they enter the seed.
SOURCES: Final = (["dice"], ["drand"], ["dice", "drand"])
MAX_PLACES: Final = 2**32 - 1
MAX_WEIGHT: Final = 10_000
MAX_SAMPLE: Final = 10_000

Unfilled = Literal["refuse", "leave", "carry"]


@dataclass(frozen=True)
class Words:
    """One text in both languages; one of the two may be empty."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en or self.zh


@dataclass(frozen=True)
class Pool:
    """A named group of entries: one range of positions."""

    id: str
    name: Words


@dataclass(frozen=True)
class Stage:
    """One prize tier. ``winners`` is ``"all"`` for a full ranking of whoever is eligible."""

    name: Words
    pools: tuple[str, ...]
    winners: int | Literal["all"]
    alternates: int
    repeat: bool
    unfilled: Unfilled


@dataclass(frozen=True)
class PartyKeys:
    """Who takes part: Ed25519 key to sign with and X25519 key to receive shares, both hex."""

    id: str
    role: str
    name: str
    key: str
    box: str


@dataclass(frozen=True)
class Config:
    """Parsed and checked rules. ``document`` is what was parsed, ``hash`` its SHA-256 (hex)."""

    draw: str
    rehearsal: bool
    title: Words
    organiser: str
    rules: Words
    columns: tuple[str, ...]
    pools: tuple[Pool, ...]
    stages: tuple[Stage, ...]
    max_weight: int
    parties: tuple[PartyKeys, ...]
    threshold: int
    public: tuple[str, ...]
    dice_minimum: int
    drand: Chain | None
    rounds: tuple[int, ...]
    announced_at: str
    draw_at: str
    void_reasons: tuple[str, ...]
    attempts: int
    audit_sample: int
    document: dict[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Config:
        """Check every field.

        Raises:
            BadConfig: naming the first field that is wrong.
        """
        return _parse(dict(document))

    @cached_property
    def bytes(self) -> bytes:
        """RFC 8785."""
        return canonical(self.document)

    @cached_property
    def hash(self) -> str:
        """``config_hash``, hex."""
        return hashlib.sha256(self.bytes).hexdigest()

    def party(self, id: str) -> PartyKeys | None:  # noqa: A002
        """The party of that id."""
        return next((each for each in self.parties if each.id == id), None)

    def place(self, id: str) -> int:  # noqa: A002
        """The 1-based place of a party: the point at which its shares are taken."""
        return [each.id for each in self.parties].index(id) + 1

    def holding(self, role: str) -> PartyKeys:
        """The one party that is organiser, notary or portal."""
        return next(each for each in self.parties if each.role == role)

    def others(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """All other parties in config order: the holders of this one's shares."""
        return tuple(each.id for each in self.parties if each.id != id)

    def stage_pools(self, stage: int) -> tuple[str, ...]:
        """The pools of the 1-based ``stage``, in the order in which their tickets lie."""
        return self.stages[stage - 1].pools


def _parse(document: dict[str, Any]) -> Config:
    fields = Fields(document, "", BadConfig)
    fields.constant("schema", SCHEMA)
    fields.constant("algorithm", ALGORITHM)
    pools = _pools(fields)
    parties = _parties(fields)
    threshold = fields.number("threshold", 2, len(parties) - 1)
    attempts = fields.number("attempts", 1, 2)
    public, dice_minimum, chain, rounds = _randomness(fields.object("randomness"), attempts)
    schedule = fields.object("schedule")
    config = Config(
        draw=_draw(fields),
        rehearsal=fields.flag("rehearsal"),
        title=_words(fields.object("title"), 200),
        organiser=fields.text("organiser", 1, 200),
        rules=_words(fields.object("rules"), 20_000, lines=True),
        columns=_columns(fields),
        pools=pools,
        stages=_stages(fields, {pool.id for pool in pools}),
        max_weight=fields.number("max_weight", 1, MAX_WEIGHT),
        parties=parties,
        threshold=threshold,
        public=public,
        dice_minimum=dice_minimum,
        drand=chain,
        rounds=rounds,
        announced_at=schedule.time("announced_at"),
        draw_at=schedule.time("draw_at"),
        void_reasons=_reasons(fields),
        attempts=attempts,
        audit_sample=_audit(fields.object("audit")),
        document=document,
    )
    schedule.done()
    fields.done()
    if config.draw_at < config.announced_at:
        raise BadConfig("schedule.draw_at", "the draw cannot lie before its announcement")
    try:
        canonical(document)
    except ValueError as error:
        raise BadConfig("config", str(error)) from error
    return config


def _draw(fields: Fields) -> str:
    text = fields.text("draw", 36, 36)
    try:
        right = str(UUID(text)) == text
    except ValueError:
        right = False
    if not right:
        raise BadConfig("draw", "not a UUID in lower case with hyphens")
    return text


def _words(fields: Fields, most: int, *, lines: bool = False) -> Words:
    words = Words(fields.text("en", 0, most, lines=lines), fields.text("zh", 0, most, lines=lines))
    fields.done()
    if not (words.en.strip() or words.zh.strip()):
        raise BadConfig(fields.path, "a text in at least one of the two languages is needed")
    return words


def _columns(fields: Fields) -> tuple[str, ...]:
    columns = tuple(fields.texts("columns", 0, 8, 1, 100))
    if len(set(columns)) != len(columns):
        raise BadConfig("columns", "two columns have the same name")
    return columns


def _pools(fields: Fields) -> tuple[Pool, ...]:
    pools = []
    for each in fields.objects("pools", 1, 64):
        pools.append(
            Pool(each.match("id", r"[A-Za-z0-9_-]{1,16}"), _words(each.object("name"), 200))
        )
        each.done()
    if len({pool.id for pool in pools}) != len(pools):
        raise BadConfig("pools", "two pools have the same id")
    return tuple(pools)


def _stages(fields: Fields, known: set[str]) -> tuple[Stage, ...]:
    stages = []
    for each in fields.objects("stages", 1, 64):
        pools = tuple(each.texts("pools", 1, 64, 1, 16))
        if len(set(pools)) != len(pools) or not set(pools) <= known:
            raise BadConfig(f"{each.path}.pools", "names a pool twice, or one that there is not")
        winners = each.take("winners")
        ranking = winners == "all"
        stage = Stage(
            name=_words(each.object("name"), 200),
            pools=pools,
            winners="all" if ranking else each.whole(winners, "winners", 1, MAX_PLACES),
            alternates=each.number("alternates", 0, MAX_PLACES),
            repeat=each.flag("repeat"),
            unfilled=cast(Unfilled, each.choice("unfilled", ("refuse", "leave", "carry"))),
        )
        if ranking and stage.alternates:
            raise BadConfig(f"{each.path}.alternates", "a full ranking leaves no alternates")
        each.done()
        stages.append(stage)
    return tuple(stages)


def _parties(fields: Fields) -> tuple[PartyKeys, ...]:
    parties = []
    for each in fields.objects("parties", 3, 9):
        party = PartyKeys(
            id=each.match("id", r"[a-z0-9-]{1,32}"),
            role=each.choice("role", ROLES),
            name=each.text("name", 1, 200),
            key=each.match("key", r"[0-9a-f]{64}"),
            box=each.match("box", r"[0-9a-f]{64}"),
        )
        each.done()
        _check_keys(each.path, party)
        parties.append(party)
    for name in ("id", "key", "box"):
        if len({getattr(party, name) for party in parties}) != len(parties):
            raise BadConfig("parties", f"two parties have the same {name}")
    for role in ROLES[:3]:
        if sum(party.role == role for party in parties) != 1:
            raise BadConfig("parties", f"exactly one party has to be the {role}")
    return tuple(parties)


def _check_keys(path: str, party: PartyKeys) -> None:
    """A key of small order would let anybody sign, or read the shares meant for it."""
    try:
        decode_point(bytes.fromhex(party.key))
    except BadPoint as error:
        raise BadConfig(f"{path}.key", f"not an Ed25519 key: {error}") from error
    try:
        check_box(bytes.fromhex(party.box))
    except BadPoint as error:
        raise BadConfig(f"{path}.box", f"not an X25519 key: {error}") from error


def _randomness(
    fields: Fields, attempts: int
) -> tuple[tuple[str, ...], int, Chain | None, tuple[int, ...]]:
    public = fields.texts("public", 1, 2, 1, 8)
    if public not in SOURCES:
        raise BadConfig("randomness.public", "has to be dice, drand, or dice then drand")
    minimum = 0
    chain: Chain | None = None
    rounds: tuple[int, ...] = ()
    if "dice" in public:
        dice = fields.object("dice")
        minimum = dice.number("minimum", 50, 1000)
        dice.done()
    if "drand" in public:
        chain, rounds = _drand(fields.object("drand"), attempts)
    fields.done()
    return tuple(public), minimum, chain, rounds


def _drand(fields: Fields, attempts: int) -> tuple[Chain, tuple[int, ...]]:
    chain = Chain(
        chain_hash=fields.match("chain_hash", r"[0-9a-f]{64}"),
        public_key=fields.match("public_key", r"[0-9a-f]{192}"),
        genesis_time=fields.number("genesis_time", 1, 2**40),
        period=fields.number("period", 1, 3600),
        scheme=fields.choice("scheme", ("bls-unchained-g1-rfc9380",)),
    )
    rounds = fields.numbers("rounds", 1, 2**40)
    fields.done()
    if len(rounds) != attempts or list(rounds) != sorted(set(rounds)):
        raise BadConfig("randomness.drand.rounds", "one rising round for each attempt is needed")
    return chain, tuple(rounds)


def _reasons(fields: Fields) -> tuple[str, ...]:
    reasons = fields.texts("void_reasons", 1, len(VOID_REASONS), 1, 32)
    if len(set(reasons)) != len(reasons) or not set(reasons) <= set(VOID_REASONS):
        raise BadConfig("void_reasons", f"may name, each once: {', '.join(VOID_REASONS)}")
    return tuple(reasons)


def _audit(fields: Fields) -> int:
    sample = fields.number("sample", 0, MAX_SAMPLE)
    fields.done()
    return sample
