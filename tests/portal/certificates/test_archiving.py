"""A matter is closed: its volume is made, deposited, and judged by a stranger with empty hands."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from portal.certificates import archiving
from portal.certificates.models import ArchiveVolume
from portal.deposits.models import Deposit
from portal.matters.models import MatterMessage, MatterPause
from portal.problems import Conflict, Forbidden
from portal.services import Services
from portal.verification.further import further_checks
from portal.verification.offline import main
from tests.portal.certificates.conftest import NAME, Desk
from tests.timestamping.evidence import flipped, repack
from timestamping.package import verify_package


def make(desk: Desk) -> int:
    return desk.certificates.sidelines()[0].advance()


def volume_of(desk: Desk, matter_id: str) -> ArchiveVolume:
    with desk.tools.database.reading() as session:
        return session.get_one(ArchiveVolume, matter_id)


def talk(desk: Desk, matter_id: str) -> None:
    """What else belongs to a matter."""
    now = desk.tools.clock()
    with desk.tools.database.transaction() as session:
        session.add(
            MatterMessage(
                matter_id=matter_id,
                side="applicant",
                author_id=desk.applicant.id,
                text="请问何时可以领取？\n#eval(1) <b>谢谢</b>",
                at=now,
            )
        )
        session.add(
            MatterPause(
                matter_id=matter_id,
                reason="supplement",
                note="等待授权书",
                by=desk.notary.id,
                begun_at=now - timedelta(days=2),
                ended_at=now - timedelta(days=1),
                ended_by=desk.notary.id,
            )
        )


def test_from_the_button_to_a_strangers_verdict(
    desk: Desk, matter_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Conflict):
        desk.certificates.archive(desk.notary, matter_id)  # nothing is out yet
    certificate_id = desk.issued(matter_id)
    talk(desk, matter_id)
    with pytest.raises(Forbidden):
        desk.certificates.archive(desk.second, matter_id)
    desk.certificates.archive(desk.notary, matter_id)
    desk.certificates.archive(desk.notary, matter_id)  # asking again changes nothing

    assert make(desk) == 1  # the certificate's own deposit has no letter yet
    waiting = volume_of(desk, matter_id)
    assert (waiting.state, waiting.deposit_id) == ("waiting", None)
    assert "no letter yet" in (waiting.trouble or "")
    desk.run()
    desk.clock.forward(minutes=6)
    assert make(desk) == 1
    assert make(desk) == 0
    made = volume_of(desk, matter_id)
    assert (made.state, made.trouble) == ("made", None)
    assert desk.matter_of(certificate_id).state == "archived"
    assert "matter.archived" in desk.log(f"matter:{matter_id}")
    desk.run()
    deposit = desk.deposits.get(desk.applicant, made.deposit_id or "")
    assert (deposit.kind, deposit.state, deposit.file_count) == ("volume", "issued", 4)

    package = tmp_path / "volume.zip"
    stream = desk.deposits.package(desk.applicant, deposit.id, True).stream
    package.write_bytes(b"".join(stream))
    report = verify_package(package, trust=desk.tools.trust(), more=further_checks)
    assert report.ok, [check for check in report.checks if not check.passed]
    assert {check.number for check in report.checks} >= set(range(111, 121))
    assert main([str(package)]) == 0
    assert "卷宗属于该事项" in capsys.readouterr().out

    pdf = member(package, "files/volume.pdf")
    (tmp_path / "volume.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "volume.pdf"), "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    number = str(desk.row(certificate_id).number)
    for said in (
        number,
        NAME,
        "#eval(1) <b>谢谢</b>",
        "补充证明材料",
        "王公证",
        "Chain of custody",
    ):
        assert said in text, said
    assert "开始机器核验" in text  # custody entries in words

    for name in ("files/custody.json", "files/volume.pdf", f"files/certificate-{number}.zip"):
        bad = tmp_path / "bad.zip"
        changed = flipped(member(package, name), len(member(package, name)) // 2)
        bad.write_bytes(repack(package.read_bytes(), {name: changed}))
        assert verify_package(bad, more=further_checks).failed is not None, name
        assert main([str(bad)]) == 1


def member(package: Path, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as archive:
        return archive.read(name)


def test_a_killed_worker_is_followed_by_another(
    desk: Desk, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.issued(matter_id)
    desk.run()
    desk.certificates.archive(desk.notary, matter_id)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archiving, "record_many", killed)
        with pytest.raises(KeyboardInterrupt):
            make(desk)
    assert volume_of(desk, matter_id).state == "waiting"
    assert make(desk) == 0
    desk.clock.forward(minutes=6)
    assert make(desk) == 1
    assert volume_of(desk, matter_id).state == "made"
    with desk.tools.database.reading() as session:
        kinds = [each.kind for each in session.query(Deposit)]
    assert kinds.count("volume") == 1


def test_evidence_that_fails_is_told_and_nothing_is_closed(desk: Desk, matter_id: str) -> None:
    certificate_id = desk.issued(matter_id)
    desk.run()
    desk.certificates.archive(desk.notary, matter_id)
    with desk.tools.database.transaction() as session:
        matter = desk.matter_of(certificate_id)
        deposit = session.get_one(Deposit, matter.deposit_id)
        deposit.entry = (deposit.entry or b"").replace(b'"v":1', b'"v":2')
    make(desk)
    waiting = volume_of(desk, matter_id)
    assert waiting.state == "waiting"
    assert waiting.trouble
    assert desk.matter_of(certificate_id).state == "issued"


def test_while_a_correction_is_written_nothing_is_closed(desk: Desk, matter_id: str) -> None:
    certificate_id = desk.issued(matter_id)
    desk.certificates.correct(desk.notary, certificate_id, "姓名有误")
    with pytest.raises(Conflict, match="still being written"):
        desk.certificates.archive(desk.notary, matter_id)


def test_the_worker_has_a_line_for_it(services: Services) -> None:
    assert "archive" in {each.name for each in services.sidelines()}
