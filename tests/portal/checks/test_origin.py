"""How it came about: captures and draws are judged over the very files that are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.captures.models import Capture
from portal.captures.service import CaptureService, Said
from portal.checks.service import CheckService
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.service import DepositService
from portal.draws.models import Draw
from portal.services import Services
from portal.storage.files import FileVault
from tests.portal.captures.conftest import (  # noqa: F401
    actor,
    app,
    captures,
    clock,
    desk,
    drive,
    live,
    reload,
    reviewed,
    services,
    settings,
)
from tests.portal.checks.conftest import Office
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of
from tests.portal.draws.conftest import ceremony, lists_in_this_process, make_ceremony  # noqa: F401

SignIn = Callable[[User], PortalClient]


@pytest.fixture
def office(services: Services, clock: object, make_user: MakeUser) -> Office:  # noqa: F811
    notary, second = make_user("notary", name="王公证"), make_user("notary", name="赵公证")
    tools = dataclasses.replace(services.deposits.tools, clock=clock, nudge=lambda: None)
    return Office(
        tools=tools,
        clock=clock,  # type: ignore[arg-type]
        checks=CheckService(tools),
        deposits=DepositService(tools),
        applicant=actor_of(make_user(name="张三")),
        notary=actor_of(notary),
        notary_user=notary,
        second=actor_of(second),
        second_user=second,
    )


@pytest.fixture
def sealed(
    services: Services,  # noqa: F811
    captures: CaptureService,  # noqa: F811
    actor: Actor,  # noqa: F811
    reviewed: Capture,  # noqa: F811
    office: Office,
) -> str:
    """A matter about a capture."""
    deposit_id = captures.seal(actor, reviewed.id, Said("侵权页面", ""))
    while services.advance():
        pass
    return office.matter(services.deposits.get(actor, deposit_id))


def file_of(office: Office, matter_id: str, suffix: str) -> DepositFile:
    deposit = office.deposit_of(matter_id)
    with office.tools.database.reading() as session:
        rows = session.query(DepositFile).filter(DepositFile.deposit_id == deposit.id)
        return next(row for row in rows if row.path.endswith(suffix))


def test_a_capture_is_judged_and_shown_with_its_markers(
    office: Office,
    sealed: str,
    app: Flask,  # noqa: F811
    login_strong: SignIn,
) -> None:
    view = office.checked(sealed)
    origin = view.group("origin")
    assert origin is not None
    numbers = {line.check.number for line in origin.lines}
    assert numbers >= set(range(31, 42)) | {144, 145}
    codes = {line.check.code: line.check for line in origin.lines}
    assert codes["capture-complete"].passed
    # One of the cleanliness checks failed in this capture: the notary has to say why it may stand.
    assert not codes["capture-clean"].passed
    assert not codes["capture-clean"].failed
    assert office.outcomes(view)["content"] == "pass"
    browser = login_strong(office.notary_user)
    address = f"/desk/matters/{sealed}/check"
    assert f"{address}/recording" in browser.get(address).text
    page = browser.get(f"{address}/recording")
    assert page.status_code == 200
    assert "player-stage" in page.text
    assert f"{address}/recording/" in page.text
    segment = file_of(office, sealed, ".mp4")
    part = browser.get(f"{address}/recording/{segment.position}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data), part.mimetype) == (206, 10, "video/mp4")
    manifest = file_of(office, sealed, "environment.json")
    assert browser.get(f"{address}/recording/{manifest.position}").status_code == 404
    with office.tools.database.reading() as session:
        acts = [entry.action for entry in entries_for(session, f"matter:{sealed}")]
    assert acts.count("check.recording_viewed") == 1


def test_a_damaged_segment_is_named(office: Office, sealed: str) -> None:
    segment = file_of(office, sealed, ".mp4")
    vault = office.tools.vault
    assert isinstance(vault, FileVault)
    path = vault.path(segment.vault_key or "")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    view = office.checked(sealed)
    assert {"files-digests", "capture-files"} <= office.failed(view)
    outcomes = office.outcomes(view)
    assert (outcomes["content"], outcomes["origin"]) == ("fail", "fail")
    content = view.group("content")
    assert content is not None
    bad = [each["path"] for each in content.facts["files"] if each["state"] != "same"]
    assert bad == [segment.path]


def test_an_erased_capture_leaves_its_manifest(office: Office, sealed: str) -> None:
    deposit = office.deposit_of(sealed)
    with office.tools.database.transaction() as session:
        rows = session.query(DepositFile).filter(DepositFile.deposit_id == deposit.id)
        keys = [row.vault_key for row in rows]
        session.execute(
            update(DepositFile).where(DepositFile.deposit_id == deposit.id).values(vault_key=None)
        )
        row = session.get_one(Deposit, deposit.id)
        row.erased_at = office.clock()
    for key in keys:
        office.tools.vault.delete(key or "")
    view = office.checked(sealed)
    assert not office.failed(view)
    outcomes = office.outcomes(view)
    assert (outcomes["content"], outcomes["origin"]) == ("unknown", "unknown")


def test_a_draw_is_judged_and_a_rehearsal_is_a_question(office: Office, request) -> None:  # type: ignore[no-untyped-def]
    ceremony = request.getfixturevalue("ceremony")  # noqa: F811
    ceremony.until("final")
    with office.tools.database.reading() as session:
        draw = session.get_one(Draw, ceremony.draw_id)
        deposit = session.get_one(Deposit, draw.deposit_id)
    view = office.checked(office.matter(deposit))
    origin = view.group("origin")
    assert origin is not None
    assert {51, 53, 61, 75, 146} <= {line.check.number for line in origin.lines}
    assert not office.failed(view)
    assert office.outcomes(view) == {
        "content": "pass",
        "time": "pass",
        "ledger": "pass",
        "origin": "unknown",
    }
    open_ = {line.check.code for line in origin.lines if line.check.outcome == "unknown"}
    assert open_ <= {"draw-real", "draw-named", "draw-audit"}
    assert origin.facts["rehearsal"] is True
