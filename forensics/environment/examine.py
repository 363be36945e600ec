"""All checks of a desktop at once, within a bound on time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

from forensics.environment import clock, filed, host, networked, profile, running
from forensics.environment.result import Result
from forensics.environment.target import Target
from forensics.environment.view import Undecided, View, undecided, why

Check = Callable[[View], Result]

#: Name → check, in the order of reports.
CHECKS: Final[dict[str, Check]] = {
    "host": host.check_host,
    "image": host.check_image,
    "packages": host.check_packages,
    "namespaces": running.check_namespaces,
    "processes": running.check_processes,
    "browser": running.check_browser,
    "browser-version": host.check_browser_version,
    "flags": running.check_flags,
    "variables": running.check_variables,
    "libraries": running.check_libraries,
    "policies": filed.check_policies,
    "profile": profile.check_profile,
    "extensions": profile.check_extensions,
    "user-certificates": filed.check_user_certificates,
    "root-store": filed.check_root_store,
    "hosts": filed.check_hosts,
    "resolver": filed.check_resolver,
    "proxy": running.check_proxy,
    "routes": networked.check_routes,
    "listeners": networked.check_listeners,
    "mounts": filed.check_mounts,
    "public-address": networked.check_public_address,
    "clock-tsa": clock.check_clock_tsa,
    "clock-ntp": clock.check_clock_ntp,
}
#: Checks that wait for somebody's answer; each has a thread of its own.
_WAITING: Final = ("browser-version", "extensions", "public-address", "clock-ntp")
#: Seconds after which what is not decided stays undecided.
SECONDS: Final = 1.6


def examine(target: Target, *, seconds: float = SECONDS) -> tuple[Result, ...]:
    """Every check of :data:`CHECKS`, in that order; never raises, takes at most ``seconds``.

    Whatever cannot be read, is not known to be expected, or takes too long is ``unknown``.
    """
    view = View(target)
    answers: queue.SimpleQueue[Result] = queue.SimpleQueue()
    quick = [name for name in CHECKS if name not in _WAITING]
    # Daemon threads: a check that hangs on a hostile file must not keep the service from ending.
    for names in (*([name] for name in _WAITING), quick):
        threading.Thread(target=_run, args=(view, names, answers), daemon=True).start()
    deadline = time.monotonic() + seconds
    found: dict[str, Result] = {}
    while len(found) < len(CHECKS):
        try:
            result = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[result.name] = result
    return tuple(found.get(name) or undecided(name, "too-late") for name in CHECKS)


def _run(view: View, names: list[str], answers: queue.SimpleQueue[Result]) -> None:
    for name in names:
        answers.put(decide(name, view))


def decide(name: str, view: View) -> Result:
    """One check; what stops it makes it ``unknown``."""
    try:
        return CHECKS[name](view)
    except Undecided as error:
        return undecided(name, str(error))
    except (FileNotFoundError, ProcessLookupError):
        return undecided(name, "gone")
    except OSError as error:
        return undecided(name, why(error))
    except Exception:  # noqa: BLE001 - whatever a hostile desktop brings about decides nothing
        return undecided(name, "unreadable")
