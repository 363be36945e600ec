"""Fetching packets back, judging each, and making the content of those that are intact."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from chain_adapter.packets import (
    Fault,
    Finding,
    NotEnough,
    Packet,
    PacketError,
    PacketKeys,
    PacketPlan,
    Reconstruction,
    reconstruct,
)
from chain_adapter.packets.client import NodeTrouble, PacketClient
from portal.packets.models import PacketRow
from portal.packets.spec import Spec

_NODES: Final = 8
#: What a packet can be besides the faults.
INTACT: Final = "intact"
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True, slots=True)
class Line:
    """One packet: ``state`` is "intact", "unreachable", or a fault; ``used``: the content was made
    of it; ``detail`` is one sentence."""

    number: int
    node: str
    state: str
    detail: str = ""
    used: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What came back. ``whole``: the content did. ``trouble``: why else it did not."""

    need: int
    lines: tuple[Line, ...]
    whole: bool
    trouble: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        value = json.loads(text)
        lines = tuple(Line(**each) for each in value["lines"])
        return cls(value["need"], lines, value["whole"], value["trouble"])


class Fetching:
    def __init__(self, spec: Spec, client: PacketClient, folder: Path) -> None:
        self._spec, self._client, self._folder = spec, client, folder

    def content(
        self, plan: PacketPlan, root: bytes, keys: PacketKeys, rows: list[PacketRow], out: BinaryIO
    ) -> Report:
        """Write the content to ``out`` when it can be had; what came of each packet either way.
        What stands in ``out`` counts only when the report is ``whole``."""
        place = self._folder / "fetched" / uuid4().hex
        place.mkdir(mode=0o700, parents=True)
        try:
            with ThreadPoolExecutor(_NODES, thread_name_prefix="packets") as pool:
                troubles = list(pool.map(lambda row: self._fetch(plan, root, row, place), rows))
            packets = [
                _packet(row, place)
                for row, trouble in zip(rows, troubles, strict=True)
                if not trouble
            ]
            trouble = ""
            try:
                found = reconstruct(plan, root, keys, packets, out)
            except NotEnough as error:
                found, trouble = error.report, str(error)
            except PacketError as error:
                found, trouble = Reconstruction({}, ()), str(error)
            lines = [_line(row, why, found) for row, why in zip(rows, troubles, strict=True)]
            return Report(plan.k, tuple(lines), not trouble, trouble)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _fetch(self, plan: PacketPlan, root: bytes, row: PacketRow, place: Path) -> str:
        """Fetch one packet to the disk; why not, if not."""
        node = self._spec.node(row.node)
        if node is None:
            return f"{row.node} is no longer among the deposit nodes"
        try:
            with (place / str(row.number)).open("xb") as out:
                self._client.get(node, root, row.number, plan.packet_bytes, out)
        except NodeTrouble as error:
            return str(error)
        except OSError as error:
            return f"the portal's own disk: {error.strerror or error}"
        return ""


def _packet(row: PacketRow, place: Path) -> Packet:
    path = place / str(row.number)
    return Packet(row.node, lambda: path.open("rb"), row.number)


def _line(row: PacketRow, trouble: str, found: Reconstruction) -> Line:
    if trouble:
        missing = "answered 404" in trouble
        return Line(row.number, row.node, Fault.MISSING if missing else UNREACHABLE, trouble)
    if found.intact.get(row.number) == row.node:
        return Line(row.number, row.node, INTACT, used=row.number in found.used)
    own: list[Finding] = [each for each in found.findings if each.source == row.node]
    if own:
        return Line(row.number, row.node, own[0].fault, own[0].detail)
    return Line(row.number, row.node, Fault.MISSING)
