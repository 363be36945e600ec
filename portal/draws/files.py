"""Files of draws below DATA_DIR/draws: the plain list while somebody reads it, and what is swept up
after workers that were killed."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from sqlalchemy import select, update

from chain_adapter import Digest
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, ListState

#: Seconds after which a plain file is nobody's any more.
_ABANDONED: Final = 3600
_BLOCK: Final = 1024 * 1024
_WORK: Final = (ListState.SURVEY, ListState.COMMIT)


def plain_file(
    kit: Kit, listed: DrawList, name: str, copied: Callable[[int], None] = lambda _done: None
) -> Path:
    """The list as it was uploaded, in the draw's folder; whoever asks removes it.

    Args:
        copied: told about each second how many bytes are there; what it raises ends it.

    Raises:
        VaultError, OSError: it cannot be had now.
    """
    folder = kit.folder / listed.draw_id
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kit.folder.chmod(0o700)
    path = folder / name
    if path.exists() and path.stat().st_size == listed.size:
        return path
    half = folder / f"{name}.{secrets.token_hex(4)}"
    try:
        expect = Digest.parse("sha256", listed.sha256)
        opener = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(opener, "wb") as target,
            kit.tools.vault.open(listed.vault_key, expect) as content,
        ):
            _copy(content, target, copied)
        half.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            half.unlink()
        raise
    return path


def _copy(content: IO[bytes], target: IO[bytes], copied: Callable[[int], None]) -> None:
    done, told = 0, time.monotonic()
    while block := content.read(_BLOCK):
        target.write(block)
        done += len(block)
        if time.monotonic() - told > 1:
            told = time.monotonic()
            copied(done)


class Sweeping:
    """Housekeeping of the folder."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def sweep(self) -> int:
        """What killed workers left; lists whose folder was lost are committed to once more, which
        gives the same folder. The number of folders that went."""
        with self._tools.database.reading() as session:
            rows = session.scalars(select(DrawList)).all()
            draws = set(session.scalars(select(Draw.id)))
        known = {each.draw_id: each for each in rows}
        for each in rows:
            if each.state == ListState.COMMITTED and not self._whole(each):
                self._lost(each)
        removed = 0
        for folder in self._kit.folder.glob("*"):
            listed = known.get(folder.name)
            if folder.name not in draws:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
            elif listed is not None and listed.lease is None:
                removed += _leftovers(folder, listed)
        return removed

    def _whole(self, listed: DrawList) -> bool:
        folder = self._kit.folder / listed.draw_id / str(listed.folder)
        return listed.folder is not None and folder.is_dir()

    def _lost(self, listed: DrawList) -> None:
        with self._tools.database.transaction() as session:
            session.execute(
                update(DrawList)
                .where(DrawList.draw_id == listed.draw_id)
                .where(DrawList.state == ListState.COMMITTED)
                .values(state=ListState.COMMIT, next_attempt_at=self._kit.now)
                .execution_options(synchronize_session=False)
            )


def _leftovers(folder: Path, listed: DrawList) -> int:
    """Folders of earlier runs, and plain files that nobody reads."""
    removed = 0
    for path in folder.glob("list-*"):
        if path.name != listed.folder:
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    if listed.state not in _WORK:
        for path in folder.glob("source-*"):
            if time.time() - path.stat().st_mtime > _ABANDONED:  # else an audit may read it
                path.unlink(missing_ok=True)
    return removed
