"""Which examination a receipt of some scheme needs: the built-in kinds, then plug-ins'.

A plug-in's evidence is judged by an entry point of the group ``notary.ledger_verifiers`` named as
the scheme: a subclass of :class:`~chain_adapter.verification.examination.Examination`. Where the
plug-in is not installed its scheme is unknown, and records under it are refused.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from typing import Final

from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.evm.proof.steps import EvmExamination
from chain_adapter.verification.examination import (
    FIRST_FOREIGN,
    RECORD_STEPS,
    Examination,
    LedgerProof,
)
from chain_adapter.verification.log import LogExamination

GROUP: Final = "notary.ledger_verifiers"
_BUILT_IN: Final[tuple[type[Examination], ...]] = (LogExamination, EvmExamination)


def examination_of(scheme: str) -> type[Examination] | None:
    """The class that judges receipts of this scheme; None when the scheme is not known here.

    Raises:
        Fatal: a plug-in for it is installed and cannot be used.
    """
    for kind in _BUILT_IN:
        if scheme in kind.schemes:
            return kind
    return _installed(scheme)


def decode_proof(scheme: str, data: bytes) -> LedgerProof:
    """Read a proof as receipts of this scheme have them.

    Raises:
        InvalidProof: naming what is wrong, or the scheme is not known here.
        Fatal: as in :func:`examination_of`.
    """
    kind = examination_of(scheme)
    if kind is None:
        raise InvalidProof(f"proofs of ledgers of kind {scheme!r} are not known")
    return kind.proof_type.decode(data)


@lru_cache(maxsize=64)
def _installed(scheme: str) -> type[Examination] | None:
    for point in entry_points(group=GROUP, name=scheme):
        try:
            found = point.load()
        except Exception as error:
            raise Fatal(f"the verifier {point.value} cannot be loaded: {error}") from error
        return _required(found, scheme, point.value)
    return None


def _required(found: object, scheme: str, name: str) -> type[Examination]:
    """``found``, an examination that fits in; ``Fatal`` if it is none."""
    if not (isinstance(found, type) and issubclass(found, Examination)):
        raise Fatal(f"the verifier {name} is not an Examination")
    if scheme not in found.schemes:
        raise Fatal(f"the verifier {name} does not judge the scheme {scheme!r}")
    if not all(hasattr(getattr(found, "proof_type", None), each) for each in ("encode", "decode")):
        raise Fatal(f"the verifier {name} names no proof_type that encodes and decodes")
    numbers = [step.number for step in found.steps]
    if not numbers or numbers != sorted(set(numbers)) or numbers[0] < FIRST_FOREIGN:
        raise Fatal(f"the verifier {name} needs steps with rising numbers from {FIRST_FOREIGN} on")
    taken = {step.code for step in RECORD_STEPS}
    if taken & {step.code for step in found.steps}:
        raise Fatal(f"the verifier {name} uses a code of the first steps again")
    return found
