"""What WebAuthn ceremonies rest on: who asks, and how a browser's answer is read.

The relying party's name and origin come from BASE_URL, never from the request: an assertion made
for another site is refused whatever the Host header says.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticatorTransport

from portal.accounts.models import User
from portal.problems import BadInput
from portal.settings import Settings

_MAX_ANSWER: Final = 32 * 1024
_TRANSPORTS: Final = {each.value for each in AuthenticatorTransport}
#: what parsing and verifying raise on input that is not what it should be
DAMAGED: Final = (
    WebAuthnException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
    UnsupportedAlgorithm,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the browser is asked: ``options`` as JSON for it, ``value`` to be kept meanwhile."""

    options: str
    value: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks, WebAuthn §5.1: the domain credentials are bound to, and the origins accepted."""

    id: str
    origins: tuple[str, ...]
    name: str

    @classmethod
    def of(cls, settings: Settings) -> Party:
        """From BASE_URL. Browsers take names only, no addresses; a portal on the loopback address
        is reached by its other name."""
        parts = urlsplit(settings.base_url)
        host = parts.hostname or "localhost"
        origin = f"{parts.scheme}://{parts.netloc}"
        if _is_loopback(host):
            port = f":{parts.port}" if parts.port else ""
            host, origin = "localhost", f"{parts.scheme}://localhost{port}"
        return cls(host, (origin,), settings.platform_name_zh)


def read_answer(text: str) -> dict[str, Any]:
    """The JSON a browser sent, checked for nothing but its shape.

    Raises:
        BadInput: not an object with a response, or implausibly long.
    """
    try:
        parsed = json.loads(text) if len(text) <= _MAX_ANSWER else None
    except (ValueError, RecursionError) as error:
        raise refused() from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("response"), dict):
        raise refused()
    return parsed


def check_handle(answer: dict[str, Any], user: User) -> None:
    """WebAuthn §7.2 step 6: the handle, when given, names the credential's owner."""
    handle = answer["response"].get("userHandle")
    if handle and (not isinstance(handle, str) or base64url_to_bytes(handle) != user.id.encode()):
        raise refused()


def transports_of(answer: dict[str, Any]) -> str:
    """How the authenticator says it is reached, known words only, separated by spaces."""
    named = answer["response"].get("transports")
    given = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
    return " ".join(dict.fromkeys(each for each in given if each in _TRANSPORTS))


def text_of(answer: dict[str, Any], name: str) -> str:
    """A short text of the answer; empty when there is none."""
    value = answer.get(name)
    return value if isinstance(value, str) and len(value) <= 1400 else ""


def refused() -> BadInput:
    """One sentence for everything, so that trying teaches nothing."""
    return BadInput("passkey", "The passkey was not accepted. Try again.", field="credential")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
