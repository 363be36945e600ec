"""Pieces: durable when acknowledged, one writer at a time, nothing left of what was refused."""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_adapter import Digest, digest_of
from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, PortalError, TooLarge
from portal.uploads.models import UploadPiece
from portal.uploads.service import Body, NewFile, UploadService
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of
from tests.portal.uploads.conftest import NOTHING, Put, body_of, kept, new_file, sha


def test_a_small_file_comes_in_one_request(put: Put, tools: Tools) -> None:
    content = os.urandom(20_000)
    upload = put("合同.pdf", content)
    assert (upload.offset, upload.sha256, upload.ready) == (20_000, sha(content), True)
    assert upload.vault_key is not None
    assert tools.vault.read(upload.vault_key) == content
    assert len(kept(tools)) == 1
    raw = tools.vault.path(upload.vault_key).read_bytes()  # type: ignore[attr-defined]
    assert content[:64] not in raw


def test_pieces_become_one_content(
    uploads: UploadService, actor: Actor, draft: str, tools: Tools
) -> None:
    content = os.urandom(300_001)
    upload = uploads.create(actor, draft, new_file("a", content), body_of(content[:100_000]))
    for start, end in ((100_000, 100_001), (100_001, 300_001)):
        assert uploads.find(actor, upload.id).offset == start
        upload = uploads.write(actor, upload.id, start, body_of(content[start:end]))
    assert upload.ready
    assert upload.vault_key is not None
    assert tools.vault.read(upload.vault_key) == content
    assert len(kept(tools)) == 1
    with tools.database.reading() as session:
        assert session.query(UploadPiece).count() == 0


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=3000),
    st.lists(st.tuples(st.integers(1, 1500), st.booleans()), max_size=5),
)
def test_whatever_the_pieces_and_breaks_the_whole_is_right(
    tools: Tools, actor: Actor, content: bytes, steps: list[tuple[int, bool]]
) -> None:
    """A new service for each request: nothing is remembered but what is stored."""
    draft = str(uuid.uuid4())
    upload = UploadService(tools).create(actor, draft, new_file("a", content), NOTHING)
    for size, broken in [*steps, (len(content), False)]:
        if upload.complete:
            break
        at = UploadService(tools).find(actor, upload.id).offset
        piece = content[at : at + size]
        arrives = piece[: len(piece) // 2 + 1] if broken else piece
        upload = UploadService(tools).write(actor, upload.id, at, body_of(arrives, len(piece)))
        assert upload.offset == at + len(arrives)
    assert upload.sha256 == sha(content)
    assert tools.vault.read(upload.vault_key or "") == content
    UploadService(tools).discard(actor, draft)
    assert kept(tools) == set()


def test_what_arrived_before_a_break_is_kept(
    uploads: UploadService, actor: Actor, draft: str
) -> None:
    content = os.urandom(1000)
    upload = uploads.create(actor, draft, new_file("a", content), body_of(content[:400], 1000))
    assert upload.offset == 400
    assert uploads.write(actor, upload.id, 400, body_of(content[400:])).ready


def test_an_empty_file_is_there_at_once(put: Put, tools: Tools) -> None:
    upload = put("空.txt", b"")
    assert (upload.ready, upload.sha256) == (True, sha(b""))
    assert tools.vault.read(upload.vault_key or "") == b""


def test_the_same_creation_again_is_the_same_upload(
    uploads: UploadService, actor: Actor, draft: str, tools: Tools
) -> None:
    new = new_file("a", b"content", modified=5)
    first = uploads.create(actor, draft, new, body_of(b"con", 7))
    again = uploads.create(actor, draft, new, body_of(b"content"))
    assert (again.id, again.offset) == (first.id, 3)
    with pytest.raises(Conflict, match="Another file of the name a"):
        uploads.create(actor, draft, new_file("a", b"content", modified=6), NOTHING)
    assert uploads.view(actor, draft).draft.files == 1


class TestLies:
    def test_about_the_offset(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"0123456789"), body_of(b"0123", 10))
        for offset in (0, 3, 5, 10, 2**40):
            with pytest.raises(Conflict, match="goes on at byte 4") as caught:
                uploads.write(actor, upload.id, offset, body_of(b"x"))
            assert caught.value.code == "upload_offset"
        assert uploads.find(actor, upload.id).offset == 4
        assert len(kept(tools)) == 1

    @pytest.mark.parametrize("announced", [True, False])
    def test_about_the_length(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools, announced: bool
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"0123456789"), NOTHING)
        long = body_of(bytes(11))
        body = long if announced else Body(long.read)
        with pytest.raises(TooLarge, match="than the 10"):
            uploads.write(actor, upload.id, 0, body)
        assert (uploads.find(actor, upload.id).offset, kept(tools)) == (0, set())
        assert uploads.write(actor, upload.id, 0, body_of(b"0123456789")).complete

    def test_more_than_announced_at_the_creation_makes_nothing(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        with pytest.raises(TooLarge):
            uploads.create(actor, draft, new_file("a", b"01"), body_of(b"012"))
        assert kept(tools) == set()
        assert uploads.waiting(actor) is None

    def test_a_complete_upload_takes_no_more(
        self, put: Put, uploads: UploadService, actor: Actor
    ) -> None:
        upload = put("a", b"whole")
        for offset in (0, 5):
            with pytest.raises(PortalError):
                uploads.write(actor, upload.id, offset, body_of(b"!"))
        assert uploads.find(actor, upload.id).sha256 == sha(b"whole")

    @pytest.mark.parametrize("late", [True, False])
    def test_bytes_that_differ_from_the_browsers_are_not_kept(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools, late: bool
    ) -> None:
        claimed = () if late else (digest_of(b"what the browser read"),)
        new = NewFile("合同.pdf", 5, digests=claimed)
        if late:  # until then nobody compared it
            upload = uploads.create(actor, draft, new, body_of(b"other"))
            assert not upload.ready
            read = [digest_of(b"what the browser read")]
            compare = partial(uploads.claim_digests, actor, upload.id, read)
        else:
            compare = partial(uploads.create, actor, draft, new, body_of(b"other"))
        with pytest.raises(BadInput, match=r"other bytes of 合同\.pdf") as caught:
            compare()
        assert caught.value.code == "digest_mismatch"
        assert kept(tools) == set()
        assert uploads.waiting(actor) is None

    def test_an_sm3_that_differs_is_found_too(
        self, uploads: UploadService, actor: Actor, draft: str
    ) -> None:
        upload = uploads.create(
            actor,
            draft,
            NewFile("a", 1, digests=(digest_of(b"a"), Digest("sm3", bytes(32)))),
            body_of(b"a"),
        )
        # This portal computes no SM3, so there is nothing to compare it with.
        assert upload.ready


class TestChecksum:
    def test_right(self, uploads: UploadService, actor: Actor, draft: str) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"abc"), NOTHING)
        body = body_of(
            b"abc", checksum=("sha1", hashlib.sha1(b"abc", usedforsecurity=False).digest())
        )
        assert uploads.write(actor, upload.id, 0, body).complete

    @pytest.mark.parametrize("broken", [True, False])
    def test_wrong_or_not_to_be_known(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools, broken: bool
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"abcd"), NOTHING)
        digest = hashlib.sha256(b"abcd").digest()
        if broken:
            body = body_of(b"ab", 4, checksum=("sha256", digest))
            assert uploads.write(actor, upload.id, 0, body).offset == 0
        else:
            with pytest.raises(BadInput, match="checksum"):
                uploads.write(actor, upload.id, 0, body_of(b"abcx", checksum=("sha256", digest)))
        assert kept(tools) == set()
        assert uploads.write(actor, upload.id, 0, body_of(b"abcd")).complete


