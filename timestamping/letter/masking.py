"""Masking of names for paper: enough to recognise oneself, not enough to be found."""

from __future__ import annotations

STARS = "**"


def mask(name: str) -> str:
    """张三 → 张**, alice@example.org → a**@example.org, Alice Chen → A** C**.

    The number of stars tells nothing about the length.
    """
    local, at, domain = name.strip().partition("@")
    if at:
        return f"{local[:1]}{STARS}@{domain}"
    return " ".join(f"{word[:1]}{STARS}" for word in local.split())
