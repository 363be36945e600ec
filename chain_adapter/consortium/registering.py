"""Becoming a member without an administrator, and a member's own keys."""

from __future__ import annotations

from collections.abc import Callable

from chain_adapter.consortium import signing
from chain_adapter.consortium.applying import Application, Certificate
from chain_adapter.consortium.keys import Judge
from chain_adapter.consortium.message import KINDS, Register, Replace
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.shapes import ZERO, shown
from chain_adapter.consortium.state import KeyEvent, Member, State
from chain_adapter.consortium.typed import Domain

_NOBODY = bytes(20)
_Effect = Callable[[], list[KeyEvent]]


def register(
    state: State, judge: Judge, domain: Domain, message: Register, now: int
) -> tuple[bytes, _Effect, bytes]:
    """Steps 2 to 9.

    Raises:
        Refused: see docs/consortium.md, "Registrations".
    """
    application = message.application
    struct = application.struct()
    found = domain.digest(message.struct_over(struct))
    if found in state.used:  # 2
        raise Refused("replayed")
    _well_formed(state, application)  # 3
    before = state.members.get(application.identity)
    _admissible(application, before)  # 4, 5
    old = (None, None) if before is None else (before.account, before.key)
    same_account, same_key = application.account == old[0], application.key == old[1]
    _free(state, application.identity, state.accounts.get(application.account), same_account)  # 6
    _free(state, application.identity, state.keys.get(application.key), same_key)
    _parent(state, application)  # 7
    signing.verified(judge, found, message.signatures, keep=False)  # 8
    signing.exactly(message.signatures, (application.account,))
    _certified(state, judge, domain, struct, message.certificates, now)  # 9

    def effect() -> list[KeyEvent]:
        member = Member.admitted(application)
        state.members[member.identity] = member
        return _take(state, member, old[0], old[1], now, found)

    return found, effect, application.identity


def replace_keys(state: State, judge: Judge, found: bytes, message: Replace, now: int) -> _Effect:
    """Steps 3 to 7.

    Raises:
        Refused: see docs/consortium.md, "Replacements".
    """
    member = state.members.get(message.identity)
    if member is None:  # 3
        raise Refused("member_unknown")
    if member.blacklisted:  # 4
        raise Refused("blacklisted")
    if member.removed:
        raise Refused("state")
    same_account, same_key = message.account == member.account, message.key == member.key
    if message.account == _NOBODY or (same_account and same_key):  # 5
        raise Refused("value")
    _free(state, member.identity, state.accounts.get(message.account), same_account)  # 6
    _free(state, member.identity, state.keys.get(message.key), same_key)
    signing.verified(judge, found, message.signatures)  # 7
    signing.exactly(message.signatures, {member.account, message.account})

    def effect() -> list[KeyEvent]:
        state.change(member, account=message.account, key=message.key)
        now_member = state.members[member.identity]
        return _take(state, now_member, member.account, member.key, now, found)

    return effect


def _well_formed(state: State, application: Application) -> None:
    if application.identity == ZERO or application.account == _NOBODY:
        raise Refused("application", "identity and account are needed")
    if application.kind not in KINDS.values():
        raise Refused("application", "unknown kind of account")
    if application.level >= len(state.rule.levels):
        raise Refused("application", "there is no such level")


def _admissible(application: Application, before: Member | None) -> None:
    """Nobody is a member twice, a blacklisted identity never again, and a kind stays."""
    if before is not None:
        if before.blacklisted:
            raise Refused("blacklisted")
        if not before.removed:
            raise Refused("member_exists")
        if before.kind != application.kind:
            raise Refused("application", "an identity keeps its kind")
    if application.round != (0 if before is None else before.round):
        raise Refused("round")


def _free(state: State, identity: bytes, holder: bytes | None, present: bool) -> None:
    """A key may be taken when nobody ever held it, or when it is the member's own present one."""
    if holder is None or present:
        return
    if holder == identity:
        raise Refused("key_retired")
    raise Refused("blacklisted" if state.members[holder].blacklisted else "key_taken")


def _parent(state: State, application: Application) -> None:
    """Organisations stand above departments and persons, departments above persons."""
    if application.parent == ZERO:
        if application.kind == KINDS["department"]:
            raise Refused("parent", "a department needs its organisation")
        return
    parent = state.members.get(application.parent)
    if parent is None or parent.kind >= application.kind:
        raise Refused("parent")
    if state.blocked_by(parent.identity) is not None:
        raise Refused("parent_blocked")


def _certified(
    state: State,
    judge: Judge,
    domain: Domain,
    application: bytes,
    certificates: tuple[Certificate, ...],
    now: int,
) -> None:
    """Each certificate by another authority, valid now; K of them."""
    before: bytes | None = None
    for each in certificates:
        authority = each.authority
        signing.in_order(before, authority)
        before = authority
        if authority not in state.authorities:
            code = "signer_retired" if authority in state.retired else "signer_unknown"
            raise Refused(code, shown(authority))
        if now < each.start:
            raise Refused("certificate_early", shown(authority))
        if now >= each.until:
            raise Refused("certificate_expired", shown(authority))
        signing.fitting(judge, authority, each.digest(application, domain), each.signature)
    if len(certificates) < state.rule.certificates:
        raise Refused("not_enough", f"{len(certificates)} of {state.rule.certificates}")


def _take(
    state: State, member: Member, account: bytes | None, key: bytes | None, now: int, found: bytes
) -> list[KeyEvent]:
    """The member's keys are its own for ever; what followed what."""
    events = []
    if member.account != account:
        state.accounts[member.account] = member.identity
        events.append(KeyEvent("account", member.identity, account, member.account, now, found))
    if member.key != (key or ZERO):
        if member.key != ZERO:
            state.keys[member.key] = member.identity
        events.append(KeyEvent("deposit", member.identity, key, member.key, now, found))
    return events
