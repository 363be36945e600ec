"""Who a letter says deposited: a person, masked, or an organisation in full with who acted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit
from portal.organisations.models import Organisation
from timestamping.letter import Depositor, Words

_VERIFIED: Final = Words(
    "机构，登记信息经公证人员核对证明材料",
    "organisation; a notary's clerk compared its particulars with its papers",
)
_UNVERIFIED: Final = Words(
    "机构，登记信息由其自行填写，平台未核验",
    "organisation; particulars as it gave them, not checked",
)
_DEPOSITOR: Final = Words("存证人", "depositor")
_ACTING: Final = Words("存证机构经办人", "acting for the depositor")


def depositor(
    session: Session, deposit: Deposit, person: Depositor, custody: Sequence[AuditEntry]
) -> Depositor:
    """As the letter states the depositor.

    Args:
        person: who made the deposit, as they would be stated by themselves.
    """
    if deposit.organisation_id is None:
        return person
    organisation = session.get_one(Organisation, deposit.organisation_id)
    # The name it went by then: a later one must not stand in the same letter's package.
    name = next((_for_name(each) for each in custody if _for_name(each)), organisation.name)
    how = _VERIFIED if organisation.state == "verified" else _UNVERIFIED
    number = organisation.registration_number
    code = Words("", "")
    if number:
        code = Words(f"（统一社会信用代码 {number}）", f" (identifier {number})")
    return Depositor(
        f"{name}（经办人 {person.masked}）",
        Words(
            f"{how.zh}{code.zh}；经办人：{person.identity.zh}",
            f"{how.en}{code.en}; the person acting: {person.identity.en}",
        ),
    )


def role_of(entry: AuditEntry) -> Words:
    """As what somebody did what a custody entry says."""
    return _ACTING if _for_name(entry) else _DEPOSITOR


def _for_name(entry: AuditEntry) -> str:
    return str(json.loads(entry.detail).get("for_name", ""))
