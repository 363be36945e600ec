"""What a certificate says, and its record."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.timestamping.certificate.office import PASSED, SECOND_PERSON, Bureau
from timestamping.certificate import (
    BadRecord,
    CertificateParty,
    CheckedGroup,
    NotaryPerson,
    Predecessor,
    number_zh,
    read_record,
    record_document,
)
from timestamping.letter import Words
from timestamping.pdf.errors import LetterError


def test_the_record_says_what_the_certificate_says(bureau: Bureau) -> None:
    data = bureau.data(second=SECOND_PERSON)
    record = read_record(record_document(data))
    same = ("number", "kind", "office", "notary", "second", "matter", "parties", "testimony")
    for name in (*same, "issued_at", "copies", "predecessor", "language", "destination"):
        assert getattr(record, name) == getattr(data, name)
    assert record.subject.sha256 == data.subject.sha256
    assert record.check is not None
    assert record.check.outcome == "pass"
    assert dict(record.check.groups)["origin"] == "none"


def test_the_record_is_canonical(bureau: Bureau) -> None:
    document = record_document(bureau.correction())
    assert rfc8785.dumps(json.loads(document)) == document
    assert read_record(document).predecessor == bureau.correction().predecessor


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("number", {"number": "2026-demo-1"}),
        ("kind", {"kind": "copy"}),
        ("template", {"template": "#eval"}),
        ("language", {"language": "fr"}),
        ("destination", {"destination": "China"}),
        ("copies", {"copies": 0}),
        ("issued_at", {"issued_at": datetime(2026, 1, 1)}),  # noqa: DTZ001
        ("parties", {"parties": ()}),
        ("parties.0.role", {"parties": (CertificateParty("judge", "张三"),)}),
        ("parties.0.name", {"parties": (CertificateParty("applicant", " "),)}),
        ("parties.0.name", {"parties": (CertificateParty("applicant", "a\nb"),)}),
        ("parties.0.name", {"parties": (CertificateParty("applicant", "\ud800"),)}),
        ("notary.name", {"notary": NotaryPerson("")}),
        ("second.licence", {"second": NotaryPerson("王", "", "x" * 500)}),
        ("testimony.en", {"testimony": Words("有", "")}),
        ("testimony.zh", {"language": "en"}),
        ("testimony.zh", {"testimony": Words("字" * 20_001, "text")}),
        ("predecessor", {"kind": "correction"}),
        ("predecessor", {"predecessor": Predecessor("2026-DEMO-000001", "ab" * 32, "x")}),
        ("check", {"check": None}),
        ("check.outcome", {"check": dataclasses.replace(PASSED, outcome="fail")}),
        (
            "check.groups.time",
            {"check": dataclasses.replace(PASSED, groups=(CheckedGroup("time", "fail"),))},
        ),
        (
            "check.groups.time",
            {"check": dataclasses.replace(PASSED, groups=(CheckedGroup("time", "unknown"),))},
        ),
        ("check.groups", {"check": dataclasses.replace(PASSED, groups=PASSED.groups[::-1])}),
    ],
)
def test_what_cannot_stand_on_a_certificate_is_named(
    bureau: Bureau, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(LetterError) as refused:
        bureau.data(**changes)
    assert refused.value.field == field


def test_a_predecessor_is_another_certificate_and_has_a_reason(bureau: Bureau) -> None:
    own = Predecessor("2026-DEMO-000123", "ab" * 32, "x")
    with pytest.raises(LetterError, match="its own predecessor"):
        bureau.correction(predecessor=own)
    with pytest.raises(LetterError, match="has a reason"):
        bureau.correction(predecessor=dataclasses.replace(own, number="2026-X-000001", reason=" "))


def test_an_undecided_group_stands_with_its_reason(bureau: Bureau) -> None:
    group = CheckedGroup("ledger", "unknown", confirmed_by=("李公正",), reason="维护中")
    check = dataclasses.replace(PASSED, outcome="unknown", groups=(group,))
    record = read_record(record_document(bureau.data(check=check)))
    assert record.check is not None
    assert dict(record.check.reasons) == {"ledger": "维护中"}


def test_a_draft_has_no_record(bureau: Bureau) -> None:
    with pytest.raises(LetterError) as refused:
        record_document(bureau.data(number=""))
    assert refused.value.field == "number"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "notary/certificate/v2"},
        {"extra": 1},
        {"copies": "2"},
        {"copies": True},
        {"copies": 2.5},
        {"number": ""},
        {"number": "2026-DEMO-00012"},
        {"issued_at": "2026-11-21T09:00:00"},
        {"issued_at": "2026-11-21T17:00:00+08:00"},
        {"issued_at": "yesterday"},
        {"parties": {}},
        {"parties": [{"role": "applicant"}]},
        {"notary": None},
        {"office": {"zh": "x"}},
        {"subject": None},
        {"check": {"sha256": "00", "outcome": "pass", "groups": {}, "reasons": {}}},
        {
            "check": {
                "sha256": "0" * 64,
                "outcome": "fail",
                "groups": {"content": "fail"},
                "reasons": {},
            }
        },
        {"check": None},
        {"kind": "revocation"},
        {"predecessor": {"number": "2026-DEMO-000100", "pdf_sha256": "xx", "reason": "y"}},
    ],
)
def test_a_record_wrong_in_one_place_is_refused(bureau: Bureau, change: dict[str, Any]) -> None:
    value = json.loads(record_document(bureau.data()))
    with pytest.raises(BadRecord):
        read_record(rfc8785.dumps(value | change))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"schema":"x"} ']
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(BadRecord):
        read_record(data)


def test_only_the_canonical_form_is_a_record(bureau: Bureau) -> None:
    document = record_document(bureau.data())
    with pytest.raises(BadRecord, match="canonical"):
        read_record(json.dumps(json.loads(document)).encode())
    with pytest.raises(BadRecord, match="canonical"):
        read_record(document + b"\n")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_changed_record_is_the_same_or_raises_anything_else(
    bureau: Bureau, at: int, byte: int
) -> None:
    document = bytearray(record_document(bureau.data()))
    document[at % len(document)] = byte
    try:
        record = read_record(bytes(document))
    except BadRecord:
        return
    assert bytes(document) == record_document(bureau.data()) or record != read_record(
        record_document(bureau.data())
    )


def test_numbers_in_chinese() -> None:
    assert number_zh("2026-DEMO-000123") == "（2026）DEMO证字第000123号"
