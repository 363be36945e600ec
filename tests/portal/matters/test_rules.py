"""What is pure: rules, sniffing, the notice, the words of what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.deposits.filenames import shown_name
from portal.matters import notices, rules, words, writing
from portal.matters.materials import _SENTENCES
from portal.matters.parties import bounded
from portal.matters.shapes import Application, Particulars, PartyFields
from portal.matters.sniffing import TAKEN, sniffed
from portal.problems import BadInput
from tests.portal.matters.conftest import CREDIT_CODE, ID_CARD

Made = TypeVar("Made")


def particulars(**more: object) -> Particulars:
    known: dict[str, object] = {
        "id": "a",
        "place": 1,
        "role": "applicant",
        "kind": "person",
        "name": "张三",
        "document": "id-card",
        "country": "CN",
        "number": ID_CARD,
        "phone": "",
        "address": "",
        "acts_for": None,
        "checked_by": None,
        "checked_at": None,
    }
    return Particulars(**(known | more))  # type: ignore[arg-type]


def tried(make: Callable[[], Made]) -> tuple[Made | None, str]:
    """What was made, or the field that was refused."""
    try:
        return make(), ""
    except BadInput as error:
        return None, error.field or "none"


def test_the_words_of_an_edition_never_change() -> None:
    """Who wants other words makes another edition: people confirmed these."""
    known = {"2026-1": "9ef8f76bfc55db66baacf2236f3b9696f2d94a96f9d96c3fa2d6491118be66db"}
    assert {each: notices.notice(each).sha256 for each in notices.EDITIONS} == known  # type: ignore[union-attr]
    current = notices.current()
    assert current.sha256 == hashlib.sha256(f"{current.zh}\n---\n{current.en}".encode()).hexdigest()
    assert len(current.paragraphs("zh")) == len(current.paragraphs("en"))
    assert notices.notice("2025-1") is None
    assert notices.notice("../views") is None


def test_every_sentence_about_what_is_missing_is_in_the_catalogue() -> None:
    known = {str(each._args[0]) for each in words.MISSING}
    parties = [
        particulars(id="a", name=""),
        particulars(id="b", role="agent", acts_for=None),
        particulars(id="c", kind="organisation", document="business-licence", number="1"),
        particulars(id="d", kind="organisation", document="business-licence", number=CREDIT_CODE),
    ]
    said = [*rules.missing_parties(parties), *rules.missing_parties([])]
    assert {each.message for each in said} <= known
    assert {str(each.params["why"]) for each in said if "why" in each.params} <= known
    assert set(_SENTENCES.values()) <= known
    assert set(words.MATERIALS) == set(_SENTENCES)


def test_which_certificates_a_deposit_can_have() -> None:
    assert rules.templates_for("capture")[0] == "web"
    assert rules.templates_for("draw")[0] == "draw"
    assert rules.templates_for("file") == rules.templates_for("digest") == ("preservation",)
    assert rules.templates_for("notarial") == rules.templates_for("volume") == ()


def test_the_checklist() -> None:
    parties = [("a", "applicant"), ("b", "agent"), ("c", "interested")]
    assert rules.needed("preservation", "litigation", parties) == [
        ("identity", "a"),
        ("identity", "b"),
        ("authority", "b"),
    ]
    assert ("rules", None) in rules.needed("draw", "draw", parties)
    assert ("ownership", None) in rules.needed("web", "copyright", parties)


def test_two_agents_of_each_other_act_for_nobody() -> None:
    pair = [
        particulars(id="a", role="agent", acts_for="b"),
        particulars(id="b", role="agent", acts_for="a"),
    ]
    codes = [each.code for each in rules.missing_parties(pair)]
    assert codes == ["applicant", "agent_for_nobody", "agent_for_nobody"]


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.4\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"\x00\x00\x00\x18ftypmp42", None),
        (b"", None),
    ],
)
def test_sniffing(head: bytes, media_type: str | None) -> None:
    assert sniffed(head) == media_type


@given(st.binary(max_size=64))
def test_sniffing_any_bytes(head: bytes) -> None:
    found = sniffed(head)
    assert found is None or found in TAKEN
    assert not (head.lstrip().startswith(b"<") and found)


@given(st.text(max_size=210))
def test_a_name_is_kept_as_it_is_or_refused_by_field(name: str) -> None:
    fields, field = tried(lambda: bounded(PartyFields(name=name)))
    assert field in ("", "name")
    if fields is not None:
        assert fields.name == " ".join(name.split())
        assert "\u202e" not in shown_name(rules.masked("person", fields.name))


@given(st.text(max_size=600), st.text(max_size=4200), st.integers(-5, 30))
def test_an_application_is_normal_or_refused_by_field(
    purpose: str, facts: str, copies: int
) -> None:
    stated = Application("other", purpose, facts, "CN", "zh", copies)
    found, field = tried(lambda: writing.checked(stated, partial=True))
    assert field in ("", "purpose", "facts", "copies")
    if found is not None:
        assert writing.checked(found, partial=True) == found
