"""Verifying for anybody: a digest or a number against the records.

No Flask in here. Records are judged by the same verifiers as packages, and numbered as there:
nothing is believed because it stands in our own database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from chain_adapter import Digest, Entry, LedgerError, Receipt, Verdict, digest_of, verify
from chain_adapter.verdict import Check, Outcome
from chain_adapter.verification.kinds import decode_proof
from portal.deposits.service import PublicDeposit, PublicEvidence
from portal.verification.report import (
    Answer,
    Area,
    Found,
    Report,
    Tick,
    answer_of,
    in_order,
    outcome_of,
    ticks_of,
)
from timestamping.package.judge import FURTHER
from timestamping.package.recorded import held
from timestamping.package_trust import PackageTrust
from timestamping.verifier import verify_token

_FILE_TITLE: Final = "The file is the one deposited"
_ISSUED_TITLE: Final = "It is, byte for byte, what was issued"
_LIST_TITLE: Final = "The list that names it is the one recorded"


def missing(subject: str) -> Report:
    """Nothing is deposited under that number ("number") or digest ("record")."""
    return Report(Answer.MISSING, subject)


def judge_record(
    evidence: PublicEvidence, trust: PackageTrust, given: Digest | None = None
) -> Report:
    """Judge what is recorded, comparing the digest ``given`` when there is one."""
    trust = trust.with_depositor(evidence.signed_with)
    part = _part(evidence, given)
    found = replace(found_of(evidence), part=part)
    ticks = (
        _file_tick(evidence, given),
        _time_tick(evidence, trust),
        *_ledger_ticks(evidence, trust),
    )
    weighed = ticks if given is not None else ticks[1:]
    answer = answer_of(weighed)
    if ticks[0].outcome is Outcome.FAIL:
        # Whatever else holds: this is another file.
        return Report(answer, "record", ticks[:1], found)
    subject = "record" if given is not None else "number"
    subject = "letter" if given is not None and evidence.letter else subject
    others = tuple(_found(each) for each in evidence.later)
    return Report(answer, subject, ticks, found, others)


def _file_tick(evidence: PublicEvidence, given: Digest | None) -> Tick:
    if given is None:
        return Tick(Area.FILE, Outcome.UNKNOWN)
    recorded = {digest.algorithm: digest for digest in _digests(evidence.deposit)}
    if evidence.letter:
        return issued_tick(given)
    if _part(evidence, given):
        return _part_tick(evidence, given)
    same = recorded.get(given.algorithm) == given
    outcome = Outcome.PASS if same else Outcome.FAIL
    check = Check(12, "file", _FILE_TITLE, outcome, str(given))
    return Tick(Area.FILE, outcome, (check,))


def issued_tick(given: Digest) -> Tick:
    """A letter or certificate whose digest is the one kept of what was issued."""
    check = Check(22, "issued", _ISSUED_TITLE, Outcome.PASS, str(given))
    return Tick(Area.FILE, Outcome.PASS, (check,))


def _part(evidence: PublicEvidence, given: Digest | None) -> bool:
    """Whether ``given`` is a file of the folder, not its list."""
    if given is None or evidence.listed is None or evidence.letter or given.algorithm != "sha256":
        return False
    return given.hex != evidence.deposit.sha256 and evidence.listed.holding(given.hex) is not None


def _part_tick(evidence: PublicEvidence, given: Digest) -> Tick:
    """From the file to the list that names it, and from the list to the digest recorded."""
    listed = evidence.listed
    content = listed.encode() if listed else b""
    count = len(listed.files) if listed else 0
    recorded = _digests(evidence.deposit)
    held = all(digest_of(content, each.algorithm) == each for each in recorded)
    outcome = Outcome.PASS if held else Outcome.FAIL
    detail = f"{given}, one of {count} files"
    checks = (
        Check(12, "file", _FILE_TITLE, Outcome.PASS, detail),
        Check(21, "listed", _LIST_TITLE, outcome, str(digest_of(content))),
    )
    return Tick(Area.FILE, outcome, checks)


def _time_tick(evidence: PublicEvidence, trust: PackageTrust) -> Tick:
    if evidence.token is None:
        return Tick(Area.TIME, Outcome.UNKNOWN)
    verdict = verify_token(evidence.token, trust.certificates, digest=_digests(evidence.deposit)[0])
    checks = in_order((*verdict.checks, *_token_link(evidence)))
    return Tick(Area.TIME, outcome_of(checks), checks)


def _token_link(evidence: PublicEvidence) -> tuple[Check, ...]:
    """The entry must name this very token and these very digests."""
    if evidence.entry is None or evidence.token is None:
        return ()
    try:
        entry = Entry.decode(evidence.entry)
    except LedgerError:
        return ()  # told where the entry itself is judged
    same_token = entry.token == hashlib.sha256(evidence.token).digest()
    same_digests = entry.digests == tuple(sorted(_digests(evidence.deposit)))
    outcome = Outcome.PASS if same_token and same_digests else Outcome.FAIL
    return (Check(8, "token-link", "The entry names this time-stamp", outcome, entry.token.hex()),)


def _ledger_ticks(evidence: PublicEvidence, trust: PackageTrust) -> tuple[Tick, ...]:
    if evidence.entry is None or evidence.receipt is None or evidence.proof is None:
        return Tick(Area.LEDGER, Outcome.UNKNOWN), Tick(Area.SIGNER, Outcome.UNKNOWN)
    try:
        receipt = Receipt.from_json(evidence.receipt)
        proof = decode_proof(receipt.scheme, evidence.proof)
    except LedgerError as error:
        check = Check(4, "receipt_entry", "The receipt is for this entry", Outcome.FAIL, str(error))
        return Tick(Area.LEDGER, Outcome.FAIL, (check,)), Tick(Area.SIGNER, Outcome.UNKNOWN)
    verdict = verify(evidence.entry, receipt, proof, trust.ledger)
    ledger, signer = _ledger_and_signer(verdict)
    further = tuple(_further(evidence, trust))
    outcome = outcome_of([Check(11, "ledger", "", ledger.outcome), *further])
    return Tick(Area.LEDGER, outcome, (*ledger.checks, *further)), signer


def _further(evidence: PublicEvidence, trust: PackageTrust) -> Iterator[Check]:
    """The checks from 122 on, as of a package: one for each further ledger."""
    number, code, title = FURTHER
    for place, (receipt_json, proof_text) in enumerate(evidence.further, start=number):
        try:
            receipt = Receipt.from_json(receipt_json)
            proof = decode_proof(receipt.scheme, proof_text)
        except LedgerError as error:
            yield Check(place, code, title, Outcome.FAIL, str(error))
            continue
        verdict = verify(evidence.entry or b"", receipt, proof, trust.ledger)
        failed = verdict.failed
        if failed is None:
            detail = f"{receipt.ledger}: {held(verdict, receipt)}"
            yield Check(place, code, title, Outcome.PASS, detail)
        else:
            detail = f"{receipt.ledger}, step {failed.number} ({failed.code}): {failed.detail}"
            yield Check(place, code, title, failed.outcome, detail)


def _ledger_and_signer(verdict: Verdict) -> tuple[Tick, ...]:
    """The verdict ends at the first step that does not pass: what was not reached, or not to its
    end, is undecided, however well it began."""
    begun = {tick.area: tick for tick in ticks_of(verdict.checks)}
    ticks = (begun.get(area, Tick(area, Outcome.UNKNOWN)) for area in (Area.LEDGER, Area.SIGNER))
    return tuple(
        tick
        if verdict.ok or tick.outcome is not Outcome.PASS or tick.area is Area.SIGNER
        else Tick(tick.area, Outcome.UNKNOWN, tick.checks)
        for tick in ticks
    )


def _digests(deposit: PublicDeposit) -> list[Digest]:
    """SHA-256 first, which is what the token is over."""
    values = {"sha256": deposit.sha256, "sm3": deposit.sm3}
    return [Digest.parse(name, value) for name, value in values.items() if value]


def found_of(evidence: PublicEvidence) -> Found:
    """What the records hold, for anybody."""
    return _found(evidence.deposit, evidence.receipt)


def _found(deposit: PublicDeposit, receipt: bytes | None = None) -> Found:
    return Found(
        number=deposit.number,
        received_at=deposit.received_at,
        gen_time=deposit.gen_time,
        anchored_at=deposit.anchored_at,
        position=Receipt.from_json(receipt).position if receipt else None,
        file_seen=deposit.kind == "file" or bool(deposit.files_seen),
        files=deposit.file_count,
        state=str(deposit.state),
        erased_at=deposit.erased_at,
        erased_for=deposit.erased_for,
    )
