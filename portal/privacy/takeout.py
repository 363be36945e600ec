"""One's own data, as a zip of JSON and CSV files that needs no explanation beyond its README.

Columns are named one by one: whatever a table gains later is left out until somebody decided that
it may leave, so no secret can slip in.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any, BinaryIO, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from portal.accounts.identities import Identities
from portal.accounts.models import ApiKey, User
from portal.accounts.security_models import Passkey, SignIn
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.cases.models import Case
from portal.database import Base, Database
from portal.deposits.models import Deposit
from portal.deposits.streaming import streamed
from portal.downloads import Download
from portal.matters.models import Matter, MatterMessage
from portal.organisations.models import AccessGrant, Membership, Organisation
from portal.privacy.activity import Activity, Asked, Form
from portal.privacy.models import Erasure
from portal.problems import NotFound
from portal.sheets import Cell, csv_pieces
from portal.signing.models import SigningKey
from portal.webhooks.models import WebhookEndpoint

_DEPOSITS: Final = (
    *("id", "number", "code", "kind", "organisation_id", "case_id", "title", "note", "filename"),
    *("media_type", "size", "file_count", "sha256", "sm3", "received_at", "state", "gen_time"),
    *("anchored_at", "issued_at", "letter_sha256", "erased_at", "erased_for"),
)
_MATTERS: Final = (
    "id number deposit_id template state purpose facts destination language copies fee "
    "informed_edition informed_sha256 informed_at created_at submitted_at accepted_at ended_at "
    "ended_reason ended_note"
)
_CHUNK: Final = 1000
_README: Final = """\
您在本平台的数据 / Your data in this portal

account.json          账户 / the account
identity.json         您申报的身份信息 / what you stated about your identity
organisations.json    您所属的机构 / organisations you belong to
keys.json             接口密钥（不含密钥本身）/ API keys, without their secrets
passkeys.json         通行密钥（不含公钥）/ passkeys, without their keys
signing-keys.json     签名密钥（不含私钥）/ signing keys, without private ones
sign-ins.json         登录记录 / sign-ins
cases.json            案件 / cases
access.json           您授予他人及他人授予您的查阅权限 / access given by you and to you
webhooks.json         事件推送地址（不含签名密钥）/ webhooks, without their secrets
erasures.json         原件删除申请 / erasures of content you asked for
matters.json          公证申请（当事人信息及材料请在申请页面下载）
                      applications for certificates; particulars and documents are downloaded
                      from each application's page
messages.json         您在公证申请中的留言 / your messages in applications
deposits.csv          存证清单（表格）/ your deposits, as a table
deposits.jsonl        存证清单（每行一个 JSON）/ the same, one JSON object a line
custody.csv           保管日志中与您有关的部分 / your part of the custody log
custody.jsonl         同上，可独立核验 / the same, verifiable by itself

