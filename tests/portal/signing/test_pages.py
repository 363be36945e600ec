"""The pages of signing keys, and forms and uploads that carry a signature."""

from __future__ import annotations

import hashlib
import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from chain_adapter import Transaction, digest_of
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit
from portal.problems import BadInput, Conflict, NotFound
from portal.services import Services
from portal.signing.cosigning import Cosignings
from portal.signing.possession import Possession
from portal.uploads.service import Grouping, Wish
from tests.chain_adapter.keymaking import Signer, ec_signer, ed25519_signer
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.signing.conftest import actor_of, pem_of, register
from tests.portal.uploads.conftest import body_of, new_file
from timestamping.filelist import FileList, ListedFile

KEYS = "/account/signing-keys"
Login = Callable[[User], PortalClient]


@pytest.fixture
def browser(login: Login, user: User) -> PortalClient:
    return login(user)


def post(browser: PortalClient, path: str, body: Any) -> TestResponse:
    return browser.post(path, json=body, headers={"X-CSRFToken": browser.token(KEYS)})


def add(browser: PortalClient, services: Services, signer: Signer, **changes: Any) -> TestResponse:
    """As the page's script does it; ``changes`` go over what is sent."""
    first = {} if len(signer.key) == 32 else {"certificate": pem_of(signer.key)}
    challenge = post(browser, f"{KEYS}/challenge", first).json["challenge"]
    secret, platform = services.deposits.tools.secret, services.signing.platform
    statement = Possession(secret, platform).statement(challenge, signer.key)
    key = first or {"public": signer.key.hex()}
    said = {"label": "Laptop", "challenge": challenge, "signature": signer.make(statement).hex()}
    return post(browser, KEYS, {**said, **key, **changes})


def test_a_key_is_added_shown_and_revoked(browser: PortalClient, services: Services) -> None:
    assert "No signing keys yet" in browser.get(KEYS, headers={"Accept-Language": "en"}).text
    signer = ed25519_signer()
    answer = add(browser, services, signer)
    assert answer.status_code == 201, answer.text
    assert answer.json["key_id"] == signer.key_id
    page = browser.get(answer.json["location"])
    assert signer.key_id in page.text
    assert browser.submit(answer.json["location"] + "/revoke", page=KEYS).status_code == 303
    english = {"Accept-Language": "en"}
    assert "Revoked" in browser.get(answer.json["location"], headers=english).text
    again = add(browser, services, signer)
    assert (again.status_code, again.json["error"]["code"]) == (409, "signing_key_known")
    with services.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert {"signing_key.added", "signing_key.revoked"} <= set(actions)


def test_a_certificate_is_read_before_it_is_kept(browser: PortalClient, services: Services) -> None:
    signer = ec_signer()
    read = post(browser, f"{KEYS}/challenge", {"certificate": pem_of(signer.key)}).json
    assert read["algorithm"] == "ecdsa-p256-sha256"
    assert (read["subject"], read["issuer"]) == ("CN=Ada", "CN=Example CA")
    assert add(browser, services, signer).status_code == 201
    assert "CN=Ada" in browser.get(KEYS).text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": "00" * 64}, "possession"),
        ({"signature": "zz"}, "hexadecimal"),
        ({"challenge": "1.2.3"}, "challenge"),
        ({"challenge": "1.2.é"}, "challenge"),
        ({"challenge": 5}, "invalid"),
        ({"public": "00" * 32}, "signing_key"),
        ({"public": "00" * 31}, "signing_key"),
        ({"label": "x" * 101}, "text_long"),
    ],
)
def test_what_proves_nothing_is_refused(
    browser: PortalClient, services: Services, changes: dict[str, Any], code: str
) -> None:
    answer = add(browser, services, ed25519_signer(), **changes)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, code), answer.text
    assert "No signing keys yet" in browser.get(KEYS, headers={"Accept-Language": "en"}).text


def test_a_challenge_is_of_one_person_and_of_a_quarter_of_an_hour(
    services: Services, user: User, make_user: MakeUser
) -> None:
    signer, signing = ed25519_signer(), services.signing
    secret = services.deposits.tools.secret
    possession, now = Possession(secret, signing.platform), services.clock()
    challenge = possession.challenge(user.id, now)
    value = signer.make(possession.statement(challenge, signer.key))
    possession.check(user.id, challenge, signer.key, value, now + timedelta(minutes=14))
    for who, when in ((user.id, 16), (make_user().id, 0)):
        with pytest.raises(BadInput, match="challenge is over"):
            possession.check(who, challenge, signer.key, value, now + timedelta(minutes=when))


