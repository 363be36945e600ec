"""Letters and packages that strangers send to be examined; nothing of them is kept."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.ui.context import services
from portal.verification.answering import Answered, Verification
from timestamping.package import safe_name
from timestamping.package.container import unpacked_size

#: The largest letter or package examined here, bytes; larger ones are verified offline. Strangers
#: may send them, so it stays well below what depositors may.
_UPLOAD_LIMIT: Final = 256 * 1024**2
#: What the form around it may weigh.
FORM: Final = 64 * 1024
_CHUNK: Final = 1 << 20
_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent and what came of it; ``name`` is the sender's own word for it."""

    answered: Answered
    name: str
    size: int
    sha256: str

    def values(self) -> dict[str, Any]:
        """As a report says what was examined."""
        return {"name": self.name, "size": self.size, "sha256": self.sha256}


def verification() -> Verification:
    """The use cases over this portal's records, and its register where certificates are issued."""
    return Verification(services().deposits, getattr(services(), "certificates", None))


def limit() -> int:
    """The largest letter or package examined here, bytes."""
    return min(_UPLOAD_LIMIT, services().settings.max_upload_bytes)


def evidence_of(request: Request) -> FileStorage | None:
    """The form's file ``evidence``. What says that it is too large is refused before any of it is
    read (RequestEntityTooLarge), what does not say so as soon as it is."""
    request.max_content_length = limit() + FORM
    return request.files.get("evidence")


def examined(upload: FileStorage) -> Sent:
    """What the verifier finds in what was sent.

    Raises:
        RequestEntityTooLarge: it unpacks to more than may be sent.
    """
    name = (upload.filename or "")[:_NAME]
    # The verifier opens a file and names it as its sender does, so that it says here what it says
    # on their own computer.
    with tempfile.TemporaryDirectory(prefix="examine-") as folder:
        path, size, state = Path(folder) / safe_name(name), 0, hashlib.sha256()
        with path.open("wb") as copy:
            while chunk := upload.stream.read(_CHUNK):
                state.update(chunk)
                size += len(chunk)
                copy.write(chunk)
        # Digesting what a small archive unpacks to would be a stranger's cheap way to keep us busy.
        if unpacked_size(path) > limit():
            raise RequestEntityTooLarge
        answered = verification().answer_upload(path)
    return Sent(answered, name, size, state.hexdigest())
