"""What was captured, for review and afterwards: its files out of the vault, and what they say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

from sqlalchemy import select

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.captures import access
from portal.captures.kit import Kit, done_lately
from portal.captures.models import Capture, CaptureFile
from portal.deposits.captured import Captured, Kept, read_captured, read_json_lines
from portal.deposits.filenames import download_name
from portal.deposits.models import DepositFile
from portal.downloads import Download
from portal.problems import Gone, NotFound
from portal.storage import Missing, VaultError
from portal.vault_problems import vault_problem

_BLOCK: Final = 256 * 1024
#: Lines of a network log that a page shows.
_SHOWN: Final = 500
#: A picture or segment larger than this is only to be taken away, bytes.
_MOST_SHOWN: Final = 128 << 20


class Shelves:
    """Every method checks who asks; every look at content is a custody entry."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def files(self, capture: Capture) -> tuple[Kept, ...]:
        """The files there are, in the manifest's order; the caller has checked who asks."""
        own = select(CaptureFile).where(CaptureFile.capture_id == capture.id)
        sealed = select(DepositFile).where(DepositFile.deposit_id == capture.deposit_id)
        with self._tools.database.reading() as session:
            if capture.deposit_id is None:
                return tuple(map(_kept, session.scalars(own.order_by(CaptureFile.position))))
            return tuple(map(_kept, session.scalars(sealed.order_by(DepositFile.position))))

    def look(self, actor: Actor, capture_id: str) -> tuple[Capture, Captured]:
        """Everything that was captured. Looking at it again within minutes is the same look."""
        with self._tools.database.transaction() as session:
            capture = access.readable(session, actor, capture_id)
            if not done_lately(session, actor, "capture.viewed", capture.subject, self._kit):
                record(session, actor, "capture.viewed", capture.subject)
        try:
            return capture, read_captured(self.files(capture), self._opened)
        except VaultError as error:
            raise vault_problem(error) from error

    def log(self, files: Captured, path: str) -> list[dict[str, object]]:
        """The first lines of a network log that ``look`` gave."""
        found = files.file(path)
        if found is None or found.vault_key is None:
            return []
        try:
            with self._opened(found) as stream:
                data = stream.read(4 << 20)
        except VaultError as error:
            raise vault_problem(error) from error
        return list(read_json_lines(data, _SHOWN))

    def shown(self, actor: Actor, capture_id: str, position: int) -> tuple[Kept, bytes]:
        """A picture or a segment, whole, to be shown in a page of ours.

        Raises:
            NotFound: no such file, or one that is only to be taken away.
        """
        with self._tools.database.transaction() as session:
            capture = access.readable(session, actor, capture_id)
            if not done_lately(session, actor, "capture.viewed", capture.subject, self._kit):
                record(session, actor, "capture.viewed", capture.subject)
        file = self._file(capture, position)
        if not file.path.endswith((".png", ".mp4")) or file.size > _MOST_SHOWN:
            raise NotFound("file_not_found", "There is no such file in this capture.")
        try:
            with self._tools.vault.open(_key(file), Digest.parse("sha256", file.sha256)) as stream:
                return file, stream.read()
        except VaultError as error:
            raise _problem(error) from error

    def take(self, actor: Actor, capture_id: str, position: int) -> Download:
        """One file, to be taken away. Reading to the end fails unless it is the one listed."""
        with self._tools.database.reading() as session:
            capture = access.readable(session, actor, capture_id)
        file = self._file(capture, position)
        key = _key(file)

        def begin() -> Iterator[bytes]:
            try:
                stream = self._tools.vault.open(key, Digest.parse("sha256", file.sha256))
            except VaultError as error:
                raise _problem(error) from error
            with self._tools.database.transaction() as session:
                detail: dict[str, str | int] = {"what": "file", "position": position + 1}
                record(session, actor, "capture.exported", capture.subject, detail)
            return iter(lambda: stream.read(_BLOCK), b"")

        name = download_name(file.path, f"{capture.session[:8]}-{position + 1}")
        # Never a type of its own: nothing of a stranger's may run as ours.
        return Download(name, "application/octet-stream", begin, file.size)

    def manifest(self, actor: Actor, capture_id: str) -> Download:
        """The manifest, whose SHA-256 is the fingerprint."""
        with self._tools.database.reading() as session:
            capture = access.readable(session, actor, capture_id)
        if capture.manifest_key is None:
            raise NotFound("file_not_found", "There is no such file in this capture.")
        key, digest = capture.manifest_key, Digest.parse("sha256", capture.sha256 or "")

        def begin() -> Iterator[bytes]:
            try:
                data = self._tools.vault.read(key, digest)
            except VaultError as error:
                raise _problem(error) from error
            with self._tools.database.transaction() as session:
                detail = {"what": "manifest"}
                record(session, actor, "capture.exported", capture.subject, detail)
            return iter((data,))

        return Download(f"capture-{capture.session[:8]}.json", "application/json", begin)

    def _file(self, capture: Capture, position: int) -> Kept:
        files = self.files(capture)
        if not 0 <= position < len(files):
            raise NotFound("file_not_found", "There is no such file in this capture.")
        return files[position]

    def _opened(self, file: Kept) -> BinaryIO:
        if file.vault_key is None:
            return io.BytesIO()
        return cast(BinaryIO, self._tools.vault.open(file.vault_key))


def _kept(row: CaptureFile | DepositFile) -> Kept:
    return Kept(row.position, row.path, row.size, row.sha256, row.vault_key)


def _key(file: Kept) -> str:
    if file.vault_key is None:
        raise Gone("content_erased", "The content of this file was erased.")
    return file.vault_key


def _problem(error: VaultError) -> Exception:
    if isinstance(error, Missing):
        return NotFound("content_gone", "The content is no longer kept.")
    return vault_problem(error)
