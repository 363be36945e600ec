"""A verification set in type: values in, unsigned PDF/A-3b out. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import rfc8785

from portal.settings import Settings
from portal.verification.sentences import LIMITS
from portal.verification.words import ANCHORS, COMPARE, GIVEN
from timestamping.letter.view import qr
from timestamping.package.report import well_formed
from timestamping.pdf.text import escaped, runs
from timestamping.pdf.typeset import typeset

FOLDER: Final = Path(__file__).parent / "typst"
SCHEMA: Final = "notary/verification-report/v1"
Values = dict[str, Any]
_KINDS: Final = {
    "certificate": ("公证书", "certificate"),
    "correction": ("更正", "correction"),
    "revocation": ("撤销", "revocation"),
}
_STATUS: Final = {
    "in-force": ("现行有效", "in force"),
    "corrected": ("已更正", "corrected"),
    "revoked": ("已撤销", "revoked"),
}
_SUBJECTS: Final = {
    "record": ("按摘要查询登记", "a digest, against the records"),
    "number": ("按编号查询登记", "a number, against the records"),
    "letter": ("存证函", "a deposit letter"),
    "package": ("证明包", "a proof package"),
    "notarial": ("公证书", "a notarial certificate"),
    "certificate": ("登记簿中的公证书", "a notarial certificate, against the register"),
    "upload": ("其他文件", "some other file"),
}


@dataclass(frozen=True, slots=True)
class House:
    """Whose paper it is, and where it is verified again."""

    office: dict[str, str]
    platform: dict[str, str]
    base_url: str
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> House:
        return cls(
            {"zh": settings.office_name_zh, "en": settings.office_name_en},
            {"zh": settings.platform_name_zh, "en": settings.platform_name_en},
            settings.base_url.rstrip("/"),
            settings.zone,
        )

    def clock(self, moment: datetime) -> str:
        """In the office's zone and in UTC."""
        local = moment.astimezone(self.zone)
        zone = f"{local:%z}"
        utc = moment.astimezone(UTC)
        return f"{local:%Y-%m-%d %H:%M:%S} UTC{zone[:3]}:{zone[3:]} · {utc:%Y-%m-%d %H:%M:%S}Z"


def set_report(values: Values, at: datetime, house: House) -> bytes:
    """The report of a verification made ``at``; ``values`` as :func:`papers.values_of` has them.

    Raises:
        LetterError: it cannot be set.
    """
    report = values["report"]
    document = {"schema": SCHEMA, "at": at.isoformat(), **values}
    address = f"{house.base_url}/verify"
    if (number := _number(values)) is not None:
        address = f"{address}/{number}"
    view = {
        "title": f"核验报告 Verification report {at:%Y-%m-%d %H:%M:%S}Z",
        "keywords": ["verification report", report["answer"]],
        "serial": f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "office": house.office,
        "platform": house.platform,
        "report": _shown(report),
        "facts": list(_facts(values, at, house)),
        "limits": [{"zh": each.zh, "en": each.en} for each in LIMITS],
        "anchors": [_anchor(each) for each in report["anchors"]],
        "anchors-said": _both(GIVEN if report["anchors_given"] else COMPARE),
        "chain": list(_chain(report, house)),
        "address": address,
        "address-shown": runs(address),
        "qr": qr(address),
        "document": rfc8785.dumps(well_formed(document)).decode(),
    }
    return typeset(FOLDER / "report.typ", view, at)


def _number(values: Values) -> str | None:
    """Under which number anybody asks again."""
    report = values["report"]
    if report["certificate"]:
        return str(report["certificate"]["number"])
    return str(report["found"]["number"]) if report["found"] else None


def _shown(report: Values) -> Values:
    """What the template shows of a report, with text of strangers made harmless."""
    ticks = [
        tick | {"checks": [check | {"detail": runs(check["detail"])} for check in tick["checks"]]}
        for tick in report["ticks"]
    ]
    summary = report["summary"]
    safe = {code: runs(text) for code, text in summary.items()} if summary else None
    return {**report, "ticks": ticks, "summary": safe, "found": None, "others": []}


def _facts(values: Values, at: datetime, house: House) -> Iterator[Values]:
    examined, report = values["examined"], values["report"]
    yield _fact("核验对象", "Examined", _SUBJECTS[report["subject"]], "words")
    if examined.get("name"):
        yield _fact("文件名（自称）", "File, as named by its sender", runs(examined["name"]))
    if examined.get("size") is not None:
        yield _fact("大小", "Size", f"{examined['size']:,} 字节 bytes")
    if examined.get("asked"):
        yield _fact("所问", "Asked for", runs(examined["asked"]), "code")
    if examined.get("sha256"):
        yield _fact("SHA-256", "Digest", runs(examined["sha256"]), "code")
    yield _fact("核验时间", "Examined at", house.clock(at), "code")
    software = values["software"]
    name = f"{software['name']} {software['version']}, SHA-256 {software['sha256']}"
    yield _fact("核验软件", "Software", runs(name), "code")
    yield from _found(report["found"], house)
    if certificate := report["certificate"]:
        yield from _certificate(certificate, house)


def _found(found: Values | None, house: House) -> Iterator[Values]:
    if not found:
        return
    yield _fact("存证编号", "Deposit", found["number"], "code")
    for key, zh, en in (
        ("received_at", "接收", "Received"),
        ("gen_time", "时间戳", "Time-stamped"),
        ("anchored_at", "上链", "On the ledger"),
    ):
        if found.get(key):
            yield _fact(zh, en, house.clock(datetime.fromisoformat(found[key])), "code")
    if found["position"] is not None:
        yield _fact("账本位置", "Place in the ledger", str(found["position"]), "code")


def _certificate(certificate: Values, house: House) -> Iterator[Values]:
    yield _fact("公证书", "Certificate", certificate["number"], "code")
    zh, en = _STATUS.get(certificate["status"], (certificate["status"],) * 2)
    if certificate["by"]:
        moment = house.clock(datetime.fromisoformat(certificate["changed_at"]))
        zh, en = f"{zh}：{certificate['by']}，{moment}", f"{en} by {certificate['by']}, {moment}"
    yield _fact("登记状态", "Status in the register", (zh, en), "words")


def _chain(report: Values, house: House) -> Iterator[Values]:
    for link in (report["certificate"] or {}).get("chain", ()):
        yield {
            "number": link["number"],
            "kind": _both(_KINDS.get(link["kind"], (link["kind"],) * 2)),
            "at": house.clock(datetime.fromisoformat(link["issued_at"])).partition(" · ")[0],
            "reason": runs(link["reason"]),
        }


def _anchor(anchor: Values) -> Values:
    label = ANCHORS.get(anchor["kind"], (anchor["kind"],) * 2)
    name, value = runs(anchor["name"]), runs(anchor["value"])
    return {"label": _both(label), "name": name, "value": value}


def _fact(zh: str, en: str, value: Any, kind: str = "text") -> Values:
    shown = _both(value) if kind == "words" else value
    return {"label": {"zh": zh, "en": en}, "kind": kind, "value": shown}


def _both(words: tuple[str, str]) -> dict[str, str]:
    return {"zh": escaped(words[0]), "en": escaped(words[1])}
