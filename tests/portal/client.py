"""A browser for tests: keeps cookies, and sends the token of the page it came from."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse 电池"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class PortalClient(FlaskClient):
    """Flask's client, with CSRF on as in the real portal."""

    def token(self, page: str = "/signin") -> str:
        """The CSRF token in the form on ``page``."""
        answer = self.get(page, follow_redirects=True)
        found = _TOKEN.search(answer.text)
        assert found, f"no form on {page}: {answer.status_code}"
        return found[1]

    def submit(self, path: str, data: Any = None, page: str | None = None) -> TestResponse:
        """POST a form as the page at ``page`` (``path`` when None) would."""
        return self.post(path, data={"csrf_token": self.token(page or path), **(data or {})})

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.submit("/signin", {"email": email, "password": password, **more})

    @staticmethod
    def bearer(key: str) -> dict[str, str]:
        """Headers that carry an API key."""
        return {"Authorization": f"Bearer {key}"}
