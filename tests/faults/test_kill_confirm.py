"""``kill -9`` at every crossing of a confirmation: the draft is there, or the deposits are, and
confirming again ends well."""

from __future__ import annotations

import signal
import uuid

import pytest
from sqlalchemy import func, select

from chain_adapter import digest_of
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.services import Services
from portal.settings import Settings
from portal.storage.files import FileVault
from portal.uploads.models import DraftState, Upload, UploadDraft
from portal.uploads.service import Grouping, NewFile, Wish
from tests.faults.dying import confirm
from tests.forks import FORKS
from tests.portal.uploads.conftest import body_of

_MOST = 30
_FILES = 3


def _draft(services: Services, actor: Actor) -> str:
    draft = str(uuid.uuid4())
    for number in range(_FILES):
        content = f"{draft} {number}".encode()
        new = NewFile(f"d/{number}", len(content), digests=(digest_of(content),))
        services.uploads.create(actor, draft, new, body_of(content))
    return draft


def _killed(settings: Settings, actor: Actor, draft: str, grouping: str, crossings: int) -> bool:
    process = FORKS.Process(target=confirm, args=(settings, actor, draft, grouping, crossings))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _count(services: Services, model: type, draft: str) -> int:
    query = select(func.count()).select_from(model)
    if model is Upload:
        query = query.where(Upload.draft_id == draft)
    with services.database.reading() as session:
        return session.scalar(query) or 0


def _state(services: Services, draft: str) -> str:
    with services.database.reading() as session:
        return session.get_one(UploadDraft, draft).state


@pytest.mark.fault
@pytest.mark.parametrize("grouping", [Grouping.EACH, Grouping.LIST])
def test_there_is_the_draft_or_there_are_the_deposits(
    services: Services, user: User, grouping: Grouping
) -> None:
    actor = Actor(user.id, user.name, frozenset({"depositor"}))
    killed, made = 0, 0
    each = _FILES if grouping is Grouping.EACH else 1
    for crossings in range(1, _MOST):
        draft = _draft(services, actor)
        died = _killed(services.settings, actor, draft, grouping, crossings)
        confirmed = _state(services, draft) == DraftState.CONFIRMED
        assert _count(services, Upload, draft) == (0 if confirmed else _FILES)
        assert _count(services, Deposit, draft) == made + (each if confirmed else 0)
        again = services.uploads.confirm(actor, draft, Wish(grouping))
        made += each
        assert (len(again.deposits), again.replayed) == (each, confirmed)
        assert _count(services, Deposit, draft) == made
        if not died:
            break
        killed += 1
    else:
        pytest.fail("no confirmation survived")
    assert killed >= 3
    vault = services.vault
    assert isinstance(vault, FileVault)
    lists = 0 if grouping is Grouping.EACH else killed + 1
    assert sum(1 for _ in vault.objects.glob("*/*")) == (killed + 1) * _FILES + lists
