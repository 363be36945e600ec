"""A notary's office in memory: certificates that are right, or wrong in one way at a time."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from tests.timestamping.evidence import OFFICE, House, sealer_of
from timestamping.authority import make_notary_key
from timestamping.certificate import (
    CertificateData,
    CertificateParty,
    CertifiedDeposit,
    CheckedGroup,
    MachineCheck,
    NotaryPerson,
    NotarySigner,
    Predecessor,
    sign_certificate,
)
from timestamping.certificate import signing as steps
from timestamping.certificate.layout import NOTARY, SECOND
from timestamping.certificate.record import CertificateRecord, read_record, record_document
from timestamping.certificate.render import TEMPLATE
from timestamping.certificate.view import view
from timestamping.letter import LetterData, Words, issue_letter
from timestamping.package import PackageParts, build_package
from timestamping.package_trust import PackageTrust
from timestamping.pdf.sealer import Sealer
from timestamping.pdf.typeset import typeset
from timestamping.verifier import verify_token  # noqa: F401 - loaded once, before any clock is moved

FIRST = NotaryPerson("李公正", "Li Gongzheng", "13101202612345")
SECOND_PERSON = NotaryPerson("王见证", "Wang Jianzheng", "13101202654321")
CHECK = rfc8785.dumps({"schema": "notary/check/v1", "groups": ["content", "time"]})
PASSED = MachineCheck(
    CHECK,
    "pass",
    (
        CheckedGroup("content", "pass", Words("摘要一致", "the digest is the same"), ("李公正",)),
        CheckedGroup("time", "pass", Words("十八项通过", "eighteen checks hold"), ("李公正",)),
        CheckedGroup("ledger", "pass", Words("在账本中", "in the ledger"), ("李公正",)),
        CheckedGroup("origin", "none"),
    ),
)
PASSWORD = "correct horse"


@dataclass
class Bureau:
    """The house, its notaries' keys, its seal, and one deposit with its package."""

    house: House
    sealer: Sealer
    first: NotarySigner
    second: NotarySigner
    deposit: LetterData
    letter: bytes
    package: bytes

    @classmethod
    def of(cls, house: House) -> Bureau:
        sealer = sealer_of(house)
        deposit = house.deposit()
        letter = issue_letter(deposit, sealer)
        out = io.BytesIO()
        build_package(PackageParts(deposit, letter), out)
        return cls(
            house,
            sealer,
            notary(house, FIRST.name),
            notary(house, SECOND_PERSON.name),
            deposit,
            letter,
            out.getvalue(),
        )

    @property
    def trust(self) -> PackageTrust:
        return self.house.trust()

    def data(self, **changes: Any) -> CertificateData:
        """A certificate of the deposit; ``changes`` go over it."""
        data = CertificateData(
            number="2026-DEMO-000123",
            kind="certificate",
            template="preservation",
            office=OFFICE.name,
            notary=FIRST,
            second=None,
            issued_at=datetime.now(UTC),
            matter="MA20261121-7K3M9QXT",
            purpose="用于诉讼 For litigation",
            destination="CN",
            language="zh+en",
            parties=(CertificateParty("applicant", "张三", "居民身份证", "1101**********1234"),),
            subject=self.subject(),
            testimony=Words("兹证明如下。", "This is to certify as follows."),
            check=PASSED,
            copies=2,
            predecessor=None,
            verify_url="https://notary.example/v/2026-DEMO-000123",
            trust=self.trust,
        )
        return dataclasses.replace(data, **changes)

    def correction(self, **changes: Any) -> CertificateData:
        before = Predecessor("2026-DEMO-000100", "ab" * 32, "姓名有误 a name was wrong")
        return self.data(**{"kind": "correction", "predecessor": before, **changes})

    def revocation(self, **changes: Any) -> CertificateData:
        return self.correction(kind="revocation", check=None, **changes)

    def subject(self) -> CertifiedDeposit:
        deposit = self.deposit
        digests = {each.algorithm: each.hex for each in deposit.entry.digests}
        return CertifiedDeposit(
            number=deposit.number,
            kind="file",
            title=deposit.items[0].name,
            sha256=digests["sha256"],
            sm3=digests.get("sm3"),
            gen_time=deposit.token.gen_time,
            ledger=deposit.receipt.ledger,
            position=deposit.receipt.position,
            letter_sha256=hashlib.sha256(self.letter).hexdigest(),
        )

    def sign(self, data: CertificateData) -> bytes:
        """As the office does it."""
        from timestamping.certificate import render_certificate

        keys = [self.first, self.second] if data.second else [self.first]
        return sign_certificate(render_certificate(data), keys, self.sealer)

    def forge(
        self,
        data: CertificateData,
        *,
        edit: Callable[[dict[str, Any]], None] = lambda shown: None,
        keys: Sequence[NotarySigner] | None = None,
        sealer: Sealer | None = None,
        prepare: Callable[[bytes, Sequence[str]], bytes] = steps._with_fields,
        stop: str = "",
    ) -> bytes:
        """The same way with something wrong: what is printed or attached, who signs, which places
        there are. ``stop`` leaves off before the "seal" or the "archive"."""
        shown = view(data, False)
        edit(shown)
        record = read_record(record_document(data))
        keys = [self.first] if keys is None else keys
        sealer = sealer or self.sealer
        fields = (NOTARY, SECOND)[: len(keys)]
        made = prepare(typeset(TEMPLATE, shown, data.issued_at), fields)
        made = self.by_notaries(made, fields, keys, record)
        if stop == "seal":
            return made
        made = steps._sealed(made, sealer, record)
        return made if stop == "archive" else steps._archived(made, keys, sealer)

    def by_notaries(
        self,
        pdf: bytes,
        fields: Sequence[str],
        keys: Sequence[NotarySigner],
        record: CertificateRecord,
    ) -> bytes:
        for field, person, key in zip(fields, (FIRST, SECOND_PERSON), keys, strict=False):
            pdf = steps._signed(pdf, field, person, key, self.sealer, record)
        return pdf


def notary(house: House, name: str, **options: Any) -> NotarySigner:
    """A notary's key of the house's own authority."""
    made = make_notary_key(house.pki, name, PASSWORD, rounds=1, **options)
    return NotarySigner.from_pkcs12(
        made.pkcs12, PASSWORD, trust=house.trust(), now=datetime.now(UTC)
    )
