"""Chains of certificates, judged at the time the token states (RFC 5280 §6.1).

Path building and path validation are pyhanko-certvalidator's: name constraints, path lengths,
policies, critical extensions, weak digests. Nothing is fetched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from asn1crypto import x509
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.validate import async_validate_path

from timestamping.trust import TrustStore
from timestamping.verification.certificates import load as read
from timestamping.verification.report import Refusal

_T = TypeVar("_T")
_MOST_PATHS: Final = 64
#: What asn1crypto raises on contents that it finds broken when it is asked for them.
_UNREADABLE: Final = (ValueError, TypeError, KeyError)
_FOR_TIME_STAMPING: Final = frozenset({"time_stamping", "any_extended_key_usage"})


@dataclass(frozen=True, slots=True)
class Chain:
    """``certificates`` from the signer's to the trust anchor, DER. The chain holds at every time
    from ``not_before`` to ``not_after``, in which all of them but the anchor are valid."""

    certificates: tuple[bytes, ...]
    not_before: datetime
    not_after: datetime

    def holds_at(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after


def find_chain(
    signer: bytes,
    carried: tuple[bytes, ...],
    trust: TrustStore,
    moment: datetime,
    purposes: frozenset[str] = _FOR_TIME_STAMPING,
) -> Chain:
    """A valid chain from ``signer`` to a root of ``trust`` at ``moment``. An authority in it that
    names its purposes must have one of ``purposes`` (as asn1crypto names them).

    Raises:
        Refusal: ``no-trust-root`` when ``trust`` has none, else ``chain``.
    """
    if not trust.roots:
        raise Refusal("no-trust-root", "no trusted root is known, so no chain can end at one")
    try:
        context = ValidationContext(
            trust_roots=_load_all(trust.roots),
            other_certs=_load_all((*trust.intermediates, *carried)),
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",  # revocation is a step of its own, by RFC 3161 §4
            time_tolerance=timedelta(0),
        )
        chain = _run(_search(context, _load(signer), purposes))
    except (ValidationError, PathBuildingError, *_UNREADABLE) as error:
        raise Refusal("chain", f"no chain to a trusted root: {error}") from error
    if not chain.holds_at(moment):  # a signer that is itself an anchor meets no validity check
        raise Refusal("chain", "no chain to a trusted root: the certificate was not valid then")
    return chain


async def _search(
    context: ValidationContext, leaf: x509.Certificate, purposes: frozenset[str]
) -> Chain:
    last: Exception = ValueError("no chain was found")
    count = 0
    async for path in context.path_builder.async_build_paths_lazy(leaf):
        count += 1
        if count > _MOST_PATHS:
            break
        try:
            await async_validate_path(context, path)
            return _chain_of(path, leaf, purposes)
        except (ValidationError, *_UNREADABLE) as error:
            last = error
    raise last


def _chain_of(path: ValidationPath, leaf: x509.Certificate, purposes: frozenset[str]) -> Chain:
    certificates = list(path.iter_certs(include_root=True))[::-1]
    below = certificates[:-1] or [leaf]
    for authority in below[1:]:
        usages = authority.extended_key_usage_value
        if usages is not None and not purposes & set(usages.native):
            raise ValueError(
                f"the authority {authority.subject.human_friendly} may not issue for this purpose"
            )
    return Chain(
        tuple(certificate.dump() for certificate in certificates),
        max(certificate.not_valid_before for certificate in below),
        min(certificate.not_valid_after for certificate in below),
    )


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    """Drive a coroutine that waits for nothing. An event loop would be of no use here, and could
    not be started inside another one."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    work.close()
    raise RuntimeError("certificate validation wanted to wait although fetching is off")


def _load_all(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """Those that can be read, by two readers; the check of what is carried speaks of the rest."""
    loaded = []
    for der in ders:
        with contextlib.suppress(*_UNREADABLE):
            read(der)
            loaded.append(_load(der))
    return loaded


def _load(der: bytes) -> x509.Certificate:
    """Parsed anew for each search: these objects parse themselves bit by bit when they are asked,
    and two threads asking the same one see it half done."""
    return x509.Certificate.load(der, strict=True)
