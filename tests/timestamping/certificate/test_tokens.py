"""Keys on a token: SoftHSM2 stands in for the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.timestamping.certificate.office import FIRST, Bureau
from tests.timestamping.pki import new_key
from timestamping.authority import issue_notary_certificate
from timestamping.certificate import (
    HsmMissing,
    KeyMismatch,
    NotarySigner,
    TokenMissing,
    WrongPassword,
    verify_certificate,
)
from timestamping.certificate import pkcs11 as own

pkcs11 = pytest.importorskip("pkcs11")
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "123456"
pytestmark = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None, reason="needs Debian's softhsm2"
)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token with an EC and an RSA key. The module reads its settings once in a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(config)
    label = f"notary-{os.getpid()}-{folder.name}"
    _util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678")
    for number, (name, kind) in enumerate((("ec", "p256"), ("rsa", "rsa2048")), start=1):
        path = folder / f"{name}.pem"
        key = new_key(kind, 41)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        arguments = ("--token", label, "--label", name, "--id", f"0{number}", "--pin", PIN)
        _util("--import", str(path), *arguments)
    return label


def _util(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, timeout=60)


def made(bureau: Bureau, token: str, label: str, kind: str, pin: str = PIN) -> NotarySigner:
    certificate = issue_notary_certificate(
        bureau.house.pki, FIRST.name, new_key(kind, 41).public_key()
    )
    return NotarySigner.from_pkcs11(
        MODULE,
        token,
        label,
        pin,
        trust=bureau.trust,
        now=datetime.now(UTC),
        certificate=certificate,
    )


@pytest.mark.parametrize(("label", "kind"), [("ec", "p256"), ("rsa", "rsa2048")])
def test_a_token_signs_a_certificate(bureau: Bureau, token: str, label: str, kind: str) -> None:
    signer = made(bureau, token, label, kind)
    verdict = verify_certificate(bureau.forge(bureau.data(), keys=[signer]), bureau.trust)
    assert verdict.ok, verdict.failed
    assert PIN not in repr(signer.sign.__self__)  # type: ignore[attr-defined]


def test_the_certificate_on_the_token_is_found(bureau: Bureau, token: str) -> None:
    certificate = issue_notary_certificate(
        bureau.house.pki, FIRST.name, new_key("p256", 41).public_key()
    )
    with pkcs11.lib(MODULE).get_token(token_label=token).open(user_pin=PIN, rw=True) as session:
        attributes = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
            pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
            pkcs11.Attribute.VALUE: certificate,
            pkcs11.Attribute.SUBJECT: b"0\x00",
            pkcs11.Attribute.ID: b"\x01",
            pkcs11.Attribute.LABEL: "ec",
            pkcs11.Attribute.TOKEN: True,
        }
        session.create_object(attributes)
    signer = NotarySigner.from_pkcs11(
        MODULE, token, "ec", PIN, trust=bureau.trust, now=datetime.now(UTC)
    )
    assert signer.certificate == certificate


def test_a_wrong_pin(bureau: Bureau, token: str) -> None:
    with pytest.raises(WrongPassword, match="PIN is wrong"):
        made(bureau, token, "ec", "p256", "000000")


def test_a_certificate_of_another_key(bureau: Bureau, token: str) -> None:
    with pytest.raises(KeyMismatch, match="not the certificate's"):
        made(bureau, token, "rsa", "p256")


def test_what_is_not_there(bureau: Bureau, token: str) -> None:
    with pytest.raises(TokenMissing, match="not plugged in"):
        made(bureau, "no such token", "ec", "p256")
    with pytest.raises(TokenMissing, match="no single key"):
        made(bureau, token, "no such key", "p256")
    with pytest.raises(TokenMissing, match="no certificate"):
        NotarySigner.from_pkcs11(
            MODULE, token, "rsa", PIN, trust=bureau.trust, now=datetime.now(UTC)
        )


def test_a_module_that_is_none(bureau: Bureau, tmp_path: Path) -> None:
    broken = tmp_path / "module.so"
    broken.write_bytes(b"no library")
    for module in (str(broken), str(tmp_path / "nowhere.so")):
        with pytest.raises(TokenMissing, match="cannot be used"):
            NotarySigner.from_pkcs11(
                module, "t", "k", PIN, trust=bureau.trust, now=datetime.now(UTC)
            )


def test_without_the_extra_it_says_so(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "AVAILABLE", False)
    with pytest.raises(HsmMissing, match="extra hsm"):
        NotarySigner.from_pkcs11(MODULE, "t", "k", PIN, trust=bureau.trust, now=datetime.now(UTC))
