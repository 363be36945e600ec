"""The answer sheet to rule 17 set in type."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import rfc8785

from portal.verification.paper import FOLDER, House
from portal.verification.rule17 import PREFACE, READING, Sheet
from portal.verification.sheet import Row
from timestamping.letter.view import qr
from timestamping.letter.words import Words
from timestamping.pdf.text import runs
from timestamping.pdf.typeset import typeset


def set_sheet(sheet: Sheet, house: House) -> bytes:
    """The unsigned PDF.

    Raises:
        LetterError: it cannot be set.
    """
    address = f"{house.base_url}/verify/rule-17"
    view = {
        "title": f"在线诉讼规则第十七条应答表 Rule 17 answer sheet {sheet.at:%Y-%m-%d}",
        "keywords": ["人民法院在线诉讼规则 17", "Online Litigation Rules 17"],
        "at": f"{sheet.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z",
        "office": house.office,
        "platform": house.platform,
        "address": address,
        "address-shown": runs(address),
        "qr": qr(address),
        "preface": _both(PREFACE),
        "reading": [{"zh": each.zh, "en": each.en} for each in READING],
        "sections": [
            {
                "title": {"zh": each.title.zh, "en": each.title.en},
                "rows": [_row(row) for row in each.rows],
            }
            for each in sheet.sections
        ],
        "document": rfc8785.dumps(sheet.document()).decode(),
    }
    return typeset(FOLDER / "rule17.typ", view, sheet.at)


def _row(row: Row) -> dict[str, Any]:
    return {
        "label": {"zh": row.label.zh, "en": row.label.en},
        "value": _both(row.value) if row.value is not None else None,
        "source": runs(row.source),
    }


def _both(words: Words) -> dict[str, Any]:
    return {"zh": runs(words.zh), "en": runs(words.en)}
