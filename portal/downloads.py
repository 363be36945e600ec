"""What a service hands over to be taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Download:
    """What may be taken away; ``size`` in bytes, when it is known without fetching it."""

    filename: str
    media_type: str
    begin: Callable[[], Iterator[bytes]]
    size: int | None = None

    @cached_property
    def stream(self) -> Iterator[bytes]:
        """The content, read once, to the end or until closed. Asking for it takes it away: only
        now is it rendered or fetched, and the custody log told.

        Raises:
            PortalError: it cannot be had; nothing was handed out.
        """
        return self.begin()
