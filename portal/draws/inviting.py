"""The parties of a draw: asked by a link that works once, joined with keys of their own making.

The organiser's party belongs to whoever began the draw, the portal's is there from the start. A
person is one party of a draw at most, and the notary's party is somebody with that role.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import record
from portal.draws import access, mails
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawParty, DrawState
from portal.draws.shapes import InvitationView
from portal.problems import BadInput, Conflict, Forbidden, NotFound, RateLimited
from portal.texts import line, normal_email

MOST: Final = 9
#: invitations by one person
DAILY: Final = 50
_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INVITED: Final = ("notary", "public")


class Inviting:
    """Every method checks whose draw, or whose party, it is."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def invite(self, actor: Actor, draw_id: str, role: str, name: str, email: str) -> str:
        """Add a party; the link for whoever shall be it, never to be had again. With an address it
        is mailed as well. Another invitation of the notary's replaces one that nobody took.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.draws.access.changeable`.
            BadInput: no such role, no name, or no e-mail address.
            Conflict: nine parties, or a notary, are there already.
        """
        if role not in _INVITED:
            raise BadInput("party_role", "Invite a notary or the public.", field="role")
        name = line("name", name, 200, needed=True)
        email = normal_email(email) if email.strip() else ""
        secret = secrets.token_urlsafe(32)
        link = f"{self._tools.settings.base_url.rstrip('/')}/my/draws/invitation/{secret}"
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            self._check_quota(session, actor)
            parties = _parties(session, draw_id)
            for each in parties:
                if role == each.role == "notary" and each.user_id is None:
                    session.delete(each)
            session.flush()
            parties = _parties(session, draw_id)
            party = _new_id(role, parties)
            made = DrawParty(
                draw_id=draw.id,
                party=party,
                place=max(each.place for each in parties) + 1,
                role=role,
                name=name,
                email=email,
                token_sha256=_digest(secret),
                invited_at=self._tools.clock(),
            )
            session.add(made)
            self._changed(draw)
            if email:
                title = draw.title_zh or draw.title_en
                days = self._tools.settings.draw_invitation_days
                words = mails.invitation(_organiser(parties), title, role, link, days)
                self._kit.post(session, email, *words)
            record(session, actor, "draw.invited", draw.subject, {"party": party, "role": role})
        return link

    def uninvite(self, actor: Actor, draw_id: str, party: str) -> None:
        """Take a party out again. Raises NotFound when there is no such one."""
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            found = session.get(DrawParty, (draw_id, party))
            if found is None:
                raise NotFound("party_not_found", "This draw has no such party.")
            if found.role not in _INVITED:
                message = "A draw has an organiser and the portal among its parties, always."
                raise Conflict("party_needed", message)
            session.delete(found)
            self._changed(draw)
            record(session, actor, "draw.uninvited", draw.subject, {"party": party})

    def invitation(self, token: str) -> InvitationView:
        """What a link leads to.

        Raises:
            NotFound: nobody made it, it was used, or its time is over.
        """
        with self._tools.database.reading() as session:
            draw, party = self._open(session, token)
            parties = _parties(session, draw.id)
        return InvitationView(
            draw_id=draw.id,
            title_zh=draw.title_zh,
            title_en=draw.title_en,
            rehearsal=draw.rehearsal,
            organiser=_organiser(parties),
            role=party.role,
            name=party.name,
        )

    def claim(self, actor: Actor, token: str) -> str:
        """Become the party; the draw's id.

        Raises:
            NotFound: see :meth:`invitation`.
            Conflict: the actor is a party of this draw already.
            Forbidden: the notary's party needs the role.
        """
        if not actor.id or actor.via == "api":
            message = "A party is a person who has signed in."
            raise Forbidden("person_only", message)
        try:
            with self._tools.database.transaction() as session:
                draw, party = self._open(session, token, lock=True)
                if party.role == "notary":
                    check_notary(actor)
                party.user_id, party.token_sha256 = actor.id, None
                party.claimed_at = self._tools.clock()
                session.flush()
                self._changed(draw)
                record(session, actor, "draw.claimed", draw.subject, {"party": party.party})
                return draw.id
        except IntegrityError as error:
            message = "You are a party of this draw already, and nobody may be two."
            raise Conflict("party_twice", message) from error

    def join(self, actor: Actor, draw_id: str, party: str, key: str, box: str) -> None:
        """Hand in the party's public keys; before the freeze they may be handed in anew.

        Raises:
            NotFound, Forbidden: see :func:`portal.draws.access.taking_part`.
            BadInput: no keys, or another party's.
            Conflict: the draw is frozen.
        """
        for field, value in (("key", key), ("box", box)):
            check_key(field, value)
        with self._tools.database.transaction() as session:
            draw, mine = access.taking_part(session, actor, draw_id)
            if mine.party != party:
                message = "Only the parties of this draw sign for it, each for itself."
                raise Forbidden("party_only", message)
            if (mine.key, mine.box) == (key, box):
                return
            if draw.state != DrawState.DRAFT:
                message = "This draw is frozen, and its parties' keys with it."
                raise Conflict("draw_frozen", message)
            if mine.role == "notary":
                check_notary(actor)
            others = {each.key for each in _parties(session, draw_id)}
            others |= {each.box for each in _parties(session, draw_id)}
            if {key, box} & others - {mine.key, mine.box}:
                message = "Another party of this draw has this key; make one of your own."
                raise BadInput("key_taken", message, field="key")
            mine.key, mine.box, mine.joined_at = key, box, self._tools.clock()
            self._changed(draw)
            detail = {"party": party, "key": key}
            record(session, actor, "draw.joined", draw.subject, detail)

    def _check_quota(self, session: Session, actor: Actor) -> None:
        """More would be a way to send mail to strangers."""
        since = self._tools.clock() - timedelta(days=1)
        query = select(func.count()).where(
            AuditEntry.actor_id == actor.id,
            AuditEntry.action == "draw.invited",
            AuditEntry.at >= since,
        )
        if (session.scalar(query) or 0) >= DAILY:
            message = "At most %(limit)s invitations a day; go on tomorrow."
            raise RateLimited("invitations_many", message, limit=DAILY)

    def _open(self, session: Session, token: str, *, lock: bool = False) -> tuple[Draw, DrawParty]:
        query = select(DrawParty).where(DrawParty.token_sha256 == _digest(token))
        party = session.scalar(query.with_for_update() if lock else query)
        draw = session.get(Draw, party.draw_id, with_for_update=lock) if party else None
        days = timedelta(days=self._tools.settings.draw_invitation_days)
        if (
            party is None
            or draw is None
            or draw.state != DrawState.DRAFT
            or party.invited_at is None
            or party.invited_at + days < self._tools.clock()
        ):
            raise NotFound("invitation_not_found", "There is no such open invitation.")
        return draw, party

    def _changed(self, draw: Draw) -> None:
        draw.revision += 1
        draw.changed_at = self._tools.clock()


