"""Looking at an X screen."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import mss
from mss.exception import ScreenShotError

from forensics import clock
from forensics.clock import Moment
from forensics.recorder import visuals

BYTES_PER_PIXEL: Final = 4


class ScreenGone(Exception):
    """The X server does not answer any more, or never did; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One look at the screen: ``pixels`` are BGRX, rows from the top, ``width`` × ``height``."""

    pixels: bytearray
    width: int
    height: int
    at: Moment


class Screen:
    """The whole screen of one display with its pointer. Use from one thread."""

    def __init__(self, display: str) -> None:
        visuals.install()
        try:
            self._mss = mss.MSS(display=display, with_cursor=True)
            root = self._mss.monitors[0]
        except ScreenShotError as error:
            raise ScreenGone(f"the screen {display} cannot be opened: {error}") from error
        self._root = root
        self.width = int(root["width"])
        self.height = int(root["height"])

    def grab(self) -> Frame:
        """What is on the screen now. Blocks for as long as the X server does not answer.

        Raises:
            ScreenGone: the connection is broken, or the screen changed its size.
        """
        try:
            shot = self._mss.grab(self._root)
        except ScreenShotError as error:
            raise ScreenGone(f"the screen cannot be read any more: {error}") from error
        except Exception as error:  # mss raises what its X library raises
            raise ScreenGone(f"the screen cannot be read any more: {error!r}") from error
        return Frame(shot.raw, shot.width, shot.height, clock.now())

    def close(self) -> None:
        self._mss.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
