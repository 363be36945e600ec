"""Downloads of deposits as HTTP answers."""

from portal.ui.attachments import attachment

__all__ = ["attachment"]
