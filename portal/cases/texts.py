"""Text that people type, checked before it is kept."""

from __future__ import annotations

from portal.problems import BadInput


def line(field: str, text: str, limit: int, *, needed: bool = False) -> str:
    """One line, trimmed. Raises BadInput for what is too long, missing or not storable."""
    return _checked(field, " ".join(_storable(field, text).split()), limit, needed)


def prose(field: str, text: str, limit: int, *, needed: bool = False) -> str:
    """Several lines, with LF however the form sent them. Raises as :func:`line`."""
    plain = _storable(field, text).replace("\r\n", "\n").strip()
    return _checked(field, plain, limit, needed)


def _checked(field: str, text: str, limit: int, needed: bool) -> str:
    if needed and not text:
        raise BadInput("text_missing", "This must not stay empty.", field=field)
    if len(text) > limit:
        message = "%(name)s has at most %(limit)s characters."
        raise BadInput("text_long", message, field=field, name=field, limit=limit)
    return text


def _storable(field: str, text: str) -> str:
    if "\x00" in text:  # no database keeps it
        message = "%(name)s holds a NUL character."
        raise BadInput("text_nul", message, field=field, name=field)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "%(name)s holds half a character (a lone surrogate)."
        raise BadInput("text_unicode", message, field=field, name=field) from error
    return text
