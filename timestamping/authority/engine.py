"""The embedded time-stamping authority (RFC 3161).

What it does with a request, each rule with a test of its number:

1. a good request is granted, and its fields come back as they were sent;
2. an unknown hash algorithm, or parameters other than NULL or none: ``badAlg``;
3. a digest whose length is not its algorithm's: ``badDataFormat``;
4. anything but DER of one version-1 request: ``badDataFormat``, another version: ``badRequest``;
5. a policy that is not offered: ``unacceptedPolicy``;
6. any extension: ``unacceptedExtension``;
7. a clock that may not be attested, a certificate outside its validity: ``timeNotAvailable``;
8. certificates are sent if and only if asked for;
9. the nonce comes back byte for byte, and is absent if it was;
10. serial numbers have at most 160 bits and are unique;
11. genTime is DER;
12. accuracy is as configured, or left out;
13. ordering is false, hence left out;
14. an ESSCertIDv2 is signed, and the signed attributes are in DER order;
15. the authority is not built on an unfit certificate or another's key;
16. the field ``tsa`` is the certificate's subject;
17. SHA-1 and MD5 are unknown algorithms;
18. over HTTP a rejection is an answer like any other (see :mod:`timestamping.authority.wsgi`).

A rejection never carries a token, and no input makes :meth:`Authority.respond` raise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chain_adapter.digest import ALGORITHMS, Digest
from timestamping.authority import der
from timestamping.authority.clock import Clock, SystemClock
from timestamping.authority.errors import AuthorityError, Failure, Rejection
from timestamping.authority.keys import PrivateKey
from timestamping.authority.request import parse_request
from timestamping.authority.serial import serial_octets
from timestamping.authority.signer import TokenSigner

if TYPE_CHECKING:
    from timestamping.trust import TrustStore

log = logging.getLogger(__name__)

#: Named when the operator names no policy of their own. 2.999 is the arc that X.660 keeps for
#: examples: it claims nobody's policy, and every decoder reads it.
DEFAULT_POLICY: Final = "2.999.3161.1"

_HASHES: Final = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_HASH_OIDS: Final = {name: der.oid(dotted) for name, dotted in _HASHES.items()}
_DIGEST_LENGTHS: Final = {oid: ALGORITHMS[name] for name, oid in _HASH_OIDS.items()}
_PARAMETERS: Final = (b"", der.tlv(der.NULL))

_VERSION: Final = der.integer(1)
_GRANTED: Final = der.tlv(der.SEQUENCE, der.integer(0))
_REJECTION: Final = der.integer(2)


class Authority:
    """Issues tokens with one certified key; immutable, safe for threads and forks.

    Args:
        key: private key of the certificate.
        certificate: DER of the time-stamping certificate.
        chain: DER of further certificates sent along with it.
        policies: the policies offered (dotted); the first is the default.
        accuracy: half-width of the interval around genTime, or None to say nothing.
        clock: source of time.
        trust: gives what the tokens verify under, for whoever verifies them in this process; the
            authority itself has no use for it.

    Raises:
        BadSigner: certificate and key are not fit (rule 15).
        AuthorityError: no policy, one that is no OID, or an accuracy that cannot be encoded.
    """

    def __init__(
        self,
        key: PrivateKey,
        certificate: bytes,
        chain: Sequence[bytes] = (),
        *,
        policies: Sequence[str] = (DEFAULT_POLICY,),
        accuracy: timedelta | None = None,
        clock: Clock | None = None,
        trust: Callable[[], TrustStore] | None = None,
    ) -> None:
        self._signer = TokenSigner(key, certificate, chain)
        self._clock: Clock = clock or SystemClock()
        self._policies = _encode_policies(policies)
        self._accuracy = _encode_accuracy(accuracy)
        # GeneralName directoryName [4], itself explicit because Name is a CHOICE.
        self._tsa = der.context(0, der.context(4, self._signer.subject))
        self.certificate = certificate
        self.chain = tuple(chain)
        self.policies = tuple(policies)
        self.accuracy = accuracy
        self.trust = trust

    def respond(self, request: bytes) -> bytes:
        """DER of the TimeStampResp to the bytes of a request; never raises."""
        try:
            return der.tlv(der.SEQUENCE, _GRANTED, self._grant(request))
        except Rejection as rejection:
            return _rejected(rejection)
        except Exception:
            log.exception("the time-stamping authority failed")
            return _rejected(Rejection(Failure.SYSTEM_FAILURE, "the authority failed"))

    def issue(
        self,
        digest: Digest,
        *,
        nonce: int | None = None,
        policy: str | None = None,
        cert_req: bool = True,
    ) -> bytes:
        """DER of the token (ContentInfo) over ``digest``, without a request.

        Raises:
            Rejection: as :meth:`respond` would reject (rules 2, 5, 7).
        """
        oid = _HASH_OIDS.get(digest.algorithm)
        if oid is None:
            raise _unknown_hash()
        chosen = self._policies.get(policy or self.policies[0])
        if chosen is None:
            raise self._unknown_policy()
        imprint = der.tlv(
            der.SEQUENCE, der.tlv(der.SEQUENCE, oid), der.tlv(der.OCTET_STRING, digest.value)
        )
        nonce_element = b"" if nonce is None else der.integer(nonce)
        return self._token(imprint, chosen, nonce_element, cert_req)

    def problem(self) -> str | None:
        """Why no token can be issued at this moment, in one sentence; None if one can."""
        return self._problem_at(self._clock.now())

    def _grant(self, data: bytes) -> bytes:
        request = parse_request(data)
        length = _DIGEST_LENGTHS.get(request.algorithm)
        if length is None:
            raise _unknown_hash()
        if request.parameters not in _PARAMETERS:
            raise Rejection(Failure.BAD_ALG, "the hash algorithm's parameters must be NULL or none")
        if len(request.digest) != length:
            raise Rejection(
                Failure.BAD_DATA_FORMAT,
                f"hashedMessage has {len(request.digest)} bytes, its algorithm makes {length}",
            )
        if request.policy is None:
            policy = self._policies[self.policies[0]]
        elif request.policy in self._policies.values():
            policy = request.policy
        else:
            raise self._unknown_policy()
        if request.extensions:
            raise Rejection(Failure.UNACCEPTED_EXTENSION, "no extension is supported")
        return self._token(request.imprint, policy, request.nonce or b"", request.cert_req)

    def _token(self, imprint: bytes, policy: bytes, nonce: bytes, cert_req: bool) -> bytes:
        """A token from DER elements; the last thing before it is the look at the clock."""
        now = self._clock.now()
        if problem := self._problem_at(now):
            raise Rejection(Failure.TIME_NOT_AVAILABLE, problem)
        tst_info = der.tlv(
            der.SEQUENCE,
            _VERSION,
            policy,
            imprint,
            der.tlv(der.INTEGER, serial_octets()),
            der.generalized_time(now.astimezone(UTC)),
            self._accuracy,
            nonce,
            self._tsa,
        )
        return self._signer.sign(tst_info, with_certificates=cert_req)

    def _problem_at(self, now: datetime) -> str | None:
        if not self._clock.attestable():
            return "the authority's clock is not synchronised"
        if not self._signer.not_before <= now <= self._signer.not_after:
            return "the authority's certificate is not valid at this time"
        return None

    def _unknown_policy(self) -> Rejection:
        offered = ", ".join(self.policies)
        return Rejection(
            Failure.UNACCEPTED_POLICY, f"the policy is not offered; offered: {offered}"
        )


def _unknown_hash() -> Rejection:
    known = ", ".join(_HASHES)
    return Rejection(Failure.BAD_ALG, f"the hash algorithm is not supported; supported: {known}")


def _rejected(rejection: Rejection) -> bytes:
    """TimeStampResp with PKIStatusInfo only (RFC 3161 §2.4.2)."""
    text = der.tlv(der.UTF8_STRING, rejection.text.encode())
    status = (_REJECTION, der.tlv(der.SEQUENCE, text), der.named_bit(rejection.failure))
    return der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, *status))


def _encode_policies(policies: Sequence[str]) -> dict[str, bytes]:
    if not policies:
        raise AuthorityError("a time-stamping authority needs at least one policy")
    try:
        return {policy: der.oid(policy) for policy in policies}
    except ValueError as fault:
        raise AuthorityError(f"policy: {fault}") from None


def _encode_accuracy(accuracy: timedelta | None) -> bytes:
    """Accuracy: seconds, millis [0] and micros [1], the latter from 1 to 999 or absent."""
    if accuracy is None:
        return b""
    if accuracy <= timedelta(0):
        raise AuthorityError("an accuracy must be longer than nothing, or not be set")
    seconds = accuracy.days * 86_400 + accuracy.seconds
    millis, micros = divmod(accuracy.microseconds, 1000)
    parts = ((seconds, der.INTEGER), (millis, 0x80), (micros, 0x81))
    return der.tlv(der.SEQUENCE, *(der.integer(value, tag) for value, tag in parts if value))
