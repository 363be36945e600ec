"""The sample of entries that is opened to the notary: real people, so each look is recorded."""

from __future__ import annotations

import secrets

from lottery.entries import ListError
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access
from portal.draws.files import plain_file
from portal.draws.inviting import check_notary
from portal.draws.kit import Kit
from portal.draws.models import DrawList
from portal.draws.publishing import folder_of
from portal.draws.records import Records
from portal.draws.shapes import SampleEntry
from portal.problems import Conflict, Forbidden, Unavailable
from portal.storage import VaultError
from portal.vault_problems import vault_problem


class Auditing:
    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records

    def sample(self, actor: Actor, draw_id: str) -> tuple[SampleEntry, ...]:
        """The entries that the seed gives, with who they are. That they were looked at is a custody
        entry, made before anything is shown.

        Raises:
            NotFound, Forbidden: not the notary of this draw.
            Conflict: there is no result to be audited (yet).
            Unavailable: the list cannot be read just now.
        """
        with self._tools.database.transaction() as session:
            seen = access.readable(session, actor, draw_id)
            if seen.party is None or seen.party.role != "notary":
                message = "The notary of this draw alone sees who was sampled."
                raise Forbidden("notary_only", message)
            check_notary(actor)
            if seen.draw.config is None:
                raise Conflict("audit_phase", "There is nothing to be audited yet.")
            known = self._records.load(session, seen.draw)
            positions = known.audit_positions()
            if known.phase not in ("final", "audited") or not positions:
                raise Conflict("audit_phase", "There is nothing to be audited yet.")
            listed = session.get_one(DrawList, draw_id)
            folder = folder_of(self._kit, session, draw_id)
            detail: dict[str, str | int] = {"entries": len(positions), "attempt": known.attempt}
            record(session, actor, "draw.sample_read", seen.draw.subject, detail)
        suffix = ".xlsx" if listed.filename.lower().endswith((".xlsx", ".xlsm")) else ".csv"
        try:
            source = plain_file(self._kit, listed, f"source-{secrets.token_hex(8)}{suffix}")
            try:
                people = folder.identities(source, positions)
            finally:
                source.unlink(missing_ok=True)
        except VaultError as error:
            raise vault_problem(error) from error
        except (ListError, OSError) as error:
            message = "The list cannot be read just now: %(reason)s"
            raise Unavailable("list_unreadable", message, reason=str(error)) from error
        opened = folder.entries(positions)
        return tuple(
            SampleEntry(each.position, each.row, each.id, entry.fields, each.cells)
            for each, entry in zip(people, opened, strict=True)
        )
