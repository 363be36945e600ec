"""A time-stamp token as a value: its bytes and what they say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from chain_adapter.digest import Digest
from timestamping.errors import InvalidToken
from timestamping.verification import der
from timestamping.verification.algorithms import DIGESTS
from timestamping.verification.cms import ID_CT_TST_INFO, SignedData, read_signed_data
from timestamping.verification.names import general_name_for_people, name_for_people
from timestamping.verification.tst import TstInfo, read_tst_info

#: PKIStatusInfo { status granted(0) }
_GRANTED: Final = b"\x30\x03\x02\x01\x00"


@dataclass(frozen=True, slots=True)
class Token:
    """Parsed is not verified: a Token says what the bytes say. Trust the ones that a
    :class:`~timestamping.stamper.Stamper` or a positive verdict handed over.

    Attributes:
        der: the ContentInfo, byte for byte as the TSA made it (RFC 3161 §2.4.2).
        imprint: the digest that was stamped.
        gen_time: when, UTC.
        accuracy: how exact; None when the TSA did not say.
        serial: the TSA's number for this token, up to 160 bits.
        policy: the TSA's policy, a dotted OID.
        nonce: the request's nonce echoed; None when there was none.
        tsa: the TSA's name for people.
        source: label of the stamper that obtained it; empty when read from a file.
        independent: whether somebody else than the portal's operator runs the TSA.
        also: co-stamps by other TSAs over the same digest.
    """

    der: bytes = field(repr=False)
    imprint: Digest
    gen_time: datetime
    accuracy: timedelta | None
    serial: int
    policy: str
    nonce: int | None
    tsa: str
    source: str = ""
    independent: bool = False
    also: tuple[Token, ...] = ()

    @classmethod
    def parse(cls, der: bytes, source: str = "", independent: bool = False) -> Token:
        """Read the DER of a ContentInfo.

        Raises:
            InvalidToken: not a time-stamp token, or over a digest unknown to this house.
        """
        try:
            signed = read_signed_data(der)
            if signed.content_type != ID_CT_TST_INFO:
                raise ValueError(f"the signed content is {signed.content_type}, not a TSTInfo")
            info = read_tst_info(signed.content)
            imprint = Digest(DIGESTS.get(info.imprint_oid, info.imprint_oid), info.imprint)
        except ValueError as error:
            raise InvalidToken(f"this is no time-stamp token: {error}") from error
        return cls.of(der, signed, info, imprint, source, independent)

    @classmethod
    def of(
        cls,
        der: bytes,
        signed: SignedData,
        info: TstInfo,
        imprint: Digest,
        source: str = "",
        independent: bool = False,
    ) -> Token:
        """Put together what the readers of :mod:`timestamping.verification` found in ``der``."""
        return cls(
            der=der,
            imprint=imprint,
            gen_time=info.gen_time,
            accuracy=info.accuracy,
            serial=info.serial,
            policy=info.policy,
            nonce=info.nonce,
            tsa=_tsa_name(info, signed),
            source=source,
            independent=independent,
        )

    @classmethod
    def from_response(cls, response: bytes) -> Token:
        """Read the token inside the DER of a TimeStampResp, as ``token.tsr`` holds it.

        Raises:
            InvalidToken: not a TimeStampResp, or one without a token.
        """
        try:
            parts = der.split(der.outer(response))
        except ValueError as error:
            raise InvalidToken(f"this is no time-stamp response: {error}") from error
        if len(parts) != 2:
            raise InvalidToken("this response carries no time-stamp token")
        return cls.parse(parts[1].raw)

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the DER, 32 bytes: how a ledger entry names the token."""
        return hashlib.sha256(self.der).digest()

    def response(self) -> bytes:
        """The token inside a granted TimeStampResp, which ``openssl ts -verify -in`` reads."""
        return der.encode(der.SEQUENCE, _GRANTED, self.der)


def _tsa_name(info: TstInfo, signed: SignedData) -> str:
    """From the tsa field when the TSA filled it, else the issuer that the signer is named by."""
    if info.tsa is not None and (name := general_name_for_people(info.tsa)):
        return name
    for certificate in signed.certificates:
        subject = _subject_of(certificate, signed.signer.issuer, signed.signer.serial)
        if subject is not None:
            return name_for_people(subject)
    return name_for_people(signed.signer.issuer)


def _subject_of(certificate: bytes, issuer: bytes, serial: int) -> bytes | None:
    """The subject of ``certificate`` when issuer and serial number are those given."""
    try:
        fields = der.split(der.split(der.outer(certificate))[0])
        if fields[0].tag == 0xA0:  # version, absent in version 1
            fields = fields[1:]
        if der.integer(fields[0]) == serial and fields[2].raw == issuer:
            return fields[4].raw
    except (der.DerError, IndexError):
        pass
    return None
