"""A real portal for browser tests: gunicorn and the worker as processes, in a folder of its own."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.forks import ROOT, Program, run
from tests.ports import free_port

__all__ = ["ROOT", "LivePortal", "live_portal"]

_START_SECONDS = 240
_FLASK = ("flask", "--app", "wsgi")
_WEB = ("gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app")


@dataclass(frozen=True)
class LivePortal:
    """Where it answers, and where it keeps its things."""

    url: str
    data_dir: Path
    environment: dict[str, str] = field(repr=False)

    def flask(self, *command: str, entered: str = "") -> str:
        """Run a command of the portal's on it; what it printed."""
        return run(*_FLASK, *command, environment=self.environment, entered=entered)


@contextmanager
def live_portal(
    folder: Path, prepare: Callable[[LivePortal], dict[str, str]] | None = None, **settings: str
) -> Iterator[LivePortal]:
    """Start web and worker; both are stopped on leaving. ``prepare`` finds what the first start has
    made (keys, ledger) and gives further settings."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url, data = f"http://127.0.0.1:{port}", folder / "var"
    environment = {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATA_DIR": str(data),
        "DATABASE_URL": "",
        "BASE_URL": url,
        "BIND": f"127.0.0.1:{port}",
        "CONFIRM_EMAIL": "false",  # one test of its own goes through the mail
        "RATE_LIMIT": "100000 per minute",
        "SIGN_IN_RATE_LIMIT": "10000 per minute",
        **settings,
    }
    run(*_FLASK, "init", environment=environment)
    if prepare is not None:
        environment.update(prepare(LivePortal(url, data, environment)))
    log = folder / "log"
    processes = [
        Program(*words, environment=environment, output=log)
        for words in (_WEB, (*_FLASK, "worker"))
    ]
    try:
        _wait_for(url, log)
        yield LivePortal(url, data, environment)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.end()


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise TimeoutError(f"the portal did not start: {log.read_text()[-2000:]}")
