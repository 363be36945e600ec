"""Every sentence people may read has its Chinese, and the tool notices when one has not."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from scripts import translations


def test_the_catalogues_are_complete() -> None:
    assert list(translations.faults()) == []


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small portal with one feature."""
    portal = tmp_path / "portal"
    (portal / "garden" / "templates").mkdir(parents=True)
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "PORTAL", portal)
    return portal


def test_sentences_are_found_where_people_meet_them(house: Path) -> None:
    (house / "garden" / "views.py").write_text(
        'lazy_gettext("a rose")\n'
        'def f():\n    message = "no %(name)s here"\n'
        '    raise NotFound("x", message, name=1)\n'
        'raise BadInput("x", "too many thorns")\n'
        'print("not for people")\n'
    )
    (house / "garden" / "templates" / "a.html").write_text('<p>{{ _("smell it") }}</p>')
    (house / "errors.py").write_text('gettext("of the house")\n')
    found = translations.sentences()
    assert set(found["garden"]) == {"a rose", "no %(name)s here", "too many thorns", "smell it"}
    assert set(found["ui"]) == {"of the house"}


def _catalogue(*pairs: tuple[str, str]) -> Catalog:
    catalogue = Catalog(locale="zh", charset="utf-8", fuzzy=False)
    for sentence, text in pairs:
        catalogue.add(sentence, text)
    return catalogue


def test_what_is_missing_or_wrong_is_named(house: Path) -> None:
    (house / "garden" / "views.py").write_text('gettext("a %(kind)s rose")\ngettext("a bee")\n')
    translations.save("garden", "zh", _catalogue(("a %(kind)s rose", "一朵玫瑰")))
    faults = list(translations.faults())
    assert any("other places" in fault for fault in faults)
    assert any("'a bee'" in fault for fault in faults)
    assert translations.main(["check"]) == 1


def test_update_keeps_translations_adds_new_and_drops_old(house: Path) -> None:
    (house / "garden" / "views.py").write_text('gettext("a bee")\ngettext("a rose")\n')
    translations.save("garden", "zh", _catalogue(("a rose", "玫瑰"), ("a weed", "杂草")))
    assert translations.main(["extract"]) == 0
    renewed = translations.load("garden", "zh")
    assert {message.id: message.string for message in renewed if message.id} == {
        "a bee": "",
        "a rose": "玫瑰",
    }
    before = translations.path_of("garden", "zh").read_bytes()
    translations.main(["extract"])
    assert translations.path_of("garden", "zh").read_bytes() == before


def test_compiled_catalogues_are_read_back(house: Path) -> None:
    import gettext

    (house / "garden" / "views.py").write_text('gettext("a rose")\n')
    translations.save("garden", "zh", _catalogue(("a rose", "玫瑰")))
    assert translations.main(["compile"]) == 0
    with translations.path_of("garden", "zh").with_suffix(".mo").open("rb") as stream:
        assert gettext.GNUTranslations(stream).gettext("a rose") == "玫瑰"


def test_other_words_are_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert translations.main(["frobnicate"]) == 2
    assert "extract" in capsys.readouterr().err
