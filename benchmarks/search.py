"""Finding among a million deposits: each list, filter, order and question as a page asks for it.

    python -m benchmarks search                     SQLite, 1,000,000 deposits
    SEARCH_DEPOSITS=100000 python -m benchmarks search
    TMPDIR=/tmp scripts/with-postgres.sh python -m benchmarks search    that PostgreSQL, on disk

Three fifths belong to one organisation, one fifth to one person, the rest to a thousand others.
What SQLite needs a few minutes to fill is kept in the temporary folder for the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

import migrations
from benchmarks._figures import figure
from migrations.tables import metadata
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.database import Database
from portal.deposits.filters import Sort
from portal.deposits.indexing import BATCH
from portal.deposits.models import Deposit, State
from portal.deposits.service import DepositFilter, DepositService
from portal.organisations.models import Membership, Organisation
from portal.services import Services, build_services
from portal.settings import Environment, Settings

_SIZE = int(os.environ.get("SEARCH_DEPOSITS", "1000000"))
_CHUNK = 2000
_CALLS = 120
_FLOOR_MS = 100.0
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=900)
_PEOPLE = 1000
_CHINESE = [
    "合同",
    "协议",
    "照片",
    "录音",
    "发票",
    "收据",
    "仓库",
    "物流",
    "质检",
    "报告",
    "设计",
    "图纸",
    "邮件",
    "截图",
    "聊天",
    "记录",
    "商标",
    "专利",
    "软件",
    "源码",
    "采购",
    "供货",
    "租赁",
    "劳动",
    "借款",
    "还款",
    "对账",
    "清单",
    "验收",
    "交付",
    "会议",
    "纪要",
    "通知",
    "公告",
    "声明",
    "授权",
    "委托",
    "抽签",
    "名单",
    "视频",
    "监控",
    "现场",
    "勘验",
    "施工",
    "监理",
    "工程",
    "变更",
    "签证",
    "结算",
    "保险",
    "理赔",
]
_ENGLISH = [
    "contract",
    "agreement",
    "invoice",
    "receipt",
    "photo",
    "scan",
    "draft",
    "final",
    "signed",
    "supply",
    "lease",
    "loan",
    "payment",
    "minutes",
    "notice",
    "design",
    "drawing",
    "source",
    "release",
    "report",
    "inspection",
    "delivery",
    "warehouse",
    "email",
    "chat",
]
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"
_ENDINGS = ("pdf", "jpg", "docx", "png", "eml", "zip", "mp4", "csv")


def main() -> None:
    server = os.environ.get("TEST_DATABASE_URL", "")
    name = "postgresql" if server else "sqlite"
    folder = Path(tempfile.gettempdir()) / f"notary-search-{name}-{_SIZE}-{_version()}"
    if server:
        shutil.rmtree(folder, ignore_errors=True)
    portal = build_services(_settings(folder, server))
    try:
        if not (folder / "complete").exists():
            _fill(portal, folder)
        _measure(portal.deposits, name)
    finally:
        portal.close()
        if server:
            shutil.rmtree(folder, ignore_errors=True)


def _version() -> str:
    """Changes with the tables and with what is put into them."""
    tables = [
        f"{column}:{column.type}" for table in metadata.sorted_tables for column in table.columns
    ]
    own = Path(__file__).read_text().partition("def _measure")[0]
    return hashlib.sha256("".join((own, *tables)).encode()).hexdigest()[:8]


def _settings(folder: Path, server: str) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    url = server or f"sqlite:///{folder / 'portal.db'}"
    values: dict[str, Any] = {"data_dir": folder / "var", "database_url": url}
    return Settings(_env_file=None, environment=Environment.TEST, **values)  # type: ignore[call-arg]


def _fill(portal: Services, folder: Path) -> None:
    """Deposits with their custody entries, then the index, as the worker makes it."""
    migrations.upgrade(portal.database)
    begin = time.perf_counter()
    _people(portal.database)
    for chunk in _chunks():
        actors = [Actor(row["owner_id"], "bench") for row in chunk]
        with portal.database.transaction() as session:
            session.connection().execute(insert(Deposit.__table__), chunk)  # type: ignore[arg-type]
            for what in ("received", "issued"):
                acts = (
                    Act(actor, f"deposit.{what}", f"deposit:{row['id']}", {"kind": row["kind"]})
                    for actor, row in zip(actors, chunk, strict=True)
                )
                record_many(session, list(acts))
    filled = time.perf_counter()
    print(f"{_SIZE} deposits in {filled - begin:.0f} s", file=sys.stderr)
    indexed = 0
    while count := portal.deposits.index(4 * BATCH):
        indexed += count
    time.sleep(3)  # the last few were left to ripen
    indexed += portal.deposits.index()
    rate = indexed / (time.perf_counter() - filled - 3)
    figure("search index, deposits followed", rate, "1/s", 500)
    with portal.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    (folder / "complete").touch()


def _people(database: Database) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        for number in range(_PEOPLE + 1):
            session.add(
                User(
                    id=_person(number),
                    email=f"{number}@example.com",
                    name="bench",
                    fs_uniquifier=_person(number),
                    created_at=now,
                )
            )
        session.flush()
        session.add(
            Organisation(
                id=_person(-1),
                name_zh="测试",
                name_en="Bench",
                registration_number="",
                state="unverified",
                verification_note="",
                created_by=_person(0),
                created_at=now,
            )
        )
        session.flush()
        member = Membership(organisation_id=_person(-1), user_id=_person(0), role="member")
        member.joined_at = now
        session.add(member)


def _person(number: int) -> str:
    return str(uuid.UUID(int=(0xA0 << 120) + number + 1))


def _chunks() -> Iterator[list[dict[str, Any]]]:
    chance = random.Random(1)  # noqa: S311 - the same deposits each time
    for start in range(0, _SIZE, _CHUNK):
        yield [_deposit(chance, number) for number in range(start, min(start + _CHUNK, _SIZE))]


def _deposit(chance: random.Random, number: int) -> dict[str, Any]:
    part = number % 5
    owner = 0 if part < 4 else 1 + number % _PEOPLE
    at = _BEGIN + _SPAN * number / _SIZE + timedelta(microseconds=chance.randrange(1000))
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    code = f"{number:08X}"
    kind = chance.choices(("file", "digest", "folder"), (60, 35, 5))[0]
    issued = chance.random() < 0.98
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "number": f"NE{at:%Y%m%d}-{code}",
        "code": code,
        "owner_id": _person(owner),
        "organisation_id": _person(-1) if part < 3 else None,
        "kind": kind,
        "fingerprint": digest,
        "title": _title(chance, number),
        "note": "，".join(chance.choices(_CHINESE, k=12)) if chance.random() < 0.4 else "",
        "filename": f"{chance.choice(_ENGLISH)}_{number}.{chance.choice(_ENDINGS)}",
        "media_type": "application/octet-stream",
        "size": None if kind == "digest" else chance.randrange(1, 1 << chance.randrange(8, 31)),
        "sha256": digest,
        "record": "{}" * 150,
        "salt": bytes(32),
        "received_at": at,
        "hashed_at": at,
        "state": State.ISSUED if issued else State.RECEIVED,
        "wait_reason": None if issued or number % 2 else "tsa-timeout",
        "wait_detail": None if issued or number % 2 else "the TSA did not answer in time",
        "attempts": 0,
        "next_attempt_at": at,
        "token": bytes(1200) if issued else None,
        "stamps": "x" * 1700 if issued else None,
        "entry": bytes(700) if issued else None,
        "receipts": json.dumps({"x": "y" * 500}) if issued else None,
        "proof": "p" * 900 if issued else None,
        "letter_key": "letter/x" if issued else None,
        "letter_sha256": digest if issued else None,
    }


def _title(chance: random.Random, number: int) -> str:
    """In one of three 合同 (common); once in 20,000 a word of its own (rare)."""
    words = chance.choices(_CHINESE[1:], k=2) + chance.choices(_ENGLISH, k=chance.randrange(2))
    words.append(chance.choice(_SURNAMES) + chance.choice(_SURNAMES))
    if number % 3 == 0:
        words.append("合同")
    if number % 20_000 == 7:
        words.append("unicorn 麒麟")
    chance.shuffle(words)
    return " ".join(words)


def _measure(deposits: DepositService, database: str) -> None:
    many = Actor(_person(0), "bench", organisation=_person(-1), organisation_role="member")
    some, few = Actor(_person(0), "bench"), Actor(_person(5), "bench")
    year = _BEGIN + timedelta(days=365)
    spans = {"since": year, "until": year + timedelta(days=30)}
    for name, wanted in {
        "all": {},
        "oldest first": {"sort": Sort.OLDEST},
        "by title": {"sort": Sort.TITLE},
        "by size": {"sort": Sort.SIZE},
        "a month": spans,
        "a state most have": {"state": State.ISSUED},
        "a state few have": {"state": State.RECEIVED},
        "those that wait": {"waits": True},
        "those that wait, by title": {"waits": True, "sort": Sort.TITLE},
        "a kind": {"kind": "digest"},
        "a kind, by size": {"kind": "file", "sort": Sort.SIZE},
        "a kind, a month, oldest first": {"kind": "folder", "sort": Sort.OLDEST, **spans},
        "a common word": {"text": "contract"},
        "a common Chinese word": {"text": "合同"},
        "a common Chinese word, by title": {"text": "合同", "sort": Sort.TITLE},
        "a common Chinese word, by size": {"text": "合同", "sort": Sort.SIZE},
        "two common words": {"text": "合同 照片"},
        "a long Chinese phrase": {"text": "照片，录音，发票"},
        "a rare word": {"text": "unicorn"},
        "a rare Chinese word": {"text": "麒麟"},
        "a common and a rare word": {"text": "合同 unicorn"},
        "a beginning of many words": {"text": "co"},
        "a word nobody wrote": {"text": "nonesuch"},
        "words that never meet": {"text": "contract_7 麒麟"},
        "a word in a state few have": {"text": "合同", "state": State.RECEIVED},
        "a digest's beginning": {"text": hashlib.sha256(b"15").hexdigest()[:9]},
        "a number": {"text": "0000000F"},
    }.items():
        asked = DepositFilter(**wanted)  # type: ignore[arg-type]
        _time(f"{database}: {name}", partial(deposits.page, many, asked, None, 30))
    _deep(deposits, many, database)
    for who, actor in (("a fifth", some), ("one of a thousand", few)):
        for name, wanted in {"all": {}, "合同": {"text": "合同"}, "麒麟": {"text": "麒麟"}}.items():
            asked = DepositFilter(**wanted)  # type: ignore[arg-type]
            _time(
                f"{database}: {name}, of {who}",
                partial(deposits.page, actor, asked, None, 30),
            )
    _counting(deposits, many, database)
    _item(deposits, many, database)


def _deep(deposits: DepositService, actor: Actor, database: str) -> None:
    """Pages as far down as a hundred pages lead, and from the middle of everything."""
    for name, asked in {
        "all": DepositFilter(),
        "合同": DepositFilter(text="合同"),
        "合同, by title": DepositFilter(text="合同", sort=Sort.TITLE),
        "by title": DepositFilter(sort=Sort.TITLE),
    }.items():
        cursor = None
        for _ in range(40):
            cursor = deposits.page(actor, asked, cursor, 200).cursor or cursor
        _time(
            f"{database}: deep, {name}",
            partial(deposits.page, actor, asked, cursor, 30),
        )


def _counting(deposits: DepositService, actor: Actor, database: str) -> None:
    _time(f"{database}: counts by state", lambda: deposits.counts(actor))
    with _behind(deposits.tools.database, 400):
        asked = DepositFilter(text="合同")
        _time(f"{database}: 合同, 400 acts behind", lambda: deposits.page(actor, asked, None, 30))
        _time(f"{database}: counts by state, 400 acts behind", lambda: deposits.counts(actor))
    for name, asked in {
        "all": DepositFilter(),
        "合同": DepositFilter(text="合同"),
        "issued": DepositFilter(state=State.ISSUED),
    }.items():
        _time(f"{database}: how many, {name}", partial(deposits.count, actor, asked))


@contextmanager
def _behind(database: Database, acts: int) -> Iterator[None]:
    """As when the worker has not come by for so many custody entries."""

    def shift(by: int) -> None:
        with database.transaction() as session:
            session.execute(text("UPDATE search_progress SET seq = seq + :by"), {"by": by})

    shift(-acts)
    try:
        yield
    finally:
        shift(acts)


def _item(deposits: DepositService, actor: Actor, database: str) -> None:
    ids = [row.id for row in deposits.page(actor, DepositFilter(text="合同"), None, 200).items]
    turn = iter(ids * 100)

    def look() -> None:
        row = deposits.get(actor, next(turn))
        deposits.custody(actor, row.id)

    _time(f"{database}: one deposit and its custody log", look)


def _time(name: str, call: Callable[[], object]) -> None:
    """The figure is what somebody waits; beside it what it costs, which a busy machine does not
    change."""
    took, cost = [], []
    for _ in range(_CALLS):
        begin, spent = time.perf_counter(), time.process_time()
        call()
        took.append((time.perf_counter() - begin) * 1000)
        cost.append((time.process_time() - spent) * 1000)
    cpu = f"CPU p50 {statistics.median(cost):.1f} ms, p99 {_p99(cost):.1f} ms"
    print(f"{name}: p50 {statistics.median(took):.1f} ms; {cpu}", file=sys.stderr)
    figure(f"search {name}, p99", _p99(took), "ms", _FLOOR_MS, at_most=True)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


if __name__ == "__main__":
    main()
