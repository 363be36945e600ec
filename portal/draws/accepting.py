"""The one door for signed statements.

A statement is durable before it is answered. The same one again gives the same answer; a second
different one of the same kind is refused, so that nobody gets to choose. Only a void may be worded
anew: it counts when two agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lottery.audit import check_findings, findings_sha256
from lottery.canonical import canonical, read
from lottery.errors import BadStatement
from lottery.listing import list_sha256
from lottery.record import Record
from lottery.statements import parse_statement
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access
from portal.draws.inviting import check_notary
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, DrawParty, DrawState, DrawStatement
from portal.draws.records import Records
from portal.draws.shapes import HandedIn
from portal.problems import BadInput, Conflict, Forbidden, NotFound, PortalError, Unavailable

_TRIES: Final = 5
_MAX_FINDINGS: Final = 4 * 1024 * 1024
_OPEN: Final = (DrawState.FROZEN, DrawState.RUNNING, DrawState.COMPLETE)


@dataclass(frozen=True, slots=True)
class _Said:
    """A well-formed statement, not judged yet."""

    document: dict[str, Any]
    text: str
    signature: str
    extra: str | None

    @property
    def about(self) -> str:
        """What tells several of one type apart."""
        if self.document["type"] == "share":
            return str(self.document["dealer"])
        return str(self.document["head"])[:32] if self.document["type"] == "void" else ""


class Accepting:
    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records

    def accept(
        self,
        actor: Actor,
        draw_id: str,
        statement: bytes,
        signature: bytes,
        findings: bytes | None = None,
    ) -> HandedIn:
        """Take what a party signed. Idempotent.

        Raises:
            NotFound: no such draw, or one the actor has nothing to do with.
            Forbidden: not the actor's party, or no notary.
            BadInput: malformed, or not signed by the party.
            Conflict: it may not be said now, or something else was said already.
        """
        said = _read(statement, signature, findings)
        for _ in range(_TRIES):
            draw, party, known, replayed = self._judge(actor, draw_id, said)
            if replayed:
                return HandedIn(said.document["type"], said.document["attempt"], replayed=True)
            try:
                if self._write(actor, draw, party, known, said):
                    self._tools.nudge()
                    return HandedIn(said.document["type"], said.document["attempt"], replayed=False)
            except IntegrityError:  # handed in twice at once: the second look finds the first
                continue
        raise Unavailable("busy", "The statement could not be recorded; send it again.")

    def _judge(
        self, actor: Actor, draw_id: str, said: _Said
    ) -> tuple[Draw, DrawParty, Record, bool]:
        """Everything that can be said of it without holding up anybody else."""
        with self._tools.database.reading() as session:
            seen = access.readable(session, actor, draw_id)
            draw, party = seen.draw, seen.party
            if party is None or party.party != said.document["party"]:
                message = "Only the parties of this draw sign for it, each for itself."
                raise Forbidden("party_only", message)
            if party.role == "notary":
                check_notary(actor)
            if draw.state not in _OPEN:
                raise Conflict("statement_phase", "This draw takes no statements now.")
            if said.document["draw"] != draw_id:
                message = "The statement belongs to another draw."
                raise Conflict("statement_draw", message)
            earlier = _earlier(session, draw_id, said)
            if earlier is not None and earlier.document == said.text:
                return draw, party, self._records.load(session, draw), True
            if earlier is not None and said.document["type"] != "void":
                message = "You have signed and handed in another statement already."
                raise Conflict("statement_there", message)
            known = self._records.load(session, draw)
        try:
            known.check(said.document, said.signature)
            self._check_time(known, said)
            self._check_list(known, said)
            _check_findings(known, said)
        except BadStatement as error:
            raise _refusal(error) from error
        return draw, party, known, False

    def _check_time(self, known: Record, said: _Said) -> None:
        """A secret that comes when the beacon can be foreseen is worth nothing."""
        late = known.deadline is not None and self._tools.clock() > known.deadline
        if late and said.document["type"] in ("reveal", "share"):
            message = "the beacon's round is less than 60 s away, or has passed"
            raise BadStatement("late", message)

    def _check_list(self, known: Record, said: _Said) -> None:
        """The list that was committed to before the freeze, and no other."""
        if said.document["type"] != "list":
            return
        with self._tools.database.reading() as session:
            listed = session.get_one(DrawList, known.config.draw)
        document = json.loads(listed.document or "{}")
        right = known.draw_hash_of(document), list_sha256(document)
        if (said.document["draw_hash"], said.document["list_sha256"]) != right:
            raise BadStatement("list", "the statement is about another list")

    def _write(
        self, actor: Actor, seen: Draw, party: DrawParty, known: Record, said: _Said
    ) -> bool:
        """The one transaction; False when the record went on meanwhile."""
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            draw = session.get(Draw, seen.id, with_for_update=True)
            if draw is None:
                raise NotFound("draw_not_found", "There is no such draw.")
            if draw.steps != known.n or draw.state != seen.state:
                return False
            earlier = _earlier(session, draw.id, said)
            if earlier is not None and said.document["type"] == "void":
                session.delete(earlier)
                session.flush()
            session.add(
                DrawStatement(
                    draw_id=draw.id,
                    attempt=said.document["attempt"],
                    party=party.party,
                    type=said.document["type"],
                    about=said.about,
                    document=said.text,
                    signature=said.signature,
                    extra=said.extra,
                    user_id=actor.id,
                    received_at=now,
                )
            )
            session.flush()
            if draw.state == DrawState.FROZEN:
                draw.announced_at, draw.phase = now, "config"
            # The worker has to look; when it ended stands until a step undoes it.
            draw.state = DrawState.RUNNING
            draw.next_attempt_at = draw.changed_at = now
            detail: dict[str, str | int] = {
                "type": said.document["type"],
                "party": party.party,
                "attempt": said.document["attempt"],
            }
            record(session, actor, "draw.stated", draw.subject, detail)
        return True


def _read(statement: bytes, signature: bytes, findings: bytes | None) -> _Said:
    if len(signature) != 64:
        raise BadInput("signature_form", "A signature has 64 bytes.", field="signature")
    try:
        document = parse_statement(statement)
    except BadStatement as error:
        raise _refusal(error) from error
    if (findings is not None) != (document["type"] == "audit"):
        message = "The findings are handed in together with the signed audit, and only then."
        raise BadInput("findings", message, field="findings")
    extra = None
    if findings is not None:
        try:
            extra = canonical(read(findings, _MAX_FINDINGS)).decode()
        except ValueError as error:
            message = "The findings cannot be read."
            raise BadInput("findings", message, field="findings") from error
    return _Said(document, canonical(document).decode(), signature.hex(), extra)


def _check_findings(known: Record, said: _Said) -> None:
    """The notary signed these very findings, about the sample that the seed gives."""
    if said.extra is None:
        return
    findings = json.loads(said.extra).get("findings")
    try:
        check_findings(findings, list(known.audit_positions()))
        digest = findings_sha256(findings)
    except (ValueError, TypeError, KeyError) as error:
        message = "The findings are not about the entries of the sample: %(reason)s."
        raise BadInput("findings", message, field="findings", reason=str(error)) from error
    if digest != said.document["findings_sha256"]:
        message = "These are not the findings that were signed."
        raise BadInput("findings_other", message, field="findings")


def _earlier(session: Session, draw_id: str, said: _Said) -> DrawStatement | None:
    query = select(DrawStatement).where(
        DrawStatement.draw_id == draw_id,
        DrawStatement.attempt == said.document["attempt"],
        DrawStatement.party == said.document["party"],
        DrawStatement.type == said.document["type"],
        DrawStatement.about == said.about,
    )
    return session.scalar(query)


def _refusal(error: BadStatement) -> PortalError:
    """The record's refusal as an answer. Its sentences are English; pages tell them by code."""
    code, message = f"statement_{error.code}", "The statement is refused: %(reason)s."
    reason = str(error)
    if error.code in ("form", "signature"):
        return BadInput(code, message, field="statement", reason=reason)
    if error.code == "party":
        return Forbidden(code, message, reason=reason)
    return Conflict(code, message, reason=reason)
