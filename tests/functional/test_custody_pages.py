"""Custody and privacy as people meet them: what is recorded, what they see, what may go."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from portal.accounts.keys import create_api_key
from portal.accounts.models import ApiKey, User
from portal.accounts.security_models import SignIn
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import Act, record_many
from portal.deposits.models import Deposit
from portal.privacy.models import Erasure
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import put, run

Login = Callable[[User], PortalClient]
#: public things, and the API, which is walked apart
_PUBLIC = (
    *("/sign", "/api", "/healthz", "/readyz", "/pki", "/ledger", "/tsa"),
    *("/verify/rule-17.pdf", "/verify/trust.zip"),
)


@pytest.fixture
def english(login: Login) -> Login:
    """Browsers whose people read English."""

    def sign_in(user: User) -> PortalClient:
        browser = login(user)
        browser.submit("/language", {"locale": "en"}, page="/deposits/new")
        return browser

    return sign_in


@pytest.fixture
def item(services: Services, user: User) -> Deposit:
    """An issued deposit of ``user``."""
    actor = Actor(user.id, user.name, user.role_names, "192.0.2.1")
    deposit = put(services.deposits, actor, b"the content", filename="合同.pdf")
    run(services.deposits)
    return services.deposits.get(actor, deposit.id)


def entries(services: Services, after: int = 0) -> list[tuple[str, str, str]]:
    """Action, subject and actor of what was recorded behind entry ``after``."""
    columns = AuditEntry.action, AuditEntry.subject, AuditEntry.actor_id
    query = select(*columns).where(AuditEntry.seq > after).order_by(AuditEntry.seq)
    with services.database.reading() as session:
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def last(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.max(AuditEntry.seq))) or 0


#: An empty form is nobody's content.
_BLANK_FORMS = frozenset({"/imports/template.csv"})


def downloads(app: Flask, deposit: Deposit) -> Iterator[str]:
    """The address of everything that one deposit's addresses, or addresses without any, give."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        if rule.rule in _BLANK_FORMS:
            continue
        if rule.arguments <= {"deposit_id"}:
            yield re.sub(r"<[^>]*>", deposit.id, rule.rule)


def test_each_download_is_an_entry_and_looking_is_none(
    app: Flask, services: Services, depositor: PortalClient, item: Deposit, user: User
) -> None:
    taken = set()
    for address in downloads(app, item):
        if address.startswith(_PUBLIC):
            continue
        before = last(services)
        looked = depositor.head(address)
        assert not looked.data, address
        assert last(services) == before, f"HEAD {address} was recorded"
        answer = depositor.get(address)
        answer.get_data()
        if not answer.headers.get("Content-Disposition", "").startswith("attachment"):
            continue
        new = entries(services, before)
        assert len(new) == 1, f"GET {address}: {new}"
        assert new[0][0].endswith("exported"), address
        assert new[0][2] == user.id
        taken.add(address.rpartition("/")[2])
    assert {"letter", "token", "receipt", "package", "original", "export"} <= taken


def test_each_download_by_key_is_an_entry_too(
    app: Flask, services: Services, client: PortalClient, item: Deposit, user: User
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    headers = client.bearer(create_api_key(services.database, actor, "test")[1])
    taken = set()
    for address in downloads(app, item):
        if not address.startswith("/api/v1/deposits/"):
            continue
        before = last(services)
        client.head(address, headers=headers)
        assert last(services) == before, f"HEAD {address} was recorded"
        answer = client.get(address, headers=headers)
        if answer.headers.get("Content-Disposition", "").startswith("attachment"):
            assert entries(services, before)[0][0] == "deposit.exported"
            taken.add(address.rpartition("/")[2])
    assert {"letter", "token", "receipt", "package", "original"} <= taken


def test_signing_in_keys_and_staffs_verifying_are_entries(
    services: Services,
    client: PortalClient,
    login: Login,
    make_user: MakeUser,
    item: Deposit,
    user: User,
) -> None:
    before = last(services)
    client.sign_in(user.email, "wrong password")
    browser = login(user)
    browser.submit("/account/keys", {"name": "k", "scopes": ["read"], "days": "30"})
    with services.database.reading() as session:
        key = session.scalar(select(ApiKey.id))
    browser.submit(f"/account/keys/{key}/revoke", page="/account/keys")
    made = [action for action, _, _ in entries(services, before)]
    for action in ("sign_in_failed", "signed_in", "key_created", "key_revoked"):
        assert f"account.{action}" in made, made
    notary = login(make_user("notary"))
    before = last(services)
    assert notary.get(f"/verify?n={item.number}").status_code == 200
    assert [each[:2] for each in entries(services, before)] == [("verification.made", item.subject)]
    before = last(services)
    client.get(f"/verify?n={item.number}")  # nobody is watched
    notary.head(f"/verify?n={item.number}")
    assert last(services) == before


def test_the_log_is_anchored_proved_and_taken_away_by_those_who_oversee_it(
    services: Services, english: Login, make_user: MakeUser, item: Deposit
) -> None:
    auditor = english(make_user("auditor"))
    assert "not anchored yet" in auditor.get("/audit").text
    asked = auditor.submit("/audit/anchors", page="/audit")
    assert asked.headers["Location"] == "/audit/anchors"
    assert "waits for the time-stamp" in auditor.get("/audit/anchors").text
    while services.custody.advance():
        pass
    text = auditor.get("/audit/anchors").text
    assert "verified" in text
    address = re.search(r'href="(/audit/anchors/[0-9a-f-]+)"', text)
    assert address
    page = auditor.get(address[1]).text
    assert page.count("icon-good") == 4
    proved = auditor.submit("/audit/verify", page="/audit").text
    assert "The ledger vouches for the first" in proved
    again = auditor.submit("/audit/anchors", page="/audit")  # proving was an entry
    assert again.headers["Location"] == "/audit/anchors"
    table = auditor.get("/audit/export?form=csv")
    assert table.headers["Content-Disposition"] == "attachment; filename=custody-log.csv"
    rows = list(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))
    assert len(rows) == last(services) + 1
    lines = auditor.get("/audit/export").data.splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"head", "entry", "anchor"}
    assert auditor.get("/audit/anchors/nothing").status_code == 404


