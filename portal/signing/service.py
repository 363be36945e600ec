"""One's own signing keys: adding, listing, revoking them. No Flask in here.

Keys belong to a person, also when they act for an organisation: it is a person who signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chain_adapter import EntryKey, key_id_of
from chain_adapter.algorithms import UnusableKey, algorithm_of
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.models import ENTRY_KIND, Deposit
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, TooLarge
from portal.signing.certificates import check_usable, read_certificate
from portal.signing.cosigning import PURPOSE
from portal.signing.models import CERTIFICATE, LOCAL, PLATFORM, SigningKey
from portal.signing.possession import Possession
from portal.storage.sealing import Box
from portal.texts import storable, within

MAX_LABEL: Final = 100
#: Keys of one person that are not revoked.
MAX_KEYS: Final = 50
#: Deposits that a key's page shows.
SHOWN: Final = 50


class SigningService:
    """The use cases. Every method raises the errors of :mod:`portal.problems`, and knows only the
    actor's own keys: anybody else's are not found."""

    def __init__(self, tools: Tools, box: Box) -> None:
        self._tools = tools
        self._box = box
        self._possession = Possession(tools.secret, tools.entry_key.key_id)

    @property
    def kind(self) -> str:
        """The kind that transactions of deposits name."""
        return ENTRY_KIND

    @property
    def platform(self) -> str:
        """The key id of the platform, which every transaction names."""
        return self._tools.entry_key.key_id

    def keys(self, actor: Actor) -> list[SigningKey]:
        """The newest first, those in use before those revoked."""
        query = select(SigningKey).where(SigningKey.user_id == actor.id)
        query = query.order_by(SigningKey.revoked_at.is_not(None), SigningKey.created_at.desc())
        with self._tools.database.reading() as session:
            return list(session.scalars(query))

    def get(self, actor: Actor, key_row: str) -> SigningKey:
        with self._tools.database.reading() as session:
            found = session.get(SigningKey, key_row)
        if found is None or found.user_id != actor.id:
            raise NotFound("signing_key_not_found", "There is no such signing key.")
        return found

    def challenge(self, actor: Actor) -> str:
        """What a new key has to sign; see :class:`Possession`."""
        return self._possession.challenge(actor.id, self._tools.clock())

    def add_public(
        self, actor: Actor, public: bytes, label: str, challenge: str, value: bytes
    ) -> SigningKey:
        """A key made in the actor's browser; ``public`` are its 32 raw bytes.

        Raises:
            BadInput: no such key, or ``value`` is not its signature of the challenge.
        """
        try:
            if len(public) != 32:
                raise UnusableKey("an Ed25519 public key has 32 bytes")
            algorithm_of(public)
        except (UnusableKey, ValueError) as error:
            message = "This is no Ed25519 public key."
            raise BadInput("signing_key", message, field="public") from error
        self._possession.check(actor.id, challenge, public, value, self._tools.clock())
        return self._add(actor, LOCAL, public, label)

    def add_certificate(
        self, actor: Actor, pem: str, label: str, challenge: str, value: bytes
    ) -> SigningKey:
        """A certificate the actor brings, whose private key stays with them.

        Raises:
            BadInput: no certificate that may sign now, or ``value`` is not by its key.
        """
        der = read_certificate(pem)
        check_usable(der, self._tools.clock())
        self._possession.check(actor.id, challenge, der, value, self._tools.clock())
        return self._add(actor, CERTIFICATE, der, label)

    def hold(self, actor: Actor, label: str) -> SigningKey:
        """Make a key that the portal holds for the actor, and signs with when they say so."""
        key = Ed25519PrivateKey.generate()
        public = EntryKey(key).public
        return self._add(actor, PLATFORM, public, label, key.private_bytes_raw())

    def revoke(self, actor: Actor, key_row: str) -> SigningKey:
        """No deposit is taken by it from now on; those made stay as they are. Idempotent. Of a key
        the portal holds, the private one is destroyed."""
        self.get(actor, key_row)
        with self._tools.database.transaction() as session:
            row = session.get_one(SigningKey, key_row, with_for_update=True)
            if row.revoked_at is None:
                row.revoked_at = self._tools.clock()
                row.sealed = None
                record(session, actor, "signing_key.revoked", row.subject, {"scheme": row.scheme})
        return row

    def deposits(self, actor: Actor, key: SigningKey) -> tuple[Sequence[Deposit], int]:
        """The newest deposits that the actor signed with ``key``, and how many there are."""
        mine = (Deposit.signed_by == key.key_id, Deposit.owner_id == actor.id)
        query = select(Deposit).where(*mine).order_by(Deposit.received_at.desc()).limit(SHOWN)
        with self._tools.database.reading() as session:
            count = session.scalar(select(func.count()).select_from(Deposit).where(*mine))
            return session.scalars(query).all(), count or 0

    def _add(
        self, actor: Actor, scheme: str, key: bytes, label: str, private: bytes | None = None
    ) -> SigningKey:
        label = " ".join(label.split())
        within("label", label, MAX_LABEL)
        storable("label", label)
        row = SigningKey(
            id=str(uuid4()),
            user_id=actor.id,
            scheme=scheme,
            key_id=key_id_of(key),
            key=key,
            label=label,
            created_at=self._tools.clock(),
        )
        if private is not None:
            row.sealed = self._box.seal(private, PURPOSE, row.id)
        try:
            with self._tools.database.transaction() as session:
                held = select(func.count()).select_from(SigningKey)
                held = held.where(SigningKey.user_id == actor.id, SigningKey.revoked_at.is_(None))
                if (session.scalar(held) or 0) >= MAX_KEYS:
                    message = "You have %(most)s signing keys already; revoke one first."
                    raise TooLarge("signing_keys", message, most=MAX_KEYS)
                session.add(row)
                session.flush()
                record(session, actor, "signing_key.added", row.subject, {"scheme": scheme})
        except IntegrityError as error:
            message = "This key is among your signing keys already, in use or revoked."
            raise Conflict("signing_key_known", message) from error
        return row
