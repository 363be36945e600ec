"""The first group: what was deposited is read again from where it is kept, and digested anew.

131. ``original-kept``    everything deposited here is where it was put
132. ``original-digest``  read again to its last byte, it has the digests deposited
133. ``list-digest``      of several files: the list deposited is the one recorded, and names what
                          the database names
134. ``files-digests``    of several files: each of them, read again, is the one listed
135. ``applicant-file``   the applicant's file, digested in a browser of the office, is the one
                          deposited; asked where somebody compared one, or nothing else can be asked

What was erased on purpose, or stayed with its owner from the start, cannot be read again: then 135
decides alone. A file that is gone, damaged or another one fails, and is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from chain_adapter import digest_of
from chain_adapter.verdict import Check, Outcome
from portal.checks.evidence import Evidence
from portal.checks.shapes import CONTENT, Comparison, Group, Line
from portal.deposits.evidence import digests_of
from portal.storage import Damaged, Missing, Vault
from timestamping.filelist import BadList, FileList, ListedFile

#: Files shown side by side; beyond them only those that differ.
_SHOWN: Final = 200
_BLOCK: Final = 1 << 20
_TITLES: Final = {
    "original-kept": (131, "What was deposited is kept here"),
    "original-digest": (132, "The original, read again, has the digests deposited"),
    "list-digest": (133, "The list of files is the one recorded"),
    "files-digests": (134, "Every file, read again, is the one listed"),
    "applicant-file": (135, "The applicant's file is the one deposited"),
}
#: Told how many bytes have been read again, and of how many.
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reread:
    """One file, as deposited and as it was found. ``found`` is empty when it could not be read;
    ``state``: "same", "changed", "missing", "damaged" or "absent" (it was never here, or erased).
    """

    path: str
    size: int | None
    deposited: Mapping[str, str]
    found: Mapping[str, str]
    state: str

    def document(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "size": self.size,
            "deposited": dict(self.deposited),
            "found": dict(self.found),
            "state": self.state,
        }


def judge_content(subject: Evidence, vault: Vault, tell: Tell) -> Group:
    """Read everything again.

    Raises:
        VaultUnavailable: nothing can be said now; later perhaps.
    """
    reading = _Reading(subject, vault, tell)
    lines = list(reading.several() if subject.several else reading.single())
    compared = list(_compared(subject, reading.listed, at_hand=reading.at_hand))
    shown = [each for each in reading.files if each.state not in ("same", "absent")]
    if len(reading.files) <= _SHOWN:
        shown = reading.files
    facts = {
        "at_hand": reading.at_hand,
        "erased": subject.deposit.erased_at is not None,
        "count": len(reading.files),
        "same": sum(each.state == "same" for each in reading.files),
        "bytes": reading.read,
        "files": [each.document() for each in shown[:_SHOWN]],
    }
    return Group(CONTENT, tuple(Line(each) for each in (*lines, *compared)), facts)


class _Reading:
    """One pass over what is kept."""

    def __init__(self, subject: Evidence, vault: Vault, tell: Tell) -> None:
        self._subject, self._vault, self._tell = subject, vault, tell
        self._total = subject.deposit.size or 0
        self.files: list[Reread] = []
        self.listed: FileList | None = None
        self.read = 0

    @property
    def at_hand(self) -> bool:
        """Whether anything of the content was there to be read."""
        return any(each.state != "absent" for each in self.files)

    def single(self) -> Iterator[Check]:
        """A file, or a digest alone."""
        deposit = self._subject.deposit
        deposited = {each.algorithm: each.hex for each in digests_of(deposit)}
        self.files.append(self._again("", deposit.size, deposited, deposit.vault_key))
        if self.at_hand:
            yield self._kept()
            yield self._digests("original-digest")

    def several(self) -> Iterator[Check]:
        """A folder, a capture, a draw: the list first, then what it names."""
        check, listed = self._list()
        yield check
        self.listed = listed
        if listed is None:
            return
        rows = {row.path: row for row in self._subject.files}
        for file in listed.files:
            deposited = {each.algorithm: each.hex for each in file.digests()}
            key = rows[file.path].vault_key if file.path in rows else None
            self.files.append(self._again(file.path, file.size, deposited, key))
        if self.at_hand:
            yield self._kept()
            yield self._digests("files-digests")

    def _list(self) -> tuple[Check, FileList | None]:
        """Check 133, and the list when it is the one recorded."""
        deposit = self._subject.deposit
        try:
            if deposit.vault_key is None:
                raise Missing("the list is not kept")
            content = self._vault.read(deposit.vault_key)
            for digest in digests_of(deposit):
                found = digest_of(content, digest.algorithm)
                if found != digest:
                    return _check("list-digest", f"{found}, not {digest}", Outcome.FAIL), None
            listed = FileList.decode(content)
        except (Missing, Damaged, BadList) as error:
            return _check("list-digest", f"the list: {error}", Outcome.FAIL), None
        if strange := _strange(listed, self._subject):
            detail = f"the database does not say of {strange} what the list says"
            return _check("list-digest", detail, Outcome.FAIL), listed
        detail = f"{digest_of(content)}, {len(listed.files)} files"
        return _check("list-digest", detail), listed

    def _again(
        self, path: str, size: int | None, deposited: Mapping[str, str], key: str | None
    ) -> Reread:
        if key is None or self._subject.deposit.erased_at is not None:
            return Reread(path, size, deposited, {}, "absent")
        try:
            with self._vault.open(key) as stream:
                found = self._digested(stream, deposited)
        except Missing:
            return Reread(path, size, deposited, {}, "missing")
        except Damaged:
            return Reread(path, size, deposited, {}, "damaged")
        state = "same" if found == dict(deposited) else "changed"
        return Reread(path, size, deposited, found, state)

    def _digested(self, stream: IO[bytes], algorithms: Mapping[str, str]) -> dict[str, str]:
        states = {name: hashlib.new(name) for name in algorithms}
        while block := stream.read(_BLOCK):
            for state in states.values():
                state.update(block)
            self.read += len(block)
            self._tell(self.read, max(self._total, self.read))
        return {name: state.hexdigest() for name, state in states.items()}

    def _kept(self) -> Check:
        """Check 131."""
        gone = [each for each in self.files if each.state == "missing"]
        absent = sum(each.state == "absent" for each in self.files)
        count = len(self.files)
        if gone:
            detail = f"{_named(gone)} not there any more: nothing is kept under its key"
            return _check("original-kept", detail, Outcome.FAIL)
        if absent:
            detail = f"{absent} of {count} files stayed with their owner"
            return _check("original-kept", detail, Outcome.UNKNOWN)
        return _check("original-kept", f"all {count} files" if count > 1 else "")

    def _digests(self, code: str) -> Check:
        """Checks 132 and 134."""
        bad = [each for each in self.files if each.state in ("changed", "damaged", "missing")]
        if bad:
            return _check(code, "; ".join(_why(each) for each in bad[:20]), Outcome.FAIL)
        fine = [each for each in self.files if each.state == "same"]
        if code == "original-digest":
            return _check(code, f"sha256:{fine[0].found['sha256']}")
        return _check(code, f"{len(fine)} files, {self.read} bytes")


def _strange(listed: FileList, subject: Evidence) -> str:
    """The first file of which list and database say different things; empty when there is none."""
    rows = {row.path: ListedFile(row.path, row.size, row.sha256, row.sm3) for row in subject.files}
    for file in listed.files:
        if rows.pop(file.path, None) != file:
            return file.path
    return next(iter(rows), "")


def _compared(subject: Evidence, listed: FileList | None, *, at_hand: bool) -> Iterator[Check]:
    """Check 135, when it is asked. A file that is not the one deposited decides where there is
    nothing else to go by; where the original was read again it is only a question."""
    if not subject.comparisons:
        if not at_hand:
            yield _check("applicant-file", _why_not_here(subject), Outcome.UNKNOWN)
        return
    same, other = _sorted(subject, listed)
    if other:
        outcome = Outcome.UNKNOWN if at_hand else Outcome.FAIL
        names = ", ".join(f"{each.path or each.name} (sha256:{each.sha256})" for each in other[:20])
        yield _check("applicant-file", f"not the one deposited: {names}", outcome)
        return
    last = same[-1]
    told = f"compared by {last.by}, {last.at.isoformat(timespec='seconds')}"
    if listed is None or any(_whole(subject, each) for each in same):
        yield _check("applicant-file", f"sha256:{last.sha256}, {told}")
        return
    count, missing = len(listed.files), len(listed.files) - len({each.path for each in same})
    outcome = Outcome.UNKNOWN if missing and not at_hand else Outcome.PASS
    yield _check("applicant-file", f"{count - missing} of {count} files, last {told}", outcome)


def _sorted(
    subject: Evidence, listed: FileList | None
) -> tuple[list[Comparison], list[Comparison]]:
    """Comparisons that fit, and those that do not."""
    of = {each.path: each for each in listed.files} if listed else {}
    same, other = list[Comparison](), list[Comparison]()
    for each in subject.comparisons:
        file = of.get(each.path)
        fits = _whole(subject, each) or (file is not None and _is(each, file.sha256, file.sm3))
        (same if fits else other).append(each)
    return same, other


def _whole(subject: Evidence, each: Comparison) -> bool:
    """Whether it is what the deposit's own digests say."""
    return _is(each, subject.deposit.sha256, subject.deposit.sm3)


