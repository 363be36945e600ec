"""What may be erased at all."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.deposits.folders import OFFICE_KINDS
from portal.deposits.models import Deposit
from portal.privacy.holds import held
from portal.privacy.models import Erasure, ErasureState
from portal.problems import Conflict


def new_erasure(deposit: Deposit, role: str, reason: str, who: str, now: datetime) -> Erasure:
    """A request that is due at once; whoever asks with time to think moves ``due_at``."""
    return Erasure(
        id=str(uuid4()),
        deposit_id=deposit.id,
        open_for=deposit.id,
        state=ErasureState.REQUESTED,
        reason=reason,
        asked_by=who,
        asked_as=role,
        asked_at=now,
        due_at=now,
    )


def check_erasable(session: Session, deposit: Deposit) -> None:
    """Raises Conflict, naming what stands against it."""
    if deposit.kind in OFFICE_KINDS:
        message = "The notary's office has to keep its certificates and archive volumes."
        raise Conflict("office_keeps", message)
    if not has_content(deposit):
        message = "There is no content here to erase: it stayed with you, or it is erased already."
        raise Conflict("no_content", message)
    if held(session, deposit.id):
        message = "A legal hold stands on this deposit; nothing of it may be erased."
        raise Conflict("held", message)
    open_one = select(Erasure.id).where(Erasure.open_for == deposit.id)
    if session.scalar(open_one) is not None:
        raise on_its_way()


def on_its_way() -> Conflict:
    return Conflict("erasure_pending", "An erasure of this content is on its way already.")


def has_content(deposit: Deposit) -> bool:
    """Whether the portal has what was deposited, and may erase it."""
    return deposit.erased_at is None and deposit.kind not in OFFICE_KINDS | {"digest"}
