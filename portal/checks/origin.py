"""The fourth group: how it came about, as far as there is a record of that.

31 … 41 (:mod:`forensics.verifier`) of what was captured at a desktop of the portal, 51 … 82
(:mod:`lottery.bundle.verifying`) of a draw, over the very files that are kept; and

143. ``origin-files``      what is judged can be read
144. ``capture-complete``  the session was not interrupted
145. ``capture-clean``     no check of the desktop's environment failed
146. ``draw-real``         it is no rehearsal, whose result is of no effect

144 to 146 are never failures: they are undecided, and a notary has to write why it may be certified
nevertheless. Of a file, folder or digest that somebody brought there is nothing to be decided: the
group then holds what the depositor stated, and names what nobody here can know.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, cast

from chain_adapter.verdict import Check, Outcome
from portal.checks.evidence import Subject
from portal.checks.shapes import ORIGIN, Group, Line
from portal.deposits.folders import CAPTURE, DRAW, MANIFESTED, seen
from portal.storage import Damaged, Missing, Vault
from portal.verification.further import further_checks
from timestamping.package import Carried
from timestamping.package_trust import PackageTrust

#: A file of a capture or draw is held in memory up to this while it is judged, bytes.
_IN_MEMORY: Final = 32 << 20
_BLOCK: Final = 1 << 20
_TITLES: Final = {
    "origin-files": (143, "What is judged can be read"),
    "capture-complete": (144, "The session was not interrupted"),
    "capture-clean": (145, "No check of the environment failed"),
    "draw-real": (146, "It is no rehearsal"),
}


def judge_origin(subject: Subject, vault: Vault, trust: PackageTrust) -> Group:
    """Judge the capture or draw; of anything else say what was stated.

    Raises:
        VaultUnavailable: nothing can be said now; later perhaps.
    """
    if subject.deposit.kind not in MANIFESTED:
        return Group(ORIGIN, (), _stated(subject))
    try:
        listed = vault.read(subject.deposit.vault_key or "none")
    except (Missing, Damaged) as error:
        check = _check("origin-files", f"the manifest: {error}", Outcome.FAIL)
        return Group(ORIGIN, (Line(check),), _stated(subject))
    checks = list(_judged(subject, vault, trust, listed))
    checks += _particular(subject.deposit.kind, _object(listed))
    facts = _stated(subject) | _facts(subject.deposit.kind, _object(listed))
    return Group(ORIGIN, tuple(map(Line, checks)), facts)


def _judged(subject: Subject, vault: Vault, trust: PackageTrust, listed: bytes) -> Iterator[Check]:
    erased = subject.deposit.erased_at is not None
    if erased:
        detail = "the content was erased on purpose; only its manifest is left"
        yield _check("origin-files", detail, Outcome.UNKNOWN)
    keys = {row.path: row.vault_key for row in subject.files}

    def opener(path: str) -> BinaryIO:
        return seekable(vault, keys[path])

    carried = Carried(
        listed,
        subject.deposit.sha256,
        None if erased else opener,
        trust.certificates,
        trust.ledger,
    )
    yield from further_checks(carried)


def seekable(vault: Vault, key: str | None) -> BinaryIO:
    """The plain content as a file of its own that is gone when it is closed.

    Raises:
        OSError: it is not there, or damaged; the verifiers then name it.
        VaultUnavailable: the vault cannot answer now.
    """
    # Whoever asked for it closes it.
    copy = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="notary-check-")  # noqa: SIM115
    try:
        if key is None:
            raise Missing("it is not kept here")
        with vault.open(key) as source:
            while block := source.read(_BLOCK):
                copy.write(block)
    except (Missing, Damaged) as error:
        copy.close()
        raise OSError(str(error)) from error
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast(BinaryIO, copy)


def _particular(kind: str, manifest: Mapping[str, Any]) -> Iterator[Check]:
    """Checks 144 to 146."""
    if kind == CAPTURE:
        complete = manifest.get("terminal") == "complete"
        detail = str(manifest.get("terminal", "")) + _because(manifest)
        outcome = Outcome.PASS if complete else Outcome.UNKNOWN
        yield _check("capture-complete", detail, outcome)
        counts = _counts(manifest)
        bad = counts.get("fail", 0)
        detail = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("pass", "fail", "unknown"))
        yield _check("capture-clean", detail, Outcome.UNKNOWN if bad else Outcome.PASS)
    if kind == DRAW:
        rehearsal = manifest.get("rehearsal") is not False
        detail = "a rehearsal" if rehearsal else "a draw with effect"
        yield _check("draw-real", detail, Outcome.UNKNOWN if rehearsal else Outcome.PASS)


def _because(manifest: Mapping[str, Any]) -> str:
    reason = manifest.get("reason")
    return f": {reason[:300]}" if isinstance(reason, str) and reason else ""


def _counts(manifest: Mapping[str, Any]) -> dict[str, int]:
    found = manifest.get("cleanliness")
    counts = found.get("counts") if isinstance(found, dict) else None
    if not isinstance(counts, dict):
        return {}
    return {str(name): value for name, value in counts.items() if type(value) is int}


def _facts(kind: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a page says of the capture or draw in a line."""
    if kind == CAPTURE:
        recording = manifest.get("recording")
        return {
            "terminal": str(manifest.get("terminal", "")),
            "cleanliness": _counts(manifest),
            "segments": recording.get("segments") if isinstance(recording, dict) else None,
        }
    if kind == DRAW:
        names = ("outcome", "rehearsal", "steps", "title")
        return {name: manifest.get(name) for name in names}
    return {}


def _stated(subject: Subject) -> dict[str, Any]:
    """What the depositor said, word for word, and what nobody here can know."""
    deposit = subject.deposit
    brought = deposit.kind not in MANIFESTED
    unknowable = ["source", "before", "author"] if brought else []
    if brought and not seen(deposit):
        unknowable.append("unseen")
    return {
        "kind": deposit.kind,
        "title": deposit.title,
        "note": deposit.note,
        "filename": deposit.filename,
        "media_type": deposit.media_type,
        "size": deposit.size,
        "received_at": deposit.received_at.isoformat(),
        "unknowable": unknowable,
    }


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _check(code: str, detail: str, outcome: Outcome = Outcome.PASS) -> Check:
    number, title = _TITLES[code]
    return Check(number, code, title, outcome, detail)