def _is(each: Comparison, sha256: str, sm3: str | None) -> bool:
    return each.sha256 == sha256 and (each.sm3 is None or sm3 is None or each.sm3 == sm3)


def _why_not_here(subject: Evidence) -> str:
    """Nothing could be read again, and nothing was compared."""
    erased = subject.deposit.erased_at
    why = "the content stayed with its owner"
    if erased is not None:
        why = f"the content was erased on purpose, {erased.isoformat(timespec='seconds')}"
    return f"{why}, and nobody has compared the applicant's file yet"


def _named(files: Sequence[Reread]) -> str:
    names = [each.path for each in files if each.path]
    if not names:
        return "the original is"
    more = f" and {len(names) - 20} more are" if len(names) > 20 else " is"
    return ", ".join(names[:20]) + more


def _why(each: Reread) -> str:
    name = each.path or "the original"
    if each.state == "missing":
        return f"{name} is missing"
    if each.state == "damaged":
        return f"{name} is damaged: what is stored is not what was put there"
    algorithm = next(k for k, value in each.deposited.items() if each.found.get(k) != value)
    return f"{name} has {algorithm}:{each.found[algorithm]}, not {each.deposited[algorithm]}"


def _check(code: str, detail: str, outcome: Outcome = Outcome.PASS) -> Check:
    number, title = _TITLES[code]
    return Check(number, code, title, outcome, detail)
