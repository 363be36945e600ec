"""Drafts: within limits, forgotten without a trace, confirmed once and for good."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, Forbidden, NotFound, TooLarge
from portal.settings import Settings
from portal.uploads.models import Upload, UploadDraft, UploadPiece
from portal.uploads.quota import MAX_DRAFTS
from portal.uploads.service import Grouping, NewFile, UploadService, Wish
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, run
from tests.portal.uploads.conftest import NOTHING, Put, body_of, kept, new_file, sha
from timestamping.filelist import FileList

EACH, LIST = Wish(Grouping.EACH), Wish(Grouping.LIST)


def rows(tools: Tools, *models: type) -> int:
    with tools.database.reading() as session:
        counts = [session.scalar(select(func.count()).select_from(model)) for model in models]
    return sum(count or 0 for count in counts)


def nothing_left(tools: Tools) -> bool:
    return kept(tools) == set() and rows(tools, UploadDraft, Upload, UploadPiece, Deposit) == 0


@pytest.fixture
def limited(tools: Tools) -> Callable[..., UploadService]:
    def make(**changes: int) -> UploadService:
        settings = tools.settings.model_copy(update=changes)
        return UploadService(replace(tools, settings=settings))

    return make


class TestLimits:
    def test_files(self, limited: Callable[..., UploadService], actor: Actor, draft: str) -> None:
        uploads = limited(draft_files=2)
        for name in "ab":
            uploads.create(actor, draft, new_file(name, b"x"), body_of(b"x"))
        for other in (draft, str(uuid.uuid4())):
            with pytest.raises(TooLarge, match="At most 2 files"):
                uploads.create(actor, other, new_file("c", b"x"), body_of(b"x"))
        with pytest.raises(TooLarge):
            uploads.add_digests(actor, draft, [new_file("c", b"x")])
        uploads.remove(actor, uploads.view(actor, draft).files[0].id)
        assert uploads.create(actor, draft, new_file("c", b"x"), body_of(b"x")).ready

    def test_bytes_are_counted_as_announced(
        self, limited: Callable[..., UploadService], actor: Actor, draft: str
    ) -> None:
        uploads = limited(draft_bytes=10)
        uploads.create(actor, draft, NewFile("a", 8), NOTHING)
        with pytest.raises(TooLarge, match="At most 10 bytes"):
            uploads.create(actor, str(uuid.uuid4()), NewFile("b", 3), NOTHING)
        uploads.add_digests(actor, draft, [new_file("stays", bytes(100))])
        uploads.discard(actor, draft)
        uploads.create(actor, str(uuid.uuid4()), NewFile("b", 10), NOTHING)

    def test_one_file(
        self, limited: Callable[..., UploadService], actor: Actor, draft: str
    ) -> None:
        uploads = limited(max_upload_bytes=5)
        with pytest.raises(TooLarge, match="limit of 5 bytes"):
            uploads.create(actor, draft, NewFile("a", 6), NOTHING)

    def test_drafts(self, uploads: UploadService, actor: Actor) -> None:
        for _ in range(MAX_DRAFTS):
            uploads.create(actor, str(uuid.uuid4()), NewFile("a", 1), NOTHING)
        with pytest.raises(TooLarge, match="drafts already"):
            uploads.create(actor, str(uuid.uuid4()), NewFile("a", 1), NOTHING)

    def test_a_confirmed_draft_counts_no_more(
        self, limited: Callable[..., UploadService], actor: Actor, draft: str
    ) -> None:
        uploads = limited(draft_files=1)
        uploads.create(actor, draft, new_file("a", b"x"), body_of(b"x"))
        uploads.confirm(actor, draft, EACH)
        uploads.create(actor, str(uuid.uuid4()), new_file("a", b"x"), body_of(b"x"))

    def test_readers_of_an_organisation_upload_nothing(
        self, uploads: UploadService, actor: Actor, draft: str
    ) -> None:
        reader = replace(actor, organisation="o", organisation_role="reader")
        with pytest.raises(Forbidden):
            uploads.create(reader, draft, new_file("a", b"x"), body_of(b"x"))


class TestDiscarding:
    def test_leaves_nothing(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        before = rows(tools, AuditEntry)
        put("ordner/a", b"whole")
        part = uploads.create(actor, draft, NewFile("ordner/b", 9), body_of(b"part", 9))
        uploads.write(actor, part.id, 4, body_of(b"more", 5))
        uploads.add_digests(actor, draft, [new_file("ordner/c", b"stays")])
        uploads.describe(actor, draft, Wish(Grouping.LIST, "secret title", "secret note"))
        assert len(kept(tools)) == 3

        uploads.discard(actor, draft)

        assert nothing_left(tools)
        assert rows(tools, AuditEntry) == before
        assert list(tools.ledger.events()) == []
        uploads.discard(actor, draft)  # again is no error
        with pytest.raises(NotFound):
            uploads.view(actor, draft)

    def test_one_file_goes_alone(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        put("a", b"1")
        uploads.remove(actor, put("b", b"2").id)
        view = uploads.view(actor, draft)
        assert [each.path for each in view.files] == ["a"]
        assert (view.draft.files, view.draft.bytes, len(kept(tools))) == (1, 1, 1)

    def test_what_nobody_touches_goes_by_itself(
        self,
        put: Put,
        uploads: UploadService,
        actor: Actor,
        draft: str,
        tools: Tools,
        clock: MovableClock,
    ) -> None:
        put("a", b"1")
        clock.forward(hours=71)
        assert uploads.expire() == 0
        put("b", b"2")  # somebody touched it
        clock.forward(hours=2)
        assert uploads.expire() == 0
        clock.forward(hours=72)
        assert uploads.expire() == 2
        assert nothing_left(tools)

    def test_a_removal_that_was_killed_is_finished(
        self,
        put: Put,
        uploads: UploadService,
        actor: Actor,
        draft: str,
        tools: Tools,
        clock: MovableClock,
    ) -> None:
        put("a", b"1")
        assert uploads._removing._begin(draft)  # and no further
        with pytest.raises(NotFound):
            uploads.confirm(actor, draft, EACH)
        clock.forward(minutes=11)
        assert uploads.expire() == 1
        assert nothing_left(tools)


class TestConfirming:
    def test_each_by_itself(
        self,
        put: Put,
        uploads: UploadService,
        deposits: DepositService,
        actor: Actor,
        draft: str,
        tools: Tools,
    ) -> None:
        put("合同.pdf", b"contract", media_type="application/pdf")
        put("b.txt", b"letter")
        uploads.add_digests(actor, draft, [new_file("c.txt", b"stays here")])

        made = uploads.confirm(actor, draft, Wish(Grouping.EACH, "Case 7", "as found"))

        found = [deposits.get(actor, each) for each in made.deposits]
        assert [(each.kind, each.filename, each.size) for each in found] == [
            ("file", "b.txt", 6),
            ("digest", "c.txt", 10),
            ("file", "合同.pdf", 8),
        ]
        assert found[2].title == "Case 7 · 合同.pdf"
        assert found[2].media_type == "application/pdf"
        assert b"".join(deposits.original(actor, found[0].id).stream) == b"letter"
        assert found[1].vault_key is None
        assert rows(tools, Upload, UploadPiece) == 0
        run(deposits)
        check_spine(tools, all_issued=True)

    def test_again_is_the_same_answer(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        put("a", b"1")
        first = uploads.confirm(actor, draft, EACH)
        again = uploads.confirm(actor, draft, Wish(Grouping.LIST, "other words"))
        assert (again.deposits, again.replayed) == (first.deposits, True)
        assert rows(tools, Deposit) == 1

    def test_what_was_deposited_is_never_taken_back(
        self,
        put: Put,
        uploads: UploadService,
        deposits: DepositService,
        actor: Actor,
        draft: str,
        tools: Tools,
        clock: MovableClock,
    ) -> None:
        upload = put("a", b"1")
        made = uploads.confirm(actor, draft, EACH)
        with pytest.raises(Conflict, match="never taken back"):
            uploads.discard(actor, draft)
        with pytest.raises(NotFound):
            uploads.remove(actor, upload.id)
        with pytest.raises(Conflict):
            uploads.create(actor, draft, new_file("b", b"2"), body_of(b"2"))
        clock.forward(days=30)
        uploads.expire()
        assert b"".join(deposits.original(actor, made.deposits[0]).stream) == b"1"
        check_spine(tools)

    @pytest.mark.parametrize("wish", [EACH, LIST])
    def test_what_is_not_ready_is_not_deposited(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools, wish: Wish
    ) -> None:
        put("a", b"1")
        late = uploads.create(actor, draft, NewFile("b", 3), body_of(b"12", 3))
        for _ in range(2):
            with pytest.raises(BadInput, match="The file b has not come completely"):
                uploads.confirm(actor, draft, wish)
            if not late.complete:
                late = uploads.write(actor, late.id, 2, body_of(b"3"))
        uploads.claim_digests(actor, late.id, [digest_of(b"123")])
        assert rows(tools, Deposit) == 0
        assert uploads.confirm(actor, draft, wish).deposits

    def test_an_empty_draft_and_an_empty_file(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        with pytest.raises(NotFound):
            uploads.confirm(actor, draft, EACH)
        upload = put("空.txt", b"")
        with pytest.raises(BadInput, match=r"The file 空\.txt is empty"):
            uploads.confirm(actor, draft, EACH)
        uploads.remove(actor, upload.id)
        with pytest.raises(BadInput, match="no file in this draft"):
            uploads.confirm(actor, draft, EACH)

    def test_words_out_of_bounds_deposit_nothing(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        put("a", b"1")
        with pytest.raises(BadInput):
            uploads.confirm(actor, draft, Wish(Grouping.EACH, "x" * 201))
        assert rows(tools, Deposit) == 0

    def test_a_draft_that_changes_meanwhile_is_looked_at_again(
        self,
        put: Put,
        uploads: UploadService,
        actor: Actor,
        draft: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        put("a", b"1")
        confirming, changed = uploads._confirming, []
        real = confirming._write

        def meddle(*arguments: object) -> bool:
            if not changed:
                changed.append(put("b", b"2"))
            return real(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(confirming, "_write", meddle)
        assert len(uploads.confirm(actor, draft, EACH).deposits) == 2


class TestWithSm3:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Settings:
        return make_settings(digests="sha256,sm3")

    def test_both_digests_are_computed_compared_and_listed(
        self, uploads: UploadService, deposits: DepositService, actor: Actor, draft: str
    ) -> None:
        for path, content in (("d/a", b"one"), ("d/b", b"two")):
            digests = (digest_of(content), digest_of(content, "sm3"))
            new = NewFile(path, 3, digests=digests)
            assert uploads.create(actor, draft, new, body_of(content)).ready
        wrong = NewFile("d/c", 3, digests=(digest_of(b"six"), digest_of(b"xxx", "sm3")))
        with pytest.raises(BadInput, match="other bytes"):
            uploads.create(actor, draft, wrong, body_of(b"six"))
        deposit = deposits.get(actor, uploads.confirm(actor, draft, LIST).deposits[0])
        content = b"".join(deposits.file_list(actor, deposit.id).stream)
        listed = FileList.decode(content)
        assert [each.sm3 for each in listed.files] == [
            digest_of(each, "sm3").hex for each in (b"one", b"two")
        ]
        assert deposit.sm3 == digest_of(content, "sm3").hex


class TestFolders:
    def test_a_folder_is_one_deposit_of_its_list(
        self,
        put: Put,
        uploads: UploadService,
        deposits: DepositService,
        actor: Actor,
        draft: str,
        tools: Tools,
    ) -> None:
        contents = {"案卷/b.txt": b"two", "案卷/a/合同.pdf": b"one", "案卷/空": b""}
        for path, content in contents.items():
            put(path, content)
        assert uploads.view(actor, draft).grouping is Grouping.LIST

        made = uploads.confirm(actor, draft, Wish(Grouping.LIST, "", "as found"))

        deposit = deposits.get(actor, made.deposits[0])
        listed = b"".join(deposits.file_list(actor, deposit.id).stream)
        assert sha(listed) == deposit.sha256
        assert [(f.path, f.sha256) for f in FileList.decode(listed).files] == sorted(
            (path, sha(content)) for path, content in contents.items()
        )
        assert tools.vault.read(deposit.vault_key or "") == listed
        assert (deposit.kind, deposit.filename, deposit.size) == ("folder", "案卷", 6)
        assert (deposit.file_count, deposit.files_seen) == (3, True)
        assert json.loads(deposit.record)["files"] == {"count": 3, "seen": True}
        run(deposits)
        check_spine(tools, all_issued=True)

    def test_digests_alone_make_a_folder_nobody_saw(
        self,
        uploads: UploadService,
        deposits: DepositService,
        actor: Actor,
        draft: str,
        tools: Tools,
    ) -> None:
        files = [new_file(f"d/{name}", name.encode()) for name in "ab"]
        uploads.add_digests(actor, draft, files)
        uploads.add_digests(actor, draft, files)  # a repeated request adds nothing
        with pytest.raises(Conflict):
            uploads.add_digests(actor, draft, [new_file("d/a", b"other")])
        made = uploads.confirm(actor, draft, LIST)
        deposit = deposits.get(actor, made.deposits[0])
        assert (deposit.file_count, deposit.files_seen) == (2, False)
        assert len(kept(tools)) == 1  # the list
        with pytest.raises(NotFound, match="not kept here"):
            deposits.original(actor, deposit.id)
        with pytest.raises(NotFound, match="not kept here"):
            deposits.file_of(actor, deposit.id, 0)

    def test_a_list_prepared_in_vain_goes_with_the_draft(
        self,
        put: Put,
        uploads: UploadService,
        actor: Actor,
        draft: str,
        tools: Tools,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        put("d/a", b"1")
        put("d/b", b"2")

        def fail(*_: object) -> bool:
            raise RuntimeError("killed")

        with monkeypatch.context() as patch:
            patch.setattr(uploads._confirming, "_write", fail)
            with pytest.raises(RuntimeError):
                uploads.confirm(actor, draft, LIST)
        assert len(kept(tools)) == 3
        put("d/c", b"3")
        with monkeypatch.context() as patch:
            patch.setattr(uploads._confirming, "_write", fail)
            with pytest.raises(RuntimeError):
                uploads.confirm(actor, draft, LIST)
        assert len(kept(tools)) == 4  # the first list went
        uploads.discard(actor, draft)
        assert nothing_left(tools)

    def test_one_file_of_it_and_all_of_it_are_handed_out(
        self, put: Put, uploads: UploadService, deposits: DepositService, actor: Actor, draft: str
    ) -> None:
        import io
        import zipfile

        put("d/evil.html", b"<script>alert(1)</script>")
        put("d/bomb.zip", b"PK bomb")
        deposit_id = uploads.confirm(actor, draft, LIST).deposits[0]
        one = deposits.file_of(actor, deposit_id, 1)
        assert (one.filename, one.media_type) == ("evil.html", "application/octet-stream")
        assert b"".join(one.stream) == b"<script>alert(1)</script>"
        whole = deposits.original(actor, deposit_id)
        with zipfile.ZipFile(io.BytesIO(b"".join(whole.stream))) as archive:
            assert {n: archive.read(n) for n in archive.namelist()} == {
                "d/bomb.zip": b"PK bomb",
                "d/evil.html": b"<script>alert(1)</script>",
            }
        for position in (-1, 2):
            with pytest.raises(NotFound):
                deposits.file_of(actor, deposit_id, position)
        acts = [entry.detail for entry in deposits.custody(actor, deposit_id)]
        assert '{"position":2,"what":"file"}' in acts
        assert '{"what":"original"}' in acts

    def test_files_of_a_folder_are_rows_in_the_lists_order(
        self, put: Put, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        for name in ("d/B", "d/a", "d/é", "d/e\u0301", "d/中"):
            put(name, name.encode())
        uploads.confirm(actor, draft, LIST)
        with tools.database.reading() as session:
            found = session.scalars(select(DepositFile).order_by(DepositFile.position)).all()
        assert [each.path for each in found] == sorted(["d/B", "d/a", "d/é", "d/e\u0301", "d/中"])
