"""Tokens for deposit nodes: the strict verifier and an RFC 3161 client, as the nodes' plug-in.

Named in the entry point group ``notary.vouchers`` as ``rfc3161``. The ledger's package, where nodes
live, knows nothing of time-stamps.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from chain_adapter.digest import Digest
from chain_adapter.node.voucher import VoucherUnavailable
from timestamping.errors import InvalidToken, TimestampError
from timestamping.registry import open_stampers
from timestamping.stamper import Stamper
from timestamping.token import Token
from timestamping.trust import InvalidTrust, TrustStore
from timestamping.verifier import verify_token


class Rfc3161Voucher:
    """``trust`` holds the roots under which tokens are judged (None: none is judged here),
    ``stamper`` stamps the node's own blocks (None: it stamps none). For any number of threads."""

    def __init__(self, trust: TrustStore | None, stamper: Stamper | None) -> None:
        self._trust, self._stamper = trust, stamper

    def check(self, token: bytes, digest: Digest) -> str | None:
        """None when ``token`` passes :func:`~timestamping.verifier.verify_token` over ``digest``;
        else the sentence of the first step that failed or could not be decided."""
        if self._trust is None:
            return "no roots are configured to judge it by"
        verdict = verify_token(token, self._trust, digest=digest)
        if verdict.ok:
            return None
        check = verdict.failed or verdict.undecided
        return "it is not good" if check is None else check.detail

    def moment(self, token: bytes) -> datetime:
        """genTime of a token that :meth:`check` has found good."""
        try:
            return Token.parse(token).gen_time.astimezone(UTC)
        except InvalidToken as error:  # a copy damaged on disk
            raise ValueError(f"a token in the copy cannot be read: {error}") from error

    def stamp(self, digest: Digest) -> bytes:
        """A verified token over ``digest``.

        Raises:
            VoucherUnavailable: the TSA gives none now.
        """
        if self._stamper is None:
            raise VoucherUnavailable("no TSA is configured")
        try:
            return self._stamper.stamp(digest).der
        except TimestampError as error:
            raise VoucherUnavailable(str(error)) from error

    def close(self) -> None:
        if self._stamper is not None:
            self._stamper.close()


def open_voucher(roots: Path | None, stamper: str) -> Rfc3161Voucher:
    """``roots``: PEM file of trusted TSA roots. ``stamper``: as in the setting STAMPERS, "" for
    none; without a ``trust`` of its own the TSA is judged by ``roots``.

    Raises:
        ValueError, OSError: a file or an address cannot be used.
    """
    trust = None
    if roots is not None:
        try:
            trust = TrustStore.from_pem(roots)
        except InvalidTrust as error:
            raise ValueError(f"{roots}: {error}") from error
        if not trust.roots:
            raise ValueError(f"{roots} holds no root certificate")
    opened = open_stampers(stamper, base=Path(), default_trust=roots) if stamper else None
    return Rfc3161Voucher(trust, opened)
