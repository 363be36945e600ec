"""Desktops of the real kind; where they cannot be, their tests are skipped and say why."""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.desktop import local
from tests.forensics.deskd.service import Live, Service
from tests.forensics.deskd.site import Site, site


@functools.cache
def _reasons() -> str:
    return "; ".join(local.what_is_missing())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("root") and Path(__file__).parent in item.path.parents:
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root"))
            elif _reasons():
                item.add_marker(pytest.mark.skip(reason=_reasons()))


def new_session() -> str:
    return secrets.token_hex(16)


@pytest.fixture(scope="module")
def the_site() -> Iterator[Site]:
    with site() as found:
        yield found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, the_site: Site) -> Iterator[Service]:
    """One service for a module's tests, which may reach the site and asks it for names."""
    root = tmp_path_factory.mktemp("deskd") / "desk"
    reach = ("--allow", the_site.address, "--resolver", the_site.address)
    found = Service(root, "--mode", "isolated", "--capacity", "4", *reach)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def live(service: Service) -> Iterator[Live]:
    """One desktop for tests that leave it as it is."""
    found = service.live(new_session())
    yield found
    service.client.destroy(found.session)