def test_one_sees_ones_own_part_and_nobody_elses(
    services: Services,
    english: Login,
    depositor: PortalClient,
    make_user: MakeUser,
    item: Deposit,
    user: User,
) -> None:
    other = make_user("notary", name="=cmd()")
    services.privacy.holds.set(
        Actor(other.id, other.name, other.role_names, "203.0.113.77"), item.number, "诉讼"
    )
    while services.privacy.follow():
        pass
    text = depositor.get("/account/activity").text
    assert "received, digest computed" in text
    assert "signed in" in text
    assert "legal hold set" in text
    assert "203.0.113.*" in text
    assert "203.0.113.77" not in text
    assert "legal hold set" not in depositor.get("/account/activity?kind=account").text
    assert "signed in" not in depositor.get("/account/activity?kind=erasure").text
    assert "Nothing here" in depositor.get("/account/activity?until=2001-01-01").text
    assert "Nothing here" in depositor.get("/account/activity?since=9999-01-01").text
    assert "signed in" in depositor.get("/account/activity?since=2020-01-01").text
    assert "year-month-day" in depositor.get("/account/activity?since=yesterday").text
    for odd in ("before=0", "before=x", "before=" + "9" * 40, "kind=%00", "kind=nothing"):
        assert depositor.get(f"/account/activity?{odd}").status_code in (200, 400)
    stranger = english(make_user())
    assert item.id not in stranger.get("/account/activity").text
    table = depositor.get("/account/activity/export?kind=erasure").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["what"], row["who"]) for row in rows] == [("hold.set", "'=cmd()")]
    part = depositor.get("/account/activity/export?form=jsonl").data.splitlines()
    assert json.loads(part[0])["whole"] is False