class TestBeside:
    def test_of_pieces_beside_each_other_one_wins(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        content = os.urandom(50_000)
        upload = uploads.create(actor, draft, new_file("a", content), NOTHING)
        start = threading.Barrier(6)

        def write(number: int) -> str:
            start.wait()
            try:
                uploads.write(actor, upload.id, 0, body_of(content))
            except Conflict as error:
                return error.code
            return "won"

        with ThreadPoolExecutor(6) as pool:
            results = list(pool.map(write, range(6)))
        assert results.count("won") == 1
        assert set(results) <= {"won", "upload_busy", "upload_offset"}
        assert uploads.find(actor, upload.id).sha256 == sha(content)
        assert len(kept(tools)) == 1

    def test_while_one_writes_another_waits(
        self, uploads: UploadService, actor: Actor, draft: str
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"ab"), NOTHING)
        said: list[str] = []

        def read(_: int) -> bytes:
            if said:
                return b""
            with pytest.raises(Conflict) as caught:
                uploads.write(actor, upload.id, 0, body_of(b"xy"))
            said.append(caught.value.code)
            return b"ab"

        assert uploads.write(actor, upload.id, 0, Body(read, 2)).ready
        assert said == ["upload_busy"]

    def test_one_that_was_silent_too_long_loses_to_the_next(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools, clock: MovableClock
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"ab"), NOTHING)
        done: list[bool] = []

        def read(_: int) -> bytes:
            if done:
                return b""
            done.append(True)
            clock.forward(minutes=1)
            assert uploads.write(actor, upload.id, 0, body_of(b"ab")).ready
            return b"ab"

        with pytest.raises(Conflict):
            uploads.write(actor, upload.id, 0, Body(read, 2))
        assert uploads.find(actor, upload.id).ready
        assert len(kept(tools)) == 1

    def test_what_a_killed_process_left_is_found_by_the_next(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools, clock: MovableClock
    ) -> None:
        """Its piece is in the vault, and no offset tells of it."""
        upload = uploads.create(actor, draft, new_file("a", b"abcd"), NOTHING)
        receiver = uploads._receiver
        claim = receiver._claim(upload.id, 0)
        receiver._take(uploads.find(actor, upload.id), claim, body_of(b"ab", 4))
        assert len(kept(tools)) == 1
        with pytest.raises(Conflict, match="Another request"):
            uploads.write(actor, upload.id, 0, body_of(b"abcd"))
        clock.forward(minutes=1)
        assert uploads.write(actor, upload.id, 0, body_of(b"abcd")).ready
        assert len(kept(tools)) == 1

    def test_a_draft_discarded_meanwhile_keeps_nothing(
        self, uploads: UploadService, actor: Actor, draft: str, tools: Tools
    ) -> None:
        upload = uploads.create(actor, draft, new_file("a", b"ab"), NOTHING)
        done: list[bool] = []

        def read(_: int) -> bytes:
            if done:
                return b""
            done.append(True)
            uploads.discard(actor, draft)
            return b"ab"

        with suppress(Conflict):
            uploads.write(actor, upload.id, 0, Body(read, 2))
        assert kept(tools) == set()
        with pytest.raises(NotFound):
            uploads.find(actor, upload.id)


