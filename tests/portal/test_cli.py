"""The commands, as people and scripts call them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.accounts.keys import authenticate_api_key
from portal.accounts.models import User
from portal.accounts.service import ADMINISTRATOR_EMAIL, find_user
from portal.audit.actor import Actor
from portal.deposits.models import State
from portal.services import Services
from portal.settings import Settings
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import actor_of, put
from tests.waiting import wait_for
from timestamping.package import verify_package


@pytest.fixture
def call(app: Flask) -> object:
    runner = app.test_cli_runner()

    def run(*arguments: str, ok: bool = True, **more: object) -> Result:
        with app.app_context():  # as the flask command gives it
            result = runner.invoke(args=list(arguments), **more)  # type: ignore[arg-type]
        assert (result.exit_code == 0) is ok, result.output
        return result

    return run


@pytest.fixture
def initialised(call: object, services: Services) -> Actor:
    call("init")  # type: ignore[operator]
    user = find_user(services.database, ADMINISTRATOR_EMAIL)
    assert user is not None
    return actor_of(user)


def test_init_shows_the_password_once(call, services: Services) -> None:
    first = call("init").output
    assert re.search(r"One-time password, shown only now: \S{10,}", first)
    assert "password" not in call("init").output
    assert find_user(services.database, ADMINISTRATOR_EMAIL) is not None


class TestDeposit:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "合同 𠮷.pdf"
        path.write_bytes(b"content" * 1000)
        return path

    def test_a_file_becomes_a_package_that_verifies(
        self, call, initialised: Actor, services: Services, file: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        made = json.loads(call("deposit", str(file), "--json", "--output", str(out)).output)
        assert {"id", "number", "letter", "package", "token"} <= set(made)
        assert Path(made["letter"]).read_bytes()[:5] == b"%PDF-"
        assert Path(made["token"]).suffix == ".tsr"
        assert Path(made["package"]).parent == out
        assert verify_package(Path(made["package"]), file=file).exit_code == 0
        deposit = services.deposits.get(initialised, made["id"])
        assert (deposit.kind, deposit.filename, deposit.size) == ("file", file.name, 7000)
        assert services.deposits.custody(initialised, made["id"])[0].via == "cli"
        check_spine(services.deposits.tools, all_issued=True)

    def test_a_digest_alone(
        self, call, initialised: Actor, services: Services, file: Path, tmp_path: Path
    ) -> None:
        arguments = ["--digest-only", "--title", "t", "--json", "--output", str(tmp_path / "out")]
        made = json.loads(call("deposit", str(file), *arguments).output)
        deposit = services.deposits.get(initialised, made["id"])
        assert (deposit.kind, deposit.vault_key, deposit.title) == ("digest", None, "t")
        assert verify_package(Path(made["package"]), file=file).exit_code == 0

    def test_for_somebody(
        self, call, user: User, services: Services, file: Path, tmp_path: Path
    ) -> None:
        arguments = ["--owner", user.email, "--json", "--output", str(tmp_path / "out")]
        made = json.loads(call("deposit", str(file), *arguments).output)
        assert services.deposits.get(actor_of(user), made["id"]).state == State.ISSUED

    def test_nobody_of_that_name(self, call, file: Path) -> None:
        result = call("deposit", str(file), "--owner", "nobody@example.com", ok=False)
        assert "no account" in result.output

    def test_an_empty_file(self, call, initialised: Actor, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.touch()
        for more in ([], ["--digest-only"]):
            result = call("deposit", str(empty), *more, ok=False)
            assert "nothing to prove" in result.output

    def test_a_name_as_long_as_the_system_allows(
        self, call, initialised: Actor, tmp_path: Path
    ) -> None:
        long = tmp_path / ("x" * 251 + ".pdf")
        long.write_bytes(b"x")
        call("deposit", str(long), "--output", str(tmp_path / "out"))

    def test_what_waits_is_told(
        self,
        call,
        initialised: Actor,
        services: Services,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(type(services.deposits), "advance", lambda _: 0)
        result = call("deposit", str(file), "--json", "--wait", "0", ok=False)
        assert result.exit_code == 3
        assert json.loads(result.output)["waits_for"]


def test_a_person_and_their_key(call, services: Services) -> None:
    made = call("create-user", "a@example.com", "--name", "张三", "--role", "notary").output
    assert "one-time password" in made
    user = find_user(services.database, "a@example.com")
    assert user is not None
    assert user.role_names == {"notary"}
    key = call("api-key", "a@example.com", "--scope", "read").output.split()[-1]
    holder = authenticate_api_key(services.database, key)
    assert (holder.user_id, holder.scopes) == (user.id, {"read"})
    assert "account" in call("create-user", "a@example.com", "--name", "x", ok=False).output


def test_the_custody_log_is_proved(call, initialised: Actor, services: Services) -> None:
    found = json.loads(call("audit", "verify", "--json").output)
    assert found["ok"] is True
    assert found["size"] >= 1


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "ENVIRONMENT": "test",
        # So seldom that in this test a nudge alone can have woken the worker.
        "SWEEP_SECONDS": "300",
    }


@pytest.mark.fault
def test_a_nudge_wakes_the_real_worker_and_sigterm_ends_it(
    services: Services, settings: Settings, user: User, make_settings: MakeSettings
) -> None:
    actor = actor_of(user)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    first = put(services.deposits, actor)
    worker = subprocess.Popen(command, env=_environment(settings), stderr=subprocess.PIPE)
    try:
        _wait_for(services, actor, first.id)  # what was there when it started
        second = put(services.deposits, actor)
        _wait_for(services, actor, second.id)
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=30)
    finally:
        worker.kill()
    assert worker.returncode == 0, log.decode()
    assert b"Traceback" not in log
    check_spine(services.deposits.tools, all_issued=True)


def _wait_for(services: Services, actor: Actor, deposit_id: str) -> None:
    wait_for(
        lambda: services.deposits.get(actor, deposit_id).state == State.ISSUED,
        "the letter is issued",
    )
