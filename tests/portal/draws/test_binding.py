"""A draw that has ended is deposited as one thing: letter, package, and a stranger's verdict."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from lottery.bundle import BundleManifest, layout, read_manifest
from portal.audit.service import entries_for
from portal.deposits.folders import DRAW
from portal.deposits.models import Deposit, State
from portal.draws import binding
from portal.draws.belonging import belonging
from portal.draws.models import Draw
from portal.services import Services
from portal.verification.further import further_checks
from portal.verification.offline import main
from tests.portal.draws.acting import Ceremony
from tests.timestamping.evidence import flipped, repack
from timestamping.package import verify_package


def bound(services: Services, ceremony: Ceremony) -> Deposit:
    with services.database.reading() as session:
        draw = session.get_one(Draw, ceremony.draw_id)
        assert draw.deposit_id is not None
        return session.get_one(Deposit, draw.deposit_id)


def package_of(services: Services, ceremony: Ceremony, folder: Path) -> Path:
    deposit = bound(services, ceremony)
    path = folder / "draw.zip"
    stream = services.deposits.package(ceremony.organiser.actor, deposit.id, True).stream
    path.write_bytes(b"".join(stream))
    return path


def text_of(services: Services, ceremony: Ceremony, folder: Path) -> str:
    letter = folder / "letter.pdf"
    deposit = bound(services, ceremony)
    stream = services.deposits.letter(ceremony.organiser.actor, deposit.id).stream
    letter.write_bytes(b"".join(stream))
    command = ["pdftotext", "-layout", str(letter), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_from_the_end_of_the_record_to_a_strangers_verdict(
    ceremony: Ceremony, services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One ceremony for many questions: it takes its time."""
    ceremony.until("final")
    first = bound(services, ceremony)
    assert manifest_of(services, first).outcome == "final"
    slower_worker(services, ceremony)
    belongs(services, ceremony)
    ceremony.audit()

    deposit = bound(services, ceremony)
    assert deposit.id != first.id
    assert count(services) == 2
    assert binding.bind(services.draws._kit, ceremony.draw_id) == deposit.id
    assert count(services) == 2
    assert (deposit.kind, deposit.state) == (DRAW, State.ISSUED)
    assert deposit.owner_id == ceremony.organiser.actor.id
    assert "REHEARSAL" in deposit.title
    manifest = manifest_of(services, deposit)
    assert (manifest.outcome, manifest.rehearsal) == ("audited", True)
    assert {layout.TRANSCRIPT, layout.LEAVES, layout.WINNERS} <= {e.path for e in manifest.files}
    logged(services, ceremony, deposit)

    text = text_of(services, ceremony, tmp_path)
    for said in ("抽签过程", "示例商场有限公司", "一等奖", "姓名", "REHEARSAL · of no effect"):
        assert said in text, said
    assert str(manifest.seed) in re.sub(r"\s", "", text)

    path = package_of(services, ceremony, tmp_path)
    report = verify_package(path, more=further_checks)
    assert report.ok, [check for check in report.checks if not check.passed]
    assert {51, 56, 61, 75, 82} <= {check.number for check in report.checks}
    assert main([str(path)]) == 0
    assert "draw-" not in capsys.readouterr().err
    changed(path, tmp_path)

    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    ran = run_guide(tmp_path / "unpacked")
    for line in ("steps: OK", "files: OK", "REHEARSAL", "VERIFIED"):
        assert line in ran, ran
    assert ran.count("Verification: OK") == len(ceremony.view.steps) + 1
    waits_for_the_last_step(services, ceremony)


def manifest_of(services: Services, deposit: Deposit) -> BundleManifest:
    return read_manifest(services.vault.read(deposit.vault_key or ""))


def slower_worker(services: Services, ceremony: Ceremony) -> None:
    """It read the draw before the other one wrote: no second deposit."""
    with services.database.reading() as session:
        stale = session.get_one(Draw, ceremony.draw_id)
    manifest = services.vault.read(bound(services, ceremony).vault_key or "")
    written = binding._write(services.draws._kit, stale, stale.bound_n or 0, manifest, [])
    assert written == stale.deposit_id
    assert count(services) == 1


def belongs(services: Services, ceremony: Ceremony) -> None:
    """Which draw a deposit is of."""
    step = ceremony.view.steps[2]
    of_step = belonging(services.database, step.deposit_id)
    assert of_step is not None
    assert (of_step.draw_id, of_step.n, of_step.type) == (ceremony.draw_id, 2, "commit")
    of_draw = belonging(services.database, bound(services, ceremony).id)
    assert of_draw is not None
    assert (of_draw.draw_id, of_draw.n, of_draw.rehearsal) == (ceremony.draw_id, None, True)
    assert belonging(services.database, "nothing") is None


def logged(services: Services, ceremony: Ceremony, deposit: Deposit) -> None:
    """The custody log names the draw and its deposit."""
    with services.database.reading() as session:
        actions = [entry.action for entry in entries_for(session, f"draw:{ceremony.draw_id}")]
        received = [entry.action for entry in entries_for(session, deposit.subject)]
    assert "draw.bound" in actions
    assert received[0] == "deposit.received"


def changed(package: Path, folder: Path) -> None:
    """A changed record, and a changed token of a step, are named."""
    path = folder / "changed.zip"
    for name in (f"files/{layout.TRANSCRIPT}", f"files/{layout.token(3)}"):
        with zipfile.ZipFile(package) as archive:
            member = archive.read(name)
        path.write_bytes(repack(package.read_bytes(), {name: flipped(member, len(member) // 2)}))
        report = verify_package(path, more=further_checks)
        failed = {check.code for check in report.checks if check.failed}
        assert "files" in failed
        assert any(code.startswith("draw-") for code in failed)


def waits_for_the_last_step(services: Services, ceremony: Ceremony) -> None:
    """Nothing is bound before its last step is recorded."""
    last = ceremony.view.steps[-1].deposit_id
    with services.database.transaction() as session:
        session.execute(update(Draw).values(bound_n=None, deposit_id=None))
        session.execute(update(Deposit).where(Deposit.id == last).values(state=State.TIMESTAMPED))
    assert binding.bind(services.draws._kit, ceremony.draw_id) is None


def count(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).where(Deposit.kind == DRAW)) or 0


def run_guide(folder: Path) -> str:
    """The commands of VERIFY.md, as a court's expert would run them."""
    text = (folder / "VERIFY.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    script = "\n".join(block for block in blocks if "portal.verification" not in block)
    ran = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    return ran.stdout + ran.stderr


def test_who_dies_before_saying_so_binds_once_more(
    ceremony: Ceremony, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are in the vault, the transaction is not committed."""
    ceremony.begin()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(binding, "record_many", dies)
        with pytest.raises(KeyboardInterrupt):
            ceremony.until("final")
    assert count(services) == 0
    ceremony.work()
    assert count(services) == 1
    assert ceremony.phase == "final"


def test_a_cancelled_draw_is_bound_without_a_result(
    ceremony: Ceremony, services: Services, tmp_path: Path
) -> None:
    ceremony.until("commit")
    ceremony.void("organiser_request", [ceremony.organiser, ceremony.notary], "no sponsor")
    deposit = bound(services, ceremony)
    manifest = read_manifest(services.vault.read(deposit.vault_key or ""))
    assert (manifest.outcome, manifest.seed) == ("cancelled", None)
    text = text_of(services, ceremony, tmp_path)
    assert "there is no valid result" in text
    assert "no sponsor" in text
    path = package_of(services, ceremony, tmp_path)
    report = verify_package(path, more=further_checks)
    assert not [check for check in report.checks if check.failed]
