"""What is cut into packets: the file that was deposited; of several files a zip of all of them,
with the list that was deposited beside them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.deposits.folders import SEVERAL
from portal.deposits.models import Deposit, DepositFile
from portal.storage import Damaged, Missing, Vault
from timestamping.filelist import FileList
from timestamping.package import member_names
from timestamping.package_files import FILE_LIST

_BLOCK: Final = 1024 * 1024
#: Always the same, so that the same files give the same bytes.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A deposit with the files of its list that are kept: path → row."""

    deposit: Deposit
    files: Mapping[str, DepositFile]

    @property
    def kept(self) -> bool:
        """Whether there is content here at all."""
        if self.deposit.erased_at is not None or self.deposit.kind == "digest":
            return False
        return bool(self.files) or self.deposit.kind not in SEVERAL

    @property
    def size(self) -> int:
        return self.deposit.size or 0


def source_of(session: Session, deposit: Deposit) -> Source:
    query = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
    rows = session.scalars(query.where(DepositFile.vault_key.is_not(None)))
    return Source(deposit, {row.path: row for row in rows})


def write_content(vault: Vault, source: Source, out: Sink) -> None:
    """Write what is cut to ``out``; the same bytes each time.

    Raises:
        VaultError: it cannot be read, or is not what was deposited.
    """
    deposit = source.deposit
    digest = Digest.parse("sha256", deposit.sha256)
    if deposit.kind not in SEVERAL:
        with vault.open(deposit.vault_key or "", digest) as stream:
            _copy(stream, out)
        return
    listed = vault.read(deposit.vault_key or "", digest)
    with zipfile.ZipFile(_Forward(out), "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_info(FILE_LIST), listed)
        for name, row in _members(listed, source.files):
            expect = Digest.parse("sha256", row.sha256)
            with (
                vault.open(row.vault_key or "", expect) as stream,
                archive.open(_info(name), "w", force_zip64=True) as target,
            ):
                _copy(stream, target)


def restore(vault: Vault, source: Source, content: IO[bytes]) -> int:
    """Put back into the vault what is missing or damaged there, from what was cut; how many files
    that were. Nothing is stored that is not what was deposited.

    Raises:
        VaultError: the vault cannot take it.
        ValueError: the content is not what was deposited.
    """
    deposit = source.deposit
    digest = Digest.parse("sha256", deposit.sha256)
    if deposit.kind not in SEVERAL:
        return _put_back(vault, deposit.vault_key or "", digest, content)
    with zipfile.ZipFile(content) as archive:
        listed = archive.read(FILE_LIST)
        count = _put_back(vault, deposit.vault_key or "", digest, io.BytesIO(listed))
        for name, row in _members(listed, source.files):
            with archive.open(name) as stream:
                expect = Digest.parse("sha256", row.sha256)
                count += _put_back(vault, row.vault_key or "", expect, stream)
    return count


def sound(vault: Vault, key: str, digest: Digest) -> bool:
    """Whether the vault still gives what was stored. Raises VaultUnavailable."""
    try:
        return vault.content(key).sha256 == digest
    except (Missing, Damaged):
        return False


def _put_back(vault: Vault, key: str, digest: Digest, content: IO[bytes]) -> int:
    if sound(vault, key, digest):
        return 0
    with vault.intake(2**62) as intake:
        _copy(content, intake)
        if intake.complete().sha256 != digest:
            raise ValueError("what came back is not what was deposited")
        vault.delete(key)  # damaged, or gone already: nothing sound is lost
        intake.keep(key)
    return 1


def _members(listed: bytes, files: Mapping[str, DepositFile]) -> Iterator[tuple[str, DepositFile]]:
    for name, each in member_names(FileList.decode(listed)).items():
        if each.path in files:
            yield name, files[each.path]


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def _copy(source: IO[bytes], out: Sink | IO[bytes]) -> None:
    while block := source.read(_BLOCK):
        out.write(block)


class _Forward(io.RawIOBase):
    """A file that zipfile writes from front to back."""

    def __init__(self, out: Sink) -> None:
        super().__init__()
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self._out.write(bytes(data))  # type: ignore[call-overload]
