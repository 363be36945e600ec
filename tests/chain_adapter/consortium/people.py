"""A consortium to try things with: three of four authorities, three of five regulators, one named
member, three levels, a platform. All keys are made from numbers, so that every run is the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from chain_adapter.consortium import (
    Act,
    Application,
    Certificate,
    Change,
    Consortium,
    Domain,
    Message,
    Register,
    Replace,
    Rotate,
    Rule,
    Signed,
    SigningKey,
    key_hash,
)
from chain_adapter.consortium.message import ROLES
from chain_adapter.consortium.offices import (
    ACTS,
    METHODS,
    Authority,
    Group,
    Level,
    Named,
    Platform,
    Regulator,
)

NOW = 1_800_000_000
YEAR = 365 * 86_400
ZERO = bytes(32)
PLATFORM = "ed25519:" + "ab" * 16
ALL_ACTS = sum(ACTS.values())


def key(name: str) -> SigningKey:
    """The key that belongs to this name."""
    return SigningKey.of(hashlib.sha256(f"key of {name}".encode()).digest())


def identity(name: str) -> bytes:
    """A commitment to somebody."""
    return hashlib.sha256(f"identity of {name}".encode()).digest()


def deposit_key(name: str) -> str:
    """The id of somebody's deposit key."""
    return "ed25519:" + hashlib.sha256(f"deposits of {name}".encode()).hexdigest()[:32]


def authorities(count: int = 4) -> list[SigningKey]:
    return [key(f"authority {number}") for number in range(count)]


def regulators(count: int = 5) -> list[SigningKey]:
    return [key(f"regulator {number}") for number in range(count)]


def rule(**changes: object) -> Rule:
    """Regulator 0 may limit alone; three of five may do everything, all but one change the rule;
    the member "guard" may blacklist and restore."""
    made = Rule(
        name="Notaries of the river",
        certificates=3,
        authorities=tuple(
            Authority(f"authority {place}", each.address)
            for place, each in enumerate(authorities())
        ),
        regulators=tuple(
            Regulator(f"regulator {place}", each.address, ACTS["limit"] if place == 0 else 0)
            for place, each in enumerate(regulators())
        ),
        groups=(
            Group("council", ALL_ACTS, 3, (0, 1, 2, 3, 4)),
            Group("assembly", METHODS["change"], 4, (0, 1, 2, 3, 4)),
        ),
        named=(Named("guard", identity("guard"), ACTS["blacklist"] | ACTS["restore"]),),
        levels=(Level("full", 31), Level("deposits", 1), Level("reader", 0)),
        platforms=(Platform("portal", PLATFORM, 31),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class World:
    """A consortium, and messages that are right unless something is asked to be wrong."""

    made_of: Rule = field(default_factory=rule)
    domain: Domain | None = None
    now: int = NOW
    number: int = 0

    def __post_init__(self) -> None:
        self.domain = self.domain or Domain.of_log(self.made_of.digest, "log.example/notary")
        self.consortium = Consortium(self.made_of, self.domain)

    def nonce(self) -> bytes:
        self.number += 1
        return self.number.to_bytes(32, "big")

    def apply(self, message: Message) -> None:
        self.consortium.apply(message, self.now)

    def sign(self, message: Message, *signers: SigningKey) -> Message:
        """``message`` with the right signatures of ``signers``, in order."""
        assert self.domain is not None
        found = message.id(self.domain)
        return message.signed(*(Signed(each.address, each.sign(found)) for each in signers))

    def application(self, name: str, **changes: object) -> Application:
        made = Application(
            identity(name), key(name).address, key_hash(deposit_key(name)), 3, ZERO, 1, 0
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def certificate(
        self, application: Application, authority: SigningKey, start: int = 0, until: int = 0
    ) -> Certificate:
        assert self.domain is not None
        made = Certificate(
            authority.address, start or self.now - 60, until or self.now + YEAR, bytes(64)
        )
        digest = made.digest(application.struct(), self.domain)
        return replace(made, signature=authority.sign(digest))

    def register(
        self,
        name: str,
        by: list[SigningKey] | None = None,
        account: SigningKey | None = None,
        **changes: object,
    ) -> Register:
        """``name`` presents the certificates of ``by`` (the first three authorities)."""
        account = account or key(name)
        application = self.application(name, account=account.address, **changes)
        chosen = authorities()[:3] if by is None else by
        message = Register(
            application=application,
            certificates=(),
            nonce=self.nonce(),
            expires=self.now + 3600,
        ).certified(*(self.certificate(application, each) for each in chosen))
        signed = self.sign(message, account)
        assert isinstance(signed, Register)
        return signed

    def act(
        self,
        method: str,
        name: str,
        by: list[SigningKey] | None = None,
        value: int = 0,
        reason: str = "",
    ) -> Message:
        """``by`` (the first three regulators) ask for ``method`` on ``name``."""
        message = Act(
            method=METHODS[method],
            member=identity(name),
            value=value,
            reason=reason,
            nonce=self.nonce(),
            expires=self.now + 3600,
        )
        return self.sign(message, *(regulators()[:3] if by is None else by))

    def rotate(
        self, role: str, old: SigningKey, new: SigningKey, by: list[SigningKey] | None = None
    ) -> Message:
        message = Rotate(
            role=ROLES[role],
            old=old.address,
            new=new.address,
            nonce=self.nonce(),
            expires=self.now + 3600,
        )
        return self.sign(message, *([old, new] if by is None else by))

    def replace(
        self, name: str, account: SigningKey, by: list[SigningKey], deposits: str
    ) -> Message:
        message = Replace(
            identity=identity(name),
            account=account.address,
            key=key_hash(deposits),
            nonce=self.nonce(),
            expires=self.now + 3600,
        )
        return self.sign(message, *by)

    def change(self, new: Rule, version: int, by: list[SigningKey] | None = None) -> Message:
        message = Change(rule=new, version=version, nonce=self.nonce(), expires=self.now + 3600)
        return self.sign(message, *(regulators()[:4] if by is None else by))
