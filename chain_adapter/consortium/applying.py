"""What stands inside messages: signatures, applications, and authorities' certificates."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from chain_adapter.consortium import shapes, typed
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.typed import Domain, struct_hash

UINT32: Final = 2**32 - 1
#: RFC 8785 writes whole numbers up to here; later times are refused by the engine anyway.
TIME: Final = 2**53 - 1


@dataclass(frozen=True, slots=True, order=True)
class Signed:
    """A signature: ``signer`` is an address (20 bytes), ``value`` r ‖ s (64 bytes)."""

    signer: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Application:
    """Who wants to become a member. ``identity`` commits to who it is (a salted digest that the
    authorities have seen opened); ``account`` signs for the member; ``key`` is the
    :func:`~chain_adapter.consortium.rule.key_hash` of the deposit key, or zeroes; ``parent`` the
    identity above, or zeroes; ``round`` counts registrations of this identity."""

    identity: bytes
    account: bytes
    key: bytes
    kind: int
    parent: bytes
    level: int
    round: int

    def struct(self) -> bytes:
        return struct_hash(
            typed.APPLICATION,
            self.identity,
            self.account,
            self.key,
            self.kind,
            self.parent,
            self.level,
            self.round,
        )

    def to_object(self) -> dict[str, Any]:
        return {
            "identity": self.identity.hex(),
            "account": shown(self.account),
            "key": self.key.hex(),
            "kind": self.kind,
            "parent": self.parent.hex(),
            "level": self.level,
            "round": self.round,
        }

    @classmethod
    def from_object(cls, value: object) -> Application:
        found = shapes.require(value, frozenset(each.name for each in fields(cls)))
        return cls(
            shapes.fixed(found, "identity", 32),
            shapes.address(found, "account"),
            shapes.fixed(found, "key", 32),
            shapes.number(found, "kind", 255),
            shapes.fixed(found, "parent", 32),
            shapes.number(found, "level", 255),
            shapes.number(found, "round", UINT32),
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """An authority's word for an application, from ``start`` until before ``until`` (Unix s)."""

    authority: bytes
    start: int
    until: int
    signature: bytes

    def digest(self, application: bytes, domain: Domain) -> bytes:
        """What the authority signs; ``application`` is the application's struct hash."""
        return domain.digest(
            struct_hash(typed.CERTIFICATE, application, self.authority, self.start, self.until)
        )

    def to_object(self) -> dict[str, Any]:
        return {
            "authority": shown(self.authority),
            "from": self.start,
            "until": self.until,
            "signature": self.signature.hex(),
        }

    @classmethod
    def from_object(cls, value: object) -> Certificate:
        found = shapes.require(value, frozenset(("authority", "from", "until", "signature")))
        return cls(
            shapes.address(found, "authority"),
            shapes.number(found, "from", TIME),
            shapes.number(found, "until", TIME),
            shapes.fixed(found, "signature", 64),
        )
