"""Opening the adapter's state, and making it when there is none: crash-safe and race-safe."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chain_adapter.errors import Denied, Fatal, Retryable
from chain_adapter.evm.session import FORMAT
from chain_adapter.evm.state import State
from chain_adapter.keyfile import load_or_create_key
from chain_adapter.note import NoteSigner

#: Ending of the observer's key file, beside the state.
OBSERVER: Final = ".observer.key"


def open_state(path: Path, ledger: str, passphrase: str | None) -> tuple[State, NoteSigner]:
    """The state of ``ledger`` in ``path`` and the observer that signs for it.

    Raises:
        Fatal: the observer's key is missing or unreadable, or the state is another ledger's.
        Retryable, Denied: the files cannot be used.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _open(path, ledger, passphrase)
    except PermissionError as error:
        raise Denied(f"the files of the evm ledger may not be used: {error}") from error
    except OSError as error:
        raise Retryable(f"the files of the evm ledger cannot be used now: {error}") from error


def _open(path: Path, ledger: str, passphrase: str | None) -> tuple[State, NoteSigner]:
    key_file = path.with_name(path.name + OBSERVER)
    # A ledger without its key is a loss to be told, not a reason to sign with a new one.
    if path.exists() and path.stat().st_size and not key_file.exists():
        raise Fatal(f"the observer's key {key_file} is missing: put it back")
    signer = NoteSigner(ledger, load_or_create_key(key_file, passphrase))
    path.touch(mode=0o600)
    state = State(path)
    about = {"format": FORMAT, "ledger": ledger, "vkey": str(signer.verifier)}
    with state.write() as session:  # the first of several processes makes it
        if not session.exists():
            session.create(about)
        found = {name: session.about(name) for name in about}
    if found["format"] != FORMAT:
        raise Fatal(f"the state {path} has format {found['format']}, not {FORMAT}")
    if found["ledger"] != ledger:
        raise Fatal(f"the state {path} is that of {found['ledger']}, not of {ledger}")
    if found["vkey"] != about["vkey"]:
        raise Fatal(f"the key {key_file} is not the one of {ledger}: put that back")
    return state, signer
