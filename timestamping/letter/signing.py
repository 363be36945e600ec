"""Who signed the deposit's transaction, as a letter and a verification say it.

The entry says by which key; whose key that is, the metadata says that the entry commits to: made by
the depositor, of a certificate they brought, or held for them by the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from chain_adapter.entry import Entry
from timestamping.letter.words import Words

#: The metadata's member, and what it says.
MEMBER: Final = "signed"
LOCAL, CERTIFICATE, PLATFORM = "local", "certificate", "platform"

_TITLES: Final = {
    LOCAL: Words("存证人以自己保管的密钥签名", "signed with a key of the depositor's own"),
    CERTIFICATE: Words("存证人以自备证书签名", "signed with a certificate of the depositor's"),
    PLATFORM: Words(
        "平台以代存证人保管的密钥签名",
        "signed with a key that the platform holds for the depositor",
    ),
    "": Words("仅由平台签名", "signed by the platform alone"),
}
_SENTENCES: Final = {
    LOCAL: Words(
        "存证交易由存证人在其浏览器或程序中以私钥签名；据平台所知，私钥从未离开存证人。",
        "The deposit's transaction was signed in the depositor's browser or program, by a private "
        "key that, to the platform's knowledge, never left the depositor.",
    ),
    CERTIFICATE: Words(
        "存证交易由存证人以证书对应的私钥签名，私钥未提交平台。证书所载身份由其颁发者负责，平台未予核验。",
        "The deposit's transaction was signed by the private key of the certificate, which the "
        "platform never had. Whom it names is its issuer's word, not checked by the platform.",
    ),
    PLATFORM: Words(
        "私钥由平台加密保管，平台按存证人的指示代为签名；该签名不能独立于平台证明存证人的意思。",
        "The platform keeps the private key encrypted and signed at the depositor's word; this "
        "signature does not prove the depositor's will independently of the platform.",
    ),
    "": Words(
        "存证人没有签名；存证由其登录账户或接口密钥提交。",
        "The depositor did not sign; the deposit came by their account or API key.",
    ),
}


@dataclass(frozen=True, slots=True)
class Signing:
    """``scheme`` is a constant above, or empty: the platform alone. ``subject`` and ``issuer`` are
    a certificate's (RFC 4514), else empty."""

    scheme: str
    key_id: str = ""
    subject: str = ""
    issuer: str = ""

    @property
    def title(self) -> Words:
        return _TITLES[self.scheme]

    @property
    def sentence(self) -> Words:
        return _SENTENCES[self.scheme]


def signing_of(
    entry: Entry, metadata: Mapping[str, Any], depositors: Mapping[str, bytes]
) -> Signing:
    """Who signed ``entry``. Nothing is verified here.

    Args:
        metadata: what the entry commits to.
        depositors: key id → raw key or certificate, as :class:`chain_adapter.Trust` has them.
    """
    if entry.signature("depositor") is None:
        return Signing("")
    if not entry.by.startswith("x509:"):
        held = metadata.get(MEMBER) == PLATFORM
        return Signing(PLATFORM if held else LOCAL, entry.by)
    subject, issuer = names_of(depositors.get(entry.by, b""))
    return Signing(CERTIFICATE, entry.by, subject, issuer)


def names_of(certificate: bytes) -> tuple[str, str]:
    """Subject and issuer of a certificate's DER (RFC 4514); empty for what is none."""
    try:
        found = x509.load_der_x509_certificate(certificate)
        return found.subject.rfc4514_string(), found.issuer.rfc4514_string()
    except Exception:  # noqa: BLE001 - whatever a stranger's DER made the parser say
        return "", ""
