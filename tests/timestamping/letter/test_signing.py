"""Whose key signed: in the letter's words, in trust folders, and in the package's checks."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chain_adapter import meta_digest
from tests.chain_adapter.keymaking import (
    Signer,
    certificate,
    ec_signer,
    ed25519_signer,
    rsa_signer,
)
from tests.timestamping.evidence import House, repack, sealer_of
from timestamping.letter import LetterData, issue_letter
from timestamping.letter.signing import names_of, signing_of
from timestamping.letter.view import view
from timestamping.package import PackageParts, build_package, verify_package
from timestamping.package_trust import BadTrust, PackageTrust


def signed_deposit(house: House, signer: Signer | None, scheme: str | None) -> LetterData:
    """A deposit that ``signer`` signed; the metadata says ``scheme``."""
    plain = house.deposit()
    metadata = {**plain.metadata, **({"signed": scheme} if scheme else {})}
    entry = dataclasses.replace(
        plain.entry,
        id=f"{plain.entry.id}-signed-{len(house.log.leaves)}",
        meta=meta_digest(plain.salt, metadata),
        signatures=(),
    )
    trust = plain.trust
    if signer is not None:
        entry = dataclasses.replace(entry, by=signer.key_id)
        entry = entry.with_signature(signer.sign(entry.transaction()))
        trust = trust.with_depositor(signer.key)
    entry = house.platform.sign(entry)
    receipt, proof = house.log.append(entry)
    times = dataclasses.replace(plain.times, issued=receipt.time + timedelta(seconds=1))
    return dataclasses.replace(
        plain,
        entry=entry,
        receipt=receipt,
        proof=proof,
        metadata=metadata,
        trust=trust,
        times=times,
    )


def package_of(data: LetterData, house: House) -> bytes:
    out = io.BytesIO()
    build_package(PackageParts(data, issue_letter(data, sealer_of(house))), out)
    return out.getvalue()


def checked(package: bytes, folder: Path, **more: Any) -> dict[str, Any]:
    path = folder / "package.zip"
    path.write_bytes(package)
    return {each.code: each for each in verify_package(path, **more).checks}


SIGNERS = {
    "local": (ed25519_signer, "local", "a key of the depositor's own"),
    "held": (ed25519_signer, "platform", "a key that the platform holds"),
    "certificate": (ec_signer, "certificate", "a certificate of the depositor's"),
    "rsa": (rsa_signer, "certificate", "a certificate of the depositor's"),
}


@pytest.mark.parametrize(("make", "scheme", "words"), SIGNERS.values(), ids=SIGNERS)
def test_letter_and_package_say_whose_key_it_was(
    house: House, make: Any, scheme: str, words: str, tmp_path: Path
) -> None:
    signer = make()
    data = signed_deposit(house, signer, scheme)
    shown = view(data)["signing"]
    assert words in shown["title"]["en"]
    assert shown["key"] == signer.key_id
    assert (shown["subject"] != []) == (scheme == "certificate")
    checks = checked(package_of(data, house), tmp_path)
    assert all(each.passed for each in checks.values() if each.code in ("signatures", "ledger"))
    assert signer.key_id in checks["signatures"].detail
    assert words in checks["metadata"].detail
    # Somebody's own anchors take the depositor's key from the evidence: it needs no warrant.
    again = checked(package_of(data, house), tmp_path, trust=house.trust())
    assert again["signatures"].passed


def test_without_a_signature_the_platform_alone_is_named(house: House, tmp_path: Path) -> None:
    data = signed_deposit(house, None, None)
    assert view(data)["signing"]["title"]["zh"] == "仅由平台签名"
    assert "platform alone" in checked(package_of(data, house), tmp_path)["metadata"].detail


def test_another_certificate_of_the_same_key_does_not_fit(house: House, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    signer = ec_signer(private, certificate(private, "Ada"))
    package = package_of(signed_deposit(house, signer, "certificate"), house)
    other = certificate(private, "Minister")
    files = house.trust().with_depositor(other).files()
    changed = repack(package, {"trust/depositor.pem": files["depositor.pem"]})
    assert not checked(changed, tmp_path)["signatures"].passed


def test_a_signature_left_out_is_noticed(house: House, tmp_path: Path) -> None:
    data = signed_deposit(house, ed25519_signer(), "local")
    entry = dataclasses.replace(data.entry, signatures=data.entry.signatures[1:])
    assert entry.signature("depositor") is None
    changed = repack(package_of(data, house), {"ledger/entry.json": entry.encode()})
    check = checked(changed, tmp_path)["signatures"]
    assert not check.passed
    assert "depositor's signature is missing" in check.detail


def test_a_certificate_that_had_ended_is_refused(house: House, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    ended = certificate(private, "Ada", start=datetime.now(UTC) - timedelta(days=9), days=3)
    data = signed_deposit(house, ec_signer(private, ended), "certificate")
    path = tmp_path / "package.zip"
    path.write_bytes(package_of(data, house))
    report = verify_package(path)
    assert report.failed is not None
    assert report.failed.code == "token-link"
    assert "valid from" in report.failed.detail


def test_a_trust_folder_holds_keys_and_certificates(house: House) -> None:
    keys = [ed25519_signer().key, ec_signer().key, ed25519_signer().key]
    trust = house.trust()
    for key in keys:
        trust = trust.with_depositor(key)
    files = trust.files()
    assert files["depositor.pem"].count(b"BEGIN CERTIFICATE") == 1
    read = PackageTrust.from_files(files)
    assert dict(read.ledger.depositors) == dict(trust.ledger.depositors)
    assert PackageTrust.from_json(trust.to_json()).ledger.depositors == trust.ledger.depositors
    assert trust.with_depositor(b"") is trust
    # A platform's key is no certificate, and a depositor's no private key.
    with pytest.raises(BadTrust, match="Ed25519"):
        PackageTrust.from_files({"platform.pem": files["depositor.pem"]})
    renamed = files["depositor.pem"].replace(b"PUBLIC KEY", b"PRIVATE KEY")
    with pytest.raises(BadTrust, match="Ed25519"):
        PackageTrust.from_files({"depositor.pem": renamed})


def test_names_of_what_is_no_certificate_are_empty() -> None:
    assert names_of(b"") == names_of(b"x" * 500) == ("", "")


def test_the_metadata_cannot_make_a_certificate_a_key_of_another_kind(house: House) -> None:
    signer = ec_signer()
    data = signed_deposit(house, signer, "platform")
    signing = signing_of(data.entry, data.metadata, {signer.key_id: signer.key})
    assert signing.scheme == "certificate"
    assert (signing.subject, signing.issuer) == ("CN=Ada", "CN=Example CA")
