"""Who has signed: each signature judged, then the offices of the signers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chain_adapter.consortium.applying import Signed
from chain_adapter.consortium.keys import Judge, is_high
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.state import State


def in_order(before: bytes | None, signer: bytes) -> None:
    """Signers ascend, so none can stand twice.

    Raises:
        Refused: ``signer_twice`` or ``signature_order``.
    """
    if before is None or before < signer:
        return
    raise Refused("signer_twice" if before == signer else "signature_order", shown(signer))


def fitting(judge: Judge, signer: bytes, digest: bytes, value: bytes, *, keep: bool = True) -> None:
    """One signature of ``signer`` over ``digest``.

    Raises:
        Refused: ``signature_high`` or ``signature_wrong``.
    """
    if len(value) != 64:
        raise Refused("signature_wrong", shown(signer))
    if is_high(value):
        raise Refused("signature_high", shown(signer))
    if not judge.fits(signer, digest, value, keep=keep):
        raise Refused("signature_wrong", shown(signer))


def verified(
    judge: Judge, digest: bytes, signatures: Sequence[Signed], *, keep: bool = True
) -> None:
    """Every signature, one after another.

    Raises:
        Refused: the first trouble found.
    """
    before: bytes | None = None
    for each in signatures:
        in_order(before, each.signer)
        fitting(judge, each.signer, digest, each.value, keep=keep)
        before = each.signer


def exactly(signatures: Sequence[Signed], wanted: Iterable[bytes]) -> None:
    """All of ``wanted`` have signed and nobody else.

    Raises:
        Refused: ``signer_unknown`` or ``not_enough``.
    """
    needed = set(wanted)
    for each in signatures:
        if each.signer not in needed:
            raise Refused("signer_unknown", shown(each.signer))
    if len(signatures) < len(needed):
        raise Refused("not_enough")


def regulator(state: State, signer: bytes) -> int | None:
    """The place of the regulator with this key; None for others.

    Raises:
        Refused: ``signer_retired``; the key was replaced.
    """
    if signer in state.regulators:
        return state.regulators.index(signer)
    if signer in state.retired:
        raise Refused("signer_retired", shown(signer))
    return None


def named_methods(state: State, signer: bytes) -> int:
    """What the member with this account may do by its name in the rule.

    Raises:
        Refused: ``signer_retired``, or ``signer_unknown``: not named, or blocked.
    """
    identity = state.accounts.get(signer)
    if identity is not None and state.members[identity].account != signer:
        raise Refused("signer_retired", shown(signer))
    for each in state.rule.named:
        if each.member == identity and state.blocked_by(each.member) is None:
            return each.methods
    raise Refused("signer_unknown", shown(signer))


def agreed(state: State, places: int, method: int) -> bool:
    """Whether some group with ``method`` has its number among the regulators at ``places``
    (bits)."""
    return any(
        group.methods & method and (places & group.mask).bit_count() >= group.need
        for group in state.rule.groups
    )
