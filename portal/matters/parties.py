"""The parties of a matter. What is known of people is sealed, each party's under its own id."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.documents import mask_number, normal_number
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.matters import access, materials, rules
from portal.matters.kit import Kit
from portal.matters.models import Matter, MatterMaterial, MatterParty, MatterState
from portal.matters.shapes import (
    KINDS,
    MAX_PARTIES,
    ROLES,
    Particulars,
    PartyFields,
    PartyView,
)
from portal.problems import BadInput, Conflict, NotFound
from portal.storage import VaultError
from portal.texts import line

_PURPOSE: Final = "matter-party"
_SEALED: Final = ("name", "document", "country", "number", "phone", "address")
_LIMITS: Final = {"name": 200, "document": 32, "country": 2, "number": 60, "phone": 40}
_MAX_ADDRESS: Final = 300


class Parties:
    """Every method checks whose matter it is; only drafts change."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def add(self, actor: Actor, matter_id: str, stated: PartyFields, *, partial: bool) -> str:
        """A further party; its id.

        Args:
            partial: a form on its way: what is missing or wrong is kept and told later.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.changeable`.
            BadInput: naming the field.
            Conflict: there are as many parties as there may be.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            fields = self._checked(session, matter, None, stated, partial)
            mine = MatterParty.matter_id == matter.id
            count, last = session.execute(
                select(func.count(), func.max(MatterParty.place)).where(mine)
            ).one()
            if count >= MAX_PARTIES:
                message = "An application has at most %(limit)s parties."
                raise Conflict("parties_many", message, limit=MAX_PARTIES)
            row = MatterParty(id=str(uuid.uuid4()), matter_id=matter.id, place=(last or 0) + 1)
            self._fill(row, fields)
            session.add(row)
            dropped = materials.keep_in_step(self._kit, session, matter)
            self._kit.changed(matter)
            detail = {"party": row.id, "role": row.role, "kind": row.kind}
            record(session, actor, "matter.party_added", matter.subject, detail)
        forget_content(self._kit, dropped)
        return row.id

    def change(
        self, actor: Actor, matter_id: str, party_id: str, stated: PartyFields, *, partial: bool
    ) -> None:
        """State a party's particulars anew; errors as :meth:`add`."""
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            row = party_of(session, matter, party_id)
            fields = self._checked(session, matter, row, stated, partial)
            if fields == fields_of(self.opened(row)):
                return
            if fields.role == "agent":
                _let_go(session, row)
            self._fill(row, fields)
            dropped = materials.keep_in_step(self._kit, session, matter)
            self._kit.changed(matter)
            detail = {"party": row.id, "role": row.role, "kind": row.kind}
            record(session, actor, "matter.party_changed", matter.subject, detail)
        forget_content(self._kit, dropped)

    def remove(self, actor: Actor, matter_id: str, party_id: str) -> None:
        """Take a party out, with what was handed in for it."""
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            row = party_of(session, matter, party_id)
            _let_go(session, row)
            lines = session.scalars(
                select(MatterMaterial).where(MatterMaterial.party_id == row.id)
            ).all()
            dropped = materials.forget(session, lines)
            session.delete(row)
            dropped += materials.keep_in_step(self._kit, session, matter)
            self._kit.changed(matter)
            record(session, actor, "matter.party_removed", matter.subject, {"party": party_id})
        forget_content(self._kit, dropped)

    def opened(self, row: MatterParty) -> Particulars:
        """Everything about a party. Showing it to somebody is to be recorded."""
        known = json.loads(self._kit.box.open(row.sealed, _PURPOSE, row.id))
        return Particulars(
            id=row.id,
            place=row.place,
            role=row.role,
            kind=row.kind,
            acts_for=row.acts_for,
            checked_by=row.checked_by,
            checked_at=row.checked_at,
            **{name: str(known.get(name, "")) for name in _SEALED},
        )

    def all_of(self, session: Session, matter: Matter) -> list[Particulars]:
        """All parties, in order, opened."""
        query = select(MatterParty).where(MatterParty.matter_id == matter.id)
        return [self.opened(row) for row in session.scalars(query.order_by(MatterParty.place))]

    def _checked(
        self,
        session: Session,
        matter: Matter,
        row: MatterParty | None,
        stated: PartyFields,
        partial: bool,
    ) -> PartyFields:
        fields = bounded(stated)
        if fields.role == "agent":
            self._check_principal(session, matter, row, fields.acts_for, partial)
        else:
            fields = replace(fields, acts_for="")
        if not partial:
            like = _as_particulars(fields)
            for field, code, message in rules.wrong_particulars(like):
                raise BadInput(code, message, field=field)
        return fields

    def _check_principal(
        self,
        session: Session,
        matter: Matter,
        row: MatterParty | None,
        principal: str,
        partial: bool,
    ) -> None:
        found = session.get(MatterParty, principal) if principal else None
        own = row is not None and principal == row.id
        if found is not None and found.matter_id == matter.id and not own and found.role != "agent":
            return
        if principal or not partial:
            message = "Choose for whom the agent acts."
            raise BadInput("acts_for", message, field="acts_for")

    def _fill(self, row: MatterParty, fields: PartyFields) -> None:
        row.role, row.kind = fields.role, fields.kind
        row.masked_name = rules.masked(fields.kind, fields.name)
        row.acts_for = fields.acts_for or None
        row.checked_by = row.checked_at = None
        known = {name: getattr(fields, name) for name in _SEALED}
        text = json.dumps(known, ensure_ascii=False)
        row.sealed = self._kit.box.seal(text.encode(), _PURPOSE, row.id)


