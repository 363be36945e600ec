"""Letters and packages that strangers send to be examined; nothing of them is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from werkzeug.datastructures import FileStorage

from portal.ui.context import services
from portal.verification.report import Report
from portal.verification.service import examine

#: The largest letter or package examined here, bytes; larger ones are verified offline. Strangers
#: may send them, so it stays well below what depositors may.
_UPLOAD_LIMIT: Final = 256 * 1024**2
#: What the form around it may weigh.
FORM: Final = 64 * 1024


def limit() -> int:
    """The largest letter or package examined here, bytes."""
    return min(_UPLOAD_LIMIT, services().settings.max_upload_bytes)


def examined(upload: FileStorage) -> Report:
    """What the verifier finds in what was sent."""
    # A file with a name, which the verifier opens; werkzeug's own may have none.
    with tempfile.NamedTemporaryFile(prefix="examine-") as copy:
        upload.save(copy)
        copy.flush()
        return examine(Path(copy.name), services().deposits.trust())
