"""The form of a webhook, for a new one and for changing one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from portal.webhooks.addresses import MAX_URL
from portal.webhooks.events import events
from portal.webhooks.rules import MAX_DESCRIPTION

_CHOSEN_FIRST = ["deposit.issued", "deposit.waiting"]


class WebhookForm(FlaskForm):  # type: ignore[misc]
    """Address, events, description."""

    url = StringField(
        lazy_gettext("Address"),
        description=lazy_gettext("Where your server listens, beginning with https://."),
        validators=[
            DataRequired(lazy_gettext("Please give the address.")),
            Length(max=MAX_URL, message=lazy_gettext("This address is too long.")),
        ],
        render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"},
    )
    events = SelectMultipleField(
        lazy_gettext("Events"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[DataRequired(lazy_gettext("Choose at least one event."))],
    )
    description = StringField(
        lazy_gettext("Description"),
        description=lazy_gettext("What receives it, for yourself."),
        validators=[Length(max=MAX_DESCRIPTION)],
    )
    submit = SubmitField(lazy_gettext("Add webhook"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.events.choices = [SelectChoice(name, words) for name, words in events().items()]
        if not self.is_submitted() and self.events.data is None:
            self.events.data = list(_CHOSEN_FIRST)
