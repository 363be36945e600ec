"""What the checks of a package share: their two ways out, and what earlier ones established."""

from __future__ import annotations

from chain_adapter.digest import Digest
from chain_adapter.entry import Entry
from chain_adapter.verdict import Check
from timestamping.errors import InvalidToken
from timestamping.package.evidence import Evidence
from timestamping.package_files import LETTER
from timestamping.pdf.verifier import SealVerdict, verify_seal
from timestamping.token import Token


class Refused(Exception):
    """The check fails; the text is one sentence."""


class Gap(Exception):
    """The check cannot be decided; the text says what is missing. ``code`` replaces the check's
    own where a gap of another kind must be told apart."""

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class Grounds:
    """The evidence, and what was found in it. Subclasses add one method a check: it returns a
    detail, or raises :class:`Refused` or :class:`Gap`."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.trust = evidence.trust
        #: The single steps of token and ledger, for whoever wants to see them.
        self.steps: dict[str, tuple[Check, ...]] = {}
        #: The entry, once check 5 has read it.
        self.recorded: Entry | None = None
        self._seal: SealVerdict | None = None

    def member(self, name: str) -> bytes:
        data = self.evidence.members.get(name)
        if data is None:
            raise Refused(f"{name} is missing")
        return data

    def nothing_offered(self) -> None:
        """Nobody handed a file over, so none was compared (raises :class:`Gap`)."""
        if not self.evidence.digests:
            raise Gap("no file was given, so none was compared", "file-absent")

    @property
    def known_entry(self) -> Entry:
        if self.recorded is None:
            raise Gap("not examined, because there is no well-formed entry")
        return self.recorded

    @property
    def seal(self) -> SealVerdict:
        if self._seal is None:
            self._seal = verify_seal(self.member(LETTER), self.trust.certificates)
        return self._seal


def sha256_of(entry: Entry) -> Digest:
    """The digest every entry has, and every token is over."""
    return next(each for each in entry.digests if each.algorithm == "sha256")


def parsed(data: bytes) -> Token:
    """The token in a response, not verified."""
    try:
        return Token.from_response(data)
    except InvalidToken as error:
        raise Refused(str(error)) from error