def test_a_private_key_that_was_sent_is_refused(browser: PortalClient) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"
    answer = post(browser, f"{KEYS}/challenge", {"certificate": pem})
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "private_key_sent")
    assert "私钥绝不应离开您的电脑" in answer.json["error"]["message"]


def test_the_portal_holds_a_key_when_told_so(browser: PortalClient, services: Services) -> None:
    refused = browser.submit(f"{KEYS}/held", {"label": "Office"}, page=KEYS)
    assert refused.status_code == 422
    assert 'value="Office"' in refused.text
    answer = browser.submit(f"{KEYS}/held", {"label": "Office", "understood": "y"}, page=KEYS)
    assert answer.status_code == 303
    form = browser.get("/deposits/new").text
    assert 'data-held="yes"' in form
    # Without script: the choice alone is enough.
    key_id = form.split('data-key="')[1].split('"')[0]
    data = {"mode": "digest", "sha256": "3" * 64, "title": "T", "sign_with": key_id}
    made = browser.submit("/deposits/new", data)
    assert made.status_code == 303, made.text
    item = browser.get(made.headers["Location"]).text
    assert key_id in item
    assert "signature-title" in item


def test_other_peoples_keys_are_not_found(
    services: Services, user: User, login: Login, make_user: MakeUser
) -> None:
    key = register(services, user, ed25519_signer())
    stranger = make_user()
    other = login(stranger)
    assert other.get(f"{KEYS}/{key.id}").status_code == 404
    assert other.submit(f"{KEYS}/{key.id}/revoke", page=KEYS).status_code == 404
    with pytest.raises(NotFound):
        services.signing.revoke(actor_of(stranger), key.id)
    assert services.signing.get(actor_of(user), key.id).revoked_at is None


def test_a_closed_account_signs_nothing_and_leaves_no_private_key(
    services: Services, user: User
) -> None:
    own = register(services, user, ed25519_signer())
    held = services.signing.hold(actor_of(user), "Office")
    services.privacy.closing.close(actor_of(user))
    for key in (own, held):
        left = services.signing.get(actor_of(user), key.id)
        assert left.revoked_at is not None
        assert left.sealed is None


def signature_of(
    services: Services, signer: Signer, deposit_id: str, content: bytes
) -> dict[str, str]:
    said = Transaction(
        "deposit", deposit_id, (digest_of(content),), signer.key_id, services.signing.platform
    )
    value = signer.sign_bytes(said).hex()
    return {"key_id": signer.key_id, "algorithm": signer.algorithm, "value": value}


def test_a_form_whose_signature_does_not_fit_loses_nothing(
    browser: PortalClient, services: Services, user: User
) -> None:
    signer, chosen = ed25519_signer(), str(uuid.uuid4())
    register(services, user, signer)
    wrong = signature_of(services, signer, chosen, b"something else")
    form = {"mode": "file", "title": "Typed", "note": "before", "deposit_id": chosen}
    said = {"signature": json.dumps(wrong), "sign_with": signer.key_id}
    file = (io.BytesIO(b"content"), "a.txt")
    answer = browser.submit("/deposits/new", {**form, **said, "file": file})
    assert answer.status_code == 422
    assert 'value="Typed"' in answer.text
    assert re.search(r">\s*before</textarea>", answer.text)
    right = signature_of(services, signer, chosen, b"content")
    file = (io.BytesIO(b"content"), "a.txt")
    said["signature"] = json.dumps(right)
    made = browser.submit("/deposits/new", {**form, **said, "file": file})
    assert made.status_code == 303
    assert made.headers["Location"].endswith(chosen)


