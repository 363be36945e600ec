"""Runs the browser's modules of draws in node: the very files that pages load."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
STATIC = CHECKOUT / "portal" / "ui" / "static"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (STATIC / "vendor" / "noble").is_dir(),
    reason="node or the vendored curves are missing: scripts/setup.sh test",
)


def run(*calls: dict[str, Any]) -> list[Any]:
    """The answers to ``calls`` (each with "op"), see drive.mjs."""
    done = subprocess.run(
        ["node", str(HERE / "drive.mjs")],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def call(op: str, **arguments: Any) -> Any:
    """The answer to one call."""
    return run({"op": op, **arguments})[0]
