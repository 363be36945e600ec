"""Issuing: a number, signatures and seal, and one transaction in which all of it becomes true.

The next serial is read, the certificate is made and signed for it outside of any transaction, and
then one transaction moves the counter on by compare-and-swap together with everything else. Whoever
loses the number makes the certificate again with the next; whoever dies before the transaction
leaves a signed file that nobody was given, and no gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.certificates import gathering, numbers, papers, sealing
from portal.certificates.drafting import refuse_standing
from portal.certificates.gathering import Whole
from portal.certificates.keys import Keys, Opened
from portal.certificates.kit import WORKER, Kit
from portal.certificates.mails import issued_mail
from portal.certificates.making import Made, Making, Prepared
from portal.certificates.models import Certificate, CertificateCopy, CertificateState
from portal.certificates.numbers import Number
from portal.certificates.shapes import CERTIFICATE, Issued
from portal.checks.models import Check
from portal.checks.shapes import Standing
from portal.database import advance
from portal.deposits.models import Deposit
from portal.matters.models import Matter, MatterParty, MatterPause, MatterState
from portal.problems import BadInput, Conflict, PortalError, Unavailable

#: Somebody else's certificate takes the number about once in a blue moon.
_TRIES: Final = 6
#: Seconds to wait for another's signature in this process.
_PATIENCE: Final = 90


class NumberLost(Exception):
    """Somebody else's certificate was given the number: it has to be made with the next."""


