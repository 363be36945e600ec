"""An id that is somebody else's answers exactly as one that nobody has, at every endpoint."""

from __future__ import annotations

import hashlib
import io
import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from chain_adapter import Digest
from portal.accounts.keys import create_api_key
from portal.captures.models import Capture, CaptureSchedule
from portal.captures.service import Timing, Wish
from portal.cases.models import Case
from portal.cases.service import CaseFields
from portal.deposits.models import Deposit
from portal.draws.models import Draw, DrawParty
from portal.imports.models import Import
from portal.matters.models import Matter, MatterDocument, MatterMaterial, MatterParty
from portal.organisations.models import AccessGrant, Invitation, Membership, Organisation
from portal.security import PUBLIC_ENDPOINTS
from portal.services import Services
from portal.uploads.adding import NewFile
from portal.uploads.models import Upload, UploadDraft
from portal.uploads.receiving import Body
from portal.webhooks.models import WebhookEndpoint
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.matters.conftest import PERSON, hand_in
from tests.portal.organisations.conftest import (
    Company,
    acting,
    actor_of,
    join,
    make_company,
    put,
)

__all__ = ["join", "make_company"]

#: argument of an address → why anybody's value of it is anybody's to ask for
_EVERYBODYS = {
    "filename": "style sheets, scripts and pictures",
    "rest": "the ledger's tiles",
    "number": "numbers of letters are verified by anybody",
    "index": "entries of the ledger",
    "position": "entries of the ledger",
    "announcement_id": "announcements are for all",
}
_ARGUMENT = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
#: what may be said before anybody looks whether the thing exists: not allowed, unreadable
_BEFORE = (400, 403, 415, 422)
#: taking away what is not there succeeds, as taking away one's own does
_IDEMPOTENT = {"uploads.discard", "drafts.discard"}
_KEPT = (
    *(
        AccessGrant,
        Capture,
        CaptureSchedule,
        Case,
        Deposit,
        Draw,
        DrawParty,
        Import,
        Invitation,
        Matter,
        MatterDocument,
        MatterMaterial,
        MatterParty,
        Membership,
        Organisation,
    ),
    *(Upload, UploadDraft, WebhookEndpoint),
)
_TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}


@dataclass(frozen=True)
class Attempt:
    """One endpoint and method, to be tried with ids."""

    rule: Rule
    method: str

    def address(self, ids: dict[str, str]) -> str:
        return _ARGUMENT.sub(lambda part: ids.get(part[1], "made-up"), self.rule.rule)

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule} ({self.rule.endpoint})"


def attempts(app: Flask) -> Iterator[Attempt]:
    """Every endpoint that takes an id and is not public."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC_ENDPOINTS or not rule.arguments - _EVERYBODYS.keys():
            continue
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield Attempt(rule, method)


@pytest.fixture
def company(make_company: Callable[..., Company]) -> Company:
    return make_company("甲公司")


@pytest.fixture
def ids(services: Services, company: Company) -> dict[str, str]:
    """Real ids of one organisation's things, by the names addresses give them."""
    manager = acting(services, company.manager, company.id)
    deposit = put(services, manager)
    organisations = services.organisations
    organisations.grants.give(manager, deposit.id, company.reader.email, None)
    organisations.invitations.invite(manager, company.id, "guest@example.com", "reader")
    organisations.keys.create(manager, company.id, "key", ("read",), 30)
    digest = hashlib.sha256(b"x").hexdigest()
    draft = str(uuid.uuid4())
    upload = services.uploads.create(
        manager, draft, NewFile("a.txt", 10), Body(io.BytesIO().read, 0)
    )
    hook = WebhookEndpoint(
        owner_id=manager.id,
        organisation_id=company.id,
        url="https://hooks.example.com/",
        description="",
        events="deposit.received",
        secret=b"",
        after_seq=0,
        created_at=services.clock(),
    )
    with services.database.transaction() as session:
        session.add(hook)
    organiser = replace(manager, roles=manager.roles | {"organiser"})
    while services.deposits.advance():
        pass
    matter = services.matters.create(manager, deposit.id)
    party = services.matters.add_party(manager, matter, PERSON)
    material = services.matters.view(manager, matter).materials[0].id
    return {
        "matter_id": matter,
        "party_id": party,
        "material_id": material,
        "document_id": hand_in(services.matters, manager, matter, material),
        "draw_id": services.draws.create(organiser, "抽奖", ""),
        "party": "organiser",
        "draft_id": draft,
        "upload_id": upload.id,
        "webhook_id": hook.id,
        "deposit_id": deposit.id,
        "organisation_id": company.id,
        "user_id": company.member.id,
        "grant_id": organisations.grants.holders(manager, deposit.id)[0].id,
        "invitation_id": organisations.invitations.pending(manager, company.id)[0].id,
        "key_id": organisations.keys.made(manager, company.id)[0].key.id,
        "case_id": services.cases.create(manager, CaseFields("案件")).id,
        "import_id": services.imports.look(manager, "a.csv", f"sha256\n{digest}\n".encode()).id,
        "capture_id": services.captures.ask(manager, Wish(start_url="https://a.example/")).id,
        "schedule_id": services.captures.schedules.create(
            manager, Wish(urls=("https://a.example/",)), Timing(services.clock())
        ).id,
    }


@pytest.fixture
def rival(services: Services, make_company: Callable[..., Company]) -> Company:
    """Another organisation, with a deposit of its own."""
    made = make_company("乙公司")
    put(services, acting(services, made.manager, made.id))
    return made


def code_of(answer: TestResponse) -> str:
    """What the answer says, without what differs each time."""
    if answer.is_json:
        return str(answer.json["error"]["code"]) if answer.json else ""
    found = re.search(r'class="error-message">(.*?)<', answer.text, re.DOTALL)
    return found[1].strip() if found else ""


