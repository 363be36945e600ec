"""Digests and tokens as the template shows them."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from asn1crypto import cms, x509

from chain_adapter.digest import Digest
from timestamping.letter.clock import Clock
from timestamping.letter.words import Words
from timestamping.pdf.text import runs
from timestamping.token import Token

LABELS: Final = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512", "sm3": "SM3"}
#: Algorithm object identifiers (RFC 5754 §2; GB/T 33560 for SM3).
OIDS: Final = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sm3": "1.2.156.10197.1.401",
}
_LINE: Final = 32


def hex_lines(digits: str) -> list[str]:
    """Hexadecimal cut at 32 digits, so that no digest needs an invisible break."""
    return [digits[at : at + _LINE] for at in range(0, len(digits), _LINE)]


def digest_view(digest: Digest) -> dict[str, Any]:
    return {
        "algorithm": LABELS[digest.algorithm],
        "oid": OIDS[digest.algorithm],
        "lines": hex_lines(digest.hex),
    }


def token_view(token: Token, revocation: Words, clock: Clock, number: int) -> dict[str, Any]:
    """``number`` counts the tokens of a letter from 1; co-stamps follow the first."""
    title = Words("主时间戳", "Token 1") if number == 1 else Words("联署时间戳", f"Token {number}")
    who = (
        Words("独立机构", "independent authority")
        if token.independent
        else Words("平台自运营", "run by this platform")
    )
    return {
        "title": {"zh": f"{title.zh}（{who.zh}）", "en": f"{title.en}, {who.en}"},
        "tsa": runs(token.tsa),
        "gen-time": clock.full(token.gen_time),
        "accuracy": accuracy(token),
        "policy": token.policy,
        "serial": hex_lines(f"{token.serial:x}"),
        "nonce": [] if token.nonce is None else hex_lines(f"{token.nonce:x}"),
        "imprint": digest_view(token.imprint),
        "sha256": hex_lines(token.sha256.hex()),
        "certificates": [_certificate(der, clock) for der in token_certificates(token.der)],
        "revocation": {"zh": revocation.zh, "en": revocation.en},
    }


def accuracy(token: Token) -> str:
    """``± 1 s``, or that the authority did not say."""
    if token.accuracy is None:
        return "精度未声明 accuracy not stated"
    return f"± {token.accuracy.total_seconds():g} s"


def token_certificates(der: bytes) -> list[bytes]:
    """The certificates inside a token's SignedData (RFC 5652 §5.1), DER, in their order."""
    signed = cms.ContentInfo.load(der)["content"]
    return [choice.chosen.dump() for choice in signed["certificates"] or ()]


def _certificate(der: bytes, clock: Clock) -> dict[str, Any]:
    certificate = x509.Certificate.load(der)
    return {
        "subject": runs(certificate.subject.human_friendly),
        "issuer": runs(certificate.issuer.human_friendly),
        "validity": f"{clock.date(certificate.not_valid_before)} – "
        f"{clock.date(certificate.not_valid_after)}",
        "sha256": hex_lines(hashlib.sha256(der).hexdigest()),
    }
