"""The whole draw as one deposit: its record, the seals of its steps, and the tools to check them.

Made when the record has ended, and again when the audit has been added to it. The files go into the
vault first; then one transaction makes the deposit and says on the draw that it is there. A process
killed in between begins anew and writes the same files under other keys.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from chain_adapter import Digest
from lottery import verifier
from lottery.bundle import (
    BundleFile,
    BundleManifest,
    Seal,
    Winner,
    facts_of,
    layout,
    winning_positions,
    write_seals,
    write_winners,
)
from lottery.entries import ListFolder, NoFolder
from portal.audit.service import Act, record_many
from portal.deposits.drafts import columns_of, new_draft
from portal.deposits.evidence import entry_of, proof_of, receipt_of, token_of
from portal.deposits.folders import DRAW
from portal.deposits.models import Deposit, DepositFile, State
from portal.deposits.records import MAX_TITLE, Metadata
from portal.draws.kit import Kit, depositor
from portal.draws.models import Draw, DrawList, DrawStep
from portal.problems import NotFound, Unavailable
from portal.storage.intake import Content

_DEPOSITS: Final[Table] = Deposit.__table__  # type: ignore[assignment]
_FILES: Final[Table] = DepositFile.__table__  # type: ignore[assignment]
#: States in which a step's deposit has token and receipt.
_SEALED: Final = (State.ANCHORED, State.ISSUED)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file of the bundle that is in the vault under ``key``."""

    path: str
    key: str
    content: Content


def bind(kit: Kit, draw_id: str) -> str | None:
    """Deposit the whole draw as far as its record goes; the deposit's id, or None while its last
    step is not recorded yet. Idempotent: a record is bound once for each step it may end with.

    Raises:
        Unavailable: the list's folder, or the vault, is not at hand.
    """
    with kit.tools.database.reading() as session:
        draw = session.get(Draw, draw_id)
        if draw is None:
            raise NotFound("draw", "There is no such draw.")
        rows = session.scalars(
            select(DrawStep).where(DrawStep.draw_id == draw_id).order_by(DrawStep.n)
        ).all()
        deposits = _deposits(session, rows)
        listed = session.get(DrawList, draw_id)
    if not rows or any(each.state not in _SEALED for each in deposits):
        return None
    if draw.bound_n == rows[-1].n:
        return draw.deposit_id
    steps: list[dict[str, Any]] = [json.loads(row.content) for row in rows]
    kept = _keep_all(kit, draw, rows, deposits, steps, listed)
    manifest = _manifest(steps, rows, kept)
    return _write(kit, draw, rows[-1].n, manifest, kept)


def _deposits(session: Session, rows: Sequence[DrawStep]) -> list[Deposit]:
    """Those of the steps, in their order."""
    query = select(Deposit).where(Deposit.id.in_([row.deposit_id for row in rows]))
    found = {each.id: each for each in session.scalars(query)}
    return [found[row.deposit_id] for row in rows]


def _keep_all(
    kit: Kit,
    draw: Draw,
    rows: Sequence[DrawStep],
    deposits: Sequence[Deposit],
    steps: list[dict[str, Any]],
    listed: DrawList | None,
) -> list[_Kept]:
    """Every file of the bundle into the vault, in the order of their paths."""
    folder = _folder(kit, draw, listed)
    files = {
        layout.TRANSCRIPT: _transcript(rows),
        layout.VERIFIER: inspect.getsource(verifier).encode(),
        layout.SEALS: write_seals(
            [_seal(row.n, deposit) for row, deposit in zip(rows, deposits, strict=True)]
        ),
        **{
            layout.token(row.n): token_of(deposit).response()
            for row, deposit in zip(rows, deposits, strict=True)
        },
    }
    won = winning_positions(steps)
    if won and folder is not None:
        files[layout.WINNERS] = write_winners(_winners(folder, sorted(won)))
    kept = [_keep(kit, path, data) for path, data in files.items()]
    if folder is not None and folder.count * 32 <= layout.MAX_LEAVES:
        kept.append(_keep(kit, layout.LEAVES, folder.leaf_file.read_bytes()))
    return sorted(kept, key=lambda each: each.path)


