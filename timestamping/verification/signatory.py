"""Everything about the signer that does not change from token to token, worked out once.

A TSA signs thousands of tokens with one certificate and sends the same chain each time. What
depends on the carried material, the signer's name and the trust store alone is kept here; the
digest, the times and the signature are judged anew for each token.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from timestamping.trust import TrustStore
from timestamping.verification import certificates, chain, revocation
from timestamping.verification.carried import check_carried
from timestamping.verification.chain import Chain
from timestamping.verification.cms import SignedData
from timestamping.verification.report import Refusal

_MOST: Final = 256
_MOST_BYTES: Final = 64 << 20


class Signatory:
    """The signer of a token under one trust store. Results, refusals included, are remembered;
    two threads at the same work cost time, not correctness."""

    def __init__(self, signed: SignedData, trust: TrustStore) -> None:
        self._carried, self._crls, self._trust = signed.certificates, signed.crls, trust
        self._sid = signed.signer.issuer, signed.signer.serial
        self._chains: list[tuple[Chain, tuple[revocation.Watched, ...]]] = []
        self._remembered: dict[str, str | Refusal] = {}

    @cached_property
    def certificate_der(self) -> bytes:
        """Found by issuer and serial number among what the token carries; in the trust store when
        it carries nothing, because the request asked for no certificates."""
        try:
            return certificates.find_signer(self._carried, *self._sid)
        except Refusal:
            if self._carried:
                raise
        known = (*self._trust.intermediates, *self._trust.roots)
        return certificates.find_signer(known, *self._sid)

    @cached_property
    def certificate(self) -> x509.Certificate:
        return certificates.load(self.certificate_der)

    @cached_property
    def public_key(self) -> PublicKeyTypes:
        return self.certificate.public_key()

    @cached_property
    def description(self) -> str:
        subject = self.certificate.subject.rfc4514_string()
        return f"{subject}, serial number {self.certificate.serial_number:x}"

    def check_eku(self) -> str:
        return self._once("eku", lambda: certificates.check_eku(self.certificate))

    def check_end_entity(self) -> str:
        return self._once("end-entity", lambda: certificates.check_end_entity(self.certificate))

    def check_carried(self) -> str:
        return self._once(
            "carried-material",
            lambda: check_carried(self._carried, self._crls, self._trust, self.certificate_der),
        )

    def chain_at(self, moment: datetime) -> Chain:
        """Raises Refusal when no chain holds at ``moment``."""
        return self._chain_at(moment)[0]

    def check_revocation(self, moment: datetime) -> str:
        """Raises Refusal or Undecided."""
        return revocation.check_revocation(self._chain_at(moment)[1], moment)

    def _chain_at(self, moment: datetime) -> tuple[Chain, tuple[revocation.Watched, ...]]:
        for known in self._chains:
            if known[0].holds_at(moment):
                return known
        found = chain.find_chain(self.certificate_der, self._carried, self._trust, moment)
        watched = revocation.watch(found, (*self._trust.crls, *self._crls))
        self._chains.append((found, watched))
        return found, watched

    def _once(self, code: str, check: Callable[[], str]) -> str:
        result = self._remembered.get(code)
        if result is None:
            try:
                result = check()
            except Refusal as refusal:
                result = refusal
            self._remembered[code] = result
        if isinstance(result, Refusal):
            raise Refusal(result.code, str(result))
        return result


class Signatories:
    """The last few hundred signatories, by everything they depend on. What they carry and trust is
    bounded in bytes too: strangers bring it."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, bytes, int, bytes], tuple[Signatory, int]]
        self._known = OrderedDict()

    def of(self, signed: SignedData, trust: TrustStore) -> Signatory:
        signer = signed.signer
        key = (signed.carried, signer.issuer, signer.serial, trust.fingerprint)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = Signatory(signed, trust), _weight(signed, trust)
                self._bytes += known[1]
                while len(self._known) > self._most or self._bytes > self._most_bytes:
                    _, (_, gone) = self._known.popitem(last=False)
                    self._bytes -= gone
            else:
                self._known.move_to_end(key)
        return known[0]


def _weight(signed: SignedData, trust: TrustStore) -> int:
    """Bytes that are kept with a signatory."""
    anchors = (*trust.roots, *trust.intermediates, *trust.crls)
    return 2 * len(signed.carried) + sum(map(len, anchors))
