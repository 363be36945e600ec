"""Bech32 (BIP 173), as far as age identities need it: text to raw bytes and back.

age writes keys as Bech32 without the 90-character limit, which these keys stay below anyway.
"""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM: Final = 6


def decode(text: str) -> tuple[str, bytes]:
    """``(prefix in lower case, data)``.

    Raises:
        ValueError: mixed case, a foreign character, a wrong checksum, or stray bits.
    """
    if text not in (text.lower(), text.upper()):
        raise ValueError("Bech32 text of mixed case")
    prefix, _, body = text.lower().rpartition("1")
    try:
        groups = [_ALPHABET.index(letter) for letter in body]
    except ValueError:
        raise ValueError("a character outside the Bech32 alphabet") from None
    if not prefix or len(groups) < _CHECKSUM or _polymod(_expand(prefix) + groups) != 1:
        raise ValueError("the Bech32 checksum does not match")
    return prefix, bytes(_regroup(groups[:-_CHECKSUM], 5, 8, pad=False))


def encode(prefix: str, data: bytes) -> str:
    """The lower-case text of ``data`` under ``prefix``."""
    groups = _regroup(data, 8, 5, pad=True)
    remainder = _polymod(_expand(prefix) + groups + [0] * _CHECKSUM) ^ 1
    checksum = [remainder >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return prefix + "1" + "".join(_ALPHABET[group] for group in groups + checksum)


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _polymod(groups: list[int]) -> int:
    state = 1
    for group in groups:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ group
        for bit, generator in enumerate(_GENERATOR):
            state ^= generator if top >> bit & 1 else 0
    return state


def _regroup(values: bytes | list[int], width: int, to: int, *, pad: bool) -> list[int]:
    state = bits = 0
    groups = []
    for value in values:
        state, bits = state << width | value, bits + width
        while bits >= to:
            bits -= to
            groups.append(state >> bits & (1 << to) - 1)
    rest = state & (1 << bits) - 1
    if pad and bits:
        groups.append(rest << to - bits)
    elif not pad and (bits >= width or rest):
        raise ValueError("Bech32 text with stray bits")
    return groups