def bounded(stated: PartyFields) -> PartyFields:
    """``stated`` as far as it can be kept at all. Raises BadInput, naming the field."""
    if stated.role not in ROLES:
        raise BadInput("role", "This is none of the choices.", field="role")
    if stated.kind not in KINDS:
        raise BadInput("kind", "This is none of the choices.", field="kind")
    values = {name: line(name, getattr(stated, name), most) for name, most in _LIMITS.items()}
    values["address"] = line("address", stated.address, _MAX_ADDRESS)
    values["number"] = normal_number(values["number"])
    return replace(stated, **values)


def view_of(known: Particulars) -> PartyView:
    """A party as lists show it."""
    return PartyView(
        id=known.id,
        place=known.place,
        role=known.role,
        kind=known.kind,
        masked_name=rules.masked(known.kind, known.name),
        document=known.document,
        masked_number=mask_number(known.number),
        acts_for=known.acts_for,
        checked_by=known.checked_by,
        checked_at=known.checked_at,
    )


def fields_of(known: Particulars) -> PartyFields:
    """As a form states them."""
    values = {name: getattr(known, name) for name in _SEALED}
    return PartyFields(role=known.role, kind=known.kind, acts_for=known.acts_for or "", **values)


def party_of(session: Session, matter: Matter, party_id: str) -> MatterParty:
    """Raises NotFound for parties of other matters as for none."""
    row = session.get(MatterParty, party_id)
    if row is None or row.matter_id != matter.id:
        raise NotFound("party_not_found", "This application has no such party.")
    return row


def forget_content(kit: Kit, keys: list[str]) -> None:
    """Delete what rows no longer name. What the vault keeps now is found as an orphan later."""
    for key in keys:
        try:
            kit.tools.vault.delete(key)
        except VaultError:
            return


def _let_go(session: Session, row: MatterParty) -> None:
    """Nobody acts any longer for whom is gone, or is an agent now."""
    query = select(MatterParty).where(MatterParty.acts_for == row.id)
    for agent in session.scalars(query):
        agent.acts_for = None
    session.flush()


def _as_particulars(fields: PartyFields) -> Particulars:
    values = {name: getattr(fields, name) for name in _SEALED}
    return Particulars(
        id="",
        place=0,
        role=fields.role,
        kind=fields.kind,
        acts_for=fields.acts_for or None,
        checked_by=None,
        checked_at=None,
        **values,
    )
