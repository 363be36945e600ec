"""What the PDF of an archive volume shows, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from portal.certificates import volume_evidence as of_evidence
from portal.certificates import volume_matter as of_matter
from portal.certificates import volume_words as words
from portal.certificates.volume_shelf import Shelf
from timestamping.certificate.volume import Block, Note, Section, Table
from timestamping.letter import Words


def sections_of(shelf: Shelf, files: Sequence[tuple[str, int, str]]) -> tuple[Section, ...]:
    """All sections in order; ``files``: path, size and SHA-256 of what lies beside the PDF."""
    made: dict[str, Callable[[Shelf], Iterator[Block]]] = {
        "application": of_matter.application,
        "parties": of_matter.parties,
        "notice": of_matter.notice,
        "materials": of_matter.materials,
        "handling": of_matter.handling,
        "messages": of_matter.messages,
        "deposit": of_evidence.deposit,
        "checks": of_evidence.checks,
        "certificates": of_evidence.certificates,
        "copies": of_evidence.copies,
        "custody": of_evidence.custody,
    }
    found = [_section(name, tuple(build(shelf))) for name, build in made.items()]
    rows = tuple((path, f"{size:,}", sha256) for path, size, sha256 in files)
    columns = (Words("文件", "File"), Words("字节", "Bytes"), Words("SHA-256", ""))
    return (*found, _section("files", (Table(columns, (4, 2, 7), rows, frozenset({2})),)))


def _section(name: str, blocks: tuple[Block, ...]) -> Section:
    empty = all(isinstance(each, Table) and not each.rows for each in blocks)
    return Section(words.SECTIONS[name], (Note(words.NONE),) if empty else blocks)
