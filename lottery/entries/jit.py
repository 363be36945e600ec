"""Compiled functions: typed, without Python's lock, kept on disk where that is safe.

What the compiler makes of a function holds the functions it calls, while its own cache looks at the
one file only. So each state of these sources has a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import numba

#: A whole number: Python's, or one of the machine's 64 bits once compiled.
Int: TypeAlias = Any
#: Decorators of the compiler; what they give is what they were given.
_njit: Final[Any] = numba.njit
_config: Final[Any] = numba.config

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PACKAGE: Final = Path(__file__).resolve().parent


def _sources() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted([*_PACKAGE.glob("*.py"), *_PACKAGE.parent.glob("fast.py")]):
        source = path.read_bytes()
        if b"@compiled" in source:
            digest.update(path.name.encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """A folder that only this user (or root) can write to: what lies there is run.

    ``NUMBA_CACHE_DIR``, the package's own folder, or the user's cache, whichever serves first.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    wanted = [_PACKAGE / "__pycache__", Path(home) / "notary-draws"]
    if os.environ.get("NUMBA_CACHE_DIR"):
        wanted.insert(0, Path(os.environ["NUMBA_CACHE_DIR"]))
    for base in wanted:
        folder = base / f"compiled-{_sources()}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = folder.stat()
        except OSError:
            continue
        ours = state.st_uid in {os.geteuid(), 0} and not state.st_mode & 0o022
        if ours and os.access(folder, os.W_OK):
            return folder
    return None


_FOLDER: Final = _cache_folder()


def compiled(function: _Function) -> _Function:
    """``function`` compiled at its first call; the arrays it is given decide the types."""
    return _compiled(function)


def inlined(function: _Function) -> _Function:
    """The same for what is called from compiled functions for every entry: no call is left of it.

    An array is handed over as seven numbers; a dozen of those cost more than many of these
    functions.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: _Function, **options: bool) -> _Function:
    if _FOLDER is None:
        return _njit(nogil=True, **options)(function)  # type: ignore[no-any-return]
    before, _config.CACHE_DIR = _config.CACHE_DIR, str(_FOLDER)
    try:
        return _njit(nogil=True, cache=True, **options)(function)  # type: ignore[no-any-return]
    finally:
        _config.CACHE_DIR = before
