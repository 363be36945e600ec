"""Checks 5 to 12: entry, signatures, tokens, metadata, ledger, file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import rfc8785
from asn1crypto import x509 as asn1_x509

from chain_adapter.entry import Entry
from chain_adapter.errors import LedgerError
from chain_adapter.keys import meta_digest, verify_signature
from chain_adapter.receipt import Receipt
from chain_adapter.verdict import Check, Outcome
from chain_adapter.verification.kinds import decode_proof
from chain_adapter.verify import Result, Verdict, verify
from timestamping.letter.ledger_view import observed
from timestamping.letter.signing import names_of, signing_of
from timestamping.package.folder import FolderChecks
from timestamping.package.grounds import Gap, Refused, parsed, sha256_of
from timestamping.package_files import (
    ENTRY,
    METADATA,
    PROOF,
    RECEIPT,
    TOKEN,
    co_token,
    further_proof,
    further_receipt,
)
from timestamping.pdf.verifier import without_anchor
from timestamping.verification.report import TokenVerdict
from timestamping.verifier import verify_token


class RecordChecks(FolderChecks):
    """What was recorded, and whether the file is it."""

    def entry(self) -> str:
        try:
            self.recorded = Entry.decode(self.member(ENTRY))
        except LedgerError as error:
            raise Refused(str(error)) from error
        return self.recorded.key

    def signatures(self) -> str:
        entry = self.known_entry
        keys = self.trust.ledger
        _signed(entry, "platform", entry.platform, keys.platforms)
        if entry.signature("depositor") is None and not entry.cosigned:
            return f"platform key {entry.platform}"
        _signed(entry, "depositor", entry.by, keys.depositors)
        return f"platform key {entry.platform}, depositor key {entry.by}{self._named()}"

    def _named(self) -> str:
        """Of a certificate, whom it names and by whose word."""
        subject, issuer = names_of(self.trust.ledger.depositors.get(self.known_entry.by, b""))
        return f" ({subject}, issued by {issuer})" if subject else ""

    def _in_its_time(self, moment: datetime) -> None:
        """A depositor's certificate is judged at the token's time, which follows the signature."""
        key = self.trust.ledger.depositors.get(self.known_entry.by, b"")
        if self.known_entry.by.startswith("x509:") and key:
            valid = asn1_x509.Certificate.load(key)["tbs_certificate"]["validity"]
            start, end = valid["not_before"].native, valid["not_after"].native
            if not start <= moment <= end:
                stated = f"{start.date()} to {end.date()}"
                raise Refused(f"the depositor's certificate was valid from {stated} only")

    def token(self) -> str:
        verdict = self._token(TOKEN, self.member(TOKEN))
        self.steps["token"] = verdict.checks
        return _accepted(verdict)

    def token_link(self) -> str:
        token = parsed(self.member(TOKEN))
        if token.sha256 != self.known_entry.token:
            raise Refused("the ledger entry names another token")
        self._in_its_time(token.gen_time)
        return token.sha256.hex()

    def co_tokens(self) -> str:
        tokens = self.evidence.co_tokens()
        for number, data in enumerate(tokens, start=2):
            _accepted(self._token(co_token(number), data))
        return f"{len(tokens)} co-stamps" if tokens else "there are none"

    def metadata(self) -> str:
        data = self.member(METADATA)
        try:
            document = json.loads(data)
            canonical = rfc8785.dumps(document) == data
            salt, metadata = bytes.fromhex(document["salt"]), document["metadata"]
            digest = meta_digest(salt, metadata)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Refused("the metadata cannot be read") from error
        if not canonical:
            raise Refused("the metadata is not in canonical form (RFC 8785)")
        if digest != self.known_entry.meta:
            raise Refused("the metadata is not what the ledger entry commits to")
        signing = signing_of(self.known_entry, metadata, self.trust.ledger.depositors)
        return f"{digest.hex()}; {signing.title.en}"

    def ledger(self) -> str:
        verdict = self._ledger_verdict(RECEIPT, PROOF)
        self.steps["ledger"] = verdict.checks
        failed = verdict.failed
        if failed is None:
            return held(verdict, self._receipt(RECEIPT))
        if failed.outcome is Outcome.FAIL or self._foreign(verdict.result, failed):
            raise Refused(f"step {failed.number} ({failed.code}): {failed.detail}")
        raise Gap(f"step {failed.number} ({failed.code}): {failed.detail}")

    def further_ledger(self, number: int) -> str:
        """One of the checks from 122 on. A key that is not known decides nothing here: those who
        trust the first ledger need not know the others."""
        name = further_receipt(number)
        receipt = self._receipt(name)
        if receipt.ledger in self._ledgers_before(number):
            raise Refused(f"{receipt.ledger} is named twice")
        verdict = self._ledger_verdict(name, further_proof(number))
        self.steps[f"ledger-{number}"] = verdict.checks
        failed = verdict.failed
        if failed is None:
            return f"{receipt.ledger}: {held(verdict, receipt)}"
        sentence = f"{receipt.ledger}, step {failed.number} ({failed.code}): {failed.detail}"
        raise (Refused if failed.outcome is Outcome.FAIL else Gap)(sentence)

    def _ledgers_before(self, number: int) -> set[str]:
        earlier = (RECEIPT, *map(further_receipt, range(2, number)))
        return {self._receipt(name).ledger for name in earlier}

    def _receipt(self, name: str) -> Receipt:
        try:
            return Receipt.from_json(self.member(name))
        except LedgerError as error:
            raise Refused(f"{name}: {error}") from error

    def file(self) -> str:
        if self.has_list:
            return self.listed_file()
        self.nothing_offered()
        offered = self.evidence.digests
        for name, digests in offered.items():
            for digest in self.known_entry.digests:
                if digests.get(digest.algorithm) != digest.value:
                    raise Refused(
                        f"{name} is not the file deposited: its {digest.algorithm} differs"
                    )
        return ", ".join(offered)

    def _token(self, name: str, data: bytes) -> TokenVerdict:
        """Judge one token. Its response must be exactly what :meth:`Token.response` writes, so that
        no byte of the member goes unjudged."""
        token = parsed(data)
        if token.response() != data:
            raise Refused(f"{name} holds more than a granted response with one token")
        digest = sha256_of(self.known_entry)
        return verify_token(token.der, self.trust.certificates, digest=digest)

    def _ledger_verdict(self, receipt_name: str, proof_name: str) -> Verdict:
        receipt = self._receipt(receipt_name)
        try:
            proof = decode_proof(receipt.scheme, self.member(proof_name))
        except LedgerError as error:
            raise Refused(str(error)) from error
        return verify(self.known_entry.encode(), receipt, proof, self.trust.ledger)

    def _foreign(self, result: Result, check: Check) -> bool:
        """Whether the evidence names a key that is none of the known ones. Knowing some key and
        meeting another is a refusal; knowing none decides nothing."""
        known = self.trust.ledger
        keys: dict[str, Mapping[str, object]] = {
            "platform_signature": known.platforms,
            "ledger_trusted": known.ledgers,
        }
        return result is Result.UNTRUSTED_KEY and bool(keys.get(check.code))


def held(verdict: Verdict, receipt: Receipt) -> str:
    """How many steps, and what they found: the root and who cosigned it, or the transaction."""
    found = {each.code: each.detail for each in verdict.checks}
    steps, seen = f"{len(verdict.checks)} steps", observed(receipt)
    if seen is not None:
        return f"{steps}, transaction 0x{seen.transaction.hex()} in block {seen.block}"
    root = found.get("inclusion", verdict.checks[-1].detail)
    nodes = f", nodes {found['witness_quorum']}" if "witness_quorum" in found else ""
    return f"{steps}, root {root}{nodes}"


def _signed(entry: Entry, role: str, key_id: str, known: Mapping[str, bytes]) -> None:
    """Whether the one the entry names signed it in this role."""
    signature = entry.signature(role)
    if signature is None:
        raise Refused(f"the {role}'s signature is missing")
    if signature.key_id != key_id:
        raise Refused(f"signed by {signature.key_id}, not by {key_id}")
    public = known.get(key_id)
    if public is None and known:
        raise Refused(f"{key_id} is none of the known keys of a {role}")
    if public is None:
        raise Gap(f"no key of a {role} is known")
    if not verify_signature(entry, signature, public):
        raise Refused(f"the {role}'s signature does not fit")


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
