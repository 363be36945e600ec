"""Identity documents: which there are, whether a number can be one, how much of it is shown."""

from __future__ import annotations

import re
from typing import Final

#: kinds of documents; their names in words are in ``identity_words``
DOCUMENTS: Final = (
    "id-card",
    "passport",
    "hk-macao-permit",
    "taiwan-permit",
    "residence-permit",
    "military-id",
    "business-licence",
    "other",
)
_NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z()/.-]{2,39}")
_ID_CARD: Final = re.compile(
    r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]", re.ASCII
)
#: GB 11643-1999, appendix A: weights and check characters of ISO 7064 MOD 11-2
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
#: GB 32100-2015 §4: the unified social credit code
_CREDIT_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE: Final = re.compile(rf"[{_CREDIT_LETTERS}]{{2}}\d{{6}}[{_CREDIT_LETTERS}]{{10}}")


def normal_number(number: str) -> str:
    """The number as documents print it: capitals, no spaces."""
    return re.sub(r"\s+", "", number).upper()


def possible(document: str, country: str, number: str) -> bool:
    """Whether a document of this kind can bear this number, as far as that is known."""
    if document == "id-card" and country == "CN":
        return is_id_card(number)
    if document == "business-licence" and country == "CN":
        return is_credit_code(number)
    return _NUMBER.fullmatch(number) is not None


def is_id_card(number: str) -> bool:
    """A resident identity number: a plausible date of birth and the right check character."""
    if not _ID_CARD.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[-1] == _CHECKS[total % 11]


def is_credit_code(number: str) -> bool:
    """A unified social credit code with the right check character (GB 32100-2015 §4.2.5)."""
    if not _CREDIT_CODE.fullmatch(number):
        return False
    values = (_CREDIT_LETTERS.index(letter) for letter in number[:-1])
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values))
    return number[-1] == _CREDIT_LETTERS[(31 - total % 31) % 31]


def mask_number(number: str) -> str:
    """``110101199003071233`` → ``1****************3``: the ends of it, never more than a quarter.

    Enough to recognise one's own document, too little to make use of somebody else's.
    """
    shown = 2 if len(number) >= 15 else 1
    if len(number) < 4:
        return "*" * len(number)
    return number[:1] + "*" * (len(number) - 1 - shown) + number[-shown:]
