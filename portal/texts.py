"""Text that people type, checked before it is kept."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from portal.problems import BadInput


def line(field: str, text: str, limit: int, *, needed: bool = False) -> str:
    """One line, trimmed. Raises BadInput for what is too long, missing or not storable."""
    storable(field, text)
    return _checked(field, " ".join(text.split()), limit, needed)


def prose(field: str, text: str, limit: int, *, needed: bool = False) -> str:
    """Several lines, with LF however the form sent them. Raises as :func:`line`."""
    storable(field, text)
    return _checked(field, text.replace("\r\n", "\n").strip(), limit, needed)


def within(field: str, text: str, limit: int) -> None:
    """Raises BadInput for more than ``limit`` characters."""
    if len(text) > limit:
        message = "%(name)s has at most %(limit)s characters."
        raise BadInput("text_long", message, field=field, name=field, limit=limit)


def storable(field: str, text: str) -> None:
    """Raises BadInput for what no database or no file keeps."""
    if "\x00" in text:
        message = "%(name)s holds a NUL character."
        raise BadInput("text_nul", message, field=field, name=field)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "%(name)s holds half a character (a lone surrogate)."
        raise BadInput("text_unicode", message, field=field, name=field) from error


def _checked(field: str, text: str, limit: int, needed: bool) -> str:
    if needed and not text:
        raise BadInput("text_missing", "This must not stay empty.", field=field)
    within(field, text, limit)
    return text


def normal_email(email: str) -> str:
    """The stored form of an address, in small letters; no name server is asked."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise BadInput("email", "This is not an e-mail address.", field="email") from error
