"""Notaries' keys: taken when they open and may sign, kept under their password, revocable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from portal.accounts.models import User
from portal.certificates.models import NotaryKey
from portal.problems import BadInput, Conflict, Forbidden, NotFound, Unavailable
from tests.portal.certificates.conftest import SECRET, Desk
from tests.portal.client import PortalClient
from timestamping.authority.notaries import make_notary_key

SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def foreign(
    *, days: int = 365, begun: int = 1, purpose: ObjectIdentifier = SIGNING
) -> tuple[bytes, bytes]:
    """A key file of an outside authority under ``"outside pass"``, and the authority's root."""
    now = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outside CA")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "王公证")])

    def built(subject: x509.Name, public: object, ca: bool) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=begun if not ca else 999))
            .not_valid_after(now + timedelta(days=days if not ca else 999))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False),
                critical=True,
            )
        )

    root = built(root_name, root_key.public_key(), True).sign(root_key, hashes.SHA256())
    leaf = (
        built(name, key.public_key(), False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    file = pkcs12.serialize_key_and_certificates(
        b"key", key, leaf, [root], BestAvailableEncryption(b"outside pass")
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    return file, root.public_bytes(Encoding.PEM)


@pytest.fixture
def trusting(desk: Desk, tmp_path) -> Callable[[bytes], Desk]:  # type: ignore[no-untyped-def]
    """The desk, trusting an outside root for notaries."""

    def over(root: bytes) -> Desk:
        path = tmp_path / "notary.pem"
        path.write_bytes(root)
        settings = desk.tools.settings.model_copy(update={"notary_trust": path})
        return desk.over(settings=settings)

    return over


def stored(desk: Desk, key_id: str) -> NotaryKey:
    with desk.tools.database.reading() as session:
        return session.get_one(NotaryKey, key_id)


def test_a_key_of_an_outside_authority_is_kept_sealed_under_its_password(trusting) -> None:  # type: ignore[no-untyped-def]
    file, root = foreign()
    desk = trusting(root)
    key_id = desk.certificates.add_pkcs12(desk.notary, file, "outside pass")
    (shown,) = desk.certificates.keys(desk.notary)
    assert (shown.id, shown.holder, shown.kind, shown.trouble) == (key_id, "王公证", "pkcs12", None)
    sealed = stored(desk, key_id).sealed
    assert sealed is not None
    assert file not in sealed
    place = f"{desk.notary.id}/{key_id}"
    assert desk.box.open(sealed, "notary-key", place) == file
    assert desk.log(f"user:{desk.notary.id}")[-1] == "certificate.key_added"
    with pytest.raises(Conflict, match="among yours already"):
        desk.certificates.add_pkcs12(desk.notary, file, "outside pass")


@pytest.mark.parametrize(
    ("file", "password", "code"),
    [
        (b"not a key file", "x", "signing-key-file"),
        (b"", "x", "key_file"),
        (b"0" * 100_000, "x", "key_file"),
    ],
)
def test_what_is_no_key_file_is_refused(desk: Desk, file: bytes, password: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        desk.certificates.add_pkcs12(desk.notary, file, password)
    assert refused.value.code == code
    assert desk.certificates.keys(desk.notary) == ()


def test_wrong_password_expired_other_purpose_and_strangers_are_told_apart(trusting) -> None:  # type: ignore[no-untyped-def]
    cases = [
        (foreign(), "wrong", "signing-key-password"),
        (foreign(days=-1, begun=9), "outside pass", "signing-key-expired"),
        (foreign(begun=-3), "outside pass", "signing-key-not-yet-valid"),
        (foreign(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "outside pass", "signing-key-purpose"),
        (foreign(purpose=ExtendedKeyUsageOID.TIME_STAMPING), "outside pass", "signing-key-purpose"),
    ]
    for (file, root), password, code in cases:
        desk = trusting(root)
        with pytest.raises(BadInput) as refused:
            desk.certificates.add_pkcs12(desk.notary, file, password)
        assert refused.value.code == code
    file, _ = foreign()
    with pytest.raises(BadInput, match="No chain leads"):
        trusting(foreign()[1]).certificates.add_pkcs12(desk.notary, file, "outside pass")


def test_the_offices_seal_is_no_notarys_key(desk: Desk) -> None:
    seal = desk.tools.pki.seal
    file = pkcs12.serialize_key_and_certificates(
        b"seal",
        seal.key,
        x509.load_der_x509_certificate(seal.certificate),
        None,
        BestAvailableEncryption(b"outside pass"),
    )
    with pytest.raises(BadInput, match="a key of the office itself"):
        desk.certificates.add_pkcs12(desk.notary, file, "outside pass")


def test_a_key_made_here_is_revoked_when_it_is_removed(desk: Desk) -> None:
    with pytest.raises(BadInput, match="characters"):
        desk.certificates.make_office_key(desk.notary, "short", "short")
    with pytest.raises(BadInput, match="not the same"):
        desk.certificates.make_office_key(desk.notary, SECRET, SECRET + "x")
    key_id = desk.certificates.make_office_key(desk.notary, SECRET, SECRET)
    certificate = x509.load_der_x509_certificate(stored(desk, key_id).certificate)
    with pytest.raises(NotFound):  # somebody else's key is no key
        desk.certificates.remove_key(desk.second, key_id)
    assert desk.certificates.remove_key(desk.notary, key_id) is True
    crl = x509.load_der_x509_crl(desk.tools.pki.crl())
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    assert stored(desk, key_id).sealed is None
    assert desk.certificates.keys(desk.notary) == ()
    with pytest.raises(NotFound):
        desk.certificates.remove_key(desk.notary, key_id)


def test_a_key_that_ends_soon_says_so_and_a_revoked_one_too(desk: Desk) -> None:
    made = make_notary_key(
        desk.tools.pki, "王公证", SECRET, rounds=1000, lifetime=timedelta(days=20)
    )
    desk.certificates.add_pkcs12(desk.notary, made.pkcs12, SECRET)
    (key,) = desk.certificates.keys(desk.notary)
    assert key.expires_soon
    assert key.days in (19, 20)
    desk.tools.pki.revoke(made.certificate)
    (key,) = desk.certificates.keys(desk.notary)
    assert key.trouble == "The certificate of this key was revoked."


def test_keys_are_for_notaries_and_tokens_need_a_module(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.certificates.make_office_key(desk.applicant, SECRET, SECRET)
    with pytest.raises(Forbidden):
        desk.certificates.keys(desk.applicant)
    with pytest.raises(Unavailable, match="not set up for signing tokens"):
        desk.certificates.add_token(desk.notary, "office", "wang", "1234")


def test_the_page_wants_fresh_proof_and_forgets_the_password(
    desk: Desk,
    login: Callable[[User], PortalClient],
    login_strong: Callable[[User], PortalClient],
    logged,  # type: ignore[no-untyped-def]
) -> None:
    stale = login(desk.second_user)
    assert "/account" in stale.get("/desk/keys").headers["Location"]
    client = login_strong(desk.notary_user)
    assert "还没有密钥" in client.get("/desk/keys").text
    made = make_notary_key(desk.tools.pki, "王公证", SECRET, rounds=1000)
    page = "/desk/keys"
    form = {"file": (BytesIO(made.pkcs12), "k.p12"), "password": "wrong"}
    answer = client.submit("/desk/keys/file", form, page)
    assert answer.status_code == 422
    assert "密码或 PIN 不正确" in answer.text
    form = {"file": (BytesIO(made.pkcs12), "k.p12"), "password": SECRET}
    assert client.submit("/desk/keys/file", form, page).status_code == 303
    shown = client.get("/desk/keys").text
    assert "可以签名" in shown
    for place in (shown, logged.getvalue()):
        assert SECRET not in place
    key_id = desk.certificates.keys(desk.notary)[0].id
    assert client.submit(f"/desk/keys/{key_id}/remove", {}, page).status_code == 303
