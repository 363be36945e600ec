"""Making one step: its bytes into the vault, then one transaction in which step and deposit begin.

A process killed before the commit leaves nothing of the step but a nameless ciphertext; killed
after it, the step is there and its deposit goes its way. Two workers that make the same number at
once make one step: the primary key lets one of them commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Table, insert, update
from sqlalchemy.exc import IntegrityError

from lottery.record import Record
from lottery.steps import StepDraft, seal_step
from portal.audit.service import Act, record_many
from portal.deposits.drafts import columns_of, new_draft
from portal.deposits.models import Deposit
from portal.deposits.records import MAX_TITLE, Metadata
from portal.draws.kit import WORKER, Kit, depositor, goes_on
from portal.draws.models import Draw, DrawStatement, DrawStep
from portal.draws.portal_party import PortalParty
from portal.draws.records import Records

_log = structlog.get_logger(__name__)
_DEPOSITS: Final[Table] = Deposit.__table__  # type: ignore[assignment]
#: What a step's deposit is called.
TITLES: Final = {
    "config": ("规则", "rules"),
    "list": ("名单", "list"),
    "commit": ("承诺", "commitment"),
    "shares": ("分片", "shares"),
    "acknowledge": ("分片确认", "acknowledgement"),
    "open": ("公证员到场", "notary present"),
    "dice": ("掷骰", "dice"),
    "reveal": ("揭示", "reveal"),
    "recover": ("恢复", "recovery"),
    "beacon": ("信标", "beacon"),
    "seed": ("种子", "seed"),
    "result": ("抽签结果", "result"),
    "final": ("结果确认", "final"),
    "void": ("作废", "void"),
    "audit": ("抽查", "audit"),
}


class Stepping:
    """Safe for threads and processes."""

    def __init__(self, kit: Kit, records: Records, portal: PortalParty) -> None:
        self._kit, self._tools, self._records, self._portal = kit, kit.tools, records, portal

    def make(
        self, draw: Draw, known: Record, draft: StepDraft, used: Sequence[DrawStatement]
    ) -> Record | None:
        """Make the record's next step of ``draft``; the record with it, None when somebody else
        made that number first.

        Raises:
            VaultError, BadRecord: nothing was made.
        """
        now = self._tools.clock()
        with self._tools.database.reading() as session:
            signer = self._portal.open(session, draw.id).signer
        content = seal_step(draft, known, signer, now)
        following = known.then(content)  # what would not replay is never written
        deposit = self._deposit(draw, known.n, draft.type, content)
        step = following.steps[-1]
        row: dict[str, Any] = {
            "draw_id": draw.id,
            "n": known.n,
            "attempt": draft.attempt,
            "type": draft.type,
            "sha256": step.sha256,
            "content": content,
            "deposit_id": deposit.id,
            "at": now,
        }
        signatures = {each.signature for each in draft.statements}
        ids = [each.id for each in used if each.signature in signatures]
        try:
            kept = self._write(draw, known, following, deposit, row, ids)
        except IntegrityError:
            kept = False
        if not kept:
            self._tools.vault.delete(str(deposit.vault_key))
            return None
        self._records.keep(draw.id, following)
        self._tools.nudge()
        _log.info("draw_step", draw=draw.id, n=known.n, type=draft.type)
        return following

    def _deposit(self, draw: Draw, n: int, kind: str, content: bytes) -> Deposit:
        """The step's deposit, its bytes in the vault, no row of it yet."""
        zh, en = TITLES[kind]
        title = f"{draw.title_zh or draw.title_en} · {n} {zh} {en}"
        filename = f"draw-{draw.id[:8]}-{n}-{kind}.json"
        intake = self._tools.vault.intake(len(content))
        with intake:
            intake.write(content)
            kept = intake.complete()
            deposit = new_draft(
                self._tools,
                depositor(draw),
                kept.digests,
                Metadata(title[-MAX_TITLE:], "", filename, "application/json"),
                kind="file",
                size=kept.size,
                idempotency_key=None,
                letter_on_demand=True,
            )
            deposit.owner_id = draw.owner_id
            deposit.vault_key = intake.keep(f"original/{deposit.id}").key
        return deposit

    def _write(
        self,
        draw: Draw,
        known: Record,
        following: Record,
        deposit: Deposit,
        row: dict[str, Any],
        used: Sequence[str],
    ) -> bool:
        """The one transaction; False when the record went on meanwhile."""
        now = self._tools.clock()
        values = {"steps": following.n, "phase": following.phase, "attempt": following.attempt}
        with self._tools.database.transaction() as session:
            moved = session.execute(
                update(Draw)
                .where(Draw.id == draw.id, Draw.steps == known.n, Draw.state == draw.state)
                .values(**values, ended_at=None, changed_at=now, **goes_on(now))
                .execution_options(synchronize_session=False)
            )
            if moved.rowcount != 1:  # type: ignore[attr-defined]
                return False
            session.execute(insert(_DEPOSITS), columns_of(deposit))
            session.execute(insert(DrawStep).values(**row))
            session.execute(
                update(DrawStatement)
                .where(DrawStatement.id.in_(used))
                .values(used_n=known.n)
                .execution_options(synchronize_session=False)
            )
            record_many(session, _acts(draw, deposit, row))
        vars(draw).update(values)
        return True


def _acts(draw: Draw, deposit: Deposit, row: dict[str, Any]) -> list[Act]:
    received = {"kind": deposit.kind, "sha256": deposit.sha256, "draw": draw.id}
    made: dict[str, str | int] = {"n": row["n"], "type": row["type"], "sha256": row["sha256"]}
    made |= {"deposit": deposit.number, "attempt": row["attempt"]}
    return [
        Act(WORKER, "deposit.received", deposit.subject, received),
        Act(WORKER, "draw.stepped", draw.subject, made),
    ]
