"""Forms of organisations. The guard before every view checks the token; services check values."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, SelectField, StringField, SubmitField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.organisations.particulars import MAX_NAME
from portal.organisations.verifying import MAX_NOTE
from portal.organisations.words import ROLES


class OrganisationForm(FlaskForm):  # type: ignore[misc]
    """Names and identifier."""

    name_zh = StringField(
        lazy_gettext("Chinese name"),
        description=lazy_gettext("In full, as on the business licence; letters print it."),
        validators=[Length(max=MAX_NAME)],
        render_kw={"autocomplete": "organization", "maxlength": MAX_NAME},
    )
    name_en = StringField(
        lazy_gettext("English name"),
        description=lazy_gettext("One of the two names is enough."),
        validators=[Length(max=MAX_NAME)],
        render_kw={"maxlength": MAX_NAME},
    )
    registration_number = StringField(
        lazy_gettext("Unified social credit identifier"),
        description=lazy_gettext("18 characters, if there is one. A notary's clerk compares it."),
        validators=[Length(max=40)],
        render_kw={"autocomplete": "off", "spellcheck": "false", "maxlength": 40},
    )
    submit = SubmitField(lazy_gettext("Save"))


class InvitationForm(FlaskForm):  # type: ignore[misc]
    """Whom to ask, and as what."""

    email = StringField(
        lazy_gettext("E-mail"),
        description=lazy_gettext("The link works for the account with this address alone."),
        validators=[DataRequired(lazy_gettext("Please give an e-mail address.")), Length(max=254)],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    role = SelectField(
        lazy_gettext("As"),
        choices=[SelectChoice(role, words) for role, words in ROLES.items()],
        default="member",
    )
    submit = SubmitField(lazy_gettext("Invite"))


class AccessForm(FlaskForm):  # type: ignore[misc]
    """Whom to let read one deposit, and until when."""

    email = StringField(
        lazy_gettext("E-mail of a person with an account here"),
        validators=[DataRequired(lazy_gettext("Please give an e-mail address.")), Length(max=254)],
        render_kw={"type": "email", "autocomplete": "off"},
    )
    until = DateField(
        lazy_gettext("Until and including"),
        description=lazy_gettext("Empty: until you take it back."),
        validators=[Optional()],
    )
    submit = SubmitField(lazy_gettext("Give access"))


class VerificationForm(FlaskForm):  # type: ignore[misc]
    """What a clerk saw. The hidden fields say what the page showed."""

    note = TextAreaField(
        lazy_gettext("What was seen"),
        description=lazy_gettext("Which papers, in the original or as copies, when and by whom."),
        validators=[
            DataRequired(lazy_gettext("Please say what was seen and decided.")),
            Length(max=MAX_NOTE),
        ],
        render_kw={"rows": 2, "maxlength": MAX_NOTE},
    )
    name_zh = HiddenField()
    name_en = HiddenField()
    registration_number = HiddenField()
