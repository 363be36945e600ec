"""Public addresses for machines: RFC 3161 at /tsa, a C2SP tlog-tiles log below /ledger, and the
certificates below /pki. They carry no cookie and ask for none.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from chain_adapter.canonical import canonical_json
from chain_adapter.errors import NotFound as NoSuchTile
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import WitnessLedger
from portal.problems import NotFound
from portal.ui.context import services
from timestamping.authority.wsgi import TsaApplication

blueprint = Blueprint("published", __name__)

_FOREVER = "public, max-age=31536000, immutable"
_MINUTE = "public, max-age=60"
_FRESH = "public, max-age=1, must-revalidate"


@blueprint.post("/tsa")
def tsa() -> BaseResponse:
    """RFC 3161 over HTTP (§3.4): 200 for refusals too; 413 and 415 for what is no query."""
    authority = services().authority
    if authority is None:
        raise NotFound(
            "no_tsa", "This portal runs no time-stamping authority: it uses an outside one."
        )
    return BaseResponse.from_app(TsaApplication(authority), request.environ)


@blueprint.get("/ledger/checkpoint")
def checkpoint() -> Response:
    """The latest signed checkpoint (c2sp.org/tlog-checkpoint)."""
    return _plain(_tlog().latest(), _FRESH)


@blueprint.get("/ledger/tile/<path:rest>")
def tile(rest: str) -> Response:
    """One tile (c2sp.org/tlog-tiles): hashes, or entries below ``tile/entries/``."""
    try:
        data = _tlog().tile(f"tile/{rest}")
    except NoSuchTile as error:
        raise NotFound("no_tile", "The log has no such tile.") from error
    # What a partial tile holds never changes, but the tile goes once it is full.
    return _open(data, "application/octet-stream", _MINUTE if ".p/" in rest else _FOREVER)


@blueprint.get("/ledger/supplement/<int:first>-<int:last>")
def supplement(first: int, last: int) -> Response:
    """What stands beside the entries at positions ``first`` to ``last``, both included, at most
    256: tokens, depositors' keys, public contents. Deposit nodes examine entries by it."""
    ledger = _tlog()
    if not isinstance(ledger, WitnessLedger):
        raise NotFound("no_supplements", "Nobody examines this ledger's entries.")
    try:
        found = ledger.supplements(first, last)
    except NoSuchTile as error:
        message = "There is nothing beside these entries, or these are more than 256."
        raise NotFound("no_supplements", message) from error
    items = [each.to_object() if each else None for each in found]
    # Where something is missing it may come yet: an entry can be appended again with it.
    caching = _FOREVER if all(items) else _FRESH
    data = canonical_json({"first": first, "items": items})
    return _open(data, "application/json", caching)


@blueprint.get("/ledger/key")
def ledger_key() -> Response:
    """The log's verifier key (c2sp.org/signed-note)."""
    return _plain(_tlog().vkey + "\n", _MINUTE)


@blueprint.get("/pki/root.crt")
def root() -> Response:
    """The root certificate, DER (RFC 2585 §4.1)."""
    return _open(services().pki.root, "application/pkix-cert", _MINUTE)


@blueprint.get("/pki/root.crl")
def crl() -> Response:
    """The root's revocation list, DER (RFC 2585 §4.2)."""
    return _open(services().pki.crl(), "application/pkix-crl", _MINUTE)


def _tlog() -> TlogLedger:
    ledger = services().ledger
    if not isinstance(ledger, TlogLedger):
        message = "This portal's first ledger is no transparency log; it publishes elsewhere."
        raise NotFound("no_tlog", message)
    return ledger


def _plain(text: str, caching: str) -> Response:
    return _open(text.encode(), "text/plain; charset=utf-8", caching)


def _open(data: bytes, content_type: str, caching: str) -> Response:
    headers: dict[str, Any] = {
        "Content-Type": content_type,
        "Cache-Control": caching,
        # Verifiers that run in a browser, on anybody's page, may read what is public anyway.
        "Access-Control-Allow-Origin": "*",
    }
    return Response(data, headers=headers)
