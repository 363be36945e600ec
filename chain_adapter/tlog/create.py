"""Opening a log's folder, and making the log when there is none: crash-safe and race-safe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.checkpoint import require_origin, sign_checkpoint
from chain_adapter.errors import Denied, Fatal, InvalidProof, Retryable
from chain_adapter.keyfile import load_or_create_key
from chain_adapter.keys import key_id_of
from chain_adapter.merkle import EMPTY_ROOT
from chain_adapter.note import NoteSigner
from chain_adapter.tlog.guard import Guard
from chain_adapter.tlog.storage import FORMAT, Session, Storage
from chain_adapter.tlog.stored import ANY_SIZE

DATABASE: Final = "ledger.sqlite"
KEY: Final = "ledger.key"


def open_log(
    folder: Path, guard: Guard, origin: str | None, passphrase: str | None, patience: float
) -> tuple[Storage, NoteSigner]:
    """Open the log in ``folder``, made first when the folder holds none.

    Raises:
        Fatal: the key is missing or unreadable, or the folder holds another log.
        Retryable, Denied: the files cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        guard.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with guard.locked():
            return _open(folder, guard, origin, passphrase, patience)
    except PermissionError as error:
        raise Denied(f"the ledger's files may not be used: {error}") from error
    except OSError as error:
        raise Retryable(f"the ledger's files cannot be used now: {error}") from error


def _open(
    folder: Path, guard: Guard, origin: str | None, passphrase: str | None, patience: float
) -> tuple[Storage, NoteSigner]:
    database, key_file = folder / DATABASE, folder / KEY
    # A log without its key is a loss to be told, not a reason to sign with a new one.
    if database.exists() and database.stat().st_size and not key_file.exists():
        raise Fatal(f"the ledger's key {key_file} is missing: put it back")
    database.touch(mode=0o600)
    private = load_or_create_key(key_file, passphrase)
    storage = Storage(database, patience)
    with storage.read() as session:
        about = session.about()
    signer = _signer(private, about.get("origin") or origin)
    if about:
        _require_same(about, signer, origin)
    else:
        with storage.write() as session:
            _create(session, signer)
    _guard_empty(storage, guard)
    storage.release()
    return storage, signer


def _signer(private: Ed25519PrivateKey, origin: str | None) -> NoteSigner:
    if not origin:
        public = private.public_key().public_bytes_raw()
        origin = f"notary-ledger/{key_id_of(public).removeprefix('ed25519:')[:16]}"
    try:
        require_origin(origin)
    except InvalidProof as error:
        raise Fatal(f"a ledger cannot be named {origin!r}: {error}") from error
    return NoteSigner(origin, private)


def _require_same(about: dict[str, str], signer: NoteSigner, origin: str | None) -> None:
    if about["format"] != FORMAT:
        raise Fatal(f"the ledger's database has format {about['format']}, not {FORMAT}")
    if origin and origin != about["origin"]:
        raise Fatal(f"the folder holds the ledger {about['origin']}, not {origin}")
    if about["vkey"] != str(signer.verifier):
        raise Fatal(f"the key in the folder is not the one of {about['origin']}: put that back")


def _create(session: Session, signer: NoteSigner) -> None:
    vkey = signer.verifier
    about = {"format": FORMAT, "origin": vkey.name, "vkey": str(vkey)}
    session.create(about, sign_checkpoint(signer, 0, EMPTY_ROOT, datetime.now(UTC)).note)


def _guard_empty(storage: Storage, guard: Guard) -> None:
    """A log without entries has let nothing out: its guard may be made, and only then."""
    if guard.read() is not None:
        return
    with storage.read() as session:
        newest = session.newest_checkpoint(ANY_SIZE)
        if newest is not None and newest == session.checkpoint(0):
            guard.replace(None, newest)
