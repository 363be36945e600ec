"""A party of a draw: 32 secret bytes from which its keys and all its secrets are derived."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from lottery import shares
from lottery.canonical import canonical
from lottery.errors import BadShare
from lottery.listing import list_sha256
from lottery.record import Record
from lottery.statements import Signed, sign, statement


class Party:
    """Makes every statement. ``at`` is the (aware) time that the statement names."""

    def __init__(self, master: bytes, draw_id: str) -> None:
        if len(master) != 32:
            raise ValueError("a party's master secret has 32 bytes")
        self._master = master
        self._draw = draw_id
        label = draw_id.encode("ascii")
        self.signer = Ed25519PrivateKey.from_private_bytes(
            shares.derive(master, b"lottery/sign/v1\n" + label)
        )
        self._box = X25519PrivateKey.from_private_bytes(
            shares.derive(master, b"lottery/box/v1\n" + label)
        )

    @property
    def key(self) -> str:
        """The public key to check its signatures with, hex."""
        return self.signer.public_key().public_bytes_raw().hex()

    @property
    def box(self) -> str:
        """The public key to seal shares for it with, hex."""
        return self._box.public_key().public_bytes_raw().hex()

    def id(self, record: Record) -> str:
        """Who it is in the record's rules.

        Raises:
            LookupError: no party of these rules has its keys.
        """
        for each in record.config.parties:
            if (each.key, each.box) == (self.key, self.box):
                return each.id
        raise LookupError("no party of this draw has these keys")

    def config(self, record: Record, at: datetime) -> Signed:
        """The organiser freezes the rules."""
        return self._say(record, "config", at, config_hash=record.config.hash)

    def list(self, record: Record, listing: Mapping[str, Any], at: datetime) -> Signed:
        """Organiser and notary freeze the list."""
        return self._say(
            record,
            "list",
            at,
            config_hash=record.config.hash,
            list_root=listing["list_root"],
            list_sha256=list_sha256(listing),
            count=listing["count"],
            draw_hash=record.draw_hash_of(listing),
        )

    def commit(self, record: Record, at: datetime) -> Signed:
        """Bind itself to its secret of this attempt."""
        values = self._coefficients(record)
        commitment = shares.commitment(
            record.draw_hash, record.attempt, self.id(record), values[0].to_bytes(32, "big")
        )
        return self._bound(
            record, "commit", at, commitment=commitment, points=shares.points(values)
        )

    def shares(self, record: Record, at: datetime) -> Signed:
        """Deal a share of its secret to each other party."""
        dealt = [self._seal(record, holder) for holder in record.config.others(self.id(record))]
        return self._bound(record, "shares", at, shares=dealt)

    def acknowledge(self, record: Record, at: datetime) -> Signed:
        """Confirm that every share dealt to it opens and belongs to its dealer's points.

        Raises:
            BadShare: naming the dealers whose shares do not; the attempt has to be voided.
        """
        dealers = record.config.others(self.id(record))
        bad = tuple(dealer for dealer in dealers if not self._good(record, dealer))
        if bad:
            raise BadShare(bad, f"the shares dealt by {', '.join(bad)} do not fit what was bound")
        return self._bound(record, "acknowledge", at, dealers=[*dealers])

    def open(self, record: Record, present: Sequence[str], at: datetime) -> Signed:
        """The notary opens the draw before the people named."""
        return self._bound(record, "open", at, present=[*present])

    def dice(self, record: Record, digits: str, at: datetime) -> Signed:
        """The notary states what the public rolled."""
        return self._bound(record, "dice", at, dice=digits)

    def reveal(self, record: Record, at: datetime) -> Signed:
        """Tell its secret."""
        secret = self._coefficients(record)[0].to_bytes(32, "big")
        return self._bound(record, "reveal", at, secret=secret.hex())

    def share(self, record: Record, dealer: str, at: datetime) -> Signed:
        """Hand out the share it holds of a dealer who withholds its secret.

        Raises:
            BadShare: the share does not open.
        """
        value = self._unseal(record, dealer)
        return self._bound(record, "share", at, dealer=dealer, share=value.hex())

    def void(self, record: Record, reason: str, note: str, at: datetime) -> Signed:
        """Ask that this attempt be void, as the record stands now."""
        return self._say(record, "void", at, reason=reason, note=note, head=record.head)

    def audit(self, record: Record, findings: Sequence[Mapping[str, Any]], at: datetime) -> Signed:
        """The notary states what the opened entries turned out to be."""
        digest = hashlib.sha256(canonical({"findings": [dict(each) for each in findings]}))
        return self._say(
            record,
            "audit",
            at,
            results_sha256=record.results_sha256,
            findings_sha256=digest.hexdigest(),
        )

    def routine(self, record: Record, type: str, at: datetime) -> Signed:  # noqa: A002
        """The statement of a type that needs no decision: config, commit, shares, acknowledge,
        reveal."""
        made: Signed = {
            "config": self.config,
            "commit": self.commit,
            "shares": self.shares,
            "acknowledge": self.acknowledge,
            "reveal": self.reveal,
        }[type](record, at)
        return made

    def _say(self, record: Record, type: str, at: datetime, **fields: Any) -> Signed:  # noqa: A002
        said = statement(self._draw, record.attempt, self.id(record), type, at, **fields)
        return sign(said, self.signer)

    def _bound(self, record: Record, type: str, at: datetime, **fields: Any) -> Signed:  # noqa: A002
        return self._say(record, type, at, draw_hash=record.draw_hash, **fields)

    def _coefficients(self, record: Record) -> tuple[int, ...]:
        return shares.coefficients(
            self._master, record.draw_hash, record.attempt, record.config.threshold
        )

    def _seal(self, record: Record, holder: str) -> dict[str, str]:
        """The ephemeral key is derived too, so that making the statement again gives the same."""
        party = record.config.party(holder)
        assert party is not None  # noqa: S101 - holders come from the config itself
        info = b"lottery/ephemeral/v1\n" + shares.bound(record.draw_hash, record.attempt)
        return shares.seal(
            shares.share(self._coefficients(record), record.config.place(holder)),
            shares.derive(self._master, info + shares.named(holder)),
            party.box,
            draw_hash=record.draw_hash,
            attempt=record.attempt,
            dealer=self.id(record),
            holder=holder,
        )

    def _unseal(self, record: Record, dealer: str) -> bytes:
        own = self.id(record)
        return shares.unseal(
            record.sealed_for(own, dealer),
            self._box,
            draw_hash=record.draw_hash,
            attempt=record.attempt,
            dealer=dealer,
            holder=own,
        )

    def _good(self, record: Record, dealer: str) -> bool:
        try:
            value = self._unseal(record, dealer)
        except BadShare:
            return False
        return shares.matches(value, record.config.place(self.id(record)), record.points(dealer))
