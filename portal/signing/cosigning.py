"""A depositor's signature of the transaction: verified before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import RFC_4122, UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from chain_adapter import (
    Digest,
    EntryKey,
    InvalidEntry,
    Signature,
    Transaction,
    key_id_of,
    verify_transaction,
)
from chain_adapter.algorithms import algorithm_of
from portal.audit.actor import Actor
from portal.database import Database
from portal.problems import BadInput, Unavailable
from portal.signing.certificates import check_usable
from portal.signing.models import CERTIFICATE, PLATFORM, SigningKey
from portal.storage.sealing import Box, Unsealable

#: What the portal's sealed private keys are sealed for; the owner is the row's id.
PURPOSE: Final = "signing-key"


@dataclass(frozen=True, slots=True)
class Cosigning:
    """What a request says of the depositor's signature; nothing of it is verified.

    ``id`` is the deposit's, chosen by whoever signs. Either ``key_id`` names one of the depositor's
    keys, or ``certificate`` (DER) comes along. ``value`` is None for a key that the portal holds,
    with which it then signs itself.
    """

    id: str
    key_id: str = ""
    certificate: bytes = b""
    algorithm: str = ""
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction with a signature that fits, and the key (:func:`chain_adapter.key_id_of`) it
    was verified by; ``scheme`` is one of :data:`portal.signing.models.SCHEMES`. ``chosen``: the
    deposit's id is the depositor's choice; else it is another at each request."""

    transaction: Transaction
    signature: Signature
    key: bytes
    scheme: str
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class Cosignings:
    """One key's signatures of several deposits at once; nothing of it is verified. ``items``: the
    path of a file, empty for the list of all, to the deposit's id and the signature's value. A key
    that the portal holds signs without any."""

    key_id: str
    algorithm: str = ""
    items: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    def of(self, path: str) -> Cosigning:
        """What is said of one of them."""
        deposit_id, value = self.items.get(path, ("", None))
        return Cosigning(deposit_id, self.key_id, b"", self.algorithm, value)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that may be used now; ``private`` is the one the portal holds."""

    key: bytes
    scheme: str
    platform: str
    private: EntryKey | None = None

    def signed(self, kind: str, digests: Sequence[Digest], asked: Cosigning) -> Signed:
        """The signature of this very deposit, verified; or made, by a key that the portal holds.

        Args:
            kind: the ledger entry's.
            digests: exactly those that are going to be recorded.

        Raises:
            BadInput: it does not fit.
        """
        if self.private is not None:
            return self._made(self.private, kind, digests, asked)
        transaction = self._transaction(kind, check_id(asked.id), digests)
        signature = _signature(transaction, asked, self.key)
        if not verify_transaction(transaction, signature, self.key):
            message = (
                "The signature does not fit this deposit: other digests, another id, another "
                "platform or another key were signed. Nothing was deposited."
            )
            raise BadInput("signature_mismatch", message, field="signature")
        return Signed(transaction, signature, self.key, self.scheme)

    def _made(
        self, private: EntryKey, kind: str, digests: Sequence[Digest], asked: Cosigning
    ) -> Signed:
        if asked.value is not None:
            message = "The portal holds this key: it signs itself, and takes no signature by it."
            raise BadInput("signing_key_held", message, field="signature")
        deposit_id = check_id(asked.id) if asked.id else str(uuid4())
        transaction = self._transaction(kind, deposit_id, digests)
        signature = private.sign_transaction(transaction)
        return Signed(transaction, signature, self.key, self.scheme, chosen=bool(asked.id))

    def _transaction(self, kind: str, deposit_id: str, digests: Sequence[Digest]) -> Transaction:
        return Transaction(kind, deposit_id, tuple(digests), key_id_of(self.key), self.platform)


class Cosigner:
    """Finds the key that a request names. Thread-safe. ``platform`` is the key id of the platform
    that vouches."""

    def __init__(
        self, database: Database, box: Box, platform: str, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._box = box
        self._clock = clock
        self._platform = platform

    def signed(
        self, actor: Actor, kind: str, digests: Sequence[Digest], asked: Cosigning
    ) -> Signed:
        """See :meth:`Signer.signed` and :meth:`signer`."""
        return self.signer(actor, asked.key_id, asked.certificate).signed(kind, digests, asked)

    def signer(self, actor: Actor, key_id: str, certificate: bytes = b"") -> Signer:
        """The actor's key of this id; or that of ``certificate`` (DER), which anybody may bring.

        Raises:
            BadInput: none of the actor's, revoked, or not valid now.
        """
        by = key_id_of(certificate) if certificate else key_id
        row = self._row(actor, by)
        key = row.key if row is not None else certificate
        if not key:
            message = "%(key)s is none of your signing keys."
            raise BadInput("signing_key_unknown", message, field="signature", key=by[:80])
        if row is not None and row.revoked_at is not None:
            raise BadInput(
                "signing_key_revoked",
                "The signing key %(key)s was revoked.",
                field="signature",
                key=by,
            )
        if len(key) != 32:
            check_usable(key, self._clock())
        private = self._held(row) if row is not None and row.scheme == PLATFORM else None
        return Signer(key, CERTIFICATE if row is None else row.scheme, self._platform, private)

    def _row(self, actor: Actor, key_id: str) -> SigningKey | None:
        query = select(SigningKey).where(
            SigningKey.user_id == actor.id, SigningKey.key_id == key_id
        )
        with self._database.reading() as session:
            return session.scalar(query)

    def _held(self, row: SigningKey) -> EntryKey:
        try:
            private = self._box.open(row.sealed or b"", PURPOSE, row.id)
        except Unsealable as error:
            message = "The key that the portal holds for you cannot be opened; tell the operator."
            raise Unavailable("signing_key_sealed", message) from error
        return EntryKey(Ed25519PrivateKey.from_private_bytes(private))


def check_id(text: str) -> str:
    """The deposit's id as its initiator chose it: a UUID of version 4 or 7 (RFC 9562), lower case.

    Raises:
        BadInput: anything else.
    """
    try:
        found = UUID(text)
    except ValueError:
        found = None
    good = found is not None and str(found) == text and found.variant == RFC_4122
    if found is None or not good or found.version not in (4, 7):
        message = "The deposit's id is a random UUID (version 4 or 7), in lower case."
        raise BadInput("deposit_id", message, field="id")
    return text


def _signature(transaction: Transaction, asked: Cosigning, key: bytes) -> Signature:
    if asked.value is None:
        raise BadInput("signature_missing", "The signature itself is missing.", field="signature")
    if asked.algorithm != algorithm_of(key):
        message = "This key signs by %(right)s, not by %(given)s."
        right, given = algorithm_of(key), asked.algorithm[:40]
        raise BadInput("signature_algorithm", message, field="signature", right=right, given=given)
    try:
        return Signature("depositor", transaction.by, asked.algorithm, asked.value)
    except InvalidEntry as error:
        message = "This is no well-formed signature: %(reason)s."
        raise BadInput("signature_form", message, field="signature", reason=error.reason) from error
