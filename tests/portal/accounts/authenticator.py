"""An authenticator in software: makes and uses passkeys as WebAuthn Level 2 describes, and lies
where a test asks it to."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url, encode_cbor

ORIGIN = "http://localhost:8000"
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftAuthenticator:
    """One passkey. ``origin`` and ``rp_id`` are what the browser would report."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    verifies: bool = True
    counter: int = 0
    user_handle: bytes = b""
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: dict[str, Any], **changes: Any) -> str:
        """navigator.credentials.create()."""
        client = self._client("webauthn.create", changes.get("challenge", options["challenge"]))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self._cose()
        data = self._data(_ATTESTED) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "attestationObject": bytes_to_base64url(attestation),
            "transports": ["internal", "no-such-transport"],
        }
        return self._answer(response)

    def get(self, options: dict[str, Any], **changes: Any) -> str:
        """navigator.credentials.get()."""
        self.counter += 1
        client = self._client("webauthn.get", changes.get("challenge", options["challenge"]))
        data = self._data(0)
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
        }
        if self.user_handle:
            response["userHandle"] = bytes_to_base64url(self.user_handle)
        return self._answer(response)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(
            ">BI", flags, self.counter
        )

    def _cose(self) -> bytes:
        """RFC 9053 §7.1.1: an EC2 key on P-256 for ES256."""
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return bytes(encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y}))

    def _answer(self, response: dict[str, Any]) -> str:
        id_ = bytes_to_base64url(self.id)
        return json.dumps(
            {"id": id_, "rawId": id_, "type": "public-key", "response": response}
            | {"clientExtensionResults": {}}
        )
