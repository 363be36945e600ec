"""Draws in every state for tests of what the public sees: real lists, records and results, written
straight into the tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from chain_adapter import Digest
from lottery.entries import Layout, ListFolder, ListKeys, Rules, commit
from lottery.record import Record
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.batching import NewDigest
from portal.deposits.models import Deposit
from portal.deposits.records import Metadata
from portal.deposits.service import Accepted
from portal.draws.kit import actor_text
from portal.draws.models import Draw, DrawList, DrawSnapshot, DrawStep
from portal.draws.plans import encode
from portal.draws.records import contents
from portal.draws.shapes import Plan
from portal.services import Services
from tests.lottery import building

NAMES = {
    "organiser": "江城住房保障中心",
    "notary": "江城市江岸公证处 陈静",
    "portal": "公证存证平台",
    "public-1": "江城晚报",
    "public-2": "江城大学统计学院",
}
RULES_ZH = "一、每名登记购房人一个号码。\n二、先抽无房家庭组，再抽普通组。\n三、候补按顺序递补。"
RULES_EN = "1. One number each.\n2. Families without a home are drawn first.\n3. Alternates follow."


@dataclass
class HallPlan(building.Plan):
    """A plan whose list is a real one."""

    document: dict[str, Any] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        config = super().config()
        for party in config["parties"]:
            party["name"] = NAMES[party["id"]]
        return config

    def listing(self) -> dict[str, Any]:
        return self.document


@dataclass
class Performance:
    """One draw on the stage, with the folder of its list."""

    draw: building.Draw
    folder: ListFolder
    sealed: bool = True

    @property
    def id(self) -> str:
        return self.draw.plan.draw

    @property
    def record(self) -> Record:
        return self.draw.record


NEVER = datetime(2200, 1, 1, tzinfo=UTC)


def number(place: int) -> str:
    """What a participant of these lists has registered with."""
    return f"JC2026{place:06d}"


def perform(
    folder: Path,
    *,
    entries: int = 500,
    winners: int = 60,
    alternates: int = 10,
    draw_at: datetime | None = None,
    draw_id: str = building.DRAW,
    begins: datetime | None = None,
    title: tuple[str, str] = ("2026年江岸新苑认购抽签", "Jiang'an New Court housing draw 2026"),
    public: tuple[str, ...] = ("dice",),
    beacon_at: datetime | None = None,
    public_parties: int = 2,
    columns: tuple[str, ...] = ("登记号", "姓名"),
    name_of: Callable[[int], str] = lambda place: f"张*{place % 10}",
    **more: Any,
) -> Performance:
    """A draw whose config and list are fixed; ``folder`` is where the portal keeps its draws. One
    entry in ten is in the first pool."""
    place_of_list = folder / draw_id
    place_of_list.mkdir(parents=True, exist_ok=True)
    file = place_of_list / "made.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("证件,登记号,姓名,组\n")
        for place in range(entries):
            group = "A" if place % 10 == 0 else "B"
            out.write(f"ID{place:08d},{number(place)},{name_of(place)},{group}\n")
    keys = ListKeys(*(hashlib.sha256(part).digest() for part in (b"o", b"n", b"s", b"l")))
    target = place_of_list / "list-1"
    layout = Layout("证件", columns, "组")
    document = commit(file, layout, Rules(("A", "B")), keys, draw_id, target)
    first = min(winners, max(1, entries // 20))
    stages = [
        building.stage(("A",), first, alternates, unfilled="carry"),
        building.stage(("A", "B"), winners, alternates, unfilled="leave"),
    ]
    stages[0]["name"] = {"zh": "无房家庭组", "en": "Families without a home"}
    stages[1]["name"] = {"zh": "普通组", "en": "Everybody else"}
    start = begins or building.START
    plan = HallPlan(
        draw=draw_id,
        pools={"A": [(1, 1)], "B": [(1, 1)]},
        stages=stages,
        document=document,
        public=public,
        public_parties=public_parties,
        rounds=_rounds(beacon_at),
        **more,
    )
    when = draw_at or start + timedelta(hours=1)
    plan.changes = {
        "title": {"zh": title[0], "en": title[1]},
        "organiser": "江城市住房保障和房屋管理局",
        "rules": {"zh": RULES_ZH, "en": RULES_EN},
        "columns": list(columns),
        "pools": [
            {"id": "A", "name": {"zh": "无房家庭", "en": "Without a home"}},
            {"id": "B", "name": {"zh": "普通家庭", "en": "Others"}},
        ],
        "schedule": {
            "announced_at": _stamp(start - timedelta(days=8)),
            "draw_at": _stamp(when),
        },
    } | plan.changes
    made = building.Draw(plan)
    made.now = start
    return Performance(made.freeze(), ListFolder.open(target))


def show(services: Services, owner: User, one: Performance) -> str:
    """Write the draw as it stands into the tables, over what was there; its id. Nothing of it is
    left for the worker to do."""
    actor = Actor(owner.id, owner.name, owner.role_names)
    with services.database.reading() as session:
        there = len(contents(session, one.id))
    items = [
        NewDigest((Digest("sha256", hashlib.sha256(content).digest()),), Metadata(title=f"{n}"))
        for n, content in enumerate(one.draw.steps[there:], there)
    ]
    deposits = services.deposits.receive_many(actor, items)
    with services.database.transaction() as session:
        session.merge(_draw(one, actor))
        if not there:
            session.flush()
            session.add(_list(one))
        session.flush()
        for n, (content, accepted) in enumerate(
            zip(one.draw.steps[there:], deposits, strict=True), there
        ):
            assert isinstance(accepted, Accepted)
            step = json.loads(content)
            session.add(
                DrawStep(
                    draw_id=one.id,
                    n=n,
                    attempt=step["attempt"],
                    type=step["type"],
                    sha256=hashlib.sha256(content).hexdigest(),
                    content=content,
                    deposit_id=accepted.deposit.id,
                    at=datetime.fromisoformat(step["at"]),
                )
            )
        session.execute(delete(DrawSnapshot).where(DrawSnapshot.draw_id == one.id))
        if one.sealed:
            ids = select(DrawStep.deposit_id).where(DrawStep.draw_id == one.id)
            session.execute(update(Deposit).where(Deposit.id.in_(ids)).values(state="anchored"))
    return one.id


def _draw(one: Performance, actor: Actor) -> Draw:
    record, config = one.record, one.record.config.document
    times = {
        name: datetime.fromisoformat(config["schedule"][name])
        for name in ("announced_at", "draw_at")
    }
    state = _state(record.phase)
    return Draw(
        id=one.id,
        owner_id=actor.id,
        actor=actor_text(actor),
        title_zh=config["title"]["zh"],
        title_en=config["title"]["en"],
        rehearsal=config["rehearsal"],
        plan=encode(Plan(draw_at=times["draw_at"])),
        revision=1,
        state=state,
        config=json.dumps(config, ensure_ascii=False),
        config_hash=record.config.hash,
        phase=record.phase,
        attempt=record.attempt,
        steps=len(one.draw.steps),
        tries=0,
        next_attempt_at=NEVER,
        created_at=times["announced_at"],
        changed_at=one.draw.now,
        frozen_at=times["announced_at"],
        ended_at=one.draw.now if state != "running" else None,
        **times,
    )


def _list(one: Performance) -> DrawList:
    document = one.folder.document
    return DrawList(
        draw_id=one.id,
        state="committed",
        revision=1,
        filename="list.csv",
        vault_key="",
        size=document["file_bytes"],
        sha256=document["file_sha256"],
        document=json.dumps(document, ensure_ascii=False),
        folder=one.folder.path.name,
        next_attempt_at=NEVER,
        created_at=one.draw.now,
    )


def _rounds(beacon_at: datetime | None) -> tuple[int, ...]:
    first = int((beacon_at - building.START).total_seconds()) + 1 if beacon_at else 7200
    return first, first + 7200


def _state(phase: str) -> str:
    if phase in ("void", "cancelled"):
        return "cancelled"
    return "complete" if phase in ("final", "audited") else "running"


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
