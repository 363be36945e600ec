"""All pages of certificates, in one blueprint."""

from __future__ import annotations

from portal.certificates import (
    archive_views,
    desk_views,
    key_views,
    my_views,
    panel,
    register_views,
)
from portal.certificates.blueprint import blueprint

__all__ = [
    "archive_views",
    "blueprint",
    "desk_views",
    "key_views",
    "my_views",
    "panel",
    "register_views",
]
