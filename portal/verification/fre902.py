"""Draft certification under FRE 902(13) and 902(14), fields from the evidence, blanks for people.

Whoever certifies is a person who can be examined: the draft states what the evidence shows and
leaves name, qualification, signature and date empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from chain_adapter.verdict import Outcome
from portal.problems import Conflict
from portal.verification.paper import FOLDER, House, Values
from timestamping.pdf.text import runs
from timestamping.pdf.typeset import typeset

_PROCESS: Final = (
    "the digest was sent to a time-stamping authority, whose signed token (RFC 3161) states when "
    "it existed; the token and the digest were entered in an append-only ledger (RFC 6962) whose "
    "signed checkpoints reveal any later change; each step was verified by software before the "
    "next, and the steps stand in a hash-chained log."
)
_CAPTURED: Final = (
    "a browser at a desktop controlled by the platform was recorded while it showed the source; "
    "the recording, the pages and the logs were digested as they were made; then "
)
_DRAWN: Final = "each step of the draw was signed and time-stamped as it was made; then "


def set_draft(values: Values, at: datetime, house: House, kind: str = "") -> bytes:
    """The draft for what was verified ``at``; ``kind`` is the deposit's, empty when not known.

    Raises:
        Conflict: it does not hold, so nobody is to swear to it.
        LetterError: it cannot be set.
    """
    report = values["report"]
    if report["answer"] != "matches" or not report["found"]:
        message = "A certification is drafted only for evidence that holds."
        raise Conflict("nothing_to_certify", message)
    checks = [check for tick in report["ticks"] for check in tick["checks"]]
    software, found = values["software"], report["found"]
    view: dict[str, Any] = {
        "title": f"FRE 902(13)/(14) certification, draft, {found['number']}",
        "keywords": ["FRE 902", "draft", found["number"]],
        "number": found["number"],
        "platform": house.platform["en"],
        "made-here": kind in ("capture", "draw"),
        "process": {"capture": _CAPTURED, "draw": _DRAWN}.get(kind, "") + _PROCESS,
        "file-seen": found["file_seen"],
        "at": house.clock(at),
        "software": runs(f"{software['name']} {software['version']}"),
        "sentence": report["sentence"]["en"],
        "passed": sum(check["outcome"] == Outcome.PASS for check in checks),
        "total": len(checks),
        "facts": list(_facts(values, house)),
    }
    return typeset(FOLDER / "fre902.typ", view, at)


def _facts(values: Values, house: House) -> Iterator[Values]:
    found, details = values["report"]["found"], _details(values["report"])
    examined = values["examined"]
    yield _fact("存证编号", "Record number", found["number"])
    yield _fact("SHA-256 摘要", "SHA-256 digest", details.get("digest"))
    yield _fact("接收", "Received", _moment(found["received_at"], house))
    yield _fact("时间戳", "Time-stamped (RFC 3161)", _moment(found["gen_time"], house))
    yield _fact("账本位置", "Place in the ledger", _text(found["position"]))
    yield _fact("账本根", "Root of the ledger's tree", details.get("root"))
    yield _fact("送核验的文件", "File examined", examined.get("name"))
    yield _fact("其 SHA-256", "Its SHA-256", examined.get("sha256"))
    yield _fact("核验软件摘要", "SHA-256 of the software", values["software"]["sha256"])
    yield _fact("副本制作人", "Copy made by", None)
    yield _fact("原始数据的来源", "Source of the data", None)


def _details(report: Values) -> dict[str, str]:
    """What single checks found: the digest the token is over, the root the proof leads to."""
    wanted = {"imprint": "digest", "inclusion": "root"}
    checks = [check for tick in report["ticks"] for check in tick["checks"]]
    return {
        wanted[check["code"]]: check["detail"]
        for check in checks
        if check["code"] in wanted and check["detail"]
    }


def _moment(text: str | None, house: House) -> str | None:
    return house.clock(datetime.fromisoformat(text)) if text else None


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _fact(zh: str, en: str, value: str | None) -> Values:
    return {"label": {"zh": zh, "en": en}, "value": runs(value) if value else None}
