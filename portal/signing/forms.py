"""Forms of the signing keys' pages. What the browser signs is sent as JSON, not by these."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, SubmitField
from wtforms.validators import DataRequired, Length

from portal.signing.service import MAX_LABEL


class HoldForm(FlaskForm):  # type: ignore[misc]
    """Let the portal hold a key."""

    label = StringField(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("Please give the key a name.")), Length(max=MAX_LABEL)],
        description=lazy_gettext("So that you know it again."),
    )
    understood = BooleanField(
        lazy_gettext("I know that the portal can sign with it, and that letters say so."),
        [DataRequired(lazy_gettext("Please confirm that you know this."))],
    )
    submit = SubmitField(lazy_gettext("Let the portal hold a key"))
