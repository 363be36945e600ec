"""The deposit form. The service judges what was sent; here is only what the page asks for."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import FileField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, Regexp

from portal.deposits.records import MAX_NOTE, MAX_TITLE

MODES: Final = (
    SelectChoice("file", lazy_gettext("Deposit the file")),
    SelectChoice("digest", lazy_gettext("Deposit the digest only; the file stays here")),
)
MODE_NOTES: Final = {
    "file": lazy_gettext(
        "The portal keeps it encrypted and can hand it out again. The letter says that the file "
        "was seen."
    ),
    "digest": lazy_gettext(
        "Nothing but the digest leaves this computer. Keep the file safe yourself: without it the "
        "letter proves nothing. The letter says that the file was not seen."
    ),
}
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")


def new_key() -> str:
    """An idempotency key for one showing of the form."""
    return secrets.token_hex(16)


def _squeezed(text: str | None) -> str:
    return "".join((text or "").split())


class DepositForm(FlaskForm):  # type: ignore[misc]
    """``sha256`` is the browser's digest of the file, or the one deposited without its file."""

    file = FileField(lazy_gettext("File"))
    mode = RadioField(lazy_gettext("What is handed over"), choices=list(MODES), default="file")
    sha256 = StringField(
        lazy_gettext("SHA-256 of the file"),
        [
            Optional(),
            Regexp(_HEX, message=lazy_gettext("A SHA-256 has 64 characters from 0–9 and a–f.")),
        ],
        filters=[_squeezed],
        render_kw={"maxlength": 100, "autocomplete": "off", "spellcheck": "false"},
    )
    title = StringField(
        lazy_gettext("Title"),
        [Length(max=MAX_TITLE, message=lazy_gettext("At most %(max)d characters."))],
        render_kw={"maxlength": MAX_TITLE},
    )
    note = TextAreaField(
        lazy_gettext("Note"),
        [Length(max=MAX_NOTE, message=lazy_gettext("At most %(max)d characters."))],
        render_kw={"maxlength": MAX_NOTE},
    )
    sm3 = HiddenField(default="")
    filename = HiddenField()
    media_type = HiddenField()
    size = HiddenField()
    idempotency_key = HiddenField(default=new_key)
    deposit_id = HiddenField()
    signature = HiddenField()
    sign_with = HiddenField()

    def validate(self, extra_validators: Any = None) -> bool:
        """Beside each field: a digest without file must be there, and be whole."""
        good = bool(super().validate(extra_validators))
        if self.mode.data == "digest" and not self.sha256.data and not self.sha256.errors:
            missing = lazy_gettext("Choose the file above, or enter its SHA-256.")
            self.sha256.errors = [*self.sha256.errors, missing]
            good = False
        return good
