"""A token and its co-stamps as one text, for a table's column."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace

from chain_adapter.digest import Digest
from timestamping.errors import TokenRefused
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verifier import PASSED, verify_token


def to_text(token: Token) -> str:
    """JSON: DER, source and independence of ``token`` and of each co-stamp, in order."""
    stamps = [
        {
            "der": b64encode(each.der).decode(),
            "source": each.source,
            "independent": each.independent,
        }
        for each in (token, *token.also)
    ]
    return json.dumps(stamps)


def from_text(text: str) -> Token:
    """What :func:`to_text` wrote. Parsed is not verified.

    Raises:
        InvalidToken: no tokens.
        ValueError: no such text.
    """
    first, *others = (
        Token.parse(b64decode(each["der"]), each["source"], each["independent"])
        for each in json.loads(text)
    )
    return replace(first, also=tuple(others))


def reverified(token: Token, digest: Digest, trust: TrustStore) -> Token:
    """``token``, after it and its co-stamps passed every check again. What passed in this process,
    the same bytes under the same anchors, counts; anything else is verified now.

    Raises:
        TokenRefused: naming the check.
    """
    for each in (token, *token.also):
        if PASSED.holds(each.der, digest, trust):
            continue
        verdict = verify_token(each.der, trust, digest=digest)
        if not verdict.ok:
            raise TokenRefused(verdict, each.source)
    return token
