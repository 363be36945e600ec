"""Every end of a session, good or bad: close what is open, say how it was, write the manifest.

The order: recorder, then the browser's side, then the last token, then the chain's last line, the
last event and the manifest. Nothing of it is left out because something before it failed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chain_adapter.durable import write_new
from forensics.desktop import layout
from forensics.desktop.interface import Phase, Terminal
from forensics.errors import ForensicsError
from forensics.manifest import About, Ending, build_manifest
from forensics.recorder.limits import GAP
from forensics.session.keeper import ROUND, Keeper
from forensics.session.salvage import contents_of
from forensics.session.spec import KeeperSpec

#: Seconds the recorder may take to close its last segment, and the browser's side to finish.
_RECORDER: Final = 12.0
_SILENT_RECORDER: Final = 1.0
_PAGES: Final = 60.0
_MAX_LOG: Final = 64 << 20


def end(keeper: Keeper) -> None:
    """Bring the session to its end; afterwards its manifest is written.

    Raises:
        OSError, ForensicsError: not even the manifest could be written; salvage it later.
    """
    with keeper.lock:
        keeper.input_off(keeper.state.reason)
        keeper.state.phase = Phase.ENDING
        keeper.emit("ending", {"reason": keeper.state.reason})
        keeper.reporter.report(now=True)
    _stop_recorder(keeper)
    with keeper.lock:
        # Not before: whoever fills the disk might still be at it.
        keeper.release_reserve()
        _salvage_open_segment(keeper)
    _close_pages(keeper)
    _copy_logs(keeper)
    _wait_for_token(keeper)
    with keeper.lock:
        _say_last(keeper)
        _write_manifest(keeper)
        keeper.state.phase = Phase.ENDED
        keeper.reporter.report(now=True)


def about(spec: KeeperSpec) -> About:
    """What the manifest repeats of the specification."""
    desktop = spec.desktop
    return About(desktop.session, dict(desktop.subject), spec.asked(), spec.facts)


def _stop_recorder(keeper: Keeper) -> None:
    recorder, state = keeper.recorder, keeper.state
    silent = time.monotonic() - state.heard > 1.5
    recorder.order(do="stop")
    patience = _SILENT_RECORDER if silent else _RECORDER
    _pump(keeper, patience, lambda: recorder.status() is not None)
    recorder.kill()
    recorder.wait(5)
    with keeper.lock:
        keeper.hear()
        if not state.stopped:
            keeper.cut_short("the recorder did not end as it was told")


def _salvage_open_segment(keeper: Keeper) -> None:
    """What the recorder did not close is still evidence, with its own digest."""
    opened, state = keeper.state.opened, keeper.state
    if opened is not None:
        state.opened = None
        try:
            found = contents_of(keeper.folder.evidence, int(opened["seq"]))
            missed = max(0, state.missed - state.missed_closed)
            whole = bool(found["whole"])
            keeper.chain.segment(found | {"missed": missed, "gaps": []}, whole=whole)
        except (OSError, ForensicsError) as error:
            keeper.emit("warning", {"what": "segment", "detail": str(error)})
    _say_gap(keeper)


def _say_gap(keeper: Keeper) -> None:
    """From the last frame to the moment the session was cut short, when that is long."""
    state, chain = keeper.state, keeper.chain
    if state.cut_at is None or chain.last is None or state.cut_at.mono - chain.last.mono <= GAP:
        return
    keeper.state.counts["gaps"] += 1
    with contextlib.suppress(OSError):
        chain.gap(chain.last, state.cut_at, state.reason)


def _close_pages(keeper: Keeper) -> None:
    thread = keeper.pages.close()
    if thread is not None:
        _pump(keeper, _PAGES, lambda: not thread.is_alive())
        if thread.is_alive():
            keeper.state.lacking.append("the web archive was not finished in time")
    if keeper.pages.failure:
        keeper.state.lacking.append(keeper.pages.failure)
    with keeper.lock:
        keeper.uploads.close()


def _copy_logs(keeper: Keeper) -> None:
    """The desktop service's logs of names asked for and connections made."""
    pairs = ((keeper.folder.dns_log, layout.DNS), (keeper.folder.egress_log, layout.EGRESS))
    for source, target in pairs:
        try:
            _copy(source, keeper.folder.evidence / target)
        except FileNotFoundError:
            continue
        except OSError as error:
            keeper.state.lacking.append(f"{target} cannot be taken in: {error.strerror or error}")


def _copy(source: Path, target: Path) -> None:
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        if os.fstat(stream.fileno()).st_size > _MAX_LOG:
            raise OSError(f"{source.name} has more than {_MAX_LOG} bytes")
        with target.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())


def _wait_for_token(keeper: Keeper) -> None:
    chain = keeper.chain
    if not chain.head:
        return
    keeper.state.final = True
    seconds = keeper.settings.wait_final_token_seconds
    _pump(keeper, seconds, lambda: chain.attested == chain.head)


def _say_last(keeper: Keeper) -> None:
    state = keeper.state
    if state.terminal is None:
        state.terminal = Terminal.INTERRUPTED if state.lacking else Terminal.COMPLETE
    said: dict[str, Any] = {"terminal": state.terminal.value, "reason": state.reason}
    keeper.emit("ended", said | {"lacking": state.lacking})
    keeper.events.close()
    if keeper.chain.head and not keeper.chain.ended:
        keeper.chain.end(state.reason)
    keeper.chain.close()


def _write_manifest(keeper: Keeper) -> None:
    state, evidence = keeper.state, keeper.folder.evidence
    ending = Ending(str(state.terminal), state.reason, tuple(state.lacking))
    manifest = build_manifest(evidence, about(keeper.spec), ending)
    write_new(evidence / layout.MANIFEST, manifest, mode=0o640)


def _pump(keeper: Keeper, seconds: float, done: Callable[[], bool]) -> None:
    """Keep the status fresh and hear the recorder until ``done``, for at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        with keeper.lock, contextlib.suppress(OSError):
            keeper.hear()
            keeper.gate.set(False)
            keeper.reporter.report()
        time.sleep(ROUND)
