"""The factory: what it refuses, what it keeps, and whom it believes."""

from __future__ import annotations

import inspect
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
from flask import Flask
from pydantic import SecretStr

import migrations
from portal.app import create_app
from portal.services import Services
from portal.settings import Settings
from portal.ui.context import current_actor, request_id
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings

_ROOT = Path(__file__).parents[2]


def test_a_schema_that_is_behind_is_refused_by_name(services: Services) -> None:
    migrations.downgrade(services.database)
    with pytest.raises(migrations.SchemaBehindError, match="flask --app wsgi init"):
        create_app(services=services)


def test_the_command_line_may_upgrade_it(services: Services) -> None:
    migrations.downgrade(services.database)

    @click.command()
    def command() -> None:
        create_app(services=services)
        migrations.upgrade(services.database)

    command.main([], standalone_mode=False)
    assert migrations.is_current(services.database)


def test_the_secret_is_made_once_and_guarded(services: Services, settings: Settings) -> None:
    first, second = create_app(services=services), create_app(services=services)
    assert first.secret_key == second.secret_key
    assert len(str(first.secret_key)) == 64
    path = settings.path("keys/session.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_given_secret_is_used(make_settings: MakeSettings, services: Services) -> None:
    app = create_app(make_settings(secret_key=SecretStr("given")), services)
    assert app.secret_key == "given"


def _probe(app: Flask, monkeypatch: pytest.MonkeyPatch) -> PortalClient:
    monkeypatch.setattr("portal.security.PUBLIC_ENDPOINTS", frozenset({"probe"}))
    app.add_url_rule(
        "/probe", "probe", lambda: {"address": current_actor().address, "id": request_id()}
    )
    app.test_client_class = PortalClient
    return app.test_client()  # type: ignore[return-value]


FORWARDED = {"X-Forwarded-For": "203.0.113.5, 198.51.100.1", "X-Request-ID": "given-by-proxy"}


def test_nobody_chooses_their_own_address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _probe(app, monkeypatch).get("/probe", headers=FORWARDED).json
    assert said["address"] == "127.0.0.1"
    assert said["id"] != "given-by-proxy"


def test_as_many_proxies_as_set_are_believed(
    make_settings: MakeSettings, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(make_settings(trusted_proxies=1), services)
    said = _probe(app, monkeypatch).get("/probe", headers=FORWARDED).json
    assert said == {"address": "198.51.100.1", "id": "given-by-proxy"}


def test_hosts_of_others_are_refused_in_production(
    make_settings: MakeSettings, services: Services
) -> None:
    settings = make_settings(
        environment="production",
        base_url="https://notary.example",
        stampers="embedded:",
        mail=SecretStr("smtp://mail.notary.example"),
        mail_from="no-reply@notary.example",
        key_passphrase=SecretStr("x"),
        secret_key=SecretStr("x"),
    )
    client = create_app(settings, services).test_client()
    assert client.get("/signin", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/signin", headers={"Host": "notary.example"}).status_code == 200


def test_a_request_leaves_no_transaction_behind(client: PortalClient, services: Services) -> None:
    client.get("/signin")
    assert not services.database.scoped.registry.has()


def test_nothing_around_a_view_is_a_coroutine(app: Flask) -> None:
    """The application calls every function as it is."""
    around = [app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs]
    called = [each for table in around for some in table.values() for each in some]
    called += [*app.view_functions.values(), *app.teardown_appcontext_funcs]
    handlers = app.error_handler_spec.values()
    called += [each for by in handlers for some in by.values() for each in some.values()]
    assert len(called) > 100
    assert not [each for each in called if inspect.iscoroutinefunction(each)]


def test_importing_the_verifier_imports_no_web_framework() -> None:
    code = "import sys, portal.verification; print({'flask', 'sqlalchemy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_ROOT
    )
    assert done.stdout.strip() == "set()"
