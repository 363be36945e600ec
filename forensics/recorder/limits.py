"""Times that recorder, keeper and verifier share, seconds."""

from __future__ import annotations

from typing import Final

#: A segment's length.
LENGTH: Final = 10.0
#: A fragment's length; a file that ends without warning lacks at most this and one frame.
FRAGMENT: Final = 1.0
#: A frame at least so often, even when nothing moves: a file that breaks off then still says for
#: how long the screen stood.
HEARTBEAT: Final = 0.5
#: Not having seen the screen for longer is a gap and recorded as one.
GAP: Final = 1.0
#: Not having seen the screen for longer interrupts the session.
STALL: Final = 2.5
