"""Making, keeping, renewing and revoking."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.timestamping.authority.support import ManualClock, open_pki, query, token_of
from timestamping.authority import KeyType, Lifetimes, Pki, PkiError, WrongPassphrase, files

START = datetime(2026, 3, 1, 8, 0, 0, 250_000, UTC)
DAY = timedelta(days=1)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def crl_of(pki: Pki) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(pki.crl())


def number_of(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def serial_of(certificate: bytes) -> int:
    return x509.load_der_x509_certificate(certificate).serial_number


def test_the_first_opening_makes_everything_and_the_second_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "pki"
    pki = open_pki(folder)
    made = everything(folder)
    assert set(made) == {
        *("root.key", "root.crt", "root.crl"),
        *("tsa-1.key", "tsa-1.crt", "seal-1.key", "seal-1.crt"),
    }
    again = open_pki(folder)
    assert everything(folder) == made
    assert (again.root, again.tsa, again.crl()) == (pki.root, pki.tsa, pki.crl())
    assert again.seal.certificate == pki.seal.certificate
    assert again.seal.key.private_numbers() == pki.seal.key.private_numbers()
    assert again.seal.chain == (pki.root,)


def test_modes_whatever_the_umask_and_the_folder_were(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    folder.mkdir(mode=0o755)
    folder.chmod(0o777)
    open_pki(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes[".key"] == 0o600
    assert not modes[".crt"] & 0o022
    assert not modes[".crl"] & 0o022


def test_keys_are_encrypted_under_a_passphrase(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    pki = open_pki(folder, passphrase="correct horse")
    for path in folder.glob("*.key"):
        assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert open_pki(folder, passphrase="correct horse").tsa == pki.tsa
    before = everything(folder)
    with pytest.raises(WrongPassphrase, match="does not open with the passphrase"):
        open_pki(folder, passphrase="wrong")
    with pytest.raises(WrongPassphrase, match="no passphrase is set"):
        open_pki(folder)
    assert everything(folder) == before


@pytest.mark.parametrize("organisation", ["", "   ", "x" * 65, "two\nlines", "a\u202eb", "\x00"])
def test_organisations_that_cannot_be_certified(tmp_path: Path, organisation: str) -> None:
    with pytest.raises(PkiError, match="1 to 64 printing characters"):
        open_pki(tmp_path / "pki", organisation=organisation)


@pytest.mark.parametrize("organisation", ["𠮷" * 64, "Notariat Zürich", '北京市公证处 & Co, "Ltd"'])
def test_organisations_in_any_script(tmp_path: Path, organisation: str) -> None:
    pki = open_pki(tmp_path / "pki", organisation=organisation)
    for certificate in (pki.root, pki.tsa, pki.seal.certificate):
        subject = x509.load_der_x509_certificate(certificate).subject
        (name,) = subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
        assert name.value == organisation
    token_of(pki.authority().respond(query()))


def test_an_unknown_key_type_is_told(tmp_path: Path) -> None:
    with pytest.raises(PkiError, match="known are p256, p384, rsa3072"):
        open_pki(tmp_path / "pki", key_type="ed25519")


def test_an_international_host_name_is_wanted_in_ascii(tmp_path: Path) -> None:
    with pytest.raises(PkiError, match="xn-- form"):
        open_pki(tmp_path / "pki", base_url="https://公证.test")
    open_pki(tmp_path / "pki", base_url="https://xn--55qx5d.test/")
    leaf = x509.load_pem_x509_certificate((tmp_path / "pki" / "tsa-1.crt").read_bytes())
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name is not None
    assert points[0].full_name[0].value == "https://xn--55qx5d.test/pki/root.crl"


def test_another_key_type_brings_new_leaves_and_keeps_the_old(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    open_pki(folder)
    before = everything(folder)
    pki = open_pki(folder, key_type="p384")
    after = everything(folder)
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"tsa-2.key", "tsa-2.crt", "seal-2.key", "seal-2.crt"}
    assert pki.seal.key.key_size == 384
    token_of(pki.authority().respond(query()))


# -- revocation list --------------------------------------------------------------------------


def test_the_list_is_renewed_long_before_its_end(tmp_path: Path) -> None:
    clock = ManualClock(START)
    pki = open_pki(tmp_path / "pki", clock=clock)
    first = crl_of(pki)
    assert first.last_update_utc == START.replace(microsecond=0)
    assert first.next_update_utc == first.last_update_utc + 7 * DAY
    clock.moment += 23 * timedelta(hours=1)
    assert crl_of(pki) == first
    clock.moment += timedelta(hours=1)
    second = crl_of(pki)
    assert number_of(second) == number_of(first) + 1
    assert second.next_update_utc is not None
    assert second.next_update_utc > clock.moment + 6 * DAY


def test_the_list_another_process_renewed_is_taken_up(tmp_path: Path) -> None:
    clock = ManualClock(START)
    one, other = (open_pki(tmp_path / "pki", clock=clock) for _ in range(2))
    clock.moment += 2 * DAY
    assert crl_of(one) == crl_of(other)
    assert number_of(crl_of(one)) == 2


def test_a_revoked_leaf_stays_on_every_later_list(tmp_path: Path) -> None:
    clock = ManualClock(START)
    pki = open_pki(tmp_path / "pki", clock=clock)
    lost, old_seal = pki.tsa, pki.seal.certificate
    pki.revoke(lost, x509.ReasonFlags.key_compromise)
    pki.revoke(old_seal)
    pki.revoke(lost)
    assert number_of(crl_of(pki)) == 3
    clock.moment += 30 * DAY
    crl = crl_of(open_pki(tmp_path / "pki", clock=clock))
    assert number_of(crl) == 4
    entry = crl.get_revoked_certificate_by_serial_number(serial_of(lost))
    assert entry is not None
    assert entry.revocation_date_utc == START.replace(microsecond=0)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    entry = crl.get_revoked_certificate_by_serial_number(serial_of(old_seal))
    assert entry is not None
    assert not list(entry.extensions)


def test_a_revoked_leaf_is_replaced_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    pki, other = open_pki(folder), open_pki(folder)
    lost = pki.tsa
    pki.revoke(lost)
    assert pki.tsa != lost
    assert other.tsa == lost
    other.renew()
    assert other.tsa == pki.tsa
    assert pki.authority().certificate == pki.tsa
    assert {"tsa-1.key", "tsa-1.crt", "tsa-2.key", "tsa-2.crt"} <= set(everything(folder))


def test_only_leaves_of_this_pki_are_revoked(tmp_path: Path) -> None:
    pki, foreign = open_pki(tmp_path / "one"), open_pki(tmp_path / "two")
    before = pki.crl()
    for certificate in (foreign.tsa, foreign.root, b"nothing"):
        with pytest.raises(PkiError, match="not issued by this PKI"):
            pki.revoke(certificate)
    with pytest.raises(PkiError, match="root cannot revoke itself"):
        pki.revoke(pki.root)
    assert pki.crl() == before


# -- renewal ----------------------------------------------------------------------------------


def test_leaves_near_their_end_are_replaced_and_kept(tmp_path: Path) -> None:
    clock = ManualClock(START)
    folder = tmp_path / "pki"
    lifetimes = Lifetimes(root=1000 * DAY, leaf=100 * DAY, renew_before=40 * DAY)
    pki = open_pki(folder, clock=clock, lifetimes=lifetimes)
    first = pki.tsa
    clock.moment = START.replace(microsecond=0) + 60 * DAY
    pki.renew()
    assert pki.tsa == first
    clock.moment += timedelta(seconds=1)
    pki.renew()
    assert pki.tsa != first
    assert (folder / "tsa-1.key").exists()
    assert (folder / "seal-2.crt").exists()
    again = open_pki(folder, clock=clock, lifetimes=lifetimes)
    assert again.tsa == pki.tsa


def test_no_leaf_outlives_the_root_nor_is_renewed_in_vain(tmp_path: Path) -> None:
    clock = ManualClock(START)
    lifetimes = Lifetimes(root=100 * DAY, leaf=90 * DAY, renew_before=40 * DAY)
    pki = open_pki(tmp_path / "pki", clock=clock, lifetimes=lifetimes)
    root_end = x509.load_der_x509_certificate(pki.root).not_valid_after_utc
    clock.moment += 60 * DAY
    pki.renew()
    leaf = x509.load_der_x509_certificate(pki.tsa)
    assert leaf.not_valid_after_utc == root_end
    clock.moment += 10 * DAY
    pki.renew()
    assert serial_of(pki.tsa) == leaf.serial_number


def test_expiring_names_what_ends_soon(tmp_path: Path) -> None:
    clock = ManualClock(START)
    lifetimes = Lifetimes(root=100 * DAY, leaf=50 * DAY, renew_before=10 * DAY)
    pki = open_pki(tmp_path / "pki", clock=clock, lifetimes=lifetimes)
    start = START.replace(microsecond=0)
    assert pki.expiring(49) == []
    assert pki.expiring(50) == [("tsa-1", start + 50 * DAY), ("seal-1", start + 50 * DAY)]
    assert pki.expiring(100)[-1] == ("root", start + 100 * DAY)


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["root.crt", "root.crl"])
def test_what_cannot_be_made_again_is_asked_for(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "pki"
    open_pki(folder)
    (folder / lost).unlink()
    before = everything(folder)
    with pytest.raises(PkiError, match=f"{lost} is missing.*restore it from a backup"):
        open_pki(folder)
    assert everything(folder) == before


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        ("root.crt", "root.crt is not a certificate"),
        ("root.crl", "root.crl is not a revocation list"),
        ("tsa-1.crt", "tsa-1.crt is not a certificate"),
        ("tsa-1.key", "tsa-1.key is not a private key"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, damaged: str, sentence: str) -> None:
    folder = tmp_path / "pki"
    open_pki(folder)
    (folder / damaged).write_bytes(b"-----BEGIN NOTHING-----")
    with pytest.raises(PkiError, match=sentence):
        open_pki(folder)


def test_a_lost_leaf_key_is_named_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    open_pki(folder)
    (folder / "seal-1.key").unlink()
    with pytest.raises(PkiError, match=r"seal-1\.key cannot be read: No such file"):
        open_pki(folder)


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PkiError, match="cannot be used"):
        open_pki(tmp_path / "file")
    with pytest.raises(PkiError, match="cannot be used"):
        open_pki(tmp_path / "file" / "pki")


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(PkiError, match="cannot be locked"):
        open_pki(tmp_path)


def test_files_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(PkiError, match="target cannot be written"):
        files.replace(tmp_path / "target", b"", files.PUBLIC)
    with pytest.raises(PkiError, match="target cannot be written: File exists"):
        files.create(tmp_path / "target", b"", files.SECRET)
    assert (tmp_path / "target").is_dir()


def test_trust_is_the_root_and_the_list(tmp_path: Path) -> None:
    pki = open_pki(tmp_path / "pki", key_type=KeyType.P384)
    trust = pki.trust()
    assert trust.roots == (pki.root,)
    assert trust.crls == (pki.crl(),)
    assert trust.intermediates == ()
