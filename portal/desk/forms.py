"""The forms of what is done with a matter. The service judges what was sent."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField

from portal.desk.deciding import MAX_FEE
from portal.desk.kit import MAX_WORDS
from portal.desk.reasons import PAUSES, REFUSALS, Reason
from portal.desk.words import MATERIALS
from portal.ui.locale import language

_WORDS = {"maxlength": MAX_WORDS, "rows": 4, "required": True}


def _choices(reasons: tuple[Reason, ...]) -> list[tuple[str, str]]:
    chinese = language() == "zh"
    return [
        (each.code, f"{each.item if chinese else each.item_en} {each.said(language())}".strip())
        for each in reasons
    ]


class AcceptForm(FlaskForm):  # type: ignore[misc]
    """``seen`` is the revision of the application that was before the notary."""

    seen = HiddenField()
    fee = TextAreaField(
        lazy_gettext("What is to be said of the fee"),
        description=lazy_gettext(
            "The applicant reads it: what is charged, by which rule, how to pay."
        ),
        render_kw={"maxlength": MAX_FEE, "rows": 3, "required": True},
    )
    second = BooleanField(lazy_gettext("A second notary decides as well"))


class RefuseForm(FlaskForm):  # type: ignore[misc]
    seen = HiddenField()
    reason = RadioField(lazy_gettext("Ground (Notarization Law, article 31)"))
    note = TextAreaField(
        lazy_gettext("In your words"),
        description=lazy_gettext("Which facts this rests on. The applicant reads it."),
        render_kw=_WORDS,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = _choices(REFUSALS)


class PauseForm(FlaskForm):  # type: ignore[misc]
    reason = RadioField(lazy_gettext("Why days do not count (Notarization Law, article 30)"))
    note = TextAreaField(
        lazy_gettext("In your words"),
        description=lazy_gettext("What is waited for, and until when. The applicant reads it."),
        render_kw=_WORDS,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = _choices(PAUSES)


class ResumeForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the button."""


class AssignForm(FlaskForm):  # type: ignore[misc]
    """``seen``: who had the part when the page was opened."""

    seen = HiddenField()
    part = HiddenField(default="first")
    notary = SelectField(lazy_gettext("Notary"), choices=[])


class ReleaseForm(FlaskForm):  # type: ignore[misc]
    reason = TextAreaField(lazy_gettext("Reason"), render_kw=_WORDS)


class KeepAwayForm(FlaskForm):  # type: ignore[misc]
    notary = SelectField(lazy_gettext("Who keeps away"), choices=[])
    reason = TextAreaField(
        lazy_gettext("Reason"),
        description=lazy_gettext("Kinship, an interest in the matter, or another tie to a party."),
        render_kw=_WORDS,
    )


class SecondForm(FlaskForm):  # type: ignore[misc]
    needed = HiddenField()
    reason = TextAreaField(lazy_gettext("Reason"), render_kw=_WORDS)


class AskForm(FlaskForm):  # type: ignore[misc]
    code = SelectField(lazy_gettext("What is needed"), choices=[])
    party = SelectField(lazy_gettext("Of whom"), choices=[])
    note = TextAreaField(
        lazy_gettext("What exactly"),
        description=lazy_gettext(
            "The applicant reads it, and is told by mail that there is something."
        ),
        render_kw=_WORDS,
    )
    stop = BooleanField(lazy_gettext("The clock stands still until then"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.code.choices = [(code, str(name)) for code, name in MATERIALS.items()]
