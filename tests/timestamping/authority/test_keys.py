from __future__ import annotations

import logging
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.timestamping.authority.support import open_pki
from timestamping.authority import BadSigner, KeyType, PkiError, WrongPassphrase
from timestamping.authority.keys import decode_key, encode_key, generate_key, key_type_of, scheme_of


@pytest.mark.parametrize("kind", list(KeyType))
@pytest.mark.parametrize("passphrase", [None, "正确的密码"])
def test_keys_come_back_from_their_encoding(kind: KeyType, passphrase: str | None) -> None:
    key = generate_key(kind)
    pem = encode_key(key, passphrase)
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE" if passphrase else b"-----BEGIN PRIVATE")
    again = decode_key(pem, passphrase, "key")
    assert again.private_numbers() == key.private_numbers()
    assert key_type_of(again) is kind
    assert key_type_of(again.public_key()) is kind


def test_openssl_opens_an_encrypted_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(encode_key(generate_key(KeyType.P256), "secret"))
    checked = subprocess.run(
        ["openssl", "pkey", "-in", path, "-passin", "pass:secret", "-check", "-noout"],
        capture_output=True,
        text=True,
    )
    assert "Key is valid" in checked.stdout + checked.stderr


def test_wrong_and_missing_passphrases_are_told_apart() -> None:
    pem = encode_key(generate_key(KeyType.P256), "right")
    with pytest.raises(WrongPassphrase, match=r"tsa-1\.key does not open with the passphrase"):
        decode_key(pem, "wrong", "tsa-1.key")
    for nothing in (None, ""):
        with pytest.raises(WrongPassphrase, match=r"tsa-1\.key is encrypted and no passphrase"):
            decode_key(pem, nothing, "tsa-1.key")


def test_a_passphrase_for_a_plain_key_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    key = generate_key(KeyType.P256)
    with caplog.at_level(logging.WARNING):
        again = decode_key(encode_key(key, None), "later", "root.key")
    assert again.private_numbers() == key.private_numbers()
    assert "root.key is not encrypted" in caplog.text


def test_what_is_no_key_of_ours() -> None:
    with pytest.raises(PkiError, match="is not a private key"):
        decode_key(b"nothing", None, "root.key")
    foreign = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(PkiError, match="neither an RSA nor an elliptic-curve key"):
        decode_key(foreign, None, "root.key")


def test_weak_keys_do_not_sign() -> None:
    for key in (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256K1()),
    ):
        assert key_type_of(key) is None
        with pytest.raises(BadSigner, match="neither P-256, P-384 nor RSA"):
            scheme_of(key)


@pytest.mark.parametrize(
    ("kind", "digest"),
    [(KeyType.P256, "sha256"), (KeyType.P384, "sha384"), (KeyType.RSA3072, "sha256")],
)
def test_the_digest_fits_the_key(kind: KeyType, digest: str) -> None:
    assert scheme_of(generate_key(kind)).digest == digest


def test_key_files_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    open_pki(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.glob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = folder / "tsa-1.key"
    key.chmod(0o640)
    with pytest.raises(PkiError, match=r"tsa-1\.key is readable by other users"):
        open_pki(folder)
