"""Writing a certificate: draft, edit, approve, drop; and beginning a correction or revocation.

Each change counts the revision on by compare-and-swap; an approval names the revision it covers, so
that it falls with the next change.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates import gathering, testimony
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate, CertificateState
from portal.certificates.shapes import CERTIFICATE, CORRECTION, REVOCATION
from portal.checks.shapes import Standing
from portal.deposits.models import Deposit
from portal.matters import access
from portal.matters.models import Matter, MatterState
from portal.problems import BadInput, Conflict, Forbidden
from portal.texts import prose

MAX_TESTIMONY: Final = 12_000
MAX_REASON: Final = 1000
_OPEN: Final = (CertificateState.DRAFT, CertificateState.APPROVED)


class Drafting:
    """Every method raises what :mod:`portal.matters.access` raises for those it is not for."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def draft(self, actor: Actor, matter_id: str) -> str:
        """Begin the matter's certificate with its testimony filled in; the id of the one there is
        already, when there is."""
        with self._tools.database.transaction() as session:
            matter = access.handled(session, actor, matter_id, MatterState.ACCEPTED)
            query = select(Certificate.id).where(
                Certificate.matter_id == matter.id,
                Certificate.kind == CERTIFICATE,
                Certificate.state != CertificateState.DROPPED,
            )
            if known := session.scalar(query):
                return known
            zh, en = self._prefilled(session, actor, matter)
            made = self._new(actor, matter, CERTIFICATE)
            made.testimony_zh, made.testimony_en = zh, en
            session.add(made)
            session.flush()
            record(session, actor, "certificate.drafted", made.subject, {"matter": matter.number})
        return made.id

    def renew(self, actor: Actor, certificate_id: str, revision: int) -> int:
        """Fill the testimony in again from what is known now; the new revision."""
        with self._tools.database.transaction() as session:
            certificate, matter = gathering.handled(session, actor, certificate_id, *_OPEN)
            if certificate.kind == REVOCATION:
                raise gathering.moved_on()
            zh, en = self._prefilled(session, actor, matter)
            return self._change(session, actor, certificate, revision, _texts(zh, en), "prefilled")

    def edit(
        self,
        actor: Actor,
        certificate_id: str,
        zh: str,
        en: str,
        revision: int,
        reason: str | None = None,
    ) -> int:
        """Keep what was written; the new revision. An approval falls. Nothing happens when nothing
        changed.

        Raises:
            BadInput: too long, or not storable.
            Conflict: somebody else changed it since ``revision`` (``revision_moved_on``).
        """
        zh = prose("testimony_zh", zh, MAX_TESTIMONY)
        en = prose("testimony_en", en, MAX_TESTIMONY)
        with self._tools.database.transaction() as session:
            certificate, matter = gathering.handled(session, actor, certificate_id, *_OPEN)
            values = _texts(*written_in(matter, zh, en))
            if certificate.kind != CERTIFICATE and reason is not None:
                values["reason"] = prose("reason", reason, MAX_REASON, needed=True)
            if all(getattr(certificate, name) == value for name, value in values.items()):
                _check_revision(certificate, revision)
                return certificate.revision
            return self._change(session, actor, certificate, revision, values, "edited")

    def approve(self, actor: Actor, certificate_id: str, revision: int) -> None:
        """Approve the text as it stands, over the check as it stands.

        Raises:
            Forbidden: the drafter approves where a second notary is needed (``own_draft``).
            Conflict: the text moved on, or the check does not let it be issued (``check``).
            BadInput: there is no testimony.
        """
        with self._tools.database.transaction() as session:
            certificate, matter = gathering.approvable(session, actor, certificate_id)
            if matter.second_needed and certificate.drafted_by == actor.id:
                message = "Whoever wrote the text last cannot approve it: a second notary has to."
                raise Forbidden("own_draft", message)
            if certificate.state == CertificateState.APPROVED:
                if certificate.approved_revision == revision:
                    return
                raise gathering.moved_on()
            gathering.check_state(certificate, (CertificateState.DRAFT,))
            _check_revision(certificate, revision)
            _check_text(certificate, matter)
            stands = gathering.standing_of(self._kit, session, matter, certificate.kind)
            refuse_standing(stands)
            _moved(
                session,
                certificate,
                revision,
                state=CertificateState.APPROVED,
                approved_by=actor.id,
                approved_at=self._kit.now,
                approved_revision=revision,
                check_id=stands.check_id if stands else None,
            )
            sha256 = (stands.sha256 if stands else None) or ""
            detail: dict[str, str | int] = {"revision": revision, "check": sha256}
            record(session, actor, "certificate.approved", certificate.subject, detail)

    def drop(self, actor: Actor, certificate_id: str) -> None:
        """Give up what was never issued; another can be begun."""
        with self._tools.database.transaction() as session:
            certificate, _ = gathering.handled(session, actor, certificate_id, *_OPEN)
            _moved(
                session,
                certificate,
                certificate.revision,
                state=CertificateState.DROPPED,
                predecessor_id=None,  # so that another may follow the one before
            )
            record(session, actor, "certificate.dropped", certificate.subject)

    def correct(self, actor: Actor, certificate_id: str, reason: str) -> str:
        """Begin a correction (公证法 39): the text of the one before, to be changed; its id."""
        return self._follow(actor, certificate_id, CORRECTION, reason)

    def revoke(self, actor: Actor, certificate_id: str, reason: str) -> str:
        """Begin a revocation (公证法 39): void from the beginning, to be announced; its id."""
        return self._follow(actor, certificate_id, REVOCATION, reason)

    def _follow(self, actor: Actor, certificate_id: str, kind: str, reason: str) -> str:
        reason = prose("reason", reason, MAX_REASON, needed=True)
        with self._tools.database.transaction() as session:
            before = gathering.found(session, certificate_id)
            states = gathering.matter_states(kind)
            matter = access.handled(session, actor, before.matter_id, *states)
            session.refresh(before)
            _check_followable(session, before, kind)
            made = self._new(actor, matter, kind)
            made.predecessor_id, made.reason = before.id, reason
            if kind == CORRECTION:
                made.testimony_zh, made.testimony_en = before.testimony_zh, before.testimony_en
            else:
                texts = testimony.revocation(before, self._words())
                made.testimony_zh, made.testimony_en = written_in(matter, *texts)
            session.add(made)
            session.flush()
            detail = {"kind": kind, "predecessor": before.number or ""}
            record(session, actor, "certificate.successor_drafted", made.subject, detail)
        return made.id

    def _words(self) -> tuple[tuple[str, str], Any]:
        settings = self._tools.settings
        return (settings.office_name_zh, settings.office_name_en), settings.zone

    def _prefilled(self, session: Session, actor: Actor, matter: Matter) -> tuple[str, str]:
        settings = self._tools.settings
        deposit = session.get_one(Deposit, matter.deposit_id)
        words = testimony.Words(
            template=matter.template,
            office=(settings.office_name_zh, settings.office_name_en),
            platform=(settings.platform_name_zh, settings.platform_name_en),
            parties=gathering.parties_of(self._kit, session, matter),
            subject=gathering.subject_of(deposit),
            standing=gathering.standing_of(self._kit, session, matter, CERTIFICATE),
            facts=matter.facts,
            asked_at=matter.submitted_at or matter.created_at,
            zone=settings.zone,
        )
        gathering.record_reading(session, actor, matter, "draft")
        zh, en = testimony.prefill(words)
        return written_in(matter, zh[:MAX_TESTIMONY], en[:MAX_TESTIMONY])

    def _new(self, actor: Actor, matter: Matter, kind: str) -> Certificate:
        return Certificate(
            matter_id=matter.id,
            kind=kind,
            template=matter.template,
            state=CertificateState.DRAFT,
            revision=1,
            drafted_by=actor.id,
            drafted_at=self._kit.now,
        )

    def _change(
        self,
        session: Session,
        actor: Actor,
        certificate: Certificate,
        revision: int,
        values: dict[str, Any],
        how: str,
    ) -> int:
        fell = certificate.state == CertificateState.APPROVED
        _check_revision(certificate, revision)
        _moved(
            session,
            certificate,
            revision,
            state=CertificateState.DRAFT,
            revision=revision + 1,
            drafted_by=actor.id,
            drafted_at=self._kit.now,
            approved_by=None,
            approved_at=None,
            approved_revision=None,
            **values,
        )
        detail: dict[str, str | int] = {"revision": revision + 1, "how": how}
        if fell:
            detail["approval"] = "fell"
        record(session, actor, "certificate.edited", certificate.subject, detail)
        return revision + 1


