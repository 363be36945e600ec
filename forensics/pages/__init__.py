"""What a browser's pages were made of, kept while somebody looks at them."""

from __future__ import annotations

from forensics.pages.agent import PageAgent
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.unattended import Limits, Visited

__all__ = ["BrowserGone", "Limits", "PageAgent", "PageRefused", "Visited"]
