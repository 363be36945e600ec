"""How long caches may keep a public answer: shortly, and only what is the same for everybody."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from portal.ui.context import current_actor, services
from portal.ui.locale import language
from portal.verification.report import Report
from portal.verification.software import software
from portal.verification.telling import told

#: What is recorded never changes, but it grows, and a certificate may be revoked: a minute at most.
_SHORT: Final = "public, max-age=60"


def short(response: Response, report: Report) -> Response:
    """``response``, which shows ``report``, for a minute; 304 when the asker has it already.

    What people of the office ask is recorded each time, so for them nothing is kept.
    """
    if current_actor().id:
        return response
    response.headers["Cache-Control"] = _SHORT
    response.headers["Vary"] = "Cookie, Accept-Language, X-Fragment"
    response.set_etag(_tag(report))
    return response.make_conditional(request)


def _tag(report: Report) -> str:
    """Of everything the answer depends on; the pictures show the day."""
    day = services().clock().astimezone(services().settings.zone).date().isoformat()
    values = [told(report), language(), day, software().sha256]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]
