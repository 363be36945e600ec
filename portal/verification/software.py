"""Which verifier it was: the version, and one digest over every module that judges.

Two verifications that name the same digest were made by the same code, offline or here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

NAME: Final = "notary-evidence-portal"
_ROOT: Final = Path(__file__).resolve().parents[2]
#: Packages and modules without which no verdict comes about.
_PACKAGES: Final = ("chain_adapter", "timestamping", "forensics", "lottery")
_MODULES: Final = (
    "captures",
    "draws",
    "further",
    "judging",
    "notarial",
    "report",
    "sentences",
    "volumes",
    "words",
)


@dataclass(frozen=True, slots=True)
class Software:
    """``sha256`` is over the sorted lines ``<sha256>  <path>`` of the modules, as ``sha256sum``
    writes them."""

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.sha256[:16]})"


@cache
def software() -> Software:
    """The verifier that is running. Read once from its own files."""
    lines = sorted(f"{_digest(path)}  {path.relative_to(_ROOT).as_posix()}\n" for path in _files())
    return Software(NAME, _version(), hashlib.sha256("".join(lines).encode()).hexdigest())


def _files() -> Iterator[Path]:
    for package in _PACKAGES:
        yield from (_ROOT / package).rglob("*.py")
    for module in _MODULES:
        yield _ROOT / "portal" / "verification" / f"{module}.py"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:  # copied to an expert's machine, not installed
        return "uninstalled"
