"""What a node cosigned last, remembered outside its folder.

Whoever restores a node's folder from a backup does not restore this file with it, so a node with an
old copy still knows which trees it must be consistent with, and cosigns no second one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from chain_adapter._strict import read_object
from chain_adapter.canonical import canonical_json
from chain_adapter.durable import replace_file
from chain_adapter.errors import Fatal
from chain_adapter.node.logcopy import Head


class CosignedGuard:
    """One small file for all logs of a node; one process at a time has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._heads = self._read()

    @property
    def missing(self) -> bool:
        return self._heads is None

    def head(self, origin: str) -> Head:
        """Size and root of the tree of ``origin`` cosigned last."""
        return (self._heads or {}).get(origin, Head())

    def move(self, origin: str, head: Head) -> None:
        """Durable on return. Raises OSError."""
        with self._lock:
            self._write({**(self._heads or {}), origin: head})

    def make(self, heads: Mapping[str, Head]) -> None:
        """A guard where there is none, of a node that has cosigned ``heads`` and nothing else."""
        with self._lock:
            self._write(heads)

    def _write(self, heads: Mapping[str, Head]) -> None:
        value = {name: {"size": each.size, "root": each.root.hex()} for name, each in heads.items()}
        replace_file(self.path, canonical_json(value))
        self._heads = dict(heads)

    def _read(self) -> dict[str, Head] | None:
        try:
            value = read_object(self.path.read_bytes(), 1024 * 1024)
            return {
                name: Head(int(each["size"]), bytes.fromhex(each["root"]))
                for name, each in value.items()
            }
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise Fatal(f"the guard file {self.path} is damaged: {error}. Put it back") from error
