"""What the keeper makes of each thing its recorder says (:mod:`forensics.recorder.messages`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from forensics.clock import Moment
from forensics.desktop.interface import Step

if TYPE_CHECKING:
    from forensics.session.keeper import Keeper


def take_in(keeper: Keeper, message: Mapping[str, Any]) -> None:
    """Take in one message; under the keeper's lock. What is not known is passed over.

    Raises:
        OSError: the evidence cannot be written.
    """
    handler = _HEARD.get(str(message.get("type")))
    if handler is not None:
        handler(keeper, message)


def _ready(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.state.began = Moment.from_json(message["at"])
    keeper.chain.start(keeper.spec.desktop.session, message)
    keeper.emit("software", message["versions"])


def _opened(keeper: Keeper, message: Mapping[str, Any]) -> None:
    if keeper.state.opened is None and message["seq"] == 1:
        keeper.step(Step.RECORDER, "done")
    keeper.state.opened = message


def _closed(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.chain.segment(message)
    keeper.state.missed_closed += int(message["missed"])
    if keeper.state.opened is not None and keeper.state.opened["seq"] == message["seq"]:
        keeper.state.opened = None


def _progress(keeper: Keeper, message: Mapping[str, Any]) -> None:
    state = keeper.state
    state.heard = time.monotonic()
    state.frames, state.missed = int(message["frames"]), int(message["missed"])
    state.grabbed = message["grabbed"] if message["grabbed"] is not None else state.grabbed
    state.last = Moment.from_json(message["last"]) if message["last"] else state.last


def _gap(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.state.counts["gaps"] += 1
    keeper.emit("gap", {name: message[name] for name in ("from", "to", "seconds")})
    # Noticed late only when this process stood still as well, with the whole machine.
    if message["seconds"] > keeper.settings.stall_seconds:
        keeper.cut_short(f"the screen was not seen for {message['seconds']:.1f} seconds")


def _still(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.stills[int(message["number"])] = message


def _failed(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.cut_short(str(message["reason"])[:1000])


def _stopped(keeper: Keeper, message: Mapping[str, Any]) -> None:
    keeper.state.stopped = True


_HEARD: Final[Mapping[str, Callable[[Keeper, Mapping[str, Any]], None]]] = {
    "ready": _ready,
    "opened": _opened,
    "closed": _closed,
    "progress": _progress,
    "gap": _gap,
    "still": _still,
    "failed": _failed,
    "stopped": _stopped,
}
