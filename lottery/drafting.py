"""Which step can be made next of what is waiting: a pure decision, made again after any crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from lottery.audit import check_findings, findings_sha256, sample
from lottery.errors import BadList, BadStatement
from lottery.listing import Listing, draw_hash, list_sha256
from lottery.randomness.drand import Beacon, verify_beacon
from lottery.replay import final_body, recovered, void_body
from lottery.rules import expected
from lottery.statements import Signed
from lottery.steps import StepDraft

if TYPE_CHECKING:
    from lottery.state import State


class Result(Protocol):
    """A stage's result, such as ``lottery.stages.StageResult``."""

    def body(self) -> dict[str, Any]: ...


def next_draft(
    state: State,
    pending: Sequence[Signed],
    now: datetime,
    check: Callable[[Signed], None],
    *,
    beacon: Beacon | None,
    list_body: Mapping[str, Any] | None,
    results: Sequence[Result] | None,
    findings: Sequence[Mapping[str, Any]] | None,
) -> StepDraft | None:
    """See ``Record.next``. ``check`` is ``Record.check``: what it refuses is left aside."""
    good = [each for each in pending if _passes(each, check)]
    void = _void(state, good)
    if void is not None:
        return void
    phase = state.phase
    if phase == "config":
        body = {"config": state.config.document, "config_hash": state.config.hash}
        return _first(state, good, "config", body)
    if phase == "list":
        return _list(state, good, list_body)
    if phase in {"commit", "shares", "acknowledge", "dice"}:
        return _first(state, good, phase, {})
    if phase == "ready":
        return _first(state, good, "open", {})
    if phase == "reveal":
        return _secret(state, good, now)
    if phase == "beacon":
        return _beacon(state, now, beacon)
    if phase == "draw":
        return _drawn(state, results)
    if phase == "final":
        return _audit(state, good, findings)
    return None


def _passes(signed: Signed, check: Callable[[Signed], None]) -> bool:
    try:
        check(signed)
    except BadStatement:
        return False
    return True


def _draft(
    state: State, kind: str, body: Mapping[str, Any], statements: Sequence[Signed] = ()
) -> StepDraft:
    return StepDraft(kind, state.number, body, tuple(statements))


def _first(
    state: State, good: Sequence[Signed], kind: str, body: Mapping[str, Any]
) -> StepDraft | None:
    """A step of the first statement of that type."""
    found = next((each for each in good if each.type == kind), None)
    return None if found is None else _draft(state, kind, body, [found])


def _void(state: State, good: Sequence[Signed]) -> StepDraft | None:
    """Two parties, one of them the notary, agree on reason and note, seeing the same record."""
    voids = [each for each in good if each.type == "void"]
    notary = state.config.holding("notary").id
    for own in (each for each in voids if each.party == notary):
        said = own.statement
        for other in voids:
            if other.party != notary and all(
                other.statement[name] == said[name] for name in ("reason", "note")
            ):
                return _draft(state, "void", void_body(state, said), [own, other])
    return None


def _list(
    state: State, good: Sequence[Signed], list_body: Mapping[str, Any] | None
) -> StepDraft | None:
    if list_body is None:
        return None
    try:
        listing = Listing.parse(list_body, state.config)
    except BadList:
        return None
    digest = draw_hash(state.config.hash, listing.list_root, listing.count)
    signed, found = (digest, list_sha256(list_body)), []
    for role in ("organiser", "notary"):
        party = state.config.holding(role).id
        found += [
            each
            for each in good
            if (each.type, each.party) == ("list", party)
            and (each.statement["draw_hash"], each.statement["list_sha256"]) == signed
        ][:1]
    if len(found) < 2:
        return None
    return _draft(state, "list", {"list": dict(list_body), "draw_hash": digest}, found)


def _secret(state: State, good: Sequence[Signed], now: datetime) -> StepDraft | None:
    """A reveal, or else the recovery of a secret that is withheld; never after the deadline."""
    if state.deadline is not None and now > state.deadline:
        return None
    revealed = _first(state, good, "reveal", {})
    if revealed is not None:
        return revealed
    for missing in expected(state):
        by_holder = {
            each.party: each
            for each in reversed(good)
            if each.type == "share" and each.statement["dealer"] == missing.party
        }
        if len(by_holder) >= state.config.threshold:
            order = state.config.others(missing.party)
            statements = tuple(by_holder[each] for each in order if each in by_holder)
            secret = recovered(state, statements)
            body = {"dealer": missing.party, "secret": secret.hex()}
            return _draft(state, "recover", body, statements)
    return None


def _beacon(state: State, now: datetime, beacon: Beacon | None) -> StepDraft | None:
    """Only the round that the rules name, verified once more, and not before it appears."""
    chain = state.config.drand
    if beacon is None or chain is None or beacon.round != state.round:
        return None
    if now < chain.at(beacon.round):
        return None
    verify_beacon(chain, beacon)
    body = {
        "round": beacon.round,
        "signature": beacon.signature,
        "randomness": beacon.value.hex(),
    }
    return _draft(state, "beacon", body)


def _drawn(state: State, results: Sequence[Result] | None) -> StepDraft | None:
    done = len(state.now.results)
    if state.now.seed is None:
        body = {"seed": state.seed().hex(), "public": state.public().hex()}
        return _draft(state, "seed", body)
    if done == len(state.config.stages):
        return _draft(state, "final", final_body(state))
    if results is None or len(results) <= done:
        return None
    return _draft(state, "result", results[done].body())


def _audit(
    state: State, good: Sequence[Signed], findings: Sequence[Mapping[str, Any]] | None
) -> StepDraft | None:
    found = next((each for each in good if each.type == "audit"), None)
    seed, listing = state.now.seed, state.listing
    if found is None or findings is None or seed is None or listing is None:
        return None
    told = [dict(each) for each in findings]
    positions = list(sample(seed, listing.count, state.config.audit_sample))
    try:
        check_findings(told, positions)
    except ValueError:
        return None
    if findings_sha256(told) != found.statement["findings_sha256"]:
        return None
    return _draft(state, "audit", {"positions": positions, "findings": told}, [found])