原件、存证函和证明包可在每项存证的页面下载。
Originals, letters and proof packages are downloaded from each deposit's page.
时间均为协调世界时（UTC）。Times are UTC.
"""


class Takeout:
    """Makes the file while it is read."""

    def __init__(
        self, database: Database, identities: Identities, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._identities = identities
        self._activity = Activity(database)
        self._clock = clock

    def download(self, actor: Actor) -> Download:
        """Everything about the actor themselves, whoever they act for just now."""
        person = Actor(actor.id, actor.name, actor.roles, actor.address, actor.via)

        def begin() -> Iterator[bytes]:
            with self._database.transaction() as session:
                record(session, person, "account.data_exported", f"user:{person.id}")
            identity = self._identity(person)
            return streamed(lambda out: self._write(person, identity, out))

        name = f"my-data-{self._clock():%Y%m%d}.zip"
        return Download(name, "application/zip", begin)

    def _identity(self, person: Actor) -> dict[str, Any]:
        """Reading it is an entry of its own, as always."""
        try:
            return asdict(self._identities.read(person, person.id))
        except NotFound:
            return {}

    def _write(self, person: Actor, identity: dict[str, Any], out: BinaryIO) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _README)
            archive.writestr("identity.json", _json(identity))
            with self._database.reading() as session:
                for name, value in _tables(session, person.id):
                    archive.writestr(name, _json(value))
                deposits = _deposits(session, person.id)
                rows = ([_cell(row[name]) for name in _DEPOSITS] for row in deposits)
                _stream(archive, "deposits.csv", csv_pieces(_DEPOSITS, rows))
                again = (_json(row, None) for row in _deposits(session, person.id))
                _stream(archive, "deposits.jsonl", again)
            # Both forms are one taking away, which is recorded.
            forms: tuple[Form, ...] = ("csv", "jsonl")
            for form in forms:
                pieces = self._activity.pieces(person, Asked(), form)
                _stream(archive, f"custody.{form}", pieces)


def _tables(session: Session, user_id: str) -> Iterator[tuple[str, Any]]:
    user = session.get_one(User, user_id)
    yield "account.json", _row(user, "id email name locale identity_level confirmed_at created_at")
    yield "organisations.json", _organisations(session, user_id)
    for name, model, whose, columns in (
        (
            "keys",
            ApiKey,
            ApiKey.user_id == user_id,
            "id organisation_id name scopes created_at expires_at last_used_at revoked_at",
        ),
        ("passkeys", Passkey, Passkey.user_id == user_id, "id name created_at last_used_at"),
        (
            "signing-keys",
            SigningKey,
            SigningKey.user_id == user_id,
            "key_id scheme label created_at revoked_at",
        ),
        ("sign-ins", SignIn, SignIn.user_id == user_id, "at way ok address browser ended_at"),
        (
            "cases",
            Case,
            (Case.owner_id == user_id) & Case.organisation_id.is_(None),
            "id title reference note state created_at closed_at",
        ),
        (
            "access",
            AccessGrant,
            (AccessGrant.user_id == user_id) | (AccessGrant.granted_by == user_id),
            "deposit_id user_id granted_by created_at until revoked_at",
        ),
        (
            "webhooks",
            WebhookEndpoint,
            (WebhookEndpoint.owner_id == user_id) & (WebhookEndpoint.organisation_id == ""),
            "id url description events enabled created_at",
        ),
        (
            "erasures",
            Erasure,
            Erasure.asked_by == user_id,
            "deposit_id state reason asked_as asked_at due_at ended_at",
        ),
        (
            "matters",
            Matter,
            (Matter.owner_id == user_id) & Matter.organisation_id.is_(None),
            _MATTERS,
        ),
        (
            "messages",
            MatterMessage,
            MatterMessage.author_id == user_id,
            "matter_id side text at read_at",
        ),
    ):
        yield f"{name}.json", _rows(session, model, whose, columns)


def _organisations(session: Session, user_id: str) -> list[dict[str, Any]]:
    query = (
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.user_id == user_id)
    )
    return [
        _row(organisation, "id name_zh name_en") | _row(membership, "role joined_at")
        for membership, organisation in session.execute(query)
    ]


def _deposits(session: Session, user_id: str) -> Iterator[dict[str, Any]]:
    """Those one made for oneself, in order of their ids, a thousand in memory."""
    columns = [getattr(Deposit, name) for name in _DEPOSITS]
    own = Deposit.owner_id == user_id, Deposit.organisation_id.is_(None)
    last = ""
    while True:
        query = select(*columns).where(*own, Deposit.id > last).order_by(Deposit.id)
        page = session.execute(query.limit(_CHUNK)).mappings().all()
        yield from (dict(row) for row in page)
        if len(page) < _CHUNK:
            return
        last = page[-1]["id"]


def _rows(
    session: Session, model: type[Base], whose: ColumnElement[bool], columns: str
) -> list[dict[str, Any]]:
    return [_row(each, columns) for each in session.scalars(select(model).where(whose))]


def _row(thing: Base, columns: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in columns.split()}


def _cell(value: Any) -> Cell:
    return _plain(value) if isinstance(value, datetime) else value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} has no place in somebody's data")


def _json(value: Mapping[str, Any] | list[Any], indent: int | None = 2) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    return text.encode() + b"\n"


def _stream(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> None:
    target: IO[bytes]
    with archive.open(name, "w", force_zip64=True) as target:
        for piece in pieces:
            target.write(piece)
