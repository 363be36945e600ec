"""What holds for every test."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

from lottery.verifier import load_py_ecc
from tests import quick
from tests.effort import examples

quick.share()
# Whoever imports it later, web3 too, lifts no limit of this process any more.
with suppress(ImportError):
    load_py_ecc()
# How long an example takes says how busy the machine is.
settings.register_profile(
    "ours",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ours")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside a PostgreSQL only what works with a database is run; the rest has had its run. Of a
    test with many cases the first one alone, unless POSTGRES_TESTS says ``all``: what the cases
    tell apart is not the database."""
    if not os.environ.get("TEST_DATABASE_URL"):
        return
    every = os.environ.get("POSTGRES_TESTS") == "all"
    chosen, rest, met = [], [], set()
    for item in items:
        fault = "fault" in item.keywords
        wanted = fault or "database_url" in getattr(item, "fixturenames", ())
        name = item.nodeid.partition("[")[0]
        if wanted and (every or fault or name not in met):
            met.add(name)
            chosen.append(item)
        else:
            rest.append(item)
    config.hook.pytest_deselected(items=rest)
    items[:] = chosen


def pytest_collection_finish() -> None:
    quick.keep_what_there_is()
