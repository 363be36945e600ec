"""Folders: several files as one deposit, whose content is their canonical list.

The list's digest is what is time-stamped and recorded; each file is in the vault by itself, or
stayed with its owner. The list can always be written again from its rows, byte for byte, so the way
from a file to the recorded digest can be checked also when all content has been erased.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Digest, digest_of
from portal.audit.actor import Actor
from portal.deposits.drafts import new_draft
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.public import Proven
from portal.deposits.records import Metadata
from portal.deposits.tools import Tools
from portal.signing.cosigning import Signed
from timestamping.filelist import FileList, ListedFile
from timestamping.package import member_names
from timestamping.package_files import FILES

KIND: Final = "folder"
#: what was captured at a desktop: its list is the session's manifest
CAPTURE: Final = "capture"
#: a draw that has ended: its list names its record and the seals of its steps
DRAW: Final = "draw"
#: an issued certificate, correction or revocation: its list names it and its files
NOTARIAL: Final = "notarial"
#: the archive volume of a matter at the notary's desk
VOLUME: Final = "volume"
#: what the notary's office made, has to keep, and nobody erases (公证法 35)
OFFICE_KINDS: Final = frozenset({NOTARIAL, VOLUME})
#: kinds whose list says more than its rows do
MANIFESTED: Final = frozenset({CAPTURE, DRAW, NOTARIAL, VOLUME})
#: kinds of several files, whose digests are those of their list
SEVERAL: Final = MANIFESTED | {KIND}
_BLOCK: Final = 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class NewFolder:
    """What is going to be deposited; ``content`` is the encoded list, ``seen``: the portal received
    every file."""

    listed: FileList
    content: bytes
    seen: bool

    @property
    def name(self) -> str:
        """The folder all files lie in; empty when there is no such one."""
        tops = {each.path.partition("/")[0] for each in self.listed.files}
        inside = all("/" in each.path for each in self.listed.files)
        return tops.pop() if len(tops) == 1 and inside else ""

    def digests(self, tools: Tools) -> list[Digest]:
        """Those of the list, which are recorded."""
        return [digest_of(self.content, name) for name in tools.settings.digest_algorithms]

    def draft(
        self, tools: Tools, actor: Actor, title: str, note: str, signed: Signed | None = None
    ) -> Deposit:
        """The row of the deposit; nothing is written yet."""
        return new_draft(
            tools,
            actor,
            self.digests(tools),
            Metadata(title, note, self.name),
            kind=KIND,
            size=self.listed.size,
            idempotency_key=None,
            files={"count": len(self.listed.files), "seen": self.seen},
            signed=signed,
        )

    def rows(self, deposit_id: str, keys: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
        """The rows of ``deposit_files``; ``keys`` maps each path to where its content is."""
        for position, each in enumerate(self.listed.files):
            yield {
                "deposit_id": deposit_id,
                "position": position,
                "path": each.path,
                "size": each.size,
                "sha256": each.sha256,
                "sm3": each.sm3,
                "vault_key": keys[each.path],
            }


class Folders:
    """Looks at folders that were deposited."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def files(
        self, deposit: Deposit, start: int = 0, limit: int | None = None
    ) -> list[DepositFile]:
        """The files of a folder in the list's order; none of any other deposit."""
        query = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
        query = query.where(DepositFile.position >= start).order_by(DepositFile.position)
        with self._tools.database.reading() as session:
            return list(session.scalars(query.limit(limit) if limit is not None else query))

    def listed(self, deposit: Deposit) -> FileList | None:
        """The list, written again from its rows; None for what is no folder. That of a
        capture or draw says more than its rows do: it is read from where it is kept."""
        if deposit.kind in MANIFESTED and deposit.vault_key is not None:
            return FileList.decode(self._tools.vault.read(deposit.vault_key))
        if deposit.kind != KIND:
            return None
        with self._tools.database.reading() as session:
            return list_of(session, deposit.id)

    def holding(self, sha256: str, limit: int) -> list[Deposit]:
        """The earliest folders that hold a file of this digest."""
        query = (
            select(Deposit)
            .join(DepositFile, DepositFile.deposit_id == Deposit.id)
            .where(DepositFile.sha256 == sha256)
            .order_by(Deposit.received_at)
            .limit(limit)
        )
        with self._tools.database.reading() as session:
            found = session.scalars(query).all()
        return list({each.id: each for each in found}.values())


def list_of(session: Session, deposit_id: str) -> FileList:
    """The canonical list of a folder deposit, from its rows."""
    query = select(DepositFile).where(DepositFile.deposit_id == deposit_id)
    rows = session.scalars(query.order_by(DepositFile.position))
    return FileList(tuple(ListedFile(row.path, row.size, row.sha256, row.sm3) for row in rows))


def vault_keys(session: Session, deposit_id: str) -> list[str]:
    """Where the content of a folder's files lies; for its erasure."""
    query = select(DepositFile.vault_key).where(
        DepositFile.deposit_id == deposit_id, DepositFile.vault_key.is_not(None)
    )
    return [key for key in session.scalars(query) if key]


def write_zip(files: FileList, opener: Mapping[str, Callable[[], BinaryIO]], out: BinaryIO) -> None:
    """The files as a zip, as they are and not compressed; ``out`` need not be seekable."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, each in member_names(files).items():
            info = zipfile.ZipInfo(name.removeprefix(FILES), _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            with opener[each.path]() as source, archive.open(info, "w", force_zip64=True) as target:
                while block := source.read(_BLOCK):
                    target.write(block)


def seen(deposit: Proven) -> bool:
    """Whether the portal received what was deposited: the file, or every file of the folder, or
    made them itself."""
    return deposit.kind == "file" or bool(deposit.files_seen)
