"""The messages by which members govern themselves. Parsed is not verified: whether a message
counts, only :class:`~chain_adapter.consortium.engine.Consortium` says.

A message is RFC 8785 JSON ``{v, type, …, nonce, expires, signatures}``; its id is the EIP-712
digest that its signers sign, so the same message has one id whoever signs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self

import rfc8785

from chain_adapter.consortium import shapes, typed
from chain_adapter.consortium.applying import UINT32, Application, Certificate, Signed
from chain_adapter.consortium.offices import ACTS
from chain_adapter.consortium.rule import Rule
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.typed import Domain, struct_hash

#: What an account stands for; a branch goes down from the first to the last.
KINDS: Final = {"organisation": 1, "department": 2, "person": 3}
#: Whose key a rotation replaces.
ROLES: Final = {"authority": 1, "regulator": 2}
#: Signatures and certificates a message may carry.
MOST_SIGNATURES: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """``nonce`` 32 bytes that tell messages apart; ``expires`` Unix seconds: no longer valid then.
    ``signatures`` as they were given."""

    nonce: bytes
    expires: int
    signatures: tuple[Signed, ...] = ()

    type: ClassVar[str]

    def struct(self) -> bytes:
        """The EIP-712 struct's hash."""
        raise NotImplementedError

    def _fields(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Message:
        """From an object with the right names; ``common`` holds what all messages have.

        Raises:
            Refused: a value of another shape.
        """
        raise NotImplementedError

    def id(self, domain: Domain) -> bytes:
        """32 bytes: what the signers sign, and the name of the message."""
        return domain.digest(self.struct())

    def signed(self, *more: Signed) -> Self:
        """With ``more`` signatures, in the order that is demanded; an earlier one by the same
        signer gives way."""
        by_signer = {each.signer: each for each in (*self.signatures, *more)}
        return replace(self, signatures=tuple(by_signer[each] for each in sorted(by_signer)))

    def to_object(self) -> dict[str, Any]:
        return {
            "v": 1,
            "type": self.type,
            **self._fields(),
            "nonce": self.nonce.hex(),
            "expires": self.expires,
            "signatures": [
                {"signer": shown(each.signer), "value": each.value.hex()}
                for each in self.signatures
            ],
        }

    def encode(self) -> bytes:
        """The canonical form: what the ledger's entry digests."""
        return rfc8785.dumps(self.to_object())


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Message):
    """A new member presents the certificates of K authorities; its account signs."""

    type = "register"
    application: Application
    certificates: tuple[Certificate, ...]

    def struct(self) -> bytes:
        return self.struct_over(self.application.struct())

    def struct_over(self, application: bytes) -> bytes:
        """The same when the application's struct hash is known already."""
        return struct_hash(typed.REGISTRATION, application, self.nonce, self.expires)

    def certified(self, *more: Certificate) -> Register:
        """With ``more`` certificates, in the order that is demanded."""
        by_authority = {each.authority: each for each in (*self.certificates, *more)}
        ordered = tuple(by_authority[each] for each in sorted(by_authority))
        return replace(self, certificates=ordered)

    def _fields(self) -> dict[str, Any]:
        return {
            "application": self.application.to_object(),
            "certificates": [each.to_object() for each in self.certificates],
        }

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Register:
        certificates = shapes.objects(found, "certificates", MOST_SIGNATURES)
        return cls(
            application=Application.from_object(found["application"]),
            certificates=tuple(map(Certificate.from_object, certificates)),
            **common,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Message):
    """A regulatory message. ``method`` is a bit of ``ACTS``; ``value``: the permissions taken
    (limit), the new level (degrade), else 0; ``reason`` is public and names nobody."""

    type = "act"
    method: int
    member: bytes
    value: int = 0
    reason: str = ""

    def struct(self) -> bytes:
        return struct_hash(
            typed.ACT,
            self.method,
            self.member,
            self.value,
            self.reason_digest,
            self.nonce,
            self.expires,
        )

    @property
    def reason_digest(self) -> bytes:
        """SHA-256 of the text, zeroes when there is none."""
        return hashlib.sha256(self.reason.encode()).digest() if self.reason else shapes.ZERO

    def _fields(self) -> dict[str, Any]:
        names = {bit: name for name, bit in ACTS.items()}
        return {
            "method": names[self.method],
            "member": self.member.hex(),
            "value": self.value,
            "reason": self.reason,
        }

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Act:
        return cls(
            method=shapes.named(found, "method", ACTS),
            member=shapes.fixed(found, "member", 32),
            value=shapes.number(found, "value", UINT32),
            reason=shapes.text(found, "reason", 500, empty=True),
            **common,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate(Message):
    """An office's key gives way to another; both sign."""

    type = "rotate"
    role: int
    old: bytes
    new: bytes

    def struct(self) -> bytes:
        return struct_hash(typed.ROTATION, self.role, self.old, self.new, self.nonce, self.expires)

    def _fields(self) -> dict[str, Any]:
        names = {number: name for name, number in ROLES.items()}
        return {"role": names[self.role], "from": shown(self.old), "to": shown(self.new)}

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Rotate:
        return cls(
            role=shapes.named(found, "role", ROLES),
            old=shapes.address(found, "from"),
            new=shapes.address(found, "to"),
            **common,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace(Message):
    """A member's account or deposit key (or both) gives way to another; the account before signs,
    and the new one too when the account changes."""

    type = "replace"
    identity: bytes
    account: bytes
    key: bytes

    def struct(self) -> bytes:
        return struct_hash(
            typed.REPLACEMENT, self.identity, self.account, self.key, self.nonce, self.expires
        )

    def _fields(self) -> dict[str, Any]:
        return {
            "identity": self.identity.hex(),
            "account": shown(self.account),
            "key": self.key.hex(),
        }

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Replace:
        return cls(
            identity=shapes.fixed(found, "identity", 32),
            account=shapes.address(found, "account"),
            key=shapes.fixed(found, "key", 32),
            **common,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Message):
    """The rule gives way to another. ``version`` is the one the new rule will have."""

    type = "change"
    rule: Rule
    version: int

    def struct(self) -> bytes:
        return struct_hash(typed.CHANGE, self.rule.digest, self.version, self.nonce, self.expires)

    def _fields(self) -> dict[str, Any]:
        return {"rule": self.rule.to_object(), "version": self.version}

    @classmethod
    def read(cls, found: dict[str, Any], common: dict[str, Any]) -> Change:
        return cls(
            rule=Rule.from_object(found["rule"]),
            version=shapes.number(found, "version", UINT32),
            **common,
        )
