"""Installs the toy project as an administrator would install a plug-in, apart from everything."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain_adapter.verification import kinds

TOY = Path(__file__).with_name("toy_ledger")


def install(project: Path, base: Path) -> Path:
    """Install ``project`` into a folder below ``base`` without asking any index; the folder.

    The installer builds in the project's own folder, hence the copy.
    """
    source, target = base / "source", base / "installed"
    shutil.copytree(project, source, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True)
    return target


@contextmanager
def installed(target: Path) -> Iterator[None]:
    """What :func:`install` put into ``target`` is there, and afterwards is not."""
    sys.path.insert(0, str(target))
    kinds._installed.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(target))
        kinds._installed.cache_clear()
        for name in [name for name in sys.modules if name.startswith("toy_ledger")]:
            del sys.modules[name]
