"""Drafts: within limits, forgotten without a trace, confirmed once and for good."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.problems import BadInput, Conflict, Forbidden, NotFound, TooLarge
from portal.settings import Settings
from portal.uploads.models import Upload, UploadDraft, UploadPiece
from portal.uploads.quota import MAX_DRAFTS
from portal.uploads.service import (
    Body,
    Confirmed,
    DraftView,
    Grouping,
    NewFile,
    UploadService,
    Wish,
)
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, run
from tests.portal.uploads.conftest import NOTHING, body_of, kept, new_file, sha
from timestamping.filelist import FileList

EACH, LIST = Wish(Grouping.EACH), Wish(Grouping.LIST)


@dataclass(frozen=True)
class Desk:
    """Somebody with a draft, and what stands behind it."""

    uploads: UploadService
    deposits: DepositService
    tools: Tools
    clock: MovableClock
    actor: Actor
    draft: str

    def limited(self, **changes: int) -> Desk:
        """The same with other limits."""
        settings = self.tools.settings.model_copy(update=changes)
        return replace(self, uploads=UploadService(replace(self.tools, settings=settings)))

    def elsewhere(self) -> Desk:
        """The same with another draft."""
        return replace(self, draft=str(uuid.uuid4()))

    def create(self, new: NewFile, body: Body = NOTHING) -> Upload:
        return self.uploads.create(self.actor, self.draft, new, body)

    def put(self, path: str, content: bytes, **more: object) -> Upload:
        """Upload a file whole, in one request."""
        return self.create(new_file(path, content, **more), body_of(content))

    def write(self, upload_id: str, offset: int, body: Body) -> Upload:
        return self.uploads.write(self.actor, upload_id, offset, body)

    def add_digests(self, files: list[NewFile]) -> None:
        self.uploads.add_digests(self.actor, self.draft, files)

    def remove(self, upload: Upload) -> None:
        self.uploads.remove(self.actor, upload.id)

    def discard(self) -> None:
        self.uploads.discard(self.actor, self.draft)

    def view(self) -> DraftView:
        return self.uploads.view(self.actor, self.draft)

    def confirm(self, wish: Wish = EACH) -> Confirmed:
        return self.uploads.confirm(self.actor, self.draft, wish)

    def deposit(self, deposit_id: str) -> Deposit:
        return self.deposits.get(self.actor, deposit_id)

    def original(self, deposit_id: str) -> bytes:
        return read(self.deposits.original(self.actor, deposit_id))

    def listed(self, deposit_id: str) -> bytes:
        return read(self.deposits.file_list(self.actor, deposit_id))

    def rows(self, *models: type) -> int:
        with self.tools.database.reading() as session:
            counts = [session.scalar(select(func.count()).select_from(each)) for each in models]
        return sum(count or 0 for count in counts)

    @property
    def kept(self) -> set[str]:
        return kept(self.tools)

    def nothing_left(self) -> bool:
        return self.kept == set() and self.rows(UploadDraft, Upload, UploadPiece, Deposit) == 0


def read(download: Download) -> bytes:
    return b"".join(download.stream)


@pytest.fixture
def desk(
    uploads: UploadService,
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    draft: str,
) -> Desk:
    return Desk(uploads, deposits, tools, clock, actor, draft)


class TestLimits:
    def test_files(self, desk: Desk) -> None:
        desk = desk.limited(draft_files=2)
        for name in "ab":
            desk.put(name, b"x")
        for other in (desk, desk.elsewhere()):
            with pytest.raises(TooLarge, match="At most 2 files"):
                other.put("c", b"x")
        with pytest.raises(TooLarge):
            desk.add_digests([new_file("c", b"x")])
        desk.remove(desk.view().files[0])
        assert desk.put("c", b"x").ready

    def test_bytes_are_counted_as_announced(self, desk: Desk) -> None:
        desk = desk.limited(draft_bytes=10)
        desk.create(NewFile("a", 8))
        with pytest.raises(TooLarge, match="At most 10 bytes"):
            desk.elsewhere().create(NewFile("b", 3))
        desk.add_digests([new_file("stays", bytes(100))])
        desk.discard()
        desk.elsewhere().create(NewFile("b", 10))

    def test_one_file(self, desk: Desk) -> None:
        with pytest.raises(TooLarge, match="limit of 5 bytes"):
            desk.limited(max_upload_bytes=5).create(NewFile("a", 6))

    def test_drafts(self, desk: Desk) -> None:
        for _ in range(MAX_DRAFTS):
            desk.elsewhere().create(NewFile("a", 1))
        with pytest.raises(TooLarge, match="drafts already"):
            desk.elsewhere().create(NewFile("a", 1))

    def test_a_confirmed_draft_counts_no_more(self, desk: Desk) -> None:
        desk = desk.limited(draft_files=1)
        desk.put("a", b"x")
        desk.confirm()
        desk.elsewhere().put("a", b"x")

    def test_readers_of_an_organisation_upload_nothing(self, desk: Desk) -> None:
        reader = replace(desk.actor, organisation="o", organisation_role="reader")
        with pytest.raises(Forbidden):
            replace(desk, actor=reader).put("a", b"x")


class TestDiscarding:
    def test_leaves_nothing(self, desk: Desk) -> None:
        before = desk.rows(AuditEntry)
        desk.put("ordner/a", b"whole")
        part = desk.create(NewFile("ordner/b", 9), body_of(b"part", 9))
        desk.write(part.id, 4, body_of(b"more", 5))
        desk.add_digests([new_file("ordner/c", b"stays")])
        desk.uploads.describe(
            desk.actor, desk.draft, Wish(Grouping.LIST, "secret title", "secret note")
        )
        assert len(desk.kept) == 3

        desk.discard()

        assert desk.nothing_left()
        assert desk.rows(AuditEntry) == before
        assert list(desk.tools.ledger.events()) == []
        desk.discard()  # again is no error
        with pytest.raises(NotFound):
            desk.view()

    def test_one_file_goes_alone(self, desk: Desk) -> None:
        desk.put("a", b"1")
        desk.remove(desk.put("b", b"2"))
        view = desk.view()
        assert [each.path for each in view.files] == ["a"]
        assert (view.draft.files, view.draft.bytes, len(desk.kept)) == (1, 1, 1)

    def test_what_nobody_touches_goes_by_itself(self, desk: Desk) -> None:
        desk.put("a", b"1")
        desk.clock.forward(hours=71)
        assert desk.uploads.expire() == 0
        desk.put("b", b"2")  # somebody touched it
        desk.clock.forward(hours=2)
        assert desk.uploads.expire() == 0
        desk.clock.forward(hours=72)
        assert desk.uploads.expire() == 2
        assert desk.nothing_left()

    def test_a_removal_that_was_killed_is_finished(self, desk: Desk) -> None:
        desk.put("a", b"1")
        assert desk.uploads._removing._begin(desk.draft)  # and no further
        with pytest.raises(NotFound):
            desk.confirm()
        desk.clock.forward(minutes=11)
        assert desk.uploads.expire() == 1
        assert desk.nothing_left()


class TestConfirming:
    def test_each_by_itself(self, desk: Desk) -> None:
        desk.put("合同.pdf", b"contract", media_type="application/pdf")
        desk.put("b.txt", b"letter")
        desk.add_digests([new_file("c.txt", b"stays here")])

        made = desk.confirm(Wish(Grouping.EACH, "Case 7", "as found"))

        found = [desk.deposit(each) for each in made.deposits]
        assert [(each.kind, each.filename, each.size) for each in found] == [
            ("file", "b.txt", 6),
            ("digest", "c.txt", 10),
            ("file", "合同.pdf", 8),
        ]
        assert found[2].title == "Case 7 · 合同.pdf"
        assert found[2].media_type == "application/pdf"
        assert desk.original(found[0].id) == b"letter"
        assert found[1].vault_key is None
        assert desk.rows(Upload, UploadPiece) == 0
        run(desk.deposits)
        check_spine(desk.tools, all_issued=True)

    def test_again_is_the_same_answer(self, desk: Desk) -> None:
        desk.put("a", b"1")
        first = desk.confirm()
        again = desk.confirm(Wish(Grouping.LIST, "other words"))
        assert (again.deposits, again.replayed) == (first.deposits, True)
        assert desk.rows(Deposit) == 1

    def test_what_was_deposited_is_never_taken_back(self, desk: Desk) -> None:
        upload = desk.put("a", b"1")
        made = desk.confirm()
        with pytest.raises(Conflict, match="never taken back"):
            desk.discard()
        with pytest.raises(NotFound):
            desk.remove(upload)
        with pytest.raises(Conflict):
            desk.put("b", b"2")
        desk.clock.forward(days=30)
        desk.uploads.expire()
        assert desk.original(made.deposits[0]) == b"1"
        check_spine(desk.tools)

    @pytest.mark.parametrize("wish", [EACH, LIST])
    def test_what_is_not_ready_is_not_deposited(self, desk: Desk, wish: Wish) -> None:
        desk.put("a", b"1")
        late = desk.create(NewFile("b", 3), body_of(b"12", 3))
        for _ in range(2):
            with pytest.raises(BadInput, match="The file b has not come completely"):
                desk.confirm(wish)
            if not late.complete:
                late = desk.write(late.id, 2, body_of(b"3"))
        desk.uploads.claim_digests(desk.actor, late.id, [digest_of(b"123")])
        assert desk.rows(Deposit) == 0
        assert desk.confirm(wish).deposits

    def test_an_empty_draft_and_an_empty_file(self, desk: Desk) -> None:
        with pytest.raises(NotFound):
            desk.confirm()
        upload = desk.put("空.txt", b"")
        with pytest.raises(BadInput, match=r"The file 空\.txt is empty"):
            desk.confirm()
        desk.remove(upload)
        with pytest.raises(BadInput, match="no file in this draft"):
            desk.confirm()

    def test_words_out_of_bounds_deposit_nothing(self, desk: Desk) -> None:
        desk.put("a", b"1")
        with pytest.raises(BadInput):
            desk.confirm(Wish(Grouping.EACH, "x" * 201))
        assert desk.rows(Deposit) == 0

    def test_a_draft_that_changes_meanwhile_is_looked_at_again(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.put("a", b"1")
        confirming, changed = desk.uploads._confirming, []
        real = confirming._write

        def meddle(*arguments: object) -> bool:
            if not changed:
                changed.append(desk.put("b", b"2"))
            return real(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(confirming, "_write", meddle)
        assert len(desk.confirm().deposits) == 2


class TestWithSm3:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Settings:
        return make_settings(digests="sha256,sm3")

    def test_both_digests_are_computed_compared_and_listed(self, desk: Desk) -> None:
        for path, content in (("d/a", b"one"), ("d/b", b"two")):
            digests = (digest_of(content), digest_of(content, "sm3"))
            new = NewFile(path, 3, digests=digests)
            assert desk.create(new, body_of(content)).ready
        wrong = NewFile("d/c", 3, digests=(digest_of(b"six"), digest_of(b"xxx", "sm3")))
        with pytest.raises(BadInput, match="other bytes"):
            desk.create(wrong, body_of(b"six"))
        deposit = desk.deposit(desk.confirm(LIST).deposits[0])
        content = desk.listed(deposit.id)
        listed = FileList.decode(content)
        assert [each.sm3 for each in listed.files] == [
            digest_of(each, "sm3").hex for each in (b"one", b"two")
        ]
        assert deposit.sm3 == digest_of(content, "sm3").hex


class TestFolders:
    def test_a_folder_is_one_deposit_of_its_list(self, desk: Desk) -> None:
        contents = {"案卷/b.txt": b"two", "案卷/a/合同.pdf": b"one", "案卷/空": b""}
        for path, content in contents.items():
            desk.put(path, content)
        assert desk.view().grouping is Grouping.LIST

        made = desk.confirm(Wish(Grouping.LIST, "", "as found"))

        deposit = desk.deposit(made.deposits[0])
        listed = desk.listed(deposit.id)
        assert sha(listed) == deposit.sha256
        assert [(f.path, f.sha256) for f in FileList.decode(listed).files] == sorted(
            (path, sha(content)) for path, content in contents.items()
        )
        assert desk.tools.vault.read(deposit.vault_key or "") == listed
        assert (deposit.kind, deposit.filename, deposit.size) == ("folder", "案卷", 6)
        assert (deposit.file_count, deposit.files_seen) == (3, True)
        assert json.loads(deposit.record)["files"] == {"count": 3, "seen": True}
        run(desk.deposits)
        check_spine(desk.tools, all_issued=True)

    def test_digests_alone_make_a_folder_nobody_saw(self, desk: Desk) -> None:
        files = [new_file(f"d/{name}", name.encode()) for name in "ab"]
        desk.add_digests(files)
        desk.add_digests(files)  # a repeated request adds nothing
        with pytest.raises(Conflict):
            desk.add_digests([new_file("d/a", b"other")])
        made = desk.confirm(LIST)
        deposit = desk.deposit(made.deposits[0])
        assert (deposit.file_count, deposit.files_seen) == (2, False)
        assert len(desk.kept) == 1  # the list
        with pytest.raises(NotFound, match="not kept here"):
            desk.deposits.original(desk.actor, deposit.id)
        with pytest.raises(NotFound, match="not kept here"):
            desk.deposits.file_of(desk.actor, deposit.id, 0)

    def test_a_list_prepared_in_vain_goes_with_the_draft(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.put("d/a", b"1")
        desk.put("d/b", b"2")

        def fail(*_: object) -> bool:
            raise RuntimeError("killed")

        def confirm_in_vain() -> None:
            with monkeypatch.context() as patch:
                patch.setattr(desk.uploads._confirming, "_write", fail)
                with pytest.raises(RuntimeError):
                    desk.confirm(LIST)

        confirm_in_vain()
        assert len(desk.kept) == 3
        desk.put("d/c", b"3")
        confirm_in_vain()
        assert len(desk.kept) == 4  # the first list went
        desk.discard()
        assert desk.nothing_left()

    def test_one_file_of_it_and_all_of_it_are_handed_out(self, desk: Desk) -> None:
        import io
        import zipfile

        desk.put("d/evil.html", b"<script>alert(1)</script>")
        desk.put("d/bomb.zip", b"PK bomb")
        deposit_id = desk.confirm(LIST).deposits[0]
        one = desk.deposits.file_of(desk.actor, deposit_id, 1)
        assert (one.filename, one.media_type) == ("evil.html", "application/octet-stream")
        assert read(one) == b"<script>alert(1)</script>"
        whole = desk.deposits.original(desk.actor, deposit_id)
        with zipfile.ZipFile(io.BytesIO(read(whole))) as archive:
            assert {n: archive.read(n) for n in archive.namelist()} == {
                "d/bomb.zip": b"PK bomb",
                "d/evil.html": b"<script>alert(1)</script>",
            }
        for position in (-1, 2):
            with pytest.raises(NotFound):
                desk.deposits.file_of(desk.actor, deposit_id, position)
        acts = [entry.detail for entry in desk.deposits.custody(desk.actor, deposit_id)]
        assert '{"position":2,"what":"file"}' in acts
        assert '{"what":"original"}' in acts

    def test_files_of_a_folder_are_rows_in_the_lists_order(self, desk: Desk) -> None:
        for name in ("d/B", "d/a", "d/é", "d/e\u0301", "d/中"):
            desk.put(name, name.encode())
        desk.confirm(LIST)
        with desk.tools.database.reading() as session:
            found = session.scalars(select(DepositFile).order_by(DepositFile.position)).all()
        assert [each.path for each in found] == sorted(["d/B", "d/a", "d/é", "d/e\u0301", "d/中"])
