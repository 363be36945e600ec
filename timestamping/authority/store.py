"""What lies in the key folder, and how it is named.

::

    root.key  root.crt  root.crl
    tsa-1.key tsa-1.crt   tsa-2.key tsa-2.crt …
    seal-1.key seal-1.crt …
    notary-<serial number>.crt …

A key is written before its certificate, so a certificate never lacks its key; a key without a
certificate is what a crash left, and is neither used nor deleted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from timestamping.authority import files
from timestamping.authority.errors import PkiError
from timestamping.authority.keys import (
    KeyType,
    PrivateKey,
    decode_key,
    encode_key,
    generate_key,
)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its private key; ``name`` is the stem of both files."""

    name: str
    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class KeyStore:
    """Reads and writes the folder; whoever writes holds :func:`files.locked`."""

    def __init__(self, folder: Path, passphrase: str | None) -> None:
        self._folder = folder
        self._passphrase = passphrase

    def has_root(self) -> bool:
        return self._path("root.crt").exists()

    def root_certificate(self) -> x509.Certificate:
        return self._certificate("root")

    def root(self) -> Certified:
        """The root with its key; only issuing and revoking need it."""
        return self._load("root")

    def new_root_key(self, key_type: KeyType) -> PrivateKey:
        """A root key on disk; one whose certificate a crash prevented is taken up again."""
        if self._path("root.key").exists():
            return self._key("root")
        return self._create_key("root", key_type)

    def generations(self, role: str) -> list[int]:
        """Numbers of the certificates of ``role``, ascending."""
        return self._numbers(role, "crt")

    def leaf(self, role: str, generation: int) -> Certified:
        return self._load(f"{role}-{generation}")

    def leaf_certificate(self, role: str, generation: int) -> x509.Certificate:
        return self._certificate(f"{role}-{generation}")

    def new_leaf_key(self, role: str, key_type: KeyType) -> tuple[int, PrivateKey]:
        """A fresh key on disk under the next number that nothing uses."""
        used = self._numbers(role, "crt") + self._numbers(role, "key")
        generation = max(used, default=0) + 1
        return generation, self._create_key(f"{role}-{generation}", key_type)

    def add_certificate(self, name: str, certificate: x509.Certificate) -> None:
        pem = certificate.public_bytes(Encoding.PEM)
        files.create(self._path(f"{name}.crt"), pem, files.PUBLIC)

    def has_crl(self) -> bool:
        return self._path("root.crl").exists()

    def crl(self) -> bytes:
        """DER of the current revocation list."""
        return files.read(self._path("root.crl"))

    def put_crl(self, crl: bytes) -> None:
        files.replace(self._path("root.crl"), crl, files.PUBLIC)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _numbers(self, role: str, suffix: str) -> list[int]:
        pattern = re.compile(rf"{re.escape(role)}-([1-9][0-9]{{0,8}})\.{suffix}")
        found = (pattern.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def _load(self, name: str) -> Certified:
        return Certified(name, self._certificate(name), self._key(name))

    def _certificate(self, name: str) -> x509.Certificate:
        path = self._path(f"{name}.crt")
        try:
            return x509.load_pem_x509_certificate(files.read(path))
        except ValueError as fault:
            raise PkiError(f"{path} is not a certificate: {fault}") from None

    def _key(self, name: str) -> PrivateKey:
        path = self._path(f"{name}.key")
        return decode_key(files.read_secret(path), self._passphrase, str(path))

    def _create_key(self, name: str, key_type: KeyType) -> PrivateKey:
        key = generate_key(key_type)
        files.create(self._path(f"{name}.key"), encode_key(key, self._passphrase), files.SECRET)
        return key
