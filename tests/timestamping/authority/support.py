"""Requests made and responses read with asn1crypto, so that our own DER judges nothing here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import cms, core, tsp

from timestamping.authority import Pki

#: SHA-256 of b"abc".
DIGEST = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
NULL = b"\x05\x00"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
SHA512 = "2.16.840.1.101.3.4.2.3"
ORGANISATION = "北京市测试公证处"
BASE_URL = "http://portal.test"


class Response(core.Sequence):
    """TimeStampResp; asn1crypto's own insists on a token."""

    _fields = [  # noqa: RUF012 (asn1crypto's way)
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass
class ManualClock:
    """A clock that stands where it is put."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    good: bool = True

    def now(self) -> datetime:
        return self.moment

    def attestable(self) -> bool:
        return self.good


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    content = b"".join(parts)
    length = len(content)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    head = bytes((length,)) if length < 128 else bytes((0x80 | len(octets),)) + octets
    return bytes((tag,)) + head + content


def query(
    *,
    version: int = 1,
    algorithm: str = SHA256,
    parameters: bytes = b"",
    digest: bytes = DIGEST,
    req_policy: str | None = None,
    nonce: int | None = None,
    cert_req: bool = False,
    extensions: bytes = b"",
) -> bytes:
    """DER of a TimeStampReq; ``parameters`` and ``extensions`` are whole elements."""
    identifier = tlv(0x30, core.ObjectIdentifier(algorithm).dump(), parameters)
    return tlv(
        0x30,
        core.Integer(version).dump(),
        tlv(0x30, identifier, core.OctetString(digest).dump()),
        b"" if req_policy is None else core.ObjectIdentifier(req_policy).dump(),
        b"" if nonce is None else core.Integer(nonce).dump(),
        core.Boolean(True).dump() if cert_req else b"",
        extensions,
    )


def parse(reply: bytes) -> Response:
    return Response.load(reply, strict=True)


def failure(reply: bytes) -> str:
    """The one PKIFailureInfo of a rejection, which carries text and no token."""
    response = parse(reply)
    assert response["status"]["status"].native == "rejection"
    assert isinstance(response["time_stamp_token"], core.Void)
    assert response["status"]["status_string"].native[0]
    (bit,) = response["status"]["fail_info"].native
    return str(bit)


def imprint_of(request: bytes) -> bytes:
    """The MessageImprint element of a request, byte for byte."""
    return bytes(tsp.TimeStampReq.load(request)["message_imprint"].dump())


def token_of(reply: bytes) -> cms.ContentInfo:
    response = parse(reply)
    assert response["status"]["status"].native == "granted"
    assert isinstance(response["status"]["fail_info"], core.Void)
    return response["time_stamp_token"]


def signed_data(reply: bytes) -> cms.SignedData:
    return token_of(reply)["content"]


def tst_info(reply: bytes) -> tsp.TSTInfo:
    return signed_data(reply)["encap_content_info"]["content"].parsed


def signer_info(reply: bytes) -> cms.SignerInfo:
    (only,) = signed_data(reply)["signer_infos"]
    return only


def open_pki(folder: Path, **settings: object) -> Pki:
    chosen = {
        "passphrase": None,
        "base_url": BASE_URL,
        "organisation": ORGANISATION,
        **settings,
    }
    return Pki.open(folder, **chosen)  # type: ignore[arg-type]