def written_in(matter: Matter, zh: str, en: str) -> tuple[str, str]:
    """What of both stands on the certificate: it speaks the languages applied for, and no other."""
    languages = matter.language.split("+")
    return (zh if "zh" in languages else "", en if "en" in languages else "")


def refuse_standing(stands: Standing | None) -> None:
    """Raises Conflict with the check's own sentence when it lets nothing be issued."""
    if stands is not None and stands.problem is not None:
        raise Conflict("check", stands.problem)


def _texts(zh: str, en: str) -> dict[str, Any]:
    return {"testimony_zh": zh, "testimony_en": en}


def _check_text(certificate: Certificate, matter: Matter) -> None:
    languages = matter.language.split("+")
    if "zh" in languages and not certificate.testimony_zh:
        message = "The testimony in Chinese is still empty."
        raise BadInput("testimony_missing", message, field="testimony_zh")
    if "en" in languages and not certificate.testimony_en:
        message = "The testimony in English is still empty."
        raise BadInput("testimony_missing", message, field="testimony_en")


def _check_revision(certificate: Certificate, revision: int) -> None:
    if certificate.revision != revision:
        message = "Somebody changed this text in the meantime; look at it again."
        raise Conflict("revision_moved_on", message)


def _check_followable(session: Session, before: Certificate, kind: str) -> None:
    """Only the last document of a row is followed, and nothing follows a revocation."""
    if before.state != CertificateState.ISSUED:
        message = "Only a certificate that was issued can be corrected or revoked."
        raise Conflict("not_issued", message)
    if before.kind == REVOCATION:
        message = "This is a revocation: it is the end, and neither corrected nor revoked."
        raise Conflict("is_revocation", message)
    after = gathering.successor(session, before.id)
    if after is None:
        return
    if after.state != CertificateState.ISSUED:
        message = "A correction or revocation of it is being written already."
        raise Conflict("successor_open", message)
    if after.kind == REVOCATION:
        raise Conflict("revoked", "It is revoked: it is neither corrected nor revoked again.")
    message = "It was corrected: correct or revoke the correction, which took its place."
    raise Conflict("corrected", message)


def _moved(session: Session, certificate: Certificate, before: int, **values: Any) -> None:
    """The compare-and-swap on state and revision."""
    result = session.execute(
        update(Certificate)
        .where(
            Certificate.id == certificate.id,
            Certificate.state == certificate.state,
            Certificate.revision == before,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise gathering.moved_on()
