"""From the review to a deposit: one transaction, whatever dies, and what comes out of it."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from chain_adapter import digest_of
from forensics.desktop.interface import Terminal
from portal.audit.actor import Actor
from portal.audit.service import entries_for, verify_chain
from portal.captures import sealing
from portal.captures.models import Capture, CaptureFile
from portal.captures.service import CaptureService, Said
from portal.cases.service import CaseFields
from portal.deposits.models import Deposit, DepositFile
from portal.problems import Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.captures.conftest import Drive, acts, wish
from tests.portal.captures.fake import FakeDesktop
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import acting, join, make_company

__all__ = ["join", "make_company"]

SAID = Said("侵权页面", "销售侵权商品")


def issue(services: Services) -> None:
    while services.advance():
        pass
    with services.database.reading() as session:
        reasons = list(session.scalars(select(Deposit.wait_detail)))
    assert reasons == [None] * len(reasons)


def deposits(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Deposit)) or 0


def test_sealing_makes_one_deposit_of_the_manifest_and_its_files(
    services: Services, captures: CaptureService, actor: Actor, reviewed: Capture
) -> None:
    files = captures.shelves.files(reviewed)
    deposit_id = captures.seal(actor, reviewed.id, SAID)
    assert captures.seal(actor, reviewed.id, SAID) == deposit_id
    deposit = services.deposits.get(actor, deposit_id)
    manifest = services.vault.read(deposit.vault_key or "")
    assert deposit.kind == "capture"
    assert deposit.sha256 == digest_of(manifest).hex == reviewed.sha256
    assert [each["path"] for each in json.loads(manifest)["files"]] == [f.path for f in files]
    with services.database.reading() as session:
        rows = session.scalars(
            select(DepositFile).where(DepositFile.deposit_id == deposit_id)
        ).all()
        assert {row.vault_key for row in rows} == {file.vault_key for file in files}
        assert not session.scalars(select(CaptureFile)).all()
        said = [each.action for each in entries_for(session, deposit.subject)]
        assert said == ["deposit.received"]
        assert verify_chain(session).ok
    assert deposits(services) == 1


def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(
    services: Services,
    captures: CaptureService,
    actor: Actor,
    reviewed: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    for name in ("_files", "columns_of", "_row", "_acts", "record_many"):
        with monkeypatch.context() as patched:
            patched.setattr(sealing, name, die)
            with pytest.raises(Killed):
                captures.seal(actor, reviewed.id, SAID)
        assert deposits(services) == 0
        assert len(captures.shelves.files(reviewed)) == reviewed.file_count
    captures.seal(actor, reviewed.id, SAID)
    assert deposits(services) == 1


def test_many_who_seal_at_once_get_the_same_deposit(
    services: Services, captures: CaptureService, actor: Actor, reviewed: Capture
) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: captures.seal(actor, reviewed.id, SAID), range(6)))
    assert len(set(made)) == 1
    assert deposits(services) == 1


def test_the_letter_and_the_package_speak_of_the_capture(
    services: Services, captures: CaptureService, actor: Actor, reviewed: Capture, tmp_path: Path
) -> None:
    deposit_id = captures.seal(actor, reviewed.id, SAID)
    issue(services)
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"".join(services.deposits.letter(actor, deposit_id).stream))
    command = ["pdftotext", "-layout", str(letter), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for words in ("captured here", "附件 8", "hosts", "adblock 1.2", "Mark", "segment-000002.mp4"):
        assert words in text, words
    for words in ("<b>这里</b>", "chromium 150.0", "stills/0001.png", "in person at the desktop"):
        assert words.replace(" ", "") in text.replace(" ", "").replace("\n", ""), words
    package = tmp_path / "package.zip"
    package.write_bytes(b"".join(services.deposits.package(actor, deposit_id, True).stream))
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        listed = json.loads(archive.read("files.json"))
    assert listed["schema"] == "notary/capture/v1"
    assert "files/recording/segment-000001.mp4" in names
    assert len([name for name in names if name.startswith("files/")]) == len(listed["files"])
    whole = io.BytesIO(b"".join(services.deposits.original(actor, deposit_id).stream))
    with zipfile.ZipFile(whole) as archive:
        assert len(archive.namelist()) == len(listed["files"])


def test_an_interrupted_capture_is_sealed_as_such(
    services: Services,
    captures: CaptureService,
    actor: Actor,
    live: Capture,
    desk: FakeDesktop,
    drive: Drive,
    tmp_path: Path,
) -> None:
    desk.terminal, desk.reason, desk.gap = Terminal.INTERRUPTED, "the recorder died", True
    captures.live.finish(actor, live.id)
    drive()
    deposit_id = captures.seal(actor, live.id, SAID)
    issue(services)
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"".join(services.deposits.letter(actor, deposit_id).stream))
    command = ["pdftotext", str(letter), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "采集中断" in text
    assert "the recorder died" in text
    assert "whole from its first frame" not in text


def test_erasing_takes_the_files_and_leaves_the_proof(
    services: Services, captures: CaptureService, actor: Actor, reviewed: Capture, clock
) -> None:  # type: ignore[no-untyped-def]
    files = captures.shelves.files(reviewed)
    deposit_id = captures.seal(actor, reviewed.id, SAID)
    issue(services)
    number = services.deposits.get(actor, deposit_id).number
    services.privacy.erasing.ask(actor, deposit_id, "不再需要", number)
    clock.forward(days=30)
    services.privacy.advance()
    assert not any(services.vault.exists(file.vault_key or "") for file in files)
    _, found = captures.shelves.look(actor, reviewed.id)
    assert len(found.files) == len(files)
    assert not found.segments
    b"".join(services.deposits.package(actor, deposit_id).stream)  # its proof is whole


def test_it_goes_into_its_case_unless_that_was_closed(
    services: Services, captures: CaptureService, actor: Actor, drive: Drive
) -> None:
    case = services.cases.create(actor, CaseFields("案件", "", ""))
    made = []
    for closed in (False, True):
        capture = captures.ask(actor, wish(case_id=case.id))
        drive()
        captures.live.finish(actor, capture.id)
        drive()
        if closed:
            services.cases.close(actor, case.id)
        made.append(captures.seal(actor, capture.id, SAID))
    found = [services.deposits.get(actor, each).case_id for each in made]
    assert found == [case.id, None]


def test_only_a_complete_one_seals_itself(
    services: Services, captures: CaptureService, actor: Actor, desk: FakeDesktop, drive, reload
) -> None:  # type: ignore[no-untyped-def]
    several = {"start_url": "", "urls": ("https://a.example/", "https://b.example/")}
    whole = captures.ask(actor, wish(seal_itself=True, **several))
    drive()
    assert desk.there[whole.session].spec.urls == several["urls"]
    desk.finish(whole.session)
    drive()
    assert reload(whole).state == "sealed"
    desk.terminal = Terminal.INTERRUPTED
    broken = captures.ask(actor, wish(seal_itself=True, **several))
    drive()
    desk.finish(broken.session)
    drive()
    assert reload(broken).state == "review"
    assert deposits(services) == 1


def test_sealing_is_its_holders(
    services: Services,
    captures: CaptureService,
    actor: Actor,
    reviewed: Capture,
    make_user: MakeUser,
) -> None:
    stranger = acts(make_user())
    for attempt in (
        lambda: captures.seal(stranger, reviewed.id, SAID),
        lambda: captures.live.abandon(stranger, reviewed.id),
        lambda: captures.shelves.look(stranger, reviewed.id),
        lambda: captures.shelves.take(stranger, reviewed.id, 0),
        lambda: captures.shelves.shown(stranger, reviewed.id, 0),
        lambda: captures.live.standing(stranger, reviewed.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    other = captures.ask(actor, wish())
    with pytest.raises(Conflict):
        captures.seal(actor, other.id, SAID)


def test_in_an_organisation_readers_look_and_members_seal(
    services: Services, captures: CaptureService, make_company, drive: Drive
) -> None:  # type: ignore[no-untyped-def]
    company = make_company("甲公司")
    manager = acting(services, company.manager, company.id)
    reader = acting(services, company.reader, company.id)
    with pytest.raises(Forbidden):
        captures.ask(reader, wish())
    capture = captures.ask(manager, wish())
    drive()
    with pytest.raises(Forbidden):
        captures.live.still(reader, capture.id)
    captures.live.finish(manager, capture.id)
    drive()
    assert captures.shelves.look(reader, capture.id)
    with pytest.raises(Forbidden):
        captures.seal(reader, capture.id, SAID)
    # Even while acting for themselves: it stays the organisation's.
    deposit_id = captures.seal(acts(company.manager), capture.id, SAID)
    assert services.deposits.get(manager, deposit_id).organisation_id == company.id