def test_pages_of_ones_own_part_go_on_where_the_last_one_ended(
    services: Services, depositor: PortalClient, user: User
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    with services.database.transaction() as session:
        record_many(session, [Act(actor, "x", f"thing:{n}") for n in range(120)])
    address, seen = "/account/activity", []
    while address:
        text = depositor.get(address).text
        seen += [int(number) for number in re.findall(r'id="entry-(\d+)"', text)]
        older = re.search(r'rel="next" href="([^"]+)"', text)
        address = older[1].replace("&amp;", "&") if older else ""
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 120


def test_content_is_erased_and_every_page_says_so(
    services: Services,
    depositor: PortalClient,
    english: Login,
    make_user: MakeUser,
    item: Deposit,
) -> None:
    page = f"/deposits/{item.id}"
    assert f"{page}/erase" in depositor.get(page).text
    wrong = depositor.submit(f"{page}/erase", {"reason": "<b>why</b>", "confirm": "no"})
    assert wrong.status_code == 422
    assert "&lt;b&gt;why&lt;/b&gt;" in wrong.text  # kept as typed, and harmless
    asked = depositor.submit(f"{page}/erase", {"reason": "客户要求", "confirm": item.number})
    assert asked.headers["Location"] == page
    assert "will be erased" in depositor.get(page).text
    depositor.submit(f"{page}/erase/cancel", page=page)
    assert "stays until it is erased on request" in depositor.get(page).text
    depositor.submit(f"{page}/erase", {"reason": "客户要求", "confirm": item.number})
    stranger = english(make_user("operator", "administrator"))
    assert stranger.get(f"{page}/erase").status_code == 404
    assert stranger.submit(f"{page}/erase/cancel", page="/account/keys").status_code == 404
    with services.database.transaction() as session:  # a week later
        session.execute(update(Erasure).values(due_at=Erasure.asked_at))
    assert services.privacy.advance() == 1
    text = depositor.get(page).text
    assert "The content was erased" in text
    assert "request" in text
    gone = depositor.get(f"{page}/original")
    assert gone.status_code == 410
    assert "Letter and proof remain" in gone.text
    assert depositor.get(f"{page}/package?original=1").status_code == 410
    assert depositor.get(f"{page}/package").status_code == 200
    assert depositor.get(f"{page}/letter").status_code == 200
    public = depositor.get(f"/verify?n={item.number}").text
    assert "the proof remains, and whoever still has the file can verify it" in public


def test_a_hold_is_set_by_the_office_and_read_by_the_depositor(
    english: Login, make_user: MakeUser, depositor: PortalClient, item: Deposit
) -> None:
    notary = english(make_user("notary"))
    wrong = notary.submit("/holds", {"number": "DL-0", "reason": "法院要求"})
    assert wrong.status_code == 404
    assert "法院要求" in wrong.text
    notary.submit("/holds", {"number": item.number, "reason": "法院要求"})
    text = depositor.get(f"/deposits/{item.id}").text
    assert "Legal hold" in text
    assert "法院要求" in text
    refused = depositor.submit(
        f"/deposits/{item.id}/erase",
        {"reason": "x", "confirm": item.number},
        page="/account/keys",
    )
    assert refused.status_code == 409
    found = re.search(r'action="(/holds/[0-9a-f-]+/lift)"', notary.get("/holds").text)
    assert found
    notary.submit(found[1], page="/holds")
    assert "Legal hold" not in depositor.get(f"/deposits/{item.id}").text
    assert depositor.get("/holds").status_code == 403


def test_anybody_reads_how_long_what_is_kept(client: PortalClient) -> None:
    answer = client.get("/privacy", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "until erased on request" in answer.text
    assert "7 days" in answer.text


def test_ones_own_data_is_taken_along_without_secrets(
    services: Services, depositor: PortalClient, item: Deposit, user: User, tmp_path: Path
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    key, plain = create_api_key(services.database, actor, "k")
    before = last(services)
    answer = depositor.submit("/account/data")
    assert answer.status_code == 200, answer.headers
    assert "account.data_exported" in [action for action, _, _ in entries(services, before)]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert json.loads(files["account.json"])["email"] == user.email
    assert json.loads(files["deposits.jsonl"])["number"] == item.number
    assert item.sha256 in files["deposits.csv"]
    assert json.loads(files["keys.json"])[0]["id"] == key.id
    assert "deposit.received" in files["custody.csv"]
    everything = "".join(files.values())
    with services.database.reading() as session:
        stored = session.get_one(User, user.id)
    secrets = (plain, key.secret, stored.password or "-", stored.fs_uniquifier, item.salt.hex())
    assert not [secret for secret in secrets if secret in everything]


def test_it_wants_proof_of_who_it_is_once_more(
    services: Services, depositor: PortalClient, user: User
) -> None:
    token = depositor.token("/account/data")
    with services.database.transaction() as session:
        long_ago = services.clock().replace(year=2020)
        session.execute(update(SignIn).values(confirmed_at=long_ago))
    before = last(services)
    for address in ("/account/data", "/account/close"):
        answer = depositor.post(address, data={"csrf_token": token, "understood": "yes"})
        assert answer.status_code == 303, address
    assert entries(services, before) == []


def test_an_account_is_closed_by_its_holder(
    services: Services, depositor: PortalClient, client: PortalClient, item: Deposit, user: User
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    _, plain = create_api_key(services.database, actor, "k")
    hesitant = depositor.submit("/account/close", {}, page="/account/data")
    assert hesitant.status_code == 409
    assert "Tick the box" in hesitant.text
    closed = depositor.submit("/account/close", {"understood": "yes"}, page="/account/data")
    assert closed.status_code == 303
    assert "Your account is closed" in depositor.get("/").text
    assert depositor.get("/deposits").status_code == 303
    assert client.sign_in(user.email).status_code == 200  # refused
    assert client.get("/api/v1/deposits", headers=client.bearer(plain)).status_code == 401
    public = client.get(f"/verify?n={item.number}", headers={"Accept-Language": "en"})
    assert item.number in public.text


def test_the_last_administrator_stays(
    services: Services, english: Login, make_user: MakeUser
) -> None:
    only = make_user("administrator")
    browser = english(only)
    with pytest.raises(Exception, match="only administrator"):
        services.privacy.closing.close(Actor(only.id, only.name, only.role_names))
    assert browser.get("/account").status_code == 200
