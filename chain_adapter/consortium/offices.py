"""Who and what a rule names: offices, groups, levels, platforms, and the bits for what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: What a regulator, a named member or a group may do, as bits. ``change`` is for groups alone.
METHODS: Final = {
    "blacklist": 1, "remove": 2, "limit": 4, "degrade": 8, "restore": 16, "change": 32,
}  # fmt: skip
ACTS: Final = {name: bit for name, bit in METHODS.items() if name != "change"}
#: What an account may do, as bits.
PERMISSIONS: Final = {"deposit": 1, "capture": 2, "draw": 4, "certificate": 8, "contract": 16}
MOST: Final = {
    "authorities": 64, "regulators": 64, "groups": 16, "named": 64, "levels": 16, "platforms": 16,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority; ``address`` 20 bytes."""

    name: str
    address: bytes


@dataclass(frozen=True, slots=True)
class Regulator:
    """``methods``: bits of :data:`METHODS` that this regulator may use alone."""

    name: str
    address: bytes
    methods: int


@dataclass(frozen=True, slots=True)
class Group:
    """Any ``need`` of ``members`` (indices of regulators, ascending) may use ``methods``."""

    name: str
    methods: int
    need: int
    members: tuple[int, ...]

    @property
    def mask(self) -> int:
        return sum(1 << index for index in self.members)


@dataclass(frozen=True, slots=True)
class Named:
    """A member (identity, 32 bytes) who may use ``methods`` alone."""

    name: str
    member: bytes
    methods: int


@dataclass(frozen=True, slots=True)
class Level:
    """``permissions``: bits of :data:`PERMISSIONS`. Levels stand highest first."""

    name: str
    permissions: int


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that acts for those without a key; ``key`` is its key id."""

    name: str
    key: str
    permissions: int
