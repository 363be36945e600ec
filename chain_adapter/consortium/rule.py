"""The rule a consortium has agreed on: who vouches, who regulates, what levels may do.

A rule is read by people as JSON and by the contract as words of 32 bytes. The first word is the
SHA-256 of the JSON, so the digest of the words binds both; the first rule's digest names the
consortium.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import rfc8785

from chain_adapter.consortium import shapes
from chain_adapter.consortium.keccak import keccak, word
from chain_adapter.consortium.offices import (
    ACTS,
    METHODS,
    MOST,
    PERMISSIONS,
    Authority,
    Group,
    Level,
    Named,
    Platform,
    Regulator,
)
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.shapes import shown

_FIELDS: Final = frozenset(("v", "name", "certificates", *MOST))


@dataclass(frozen=True)
class Rule:
    """``certificates``: how many authorities must vouch for a new member (K).

    Raises:
        Refused: ``rule``; the lists do not hold together.
    """

    name: str
    certificates: int
    authorities: tuple[Authority, ...]
    regulators: tuple[Regulator, ...]
    groups: tuple[Group, ...]
    named: tuple[Named, ...]
    levels: tuple[Level, ...]
    platforms: tuple[Platform, ...]

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def from_json(cls, data: bytes) -> Rule:
        """Read the canonical form.

        Raises:
            Refused: ``malformed`` or ``rule``.
        """
        return cls.from_object(shapes.canonical_object(data, _FIELDS))

    @classmethod
    def from_object(cls, value: object) -> Rule:
        """Read the parsed form; errors as in :meth:`from_json`."""
        found = shapes.require(value, _FIELDS)
        if found["v"] != 1:
            shapes.wrong("only version 1 is known")
        regulators = _regulators(found)
        places = {each.name: index for index, each in enumerate(regulators)}
        return cls(
            name=shapes.text(found, "name"),
            certificates=shapes.number(found, "certificates", MOST["authorities"]),
            authorities=tuple(
                Authority(shapes.text(each, "name"), shapes.address(each, "address"))
                for each in _each(found, "authorities", "name", "address")
            ),
            regulators=regulators,
            groups=tuple(
                _group(each, places)
                for each in _each(found, "groups", "name", "methods", "need", "members")
            ),
            named=tuple(
                Named(
                    shapes.text(each, "name"),
                    shapes.fixed(each, "member", 32),
                    shapes.bits(each["methods"], ACTS),
                )
                for each in _each(found, "named", "name", "member", "methods")
            ),
            levels=tuple(
                Level(shapes.text(each, "name"), shapes.bits(each["permissions"], PERMISSIONS))
                for each in _each(found, "levels", "name", "permissions")
            ),
            platforms=tuple(
                Platform(
                    shapes.text(each, "name"),
                    shapes.text(each, "key", 128),
                    shapes.bits(each["permissions"], PERMISSIONS),
                )
                for each in _each(found, "platforms", "name", "key", "permissions")
            ),
        )

    def to_object(self) -> dict[str, Any]:
        """What :meth:`from_object` reads."""
        names = [each.name for each in self.regulators]
        return {
            "v": 1,
            "name": self.name,
            "certificates": self.certificates,
            "authorities": [
                {"name": each.name, "address": shown(each.address)} for each in self.authorities
            ],
            "regulators": [
                {
                    "name": each.name,
                    "address": shown(each.address),
                    "methods": shapes.names_of(each.methods, ACTS),
                }
                for each in self.regulators
            ],
            "groups": [
                {
                    "name": each.name,
                    "methods": shapes.names_of(each.methods, METHODS),
                    "need": each.need,
                    "members": [names[index] for index in each.members],
                }
                for each in self.groups
            ],
            "named": [
                {
                    "name": each.name,
                    "member": each.member.hex(),
                    "methods": shapes.names_of(each.methods, ACTS),
                }
                for each in self.named
            ],
            "levels": [
                {
                    "name": each.name,
                    "permissions": shapes.names_of(each.permissions, PERMISSIONS),
                }
                for each in self.levels
            ],
            "platforms": [
                {
                    "name": each.name,
                    "key": each.key,
                    "permissions": shapes.names_of(each.permissions, PERMISSIONS),
                }
                for each in self.platforms
            ],
        }

    def to_json(self) -> bytes:
        """The canonical form (RFC 8785)."""
        return rfc8785.dumps(self.to_object())

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        """What the contract reads: the JSON's SHA-256, K, then each list after its length."""
        found: list[int | bytes] = [hashlib.sha256(self.to_json()).digest(), self.certificates]
        found += [len(self.authorities), *(each.address for each in self.authorities)]
        found.append(len(self.regulators))
        for regulator in self.regulators:
            found += [regulator.address, regulator.methods]
        found.append(len(self.groups))
        for group in self.groups:
            found += [group.methods, group.need, group.mask]
        found.append(len(self.named))
        for named in self.named:
            found += [named.member, named.methods]
        found += [len(self.levels), *(each.permissions for each in self.levels)]
        found.append(len(self.platforms))
        for platform in self.platforms:
            found += [key_hash(platform.key), platform.permissions]
        return tuple(map(word, found))

    @cached_property
    def digest(self) -> bytes:
        """Keccak-256 of the words, 32 bytes."""
        return keccak(b"".join(self.words))


