"""Issuing: everything at once or nothing, one number for one certificate, and each refusal."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from portal.certificates import issuing, making
from portal.certificates.models import Certificate
from portal.checks.models import Check
from portal.matters.models import Matter
from portal.problems import BadInput, Conflict, NotFound, PortalError, Unavailable
from portal.storage.files import FileVault
from portal.verification.further import further_checks
from tests.portal.certificates.conftest import SECRET, Desk
from timestamping.errors import TsaUnavailable
from timestamping.package import verify_package
from timestamping.pdf.sealer import Sealer
from timestamping.trust import TrustStore


def test_a_certificate_is_numbered_signed_deposited_and_found(
    desk: Desk, matter_id: str, tmp_path: Path
) -> None:
    certificate_id = desk.approved(matter_id)
    key = desk.key()
    proposal = desk.certificates.proposal(desk.notary, certificate_id)
    assert not proposal.problems
    assert str(proposal.number).endswith("-DEMO-000001")
    done = desk.issue(certificate_id, key)
    assert (done.number, done.replayed) == (proposal.number, False)
    assert desk.issue(certificate_id, key).replayed
    view = desk.certificates.view(desk.applicant, certificate_id)
    assert (view.state, view.status, view.number) == ("issued", "in-force", done.number)
    matter = desk.matter_of(certificate_id)
    assert (matter.state, matter.ended_at) == ("issued", view.issued_at)
    assert desk.log(f"certificate:{certificate_id}")[-1] == "certificate.issued"
    assert "matter.issued" in desk.log(matter.subject)
    assert desk.mails[-1][0] == desk.applicant_user.email
    assert str(done.number) in desk.mails[-1][1]
    desk.run()
    deposit = desk.deposits.get(desk.applicant, view.deposit_id or "")
    assert (deposit.kind, deposit.state, deposit.file_count) == ("notarial", "issued", 4)
    package = tmp_path / "certificate.zip"
    stream = desk.deposits.package(desk.applicant, deposit.id, True).stream
    package.write_bytes(b"".join(stream))
    report = verify_package(package, trust=desk.tools.trust(), more=further_checks)
    assert report.failed is None, report.failed
    with zipfile.ZipFile(package) as archive:
        pdf = archive.read(next(n for n in archive.namelist() if n.endswith("certificate.pdf")))
        inner = archive.read(next(n for n in archive.namelist() if n.endswith("package.zip")))
    assert pdf == b"".join(
        desk.certificates.pdf(desk.applicant, certificate_id, "applicant").stream
    )
    assert not any("files/" in n for n in zipfile.ZipFile(io.BytesIO(inner)).namelist())
    public = desk.certificates.find(str(done.number))
    assert public == desk.certificates.find_by_digest(view.pdf_sha256 or "")
    assert (public.status, public.deposit_number) == ("in-force", deposit.number)
    copies = desk.certificates.copies(desk.notary, certificate_id)
    assert [(copy.n, copy.how) for copy in copies] == [(1, "download"), (2, None)]
    assert not desk.certificates.gaps(desk.notary)


def test_a_second_notary_signs_as_well(desk: Desk) -> None:
    matter_id = desk.matter(desk.deposit(), second_needed=True)
    certificate_id = desk.approved(matter_id)
    key, other = desk.key(), desk.key(desk.second_user, "another password")
    with pytest.raises(BadInput, match="signs as well"):
        desk.issue(certificate_id, key)
    with pytest.raises(NotFound):  # the first one's key is not the second one's
        desk.issue(certificate_id, key, second=(key, SECRET))
    with pytest.raises(BadInput, match="password or PIN"):
        desk.issue(certificate_id, key, second=(other, SECRET))
    desk.issue(certificate_id, key, second=(other, "another password"))
    assert '"name":"赵公证"' in (desk.row(certificate_id).record or "")


def test_a_double_click_gives_one_number_and_one_certificate(desk: Desk, matter_id: str) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()
    twin = desk.over()  # another process: another lock
    found = race(lambda: desk.issue(certificate_id, key), lambda: twin.issue(certificate_id, key))
    assert len({each.number for each in found}) == 1
    assert sorted(each.replayed for each in found) == [False, True]
    with desk.tools.database.reading() as session:
        assert session.query(Certificate).count() == 1
    assert not desk.certificates.gaps(desk.notary)
    page = desk.deposits.page(desk.applicant)
    assert sum(each.kind == "notarial" for each in page.items) == 1


def test_two_certificates_at_once_get_two_numbers(desk: Desk, matter_id: str) -> None:
    key, twin = desk.key(), desk.over()
    first, second = desk.approved(matter_id), desk.approved(desk.matter(desk.deposit()))
    found = race(lambda: desk.issue(first, key), lambda: twin.issue(second, key))
    assert sorted(each.number.serial for each in found) == [1, 2]
    assert not desk.certificates.gaps(desk.notary)
    figures = desk.certificates.statistics(desk.notary)
    assert (figures.total, figures.certificates, figures.in_force) == (2, 2, 2)


def test_a_death_between_signature_and_transaction_leaves_no_gap(
    desk: Desk, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()

    class Killed(BaseException):
        """As SIGKILL: nobody cleans up."""

    with monkeypatch.context() as patched:
        patched.setattr(issuing.Issuing, "_write", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            desk.issue(certificate_id, key)
    assert desk.row(certificate_id).state == "approved"
    assert not desk.certificates.gaps(desk.notary)

    def torn(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:  # inside the transaction, the number already taken
        patched.setattr(issuing, "record_many", torn)
        with pytest.raises(Killed):
            desk.issue(certificate_id, key)
    assert desk.issue(certificate_id, key).number.serial == 1
    assert not desk.certificates.gaps(desk.notary)


def test_refusals_say_why_and_change_nothing(desk: Desk, matter_id: str) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()

    def refused(error: type[PortalError], match: str, key_id: str = key, **more: object) -> None:
        with pytest.raises(error, match=match):
            desk.issue(certificate_id, key_id, **more)
        assert desk.row(certificate_id).state == "approved"
        assert desk.matter_of(certificate_id).state == "accepted"

    with pytest.raises(BadInput, match="password or PIN is wrong"):
        desk.certificates.issue(desk.notary, certificate_id, key, "wrong", 1)
    refused(NotFound, "no such key", desk.key(desk.second_user))
    with pytest.raises(Conflict, match="changed since you looked"):
        desk.certificates.issue(desk.notary, certificate_id, key, SECRET, 9)
    desk.clock.forward(hours=25)
    refused(Conflict, "older than 24 hours")
    desk.clock.forward(hours=-25)
    with desk.tools.database.transaction() as session:
        session.get_one(Matter, matter_id).revision += 1
    refused(Conflict, "changed after the approval")
    with desk.tools.database.transaction() as session:
        session.get_one(Matter, matter_id).revision -= 1
    row = desk.row(certificate_id)
    for outcome in ("fail", "unknown"):
        _falsify(desk, row.check_id or "", outcome)
        refused(Conflict, "no certificate can be issued" if outcome == "fail" else "no reason")
    desk.tools.pki.revoke(_certificate(desk, key))
    refused(BadInput, "was revoked")


def test_a_key_revoked_while_it_signs_issues_nothing(
    desk: Desk, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()
    make = making.Making.make

    def slow(self: making.Making, prepared: making.Prepared) -> making.Made:
        made = make(self, prepared)
        desk.tools.pki.revoke(_certificate(desk, key))
        return made

    kept = len(list(desk.tools.vault.kept()))
    monkeypatch.setattr(making.Making, "make", slow)
    with pytest.raises(Conflict, match="was revoked"):
        desk.issue(certificate_id, key)
    assert desk.row(certificate_id).state == "approved"
    assert len(list(desk.tools.vault.kept())) == kept
    assert not desk.certificates.gaps(desk.notary)


def test_originals_lost_or_damaged_and_roots_withdrawn_are_told_never_certified(
    desk: Desk, matter_id: str
) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()
    deposit = desk.deposits.get(desk.applicant, desk.matter_of(certificate_id).deposit_id)
    trusting = desk.tools.stamper.trust
    stamper = _Distrusted(desk.tools.stamper)
    with pytest.raises(Conflict, match="not believed any more"):
        desk.over(stamper=stamper).issue(certificate_id, key)
    assert trusting().roots
    vault = desk.tools.vault
    assert isinstance(vault, FileVault)
    path = vault.path(str(deposit.vault_key))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + bytes(20))
    with pytest.raises(Conflict, match="damaged in storage"):
        desk.issue(certificate_id, key)
    path.unlink()
    with pytest.raises(Conflict, match="missing from storage"):
        desk.issue(certificate_id, key)
    path.write_bytes(whole)
    assert desk.issue(certificate_id, key).number.serial == 1


def test_without_a_time_stamp_nothing_is_issued_and_pressing_again_helps(
    desk: Desk, matter_id: str
) -> None:
    certificate_id, key = desk.approved(matter_id), desk.key()

    class Down:
        def __getattr__(self, name: str) -> object:
            return getattr(desk.tools.stamper, name)

        def stamp(self, *_: object, **__: object) -> object:
            raise TsaUnavailable("the authority is down")

    sealer = Sealer(
        desk.tools.pki.seal,
        Down(),  # type: ignore[arg-type]
        desk.tools.pki.trust,
        name="示例公证处",
    )
    with pytest.raises(Unavailable, match="no number was used"):
        desk.over(sealer=sealer).issue(certificate_id, key)
    assert desk.issue(certificate_id, key).number.serial == 1


@pytest.mark.parametrize(
    "name",
    ['#eval("1") $x$ *b* [c] <script>alert(1)</script>', "=cmd()|'/c calc'!A1"],
)
def test_a_party_may_be_called_anything(desk: Desk, name: str) -> None:
    certificate_id = desk.issued(desk.matter(desk.deposit(), names=(name,)))
    assert name in (desk.row(certificate_id).record or "").replace('\\"', '"')


def test_a_name_that_nobody_can_read_is_told(desk: Desk) -> None:
    certificate_id = desk.approved(desk.matter(desk.deposit(), names=("Mallory \u202egnp.exe",)))
    with pytest.raises(BadInput, match="cannot stand on a certificate"):
        desk.issue(certificate_id)
    assert desk.row(certificate_id).state == "approved"


class _Distrusted:
    """A stamper whose roots an operator took away."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def trust(self) -> TrustStore:
        return TrustStore()


def race(*jobs):  # type: ignore[no-untyped-def]
    """What each of ``jobs`` gave, all begun at once."""
    found: list[object] = []
    barrier = threading.Barrier(len(jobs))

    def run(job) -> None:  # type: ignore[no-untyped-def]
        barrier.wait()
        found.append(job())

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(jobs)
    return found


def _certificate(desk: Desk, key_id: str) -> bytes:
    from portal.certificates.models import NotaryKey

    with desk.tools.database.reading() as session:
        return session.get_one(NotaryKey, key_id).certificate


def _falsify(desk: Desk, check_id: str, outcome: str) -> None:
    """The machine found something else for the time."""
    import json

    import rfc8785

    with desk.tools.database.transaction() as session:
        row = session.get_one(Check, check_id)
        document = json.loads(row.document or b"{}")
        document["groups"]["time"]["outcome"] = outcome
        row.document = rfc8785.dumps(document)
        row.outcome = outcome
