"""Ed25519 private keys in files: PKCS#8 PEM, readable by their owner alone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from chain_adapter.durable import write_new
from chain_adapter.errors import Fatal


def save_key(path: Path, key: Ed25519PrivateKey, passphrase: str | None = None) -> None:
    """Write ``key`` durably with mode 0600, encrypted when there is a passphrase.

    Raises:
        FileExistsError: a key is never overwritten.
    """
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    write_new(path, pem, mode=0o600)


def load_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read a key written by :func:`save_key`.

    A passphrase for a key that is not encrypted is not an error: the operator may have set one
    after the key was made.

    Raises:
        FileNotFoundError: no such file.
        Fatal: others may read the file, the passphrase is missing or wrong, or it is no such key.
    """
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise Fatal(f"the key {path} may be read by others (mode {mode:o}): chmod 600 {path}")
    pem = path.read_bytes()
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise Fatal(f"the key {path} is encrypted and no passphrase is set")
    secret = passphrase.encode() if encrypted and passphrase else None
    try:
        key = load_pem_private_key(pem, secret)
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = "the passphrase does not open it" if encrypted else "it is damaged"
        raise Fatal(f"the key {path} cannot be read: {reason}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Fatal(f"the key {path} is not an Ed25519 key")
    return key


def load_or_create_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read the key, making it first when there is none. Safe when several processes race."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first, and its key is complete
            save_key(path, Ed25519PrivateKey.generate(), passphrase)
    return load_key(path, passphrase)
