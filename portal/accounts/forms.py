"""Forms of accounts; Flask-Security validates, these speak our languages and say less."""

from __future__ import annotations

from typing import Any, cast

from flask import request
from flask_babel import gettext, lazy_gettext
from flask_security import ChangePasswordForm, LoginForm, RegisterFormV2
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, SelectMultipleField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.events import failed_sign_in
from portal.accounts.models import User
from portal.accounts.service import clean_name
from portal.problems import BadInput
from portal.security import safe_next

_NEW = {"autocomplete": "new-password"}


SCOPE_NAMES = {"read": lazy_gettext("read and download"), "write": lazy_gettext("deposit")}


class SignInForm(LoginForm):
    """E-mail and password. Whatever is wrong, the answer is the same sentence."""

    submit = SubmitField(lazy_gettext("Sign in"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = lazy_gettext("E-mail")
        self.password.label.text = lazy_gettext("Password")
        del self.remember
        _stay_inside(self)

    def validate(self, **kwargs: Any) -> bool:
        """Record what failed; tell the visitor nothing about which half it was."""
        if super().validate(**kwargs):
            return True
        for field in self:
            if field.name != "csrf_token":
                field.errors = []
        self.form_errors = [gettext("E-mail or password is wrong, or the account is closed.")]
        failed_sign_in(cast("User | None", self.user))
        return False


class RegistrationForm(RegisterFormV2):
    """Name, e-mail, password."""

    name = StringField(
        lazy_gettext("Name"),
        description=lazy_gettext("As letters shall name you."),
        validators=[DataRequired(lazy_gettext("Please give your name.")), Length(max=100)],
        render_kw={"autocomplete": "name"},
    )
    submit = SubmitField(lazy_gettext("Create account"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = lazy_gettext("E-mail")
        self.password.label.text = lazy_gettext("Password")
        self.password_confirm.label.text = lazy_gettext("Password, again")
        _stay_inside(self)

    def validate_name(self, field: StringField) -> None:
        try:
            field.data = clean_name(field.data or "")
        except BadInput as error:
            raise ValidationError(gettext(error.message)) from error


class NewPasswordForm(ChangePasswordForm):
    """The old password once, the new one twice."""

    password = PasswordField(
        lazy_gettext("Present password"), render_kw={"autocomplete": "current-password"}
    )
    submit = SubmitField(lazy_gettext("Change password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_password.label.text = lazy_gettext("New password")
        self.new_password_confirm.label.text = lazy_gettext("New password, again")


class ApiKeyForm(FlaskForm):  # type: ignore[misc]
    """A key for a program."""

    name = StringField(
        lazy_gettext("Name"),
        description=lazy_gettext("What uses it, so that you know which one to revoke."),
        validators=[DataRequired(lazy_gettext("Please give the key a name.")), Length(max=100)],
    )
    scopes = SelectMultipleField(
        lazy_gettext("May"),
        choices=[SelectChoice(scope, words) for scope, words in SCOPE_NAMES.items()],
        default=["read", "write"],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[DataRequired(lazy_gettext("A key reads, writes or does both."))],
    )
    days = SelectField(
        lazy_gettext("Expires after"),
        choices=[
            SelectChoice("30", lazy_gettext("30 days")),
            SelectChoice("90", lazy_gettext("90 days")),
            SelectChoice("365", lazy_gettext("one year")),
        ],
        default="90",
    )
    submit = SubmitField(lazy_gettext("Create key"))


def _stay_inside(form: Any) -> None:
    form.next.data = safe_next(form.next.data or request.args.get("next"), "")
