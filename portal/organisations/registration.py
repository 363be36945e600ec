"""Unified social credit identifiers of organisations (统一社会信用代码), GB 32100-2015."""

from __future__ import annotations

from typing import Final

from portal.problems import BadInput

#: §4: digits and capitals without I, O, S, V, Z
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LENGTH: Final = 18
_DIVISION: Final = slice(2, 8)


def clean_registration_number(text: str) -> str:
    """The identifier in its one form; "" stays "".

    Raises:
        BadInput: not 18 of its characters, or its check character is another one.
    """
    number = "".join(text.split()).upper()
    if not number:
        return ""
    digits = number[_DIVISION]
    if len(number) != _LENGTH or set(number) - set(_ALPHABET) or not digits.isdecimal():
        message = (
            "A unified social credit identifier has 18 digits and capital letters "
            "(without I, O, S, V, Z)."
        )
        raise BadInput("registration_number", message, field="registration_number")
    if check_character(number[:-1]) != number[-1]:
        message = (
            "This identifier's last character does not fit the others; is there a typing error?"
        )
        raise BadInput("registration_check", message, field="registration_number")
    return number


def check_character(body: str) -> str:
    """GB 32100-2015 §5: the weights are 3^i mod 31, the character makes the sum divisible by 31."""
    total = sum(_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return _ALPHABET[-total % 31]
