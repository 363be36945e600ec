"""The evidence a certificate rests on, asked once more right before it is signed.

The machine's check may be hours old. Content may have been damaged since, an authority's root
withdrawn, a seal revoked: whatever fails now is told, and nothing is certified.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

from sqlalchemy import select

from lottery.bundle import layout
from portal.certificates.kit import Kit
from portal.deposits.capture_letter import Paper
from portal.deposits.draw_letter import DrawPaper
from portal.deposits.evidence import digests_of, token_of, verified
from portal.deposits.folders import CAPTURE, DRAW, SEVERAL
from portal.deposits.models import Deposit, DepositFile
from portal.problems import Conflict, Unavailable
from portal.storage import Damaged, Missing, VaultError
from timestamping.errors import TimestampError, TokenRefused
from timestamping.letter import Words
from timestamping.package import PackageParts, build_package, verify_package

#: So much content is read and digested again; the check has read all of it, and of what is larger
#: only whether it is still there is asked here.
_REREAD: Final = 256 * 1024 * 1024
_FACTS: Final = 14


def package_of(kit: Kit, deposit: Deposit) -> bytes:
    """The deposit's proof package without originals, which must verify under the anchors of today.

    Raises:
        Conflict: it does not, or the time-stamp is no longer believed; nothing is certified.
    """
    _check_token(kit, deposit)
    letter = kit.downloads.letter_bytes(deposit)
    data = kit.letters.data(deposit, deposit.issued_at or deposit.received_at)
    out = BytesIO()
    build_package(PackageParts(data, letter), out)
    with _file(out.getvalue()) as path:
        report = verify_package(path, trust=kit.tools.trust())
    if report.failed is not None:
        message = "The evidence does not hold any more, so nothing was issued: %(why)s"
        why = f"{report.failed.title}: {report.failed.detail}"
        raise Conflict("evidence_failed", message, why=why)
    return out.getvalue()


def check_original(kit: Kit, deposit: Deposit) -> None:
    """What the portal keeps of the content is there, and is what was deposited.

    Raises:
        Conflict: something is missing or damaged; the sentence says which.
        Unavailable: the vault does not answer just now.
    """
    if deposit.erased_at is not None or deposit.kind == "digest":
        return  # what is not kept is not damaged; the check says what follows from that
    try:
        if deposit.vault_key is not None:
            _check_content(kit, deposit.vault_key, deposit.sha256, deposit.size or 0)
        if deposit.kind in SEVERAL:
            _check_files(kit, deposit)
    except Missing as error:
        message = "The original is missing from storage, so nothing was issued."
        raise Conflict("original_missing", message) from error
    except Damaged as error:
        message = "The original is damaged in storage, so nothing was issued."
        raise Conflict("original_damaged", message) from error
    except VaultError as error:
        message = "The original cannot be read just now, so nothing was issued; try again later."
        raise Unavailable("original_unreadable", message) from error


def facts_of(kit: Kit, deposit: Deposit) -> tuple[tuple[Words, str], ...]:
    """What a capture or draw was about, as its letter says; nothing for other deposits."""
    if deposit.vault_key is None or deposit.kind not in (CAPTURE, DRAW):
        return ()
    manifest = kit.tools.vault.read(deposit.vault_key)
    if deposit.kind == DRAW:
        query = select(DepositFile.vault_key).where(
            DepositFile.deposit_id == deposit.id, DepositFile.path == layout.TRANSCRIPT
        )
        with kit.tools.database.reading() as session:
            key = session.scalar(query)
        if key is None:
            return ()
        return DrawPaper(manifest, {layout.TRANSCRIPT: kit.tools.vault.read(key)}).facts()[:_FACTS]
    fields = Paper.read(manifest).item_fields()
    names = {
        "captured_by": Words("采集人", "Captured by"),
        "created": Words("采集时间", "Captured"),
        "completeness": Words("完整性", "Completeness"),
        "method": Words("方法", "Method"),
    }
    return tuple((name, fields[key]) for key, name in names.items() if fields.get(key))


def _check_token(kit: Kit, deposit: Deposit) -> None:
    try:
        verified(token_of(deposit), digests_of(deposit)[0], kit.tools.stamper.trust())
    except TokenRefused as error:
        message = "The time-stamp is not believed any more, so nothing was issued: %(why)s"
        raise Conflict("token_refused", message, why=str(error)) from error
    except TimestampError as error:
        message = "The time-stamp cannot be verified just now: %(why)s"
        raise Unavailable("token_unverified", message, why=str(error)) from error


def _check_files(kit: Kit, deposit: Deposit) -> None:
    query = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
    with kit.tools.database.reading() as session:
        rows = list(session.scalars(query.order_by(DepositFile.position)))
    left = _REREAD
    for row in rows:
        if row.vault_key is not None:
            _check_content(kit, row.vault_key, row.sha256, row.size if left > 0 else _REREAD + 1)
            left -= row.size


def _check_content(kit: Kit, key: str, sha256: str, size: int) -> None:
    if size > _REREAD:
        if not kit.tools.vault.exists(key):
            raise Missing(key)
    elif kit.tools.vault.content(key).sha256.hex != sha256:
        raise Damaged(key)


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    """``data`` as a file, for verifiers that read one."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(data)
        file.flush()
        yield Path(file.name)
