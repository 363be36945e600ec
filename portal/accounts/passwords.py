"""How passwords are kept: argon2id, with or without a web application around."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher

from portal.settings import Environment, Settings

#: 16 characters from 31: 79 bits, without letters that look alike
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Cost:
    """argon2id parameters as RFC 9106 names them: passes t, memory m in KiB, lanes p."""

    t: int
    m: int
    p: int = 1

    def for_passlib(self) -> dict[str, Any]:
        """The same parameters as Flask-Security hands them on."""
        return {
            "argon2__type": "ID",
            "argon2__time_cost": self.t,
            "argon2__memory_cost": self.m,
            "argon2__parallelism": self.p,
        }


#: RFC 9106 §4, second recommended option, in one lane: servers here have few cores
NORMAL = Cost(t=3, m=65536)
#: for tests only
CHEAPEST = Cost(t=1, m=64)


def cost(settings: Settings) -> Cost:
    """What one guess costs under these settings."""
    return CHEAPEST if settings.environment is Environment.TEST else NORMAL


def hash_password(password: str, settings: Settings) -> str:
    """The stored form of ``password``; sign-in normalises to NFKD too before it compares."""
    price = cost(settings)
    hasher = PasswordHasher(time_cost=price.t, memory_cost=price.m, parallelism=price.p)
    return hasher.hash(unicodedata.normalize("NFKD", password))


def one_time_password() -> str:
    """A random password that can be read aloud: four groups of four."""
    letters = [secrets.choice(_ALPHABET) for _ in range(16)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 16, 4))
