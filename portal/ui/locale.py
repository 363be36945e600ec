"""Which language a visitor reads: their own choice, then their account's, then their browser's."""

from __future__ import annotations

from flask import current_app, has_request_context, request, session
from flask_babel import get_locale
from flask_login import current_user

#: our code → (tag for ``lang``, the language's name in itself)
LANGUAGES = {"zh": ("zh-CN", "中文"), "en": ("en", "English")}


def select_locale() -> str:
    """The code of the language to answer in; Flask-Babel's locale selector."""
    default = str(current_app.config.get("BABEL_DEFAULT_LOCALE", "zh"))
    if not has_request_context():
        return default
    for choice in (session.get("locale"), getattr(current_user, "locale", None)):
        if choice in LANGUAGES:
            return str(choice)
    return request.accept_languages.best_match(list(LANGUAGES), default) or default


def language() -> str:
    """The code of the language this answer is written in: ``"zh"`` or ``"en"``."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"
