"""What holds for every test."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

from lottery.verifier import load_py_ecc
from tests import memory, quick
from tests.effort import ALL, examples

memory.keep_files_in_memory()
quick.share()
# Whoever imports it later, web3 too, lifts no limit of this process any more.
with suppress(ImportError):
    load_py_ecc()
# How long an example takes says how busy the machine is. The same examples each time, so that a red
# run can be repeated; the long run looks for others.
settings.register_profile(
    "ours",
    max_examples=examples(100),
    deadline=None,
    derandomize=not ALL,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ours")


#: A portal is made for these, and a portal has a database; but what they are about is settled
#: before any of its tables is asked, or without one.
_NO_MATTER_WHICH_DATABASE = (
    "tests/functional/test_frame.py",  # languages, menus, addresses of assets
    "tests/portal/api/test_description.py",  # what is told of endpoints and schemas
    "tests/portal/test_default_deny.py",  # the guard before every view
    "tests/portal/test_headers.py",  # what every answer tells the browser
    "tests/portal/test_limits.py",  # counts in memory and in Redis
    "tests/portal/ui/test_templating.py",  # how sizes and times are written
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside a PostgreSQL only what works with a database is run; the rest has had its run. Of a
    test with many cases the first one alone: what the cases tell apart is not the database. With
    ``all`` in POSTGRES_TESTS everything that has a database, and every case."""
    if not os.environ.get("TEST_DATABASE_URL"):
        return
    every = os.environ.get("POSTGRES_TESTS") == "all"
    chosen, rest, met = [], [], set()
    for item in items:
        fault = "fault" in item.keywords
        wanted = fault or "database_url" in getattr(item, "fixturenames", ())
        name = item.nodeid.partition("[")[0]
        first = name not in met and not name.startswith(_NO_MATTER_WHICH_DATABASE)
        if wanted and (every or fault or first):
            met.add(name)
            chosen.append(item)
        else:
            rest.append(item)
    config.hook.pytest_deselected(items=rest)
    items[:] = chosen


def pytest_collection_finish() -> None:
    quick.keep_what_there_is()
