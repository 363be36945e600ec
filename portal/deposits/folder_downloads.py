"""What of a folder may be taken away: its list, one of its files, all of them as a zip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, cast

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.erased import refuse_erased
from portal.deposits.filenames import download_name
from portal.deposits.folders import Folders, write_zip
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.streaming import Blocks, streamed
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.problems import NotFound
from portal.storage import Missing, VaultError
from portal.vault_problems import vault_problem
from timestamping.filelist import FileList, ListedFile


class FolderDownloads:
    """Every method takes a folder deposit that the actor may see."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._folders = Folders(tools)

    def listed(self, actor: Actor, deposit: Deposit) -> Download:
        """The canonical list, byte for byte what was recorded."""
        content = self.list_of(deposit).encode()

        def begin() -> Iterator[bytes]:
            self._record(actor, deposit, {"what": "list"})
            return iter((content,))

        name = f"{deposit.number}-files.json"
        return Download(name, "application/json", begin, len(content))

    def file(self, actor: Actor, deposit: Deposit, position: int) -> Download:
        """One file. Reading to the end fails unless it has the digest listed."""
        refuse_erased(deposit, self._tools.settings.zone)
        found = self._folders.files(deposit, position, 1)
        if not found or found[0].position != position:
            raise NotFound("file_not_found", "There is no such file in this deposit.")
        file, key = found[0], _key(found[0])

        def begin() -> Iterator[bytes]:
            try:
                stream = self._tools.vault.open(key, Digest.parse("sha256", file.sha256))
            except Missing as error:
                raise NotFound("content_gone", "The content is no longer kept.") from error
            except VaultError as error:
                raise vault_problem(error) from error
            self._record(actor, deposit, {"what": "file", "position": position + 1})
            return Blocks(stream)

        name = download_name(file.path, f"{deposit.number}-{position + 1}")
        # Never the type that was claimed: nothing of a stranger's may run as ours.
        return Download(name, "application/octet-stream", begin, file.size)

    def all(self, actor: Actor, deposit: Deposit) -> Download:
        """Every file, as a zip that is made while it is read."""
        listed, opener = self.list_of(deposit), self._openers(deposit)

        def begin() -> Iterator[bytes]:
            stream = streamed(lambda out: write_zip(listed, opener, out))
            self._record(actor, deposit, {"what": "original"})
            return stream

        name = download_name(deposit.filename, deposit.number) + ".zip"
        return Download(name, "application/zip", begin)

    def opener(self, deposit: Deposit) -> Callable[[ListedFile], BinaryIO]:
        """What opens each file of the folder, for its package.

        Raises:
            NotFound: not every file is kept here.
        """
        openers = self._openers(deposit)
        return lambda file: openers[file.path]()

    def list_of(self, deposit: Deposit) -> FileList:
        """Raises NotFound for what is no folder."""
        listed = self._folders.listed(deposit)
        if listed is None:
            raise NotFound("no_folder", "This deposit is not one of several files.")
        return listed

    def _openers(self, deposit: Deposit) -> dict[str, Callable[[], BinaryIO]]:
        return {
            file.path: partial(self._opened, _key(file)) for file in self._folders.files(deposit)
        }

    def _opened(self, key: str) -> BinaryIO:
        return cast(BinaryIO, self._tools.vault.open(key))

    def _record(self, actor: Actor, deposit: Deposit, detail: dict[str, str | int]) -> None:
        with self._tools.database.transaction() as session:
            record(session, actor, "deposit.exported", deposit.subject, detail)


def _key(file: DepositFile) -> str:
    if file.vault_key is None:
        message = (
            "The files are not kept here: only their digests were deposited, or the content was "
            "erased."
        )
        raise NotFound("no_original", message)
    return file.vault_key
