"""The form of an announcement."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, RadioField, SubmitField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.announcements.models import Audience, Level
from portal.announcements.service import MAX_TEXT, Draft

_NEEDED = lazy_gettext("Please write it in both languages.")
#: browsers send minutes; seconds when somebody typed them
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class AnnouncementForm(FlaskForm):  # type: ignore[misc]
    """Two texts, how loud, for whom, from when until when."""

    text_zh = TextAreaField(
        lazy_gettext("In Chinese"),
        validators=[DataRequired(_NEEDED), Length(max=MAX_TEXT)],
        render_kw={"rows": 2, "lang": "zh-CN"},
    )
    text_en = TextAreaField(
        lazy_gettext("In English"),
        validators=[DataRequired(_NEEDED), Length(max=MAX_TEXT)],
        render_kw={"rows": 2, "lang": "en"},
    )
    level = RadioField(
        lazy_gettext("How urgent"),
        choices=[
            SelectChoice(Level.INFO, lazy_gettext("notice")),
            SelectChoice(Level.WARNING, lazy_gettext("warning, such as planned work")),
            SelectChoice(Level.DANGER, lazy_gettext("disturbance")),
        ],
        default=Level.INFO,
    )
    audience = RadioField(
        lazy_gettext("For whom"),
        choices=[
            SelectChoice(Audience.EVERYBODY, lazy_gettext("everybody")),
            SelectChoice(Audience.SIGNED_IN, lazy_gettext("people who have signed in")),
        ],
        default=Audience.EVERYBODY,
    )
    starts_at = DateTimeLocalField(
        lazy_gettext("Shown from"),
        format=_FORMATS,
        description=lazy_gettext("Empty: at once."),
        validators=[Optional()],
    )
    ends_at = DateTimeLocalField(
        lazy_gettext("Until"),
        format=_FORMATS,
        description=lazy_gettext("Empty: until it is withdrawn."),
        validators=[Optional()],
    )
    submit = SubmitField(lazy_gettext("Announce"))

    def draft(self, zone: ZoneInfo, now: datetime) -> Draft:
        """What was written; times are those of the office's ``zone``."""
        starts, ends = self.starts_at.data, self.ends_at.data
        return Draft(
            self.text_zh.data,
            self.text_en.data,
            Level(self.level.data),
            Audience(self.audience.data),
            now if starts is None else starts.replace(tzinfo=zone),
            None if ends is None else ends.replace(tzinfo=zone),
        )
