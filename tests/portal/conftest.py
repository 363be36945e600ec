"""A whole portal in a temporary folder: real ledger, real time-stamping authority, CSRF on."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from portal.accounts import totp
from portal.accounts.keys import create_api_key
from portal.accounts.models import User
from portal.accounts.service import create_user
from portal.app import create_app
from portal.audit.actor import Actor
from portal.database import Database
from portal.services import Services, build_services
from portal.settings import Environment, Settings
from tests.portal.client import PASSWORD, PortalClient
from tests.portal.templates import Fill, administer, postgres_template, sqlite_template

MakeUser = Callable[..., User]
MakeKey = Callable[..., str]
MakeSettings = Callable[..., Settings]


@pytest.fixture
def database_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own: on TEST_DATABASE_URL's server, else a SQLite file. It is empty; for a
    test that lets ``fill`` make it, it is not there yet."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield f"sqlite:///{tmp_path / 'portal.db'}"
        return
    url = make_url(server).set(database=f"t_{uuid.uuid4().hex}")
    if "fill" not in request.fixturenames:
        administer(server, f"CREATE DATABASE {url.database}")
    yield url.render_as_string(hide_password=False)
    administer(server, f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Makes the database that ``database_url`` names, with the newest schema, quickly."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if server:
        return postgres_template(server)
    return sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def make_settings(tmp_path: Path, database_url: str) -> MakeSettings:
    """Settings for a test; keyword arguments override."""

    def make(**changes: object) -> Settings:
        values: dict[str, object] = {
            "environment": Environment.TEST,
            "data_dir": tmp_path / "var",
            "database_url": database_url,
            "rate_limit": "100000 per minute",
            "sign_in_rate_limit": "1000 per minute",
        }
        return Settings(_env_file=None, **(values | changes))  # type: ignore[arg-type, call-arg]

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
def database(settings: Settings, fill: Fill) -> Iterator[Database]:
    """A database with the newest schema, without the rest of the portal."""
    fill(settings.database)
    database = Database(settings.database)
    yield database
    database.close()


@pytest.fixture
def services(settings: Settings, fill: Fill) -> Iterator[Services]:
    """Everything the portal is made of, over a database with the newest schema."""
    fill(settings.database)
    built = build_services(settings)
    yield built
    built.close()


@pytest.fixture
def app(settings: Settings, services: Services) -> Flask:
    app = create_app(settings, services)
    app.test_client_class = PortalClient
    return app


@pytest.fixture
def client(app: Flask) -> PortalClient:
    """A browser nobody has signed in with."""
    return _client(app)


@pytest.fixture
def new_client(app: Flask) -> Callable[[], PortalClient]:
    """Further browsers, each with its own cookies."""
    return lambda: _client(app)


@pytest.fixture
def make_user(services: Services) -> MakeUser:
    """Accounts with :data:`PASSWORD`; roles as arguments, depositor when none."""

    def make(*roles: str, name: str = "张伟", email: str = "", **more: bool) -> User:
        return create_user(
            services.database,
            services.settings,
            Actor.process("cli"),
            email=email or f"{uuid.uuid4().hex[:12]}@example.com",
            name=name,
            password=PASSWORD,
            roles=roles or ("depositor",),
            **more,
        )

    return make


@pytest.fixture
def user(make_user: MakeUser) -> User:
    """A depositor."""
    return make_user()


@pytest.fixture
def login(app: Flask) -> Callable[[User], PortalClient]:
    """A browser signed in as somebody."""

    def sign_in(user: User) -> PortalClient:
        client = _client(app)
        answer = client.sign_in(user.email)
        assert answer.status_code == 302, answer.text
        return client

    return sign_in


@pytest.fixture
def login_strong(
    services: Services, login: Callable[[User], PortalClient]
) -> Callable[[User], PortalClient]:
    """A browser signed in with a second factor, just now: sensitive pages open."""

    def sign_in(user: User) -> PortalClient:
        actor, factors = Actor(user.id, user.name, user.role_names), services.accounts.factors
        if not factors.state(user.id).app_since:
            secret = factors.begin_app(user.id)
            factors.finish_app(actor, totp.code_at(secret, totp.step_of(time.time())))
        client = login(user)
        code = {"code": factors.new_codes(actor)[0]}
        answer = client.submit("/signin/second", code)
        assert answer.status_code == 303, answer.text
        return client

    return sign_in


@pytest.fixture
def make_key(services: Services) -> MakeKey:
    """API keys for somebody."""

    def make(user: User, scopes: tuple[str, ...] = ("read", "write"), days: int = 30) -> str:
        actor = Actor(user.id, user.name, user.role_names)
        return create_api_key(services.database, actor, "test", scopes, days)[1]

    return make


@pytest.fixture
def api_key(make_key: MakeKey, user: User) -> str:
    """A key of ``user`` that reads and writes; send it with ``client.bearer(api_key)``."""
    return make_key(user)


@pytest.fixture
def logged(app: Flask) -> Iterator[StringIO]:
    """What the application writes to its log while the test runs."""
    handler = next(each for each in logging.getLogger().handlers if hasattr(each, "notary"))
    assert isinstance(handler, logging.StreamHandler)
    stream = StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def _client(app: Flask) -> PortalClient:
    client = app.test_client()
    assert isinstance(client, PortalClient)
    return client