def check(
    app: Flask, ids: dict[str, str], send: Callable[[str, str], TestResponse], *, api: bool
) -> int:
    """Try every endpoint with real ids and with made-up ones; how many there were."""
    tried = 0
    for attempt in attempts(app):
        if attempt.rule.rule.startswith("/api/") != api:
            continue
        real = send(attempt.method, attempt.address(ids))
        none = send(attempt.method, attempt.address({}))
        assert real.status_code == none.status_code, f"{attempt}: {real.status_code}"
        assert code_of(real) == code_of(none), str(attempt)
        assert real.status_code in (404, *_BEFORE) or _idempotent(attempt), str(attempt)
        if attempt.method == "GET" and not _guarded(app, attempt):
            assert real.status_code == 404, f"{attempt}: {real.status_code}"
        tried += 1
    return tried


def _idempotent(attempt: Attempt) -> bool:
    return attempt.rule.endpoint in _IDEMPOTENT


def _guarded(app: Flask, attempt: Attempt) -> bool:
    return hasattr(app.view_functions[attempt.rule.endpoint], "required_roles")


def state_of(services: Services) -> dict[str, list[object]]:
    """What nobody may have changed."""
    with services.database.reading() as session:
        return {
            model.__tablename__: [tuple(row) for row in session.execute(select(model.__table__))]
            for model in _KEPT
        }


def by_session(client: PortalClient) -> Callable[[str, str], TestResponse]:
    token = client.token("/account/keys")
    headers = {"X-CSRFToken": token, "Accept-Language": "en"}

    def send(method: str, address: str) -> TestResponse:
        if method == "PATCH":
            piece = headers | _TUS | {"Content-Type": "application/offset+octet-stream"}
            return client.patch(address, headers=piece, data=b"1234567890")
        return client.open(address, method=method, headers=headers | _TUS)

    return send


def by_key(client: PortalClient, key: str) -> Callable[[str, str], TestResponse]:
    def send(method: str, address: str) -> TestResponse:
        body: dict[str, str] | None = {} if method in _CHANGING else None
        return client.open(address, method=method, headers=client.bearer(key), json=body)

    return send


def test_every_id_in_an_address_is_known_here(app: Flask, ids: dict[str, str]) -> None:
    """A new kind of id joins ``ids`` (tried with a real one) or says why it is everybody's."""
    named = {argument for attempt in attempts(app) for argument in attempt.rule.arguments}
    assert ids.keys() - named == set()


def test_a_stranger(  # type: ignore[no-untyped-def]
    app: Flask, services: Services, ids: dict[str, str], make_user: MakeUser, login
) -> None:
    stranger, before = make_user(), state_of(services)
    assert check(app, ids, by_session(login(stranger)), api=False) > 20
    assert state_of(services) == before


def test_people_of_another_organisation(  # type: ignore[no-untyped-def]
    app: Flask, services: Services, ids: dict[str, str], rival: Company, login
) -> None:
    before = state_of(services)
    for user in rival.people().values():
        client = login(user)
        client.submit("/organisations/act", {"organisation": rival.id}, page="/organisations")
        assert "乙公司" in client.get("/").text
        check(app, ids, by_session(client), api=False)
    assert state_of(services) == before


def test_keys_of_strangers_and_of_another_organisation(
    app: Flask,
    services: Services,
    ids: dict[str, str],
    rival: Company,
    make_user: MakeUser,
    client: PortalClient,
) -> None:
    own = create_api_key(services.database, actor_of(make_user()), "own")[1]
    theirs = services.organisations.keys.create(
        actor_of(rival.manager), rival.id, "key", ("read", "write"), 30
    )
    before = state_of(services)
    for key in (own, theirs):
        assert check(app, ids, by_key(client, key), api=True) > 5
    assert state_of(services) == before


def test_a_key_of_an_organisation_opens_nothing_private_of_its_maker(
    app: Flask, services: Services, company: Company, client: PortalClient
) -> None:
    private = put(services, actor_of(company.manager))
    key = services.organisations.keys.create(
        actor_of(company.manager), company.id, "key", ("read", "write"), 30
    )
    assert check(app, {"deposit_id": private.id}, by_key(client, key), api=True) > 5


def test_a_reader_reads_and_changes_nothing(  # type: ignore[no-untyped-def]
    app: Flask, services: Services, company: Company, ids: dict[str, str], login
) -> None:
    client = login(company.reader)
    client.submit("/organisations/act", {"organisation": company.id}, page="/organisations")
    send, before = by_session(client), state_of(services)
    assert send("GET", f"/deposits/{ids['deposit_id']}").status_code == 200
    for attempt in attempts(app):
        if attempt.method == "GET" or attempt.rule.endpoint in _READERS_OWN | _IDEMPOTENT:
            continue
        answer = send(attempt.method, attempt.address(ids))
        # 303: the refusal is said on the page it leads to; that nothing changed is seen below
        assert answer.status_code in (303, 403, 404, 409, 415, 422), str(attempt)
    assert state_of(services) == before
    assert client.post("/api/v1/deposits", json=_digest()).status_code == 400  # no token
    headers = {"X-CSRFToken": client.token("/account/keys")}
    refused = client.post("/api/v1/deposits", json=_digest(), headers=headers)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "reader_only")


#: what a reader does for themselves, and a PATCH that asks for nothing
_READERS_OWN = {"organisations.leave", "announcements.dismiss", "webhooks_api.WebhookOne"}


def _digest() -> dict[str, object]:
    return {"digests": {"sha256": Digest.parse("sha256", os.urandom(32).hex()).hex}}
