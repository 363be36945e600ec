"""Content that no row names is found; content that any row names never is."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal.audit.service import latest
from portal.operators.orphans import census, columns, remove
from portal.services import Services
from portal.storage.files import FileVault
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of, put, run


@pytest.fixture
def vault(services: Services) -> FileVault:
    assert isinstance(services.vault, FileVault)
    return services.vault


def _age(vault: FileVault) -> None:
    """Everything in the vault was put there two days ago."""
    before = time.time() - 2 * 86400
    for path in vault.objects.rglob("*.age"):
        os.utime(path, (before, before))


def test_columns_that_name_content() -> None:
    found = {f"{column.table.name}.{column.name}" for column in columns()}
    assert {"deposits.vault_key", "deposits.letter_key"} <= found
    assert "deposits.idempotency_key" not in found


def test_what_deposits_name_is_kept_and_the_rest_found(
    services: Services, vault: FileVault, make_user: MakeUser
) -> None:
    put(services.deposits, actor_of(make_user()))
    run(services.deposits)
    vault.put("letter/lost/0123456789abcdef", b"a letter that nobody names")
    young = census(services.database, vault, services.clock())
    assert (young.kept, young.orphans) == (3, ())
    _age(vault)
    found = census(services.database, vault, services.clock())
    assert [each.key for each in found.orphans] == ["letter/lost/0123456789abcdef"]
    assert found.bytes >= found.orphans[0].size > 0
    assert remove(services.database, vault, found.orphans) == 1
    assert census(services.database, vault, services.clock()).orphans == ()
    assert found.orphans[0].since < services.clock() - timedelta(days=1)


def test_what_was_recorded_since_is_not_removed(
    services: Services, vault: FileVault, make_user: MakeUser
) -> None:
    made = put(services.deposits, actor_of(make_user()))
    vault.put("upload/lost/1", b"x")
    _age(vault)
    (orphan,) = census(services.database, vault, services.clock()).orphans
    recorded = type(orphan)(str(made.vault_key), orphan.since, orphan.size)
    assert remove(services.database, vault, (recorded, orphan)) == 1
    assert vault.exists(str(made.vault_key))


def test_the_command_lists_and_deletes(app: Flask, services: Services, vault: FileVault) -> None:
    vault.put("upload/lost/1", b"x")
    _age(vault)
    runner = app.test_cli_runner()

    def call(*more: str) -> dict[str, object]:
        with app.app_context():
            result = runner.invoke(args=["vault", "orphans", "--json", *more])
        assert result.exit_code == 0, result.output
        told: dict[str, object] = json.loads(result.output)
        return told

    assert call() == {
        "kept": 1, "bytes": _size(vault), "deleted": 0, "orphans": ["upload/lost/1"],
    }  # fmt: skip
    assert call("--delete")["deleted"] == 1
    assert call()["kept"] == 0
    with services.database.reading() as session:
        assert latest(session, 1)[0].action == "vault.orphans_deleted"


def _size(vault: FileVault) -> int:
    return sum(path.stat().st_size for path in Path(vault.objects).rglob("*.age"))
