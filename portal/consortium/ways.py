"""Who has signed a message, and the ways in which it can become complete."""

from __future__ import annotations

from collections.abc import Sequence

from chain_adapter.consortium import Act, Change, Message, Register, Replace, Rotate
from chain_adapter.consortium.offices import METHODS
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.state import State as Everything
from portal.consortium.shown import Signer, Way, moment


def _names(state: Everything) -> dict[bytes, str]:
    """The names behind today's keys."""
    rule = state.rule
    names = {key: each.name for key, each in zip(state.authorities, rule.authorities, strict=True)}
    names |= {key: each.name for key, each in zip(state.regulators, rule.regulators, strict=True)}
    for each in rule.named:
        if each.member in state.members:
            names[state.members[each.member].account] = each.name
    return names


def signers(state: Everything, message: Message) -> tuple[Signer, ...]:
    names = _names(state)
    signed = [Signer(shown(each.signer), names.get(each.signer, "")) for each in message.signatures]
    if isinstance(message, Register):
        signed += [
            Signer(shown(each.authority), names.get(each.authority, ""), True, moment(each.until))
            for each in message.certificates
        ]
    return tuple(signed)


def ways(state: Everything, message: Message) -> tuple[Way, ...]:
    """The ways in which a message can become complete, each with who may still sign."""
    signed = {each.signer for each in message.signatures}
    match message:
        case Register():
            certified = {each.authority for each in message.certificates}
            return (
                _both((message.application.account,), signed),
                Way(
                    "",
                    "authorities",
                    state.rule.certificates,
                    len(certified & set(state.authorities)),
                    _unsigned(
                        state.authorities,
                        [each.name for each in state.rule.authorities],
                        certified,
                    ),
                ),
            )
        case Act():
            return _acting(state, message.method, signed)
        case Change():
            return _groups(state, METHODS["change"], signed)
        case Rotate():
            return (_both((message.old, message.new), signed),)
        case Replace():
            member = state.members.get(message.identity)
            keys = {message.account} | ({member.account} if member else set())
            return (_both(tuple(sorted(keys)), signed),)
    return ()


def _acting(state: Everything, method: int, signed: set[bytes]) -> tuple[Way, ...]:
    rule = state.rule
    alone = [place for place, each in enumerate(rule.regulators) if each.methods & method]
    found = list(_groups(state, method, signed))
    for place in alone:
        key, name = state.regulators[place], rule.regulators[place].name
        got = int(key in signed)
        found.append(Way(name, "regulator", 1, got, () if got else (name,)))
    for each in rule.named:
        member = state.members.get(each.member)
        if each.methods & method and member is not None:
            got = int(member.account in signed)
            found.append(Way(each.name, "named", 1, got, () if got else (each.name,)))
    return tuple(found)


def _groups(state: Everything, method: int, signed: set[bytes]) -> tuple[Way, ...]:
    found = []
    for group in state.rule.groups:
        if group.methods & method:
            keys = [state.regulators[place] for place in group.members]
            offices = [state.rule.regulators[place].name for place in group.members]
            got = sum(key in signed for key in keys)
            found.append(
                Way(group.name, "group", group.need, got, _unsigned(keys, offices, signed))
            )
    return tuple(found)


def _both(keys: tuple[bytes, ...], signed: set[bytes]) -> Way:
    left = tuple(shown(each) for each in keys if each not in signed)
    return Way("", "keys", len(keys), len(keys) - len(left), left)


def _unsigned(keys: Sequence[bytes], names: Sequence[str], signed: set[bytes]) -> tuple[str, ...]:
    return tuple(name for key, name in zip(keys, names, strict=True) if key not in signed)
