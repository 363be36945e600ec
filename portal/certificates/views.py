"""All pages of certificates, in one blueprint."""

from __future__ import annotations

from portal.certificates import desk_views, key_views, my_views, panel, register_views
from portal.certificates.blueprint import blueprint

__all__ = ["blueprint", "desk_views", "key_views", "my_views", "panel", "register_views"]