class Issuing:
    def __init__(self, kit: Kit, keys: Keys) -> None:
        self._kit, self._tools, self._keys = kit, kit.tools, keys
        self._making = Making(kit)

    def issue(
        self,
        actor: Actor,
        certificate_id: str,
        key_id: str,
        secret: str,
        revision: int,
        second: tuple[str, str] | None = None,
    ) -> Issued:
        """Number, sign, seal and issue. Pressing again is harmless: what was issued is answered.

        Args:
            secret: the password of the key's file or the PIN of its token.
            revision: the certificate's, as the notary had it before them.
            second: key and secret of the second notary, where the rule asks for one.

        Raises:
            NotFound, Forbidden: it is not this notary's to issue.
            BadInput: the key does not open or must not sign; the sentence says why.
            Conflict: text, approval, application or check moved on, or do not let it be issued.
            Unavailable: no time-stamp was to be had; nothing was issued, press again.
        """
        try:
            if known := self._known(actor, certificate_id):
                return known
            signers = self._open(actor, certificate_id, key_id, secret, second)
            with self._turn():
                return self._sign(actor, certificate_id, revision, signers)
        except Conflict:  # perhaps because another press of the button was quicker
            if known := self._known(actor, certificate_id):
                return known
            raise

    def _sign(
        self, actor: Actor, certificate_id: str, revision: int, signers: Sequence[Opened]
    ) -> Issued:
        for _ in range(_TRIES):
            prepared = self._prepare(actor, certificate_id, revision, signers)
            try:
                return self._write(actor, prepared, self._making.make(prepared))
            except NumberLost:
                continue
        message = "Other certificates took the number each time; press again."
        raise Unavailable("numbers_busy", message)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._kit.issuing.acquire(timeout=_PATIENCE):
            message = "Another certificate is being signed at this moment; press again."
            raise Unavailable("signing_busy", message)
        try:
            yield
        finally:
            self._kit.issuing.release()

    def _known(self, actor: Actor, certificate_id: str) -> Issued | None:
        """The answer of before, for those who may see it."""
        with self._tools.database.reading() as session:
            certificate, _ = gathering.seen(session, actor, certificate_id)
            if certificate.state != CertificateState.ISSUED:
                return None
            number = Number.read(certificate.number or "")
        return Issued(number, certificate_id, replayed=True) if number else None

    def _open(
        self,
        actor: Actor,
        certificate_id: str,
        key_id: str,
        secret: str,
        second: tuple[str, str] | None,
    ) -> list[Opened]:
        """The keys, once it is certain that they are asked for what their holders may sign."""
        with self._tools.database.reading() as session:
            states = (CertificateState.DRAFT, CertificateState.APPROVED)
            certificate, matter = gathering.handled(session, actor, certificate_id, *states)
        signers = [self._keys.open(actor.id, key_id, secret)]
        if matter.second_needed:
            if second is None or not second[0] or certificate.approved_by in (None, actor.id):
                message = (
                    "The second notary, who approved it, signs as well: choose their key and let "
                    "them type its password."
                )
                raise BadInput("second_key", message, field="second_key")
            approver = certificate.approved_by or ""
            signers.append(self._keys.open(approver, second[0], second[1], "second_secret"))
        return signers

    def _prepare(
        self, actor: Actor, certificate_id: str, revision: int, signers: Sequence[Opened]
    ) -> Prepared:
        """Everything it says, as far as nothing is in the way."""
        with self._tools.database.reading() as session:
            certificate, matter = gathering.handled(session, actor, certificate_id)
            check_ready(session, certificate, matter, revision)
            whole = gathering.whole(self._kit, session, certificate, matter)
            refuse_standing(whole.standing)
            people = papers.people_of(session, certificate, actor.id, matter.second_needed)
            check = papers.machine_check(session, whole.standing)
        return Prepared(whole, people, check, signers)

    def _write(self, actor: Actor, prepared: Prepared, made: Made) -> Issued:
        """The one transaction. What certainly did not happen leaves nothing in the vault; where
        that cannot be known the files stay, for they may be somebody's."""
        try:
            with self._tools.database.transaction() as session:
                self._issue(session, actor, prepared, made)
        except (NumberLost, PortalError):
            sealing.forget(self._kit, (*made.files, made.manifest))
            raise
        self._tools.nudge()
        return Issued(made.number, prepared.whole.certificate.id)

    def _issue(self, session: Session, actor: Actor, prepared: Prepared, made: Made) -> None:
        before = prepared.whole
        certificate, matter = gathering.handled(session, actor, before.certificate.id)
        if certificate.state == CertificateState.ISSUED:
            raise NumberLost  # a double click in another process: the next round answers it
        check_ready(session, certificate, matter, before.certificate.revision)
        standing = gathering.standing_of(self._kit, session, matter, certificate.kind)
        refuse_standing(standing)
        if matter.revision != before.matter.revision or _sum(standing) != _sum(before.standing):
            raise NumberLost  # another check since: it is made again with that one
        for opened in prepared.signers:
            self._keys.check_usable(session, opened)
        if not numbers.take(session, made.number):
            raise NumberLost
        deposit = sealing.deposit(
            session, self._kit, matter, made.manifest, made.files, _title(made, certificate)
        )
        self._move(
            session, actor, certificate, made, deposit.id, standing.check_id if standing else None
        )
        if certificate.kind == CERTIFICATE:
            self._end_matter(session, matter, made.moment)
        _copies(session, certificate, matter)
        record_many(session, list(_acts(actor, certificate, matter, before, made, deposit)))
        self._post(session, matter, certificate, made)

    def _move(
        self,
        session: Session,
        actor: Actor,
        certificate: Certificate,
        made: Made,
        deposit_id: str,
        check_id: str | None,
    ) -> None:
        """The compare-and-swap on state and revision."""
        values: dict[str, Any] = {
            "state": CertificateState.ISSUED,
            "year": made.number.year,
            "office": made.number.office,
            "serial": made.number.serial,
            "number": str(made.number),
            "issued_by": actor.id,
            "issued_at": made.moment,
            "record": made.record.decode(),
            "pdf_key": made.pdf.key,
            "pdf_sha256": made.pdf.content.sha256.hex,
            "deposit_id": deposit_id,
            "check_id": check_id,
        }
        moved = session.execute(
            update(Certificate)
            .where(
                Certificate.id == certificate.id,
                Certificate.state == CertificateState.APPROVED,
                Certificate.revision == certificate.revision,
                Certificate.approved_revision == certificate.revision,
            )
            .values(values)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            raise gathering.moved_on()

    def _end_matter(self, session: Session, matter: Matter, moment: datetime) -> None:
        values = {"state": MatterState.ISSUED, "ended_at": moment, "changed_at": moment}
        if not advance(session, Matter, matter.id, MatterState.ACCEPTED, **values):
            raise gathering.moved_on()
        session.execute(
            update(MatterPause)
            .where(MatterPause.matter_id == matter.id, MatterPause.ended_at.is_(None))
            .values(ended_at=moment)
        )

    def _post(self, session: Session, matter: Matter, certificate: Certificate, made: Made) -> None:
        owner = session.get_one(User, matter.owner_id)
        base = self._tools.settings.base_url.rstrip("/")
        link = f"{base}/my/certificates/{certificate.id}"
        subject, text = issued_mail(certificate.kind, made.number, matter.number, link)
        self._kit.post(session, owner.email, subject, text)


def check_ready(session: Session, certificate: Certificate, matter: Matter, revision: int) -> None:
    """Whether text and approval are those that the notary has before them.

    Raises:
        Conflict: the sentence says what moved on.
    """
    if certificate.state == CertificateState.DRAFT:
        message = "It is not approved yet, or it was changed after the approval: approve it first."
        raise Conflict("not_approved", message)
    gathering.check_state(certificate, (CertificateState.APPROVED,))
    if certificate.revision != revision or certificate.approved_revision != revision:
        message = "The text changed since you looked at it; look at it again."
        raise Conflict("revision_moved_on", message)
    if matter.second_needed and certificate.approved_by == certificate.drafted_by:
        message = "Whoever wrote the text last cannot approve it: a second notary has to."
        raise Conflict("own_draft", message)
    check = session.get(Check, certificate.check_id) if certificate.check_id else None
    if check is not None and check.revision != matter.revision:
        message = "The application was changed after the approval; approve the text again."
        raise Conflict("matter_moved_on", message)
    papers.check_letter(session.get_one(Deposit, matter.deposit_id))


def _copies(session: Session, certificate: Certificate, matter: Matter) -> None:
    """One for each applicant in turn, until there are as many as were applied for."""
    query = select(MatterParty.id).where(
        MatterParty.matter_id == matter.id, MatterParty.role == "applicant"
    )
    parties = list(session.scalars(query.order_by(MatterParty.place)))
    for n in range(1, max(matter.copies, len(parties)) + 1 if parties else 1):
        party = parties[(n - 1) % len(parties)]
        session.add(CertificateCopy(certificate_id=certificate.id, n=n, party_id=party))


def _sum(standing: Standing | None) -> tuple[Any, Any]:
    return (standing.sha256, dict(standing.reasons)) if standing else (None, None)


def _title(made: Made, certificate: Certificate) -> str:
    return f"{sealing.TITLES[certificate.kind]} {made.number.zh} {made.number.en}"


def _acts(
    actor: Actor,
    certificate: Certificate,
    matter: Matter,
    before: Whole,
    made: Made,
    deposit: Deposit,
) -> Iterator[Act]:
    sha256 = made.pdf.content.sha256.hex
    number = str(made.number)
    received = {"kind": deposit.kind, "sha256": deposit.sha256, "certificate": certificate.id}
    yield Act(WORKER, "deposit.received", deposit.subject, received)
    yield Act(actor, "matter.particulars_read", matter.subject, {"for": "issue"})
    detail = {"number": number, "sha256": sha256, "deposit": deposit.number}
    yield Act(actor, "certificate.issued", certificate.subject, detail)
    if certificate.kind == CERTIFICATE:
        yield Act(actor, "matter.issued", matter.subject, {"number": number})
    elif before.predecessor is not None:
        action = f"certificate.followed_{certificate.kind}"
        subject = before.predecessor.subject
        yield Act(actor, action, subject, {"number": number, "sha256": sha256})
        yield Act(actor, f"matter.{certificate.kind}", matter.subject, {"number": number})
