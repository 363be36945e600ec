"""Passkeys without a web request: WebAuthn Level 2 ceremonies over py_webauthn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import webauthn
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.accounts.ceremony import (
    DAMAGED,
    Challenge,
    Party,
    check_handle,
    read_answer,
    refused,
    text_of,
    transports_of,
)
from portal.accounts.factors import forget_codes_without_factor
from portal.accounts.models import User
from portal.accounts.security_models import Passkey, UsedChallenge
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, Conflict, NotFound

MAX_PASSKEYS: Final = 20
#: how long a challenge may be answered
LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose passkey answered. ``strong``: the device also checked its holder (PIN, finger, face),
    so that the passkey alone is two factors."""

    user: User
    strong: bool


class Passkeys:
    """Safe for threads."""

    def __init__(self, database: Database, party: Party, clock: Callable[[], datetime]) -> None:
        self._database, self.party, self._clock = database, party, clock

    def held_by(self, user_id: str) -> list[Passkey]:
        """A person's passkeys, oldest first."""
        query = select(Passkey).where(Passkey.user_id == user_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(Passkey.created_at, Passkey.id)))

    def ask_new(self, user: User) -> Challenge:
        """Options for making a passkey (WebAuthn §7.1 step 1)."""
        options = webauthn.generate_registration_options(
            rp_id=self.party.id,
            rp_name=self.party.name,
            user_id=user.id.encode(),
            user_name=user.email,
            user_display_name=user.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=self._descriptors(user.id),
        )
        return Challenge(options_to_json(options), bytes_to_base64url(options.challenge))

    def add(self, actor: Actor, name: str, answer: str, challenge: str) -> Passkey:
        """Keep a new passkey (WebAuthn §7.1).

        Raises:
            BadInput: no name, or an answer that does not verify: another origin, another
                challenge, damaged.
            Conflict: known already, or too many.
        """
        name, parsed = _clean(name), read_answer(answer)
        try:
            made = webauthn.verify_registration_response(
                credential=parsed,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.party.id,
                expected_origin=list(self.party.origins),
            )
        except DAMAGED as error:
            raise refused() from error
        passkey = Passkey(
            user_id=actor.id,
            credential=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
            transports=transports_of(parsed),
            backed_up=made.credential_backed_up,
            created_at=self._clock(),
        )
        try:
            with self._database.transaction() as session:
                self._use_challenge(session, challenge)
                if _number_of(session, actor.id) >= MAX_PASSKEYS:
                    message = "Remove a passkey first: nobody holds more than %(most)s."
                    raise Conflict("too_many_passkeys", message, most=MAX_PASSKEYS)
                session.add(passkey)
                session.flush()
                detail = {"passkey": passkey.id}
                record(session, actor, "account.passkey_added", f"user:{actor.id}", detail)
        except IntegrityError as error:
            raise Conflict("passkey_known", "This passkey is set up already.") from error
        return passkey

    def ask(self, user_id: str | None, must_verify: bool) -> Challenge:
        """Options for using a passkey (WebAuthn §7.2 step 1). ``user_id`` None: whoever it is, so
        that the answer says nothing about who has an account."""
        wish = UserVerificationRequirement
        options = webauthn.generate_authentication_options(
            rp_id=self.party.id,
            allow_credentials=self._descriptors(user_id) if user_id else None,
            user_verification=wish.REQUIRED if must_verify else wish.PREFERRED,
        )
        return Challenge(options_to_json(options), bytes_to_base64url(options.challenge))

    def check(self, answer: str, challenge: str, user_id: str | None, must_verify: bool) -> Proven:
        """Whose passkey this answer comes from (WebAuthn §7.2); each answer counts once.

        Raises:
            BadInput: another origin or challenge, a counter that went back, an unknown or
                another person's passkey, a closed account. One sentence for all.
        """
        parsed = read_answer(answer)
        with self._database.transaction() as session:
            query = select(Passkey).where(Passkey.credential == text_of(parsed, "id"))
            passkey = session.scalar(query)
            if passkey is None or (user_id is not None and passkey.user_id != user_id):
                raise refused()
            try:
                seen = webauthn.verify_authentication_response(
                    credential=parsed,
                    expected_challenge=base64url_to_bytes(challenge),
                    expected_rp_id=self.party.id,
                    expected_origin=list(self.party.origins),
                    credential_public_key=passkey.public_key,
                    credential_current_sign_count=passkey.sign_count,
                    require_user_verification=must_verify,
                )
                user = session.get_one(User, passkey.user_id)
                check_handle(parsed, user)
            except DAMAGED as error:
                raise refused() from error
            if not user.active or user.confirmed_at is None:
                raise refused()
            self._use_challenge(session, challenge)
            passkey.sign_count = seen.new_sign_count
            passkey.backed_up = seen.credential_backed_up
            passkey.last_used_at = self._clock()
        return Proven(user, seen.user_verified)

    def rename(self, actor: Actor, passkey_id: str, name: str) -> None:
        """Raises:
        NotFound: there is none, or it is somebody else's.
        BadInput: a name that cannot be shown.
        """
        name = _clean(name)
        with self._database.transaction() as session:
            _own(session, actor, passkey_id).name = name
            detail = {"passkey": passkey_id}
            record(session, actor, "account.passkey_renamed", f"user:{actor.id}", detail)

    def remove(self, actor: Actor, passkey_id: str) -> None:
        """Raises:
        NotFound: there is none, or it is somebody else's.
        """
        with self._database.transaction() as session:
            session.delete(_own(session, actor, passkey_id))
            forget_codes_without_factor(session, actor.id)
            detail = {"passkey": passkey_id}
            record(session, actor, "account.passkey_removed", f"user:{actor.id}", detail)

    def forget_old(self) -> None:
        """Remove answered challenges that could not be answered any more anyhow."""
        over = UsedChallenge.expires_at < self._clock()
        with self._database.transaction() as session:
            session.execute(delete(UsedChallenge).where(over))

    def _descriptors(self, user_id: str) -> list[PublicKeyCredentialDescriptor]:
        return [
            PublicKeyCredentialDescriptor(
                id=base64url_to_bytes(each.credential),
                transports=[AuthenticatorTransport(one) for one in each.transports.split()],
            )
            for each in self.held_by(user_id)
        ]

    def _use_challenge(self, session: Session, challenge: str) -> None:
        digest = hashlib.sha256(challenge.encode()).hexdigest()
        if session.get(UsedChallenge, digest) is not None:
            raise refused()
        session.add(UsedChallenge(digest=digest, expires_at=self._clock() + 2 * LIFETIME))
        session.flush()


def _own(session: Session, actor: Actor, passkey_id: str) -> Passkey:
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.user_id != actor.id:
        raise NotFound("passkey_not_found", "There is no such passkey.")
    return passkey


def _number_of(session: Session, user_id: str) -> int:
    return session.scalar(select(func.count()).where(Passkey.user_id == user_id)) or 0


def _clean(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise BadInput("name", "Give the passkey a name of at most 60 characters.", field="name")
    return name