class Draft:
    """Files of one draft, uploaded whole."""

    def __init__(self, services: Services, user: User) -> None:
        self.services, self.actor = services, actor_of(user)
        self.id = str(uuid.uuid4())
        self.files: dict[str, bytes] = {}

    def put(self, path: str, content: bytes) -> None:
        new = new_file(path, content)
        self.services.uploads.create(self.actor, self.id, new, body_of(content))
        self.files[path] = content

    def confirm(self, grouping: Grouping, signing: Cosignings) -> tuple[str, ...]:
        wish = Wish(grouping, "T", "", signing)
        return self.services.uploads.confirm(self.actor, self.id, wish).deposits

    def listed(self) -> bytes:
        return FileList.of(
            ListedFile(path, len(content), hashlib.sha256(content).hexdigest())
            for path, content in self.files.items()
        ).encode()


@pytest.fixture
def draft(services: Services, user: User) -> Draft:
    made = Draft(services, user)
    for name in ("案卷/b.txt", "案卷/a.txt"):
        made.put(name, name.encode())
    return made


def signed_items(
    services: Services, signer: Signer, contents: dict[str, bytes]
) -> dict[str, tuple[str, bytes]]:
    """Path → a new id, and the signature under it."""
    items = {}
    for path, content in contents.items():
        chosen = str(uuid.uuid4())
        value = signature_of(services, signer, chosen, content)["value"]
        items[path] = (chosen, bytes.fromhex(value))
    return items


def test_a_folder_is_signed_by_its_list(services: Services, user: User, draft: Draft) -> None:
    signer = ed25519_signer()
    register(services, user, signer)
    wrong = signed_items(services, signer, {"": b"another list"})
    with pytest.raises(BadInput, match="does not fit"):
        draft.confirm(Grouping.LIST, Cosignings(signer.key_id, "ed25519", wrong))
    right = signed_items(services, signer, {"": draft.listed()})
    (made,) = draft.confirm(Grouping.LIST, Cosignings(signer.key_id, "ed25519", right))
    assert made == right[""][0]
    with services.database.reading() as session:
        assert session.get_one(Deposit, made).signed_by == signer.key_id


def test_each_file_is_signed_by_itself(services: Services, user: User, draft: Draft) -> None:
    signer = ec_signer()
    register(services, user, signer)
    items = signed_items(services, signer, draft.files)
    first, second = items
    swapped = {first: items[second], second: items[first]}
    with pytest.raises(BadInput, match="does not fit"):
        draft.confirm(Grouping.EACH, Cosignings(signer.key_id, signer.algorithm, swapped))
    missing = {first: items[first]}
    with pytest.raises(BadInput):
        draft.confirm(Grouping.EACH, Cosignings(signer.key_id, signer.algorithm, missing))
    made = draft.confirm(Grouping.EACH, Cosignings(signer.key_id, signer.algorithm, items))
    assert set(made) == {deposit_id for deposit_id, _ in items.values()}


def test_an_id_that_was_used_stops_the_whole_draft(
    services: Services, user: User, draft: Draft
) -> None:
    signer = ed25519_signer()
    register(services, user, signer)
    items = signed_items(services, signer, draft.files)
    draft.confirm(Grouping.EACH, Cosignings(signer.key_id, "ed25519", items))
    again = Draft(services, user)
    for path, content in draft.files.items():
        again.put(path, content)
    with pytest.raises(Conflict, match="taken once"):
        again.confirm(Grouping.EACH, Cosignings(signer.key_id, "ed25519", items))


def test_a_batch_signs_item_by_item(
    client: PortalClient, api_key: str, services: Services, user: User
) -> None:
    signer = ed25519_signer()
    register(services, user, signer)
    chosen, other = str(uuid.uuid4()), str(uuid.uuid4())
    digest = {"sha256": hashlib.sha256(b"x").hexdigest()}
    good = signature_of(services, signer, chosen, b"x")
    keyed = {"idempotency_key": "one"}
    items = [
        {"digests": digest, "id": chosen, "signature": good, **keyed},
        {"digests": digest, "id": chosen, "signature": good},
        {"digests": digest, "id": other, "signature": good},
        {"digests": digest},
    ]

    def send() -> list[Any]:
        answer = client.post(
            "/api/v1/deposits/batch", json={"items": items}, headers=client.bearer(api_key)
        )
        return [
            (each["status"], each["error"] and each["error"]["code"])
            for each in answer.json["results"]
        ]

    used, wrong = (409, "deposit_id_used"), (422, "signature_mismatch")
    assert send() == [(201, None), used, wrong, (201, None)]
    assert send() == [(200, None), used, wrong, (201, None)]
