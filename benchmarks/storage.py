"""Uploads: digesting while encrypting into the vault, against ``openssl dgst -sha256`` in the same
run. Both read the same bytes from memory; the vault writes to a memory file system where there is
one, so that what is measured is the work and not the disk. The disk is measured beside it."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks._figures import figure
from portal.storage import VaultIdentity
from portal.storage.files import FileVault

SIZE = 512 * 1024 * 1024
PIECE = 64 * 1024  # as werkzeug's parser hands uploads on
ROUNDS = 5


def main() -> None:
    memory = Path("/dev/shm")  # noqa: S108 (a benchmark's scratch)
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as fast:
        source = Path(fast) / "source"
        _fill(source)
        pairs = []
        for _ in range(ROUNDS):
            openssl = _openssl(source)
            pairs.append((_vault(source, Path(fast) / "vault"), openssl))
        with tempfile.TemporaryDirectory() as slow:
            disk = _vault(source, Path(slow) / "vault")
    vault = statistics.median(pair[0] for pair in pairs)
    openssl = statistics.median(pair[1] for pair in pairs)
    figure("storage.digest_and_encrypt", vault / 1e6, "MB/s", 0)
    figure("storage.openssl_dgst", openssl / 1e6, "MB/s", 0)
    figure("storage.to_disk_synced", disk / 1e6, "MB/s", 0)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    figure("storage.against_openssl", ratio, "ratio", 0.4)


def _fill(path: Path) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(block)


def _openssl(source: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["openssl", "dgst", "-sha256", str(source)], check=True, capture_output=True)
    return SIZE / (time.perf_counter() - began)


def _vault(source: Path, folder: Path) -> float:
    """Bytes a second, from the first byte until the content is kept."""
    vault = FileVault(folder, VaultIdentity.generate())
    began = time.perf_counter()
    with source.open("rb") as file, vault.intake(SIZE) as intake:
        while piece := file.read(PIECE):
            intake.write(piece)
        intake.keep("original/a")
    seconds = time.perf_counter() - began
    vault.close()
    shutil.rmtree(folder)
    return SIZE / seconds
