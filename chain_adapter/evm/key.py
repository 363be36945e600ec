"""The sender's key: a file of 64 hexadecimal digits, or a keystore under a passphrase, mode 0600.

The key leaves this module only inside an account that signs and does not show it.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any, Final

from chain_adapter.durable import write_new
from chain_adapter.errors import Denied, Fatal, Retryable
from chain_adapter.evm.library import Account

_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)
_MAX: Final = 16 * 1024


def load_sender(path: Path, passphrase: str | None = None) -> Any:
    """The account (web3's ``LocalAccount``) of the key in ``path``.

    Raises:
        Fatal: missing, readable by others, or no such key. The sentence never holds a part of it.
        Retryable, Denied: it cannot be read.
    """
    text = _read(path).strip()
    plain = _HEX.fullmatch(text)
    try:
        if plain:
            return Account.from_key(bytes.fromhex(plain[1]))
    except Exception:  # noqa: BLE001 - the library's own, and eth_keys' ValidationError
        raise Fatal(f"the key {path} is not one of this curve") from None
    if not text.startswith("{"):
        raise Fatal(f"the key {path} is neither 64 hexadecimal digits nor a keystore")
    if not passphrase:
        raise Fatal(f"the key {path} is encrypted and no passphrase is set")
    try:
        return Account.from_key(Account.decrypt(text, passphrase))
    except Exception:  # noqa: BLE001 - whatever it is, it may quote what it was given
        raise Fatal(f"the passphrase does not open the key {path}, or it is damaged") from None


def create_sender(path: Path) -> str:
    """Make a key and write it to ``path``; returns its address.

    Raises:
        FileExistsError: a key is never overwritten.
    """
    account = Account.from_key(secrets.token_bytes(32))
    write_new(path, account.key.hex().removeprefix("0x").encode() + b"\n", mode=0o600)
    return str(account.address).lower()


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise Fatal(f"the key {path} may be read by others (mode {mode:o}): chmod 600 {path}")
        with path.open("rb") as file:
            return file.read(_MAX).decode("ascii", "replace")
    except FileNotFoundError as error:
        raise Fatal(f"the key {path} of the chain's sender is missing") from error
    except PermissionError as error:
        raise Denied(f"the key {path} may not be read: {error}") from error
    except OSError as error:
        raise Retryable(f"the key {path} cannot be read now: {error}") from error
