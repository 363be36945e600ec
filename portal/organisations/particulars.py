"""What an organisation says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.organisations.models import Organisation
from portal.organisations.registration import clean_registration_number
from portal.problems import BadInput

MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Particulars:
    """Names and identifier, cleaned; at least one name.

    Raises:
        BadInput: naming the field.
    """

    name_zh: str
    name_en: str
    registration_number: str = ""

    def __post_init__(self) -> None:
        for field in ("name_zh", "name_en"):
            object.__setattr__(self, field, _clean_name(field, getattr(self, field)))
        if not self.name_zh and not self.name_en:
            message = "Give the organisation a name, in Chinese or in English."
            raise BadInput("organisation_name", message, field="name_zh")
        number = clean_registration_number(self.registration_number)
        object.__setattr__(self, "registration_number", number)

    @classmethod
    def of(cls, organisation: Organisation) -> Particulars:
        """Those an organisation has now."""
        return cls(organisation.name_zh, organisation.name_en, organisation.registration_number)


def _clean_name(field: str, text: str) -> str:
    name = " ".join(text.split())
    if len(name) > MAX_NAME or not name.isprintable():
        message = "A name has at most %(most)s characters and no control characters."
        raise BadInput("organisation_name", message, field=field, most=MAX_NAME)
    return name
