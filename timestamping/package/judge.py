"""Judging evidence: checks 5 to 21, and those from 122 on, of
:mod:`timestamping.package.verifier`, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from chain_adapter.errors import LedgerError
from chain_adapter.receipt import Receipt
from chain_adapter.verdict import Check, Outcome
from timestamping.package.evidence import Evidence, letter_facts
from timestamping.package.grounds import Gap, Refused, parsed, sha256_of
from timestamping.package.recorded import RecordChecks
from timestamping.package.report import Facts
from timestamping.package.sealed import LetterChecks
from timestamping.package_files import RECEIPT, TOKEN
from timestamping.pdf.errors import BadPdf


class Judge(RecordChecks, LetterChecks):
    """All checks over one piece of evidence."""

    def facts(self) -> Facts:
        """What the evidence says, as far as it could be read."""
        members, token, receipt = self.evidence.members, None, None
        try:
            token = parsed(members.get(TOKEN, b""))
            receipt = Receipt.from_json(members.get(RECEIPT, b""))
        except (Refused, LedgerError):
            pass
        return Facts(
            number=self.evidence.number or self._letter_number(),
            digest=str(sha256_of(self.recorded)) if self.recorded else "",
            time=token.gen_time if token else None,
            tsa=token.tsa if token else "",
            ledger=receipt.ledger if receipt else "",
            position=receipt.position if receipt else None,
            signer=self._seal.signer if self._seal else "",
            file_compared=bool(self.evidence.digests),
        )

    def _letter_number(self) -> str:
        try:
            return str(letter_facts(self._seal.attached if self._seal else {}).get("number", ""))
        except BadPdf:
            return ""


Step = Callable[[Judge], str]


def _letter(code: str) -> Step:
    return lambda judge: judge.letter(code)


#: Number, code, title, step; the numbers are those of the verifier's docstring.
#: 21 is asked only where a list of files is there: a folder was deposited.
STEPS: Final[tuple[tuple[int, str, str, Step], ...]] = (
    (5, "entry", "The ledger entry is well formed", Judge.entry),
    (6, "signatures", "The platform signed the entry", Judge.signatures),
    (7, "token", "The time-stamp is over the recorded digest and holds", Judge.token),
    (8, "token-link", "The entry names this time-stamp", Judge.token_link),
    (9, "co-tokens", "Every co-stamp holds too", Judge.co_tokens),
    (10, "metadata", "The metadata is what the entry commits to", Judge.metadata),
    (11, "ledger", "The entry stands in the ledger", Judge.ledger),
    (12, "file", "The file is the one deposited", Judge.file),
    (13, "letter-readable", "The letter is a sealed PDF", _letter("letter-readable")),
    (14, "letter-signature", "The letter's seal is intact", _letter("letter-signature")),
    (15, "letter-whole", "Seal and time-stamp cover the whole letter", _letter("letter-whole")),
    (16, "letter-unchanged", "The letter was not changed since", _letter("letter-unchanged")),
    (17, "letter-time", "The time of the seal is stamped", _letter("letter-time")),
    (18, "letter-signer", "The seal is a trusted one", _letter("letter-signer")),
    (19, "letter-attachments", "The letter carries this very evidence", Judge.attachments),
    (20, "letter-number", "The letter bears this number and digest", Judge.number),
    (21, "files", "Every file is the one listed", Judge.files),
)


#: Of each further ledger, one number after the other.
FURTHER: Final = (122, "further-ledger", "A further ledger holds the entry too")


def judge(evidence: Evidence) -> tuple[list[Check], Judge]:
    """Run checks 5 to 21, and those from 122 on; every one is tried, whatever became of the
    others."""
    examined = Judge(evidence)
    checks: list[Check] = []
    for number, code, title, step in _steps(examined):
        try:
            checks.append(Check(number, code, title, Outcome.PASS, step(examined)))
        except Refused as refusal:
            checks.append(Check(number, code, title, Outcome.FAIL, str(refusal)))
        except Gap as gap:
            checks.append(Check(number, gap.code or code, title, Outcome.UNKNOWN, str(gap)))
    return checks, examined


def _steps(examined: Judge) -> Iterator[tuple[int, str, str, Step]]:
    """What this evidence is asked."""
    yield from (each for each in STEPS if each[1] != "files" or examined.has_list)
    for place, ledger in enumerate(examined.evidence.further_ledgers()):
        number, code, title = FURTHER
        yield number + place, code, title, partial(Judge.further_ledger, number=ledger)
