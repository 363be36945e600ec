"""Taking one step after the other into the state of a record, refusing what does not belong.

Selections are not recomputed here: a result's positions are only held against their own digest.
That they follow from the seed is what ``lottery.verifier`` is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from lottery import shares
from lottery.audit import check_findings, findings_sha256, sample
from lottery.config import Config
from lottery.errors import BadConfig, BadList, BadRecord, BadStatement
from lottery.fields import Fields, moment
from lottery.listing import Listing, draw_hash, list_sha256
from lottery.randomness.drand import Beacon
from lottery.rules import check_rules, voidable
from lottery.state import Attempt, State
from lottery.statements import Signed, message, verify_signature
from lottery.steps import Step, parse_step

#: Up to so many positions a result lists them.
LISTED: Final = 200_000
#: Types with the statement of one party and nothing in their body.
_PLAIN: Final = {"commit", "shares", "acknowledge", "open", "dice", "reveal"}


def planned(data: bytes) -> Config:
    """The rules that the first step of a record freezes.

    Raises:
        BadRecord: it is no such step, or the rules are none that a draw may have.
    """
    try:
        step = parse_step(data)
        if step.type != "config":
            raise ValueError("a record begins with its config")
        return Config.parse(step.body["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(0, str(error)) from error


def apply(state: State, data: bytes) -> None:
    """Take the next step into ``state``, which is spoilt when this raises.

    Raises:
        BadRecord: naming the step and what is wrong with it.
    """
    number = state.n
    try:
        step = parse_step(data)
        _check_place(state, step)
        for each in step.statements:
            _check_statement(state, each)
        _BODIES[step.type](state, step)
    except (ValueError, BadConfig, BadList, BadStatement, KeyError, TypeError) as error:
        raise BadRecord(number, str(error)) from error
    state.head, state.n, state.at = step.sha256, number + 1, step.at
    state.steps.append(step)


def _check_place(state: State, step: Step) -> None:
    if step.draw != state.config.draw:
        raise ValueError("belongs to another draw")
    if step.n != state.n or step.prev != state.head:
        raise ValueError("does not follow on the step before it")
    if step.at < state.at:
        raise ValueError("is earlier than the step before it")
    if step.attempt != state.number:
        raise ValueError(f"names attempt {step.attempt}, but {state.number} is under way")
    if not verify_signature(state.config.holding("portal").key, step.signed, step.signature):
        raise ValueError("is not signed by the portal")


def _check_statement(state: State, signed: Signed) -> None:
    check_rules(state, signed.statement)
    party = state.config.party(signed.party)
    assert party is not None  # noqa: S101 - the rules know all parties
    if not verify_signature(party.key, message(signed.statement), signed.signature):
        raise ValueError(f"the statement of {signed.party} is not signed by it")


def _body(step: Step) -> Fields:
    return Fields(step.body, "body", lambda name, reason: ValueError(f"{name}: {reason}"))


def _only(step: Step, kind: str) -> Mapping[str, Any]:
    """The one statement of a step that has one."""
    if [each.type for each in step.statements] != [kind]:
        raise ValueError(f"has to hold one {kind} statement and no other")
    return step.statements[0].statement


def _none(step: Step) -> None:
    if step.statements:
        raise ValueError("holds statements that do not belong there")


def _waiting(state: State, *phases: str) -> Attempt:
    if state.phase not in phases:
        raise ValueError(f"cannot stand where the draw waits for {state.phase}")
    return state.now


def _config(state: State, step: Step) -> None:
    _only(step, "config")
    body = _body(step)
    if body.take("config") != state.config.document:
        raise ValueError("body.config: are other rules")
    body.constant("config_hash", state.config.hash)
    body.done()
    state.frozen = True


def _list(state: State, step: Step) -> None:
    if state.phase != "list" or [each.type for each in step.statements] != ["list", "list"]:
        raise ValueError("a list takes the statements of organiser and notary, after the config")
    roles = [party.role for each in step.statements if (party := state.config.party(each.party))]
    if roles != ["organiser", "notary"]:
        raise ValueError("the list is signed first by the organiser, then by the notary")
    body = _body(step)
    listing = Listing.parse(body.take("list"), state.config)
    digest = draw_hash(state.config.hash, listing.list_root, listing.count)
    body.constant("draw_hash", digest)
    body.done()
    signed = (digest, list_sha256(listing.document))
    if any(
        (each.statement["draw_hash"], each.statement["list_sha256"]) != signed
        for each in step.statements
    ):
        raise ValueError("the statements are about another list")
    state.listing, state.draw_hash = listing, digest
    state.attempts.append(Attempt(1))


def _plain(state: State, step: Step) -> None:
    """commit, shares, acknowledge, open, dice, reveal: the rules have judged the statement."""
    said = _only(step, step.type)
    _body(step).done()
    now, party = state.now, said["party"]
    if step.type == "commit":
        now.commitments[party] = said["commitment"]
        now.points[party] = tuple(said["points"])
    elif step.type == "shares":
        now.dealt[party] = {each["holder"]: each for each in said["shares"]}
    elif step.type == "acknowledge":
        now.acknowledged.add(party)
    elif step.type == "open":
        now.present = tuple(said["present"])
    elif step.type == "dice":
        now.dice = said["dice"]
    else:
        _check_deadline(state, step)
        now.secrets[party] = bytes.fromhex(said["secret"])


def _check_deadline(state: State, step: Step) -> None:
    if state.deadline is not None and moment(step.at) > state.deadline:
        raise ValueError("a secret became known later than 60 s before the beacon")


def _recover(state: State, step: Step) -> None:
    now = _waiting(state, "reveal")
    _check_deadline(state, step)
    body = _body(step)
    dealer, secret = body.match("dealer", r"[a-z0-9-]{1,32}"), bytes.fromhex(body.hex("secret", 32))
    body.done()
    holders = [each.party for each in step.statements]
    if len(holders) < state.config.threshold or holders != [
        each for each in state.config.others(dealer) if each in holders
    ]:
        raise ValueError(f"{state.config.threshold} shares of different holders are needed")
    if any(
        (each.type, each.statement.get("dealer")) != ("share", dealer) for each in step.statements
    ):
        raise ValueError(f"holds statements that are not shares of {dealer}")
    if recovered(state, step.statements) != secret:
        raise ValueError(f"the shares do not give this secret of {dealer}")
    now.secrets[dealer] = secret
    now.recovered.add(dealer)


def recovered(state: State, statements: tuple[Signed, ...]) -> bytes:
    """The secret that these shares, already checked, give."""
    return shares.recover(
        {
            state.config.place(each.party): bytes.fromhex(each.statement["share"])
            for each in statements
        }
    )


def _beacon(state: State, step: Step) -> None:
    now = _waiting(state, "beacon")
    _none(step)
    body = _body(step)
    beacon = Beacon(body.number("round", 1, 2**40), body.hex("signature", 48))
    body.constant("randomness", beacon.value.hex())
    body.done()
    chain = state.config.drand
    if chain is None or beacon.round != state.round:
        raise ValueError(f"the beacon is of round {beacon.round}, not of {state.round}")
    if moment(step.at) < chain.at(beacon.round):
        raise ValueError("the beacon is on the record before its round appeared")
    now.beacon = beacon


def _seed(state: State, step: Step) -> None:
    now = _waiting(state, "draw")
    _none(step)
    body = _body(step)
    if now.seed is not None:
        raise ValueError("the seed is already known")
    body.constant("seed", state.seed().hex())
    body.constant("public", state.public().hex())
    body.done()
    now.seed = state.seed()


def _result(state: State, step: Step) -> None:
    now = _waiting(state, "draw")
    _none(step)
    if now.seed is None:
        raise ValueError("there is no seed yet")
    body = _body(step)
    body.number("stage", len(now.results) + 1, min(len(now.results) + 1, len(state.config.stages)))
    assert state.listing is not None  # noqa: S101 - the phase says so
    count = state.listing.count
    body.number("places", 0, 2**40)
    body.number("unfilled", 0, 2**40)
    counts = [body.number(name, 0, count) for name in ("winner_count", "alternate_count")]
    listed = [body.take(name) for name in ("winners", "alternates")]
    digest = body.hex("positions_sha256", 32)
    body.done()
    if sum(counts) > LISTED:
        if listed != [None, None]:
            raise ValueError("more than 200,000 positions are not listed")
    else:
        _check_positions(listed, counts, count, digest)
    now.results.append(step.body)


def _check_positions(listed: list[Any], counts: list[int], most: int, digest: str) -> None:
    for each, count in zip(listed, counts, strict=True):
        if not isinstance(each, list) or len(each) != count:
            raise ValueError("the positions are not as many as their number says")
        if any(type(place) is not int or not 0 <= place < most for place in each):
            raise ValueError("a position is not on the list")
    data = b"".join(place.to_bytes(4, "big") for each in listed for place in each)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError("positions_sha256 is not that of the positions")


def _final(state: State, step: Step) -> None:
    now = _waiting(state, "draw")
    _none(step)
    if len(now.results) < len(state.config.stages):
        raise ValueError("not every stage has its result")
    if step.body != final_body(state):
        raise ValueError("the final figures are not those of the seed and the results")
    now.final = step.body


def final_body(state: State) -> dict[str, Any]:
    """What closes an attempt whose stages all have their results."""
    now = state.now
    assert now.seed is not None  # noqa: S101 - results come after the seed
    return {
        "seed": now.seed.hex(),
        "stages": len(now.results),
        "results_sha256": now.results_sha256,
    }


def _void(state: State, step: Step) -> None:
    if not voidable(state) or len(step.statements) != 2:
        raise ValueError("a void takes two statements, while an attempt is under way")
    parties = [each.party for each in step.statements]
    roles = {party.role for each in parties if (party := state.config.party(each))}
    if "notary" not in roles or len(set(parties)) != 2:
        raise ValueError("a void is signed by two parties, one of them the notary")
    first = step.statements[0].statement
    for each in step.statements:
        if each.type != "void" or any(
            each.statement[name] != first[name] for name in ("reason", "note")
        ):
            raise ValueError("the two have to sign the same reason and note")
    if step.body != void_body(state, first):
        raise ValueError("the body is not what was signed, or hides the voided result")
    state.now.void = step.body
    if step.body["reason"] != "organiser_request" and state.number < state.config.attempts:
        state.attempts.append(Attempt(state.number + 1))


def void_body(state: State, said: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the void that ``said`` asks for: it embeds what is voided."""
    return {
        "reason": said["reason"],
        "note": said["note"],
        "head": state.head,
        "results_sha256": state.now.results_sha256,
    }


def _audit(state: State, step: Step) -> None:
    said = _only(step, "audit")
    body = _body(step)
    positions = body.take("positions")
    findings = body.take("findings")
    body.done()
    now, listing = state.now, state.listing
    assert now.seed is not None  # noqa: S101 - the phase says so
    assert listing is not None  # noqa: S101
    if positions != list(sample(now.seed, listing.count, state.config.audit_sample)):
        raise ValueError("the positions are not the sample that the seed gives")
    check_findings(findings, positions)
    if findings_sha256(findings) != said["findings_sha256"]:
        raise ValueError("the findings are not those that the notary signed")
    now.audit = step.body


_BODIES: Final[Mapping[str, Callable[[State, Step], None]]] = {
    "config": _config,
    "list": _list,
    "recover": _recover,
    "beacon": _beacon,
    "seed": _seed,
    "result": _result,
    "final": _final,
    "void": _void,
    "audit": _audit,
    **dict.fromkeys(_PLAIN, _plain),
}
