"""What a depositor takes away: letter, token, receipt, package, original. Each is an export once
its stream is asked for, and the custody log names it; only looking what there is (HEAD) is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.erased import refuse_erased
from portal.deposits.evidence import digests_of, receipt_of, token_of
from portal.deposits.filenames import download_name
from portal.deposits.folder_downloads import FolderDownloads
from portal.deposits.folders import SEVERAL
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit
from portal.deposits.on_demand import OnDemand
from portal.deposits.streaming import Blocks, streamed
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.problems import Conflict, NotFound
from portal.storage import Missing, VaultError
from portal.vault_problems import vault_problem
from timestamping.package.build import Original, PackageParts, build_package


class Downloads:
    """Every method takes a deposit that the actor may see."""

    def __init__(self, tools: Tools, letters: Letters) -> None:
        self._tools = tools
        self._letters = letters
        self._on_demand = OnDemand(tools, letters)
        #: what is particular to folders
        self.folders = FolderDownloads(tools)

    def letter(self, actor: Actor, deposit: Deposit) -> Download:
        """The sealed PDF. Raises Conflict while there is none."""
        _check_issued(deposit)

        def begin() -> Iterator[bytes]:
            data = self.letter_bytes(deposit)
            self._record(actor, deposit, "letter")
            return iter((data,))

        return Download(f"{deposit.number}.pdf", "application/pdf", begin)

    def token(self, actor: Actor, deposit: Deposit) -> Download:
        """The TimeStampResp that ``openssl ts -verify -in`` reads."""
        if deposit.token is None:
            raise Conflict("token_pending", "There is no timestamp yet; the deposit says why.")
        data = token_of(deposit).response()
        name = f"{deposit.number}.tsr"
        return self._kept(actor, deposit, "token", name, "application/timestamp-reply", data)

    def receipt(self, actor: Actor, deposit: Deposit) -> Download:
        """The primary ledger's receipt."""
        if deposit.receipts is None:
            raise Conflict("receipt_pending", "It is not on the ledger yet; the deposit says why.")
        data = receipt_of(deposit).to_json()
        name = f"{deposit.number}-receipt.json"
        return self._kept(actor, deposit, "receipt", name, "application/json", data)

    def proof(self, actor: Actor, deposit: Deposit) -> Download:
        """The proof of inclusion in the primary ledger, c2sp.org/tlog-proof."""
        if deposit.proof is None:
            raise Conflict("proof_pending", "It is not on the ledger yet; the deposit says why.")
        data, name = deposit.proof.encode(), f"{deposit.number}-proof.txt"
        return self._kept(actor, deposit, "proof", name, "text/plain", data)

    def package(self, actor: Actor, deposit: Deposit, with_original: bool) -> Download:
        """The proof package, made while it is read."""
        _check_issued(deposit)
        if with_original:
            refuse_erased(deposit, self._tools.settings.zone)
        folder = deposit.kind in SEVERAL
        original = self._original(deposit) if with_original and not folder else None
        opener = self.folders.opener(deposit) if with_original and folder else None

        def begin() -> Iterator[bytes]:
            letter = self.letter_bytes(deposit)
            issued_at = deposit.issued_at or deposit.received_at
            parts = PackageParts(self._letters.data(deposit, issued_at), letter, original, opener)
            if original is not None:
                original.open().close()  # what is gone is said before anything is handed out
            # Its first block, too, is made before the log says that it was.
            stream = streamed(lambda out: build_package(parts, out))
            self._record(actor, deposit, "package-with-original" if with_original else "package")
            return stream

        return Download(f"{deposit.number}.zip", "application/zip", begin)

    def original(self, actor: Actor, deposit: Deposit) -> Download:
        """The deposited bytes. Reading to the end fails unless they have the digest deposited. Of
        a folder, a zip of its files."""
        refuse_erased(deposit, self._tools.settings.zone)
        if deposit.kind in SEVERAL:
            return self.folders.all(actor, deposit)
        key, digest = self._vault_key(deposit), digests_of(deposit)[0]

        def begin() -> Iterator[bytes]:
            stream = self._open(key, digest)
            self._record(actor, deposit, "original")
            return Blocks(stream)

        name = download_name(deposit.filename, deposit.number)
        # Never the type that was claimed: nothing of a stranger's may run as ours.
        return Download(name, "application/octet-stream", begin, deposit.size)

    def _kept(
        self, actor: Actor, deposit: Deposit, what: str, name: str, media_type: str, data: bytes
    ) -> Download:
        """Something small that the row itself holds."""

        def begin() -> Iterator[bytes]:
            self._record(actor, deposit, what)
            return iter((data,))

        return Download(name, media_type, begin, len(data))

    def letter_bytes(self, deposit: Deposit) -> bytes:
        """The sealed PDF's bytes, for whoever builds on it. Raises Conflict while there is none."""
        deposit = self._on_demand.with_letter(deposit)
        digest = Digest.parse("sha256", deposit.letter_sha256 or "")
        with self._open(deposit.letter_key or "", digest) as stream:
            try:
                return stream.read()
            except VaultError as error:
                raise vault_problem(error) from error

    def _original(self, deposit: Deposit) -> Original:
        key = self._vault_key(deposit)
        name = deposit.filename or deposit.number
        return Original(name, lambda: cast(BinaryIO, self._open(key, None)))

    def _vault_key(self, deposit: Deposit) -> str:
        if deposit.vault_key is None:
            message = "Only the digest was deposited; the file stayed with its owner."
            raise NotFound("no_original", message)
        return deposit.vault_key

    def _open(self, key: str, expect: Digest | None) -> IO[bytes]:
        try:
            return self._tools.vault.open(key, expect)
        except Missing as error:
            raise NotFound("content_gone", "The content is no longer kept.") from error
        except VaultError as error:
            raise vault_problem(error) from error

    def _record(self, actor: Actor, deposit: Deposit, what: str) -> None:
        with self._tools.database.transaction() as session:
            record(session, actor, "deposit.exported", deposit.subject, {"what": what})


def _check_issued(deposit: Deposit) -> None:
    if not deposit.has_letter:
        raise Conflict("letter_pending", "There is no letter yet; the deposit says why.")
