"""Notaries' keys: handed in as PKCS#12, made here by the office's authority, or on a token.

A PKCS#12 file is kept as it was handed in, under its own password, and sealed once more. The
password opens it for one signature at a time and is kept nowhere: neither here nor in any log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from asn1crypto import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates import signing
from portal.certificates.kit import Kit
from portal.certificates.models import NotaryKey
from portal.certificates.shapes import KeyView
from portal.certificates.signing import NotarySigner
from portal.matters.access import NOTARY
from portal.problems import BadInput, Conflict, Forbidden, NotFound, Unavailable
from portal.storage.sealing import Unsealable
from portal.texts import line, storable

PKCS12, OFFICE, TOKEN = "pkcs12", "office", "pkcs11"
MAX_FILE: Final = 64 * 1024
#: Shorter ones protect nothing; the key file lies in backups as well.
MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 200
_MOST: Final = 10
_PURPOSE: Final = "notary-key"


@dataclass(frozen=True, slots=True)
class Opened:
    """A key that may sign now, and the row it is kept in."""

    row_id: str
    fingerprint: str
    signer: NotarySigner


class Keys:
    """Every method is for notaries, each with keys of their own alone."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def mine(self, actor: Actor) -> tuple[KeyView, ...]:
        """The actor's keys that were not removed, the newest first."""
        _check_notary(actor)
        query = (
            select(NotaryKey)
            .where(NotaryKey.notary_id == actor.id, NotaryKey.removed_at.is_(None))
            .order_by(NotaryKey.created_at.desc(), NotaryKey.id)
        )
        with self._tools.database.reading() as session:
            rows = list(session.scalars(query))
        return tuple(self.view(row, actor) for row in rows)

    def view(self, row: NotaryKey, actor: Actor) -> KeyView:
        """``row`` for pages, with what keeps it from signing now."""
        now = self._kit.now
        label = row.label.replace("\n", " / ")
        return KeyView(
            id=row.id,
            kind=row.kind,
            label=label,
            holder=row.holder,
            issuer=x509.Certificate.load(row.certificate).issuer.human_friendly,
            fingerprint=row.fingerprint,
            not_before=row.not_before,
            not_after=row.not_after,
            created_at=row.created_at,
            days=(row.not_after - now).days,
            trouble=signing.trouble(self._tools, row, now),
            own=row.notary_id == actor.id,
        )

    def add_pkcs12(self, actor: Actor, data: bytes, password: str) -> str:
        """Keep a PKCS#12 file, after it opened and its certificate is one to sign with; its id.

        Raises:
            BadInput: naming the password or the file, with the sentence why.
        """
        _check_notary(actor)
        if not 0 < len(data) <= MAX_FILE:
            message = "Choose the key's file (.p12 or .pfx), of at most %(limit)s bytes."
            raise BadInput("key_file", message, field="file", limit=MAX_FILE)
        storable("password", password)
        signer = signing.from_pkcs12(self._tools, data, password, self._kit.now)
        return self._add(actor, PKCS12, signer, data=data)

    def make(self, actor: Actor, password: str, again: str) -> str:
        """Have the office's authority make a key, protected by ``password``; its id.

        Raises:
            BadInput: the password is short, or was not typed twice alike.
            Unavailable: the authority cannot issue.
        """
        _check_notary(actor)
        _check_password(password, again)
        data = signing.make_pkcs12(self._tools, actor.name, password)
        signer = signing.from_pkcs12(self._tools, data, password, self._kit.now)
        return self._add(actor, OFFICE, signer, data=data)

    def add_token(self, actor: Actor, token: str, label: str, pin: str) -> str:
        """Remember a key on a PKCS#11 token; its id. The key stays on the token.

        Raises:
            Unavailable: no module is configured.
            BadInput: token, key or PIN are wrong, with the sentence.
        """
        _check_notary(actor)
        token = line("token", token, 64, needed=True)
        label = line("label", label, 64, needed=True)
        signer = signing.from_token(self._tools, token, label, pin, self._kit.now)
        return self._add(actor, TOKEN, signer, label=f"{token}\n{label}")

    def remove(self, actor: Actor, key_id: str) -> bool:
        """Take a key out of use for ever; the sealed file goes. One made here is revoked as well:
        whether it was.

        Raises:
            NotFound: no such key, or somebody else's.
            Unavailable: the revocation list cannot be written; nothing was done.
        """
        _check_notary(actor)
        with self._tools.database.reading() as session:
            row = _own(session, actor, key_id)
        revoked = row.kind == OFFICE
        if revoked:  # first: a key that is gone here and good elsewhere would be the worse half
            signing.revoke(self._tools, row.certificate)
        with self._tools.database.transaction() as session:
            row = _own(session, actor, key_id)
            row.removed_at, row.sealed = self._kit.now, None
            detail: dict[str, str | int] = {"fingerprint": row.fingerprint, "kind": row.kind}
            detail["revoked"] = int(revoked)
            record(session, actor, "certificate.key_removed", _subject(actor), detail)
        return revoked

    def open(self, notary_id: str, key_id: str, secret: str, field: str = "secret") -> Opened:
        """The key, ready to sign; ``secret`` is its file's password or its token's PIN.

        Raises:
            NotFound: no such key of this notary.
            BadInput: wrong password, expired, revoked, not for signing …, with the sentence.
            Unavailable: the token's module is not there.
        """
        with self._tools.database.reading() as session:
            row = session.get(NotaryKey, key_id)
        if row is None or row.notary_id != notary_id or row.removed_at is not None:
            raise unknown_key()
        storable(field, secret)
        if row.kind == TOKEN:
            token, _, label = row.label.partition("\n")
            signer = signing.from_token(self._tools, token, label, secret, self._kit.now, field)
        else:
            data = self._unsealed(row)
            signer = signing.from_pkcs12(self._tools, data, secret, self._kit.now, field)
        if signer.fingerprint != row.fingerprint:
            message = "The key's certificate is another one now: remove the key and add it again."
            raise Conflict("key_changed", message, field="key")
        return Opened(row.id, row.fingerprint, signer)

    def check_usable(self, session: Session, opened: Opened) -> None:
        """Asked again in the issuing transaction. Raises Conflict when it must not sign any more:
        removed, expired or revoked since it was opened."""
        row = session.get(NotaryKey, opened.row_id, populate_existing=True)
        if row is None or row.removed_at is not None:
            message = "The key was removed meanwhile, so nothing was issued."
            raise Conflict("key_removed", message)
        if sentence := signing.trouble(self._tools, row, self._kit.now):
            raise Conflict("key_unusable", sentence)

    def of(self, session: Session, notary_id: str) -> list[NotaryKey]:
        """A notary's keys, for choosing one."""
        query = (
            select(NotaryKey)
            .where(NotaryKey.notary_id == notary_id, NotaryKey.removed_at.is_(None))
            .order_by(NotaryKey.not_after.desc(), NotaryKey.id)
        )
        return list(session.scalars(query))

    def _unsealed(self, row: NotaryKey) -> bytes:
        try:
            return self._kit.box.open(row.sealed or b"", _PURPOSE, f"{row.notary_id}/{row.id}")
        except Unsealable as error:
            message = "The key's file cannot be read any more; remove it and add it again."
            raise Unavailable("key_unreadable", message) from error

    def _add(
        self, actor: Actor, kind: str, signer: NotarySigner, data: bytes = b"", label: str = ""
    ) -> str:
        facts = signing.facts(signer)
        row = NotaryKey(
            notary_id=actor.id,
            kind=kind,
            label=label,
            certificate=facts.certificate,
            chain=facts.chain,
            fingerprint=facts.fingerprint,
            holder=facts.holder,
            not_before=facts.not_before,
            not_after=facts.not_after,
            created_at=self._kit.now,
        )
        with self._tools.database.transaction() as session:
            session.get_one(User, actor.id, with_for_update=True)
            known = self.of(session, actor.id)
            if len(known) >= _MOST:
                message = "You have %(most)s keys already; remove one that is not used any more."
                raise Conflict("keys_many", message, most=_MOST)
            if any(each.fingerprint == row.fingerprint for each in known):
                raise Conflict("key_known", "This key is among yours already.", field="file")
            session.add(row)
            session.flush()
            if data:
                row.sealed = self._kit.box.seal(data, _PURPOSE, f"{actor.id}/{row.id}")
            detail = {"fingerprint": row.fingerprint, "kind": kind, "holder": row.holder}
            record(session, actor, "certificate.key_added", _subject(actor), detail)
        return row.id


def unknown_key() -> NotFound:
    return NotFound("key_not_found", "You have no such key.")


def _own(session: Session, actor: Actor, key_id: str) -> NotaryKey:
    row = session.get(NotaryKey, key_id)
    if row is None or row.notary_id != actor.id or row.removed_at is not None:
        raise unknown_key()
    return row


def _subject(actor: Actor) -> str:
    return f"user:{actor.id}"


def _check_notary(actor: Actor) -> None:
    if not actor.has(NOTARY):
        raise Forbidden("notaries_only", "Only notaries have keys to sign certificates with.")


def _check_password(password: str, again: str) -> None:
    storable("password", password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = "A key's password has %(least)s to %(most)s characters."
        raise BadInput(
            "key_password", message, field="password", least=MIN_PASSWORD, most=MAX_PASSWORD
        )
    if password != again:
        message = "The two passwords are not the same; type it again."
        raise BadInput("key_password_again", message, field="again")
