"""The issued certificate on the spine: a deposit of kind "notarial" with its files.

The files go into the vault before the transaction; the deposit belongs to whom the matter belongs,
so that applicants find it among their own and may take it away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.certificates.kit import Kit
from portal.deposits.drafts import columns_of, new_draft
from portal.deposits.folders import NOTARIAL
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.records import MAX_TITLE, Metadata
from portal.matters.models import Matter
from portal.storage.intake import Content
from timestamping.certificate import CertificateData
from timestamping.certificate.files import write_manifest
from timestamping.filelist import ListedFile

PDF: Final = "certificate.pdf"
RECORD: Final = "certificate.json"
CHECK: Final = "check.json"
SUBJECT: Final = "subject/package.zip"
TITLES: Final = {
    "certificate": "公证书",
    "correction": "补正公证书",
    "revocation": "撤销公证书决定",
}
_DEPOSITS: Final[Table] = Deposit.__table__  # type: ignore[assignment]
_FILES: Final[Table] = DepositFile.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is in the vault under ``key``."""

    path: str
    key: str
    content: Content

    @property
    def digests(self) -> dict[str, str]:
        return {each.algorithm: each.hex for each in self.content.digests}


def keep(kit: Kit, contents: Mapping[str, bytes]) -> tuple[Kept, ...]:
    """Every file into the vault, in the order of their paths."""
    return tuple(_keep(kit, path, contents[path]) for path in sorted(contents))


def keep_manifest(kit: Kit, data: CertificateData, files: Sequence[Kept]) -> Kept:
    """The list that names certificate and files: what is deposited is its digest."""
    listed = tuple(
        ListedFile(each.path, each.content.size, each.digests["sha256"], each.digests.get("sm3"))
        for each in files
    )
    return _keep(kit, "", write_manifest(data, listed))


def forget(kit: Kit, files: Sequence[Kept]) -> None:
    """Take back what certainly was never recorded."""
    for each in files:
        kit.tools.vault.delete(each.key)


def deposit(
    session: Session,
    kit: Kit,
    matter: Matter,
    manifest: Kept,
    files: Sequence[Kept],
    title: str,
    kind: str = NOTARIAL,
) -> Deposit:
    """Write the deposit with its files, in the caller's transaction, which records it too."""
    made = new_draft(
        kit.tools,
        owner_of(session, matter),
        [Digest.parse(name, value) for name, value in manifest.digests.items()],
        Metadata(title[:MAX_TITLE], "", ""),
        kind=kind,
        size=sum(each.content.size for each in files),
        idempotency_key=None,
        files={"count": len(files), "seen": True},
    )
    made.vault_key = manifest.key
    session.execute(insert(_DEPOSITS), columns_of(made))
    session.execute(insert(_FILES), [_row(made.id, *each) for each in enumerate(files)])
    return made


def owner_of(session: Session, matter: Matter) -> Actor:
    """In whose name it is deposited: what was begun for an organisation stays its own."""
    owner = session.get_one(User, matter.owner_id)
    organisation = matter.organisation_id or ""
    role = "member" if organisation else ""
    return Actor(
        owner.id,
        owner.name,
        owner.role_names,
        via="worker",
        organisation=organisation,
        organisation_role=role,
    )


def _keep(kit: Kit, path: str, data: bytes) -> Kept:
    key = f"certificate/{uuid4().hex}"
    return Kept(path, key, kit.tools.vault.put(key, data).content)


def _row(deposit_id: str, position: int, kept: Kept) -> dict[str, Any]:
    row = {"deposit_id": deposit_id, "position": position, "path": kept.path, "sm3": None}
    return row | {"size": kept.content.size, "vault_key": kept.key} | kept.digests
