"""Signed deposits by the API: each kind of key, and each way to cheat."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from chain_adapter import Entry, verify_signature
from portal.accounts.models import User
from portal.deposits.models import Deposit
from portal.services import Services
from portal.signing.models import SigningKey
from portal.storage.files import FileVault
from tests.chain_adapter.keymaking import (
    certificate,
    ec_signer,
    ed25519_signer,
    rsa_signer,
)
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeUser
from tests.portal.deposits.conftest import run
from tests.portal.signing.conftest import URL, Program, actor_of, new_id, pem_of, register
from timestamping.package import verify_package

CONTENT = b"what is deposited"


def refused(answer: TestResponse, code: str, status: int = 422) -> None:
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code), answer.text
    assert answer.json["error"]["message"]


def count(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Deposit)) or 0


def row(services: Services, deposit_id: str) -> Deposit:
    with services.database.reading() as session:
        return session.get_one(Deposit, deposit_id)


def package_of(program: Program, deposit_id: str) -> bytes:
    answer = program.client.get(f"{URL}/{deposit_id}/package", headers=program.headers)
    assert answer.status_code == 200, answer.text
    return answer.data


def judged(package: bytes, folder: Path) -> dict[str, Any]:
    """Check code → check, by the package's own anchors."""
    path = folder / "package.zip"
    path.write_bytes(package)
    report = verify_package(path)
    assert report.ok or report.failed is None, report.failed
    return {check.code: check for check in report.checks}


@pytest.mark.parametrize("way", ["digest", "file"])
def test_a_signed_deposit_becomes_a_letter_and_a_package(
    program: Program, services: Services, way: str, tmp_path: Path
) -> None:
    chosen = new_id()
    answer = getattr(program, way)(CONTENT, chosen, program.signature(CONTENT, chosen))
    assert answer.status_code == 201, answer.text
    assert answer.json["id"] == chosen
    assert answer.json["signed_by"] == program.signer.key_id
    assert answer.json["signed_scheme"] == "local"
    run(services.deposits)
    deposit = row(services, chosen)
    assert deposit.entry is not None
    entry = Entry.decode(deposit.entry)
    assert entry.by == program.signer.key_id
    signature = entry.signature("depositor")
    assert signature is not None
    assert verify_signature(entry, signature, program.signer.key)
    package = package_of(program, chosen)
    checks = judged(package, tmp_path)
    assert program.signer.key_id in checks["signatures"].detail
    assert "a key of the depositor's own" in checks["metadata"].detail
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert b"PUBLIC KEY" in archive.read("trust/depositor.pem")
    # Whoever asks the portal by the number gets the same answer.
    public = program.client.get(f"/api/v1/verification/numbers/{deposit.number}")
    assert public.status_code == 200, public.text
    assert public.json["answer"] == "matches", public.text


@pytest.mark.parametrize("make", [ec_signer, rsa_signer], ids=["ecdsa", "rsa"])
@pytest.mark.parametrize("known", [True, False], ids=["registered", "brought along"])
def test_a_certificate_signs_and_the_package_names_it(
    client: PortalClient,
    api_key: str,
    services: Services,
    user: User,
    make: Any,
    known: bool,
    tmp_path: Path,
) -> None:
    program = Program(client, api_key, services.signing.platform, make())
    if known:
        register(services, user, program.signer)
    chosen = new_id()
    more = {} if known else {"key_id": None, "certificate": pem_of(program.signer.key)}
    answer = program.digest(CONTENT, chosen, program.signature(CONTENT, chosen, **more))
    assert answer.status_code == 201, answer.text
    assert answer.json["signed_scheme"] == "certificate"
    run(services.deposits)
    checks = judged(package_of(program, chosen), tmp_path)
    assert "issued by CN=Example CA" in checks["signatures"].detail
    assert "a certificate of the depositor's" in checks["metadata"].detail


