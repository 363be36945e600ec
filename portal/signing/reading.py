"""Reading a depositor's signature as requests write it."""

from __future__ import annotations

import json
from typing import Any, Final

from chain_adapter.signature import LENGTHS
from portal.problems import BadInput
from portal.signing.certificates import read_certificate
from portal.signing.cosigning import Cosigning, Cosignings

_KNOWN: Final = frozenset({"key_id", "certificate", "algorithm", "value"})
_SEVERAL: Final = "Signatures of several deposits are an object with key_id, algorithm and items."


def cosigning_from(deposit_id: object, given: object) -> Cosigning | None:
    """What a request says: ``id``, and ``signature`` as an object with ``key_id`` or
    ``certificate`` (PEM), ``algorithm`` and ``value`` (hexadecimal). None when it says nothing.

    Raises:
        BadInput: it cannot be read, naming the field.
    """
    if given is None:
        if deposit_id is not None:
            message = "An id is chosen by whoever signs; without a signature the portal chooses it."
            raise BadInput("id_without_signature", message, field="id")
        return None
    if not isinstance(given, dict) or not given.keys() <= _KNOWN:
        message = "A signature is an object with key_id or certificate, algorithm and value."
        raise BadInput("signature_object", message, field="signature")
    chosen = _text({"id": deposit_id}, "id") if deposit_id is not None else ""
    key_id, pem = _text(given, "key_id"), _text(given, "certificate")
    if bool(key_id) == bool(pem):
        message = "Say which key signed: either its key_id or its certificate."
        raise BadInput("signature_key", message, field="signature")
    value = _value(given) if given.get("value") is not None else None
    der = read_certificate(pem) if pem else b""
    return Cosigning(chosen, key_id, der, _text(given, "algorithm"), value)


def cosigning_from_text(deposit_id: str | None, text: str | None) -> Cosigning | None:
    """The same from a form, whose ``signature`` is JSON text; empty fields say nothing."""
    if not text:
        return cosigning_from(deposit_id or None, None)
    return cosigning_from(deposit_id or None, json_of(text))


def cosignings_from(given: object, sign_with: object = None) -> Cosignings | None:
    """One key's signatures of what a draft becomes: ``{"key_id", "algorithm", "items": [{"path",
    "id", "value"}, …]}``; or, from a page without script, the id of a key that the portal holds.
    None when nothing is said.

    Raises:
        BadInput: it cannot be read, naming the field.
    """
    if not given:
        return Cosignings(_text({"sign_with": sign_with}, "sign_with")) if sign_with else None
    items = given.get("items", []) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(items, list):
        raise BadInput("signature_object", _SEVERAL, field="signature")
    found: dict[str, tuple[str, bytes]] = {}
    for each in items:
        if not isinstance(each, dict):
            raise BadInput("signature_object", _SEVERAL, field="signature")
        found[_text(each, "path")] = (_text(each, "id"), _value(each))
    if len({deposit_id for deposit_id, _ in found.values()}) != len(items):
        message = "Each deposit needs a signature and an id of its own."
        raise BadInput("signature_twice", message, field="signature")
    return Cosignings(_text(given, "key_id"), _text(given, "algorithm"), found)


def json_of(text: str | None) -> object:
    """JSON from a form's field; None when the field is empty.

    Raises:
        BadInput: it is none.
    """
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        message = "The field signature is not JSON."
        raise BadInput("signature_json", message, field="signature") from error


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise BadInput("invalid", "Not a valid string.", field=name)
    return value


def _value(given: dict[str, Any]) -> bytes:
    text = _text(given, "value")
    longest = max(most for _, most in LENGTHS.values())
    try:
        if len(text) > 2 * longest:
            raise ValueError("too long")
        return bytes.fromhex(text)
    except ValueError as error:
        message = "A signature's value is hexadecimal, and has at most %(most)s bytes."
        raise BadInput("signature_value", message, field="value", most=longest) from error