def _folder(kit: Kit, draw: Draw, listed: DrawList | None) -> ListFolder | None:
    if listed is None or listed.folder is None:
        return None
    try:
        return ListFolder.open(kit.folder / draw.id / listed.folder)
    except NoFolder as error:
        message = "The list's folder is not at hand; it is made anew first."
        raise Unavailable("draw_list_folder", message) from error


def _transcript(rows: Sequence[DrawStep]) -> bytes:
    """Steps are canonical already, so that they can be joined as they are (RFC 8785)."""
    return b'{"schema":"notary/draw/v1","steps":[' + b",".join(row.content for row in rows) + b"]}"


def _seal(number: int, deposit: Deposit) -> Seal:
    return Seal(
        step=number,
        number=deposit.number,
        entry=entry_of(deposit).encode().decode(),
        receipt=receipt_of(deposit).to_json().decode(),
        proof=proof_of(deposit).encode().decode(),
    )


def _winners(folder: ListFolder, positions: Sequence[int]) -> list[Winner]:
    return [
        Winner(each.position, each.salt.hex(), each.tag.hex(), tuple(each.fields))
        for each in folder.entries(positions)
    ]


def _keep(kit: Kit, path: str, data: bytes) -> _Kept:
    key = f"draw/{uuid4().hex}"
    return _Kept(path, key, kit.tools.vault.put(key, data).content)


def _manifest(
    steps: list[dict[str, Any]], rows: Sequence[DrawStep], kept: Sequence[_Kept]
) -> bytes:
    digests = [bytes.fromhex(row.sha256) for row in rows]
    facts = dict(facts_of(steps, digests))
    files = tuple(
        BundleFile(each.path, each.content.size, **_digests(each.content)) for each in kept
    )
    return BundleManifest(**facts, files=files).encode()


def _digests(content: Content) -> dict[str, str]:
    return {digest.algorithm: digest.hex for digest in content.digests}


def _write(kit: Kit, draw: Draw, last: int, manifest: bytes, kept: Sequence[_Kept]) -> str | None:
    """The one transaction. Whoever comes second finds it done."""
    actor = depositor(draw)
    key = f"draw/{uuid4().hex}"
    content = kit.tools.vault.put(key, manifest).content
    prefix = "演练 REHEARSAL " if draw.rehearsal else ""
    title = f"{prefix}{draw.title_zh or draw.title_en}"
    deposit = new_draft(
        kit.tools,
        actor,
        [Digest.parse(name, value) for name, value in _digests(content).items()],
        Metadata(title[:MAX_TITLE], "", ""),
        kind=DRAW,
        size=sum(each.content.size for each in kept),
        idempotency_key=None,
        files={"count": len(kept), "seen": True},
    )
    deposit.vault_key = key
    with kit.tools.database.transaction() as session:
        session.execute(insert(_DEPOSITS), columns_of(deposit))
        moved = session.execute(
            update(Draw)
            .where(Draw.id == draw.id, Draw.bound_n.is_(None) | (Draw.bound_n < last))
            .values(deposit_id=deposit.id, bound_n=last)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            session.rollback()
        else:
            session.execute(insert(_FILES), [_row(deposit.id, *each) for each in enumerate(kept)])
            record_many(session, _acts(draw, deposit, len(kept), actor))
    kit.tools.nudge()
    with kit.tools.database.reading() as session:
        return session.scalar(select(Draw.deposit_id).where(Draw.id == draw.id))


def _row(deposit_id: str, position: int, kept: _Kept) -> dict[str, Any]:
    row = {"deposit_id": deposit_id, "position": position, "path": kept.path, "sm3": None}
    return row | {"size": kept.content.size, "vault_key": kept.key} | _digests(kept.content)


def _acts(draw: Draw, deposit: Deposit, files: int, actor: Any) -> list[Act]:
    made: dict[str, str | int] = {"kind": DRAW, "sha256": deposit.sha256, "files": files}
    made |= {"draw": draw.id}
    bound: dict[str, str | int] = {"deposit": deposit.number, "sha256": deposit.sha256}
    return [
        Act(actor, "deposit.received", deposit.subject, made),
        Act(actor, "draw.bound", draw.subject, bound),
    ]