def test_a_key_that_the_portal_holds_signs_at_the_depositors_word(
    client: PortalClient, api_key: str, services: Services, user: User, tmp_path: Path
) -> None:
    held = services.signing.hold(actor_of(user), "Office")
    assert held.sealed is not None
    program = Program(client, api_key, services.signing.platform, ed25519_signer())
    answer = program.client.post(
        URL,
        json={"digests": {"sha256": "0" * 64}, "signature": {"key_id": held.key_id}},
        headers=program.headers,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json["signed_scheme"] == "platform"
    run(services.deposits)
    checks = judged(package_of(program, answer.json["id"]), tmp_path)
    assert "a key that the platform holds for the depositor" in checks["metadata"].detail
    refused(
        program.digest(CONTENT, new_id(), {"key_id": held.key_id, "value": "00"}),
        "signing_key_held",
    )
    services.signing.revoke(actor_of(user), held.id)
    assert services.signing.get(actor_of(user), held.id).sealed is None


def test_the_same_request_by_a_held_key_is_answered_as_before(
    program: Program, services: Services, user: User
) -> None:
    """The portal chooses another id each time; what was asked for is the same."""
    held = services.signing.hold(actor_of(user), "Office")
    body = {"digests": {"sha256": "0" * 64}, "signature": {"key_id": held.key_id}}
    headers = program.headers | {"Idempotency-Key": "once"}
    first, again = (program.client.post(URL, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert first.json["id"] == again.json["id"]
    unsigned = program.client.post(URL, json={"digests": body["digests"]}, headers=headers)
    refused(unsigned, "idempotency_key_reused", 409)
    chosen = body | {"id": new_id()}
    refused(program.client.post(URL, json=chosen, headers=headers), "idempotency_key_reused", 409)


def test_one_id_twice_in_a_batch_is_one_deposit(program: Program, services: Services) -> None:
    chosen = new_id()
    items = []
    for content in (b"one", b"one", b"other"):
        digests = {"sha256": hashlib.sha256(content).hexdigest()}
        signature = program.signature(content, chosen)
        item = {"digests": digests, "id": chosen, "signature": signature}
        items.append(item | {"idempotency_key": "k"})
    answer = program.client.post(f"{URL}/batch", json={"items": items}, headers=program.headers)
    found = answer.json["results"]
    assert [each["status"] for each in found] == [201, 200, 409], found
    assert found[0]["deposit"]["number"] == found[1]["deposit"]["number"]
    assert count(services) == 1


def test_a_deposit_without_signature_says_so(
    program: Program, services: Services, tmp_path: Path
) -> None:
    answer = program.client.post(
        URL, json={"digests": {"sha256": "1" * 64}}, headers=program.headers
    )
    assert answer.json["signed_by"] is None
    run(services.deposits)
    checks = judged(package_of(program, answer.json["id"]), tmp_path)
    assert "signed by the platform alone" in checks["metadata"].detail


def test_what_was_not_signed_as_it_is_is_refused_and_nothing_is_stored(
    program: Program, services: Services
) -> None:
    chosen, other = new_id(), new_id()
    good = program.signature(CONTENT, chosen)
    twin = dict(good, value=good["value"][:-2] + f"{int(good['value'][-2:], 16) ^ 1:02x}")
    cases = {
        "another file": (b"other content", chosen, good),
        "another deposit's signature": (CONTENT, other, good),
        "another platform": (
            CONTENT,
            chosen,
            program.signature(CONTENT, chosen, platform="ed25519:" + "0" * 32),
        ),
        "one bit": (CONTENT, chosen, twin),
    }
    for name, (content, deposit_id, signature) in cases.items():
        for way in (program.digest, program.file):
            answer = way(content, deposit_id, signature)
            assert answer.status_code == 422, name
            refused(answer, "signature_mismatch")
    assert count(services) == 0
    assert nothing_kept(services)
    assert program.digest(CONTENT, chosen, good).status_code == 201


def nothing_kept(services: Services) -> bool:
    vault = services.vault
    assert isinstance(vault, FileVault)
    return not list(vault.staging.iterdir()) and not list(vault.objects.glob("*/*"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": None, "algorithm": None}, "signature_missing"),
        ({"value": "zz"}, "signature_value"),
        ({"value": "00" * 513}, "signature_value"),
        ({"value": "00" * 63}, "signature_form"),
        ({"algorithm": "rsa-pkcs1-sha256"}, "signature_algorithm"),
        ({"key_id": "ed25519:" + "0" * 32}, "signing_key_unknown"),
        ({"key_id": None}, "signature_key"),
        ({"certificate": "x"}, "signature_key"),
        ({"key_id": None, "certificate": "x"}, "certificate_unreadable"),
        ({"key_id": None, "certificate": "-----BEGIN PRIVATE KEY-----"}, "private_key_sent"),
        ({"key_id": 5}, "invalid"),
        ({"more": 1}, "signature_object"),
    ],
)
def test_a_signature_that_cannot_be_read_says_why(
    program: Program, services: Services, changes: dict[str, Any], code: str
) -> None:
    chosen = new_id()
    signature = program.signature(CONTENT, chosen, **changes)
    refused(program.digest(CONTENT, chosen, signature), code)
    refused(program.file(CONTENT, chosen, signature), code)
    assert count(services) == 0


@pytest.mark.parametrize(
    "deposit_id",
    [
        "",
        "x",
        "6F9D7A52-0A5E-4B0C-9A53-3F6A3C1D8E21",
        "6f9d7a520a5e4b0c9a533f6a3c1d8e21",
        "6f9d7a52-0a5e-1b0c-9a53-3f6a3c1d8e21",
        "00000000-0000-0000-0000-000000000000",
    ],
)
def test_an_id_is_a_random_uuid(program: Program, deposit_id: str) -> None:
    signature = {"key_id": program.signer.key_id, "algorithm": "ed25519", "value": "00" * 64}
    refused(program.digest(CONTENT, deposit_id, signature), "deposit_id")
    good = "6f9d7a52-0a5e-7b0c-9a53-3f6a3c1d8e21"
    assert program.digest(CONTENT, good, program.signature(CONTENT, good)).status_code == 201, (
        "version 7 too"
    )


def test_an_id_alone_is_refused(program: Program) -> None:
    refused(program.digest(CONTENT, new_id(), None), "id_without_signature")
    answer = program.client.post(
        URL,
        data={"file": (io.BytesIO(b"x"), "x"), "signature": "{"},
        headers=program.headers,
    )
    refused(answer, "signature_json")


@pytest.mark.parametrize("way", ["digest", "file"])
def test_a_signed_deposit_is_taken_once(
    program: Program, services: Services, way: str, make_user: MakeUser, make_key: MakeKey
) -> None:
    chosen = new_id()
    signature = program.signature(CONTENT, chosen)
    assert getattr(program, way)(CONTENT, chosen, signature).status_code == 201
    refused(getattr(program, way)(CONTENT, chosen, signature), "deposit_id_used", 409)
    # Another person's certificate cannot take the id either, nor harm what is kept under it.
    other = make_user()
    stranger = Program(program.client, make_key(other), program.platform, ec_signer())
    more = {"key_id": None, "certificate": pem_of(stranger.signer.key)}
    forged = stranger.signature(b"other", chosen, **more)
    refused(getattr(stranger, way)(b"other", chosen, forged), "deposit_id_used", 409)
    if way == "file":
        answer = program.client.get(f"{URL}/{chosen}/original", headers=program.headers)
        assert answer.data == CONTENT
    assert count(services) == 1


def test_an_idempotency_key_gives_the_same_answer_again(program: Program) -> None:
    chosen = new_id()
    signature = program.signature(CONTENT, chosen)
    again = {"Idempotency-Key": "once"}
    assert program.digest(CONTENT, chosen, signature, **again).status_code == 201
    repeated = program.digest(CONTENT, chosen, signature, **again)
    assert (repeated.status_code, repeated.json["id"]) == (200, chosen)
    other = new_id()
    changed = program.digest(CONTENT, other, program.signature(CONTENT, other), **again)
    refused(changed, "idempotency_key_reused", 409)


def test_a_strangers_key_and_a_revoked_one_sign_nothing(
    program: Program,
    services: Services,
    user: User,
    signing_key: SigningKey,
    make_user: MakeUser,
    make_key: MakeKey,
) -> None:
    chosen = new_id()
    signature = program.signature(CONTENT, chosen)
    stranger = Program(program.client, make_key(make_user()), program.platform, program.signer)
    refused(stranger.digest(CONTENT, chosen, signature), "signing_key_unknown")
    services.signing.revoke(actor_of(user), signing_key.id)
    refused(program.digest(CONTENT, chosen, signature), "signing_key_revoked")


def test_a_certificate_that_ended_or_may_not_sign_is_refused(
    client: PortalClient, api_key: str, services: Services
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    ended = certificate(private, "Ada", start=datetime.now(UTC) - timedelta(days=9), days=3)
    program = Program(client, api_key, services.signing.platform, ec_signer(private, ended))
    chosen = new_id()
    given = program.signature(CONTENT, chosen, key_id=None, certificate=pem_of(ended))
    refused(program.digest(CONTENT, chosen, given), "certificate_expired")


def test_high_s_is_refused(client: PortalClient, api_key: str, services: Services) -> None:
    from chain_adapter.signature import P256_ORDER

    program = Program(client, api_key, services.signing.platform, ec_signer())
    chosen = new_id()
    pem = pem_of(program.signer.key)
    good = program.signature(CONTENT, chosen, key_id=None, certificate=pem)
    s = P256_ORDER - int(good["value"][64:], 16)
    twin = dict(good, value=good["value"][:64] + f"{s:064x}")
    refused(program.digest(CONTENT, chosen, twin), "signature_form")
    assert program.digest(CONTENT, chosen, good).status_code == 201


def test_a_certificate_of_the_same_key_by_another_issuer_is_another_signer(
    client: PortalClient, api_key: str, services: Services
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    mine, feigned = certificate(private, "Ada"), certificate(private, "Ada", issuer="Ministry")
    program = Program(client, api_key, services.signing.platform, ec_signer(private, mine))
    chosen = new_id()
    given = program.signature(CONTENT, chosen, key_id=None, certificate=pem_of(feigned))
    refused(program.digest(CONTENT, chosen, given), "signature_mismatch")


def test_a_deposit_without_signature_asks_the_database_nothing_more(
    program: Program, services: Services
) -> None:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    engine = services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    program.client.post(URL, json={"digests": {"sha256": "2" * 64}}, headers=program.headers)
    event.remove(engine, "before_cursor_execute", note)
    assert not any("signing_keys" in each for each in seen)


def test_the_api_tells_what_a_transaction_has_to_name(program: Program, services: Services) -> None:
    answer = program.client.get("/api/v1/signing-keys", headers=program.headers)
    assert answer.status_code == 200
    assert answer.json["platform"] == services.entry_key.key_id
    assert answer.json["kind"] == "deposit"
    assert answer.json["digests"] == ["sha256"]
    (key,) = answer.json["keys"]
    assert (key["key_id"], key["scheme"]) == (program.signer.key_id, "local")
    assert "sealed" not in json.dumps(answer.json)
