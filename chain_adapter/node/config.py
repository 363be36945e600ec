"""A node's folder and its configuration, ``node.toml``::

    name = "node-a.example"              # as it signs; never changes
    listen = "127.0.0.1:8471"

    [[log]]
    vkey = "notary.example/ledger+…"     # the log's verifier key
    url = "https://notary.example/ledger"
    profile = "deposit"                  # or "consistency": any C2SP log, proofs alone
    platforms = { "ed25519:…" = "…" }    # key id → public key, hexadecimal
    tsa = "tsa-roots.pem"                # TSAs whose tokens are accepted
    kinds = ["deposit", "member"]        # absent: every kind
    rule = "…"                           # absent: whatever rule the log begins with
    origin = "…"                         # absent: the name in vkey
    since = 0                            # entries before are copied, and not examined

    [stamper]
    url = "https://tsa.example/tsr"      # stamps this node's own blocks
    trust = "own-tsa.pem"

    [relay]
    next = ["https://node-b.example"]

    [limits]
    connections = 256
    per_peer = 64
    entries = 20000                      # new entries examined for one request

Relative paths start at the folder. Tables of other names belong to those who add routes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.keys import key_id_of
from chain_adapter.note import VerifierKey, require_name

CONFIG: Final = "node.toml"
PROFILES: Final = ("deposit", "consistency")
_LOG_FIELDS: Final = frozenset(
    ("vkey", "url", "profile", "platforms", "tsa", "kinds", "rule", "origin", "since")
)


@dataclass(frozen=True, slots=True)
class LogConfig:
    """One log this node follows. ``tsa`` is the file of TSA roots, ``kinds`` None for all.
    Entries before position ``since`` were recorded before there were nodes: nothing stands beside
    them, and they pass steps 1 and 7 alone."""

    origin: str
    key: VerifierKey
    profile: str
    url: str = ""
    platforms: Mapping[str, bytes] = field(default_factory=dict)
    tsa: Path | None = None
    kinds: frozenset[str] | None = None
    rule: str = ""
    since: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """``connections`` in all and from one address, and how many new ``entries`` one request may
    make this node examine; the rest waits for the next request."""

    connections: int = 256
    per_peer: int = 64
    entries: int = 20_000


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What ``node.toml`` says; ``options`` is all of it as read."""

    folder: Path
    name: str
    listen: tuple[str, int]
    logs: tuple[LogConfig, ...]
    stamper: str = ""
    relay: tuple[str, ...] = ()
    limits: Limits = Limits()
    options: Mapping[str, Any] = field(default_factory=dict)


def read_config(folder: Path) -> NodeConfig:
    """Read ``node.toml`` of ``folder``.

    Raises:
        Fatal: there is none, or a value in it cannot be; the sentence says which.
    """
    path = folder / CONFIG
    try:
        with path.open("rb") as file:
            value = tomllib.load(file)
    except FileNotFoundError as error:
        raise Fatal(f"{path} is missing: make a node with `init`") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fatal(f"{path} cannot be read: {error}") from error
    try:
        return _config(folder, value)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise Fatal(f"{path}: {error}") from error


def _config(folder: Path, value: Mapping[str, Any]) -> NodeConfig:
    if "name" not in value:
        raise ValueError("name is missing")
    require_name(value["name"])
    logs = tuple(_log(folder, each) for each in value.get("log", []))
    if len({log.origin for log in logs}) != len(logs):
        raise ValueError("a log is listed twice")
    stamper = _stamper(folder, value.get("stamper", {}))
    if not stamper and any(log.profile == "deposit" for log in logs):
        raise ValueError("profile deposit needs a [stamper]: its blocks are time-stamped")
    return NodeConfig(
        folder=folder,
        name=value["name"],
        listen=_listen(value.get("listen", "127.0.0.1:8471")),
        logs=logs,
        stamper=stamper,
        relay=tuple(_url(each) for each in value.get("relay", {}).get("next", [])),
        limits=Limits(**{name: _count(each) for name, each in value.get("limits", {}).items()}),
        options=value,
    )


def _log(folder: Path, value: Mapping[str, Any]) -> LogConfig:
    if unknown := sorted(value.keys() - _LOG_FIELDS):
        raise ValueError(f"unknown field {unknown[0]} of a log")
    try:
        key = VerifierKey.parse(value["vkey"])
    except InvalidProof as error:
        raise ValueError(f"a log's vkey: {error}") from error
    profile = value.get("profile", "deposit")
    if profile not in PROFILES:
        raise ValueError(f"profile is one of {', '.join(PROFILES)}, not {profile!r}")
    if profile == "deposit" and not {"url", "tsa", "platforms"} <= value.keys():
        raise ValueError(f"log {key.name}: profile deposit needs url, platforms and tsa")
    return LogConfig(
        origin=value.get("origin", key.name),
        key=key,
        profile=profile,
        url=_url(value["url"]) if "url" in value else "",
        platforms=dict(_platform(*each) for each in value.get("platforms", {}).items()),
        tsa=folder / value["tsa"] if "tsa" in value else None,
        kinds=frozenset(value["kinds"]) if "kinds" in value else None,
        rule=value.get("rule", ""),
        since=_count(value["since"], 0) if "since" in value else 0,
    )


def _platform(key_id: str, text: str) -> tuple[str, bytes]:
    public = bytes.fromhex(text)
    if len(public) != 32 or key_id_of(public) != key_id:
        raise ValueError(f"the key listed for platform {key_id} is not its own")
    return key_id, public


def _stamper(folder: Path, value: Mapping[str, Any]) -> str:
    if not value:
        return ""
    if "trust" not in value:
        return _url(value["url"])
    return f"{_url(value['url'])}#trust={quote(str(folder / value['trust']))}"


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is no http(s) address")
    return text.rstrip("/")


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"listen is host:port, not {text!r}")
    return host.strip("[]"), int(port)


def _count(value: Any, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ValueError(f"a limit is a whole number from {least} on, not {value!r}")
    return value