def key_hash(key_id: str) -> bytes:
    """How the rule and the messages name a deposit key: SHA-256 of its key id, 32 bytes."""
    return hashlib.sha256(key_id.encode()).digest()


def check(rule: Rule) -> None:
    """Whether the lists hold together; the contract checks the same of the words.

    Raises:
        Refused: ``rule``.
    """
    keys = [each.address for each in rule.authorities]
    keys += [each.address for each in rule.regulators]
    _demand(1 <= rule.certificates <= len(rule.authorities), "K lies outside the authorities")
    for name, most in MOST.items():
        _demand(len(getattr(rule, name)) <= most, f"more than {most} {name}")
    _demand(bool(rule.levels), "there is no level")
    _demand(all(any(key) for key in keys), "an address of zeroes")
    _demand(shapes.all_different(keys), "an address stands twice")
    for name in ("authorities", "regulators", "groups", "named", "levels", "platforms"):
        _demand(shapes.all_different(each.name for each in getattr(rule, name)), f"{name}: names")
    _demand(shapes.all_different(each.member for each in rule.named), "a member is named twice")
    _demand(all(any(each.member) for each in rule.named), "a member of zeroes is named")
    _demand(shapes.all_different(each.key for each in rule.platforms), "a platform stands twice")
    grants = [(each.methods, ACTS) for each in rule.regulators]
    grants += [(each.methods, ACTS) for each in rule.named]
    grants += [(each.methods, METHODS) for each in rule.groups]
    grants += [(each.permissions, PERMISSIONS) for each in rule.levels]
    grants += [(each.permissions, PERMISSIONS) for each in rule.platforms]
    _demand(all(0 <= found <= sum(known.values()) for found, known in grants), "unknown bits")
    for group in rule.groups:
        _demand(1 <= group.need <= len(group.members), f"{group.name}: number needed")
        _demand(group.members == tuple(sorted(set(group.members))), f"{group.name}: members")
        _demand(group.members[-1] < len(rule.regulators), f"{group.name}: members")


def _demand(good: bool, found: str) -> None:
    if not good:
        raise Refused("rule", found)


def _each(found: dict[str, Any], name: str, *fields: str) -> list[dict[str, Any]]:
    wanted = frozenset(fields)
    return [shapes.require(each, wanted) for each in shapes.objects(found, name, MOST[name])]


def _regulators(found: dict[str, Any]) -> tuple[Regulator, ...]:
    return tuple(
        Regulator(
            shapes.text(each, "name"),
            shapes.address(each, "address"),
            shapes.bits(each["methods"], ACTS),
        )
        for each in _each(found, "regulators", "name", "address", "methods")
    )


def _group(value: dict[str, Any], places: dict[str, int]) -> Group:
    members = shapes.objects(value, "members", MOST["regulators"])
    if not all(isinstance(each, str) and each in places for each in members):
        shapes.wrong("a group's members are names of regulators")
    return Group(
        shapes.text(value, "name"),
        shapes.bits(value["methods"], METHODS),
        shapes.number(value, "need", MOST["regulators"]),
        tuple(places[each] for each in members),
    )