def check_notary(actor: Actor) -> None:
    """Raises Forbidden for whoever is no notary (any more)."""
    if not actor.has("notary"):
        message = "This needs one of these roles: %(roles)s."
        raise Forbidden("role_missing", message, roles="notary")


def check_key(field: str, value: str) -> None:
    """Raises BadInput for what is no public key in hexadecimal digits; a weak one is refused too:
    it would let anybody sign, or read what is meant for its owner."""
    from lottery.verifier import BadPoint, check_box, decode_point

    try:
        if not _KEY.fullmatch(value):
            raise BadPoint("not 32 bytes")
        (decode_point if field == "key" else check_box)(bytes.fromhex(value))
    except BadPoint as error:
        message = "This is no public key a draw can have."
        raise BadInput("party_key", message, field=field) from error


def _parties(session: Session, draw_id: str) -> list[DrawParty]:
    query = select(DrawParty).where(DrawParty.draw_id == draw_id).order_by(DrawParty.place)
    return list(session.scalars(query))


def _organiser(parties: list[DrawParty]) -> str:
    return next(each.name for each in parties if each.role == "organiser")


def _new_id(role: str, parties: list[DrawParty]) -> str:
    if len(parties) >= MOST:
        message = "A draw has %(limit)s parties at most."
        raise Conflict("parties_many", message, limit=MOST)
    taken = {each.party for each in parties}
    if role == "notary":
        if role in taken:
            message = "This draw has its notary already; take that one out first."
            raise Conflict("notary_there", message, field="role")
        return role
    return next(
        name
        for number in range(1, MOST + 1)
        if (name := role if number == 1 else f"{role}-{number}") not in taken
    )


def _digest(token: str) -> str:
    # 256 random bits need no slow hash; looking up the digest compares nothing secret.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
