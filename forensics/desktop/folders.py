"""A session's folders: laid with their owners, and removed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forensics.desktop.interface import DesktopSpec
from forensics.desktop.layout import SessionFolder


@dataclass(frozen=True, slots=True)
class Owners:
    """``group``: the portal's. ``desktop`` runs X and browser, ``keeper`` records; None: us. Each
    account has a group of its own number."""

    group: int
    desktop: int | None = None
    keeper: int | None = None


def lay(folder: SessionFolder, owners: Owners) -> None:
    """Make every folder; repeatable. Raises OSError."""
    us, our_group = os.geteuid(), os.getegid()
    desktop = us if owners.desktop is None else owners.desktop
    keeper = us if owners.keeper is None else owners.keeper
    desktop_group = our_group if owners.desktop is None else owners.desktop
    keeper_group = our_group if owners.keeper is None else owners.keeper
    folder.path.chmod(0o711)
    for path, owner, group, mode in (
        (folder.own, us, our_group, 0o700),
        (folder.run, keeper, owners.group, 0o2750),
        (folder.net, us, keeper_group, 0o750),
        (folder.etc, us, our_group, 0o755),
        (folder.x, desktop, owners.group, 0o710),
        (folder.x_sockets, desktop, desktop_group, 0o700),
        (folder.home, desktop, desktop_group, 0o700),
        (folder.box_in, keeper, desktop_group, 0o2750),
        (folder.evidence, keeper, owners.group, 0o2750),
    ):
        path.mkdir(exist_ok=True)
        os.chown(path, owner, group)
        path.chmod(mode)


def write_spec(path: Path, spec: DesktopSpec, facts: Mapping[str, Any], keeper: int | None) -> None:
    """What was asked for and the facts, replaced at once; for the keeper's eyes."""
    asked = asdict(spec)
    asked["subject"], asked["urls"] = dict(spec.subject), list(spec.urls)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asked | dict(facts), ensure_ascii=False, indent=1))
    os.chown(temporary, os.geteuid(), os.getegid() if keeper is None else keeper)
    temporary.chmod(0o640)
    temporary.replace(path)


def remove(folder: SessionFolder) -> None:
    """Remove a session's folder with everything in it. Raises OSError: something stays."""
    shutil.rmtree(folder.path, ignore_errors=True)
    if folder.path.exists():
        shutil.rmtree(folder.path)
