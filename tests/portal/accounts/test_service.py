"""Accounts without a web request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.accounts.models import ROLES, Role
from portal.accounts.passwords import NORMAL, hash_password, one_time_password
from portal.accounts.service import (
    ADMINISTRATOR_EMAIL,
    create_user,
    ensure_administrator,
    find_user,
    set_roles,
)
from portal.audit.actor import Actor
from portal.audit.service import entries_for, verify_chain
from portal.database import Database
from portal.problems import BadInput, Conflict, NotFound
from portal.settings import Settings

CLI = Actor.process("cli")
GOOD = {"email": "a@example.com", "name": "王芳", "password": "long enough", "roles": ("notary",)}


def test_the_first_administrator_is_made_once(database: Database, settings: Settings) -> None:
    password = ensure_administrator(database, settings)
    assert password is not None
    assert len(password) == 19
    assert ensure_administrator(database, settings) is None
    user = find_user(database, ADMINISTRATOR_EMAIL)
    assert user is not None
    assert "administrator" in user.role_names
    assert user.must_change_password


def test_processes_starting_together_make_one_administrator(
    database: Database, settings: Settings
) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ensure_administrator(database, settings), range(4)))
    assert len([password for password in made if password]) == 1
    with database.reading() as session:
        assert verify_chain(session).ok


def test_one_time_passwords_differ() -> None:
    assert len({one_time_password() for _ in range(100)}) == 100


def test_stored_passwords_are_argon2id_at_the_cost_outside_of_tests(settings: Settings) -> None:
    normal = settings.model_copy(update={"environment": "development"})
    assert hash_password("x", normal).startswith(f"$argon2id$v=19$m={NORMAL.m},t={NORMAL.t},p=1$")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "nowhere"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"password": "short"}, "password_short"),
        ({"roles": ("king",)}, "role"),
    ],
)
def test_bad_input(
    database: Database, settings: Settings, change: dict[str, object], code: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        create_user(database, settings, CLI, **(GOOD | change))  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert refusal.value.field


def test_one_account_an_address(database: Database, settings: Settings) -> None:
    create_user(database, settings, CLI, **GOOD)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        create_user(database, settings, CLI, **(GOOD | {"email": "A@EXAMPLE.com"}))  # type: ignore[arg-type]


def test_a_change_of_roles_is_recorded_with_both_sides(
    database: Database, settings: Settings
) -> None:
    user = create_user(database, settings, CLI, **GOOD)  # type: ignore[arg-type]
    boss = Actor("boss", "Boss", frozenset({"administrator"}), "10.0.0.1")
    assert set_roles(database, boss, user.id, ["auditor", "notary"]).role_names == {
        "auditor",
        "notary",
    }
    set_roles(database, boss, user.id, ["auditor", "notary"])  # nothing changes: no entry
    with database.reading() as session:
        entries = entries_for(session, f"user:{user.id}")
    assert [entry.action for entry in entries] == ["account.created", "account.roles_changed"]
    assert entries[1].detail == '{"after":"auditor notary","before":"notary"}'
    with pytest.raises(NotFound):
        set_roles(database, boss, "nobody", ["notary"])


def test_the_migration_brings_every_role(database: Database) -> None:
    with database.reading() as session:
        assert {role.name for role in session.query(Role)} == set(ROLES)
