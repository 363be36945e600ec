"""What can go wrong between us and a browser."""

from __future__ import annotations

from forensics.errors import ForensicsError, Retryable


class BrowserGone(Retryable):
    """The browser does not answer any more."""


class PageRefused(ForensicsError):
    """The browser refused or could not do what was asked; the sentence is its own, shortened."""
