"""The configuration of an ``evm:`` ledger: one JSON file, read strictly.

::

    {"endpoints": ["http://127.0.0.1:8545"], "agree": 1, "chain_id": 1337,
     "contract": "0x…", "key": "evm.key", "confirmations": 1,
     "fee": {"mode": "auto", "most_gwei": 100, "priority_gwei": 1,
             "bump_percent": 13, "bump_after": 30, "gas": 200000},
     "validators": null, "state": "evm.sqlite", "patience": 2, "timeout": 10}

Paths are relative to the file's folder. ``docs/operations.md`` explains every field.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from chain_adapter.errors import Denied, Fatal, Retryable

GWEI: Final = 10**9
_MODES: Final = ("auto", "eip1559", "legacy")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_MAX_FILE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fee:
    """What a transaction may cost. ``mode``: "eip1559", "legacy", or "auto" by the chain's blocks;
    ``most`` and ``priority`` in wei for one gas; a transaction that waits for ``bump_after``
    seconds is sent again with the same nonce and a fee ``bump_percent`` higher; ``gas`` is the
    limit for each."""

    mode: str = "auto"
    most: int = 100 * GWEI
    priority: int = GWEI
    bump_percent: int = 13
    bump_after: float = 30.0
    gas: int = 200_000


@dataclass(frozen=True, slots=True)
class EvmConfig:
    """``agree`` of the ``endpoints`` must hold a block, ``confirmations`` deep (1: the block
    itself), for its records to be final. ``patience`` is how long an append waits for its block,
    ``timeout`` how long an endpoint may take to answer, both in seconds."""

    endpoints: tuple[str, ...]
    agree: int
    chain_id: int
    contract: str
    key: Path
    confirmations: int
    state: Path
    fee: Fee = Fee()
    validators: tuple[str, ...] = ()
    patience: float = 2.0
    timeout: float = 10.0

    @classmethod
    def load(cls, path: Path) -> EvmConfig:
        """Read the file.

        Raises:
            Fatal: it is missing or not such a configuration; the sentence names the field.
            Retryable, Denied: it cannot be read.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise Fatal(f"the configuration {path} of the evm ledger is missing") from error
        except PermissionError as error:
            raise Denied(f"the configuration {path} may not be read: {error}") from error
        except OSError as error:
            raise Retryable(f"the configuration {path} cannot be read now: {error}") from error
        try:
            return _read(data, path.parent)
        except (ValueError, TypeError) as error:
            raise Fatal(f"the configuration {path} cannot be used: {error}") from error

    def name_of(self, url: str) -> str:
        """The endpoint for people: an address may hold a password or a key in its path."""
        return urlsplit(url).netloc.rpartition("@")[2]


def _read(data: bytes, folder: Path) -> EvmConfig:
    if len(data) > _MAX_FILE:
        raise ValueError("it is too long")
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    known = {each.name for each in fields(EvmConfig)}
    if unknown := sorted(value.keys() - known):
        raise ValueError(f"{unknown[0]!r} is not a field of it")
    config = EvmConfig(
        endpoints=_endpoints(value.get("endpoints")),
        agree=_whole(value, "agree", 1, None),
        chain_id=_whole(value, "chain_id", 1, None),
        contract=_address(value.get("contract"), "contract"),
        key=folder / _text(value, "key", "evm.key"),
        confirmations=_whole(value, "confirmations", 1, None),
        state=folder / _text(value, "state", "evm.sqlite"),
        fee=_fee(value.get("fee", {})),
        validators=tuple(_address(each, "validators") for each in value.get("validators") or ()),
        patience=_seconds(value, "patience", 2.0),
        timeout=_seconds(value, "timeout", 10.0),
    )
    if config.agree > len(config.endpoints):
        raise ValueError(f"{config.agree} of {len(config.endpoints)} endpoints cannot agree")
    return config


def _fee(value: Any) -> Fee:
    if not isinstance(value, dict):
        raise ValueError("'fee' is not an object")
    names = {"mode", "most_gwei", "priority_gwei", "bump_percent", "bump_after", "gas"}
    if unknown := sorted(value.keys() - names):
        raise ValueError(f"'fee' has no field {unknown[0]!r}")
    mode = _text(value, "mode", "auto")
    if mode not in _MODES:
        raise ValueError(f"the fee's mode is one of {', '.join(_MODES)}")
    return Fee(
        mode=mode,
        most=round(_number(value, "most_gwei", 100) * GWEI),
        priority=round(_number(value, "priority_gwei", 1) * GWEI),
        # Nodes drop a replacement that pays less than a tenth more.
        bump_percent=_whole(value, "bump_percent", 10, 13),
        bump_after=_seconds(value, "bump_after", 30.0),
        gas=_whole(value, "gas", 50_000, 200_000),
    )


def _endpoints(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= 100:
        raise ValueError("'endpoints' is a list of addresses")
    for url in value:
        if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("'endpoints' are http: or https: addresses")
    if len(set(value)) != len(value):
        raise ValueError("an endpoint listed twice would agree with itself")
    return tuple(value)


def _address(value: Any, name: str) -> str:
    if not isinstance(value, str) or _ADDRESS.fullmatch(value) is None:
        raise ValueError(f"{name!r} needs addresses of 0x and 40 hexadecimal digits")
    return value.lower()


def _text(value: dict[str, Any], name: str, default: str) -> str:
    text = value.get(name, default)
    if not isinstance(text, str) or not text:
        raise ValueError(f"{name!r} must be text")
    return text


def _whole(value: dict[str, Any], name: str, least: int, default: int | None) -> int:
    number = value.get(name, default)
    if type(number) is not int or not least <= number < 2**53:
        raise ValueError(f"{name!r} must be a whole number, at least {least}")
    return number


def _number(value: dict[str, Any], name: str, default: float) -> float:
    number = value.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1e9:
        raise ValueError(f"{name!r} must be a number, not negative")
    return float(number)


def _seconds(value: dict[str, Any], name: str, default: float) -> float:
    return _number(value, name, default)
