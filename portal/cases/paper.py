"""An extract as PDF and CSV. The PDF is in both languages, the CSV in the visitor's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from flask_babel import gettext

from portal.audit.actor import Actor
from portal.audit.words import role_names, way_name
from portal.cases import present
from portal.cases.events import Event, EventFilter
from portal.cases.exports import Extract
from portal.cases.report import Report, ReportEvent, ReportItem, timeline_pdf
from portal.deposits import present as deposits_present
from portal.settings import Settings
from portal.sheets import Cell, csv_bytes
from timestamping.letter.words import Words

_ALL = Words("全部事件", "all events")
_PORTAL = Words("平台自动执行", "the portal itself")


def write_pdf(extract: Extract, actor: Actor, settings: Settings, wanted: EventFilter) -> bytes:
    """The timeline on paper."""
    case = extract.case
    return timeline_pdf(
        Report(
            office=Words(settings.office_name_zh, settings.office_name_en),
            platform=Words(settings.platform_name_zh, settings.platform_name_en),
            title=case.title,
            reference=case.reference,
            note=case.note,
            state=present.both(lambda: present.CASE_STATES.get(case.state, case.state)),  # type: ignore[call-overload]
            holder=extract.holder,
            made_by=actor.name,
            made_at=extract.moment,
            zone=settings.timezone,
            scope=_scope(wanted, settings),
            log=extract.log,
            deposits=extract.deposits,
            items=[
                ReportItem(
                    number=each.number,
                    title=deposits_present.title(each),
                    sha256=each.sha256,
                    received=each.received_at,
                    state=_state(each.state),
                )
                for each in extract.items
            ],
            events=[_event(each) for each in extract.events],
        )
    )


def write_csv(extract: Extract, _actor: Actor, settings: Settings, _wanted: EventFilter) -> bytes:
    """The timeline for spreadsheets; nothing in it is a formula."""
    heading = (
        gettext("Entry"),
        gettext("Time"),
        gettext("Time (UTC)"),
        gettext("Kind"),
        gettext("What"),
        gettext("Details"),
        gettext("Letter number"),
        gettext("Title"),
        gettext("Who"),
        gettext("Roles"),
        gettext("By which way"),
        gettext("Address"),
        gettext("Time in the evidence"),
        gettext("Note"),
        gettext("Code"),
        gettext("Hash of the entry"),
    )
    return csv_bytes(heading, _rows(extract, settings))


def _rows(extract: Extract, settings: Settings) -> Iterator[tuple[Cell, ...]]:
    for event in extract.events:
        local = event.at.astimezone(settings.zone)
        yield (
            event.seq,
            local.isoformat(sep=" ", timespec="milliseconds"),
            _utc(event.at),
            present.kind_name(event.kind),
            present.what(event.action, event.detail),
            present.more(event),
            event.thing.label if event.thing.endpoint else "",
            event.thing.title,
            present.who(event),
            ", ".join(role_names(event.roles)),
            way_name(event.via),
            event.address,
            _utc(event.stated) if event.stated else "",
            event.text,
            event.action,
            event.hash,
        )


def _event(event: Event) -> ReportEvent:
    own = event.thing.endpoint != ""
    return ReportEvent(
        seq=event.seq,
        at=event.at,
        what=present.both_of(event),
        thing=event.thing.label if own else "",
        title=event.thing.title if own else "",
        who="" if event.via == "worker" else event.who,
        way=_PORTAL if event.via == "worker" else present.way_of(event.via),
        address=event.address,
        stated=event.stated,
        more=present.more(event),
        text=event.text,
    )


def _scope(wanted: EventFilter, settings: Settings) -> Words:
    """Which events were asked for, in both languages."""
    parts = []
    if wanted.kind:
        parts.append(present.both(lambda: present.kind_name(wanted.kind)))
    if wanted.subject:
        parts.append(Words("单件存证", "one deposit"))
    since, until = (
        each.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M") if each else "…"
        for each in (wanted.since, wanted.until)
    )
    if wanted.since or wanted.until:
        parts.append(Words(f"{since} 至 {until} 之前", f"from {since} to before {until}"))
    if not parts:
        return _ALL
    return Words("；".join(each.zh for each in parts), "; ".join(each.en for each in parts))


def _state(state: str) -> Words:
    return present.both(lambda: present.state_name(state))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
