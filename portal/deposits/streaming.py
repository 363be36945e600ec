"""What is read as it goes out: kept content in blocks, and packages as they are made."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, BinaryIO, Final, cast

#: Blocks waiting for the reader; with blocks of up to 1 MiB, what one download holds in memory.
_AHEAD: Final = 4
_BLOCK: Final = 256 * 1024


class _Gone(OSError):
    """The reader has left."""


class _Channel(io.RawIOBase):
    """Collects small writes into blocks; cannot seek."""

    def __init__(self, blocks: queue.Queue[bytes | BaseException | None]) -> None:
        super().__init__()
        self._blocks = blocks
        self._pending = bytearray()
        self.abandoned = threading.Event()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._pending += view
        if len(self._pending) >= _BLOCK:
            self.flush_block()
        return len(view)

    def flush_block(self) -> None:
        if self._pending:
            self.hand_over(bytes(self._pending))
            self._pending.clear()

    def hand_over(self, item: bytes | BaseException | None) -> None:
        while not self.abandoned.is_set():
            try:
                self._blocks.put(item, timeout=0.5)
            except queue.Full:
                continue
            return
        raise _Gone("nobody reads this any more")


class _Reader(Iterator[bytes]):
    """The reading end. No generator: one that was never begun would not notice being closed."""

    def __init__(
        self, blocks: queue.Queue[bytes | BaseException | None], channel: _Channel
    ) -> None:
        self._blocks = blocks
        self._channel = channel
        self._first = self._take()
        self._ended = self._first is None

    def __next__(self) -> bytes:
        block = None if self._ended else self._first or self._take()
        self._first = None
        if block is None:
            self._ended = True
            raise StopIteration
        return block

    def close(self) -> None:
        """The writer stops; what it had not written yet is never made."""
        self._channel.abandoned.set()

    def __del__(self) -> None:
        self.close()

    def _take(self) -> bytes | None:
        item = self._blocks.get()
        if isinstance(item, BaseException):
            self.close()
            raise item
        return item


def streamed(write: Callable[[BinaryIO], object]) -> Iterator[bytes]:
    """Run ``write(out)`` in a thread and yield what it writes, with bounded memory.

    The first block is awaited before this returns, so that an early error is raised here. A later
    one is raised while iterating, and the reader's output stays visibly incomplete.
    """
    blocks: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
    channel = _Channel(blocks)

    def run() -> None:
        try:
            write(cast(BinaryIO, channel))
            channel.flush_block()
            channel.hand_over(None)
        except _Gone:
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the reader's thread
            with suppress(_Gone):
                channel.hand_over(error)

    threading.Thread(target=run, name="stream", daemon=True).start()
    return _Reader(blocks, channel)


class Blocks(Iterator[bytes]):
    """A stream in blocks; closed with the answer, also when nobody read it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def __next__(self) -> bytes:
        block = self._stream.read(_BLOCK)
        if not block:
            self.close()
            raise StopIteration
        return block

    def close(self) -> None:
        self._stream.close()