def test_somebody_elses_upload_is_not_found(
    put: Put, uploads: UploadService, actor: Actor, draft: str, make_user: MakeUser
) -> None:
    upload = put("a", b"mine")
    other = actor_of(make_user())
    for act in (
        lambda: uploads.find(other, upload.id),
        lambda: uploads.write(other, upload.id, 4, body_of(b"")),
        lambda: uploads.remove(other, upload.id),
        lambda: uploads.claim_digests(other, upload.id, [digest_of(b"mine")]),
        lambda: uploads.create(other, draft, new_file("b", b"theirs"), body_of(b"theirs")),
        lambda: uploads.add_digests(other, draft, [new_file("b", b"theirs")]),
        lambda: uploads.view(other, draft),
    ):
        with pytest.raises(NotFound):
            act()
    uploads.discard(other, draft)  # says nothing, does nothing
    assert uploads.view(actor, draft).ready


def test_paths_that_lead_elsewhere_are_refused(
    uploads: UploadService, actor: Actor, draft: str
) -> None:
    for path in ("", "/etc/passwd", "../x", "a/../../b", "C:\\x", "a\x00b"):
        with pytest.raises(BadInput) as caught:
            uploads.create(actor, draft, new_file(path, b"x"), body_of(b"x"))
        assert caught.value.field == "path"
    assert uploads.waiting(actor) is None
