"""The unsigned letter: what stands on it, and that it is reproducible PDF/A-3b."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import threading
from pathlib import Path

import pytest

from tests.timestamping.evidence import OFFICE, House
from timestamping.letter import CustodyEvent, Item, LetterData, Words, render_letter
from timestamping.pdf.errors import LetterError
from timestamping.pdf.verifier import letter_attachments

#: Right edge of the text, points: A4 less 20 mm.
RIGHT = 595.28 - 20 / 25.4 * 72
#: A full stop at the end of a Chinese line stands half outside, as it should.
HANG = 5.0


def tool(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def text_of(pdf: bytes, folder: Path, *options: str) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(pdf)
    return tool("pdftotext", *options, str(path), "-")


def unspaced(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_same_data_gives_the_same_bytes_in_any_thread(deposit: LetterData) -> None:
    results: list[bytes] = []
    for _ in range(2):  # a new thread has a new compiler with nothing cached
        thread = threading.Thread(target=lambda: results.append(render_letter(deposit)))
        thread.start()
        thread.join()
    assert results == [render_letter(deposit)] * 2


def test_it_claims_pdf_a_3b_and_embeds_its_fonts(deposit: LetterData, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(render_letter(deposit))
    metadata = tool("pdfinfo", "-meta", str(path))
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    fonts = tool("pdffonts", str(path)).splitlines()[2:]
    assert fonts
    assert all(re.search(r"Identity-H +yes yes yes", line) for line in fonts)
    assert b"/OutputIntents" in path.read_bytes()


def test_it_carries_the_evidence(deposit: LetterData) -> None:
    attached = letter_attachments(render_letter(deposit))
    assert attached["token.tsr"] == deposit.token.response()
    assert attached["token-2.tsr"] == deposit.token.also[0].response()
    assert attached["entry.json"] == deposit.entry.encode()
    assert attached["receipt.json"] == deposit.receipt.to_json()
    assert attached["proof"] == deposit.proof.encode()
    assert {"letter.json", "metadata.json", "trust.json"} <= attached.keys()


def test_every_field_is_printed(deposit: LetterData, tmp_path: Path) -> None:
    office = dataclasses.replace(OFFICE, registration="京网信备1234567890")
    letter = dataclasses.replace(deposit, office=office)
    text = unspaced(text_of(render_letter(letter), tmp_path))
    expected = [
        deposit.number,
        deposit.code,
        deposit.verify_url,
        deposit.depositor.masked,
        deposit.depositor.identity.zh,
        deposit.token.policy,
        f"{deposit.token.serial:x}",
        f"{deposit.token.nonce:x}",
        deposit.token.sha256.hex(),
        deposit.token.also[0].sha256.hex(),
        deposit.token.also[0].tsa,
        deposit.receipt.ledger,
        deposit.receipt.entry_hash.hex(),
        deposit.entry.platform,
        *(digest.hex for digest in deposit.entry.digests),
        *(anchor.value for anchor in deposit.trust.fingerprints()),
        "京网信备1234567890",
        "+08:00",
    ]
    for value in expected:
        assert unspaced(value) in text


def test_digests_are_cut_at_32_digits_without_invisible_breaks(
    deposit: LetterData, tmp_path: Path
) -> None:
    text = text_of(render_letter(deposit), tmp_path, "-layout")
    digest = deposit.entry.digests[0].hex
    assert re.search(rf"{digest[:32]}\s*\n.*\s{digest[32:]}\s*\n", text)
    assert "\u200b" not in text


HOSTILE = [
    '#panic("x") $x^2$ [a] \\ "q" `c` //d /*e*/ @f <g> *h* _i_ = j',
    '#{sys.inputs} #read("/etc/passwd")',
    "𠮷野家.pdf",
    "合同(最终版)—2026.docx",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_data_and_never_markup(house: House, name: str, tmp_path: Path) -> None:
    text = text_of(render_letter(house.deposit(name=name)), tmp_path)
    assert unspaced(name) in unspaced(text)


def test_characters_without_glyph_are_named_and_kept_in_the_metadata(
    house: House, tmp_path: Path
) -> None:
    name = "photo😀\u202egnp.exe"
    pdf = render_letter(house.deposit(name=name))
    text = unspaced(text_of(pdf, tmp_path))
    assert "photoU+1F600U+202Egnp.exe" in text
    assert name in letter_attachments(pdf)["metadata.json"].decode()


@pytest.mark.parametrize("name", ["a" * 251 + ".pdf", "长" * 251 + ".pdf", "𠮷" * 255, "W" * 255])
def test_long_names_wrap_inside_the_page(house: House, name: str, tmp_path: Path) -> None:
    pdf = render_letter(house.deposit(name=name))
    assert text_of(pdf, tmp_path, "-l", "1").count(name[0]) >= 251
    boxes = re.findall(r'xMax="([\d.]+)"', text_of(pdf, tmp_path, "-bbox"))
    assert boxes
    assert max(map(float, boxes)) <= RIGHT + HANG


def test_many_items_all_stand_in_the_annex(deposit: LetterData, tmp_path: Path) -> None:
    items = tuple(
        dataclasses.replace(deposit.items[0], name=f"证据 {n:03d}.jpg", summary="照片")
        for n in range(60)
    )
    letter = dataclasses.replace(deposit, items=items)
    text = text_of(render_letter(letter), tmp_path)
    assert all(f"证据 {n:03d}.jpg" in text for n in range(60))
    assert "另有 59 项" in text


def test_what_nobody_stated_is_said_to_be_unstated(deposit: LetterData, tmp_path: Path) -> None:
    text = unspaced(text_of(render_letter(deposit), tmp_path))
    assert "未声明Notstated:形成时间Created" in text


def test_a_digest_alone_has_no_size(deposit: LetterData, tmp_path: Path) -> None:
    item = dataclasses.replace(deposit.items[0], size=None)
    text = text_of(render_letter(dataclasses.replace(deposit, items=(item,))), tmp_path)
    assert "大小未知 size unknown" in text


def test_a_long_custody_log_runs_on(deposit: LetterData, tmp_path: Path) -> None:
    event = CustodyEvent(deposit.times.received, Words("读取", "read"), "审计员 auditor")
    letter = dataclasses.replace(deposit, custody=(event,) * 200)
    assert text_of(render_letter(letter), tmp_path).count("审计员 auditor") == 200


def test_a_missing_glyph_is_an_error_that_names_field_and_character(deposit: LetterData) -> None:
    office = dataclasses.replace(OFFICE, name=Words("公证处😀", "Office"))
    with pytest.raises(LetterError, match=r"U\+1F600 of field office\.name\.zh") as caught:
        render_letter(dataclasses.replace(deposit, office=office))
    assert (caught.value.field, caught.value.character) == ("office.name.zh", "😀")


def test_an_unknown_zone_is_refused(deposit: LetterData) -> None:
    with pytest.raises(LetterError, match="zone"):
        render_letter(dataclasses.replace(deposit, zone="Mars/Olympus"))


def test_a_letter_needs_the_recorded_item(deposit: LetterData) -> None:
    with pytest.raises(LetterError, match="at least one item"):
        dataclasses.replace(deposit, items=())
    other = Item("other", digests=deposit.items[0].digests[1:])
    with pytest.raises(LetterError, match="lacks the recorded digest"):
        dataclasses.replace(deposit, items=(other,))


def test_times_need_a_zone(deposit: LetterData) -> None:
    naive = dataclasses.replace(deposit.times, issued=deposit.times.issued.replace(tzinfo=None))
    with pytest.raises(LetterError, match="issued has no zone"):
        dataclasses.replace(deposit, times=naive)
