"""Clean remote desktops, screen recording and evidence fingerprints.

The package may import ``timestamping`` and ``chain_adapter``, never the portal. Errors::

    ForensicsError
    ├── Retryable: DeskUnavailable, NoCapacity
    └── Permanent: InvalidSpec, UnknownSession, WrongState, CaptureSwitchedOff, InvalidEvidence

A session's evidence is written by :mod:`forensics.session` and judged by :func:`verify_capture`;
the SHA-256 of its manifest is its fingerprint. Providers of desktops are in
:mod:`forensics.desktop`.

What is exported is loaded when it is asked for: the recorder and other small programs of this
package must not carry the certificate libraries that only the verifier needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.errors import (
        CaptureSwitchedOff,
        DeskUnavailable,
        ForensicsError,
        InvalidEvidence,
        InvalidSpec,
        NoCapacity,
        Permanent,
        Retryable,
        UnknownSession,
        WrongState,
    )
    from forensics.fingerprint import fingerprint_of
    from forensics.manifest import read_manifest
    from forensics.verifier import verify_capture

_WHERE = {
    "fingerprint_of": "forensics.fingerprint",
    "read_manifest": "forensics.manifest",
    "verify_capture": "forensics.verifier",
}

__all__ = [
    "CaptureSwitchedOff",
    "DeskUnavailable",
    "ForensicsError",
    "InvalidEvidence",
    "InvalidSpec",
    "NoCapacity",
    "Permanent",
    "Retryable",
    "UnknownSession",
    "WrongState",
    "fingerprint_of",
    "read_manifest",
    "verify_capture",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE.get(name, "forensics.errors")), name)
