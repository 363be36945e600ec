"""Which statement may be accepted when: the same rules for what arrives and for what is replayed.

A statement is bound to its draw, its attempt and its party by its own fields, and to the rules and
the list by ``draw_hash``; what is said here is only whether it may be said *now*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from lottery import shares
from lottery.errors import BadStatement
from lottery.listing import draw_hash
from lottery.randomness.dice import check_dice
from lottery.state import State
from lottery.verifier import BadPoint, check_box

#: The statement that each phase waits for; the role None stands for every party.
WAITS_FOR: Final[Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    "config": ("config", ("organiser",)),
    "list": ("list", ("organiser", "notary")),
    "commit": ("commit", None),
    "shares": ("shares", None),
    "acknowledge": ("acknowledge", None),
    "ready": ("open", ("notary",)),
    "dice": ("dice", ("notary",)),
    "reveal": ("reveal", None),
    "final": ("audit", ("notary",)),
}


class Expected(NamedTuple):
    """Who has to hand in which type of statement now."""

    party: str
    type: str


def expected(state: State) -> tuple[Expected, ...]:
    """All that the record waits for, in config order; nothing when it waits for none."""
    phase = state.phase
    if phase not in WAITS_FOR or (phase == "final" and not state.config.audit_sample):
        return ()
    kind, roles = WAITS_FOR[phase]
    return tuple(
        Expected(party.id, kind)
        for party in state.config.parties
        if (roles is None or party.role in roles) and party.id not in _done(state, kind)
    )


def voidable(state: State) -> bool:
    """Whether an attempt is under way that could be voided: after the list, before the audit."""
    return state.phase not in {"config", "list", "audited", "void", "cancelled"}


def check_rules(state: State, said: Mapping[str, Any]) -> None:
    """Whether a well-formed, truly signed statement may be accepted as the record stands.

    Raises:
        BadStatement: with one sentence that says why not.
    """
    kind, party = said["type"], said["party"]
    if said["draw"] != state.config.draw:
        raise BadStatement("draw", "the statement belongs to another draw")
    if state.config.party(party) is None:
        raise BadStatement("party", f"{party} is no party of this draw")
    if said["attempt"] != state.number:
        raise BadStatement(
            "attempt",
            f"the statement is for attempt {said['attempt']}, but attempt {state.number}"
            " is under way",
        )
    _check_turn(state, kind, party)
    if said.get("draw_hash", state.draw_hash) != state.draw_hash and kind != "list":
        raise BadStatement("draw", "the statement is bound to other rules or another list")
    RULES[kind](state, said)


def _check_turn(state: State, kind: str, party: str) -> None:
    if kind == "void":
        if not voidable(state):
            raise BadStatement("phase", "there is no attempt under way that could be void")
        return
    if kind == "share":
        if state.phase != "reveal":
            raise BadStatement("phase", "shares are handed out only while secrets are revealed")
        return
    if Expected(party, kind) in expected(state):
        return
    if party in _done(state, kind):
        raise BadStatement("repeated", f"{party} has already handed in its {kind} statement")
    raise BadStatement("phase", f"a {kind} statement by {party} is not what the draw waits for")


def _done(state: State, kind: str) -> Mapping[str, Any] | set[str]:
    """Who is already on the record with a statement of that type, in this attempt."""
    if not state.attempts:
        return set()
    now = state.now
    known: dict[str, Mapping[str, Any] | set[str]] = {
        "commit": now.commitments,
        "shares": now.dealt,
        "acknowledge": now.acknowledged,
        "reveal": now.secrets,
    }
    return known.get(kind, set())


def _config(state: State, said: Mapping[str, Any]) -> None:
    if said["config_hash"] != state.config.hash:
        raise BadStatement("content", "the statement is about other rules")


def _list(state: State, said: Mapping[str, Any]) -> None:
    _config(state, said)
    if said["draw_hash"] != draw_hash(state.config.hash, said["list_root"], said["count"]):
        raise BadStatement("content", "draw_hash is not that of these rules and this list")


def _commit(state: State, said: Mapping[str, Any]) -> None:
    points = said["points"]
    if len(points) != state.config.threshold:
        raise BadStatement("content", f"{state.config.threshold} points are needed")
    for each in points:
        try:
            shares.point(each)
        except BadPoint as error:
            raise BadStatement("content", f"a point of the commitment is {error}") from error
    for attempt in state.attempts:
        # One set of both, as verifiers keep it: a commitment may be nobody's C_0 either.
        seen = {*attempt.commitments.values(), *(each[0] for each in attempt.points.values())}
        if said["commitment"] in seen or points[0] in seen:
            raise BadStatement("content", "this commitment has been made before")


def _shares(state: State, said: Mapping[str, Any]) -> None:
    holders = tuple(each["holder"] for each in said["shares"])
    if holders != state.config.others(said["party"]):
        raise BadStatement("content", "shares have to be dealt to all other parties in order")
    for each in said["shares"]:
        try:
            check_box(bytes.fromhex(each["ephemeral"]))
        except BadPoint as error:
            raise BadStatement("content", f"the key of a sealed share is {error}") from error


def _acknowledge(state: State, said: Mapping[str, Any]) -> None:
    if tuple(said["dealers"]) != state.config.others(said["party"]):
        raise BadStatement("content", "all other parties have to be acknowledged, in order")


def _open(state: State, said: Mapping[str, Any]) -> None:
    if not all(each.strip() for each in said["present"]):
        raise BadStatement("content", "a name of those present is empty")


def _dice(state: State, said: Mapping[str, Any]) -> None:
    wrong = check_dice(said["dice"], state.config.dice_minimum)
    if wrong:
        raise BadStatement("content", wrong)


def _reveal(state: State, said: Mapping[str, Any]) -> None:
    """Both bindings have to hold; a secret that fits the points alone has to be recovered."""
    party, secret = said["party"], bytes.fromhex(said["secret"])
    committed = state.now.commitments[party]
    try:
        point = shares.point_of(secret)
    except ValueError as error:
        raise BadStatement("content", f"the secret is {error}") from error
    if (
        shares.commitment(state.draw_hash, state.number, party, secret) != committed
        or point != state.now.points[party][0]
    ):
        raise BadStatement("content", f"this is not the secret that {party} committed itself to")


def _share(state: State, said: Mapping[str, Any]) -> None:
    dealer, holder = said["dealer"], said["party"]
    if dealer not in state.config.others(holder):
        raise BadStatement("content", f"{dealer} is no other party of this draw")
    if dealer in state.now.secrets:
        raise BadStatement("repeated", f"the secret of {dealer} is already known")
    if not shares.matches(
        bytes.fromhex(said["share"]), state.config.place(holder), state.now.points[dealer]
    ):
        raise BadStatement("content", f"the share of {holder} does not fit what {dealer} bound")


def _void(state: State, said: Mapping[str, Any]) -> None:
    if said["reason"] not in state.config.void_reasons:
        raise BadStatement("content", f"the rules do not allow the reason {said['reason']}")
    if said["head"] != state.head:
        raise BadStatement(
            "content", "the record has moved on since this was signed; it has to be signed again"
        )


def _audit(state: State, said: Mapping[str, Any]) -> None:
    if said["results_sha256"] != state.now.results_sha256:
        raise BadStatement("content", "the audit is about other results")


RULES: Final[Mapping[str, Callable[[State, Mapping[str, Any]], None]]] = {
    "config": _config,
    "list": _list,
    "commit": _commit,
    "shares": _shares,
    "acknowledge": _acknowledge,
    "open": _open,
    "dice": _dice,
    "reveal": _reveal,
    "share": _share,
    "void": _void,
    "audit": _audit,
}
