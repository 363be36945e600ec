"""What may be taken away of a verification as PDF: the sealed report, the draft certification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app

from portal.ui.context import services
from portal.verification import reference
from portal.verification.report import Report
from portal.verification.software import software
from portal.verification.telling import told


def reference_to(report: Report, examined: dict[str, Any]) -> str:
    """A reference to a report that was just made about ``examined`` (name, size and SHA-256 of what
    was sent, or the number and digest asked for)."""
    return reference.sign(values_of(report, examined), _key(), services().clock())


def read_reference(text: str) -> tuple[dict[str, Any], datetime]:
    """What a reference of ours was made of, and when.

    Raises:
        BadInput: not of ours, or too old.
    """
    return reference.read(text, _key(), services().clock())


def values_of(report: Report, examined: dict[str, Any]) -> dict[str, Any]:
    """Everything the sealed report says: ``notary/verification-report/v1``."""
    running = software()
    return {
        "examined": examined,
        "report": told(report),
        "software": {
            "name": running.name,
            "version": running.version,
            "sha256": running.sha256,
        },
    }


def _key() -> bytes:
    key = current_app.secret_key
    return key.encode() if isinstance(key, str) else key or b""
