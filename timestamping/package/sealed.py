"""Checks 13 to 20: the letter's seal, and that the letter belongs to this evidence."""

from __future__ import annotations

from collections.abc import Mapping

from timestamping.package.evidence import letter_facts
from timestamping.package.grounds import Gap, Grounds, Refused
from timestamping.package_files import ATTACHED, FILE_LIST, co_token, further_attached
from timestamping.pdf.errors import BadPdf


class LetterChecks(Grounds):
    """The letter."""

    def letter(self, code: str) -> str:
        """One of the steps of :func:`timestamping.pdf.verifier.verify_seal`."""
        check = next(each for each in self.seal.checks if each.code == code)
        if check.failed:
            raise Refused(check.detail)
        if not check.passed:
            raise Gap(check.detail)
        return check.detail

    def attachments(self) -> str:
        self.readable()
        attached = self.seal.attached
        expected = dict(ATTACHED)
        for number in range(2, 2 + len(self.evidence.co_tokens())):
            expected[co_token(number)] = co_token(number)
        if FILE_LIST in self.evidence.members:
            expected[FILE_LIST] = FILE_LIST
        expected |= self._further(attached)
        extra = {name for name in attached if name.endswith(".tsr") or name == FILE_LIST}
        extra |= {name for name in attached if name.startswith(("receipt-", "proof-"))}
        extra -= expected.keys()
        if extra:
            raise Refused(f"the letter carries {min(extra)}, which is not here")
        for name, member in expected.items():
            if name not in attached or attached[name] != self.evidence.members.get(member):
                raise Refused(f"the letter carries another {name}")
        return f"{len(expected)} files are the same"

    def _further(self, attached: Mapping[str, bytes]) -> dict[str, str]:
        """Of the further ledgers, those that the letter knows: others may have come since it was
        issued."""
        known: dict[str, str] = {}
        for number in self.evidence.further_ledgers():
            names = further_attached(number)
            if not known.keys() <= attached.keys() or not names.keys() & attached.keys():
                break
            known |= names
        return known

    def number(self) -> str:
        self.readable()
        try:
            facts = letter_facts(self.seal.attached)
        except BadPdf as error:
            raise Refused(str(error)) from error
        number = str(facts.get("number"))
        if self.evidence.number is not None and number != self.evidence.number:
            raise Refused(f"the letter is number {number}, not {self.evidence.number}")
        if not self.seal.title.endswith(f" {number}"):
            raise Refused(f"the letter's title does not bear the number {number}")
        if facts.get("digests") != {each.algorithm: each.hex for each in self.known_entry.digests}:
            raise Refused("the letter states other digests than the ledger entry")
        return number

    def readable(self) -> None:
        """What a letter says is looked at only when it can be read."""
        if not self.seal.checks[0].passed:
            raise Gap("not examined, because the letter is not readable")
