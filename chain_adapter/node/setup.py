"""Making a node's folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.durable import write_new
from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.keyfile import save_key
from chain_adapter.keys import key_id_of
from chain_adapter.node.config import CONFIG, read_config
from chain_adapter.node.service import KEY
from chain_adapter.note import COSIGNATURE, NoteSigner, require_name


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new node is to be; fields as in ``node.toml``. ``platforms`` are raw public keys."""

    name: str
    listen: str = "127.0.0.1:8471"
    vkey: str = ""
    url: str = ""
    profile: str = "deposit"
    platforms: Sequence[bytes] = ()
    tsa: str = ""
    stamper: str = ""
    stamper_trust: str = ""
    relay: Sequence[str] = ()
    since: int = 0


def make_node(folder: Path, wanted: Wanted, passphrase: str | None = None) -> str:
    """Make ``folder`` with key and configuration; the vkey of the new node.

    Raises:
        Fatal: there is a node in it, or what is wanted cannot be configured.
    """
    try:
        require_name(wanted.name)
    except InvalidProof as error:
        raise Fatal(str(error)) from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    try:
        write_new(folder / CONFIG, configuration(wanted).encode())
        save_key(folder / KEY, private, passphrase)
    except FileExistsError as error:
        raise Fatal(f"{folder} holds a node already; it is left as it is") from error
    read_config(folder)
    return NoteSigner(wanted.name, private).verifier.vkey(COSIGNATURE)


def configuration(wanted: Wanted) -> str:
    """The text of ``node.toml``. JSON's texts are TOML's."""
    lines = [f"name = {_text(wanted.name)}", f"listen = {_text(wanted.listen)}"]
    if wanted.vkey:
        keys = ", ".join(f'"{key_id_of(key)}" = "{key.hex()}"' for key in wanted.platforms)
        lines += [
            "",
            "[[log]]",
            f"vkey = {_text(wanted.vkey)}",
            f"profile = {_text(wanted.profile)}",
        ]
        if wanted.url:
            lines.append(f"url = {_text(wanted.url)}")
        if wanted.since:
            lines.append(f"since = {wanted.since}")
        if wanted.profile == "deposit":
            lines += [f"platforms = {{ {keys} }}", f"tsa = {_text(wanted.tsa)}"]
    if wanted.stamper:
        lines += ["", "[stamper]", f"url = {_text(wanted.stamper)}"]
        if wanted.stamper_trust:
            lines.append(f"trust = {_text(wanted.stamper_trust)}")
    if wanted.relay:
        lines += ["", "[relay]", f"next = [{', '.join(map(_text, wanted.relay))}]"]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
