"""Judging evidence: checks 5 to 20 of :mod:`timestamping.package.verifier`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

import rfc8785

from chain_adapter.digest import Digest
from chain_adapter.entry import Entry
from chain_adapter.errors import LedgerError
from chain_adapter.keys import meta_digest
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt
from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome
from chain_adapter.verify import Result, Verdict, verify
from timestamping.errors import InvalidToken
from timestamping.package.evidence import Evidence, letter_facts
from timestamping.package.report import Facts
from timestamping.package_files import (
    ATTACHED,
    ENTRY,
    LETTER,
    METADATA,
    PROOF,
    RECEIPT,
    TOKEN,
    co_token,
)
from timestamping.pdf.errors import BadPdf
from timestamping.pdf.verifier import SealVerdict, verify_seal, without_anchor
from timestamping.token import Token
from timestamping.verification.report import TokenVerdict
from timestamping.verifier import verify_token


class Refused(Exception):
    """The check fails; the text is one sentence."""


class Gap(Exception):
    """The check cannot be decided; the text says what is missing. ``code`` replaces the check's
    own where a gap of another kind must be told apart."""

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class Judge:
    """Each method is one check: it returns a detail, or raises :class:`Refused` or :class:`Gap`."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.trust = evidence.trust
        self.facts = Facts()
        self.steps: dict[str, tuple[Check, ...]] = {}
        self._entry: Entry | None = None
        self._ledger: Verdict | None = None
        self._seal: SealVerdict | None = None

    # -- 5 … 11: what was recorded ------------------------------------------------------------

    def entry(self) -> str:
        try:
            self._entry = Entry.decode(self._member(ENTRY))
        except LedgerError as error:
            raise Refused(str(error)) from error
        return self._entry.key

    def signatures(self) -> str:
        for code in ("platform_signature", "depositor_signature"):
            self._ledger_step(code)
        return f"platform key {self._known_entry.platform}"

    def token(self) -> str:
        verdict = self._token(TOKEN, self._member(TOKEN))
        self.steps["token"] = verdict.checks
        return _accepted(verdict)

    def token_link(self) -> str:
        token = _parsed(self._member(TOKEN))
        if token.sha256 != self._known_entry.token:
            raise Refused("the ledger entry names another token")
        return token.sha256.hex()

    def co_tokens(self) -> str:
        tokens = self.evidence.co_tokens()
        for number, data in enumerate(tokens, start=2):
            _accepted(self._token(co_token(number), data))
        return f"{len(tokens)} co-stamps" if tokens else "there are none"

    def metadata(self) -> str:
        data = self._member(METADATA)
        try:
            document = json.loads(data)
            canonical = rfc8785.dumps(document) == data
            salt, metadata = bytes.fromhex(document["salt"]), document["metadata"]
            digest = meta_digest(salt, metadata)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Refused("the metadata cannot be read") from error
        if not canonical:
            raise Refused("the metadata is not in canonical form (RFC 8785)")
        if digest != self._known_entry.meta:
            raise Refused("the metadata is not what the ledger entry commits to")
        return digest.hex()

    def ledger(self) -> str:
        verdict = self._ledger_verdict
        self.steps["ledger"] = verdict.checks
        failed = verdict.failed
        if failed is None:
            return f"{len(verdict.checks)} steps, root {verdict.checks[-1].detail}"
        if failed.outcome is Outcome.FAIL or self._foreign(verdict.result, failed):
            raise Refused(f"step {failed.number} ({failed.code}): {failed.detail}")
        raise Gap(f"step {failed.number} ({failed.code}): {failed.detail}")

    # -- 12: the file -------------------------------------------------------------------------

    def file(self) -> str:
        offered = self.evidence.digests
        if not offered:
            raise Gap("no file was given, so none was compared", "file-absent")
        for name, digests in offered.items():
            for digest in self._known_entry.digests:
                if digests.get(digest.algorithm) != digest.value:
                    raise Refused(
                        f"{name} is not the file deposited: its {digest.algorithm} differs"
                    )
        return ", ".join(offered)

    # -- 13 … 20: the letter ------------------------------------------------------------------

    def letter(self, code: str) -> str:
        """One of the steps of :func:`timestamping.pdf.verifier.verify_seal`."""
        check = next(each for each in self.seal.checks if each.code == code)
        if check.failed:
            raise Refused(check.detail)
        if not check.passed:
            raise Gap(check.detail)
        return check.detail

    def attachments(self) -> str:
        self._readable()
        attached = self.seal.attached
        expected = dict(ATTACHED)
        for number in range(2, 2 + len(self.evidence.co_tokens())):
            expected[co_token(number)] = co_token(number)
        extra = {name for name in attached if name.endswith(".tsr")} - expected.keys()
        if extra:
            raise Refused(f"the letter carries {min(extra)}, which is not here")
        for name, member in expected.items():
            if name not in attached or attached[name] != self.evidence.members.get(member):
                raise Refused(f"the letter carries another {name}")
        return f"{len(expected)} files are the same"

    def number(self) -> str:
        self._readable()
        try:
            facts = letter_facts(self.seal.attached)
        except BadPdf as error:
            raise Refused(str(error)) from error
        number = str(facts.get("number"))
        if self.evidence.number is not None and number != self.evidence.number:
            raise Refused(f"the letter is number {number}, not {self.evidence.number}")
        if not self.seal.title.endswith(f" {number}"):
            raise Refused(f"the letter's title does not bear the number {number}")
        if facts.get("digests") != {each.algorithm: each.hex for each in self._known_entry.digests}:
            raise Refused("the letter states other digests than the ledger entry")
        return number

    # -- shared -------------------------------------------------------------------------------

    @property
    def seal(self) -> SealVerdict:
        if self._seal is None:
            self._seal = verify_seal(self._member(LETTER), self.trust.certificates)
        return self._seal

    def summary(self) -> Facts:
        """What the evidence says, as far as it could be read."""
        entry, token, receipt = self._entry, None, None
        try:
            token = _parsed(self.evidence.members.get(TOKEN, b""))
            receipt = Receipt.from_json(self.evidence.members.get(RECEIPT, b""))
        except (Refused, LedgerError):
            pass
        return Facts(
            number=self.evidence.number or self._letter_number(),
            digest=str(_sha256(entry)) if entry else "",
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

    def _member(self, name: str) -> bytes:
        data = self.evidence.members.get(name)
        if data is None:
            raise Refused(f"{name} is missing")
        return data

    def _readable(self) -> None:
        if not self.seal.checks[0].passed:
            raise Gap("not examined, because the letter is not readable")

    @property
    def _known_entry(self) -> Entry:
        if self._entry is None:
            raise Gap("not examined, because there is no well-formed entry")
        return self._entry

    def _token(self, name: str, data: bytes) -> TokenVerdict:
        """Judge one token. Its response must be exactly what :meth:`Token.response` writes, so that
        no byte of the member goes unjudged."""
        token = _parsed(data)
        if token.response() != data:
            raise Refused(f"{name} holds more than a granted response with one token")
        digest = _sha256(self._known_entry)
        return verify_token(token.der, self.trust.certificates, digest=digest)

    @property
    def _ledger_verdict(self) -> Verdict:
        if self._ledger is None:
            entry = self._known_entry
            try:
                receipt = Receipt.from_json(self._member(RECEIPT))
                proof = Proof.decode(self._member(PROOF))
            except LedgerError as error:
                raise Refused(str(error)) from error
            self._ledger = verify(entry.encode(), receipt, proof, self.trust.ledger)
        return self._ledger

    def _ledger_step(self, code: str) -> None:
        """One step of the ledger's verification that stands for itself here."""
        check = next((each for each in self._ledger_verdict.checks if each.code == code), None)
        if check is None:
            raise Gap("not examined, because an earlier step failed")
        if check.failed or self._foreign(self._ledger_verdict.result, check):
            raise Refused(check.detail)
        if not check.passed:
            raise Gap(check.detail)

    def _foreign(self, result: Result, check: Check) -> bool:
        """Whether the evidence names a key that is none of the known ones. Knowing some key and
        meeting another is a refusal; knowing none decides nothing."""
        known: Trust = self.trust.ledger
        keys: dict[str, Mapping[str, object]] = {
            "platform_signature": known.platforms,
            "ledger_trusted": known.ledgers,
        }
        return result is Result.UNTRUSTED_KEY and not check.passed and bool(keys.get(check.code))


def _sha256(entry: Entry) -> Digest:
    return next(each for each in entry.digests if each.algorithm == "sha256")


def _parsed(data: bytes) -> Token:
    try:
        return Token.from_response(data)
    except InvalidToken as error:
        raise Refused(str(error)) from error


def _accepted(verdict: TokenVerdict) -> str:
    check = verdict.failed or verdict.undecided
    if verdict.token is not None:
        return f"{verdict.token.gen_time.isoformat()} by {verdict.token.tsa}"
    if check is None:
        raise Gap("not decided")
    detail = f"step {check.number} ({check.code}): {check.detail}"
    if verdict.failed is None or without_anchor(verdict):
        raise Gap(detail)
    raise Refused(detail)


Step = Callable[[Judge], str]


def _letter(code: str) -> Step:
    return lambda judge: judge.letter(code)


#: Number, code, title, step; the numbers are those of the verifier's docstring.
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
)


def judge(evidence: Evidence) -> tuple[list[Check], Judge]:
    """Run checks 5 to 20; every one is tried, whatever became of the others."""
    examined = Judge(evidence)
    checks: list[Check] = []
    for number, code, title, step in STEPS:
        try:
            checks.append(Check(number, code, title, Outcome.PASS, step(examined)))
        except Refused as refusal:
            checks.append(Check(number, code, title, Outcome.FAIL, str(refusal)))
        except Gap as gap:
            checks.append(Check(number, gap.code or code, title, Outcome.UNKNOWN, str(gap)))
    return checks, examined
