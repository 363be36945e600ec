"""What can go wrong with desktops and evidence; what may be retried apart from what may not."""

from __future__ import annotations


class ForensicsError(Exception):
    """One English sentence that says what is wrong and, where it helps, what to do."""


class Retryable(ForensicsError):
    """May succeed later without anybody changing anything."""


class DeskUnavailable(Retryable):
    """The desktop service does not answer, or answers nonsense."""


class NoCapacity(Retryable):
    """Every desktop of the host is taken."""


class Permanent(ForensicsError):
    """Asking again gives the same answer."""


class InvalidSpec(Permanent, ValueError):
    """A desktop was asked for that must not or cannot be made."""


class UnknownSession(Permanent, LookupError):
    """The desktop service has no such session (any more)."""


class WrongState(Permanent):
    """The session is not in the state this asks for: input before the start, an end after it."""


class CaptureSwitchedOff(Permanent):
    """This machine cannot run desktops; the sentence names what is missing and how to get it."""


class InvalidEvidence(Permanent, ValueError):
    """Evidence that does not hold; the sentence names the culprit."""
