"""What holds for every test."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside a PostgreSQL only what works with a database is run; the rest has had its run."""
    if not os.environ.get("TEST_DATABASE_URL"):
        return
    chosen, rest = [], []
    for item in items:
        names = getattr(item, "fixturenames", ())
        (chosen if "database_url" in names or "fault" in item.keywords else rest).append(item)
    config.hook.pytest_deselected(items=rest)
    items[:] = chosen
