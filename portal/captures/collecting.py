"""From the desktop host into the vault: every file of the evidence, compared with the manifest.

A session that has ended stays on its host until all of it is durably here, so whatever dies
meanwhile begins again where it was: content that the vault has already is the same content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, insert, select

from chain_adapter import Digest
from forensics.desktop.interface import Desktop, Observation, Phase
from forensics.errors import ForensicsError, Retryable, UnknownSession
from portal.audit.service import record
from portal.captures.driving import Driver
from portal.captures.figures import figures_text
from portal.captures.kit import WORKER, Kit, move, wait
from portal.captures.models import Capture, CaptureFile, CaptureState
from portal.captures.papers import Papers, UnreadablePapers
from portal.storage import VaultError
from timestamping.filelist import MAX_LIST, ListedFile

_log = structlog.get_logger(__name__)
MANIFEST: Final = "manifest.json"
#: A recording that is not closed after this long will not be.
_CLOSING: Final = timedelta(minutes=10)
#: What cannot be read is tried again so often before it is given up.
_TRIES: Final = 5
_BATCH: Final = 64


class _Refused(Exception):
    """The evidence is not what its manifest says; the sentence names the culprit."""


class Collector:
    """May run in any number of threads and processes at once; slow, for it moves files."""

    def __init__(self, kit: Kit, driver: Driver) -> None:
        self._kit, self._tools, self._driver = kit, kit.tools, driver

    def advance(self) -> int:
        """Take every ended session one step on; how many are in the vault now."""
        query = (
            select(Capture)
            .where(Capture.state == CaptureState.FINISHING)
            .where(Capture.next_attempt_at <= self._tools.clock())
            .order_by(Capture.finished_at)
        )
        with self._tools.database.reading() as session:
            rows = session.scalars(query).all()
        return sum(self._safely(each) for each in rows)

    def _safely(self, capture: Capture) -> bool:
        try:
            return self._one(capture)
        except UnknownSession:
            return self._fail(capture, "The desktop host lost the session before it was kept.")
        except (_Refused, UnreadablePapers) as error:
            return self._again(capture, str(error))
        except (ForensicsError, VaultError) as error:
            if isinstance(error, Retryable | VaultError):
                wait(self._kit, capture, str(error))
                return False
            return self._again(capture, str(error))
        except Exception as error:  # noqa: BLE001 - it waits with its reason and is tried again
            _log.exception("capture_not_collected", capture=capture.id)
            wait(self._kit, capture, f"An operator is needed: {type(error).__name__}.")
            return False

    def _one(self, capture: Capture) -> bool:
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is None:
            wait(self._kit, capture, "Its desktop host is no longer registered.")
            return False
        seen = desktop.observe(capture.session)
        if seen.phase is not Phase.ENDED:
            if seen.phase is not Phase.ENDING:
                desktop.finish(capture.session)
            ended = capture.finished_at or capture.created_at
            if self._tools.clock() - ended > _CLOSING:
                return self._fail(capture, "The recording could not be closed.")
            return False
        if not any(path == MANIFEST for path, _ in desktop.files(capture.session)):
            return self._fail(capture, seen.reason or "The start failed; nothing was recorded.")
        return self._collect(capture, desktop, seen)

    def _collect(self, capture: Capture, desktop: Desktop, seen: Observation) -> bool:
        manifest = self._manifest(capture, desktop)
        papers = Papers.read(manifest)
        if papers.session != capture.session:
            raise _Refused("manifest.json is another session's")
        _compare(papers, desktop.files(capture.session))
        self._store(capture, desktop, papers)
        key = f"capture/{capture.id}/manifest"
        stored = self._tools.vault.put(key, manifest)
        digests = {each.algorithm: each.hex for each in stored.content.digests}
        now = self._tools.clock()
        values: dict[str, Any] = {
            "terminal": papers.terminal,
            "reason": papers.reason[:2000] if papers.terminal != "complete" else "",
            "manifest_key": key,
            "sha256": digests["sha256"],
            "sm3": digests.get("sm3"),
            "file_count": len(papers.listed.files),
            "size": papers.listed.size,
            "ready_at": now,
            "figures": figures_text(seen),
        }
        with self._tools.database.transaction() as session:
            reached = (CaptureState.FINISHING, CaptureState.REVIEW)
            moved = move(session, capture, *reached, **values)
            if moved:
                detail: dict[str, str | int] = {"terminal": papers.terminal}
                detail |= {"files": len(papers.listed.files), "sha256": digests["sha256"]}
                record(session, WORKER, "capture.ready", capture.subject, detail)
        return moved

    def _manifest(self, capture: Capture, desktop: Desktop) -> bytes:
        data = bytearray()
        for piece in desktop.read(capture.session, MANIFEST):
            data += piece
            if len(data) > MAX_LIST:
                raise _Refused(f"{MANIFEST} has more than {MAX_LIST} bytes")
        return bytes(data)

    # -- Files --------------------------------------------------------------------------------

    def _store(self, capture: Capture, desktop: Desktop, papers: Papers) -> None:
        """Every file the manifest lists, in batches of rows; those there are already stay."""
        known = self._known(capture, papers.listed.files)
        rows: list[dict[str, Any]] = []
        for position, each in enumerate(papers.listed.files):
            if position not in known:
                rows.append(self._file(capture, desktop, position, each))
            if len(rows) >= _BATCH:
                self._insert(rows)
                rows = []
        self._insert(rows)

    def _known(self, capture: Capture, files: Sequence[ListedFile]) -> set[int]:
        """Positions that are stored as they are listed now; rows of another manifest go."""
        with self._tools.database.transaction() as session:
            query = select(CaptureFile).where(CaptureFile.capture_id == capture.id)
            rows = session.scalars(query).all()
            good = {row.position for row in rows if _is(row, files)}
            strange = [row.position for row in rows if row.position not in good]
            if strange:
                session.execute(
                    delete(CaptureFile).where(
                        CaptureFile.capture_id == capture.id, CaptureFile.position.in_(strange)
                    )
                )
        return good

    def _file(
        self, capture: Capture, desktop: Desktop, position: int, listed: ListedFile
    ) -> dict[str, Any]:
        # Named by its content too: a file that was refused once never stands in the way.
        key = f"capture/{capture.id}/f{position}-{listed.sha256[:16]}"
        state = hashlib.sha256()
        with self._tools.vault.intake(listed.size) as intake:
            for piece in _bounded(desktop.read(capture.session, listed.path), listed):
                state.update(piece)
                intake.write(piece)
            if intake.size != listed.size or state.hexdigest() != listed.sha256:
                raise _Refused(f"{listed.path} is not the file that the manifest lists")
            stored = intake.keep(self._tools.vault.checked(key))
        found: dict[str, Digest] = {each.algorithm: each for each in stored.content.digests}
        return {
            "capture_id": capture.id,
            "position": position,
            "path": listed.path,
            "size": listed.size,
            "sha256": listed.sha256,
            "sm3": found["sm3"].hex if "sm3" in found else None,
            "vault_key": key,
        }

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        where = CaptureFile.capture_id == rows[0]["capture_id"]
        positions = [row["position"] for row in rows]
        with self._tools.database.transaction() as session:
            # Another worker may have been as quick: its rows are the same.
            query = select(CaptureFile.position).where(where, CaptureFile.position.in_(positions))
            there = set(session.scalars(query))
            fresh = [row for row in rows if row["position"] not in there]
            if fresh:
                session.execute(insert(CaptureFile), fresh)

    # -- Trouble ------------------------------------------------------------------------------

    def _again(self, capture: Capture, reason: str) -> bool:
        """A culprit was found: once more, in case a disk or a line was at fault; then no more."""
        if capture.attempts + 1 >= _TRIES:
            return self._fail(capture, reason)
        wait(self._kit, capture, reason)
        return False

    def _fail(self, capture: Capture, reason: str) -> bool:
        return self._driver.fail(capture, CaptureState.FINISHING, reason)


def _compare(papers: Papers, there: Sequence[tuple[str, int]]) -> None:
    """The host has exactly the files listed, of these sizes, and the manifest."""
    listed = {each.path: each.size for each in papers.listed.files}
    found = {path: size for path, size in there if path != MANIFEST}
    for path in sorted(listed.keys() - found.keys()):
        raise _Refused(f"{path} is missing")
    for path in sorted(found.keys() - listed.keys()):
        raise _Refused(f"{path} is not in the manifest")
    for path in sorted(path for path in listed if listed[path] != found[path]):
        raise _Refused(f"{path} has {found[path]} bytes instead of {listed[path]}")


def _bounded(pieces: Iterator[bytes], listed: ListedFile) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > listed.size:
            raise _Refused(f"{listed.path} has more bytes than the manifest says")
        yield piece


def _is(row: CaptureFile, files: Sequence[ListedFile]) -> bool:
    if row.position >= len(files):
        return False
    listed = files[row.position]
    return (row.path, row.size, row.sha256) == (listed.path, listed.size, listed.sha256)
