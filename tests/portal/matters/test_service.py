"""From the draft to the office, and who may do what."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts.identities import IdentityRecord
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import verify_chain
from portal.deposits.models import Deposit
from portal.mail.models import OutboxMail
from portal.matters import notices
from portal.matters.models import (
    Matter,
    MatterAssignment,
    MatterConflict,
    MatterDocument,
    MatterMaterial,
    MatterParty,
    MatterState,
)
from portal.matters.service import MatterService
from portal.matters.shapes import MatterFilter, MatterView, PartyFields
from portal.matters.submitting import NotComplete
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from portal.storage import TooLarge
from tests.portal.cases.conftest import acting, organisation_with
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of, put
from tests.portal.matters.conftest import (
    CREDIT_CODE,
    ID_CARD,
    PDF,
    PERSON,
    PNG,
    WANTED,
    complete,
    confirm,
    hand_in,
    sealed,
)


def entries(services: Services, matter_id: str) -> list[AuditEntry]:
    with services.database.reading() as session:
        query = select(AuditEntry).where(AuditEntry.subject == f"matter:{matter_id}")
        return list(session.scalars(query.order_by(AuditEntry.seq)))


def acts(services: Services, matter_id: str) -> list[str]:
    return [each.action.removeprefix("matter.") for each in entries(services, matter_id)]


def line_of(view: MatterView, code: str) -> str:
    return next(each.id for each in view.materials if each.code == code)


def set_state(services: Services, matter_id: str, state: MatterState) -> None:
    """As the office would."""
    with services.database.transaction() as session:
        session.get_one(Matter, matter_id).state = state


def test_from_the_deposit_to_the_office(
    services: Services, matters: MatterService, actor: Actor, deposit: Deposit, notary: Actor
) -> None:
    matter_id = matters.create(actor, deposit.id)
    begun = matters.view(actor, matter_id)
    assert (begun.state, begun.template, begun.side) == ("draft", "preservation", "applicant")
    assert begun.number.startswith("MA")
    assert deposit.sha256 in begun.application.facts
    assert {each.code for each in begun.missing} == {"purpose", "applicant", "notice"}
    complete(matters, actor, matter_id)
    assert matters.view(actor, matter_id).missing == ()
    matters.submit(actor, matter_id)
    seen = matters.office_view(notary, matter_id)
    assert (seen.state, seen.side, seen.may_change) == ("submitted", "office", False)
    assert seen.application.purpose == "诉讼举证 / Evidence in court proceedings"
    assert [each.masked_name for each in seen.parties] == ["张**"]
    assert ID_CARD not in repr(seen)
    assert "13800138000" not in repr(seen)
    assert seen.informed is not None
    assert seen.informed.current
    assert acts(services, matter_id) == [
        "created",
        "described",
        "party_added",
        "document_handed_in",
        "informed",
        "submitted",
    ]
    with services.database.reading() as session:
        assert verify_chain(session).ok


def test_an_unsealed_deposit_has_no_certificate(
    services: Services, matters: MatterService, actor: Actor
) -> None:
    fresh = put(services.deposits, actor)
    with pytest.raises(Conflict, match="not sealed yet"):
        matters.create(actor, fresh.id)


def test_beginning_twice_gives_one_draft(
    matters: MatterService, actor: Actor, deposit: Deposit
) -> None:
    assert matters.create(actor, deposit.id) == matters.create(actor, deposit.id)
    assert len(matters.list(actor).items) == 1


def test_a_template_that_does_not_fit(
    matters: MatterService, actor: Actor, deposit: Deposit
) -> None:
    with pytest.raises(BadInput):
        matters.create(actor, deposit.id, "draw")


def test_the_usual_words_follow_the_choice(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    begun = matters.view(actor, draft).application
    matters.save(actor, draft, dataclasses.replace(begun, purpose_code="litigation"))
    known = matters.view(actor, draft).application
    assert known.purpose == "诉讼举证 / Evidence in court proceedings"
    changed = dataclasses.replace(known, purpose_code="arbitration", language="zh")
    matters.save(actor, draft, changed)
    known = matters.view(actor, draft).application
    assert known.purpose == "仲裁举证"
    assert known.facts == begun.facts.split("\n")[0]
    own = dataclasses.replace(known, purpose="向某某仲裁委员会举证", facts="我的话", language="en")
    matters.save(actor, draft, own)
    assert matters.view(actor, draft).application == own


def test_strangers_find_nothing(
    services: Services,
    matters: MatterService,
    actor: Actor,
    stranger: Actor,
    submitted: str,
    deposit: Deposit,
) -> None:
    view = matters.view(actor, submitted)
    document = view.materials[0].documents[0].id
    before = acts(services, submitted)
    attempts = [
        lambda: matters.create(stranger, deposit.id),
        lambda: matters.view(stranger, submitted),
        lambda: matters.office_view(stranger, submitted),
        lambda: matters.particulars(stranger, submitted, view.parties[0].id),
        lambda: matters.document(stranger, submitted, document),
        lambda: matters.everything(stranger, submitted),
        lambda: matters.messages(stranger, submitted),
        lambda: matters.post(stranger, submitted, "x"),
        lambda: matters.withdraw(stranger, submitted, "mistake"),
        lambda: matters.submit(stranger, submitted),
        lambda: matters.save(stranger, submitted, WANTED),
        lambda: matters.discard(stranger, submitted),
        lambda: confirm(matters, stranger, submitted),
        lambda: hand_in(matters, stranger, submitted, view.materials[0].id),
        lambda: matters.take_back(stranger, submitted, document),
        lambda: matters.add_party(stranger, submitted, PERSON),
        lambda: matters.custody(stranger, submitted),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert acts(services, submitted) == before
    assert matters.list(stranger).items == ()


def test_what_was_never_submitted_is_none_of_the_offices(
    matters: MatterService, draft: str, notary: Actor, auditor: Actor
) -> None:
    for who in (notary, auditor):
        with pytest.raises(NotFound):
            matters.office_view(who, draft)
        with pytest.raises(NotFound):
            matters.messages(who, draft)


def test_every_look_at_particulars_and_documents_is_recorded(
    services: Services,
    matters: MatterService,
    actor: Actor,
    notary: Actor,
    auditor: Actor,
    submitted: str,
) -> None:
    view = matters.view(actor, submitted)
    party, document = view.parties[0].id, view.materials[0].documents[0].id
    before = len(acts(services, submitted))
    for who in (actor, notary, auditor):
        known = matters.particulars(who, submitted, party)
        assert (known.name, known.number, known.phone) == ("张三", ID_CARD, "13800138000")
        download = matters.document(who, submitted, document)
        assert b"".join(download.stream) == PDF
        assert download.media_type == "application/octet-stream"
    looked = entries(services, submitted)[before:]
    assert [each.actor_id for each in looked] == [
        who.id for who in (actor, notary, auditor) for _ in range(2)
    ]
    assert {each.action for each in looked} == {
        "matter.particulars_read",
        "matter.document_read",
    }
    assert json.loads(looked[-1].detail)["side"] == "office"
    assert all("张三" not in each.detail and ID_CARD not in each.detail for each in looked)


def test_looking_at_the_page_unseals_nothing_for_others(
    services: Services, matters: MatterService, submitted: str, notary: Actor
) -> None:
    before = acts(services, submitted)
    matters.office_view(notary, submitted)
    assert acts(services, submitted) == before


def test_a_notary_who_keeps_away_does_not_look_either(
    services: Services, matters: MatterService, actor: Actor, notary: Actor, submitted: str
) -> None:
    party = matters.view(actor, submitted).parties[0].id
    with services.database.transaction() as session:
        session.add(
            MatterConflict(
                matter_id=submitted,
                notary_id=notary.id,
                reason="亲属",
                by=notary.id,
                at=services.clock(),
            )
        )
    with pytest.raises(Forbidden, match="keep away"):
        matters.particulars(notary, submitted, party)
    with pytest.raises(Forbidden, match="keep away"):
        matters.messages(notary, submitted)


def test_nobody_is_the_office_in_a_matter_of_their_own(
    services: Services, matters: MatterService, make_user: MakeUser
) -> None:
    both = actor_of(make_user("depositor", "notary", name="公证员兼申请人"))
    matter_id = matters.create(both, sealed(services, both).id)
    complete(matters, both, matter_id)
    matters.submit(both, matter_id)
    party = matters.view(both, matter_id).parties[0].id
    matters.particulars(both, matter_id, party)
    assert json.loads(entries(services, matter_id)[-1].detail)["side"] == "applicant"
    matters.post(both, matter_id, "请尽快办理")
    assert matters.messages(both, matter_id)[0].side == "applicant"


def test_particulars_are_sealed_in_the_database(
    services: Services, matters: MatterService, draft: str, actor: Actor
) -> None:
    matters.add_party(actor, draft, PERSON)
    with services.database.reading() as session:
        row = session.scalars(select(MatterParty)).one()
        assert "张三".encode() not in row.sealed
        assert ID_CARD.encode() not in row.sealed
        assert row.masked_name == "张**"


WRONG_PARTICULARS: list[tuple[dict[str, str], str]] = [
    ({"number": "110105194912310021"}, "number"),
    ({"number": ""}, "number"),
    ({"name": ""}, "name"),
    ({"name": "张\x1b三"}, "name"),
    ({"document": "business-licence"}, "document"),
    ({"document": "library-card"}, "document"),
    ({"country": "XX"}, "country"),
    ({"role": "king"}, "role"),
    ({"kind": "robot"}, "kind"),
    ({"role": "agent"}, "acts_for"),
    ({"role": "agent", "acts_for": "nobody"}, "acts_for"),
    ({"name": "张" * 201}, "name"),
    ({"name": "a\ud800b"}, "name"),
    ({"address": "a\x00b"}, "address"),
    ({"kind": "organisation", "document": "business-licence", "number": "123"}, "number"),
]


def test_particulars_that_cannot_be_so_name_their_field(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    for change, field in WRONG_PARTICULARS:
        with pytest.raises(BadInput) as caught:
            matters.add_party(actor, draft, dataclasses.replace(PERSON, **change))
        assert caught.value.field == field, change
    assert matters.view(actor, draft).parties == ()


def test_names_stay_the_text_they_are(matters: MatterService, actor: Actor, draft: str) -> None:
    names = ("<script>alert(1)</script>", '#read("/etc/passwd")', "\u202e三张", "𠮷野家", "O'B; --")
    for name in names:
        party = matters.add_party(actor, draft, dataclasses.replace(PERSON, name=name))
        assert matters.particulars(actor, draft, party).name == name


def test_a_form_on_its_way_keeps_what_is_wrong_and_says_so(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    half = dataclasses.replace(PERSON, number="1101")
    party = matters.add_party(actor, draft, half, partial=True)
    missing = [each for each in matters.view(actor, draft).missing if each.step == "parties"]
    assert [each.code for each in missing] == ["party_number"]
    assert missing[0].params["name"] == "张**"
    matters.change_party(actor, draft, party, PERSON)
    assert not [each for each in matters.view(actor, draft).missing if each.step == "parties"]


def test_an_agent_acts_for_somebody_and_shows_an_authority(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    principal = matters.add_party(actor, draft, PERSON)
    agent = matters.add_party(
        actor,
        draft,
        PartyFields(
            role="agent", name="李律师", document="passport", number="E1234", acts_for=principal
        ),
    )
    codes = [(each.code, each.party_id) for each in matters.view(actor, draft).materials]
    assert codes == [("identity", principal), ("identity", agent), ("authority", agent)]
    with pytest.raises(BadInput):  # nobody acts for an agent
        matters.add_party(
            actor,
            draft,
            PartyFields(role="agent", name="某", document="passport", number="E1", acts_for=agent),
        )
    matters.remove_party(actor, draft, principal)
    view = matters.view(actor, draft)
    assert [each.acts_for for each in view.parties] == [None]
    assert {each.code for each in view.missing} >= {"applicant", "agent_for_nobody"}


def test_an_organisation_needs_a_person_who_acts_for_it(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    company = PartyFields(
        kind="organisation", name="甲公司", document="business-licence", number=CREDIT_CODE
    )
    principal = matters.add_party(actor, draft, company)
    assert "organisation_alone" in {each.code for each in matters.view(actor, draft).missing}
    agent = dataclasses.replace(PERSON, role="agent", acts_for=principal)
    matters.add_party(actor, draft, agent)
    assert "organisation_alone" not in {each.code for each in matters.view(actor, draft).missing}
    assert matters.view(actor, draft).parties[0].masked_name == "甲公司"


def test_of_others_concerned_no_papers_are_asked(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    matters.add_party(actor, draft, PartyFields(role="interested", name="乙公司"))
    assert matters.view(actor, draft).materials == ()


def test_a_party_that_goes_takes_its_documents_along(
    services: Services, matters: MatterService, actor: Actor, draft: str
) -> None:
    party = matters.add_party(actor, draft, PERSON)
    hand_in(matters, actor, draft, line_of(matters.view(actor, draft), "identity"))
    keys = kept(services)
    assert len(keys) == 1
    matters.remove_party(actor, draft, party)
    assert kept(services) == []
    assert not services.vault.exists(keys[0])


def kept(services: Services) -> list[str]:
    with services.database.reading() as session:
        return [key for key in session.scalars(select(MatterDocument.vault_key)) if key]


def test_claiming_copyright_asks_for_proof_of_it_and_back(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    claim = dataclasses.replace(WANTED, purpose_code="copyright")
    matters.save(actor, draft, claim)
    assert "ownership" in {each.code for each in matters.view(actor, draft).materials}
    matters.save(actor, draft, WANTED)
    assert "ownership" not in {each.code for each in matters.view(actor, draft).materials}


def test_an_application_that_cannot_be_so_names_its_field(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"purpose_code": ""}, "purpose_code"),
        ({"purpose_code": "revenge"}, "purpose_code"),
        ({"purpose_code": "other"}, "purpose"),
        ({"facts": "  "}, "facts"),
        ({"facts": "x" * 4001}, "facts"),
        ({"destination": "ZZZ"}, "destination"),
        ({"language": "fr"}, "language"),
        ({"copies": 0}, "copies"),
        ({"copies": 21}, "copies"),
    ]
    before = matters.view(actor, draft).application
    for change, field in wrong:
        with pytest.raises(BadInput) as caught:
            matters.save(actor, draft, dataclasses.replace(WANTED, **change))
        assert caught.value.field == field, change
    assert matters.view(actor, draft).application == before


def test_a_file_is_what_its_bytes_say(
    services: Services, matters: MatterService, actor: Actor, draft: str
) -> None:
    matters.add_party(actor, draft, PERSON)
    line = line_of(matters.view(actor, draft), "identity")
    for content, filename in (
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "scan.png"),
        (b"<!doctype html><script>alert(1)</script>", "id.pdf"),
        (b"MZ\x90\x00" + bytes(64), "id.jpg"),
        (b"\x7fELF" + bytes(64), "id.pdf"),
        (b"PK\x03\x04" + bytes(64), "id.docx"),
        (b"GIF89a" + bytes(64), "id.gif"),
        (b" %PDF-1.7", "id.pdf"),
        (b"plain text", "id.txt"),
    ):
        with pytest.raises(BadInput, match="kinds of file"):
            hand_in(matters, actor, draft, line, content, filename)
    assert kept(services) == []
    assert not [key for key, _, _ in services.vault.kept() if key.startswith("matter/")]
    assert "material_identity" in {each.code for each in matters.view(actor, draft).missing}


def test_an_empty_file_and_one_over_the_limit(
    services: Services, matters: MatterService, actor: Actor, draft: str
) -> None:
    matters.add_party(actor, draft, PERSON)
    line = line_of(matters.view(actor, draft), "identity")
    with pytest.raises(BadInput, match="empty"):
        hand_in(matters, actor, draft, line, b"")
    limit = services.settings.matter_document_bytes
    assert matters.document_limit == limit
    with pytest.raises(TooLarge):
        matters.intake().write(PDF + bytes(limit))


def test_the_type_is_sniffed_and_the_name_follows(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    matters.add_party(actor, draft, PERSON)
    line = line_of(matters.view(actor, draft), "identity")
    document = hand_in(matters, actor, draft, line, PNG, "..\\..\\evil\u202egnp.pdf")
    view = matters.view(actor, draft).materials[0].documents[0]
    assert view.media_type == "image/png"
    assert matters.document(actor, draft, document).filename == "evilgnp.pdf.png"


def test_taking_back_and_replacing(
    services: Services, matters: MatterService, actor: Actor, draft: str
) -> None:
    matters.add_party(actor, draft, PERSON)
    line = line_of(matters.view(actor, draft), "identity")
    first = hand_in(matters, actor, draft, line)
    [key] = kept(services)
    matters.take_back(actor, draft, first)
    matters.take_back(actor, draft, first)
    assert not services.vault.exists(key)
    view = matters.view(actor, draft).materials[0]
    assert (view.state, view.there) == ("missing", ())
    with pytest.raises(NotFound):
        matters.document(actor, draft, first)
    hand_in(matters, actor, draft, line, PNG)
    assert matters.view(actor, draft).materials[0].state == "handed-in"


def test_handing_in_for_somebody_elses_line(
    services: Services, matters: MatterService, actor: Actor, draft: str, stranger: Actor
) -> None:
    other = matters.create(stranger, sealed(services, stranger).id)
    matters.add_party(stranger, other, PERSON)
    line = line_of(matters.view(stranger, other), "identity")
    with pytest.raises(NotFound):
        hand_in(matters, actor, draft, line)
    with pytest.raises(NotFound):
        hand_in(matters, actor, other, line)
    assert kept(services) == []


def test_the_wrong_words_are_not_confirmed(
    matters: MatterService, actor: Actor, draft: str
) -> None:
    notice = notices.current()
    for edition, sha256 in (("2025-9", notice.sha256), (notice.edition, "0" * 64), ("", "é")):
        with pytest.raises(BadInput, match="words in force"):
            matters.confirm_informed(actor, draft, edition, sha256)
    assert matters.view(actor, draft).informed is None


def test_what_is_missing_is_said_by_name(matters: MatterService, actor: Actor, draft: str) -> None:
    matters.save(actor, draft, WANTED)
    matters.add_party(actor, draft, PERSON)
    with pytest.raises(NotComplete) as caught:
        matters.submit(actor, draft)
    assert [each.code for each in caught.value.missing] == ["material_identity", "notice"]
    assert "The identity document of 张** is not handed in yet." in str(caught.value)
    assert matters.view(actor, draft).state == "draft"


def test_nothing_changes_after_submission(
    matters: MatterService, actor: Actor, submitted: str
) -> None:
    view = matters.view(actor, submitted)
    party, document = view.parties[0].id, view.materials[0].documents[0].id
    for attempt in (
        lambda: matters.submit(actor, submitted),
        lambda: matters.save(actor, submitted, dataclasses.replace(WANTED, copies=3)),
        lambda: matters.add_party(actor, submitted, PERSON),
        lambda: matters.change_party(actor, submitted, party, PERSON),
        lambda: matters.remove_party(actor, submitted, party),
        lambda: matters.take_back(actor, submitted, document),
        lambda: matters.discard(actor, submitted),
        lambda: confirm(matters, actor, submitted),
        lambda: matters.suggested(actor, submitted, own=False),
    ):
        with pytest.raises(Conflict):
            attempt()
    assert matters.view(actor, submitted) == view


def test_material_asked_later_is_handed_in(
    services: Services, matters: MatterService, actor: Actor, notary: Actor, submitted: str
) -> None:
    with services.database.transaction() as session:
        line = MatterMaterial(
            matter_id=submitted,
            code="other",
            note="合同原件照片",
            asked_by=notary.id,
            asked_at=services.clock(),
        )
        done = MatterMaterial(
            matter_id=submitted,
            code="other",
            note="",
            state="accepted",
            asked_by=notary.id,
            asked_at=services.clock(),
        )
        session.add_all([line, done, _assigned(services, submitted, notary)])
    [asked] = matters.view(actor, submitted).asked
    assert (asked.note, asked.asked_by, asked.takes) == ("合同原件照片", "公证员王", True)
    assert matters.list(actor).items[0].asked == 1
    hand_in(matters, actor, submitted, line.id)
    assert matters.view(actor, submitted).asked == ()
    assert [each.subject for each in mails(services)][-1].startswith("公证申请 MA")
    with pytest.raises(Conflict):
        hand_in(matters, actor, submitted, done.id)


def _assigned(services: Services, matter_id: str, notary: Actor) -> MatterAssignment:
    return MatterAssignment(
        matter_id=matter_id,
        notary_id=notary.id,
        part="first",
        by=notary.id,
        at=services.clock(),
    )


def mails(services: Services) -> list[OutboxMail]:
    with services.database.reading() as session:
        return list(session.scalars(select(OutboxMail).order_by(OutboxMail.created_at)))


def test_messages_and_what_is_unread(
    services: Services, matters: MatterService, actor: Actor, notary: Actor, submitted: str
) -> None:
    with services.database.transaction() as session:
        session.add(_assigned(services, submitted, notary))
    before = len(mails(services))
    matters.post(actor, submitted, "何时可以办好？")
    matters.post(actor, submitted, "<b>另外</b>，需要英文件。")
    assert len(mails(services)) == before + 1  # not one for each
    assert mails(services)[-1].recipient.endswith("@example.com")
    assert matters.office_view(notary, submitted).unread == 2
    assert next(each.text for each in matters.messages(notary, submitted)) == "何时可以办好？"
    assert matters.office_view(notary, submitted).unread == 0
    matters.post(notary, submitted, "十五个工作日内。")
    assert matters.list(actor).items[0].unread == 1
    matters.messages(actor, submitted)
    assert matters.view(actor, submitted).unread == 0
    text = services.mail._box.open(
        mails(services)[-1].sealed or b"", "mail", mails(services)[-1].id
    ).decode()
    assert "十五" not in text
    assert "张" not in text
    assert f"/my/matters/{submitted}" in text


def test_an_auditor_reads_over_the_shoulder(
    matters: MatterService, actor: Actor, auditor: Actor, submitted: str
) -> None:
    matters.post(actor, submitted, "您好")
    matters.messages(auditor, submitted)
    assert matters.office_view(auditor, submitted).unread == 1
    with pytest.raises(NotFound):
        matters.post(auditor, submitted, "x")


def test_messages_have_bounds(matters: MatterService, actor: Actor, submitted: str) -> None:
    for text in ("", "  \n", "x" * 4001, "a\x00"):
        with pytest.raises(BadInput):
            matters.post(actor, submitted, text)
    assert matters.messages(actor, submitted) == ()


def test_withdrawing(
    services: Services, matters: MatterService, actor: Actor, submitted: str
) -> None:
    for reason, note in (("boredom", ""), ("other", " ")):
        with pytest.raises(BadInput):
            matters.withdraw(actor, submitted, reason, note)
    set_state(services, submitted, MatterState.ACCEPTED)
    matters.withdraw(actor, submitted, "settled", "已和解")
    view = matters.view(actor, submitted)
    assert (view.state, view.ended_reason, view.ended_note) == ("withdrawn", "settled", "已和解")
    assert view.due_on is None
    with pytest.raises(Conflict):
        matters.withdraw(actor, submitted, "settled")
    with pytest.raises(Conflict):
        matters.post(actor, submitted, "doch")
    with pytest.raises(Conflict):
        hand_in(matters, actor, submitted, view.materials[0].id)


def test_discarding_leaves_nothing_but_the_log(
    services: Services, matters: MatterService, actor: Actor, draft: str
) -> None:
    complete(matters, actor, draft)
    [key] = kept(services)
    matters.discard(actor, draft)
    with services.database.reading() as session:
        for table in (Matter, MatterParty, MatterMaterial, MatterDocument):
            assert session.scalars(select(table)).all() == []
    assert not services.vault.exists(key)
    assert acts(services, draft)[-1] == "discarded"


def test_in_an_organisation(
    services: Services, matters: MatterService, make_user: MakeUser
) -> None:
    people = {role: actor_of(make_user(name=role)) for role in ("manager", "member", "reader")}
    company = organisation_with(services, **people)
    manager, member, reader = (
        acting(people[role], company, role) for role in ("manager", "member", "reader")
    )
    deposit = sealed(services, manager)
    with pytest.raises(Forbidden):
        matters.create(reader, deposit.id)
    matter_id = matters.create(member, deposit.id)
    assert matters.create(manager, deposit.id) == matter_id
    suggested = matters.suggested(member, matter_id, own=False)
    assert (suggested.kind, suggested.name) == ("organisation", "甲公司")
    assert matters.view(manager, matter_id).may_change
    assert matters.list(manager).items[0].id == matter_id
    assert not matters.view(reader, matter_id).may_change
    for attempt in (
        lambda: matters.save(reader, matter_id, WANTED),
        lambda: matters.add_party(reader, matter_id, PERSON),
        lambda: matters.submit(reader, matter_id),
        lambda: matters.discard(reader, matter_id),
        lambda: confirm(matters, reader, matter_id),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert matters.list(people["member"]).items == ()  # acting for herself she has none


def test_the_checked_identity_is_there_already(
    services: Services, matters: MatterService, actor: Actor, draft: str, notary: Actor
) -> None:
    plain = matters.suggested(actor, draft, own=False)
    assert (plain.name, plain.number) == (actor.name, "")
    identities = services.accounts.identities
    identities.submit(actor, IdentityRecord("张三丰", "id-card", "CN", ID_CARD))
    assert matters.suggested(actor, draft, own=True).number == ""
    seen = identities.standing(actor.id).edition
    identities.decide(notary, actor.id, "document-checked", seen=seen)
    known = matters.suggested(actor, draft, own=True)
    assert (known.name, known.number, known.role) == ("张三丰", ID_CARD, "applicant")


def test_the_list_and_its_filters(
    services: Services, matters: MatterService, actor: Actor, submitted: str
) -> None:
    other = matters.create(actor, sealed(services, actor, title="现场照片").id)
    assert [each.id for each in matters.list(actor).items] == [other, submitted]
    found = matters.list(actor, MatterFilter(state="submitted")).items
    assert [each.id for each in found] == [submitted]
    found = matters.list(actor, MatterFilter(text="现场")).items
    assert [each.id for each in found] == [other]
    first = matters.list(actor, size=1)
    assert [each.id for each in matters.list(actor, cursor=first.cursor, size=1).items] == [
        submitted
    ]
    with pytest.raises(BadInput):
        matters.list(actor, cursor="nonsense")


def test_everything_one_handed_in(
    services: Services, matters: MatterService, actor: Actor, submitted: str
) -> None:
    data = b"".join(matters.everything(actor, submitted).stream)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["application.json", "documents/01-身份证.pdf"]
        assert archive.read("documents/01-身份证.pdf") == PDF
        stated = json.loads(archive.read("application.json"))
    assert stated["parties"][0]["number"] == ID_CARD
    assert acts(services, submitted)[-1] == "exported"
