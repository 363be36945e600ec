"""The forms of a case. The service judges what was sent."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField

from portal.cases.models import Case
from portal.cases.service import MAX_NOTE, MAX_REFERENCE, MAX_TITLE, CaseFields
from portal.problems import BadInput


class CaseForm(FlaskForm):  # type: ignore[misc]
    """A new case, or what is said about one."""

    title = StringField(lazy_gettext("Title"), render_kw={"maxlength": MAX_TITLE, "required": True})
    reference = StringField(
        lazy_gettext("Reference number"),
        description=lazy_gettext("The number it has in your files or at court, if any."),
        render_kw={"maxlength": MAX_REFERENCE},
    )
    note = TextAreaField(
        lazy_gettext("Note"),
        description=lazy_gettext("What it is about. It can be changed later."),
        render_kw={"maxlength": MAX_NOTE, "rows": 4},
    )

    @classmethod
    def of(cls, case: Case) -> CaseForm:
        return cls(formdata=None, obj=case)

    def fields(self) -> CaseFields:
        """Raises BadInput for what does not fit; the field then says so."""
        try:
            return CaseFields(
                self.title.data or "", self.reference.data or "", self.note.data or ""
            )
        except BadInput as error:
            at = getattr(self, error.field or "", self.title)
            # Without the field's name: it stands beside the field.
            sentence = gettext("At most %(max)d characters.", max=error.params.get("limit", 0))
            plain = error.code == "text_long"
            at.errors = [sentence if plain else gettext(error.message, **error.params)]
            raise
