"""What is applied for is kept; what is one's own is taken along."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.matters.models import Matter, MatterState
from portal.matters.service import MatterService
from portal.privacy.activity import Asked
from portal.privacy.eraser import Eraser
from portal.privacy.retention import Retention
from portal.problems import Conflict
from portal.services import Services
from tests.portal.matters.conftest import PDF, complete

REASON = "不再需要"


def test_content_stays_while_a_certificate_is_applied_for(
    services: Services, matters: MatterService, actor: Actor, deposit: Deposit, submitted: str
) -> None:
    erasing = services.privacy.erasing
    standing = erasing.standing(actor, deposit)
    assert standing.held
    assert standing.applied_for
    with pytest.raises(Conflict, match="application for a notarial certificate"):
        erasing.ask(actor, deposit.id, REASON, deposit.number)
    matters.withdraw(actor, submitted, "mistake")
    assert not erasing.standing(actor, deposit).held
    erasing.ask(actor, deposit.id, REASON, deposit.number)


def test_an_erasure_asked_for_before_waits_for_the_application(
    services: Services, matters: MatterService, actor: Actor, deposit: Deposit, draft: str
) -> None:
    services.privacy.erasing.ask(actor, deposit.id, REASON, deposit.number)
    complete(matters, actor, draft)
    matters.submit(actor, draft)
    later = lambda: services.clock() + timedelta(days=365)  # noqa: E731
    eraser = Eraser(services.database, services.vault, later)
    assert eraser.advance() == 0
    assert b"".join(services.deposits.original(actor, deposit.id).stream)
    with services.database.transaction() as session:
        session.get_one(Matter, draft).state = MatterState.ARCHIVED
    much = lambda: services.clock() + timedelta(days=400)  # noqa: E731
    assert Eraser(services.database, services.vault, much).advance() == 1


def test_retention_passes_by_what_is_applied_for(
    services: Services, matters: MatterService, actor: Actor, submitted: str
) -> None:
    later = lambda: services.clock() + timedelta(days=40)  # noqa: E731
    assert Retention(services.database, later, 30).advance() == 0
    matters.withdraw(actor, submitted, "mistake")
    assert Retention(services.database, later, 30).advance() == 1


def test_documents_are_no_orphans(
    services: Services, matters: MatterService, submitted: str
) -> None:
    from portal.operators.orphans import census

    found = census(services.database, services.vault, services.clock() + timedelta(days=3))
    assert found.orphans == ()
    assert [key for key, _, _ in services.vault.kept() if key.startswith("matter/")]


def test_documents_are_encrypted_at_rest(services: Services, submitted: str) -> None:
    files = [each for each in services.settings.data_dir.rglob("*") if each.is_file()]
    assert files
    assert not [each for each in files if PDF in each.read_bytes()]


def test_one_takes_ones_applications_along(
    services: Services, matters: MatterService, actor: Actor, submitted: str
) -> None:
    matters.post(actor, submitted, "您好")
    data = b"".join(services.privacy.takeout.download(actor).stream)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [mine] = json.loads(archive.read("matters.json"))
        [said] = json.loads(archive.read("messages.json"))
    assert (mine["id"], mine["state"]) == (submitted, "submitted")
    assert said["text"] == "您好"


def test_ones_activity_says_who_looked(
    services: Services, matters: MatterService, actor: Actor, notary: Actor, submitted: str
) -> None:
    matters.particulars(notary, submitted, matters.view(actor, submitted).parties[0].id)
    services.privacy.follow()
    found = services.privacy.activity.page(actor, Asked("matter"))
    assert (found[0].action, found[0].actor_id) == ("matter.particulars_read", notary.id)
    assert any(each.action == "matter.submitted" for each in found)
