"""Uploads go from the socket straight into the vault's staging, without a second copy.

werkzeug's multipart parser writes each file into what :class:`UploadRequest` gives it. Only the
endpoints that take deposits get the vault; everywhere else a file stays a small temporary one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any, Final, cast

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from portal.problems import BadInput, PortalError, TooLarge
from portal.storage import Intake, VaultError
from portal.ui.context import services
from portal.vault_problems import vault_problem

#: The endpoints whose files are deposits.
ENDPOINTS: Final = frozenset({"deposits.create", "deposits_api.DepositList"})
#: Those whose files are an applicant's documents: never a moment outside the vault either.
DOCUMENTS: Final = frozenset({"matters.hand_in"})
#: A form that may bring a signature for each of thousands of files, and how large it is, bytes.
SIGNATURES: Final = "drafts.confirm"
_SIGNATURES: Final = 8 * 1024 * 1024
#: So many bytes of the beginning are kept at hand, to tell what a file is.
_HEAD: Final = 64
#: What a form may add around its file, bytes.
_FORM: Final = 1024 * 1024
#: So much of a refused upload is still read, so that the client gets to read the refusal.
_READ_AWAY: Final = 64 * 1024 * 1024


class UploadStream:
    """What the parser writes to; forgotten with the request unless the service keeps it."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.head = b""

    def write(self, data: bytes) -> int:
        if len(self.head) < _HEAD:
            self.head = (self.head + data)[:_HEAD]
        try:
            return self.intake.write(data)
        except VaultError as error:
            raise vault_problem(error) from error

    def seek(self, offset: int, whence: int = 0) -> int:
        """The parser rewinds what it wrote; here that means nothing."""
        return offset

    def close(self) -> None:
        self.intake.abort()  # harmless once the content is kept


class UploadRequest(Request):
    """The application's request class."""

    _uploads: list[UploadStream]
    _refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._uploads = []

    def _load_form_data(self) -> None:
        if self._to_the_vault and self.mimetype == "multipart/form-data":
            self._check_length()
        if self.endpoint == SIGNATURES:
            self.max_form_memory_size = _SIGNATURES
        try:
            super()._load_form_data()
        except (PortalError, RequestEntityTooLarge):
            self._refused = True
            raise

    @property
    def _to_the_vault(self) -> bool:
        return self.endpoint in ENDPOINTS or self.endpoint in DOCUMENTS

    def _check_length(self) -> None:
        settings = services().settings
        deposit = self.endpoint in ENDPOINTS
        limit = settings.max_upload_bytes if deposit else settings.matter_document_bytes
        if self.content_length is not None and self.content_length > limit + _FORM:
            self._refused = True
            message = "The file is larger than the limit of %(limit)s bytes."
            raise TooLarge("file_too_large", message, field="file", limit=limit)

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if not self._to_the_vault:
            return super()._get_file_stream(
                total_content_length, content_type, filename, content_length
            )
        if self._uploads:
            raise BadInput("one_file", "A deposit takes one file at a time.", field="file")
        deposit = self.endpoint in ENDPOINTS
        intake = services().deposits.intake if deposit else services().matters.intake
        stream = UploadStream(intake())
        self._uploads.append(stream)
        return cast("IO[bytes]", stream)

    def refuse(self) -> None:
        """The answer comes before the body was read; what of it still comes is read away."""
        self._refused = True

    def close(self) -> None:
        """Forget what no deposit was made of, also when the upload broke off."""
        for stream in self._uploads:
            stream.close()
        if self._refused:
            with suppress(OSError):
                _read_away(self.environ["wsgi.input"])
        super().close()


def intake_of(file: FileStorage | None) -> Intake:
    """The content of an uploaded file, ready for ``receive_file``.

    Raises:
        BadInput: there is no file in the request.
    """
    if file is None or not isinstance(file.stream, UploadStream):
        raise BadInput("file_missing", "There is no file in this request.", field="file")
    return file.stream.intake


def _read_away(stream: IO[bytes]) -> None:
    remaining = _READ_AWAY
    while remaining > 0 and (block := stream.read(min(remaining, 256 * 1024))):
        remaining -= len(block)
