"""Forms of accounts; Flask-Security validates, these speak our languages and say less."""

from __future__ import annotations

from typing import Any, cast

from flask import request
from flask_babel import gettext, lazy_gettext
from flask_security import (
    ChangePasswordForm,
    ForgotPasswordForm,
    LoginForm,
    RegisterFormV2,
    ResetPasswordForm,
    SendConfirmationForm,
    hash_password,
)
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
from portal.ui.context import services

_NEW = {"autocomplete": "new-password"}


SCOPE_NAMES = {"read": lazy_gettext("read and download"), "write": lazy_gettext("deposit")}


class SignInForm(LoginForm):
    """E-mail and password. Whatever is wrong, the answer is the same sentence."""

    submit = SubmitField(lazy_gettext("Sign in"))
    #: the password was right, but the address is not confirmed yet
    unconfirmed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = lazy_gettext("E-mail")
        self.password.label.text = lazy_gettext("Password")
        self.password.description = ""  # the link to a new password stands below the form
        del self.remember
        _stay_inside(self)

    def validate(self, **kwargs: Any) -> bool:
        """Record what failed; tell the visitor nothing about which half it was. Only whoever knows
        the password learns that the address is still to be confirmed."""
        if super().validate(**kwargs):
            return True
        _clear(self)
        self.unconfirmed = bool(self.requires_confirmation and self.user and self.user.active)
        self.form_errors = [
            gettext("Confirm your e-mail address first: open the link in the mail we sent.")
            if self.unconfirmed
            else gettext("E-mail or password is wrong, or the account is closed.")
        ]
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

    def validate(self, **kwargs: Any) -> bool:
        """With confirmation, a taken address is no error: its owner is written to. Without, there
        is no other way to say it."""
        good = bool(super().validate(**kwargs))
        if self.existing_email_user is not None and not services().settings.confirm_email:
            taken = gettext("This e-mail address has an account: sign in with it.")
            self.form_errors = [taken]
        return good

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


class ForgottenForm(ForgotPasswordForm):
    """The address a link for a new password is sent to, when it has an account."""

    submit = SubmitField(lazy_gettext("Send the link"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = lazy_gettext("E-mail")

    def validate(self, **kwargs: Any) -> bool:
        """As Flask-Security's, but an address not yet confirmed gets its link too: the link proves
        it. Hashes where Flask-Security does not, so that either answer takes as long."""
        good = super().validate(**kwargs)
        if good or (self.user is not None and self.requires_confirmation):
            self.email.errors = []
            self.requires_confirmation = False
            hash_password("not-a-password")
            return True
        return False


class ResetForm(ResetPasswordForm):
    """A new password, twice."""

    submit = SubmitField(lazy_gettext("Keep this password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.label.text = lazy_gettext("New password")
        self.password_confirm.label.text = lazy_gettext("New password, again")


class ResendForm(SendConfirmationForm):
    """The address the confirmation is sent to once more."""

    submit = SubmitField(lazy_gettext("Send the link again"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = lazy_gettext("E-mail")


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """One's own password: to confirm an address, or to say who it is."""

    password = PasswordField(
        lazy_gettext("Password"),
        validators=[DataRequired(lazy_gettext("Please give a password."))],
        render_kw={"autocomplete": "current-password"},
    )
    submit = SubmitField(lazy_gettext("Continue"))


class CodeForm(FlaskForm):  # type: ignore[misc]
    """Six digits of an app, or a recovery code."""

    code = StringField(
        lazy_gettext("One-time code"),
        validators=[DataRequired(lazy_gettext("Please give the code.")), Length(max=64)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"},
    )
    submit = SubmitField(lazy_gettext("Continue"))


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


def _clear(form: Any) -> None:
    for field in form:
        if field.name != "csrf_token":
            field.errors = []


def _stay_inside(form: Any) -> None:
    form.next.data = safe_next(form.next.data or request.args.get("next"), "")
