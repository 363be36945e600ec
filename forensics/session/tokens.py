"""Time-stamps of the running recording: kept only when they are over one of its heads."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from forensics.errors import InvalidSpec

_MAX_TOKEN: Final = 256 * 1024


def token_over(head: str, token_b64: str) -> tuple[bytes, dict[str, str]]:
    """A TimeStampResp whose token is over ``head`` (hexadecimal SHA-256), and what it says.

    The token may come as ContentInfo or as TimeStampResp. Only its imprint is looked at: whose
    signature it bears is for the verifier.

    Raises:
        InvalidSpec: no token, or over something else.
    """
    # Parsing needs the certificate libraries, which take a while to load: not before the first.
    from timestamping.errors import InvalidToken
    from timestamping.token import Token

    try:
        der = base64.b64decode(token_b64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSpec("the token is not base64") from error
    if not 0 < len(der) <= _MAX_TOKEN:
        raise InvalidSpec("the token is empty or too long")
    try:
        token = Token.parse(der)
    except InvalidToken:
        try:
            token = Token.from_response(der)
        except InvalidToken as error:
            raise InvalidSpec(str(error)) from error
    if token.imprint.algorithm != "sha256" or token.imprint.hex != head:
        raise InvalidSpec("the token is not over this head")
    said = {"gen_time": token.gen_time.isoformat(), "tsa": token.tsa, "serial": f"{token.serial:x}"}
    return token.response(), said
