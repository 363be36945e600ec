"""A node keeps packets for platforms it knows, as they were sent, and nothing else for anybody."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import EntryKey
from chain_adapter.node.packet_store import PacketStore
from chain_adapter.node.packets import Packets, mount
from chain_adapter.node.routes import Rejection, Request, Response, Routes
from chain_adapter.packets import PacketKeys, PacketPlan
from chain_adapter.packets.request import REQUEST, SKEW, Asked
from tests.chain_adapter.packets.cut import cut

NODE = "node-a.example"
NOW = 1_800_000_000
PLATFORM = EntryKey(Ed25519PrivateKey.from_private_bytes(b"p" * 32))
STRANGER = EntryKey(Ed25519PrivateKey.from_private_bytes(b"s" * 32))


class _Context:
    """A node, as far as packets know it."""

    name = NODE
    platforms: ClassVar[dict[str, bytes]] = {PLATFORM.key_id: PLATFORM.public}

    def __init__(self, folder: Path, options: dict[str, Any], *, holds: bool) -> None:
        self.folder, self.options, self._holds = folder, {"packets": options}, holds

    def holds_data(self, root: bytes) -> bool:
        return self._holds and len(root) == 32


class _Body:
    def __init__(self, data: bytes, length: int | None = None) -> None:
        self._data = io.BytesIO(data)
        self.length = len(data) if length is None else length

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)

    @property
    def taken(self) -> int:
        return self._data.tell()


class _Node:
    """Answers as the node's server does: by its table, rejections as answers."""

    def __init__(self, folder: Path, *, holds: bool = True, **options: object) -> None:
        self._routes = Routes()
        mount(self._routes, _Context(folder, {"reserve_bytes": 0, **options}, holds=holds))

    def handle(self, request: Request) -> Response:
        try:
            route, groups = self._routes.find(request.method, request.path)
            return route.handler(replace(request, groups=groups))
        except Rejection as error:
            return Response(error.body, error.status)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is always the same second."""
    monkeypatch.setattr(Packets.__init__, "__defaults__", (lambda: NOW,))


@pytest.fixture
def packets(tmp_path: Path) -> _Node:
    return _Node(tmp_path)


@pytest.fixture(scope="module")
def plan() -> PacketPlan:
    return _made()[0]


def _made() -> tuple[PacketPlan, list[bytes]]:
    return cut(b"a deposit's content" * 20, 2, 3, PacketKeys(bytes(32)))


DATA = _made()[1][0]


def _asked(plan: PacketPlan, data: bytes = DATA, number: int = 1) -> Asked:
    digest = hashlib.sha256(data).digest()
    return Asked("PUT", NODE, plan.root, number, digest, len(data), plan.path(number))


def _request(
    asked: Asked, data: bytes = DATA, key: EntryKey | None = PLATFORM, now: int = NOW
) -> Request:
    headers = asked.headers(key or PLATFORM, now)
    if key is None:
        del headers[REQUEST]
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(asked.method, asked.address, (), lowered, _Body(data))


def _read(packets: _Node, plan: PacketPlan, number: int = 1) -> Response:
    asked = Asked("GET", NODE, plan.root, number)
    return packets.handle(_request(asked, b""))


def _sentence(answer: Response) -> str:
    assert isinstance(answer.body, bytes)
    return answer.body.decode()


def _bytes(answer: Response) -> bytes:
    assert isinstance(answer.body, Path), answer.body
    return answer.body.read_bytes()


def _head(packets: _Node, plan: PacketPlan) -> Response:
    return packets.handle(Request("HEAD", _asked(plan).address, (), {}, _Body(b"")))


def test_what_was_put_is_got_back_and_stays(packets: _Node, plan: PacketPlan) -> None:
    answer = packets.handle(_request(_asked(plan)))
    assert answer.status == 201
    again = packets.handle(_request(_asked(plan)))
    assert again.status == 200
    got = _read(packets, plan)
    assert (got.status, _bytes(got)) == (200, DATA)
    head = _head(packets, plan)
    assert (head.status, _bytes(head)) == (200, DATA)
    assert head.headers["Notary-Packet-Digest"] == _asked(plan).digest.hex()


def test_it_is_still_there_after_a_restart(
    packets: _Node, plan: PacketPlan, tmp_path: Path
) -> None:
    packets.handle(_request(_asked(plan)))
    assert _bytes(_read(_Node(tmp_path), plan)) == DATA


@pytest.mark.parametrize("key", [None, STRANGER])
def test_nobody_else_writes(packets: _Node, plan: PacketPlan, key: EntryKey | None) -> None:
    answer = packets.handle(_request(_asked(plan), key=key))
    assert answer.status == 403
    assert _head(packets, plan).status == 404


@pytest.mark.parametrize("key", [None, STRANGER])
def test_nobody_else_reads(packets: _Node, plan: PacketPlan, key: EntryKey | None) -> None:
    packets.handle(_request(_asked(plan)))
    asked = Asked("GET", NODE, plan.root, 1)
    assert packets.handle(_request(asked, b"", key=key)).status == 403


@pytest.mark.parametrize(
    "change",
    [{"number": 2}, {"root": bytes(32)}, {"length": 1}, {"path": ()}, {"digest": bytes(32)}],
)
def test_an_overheard_signature_serves_for_nothing_else(
    packets: _Node, plan: PacketPlan, change: dict[str, object]
) -> None:
    """The headers of one request, sent with another address or other facts."""
    meant = _request(_asked(plan))
    other = replace(_asked(plan), **change)  # type: ignore[arg-type]
    sent = {name.lower(): value for name, value in other.headers(PLATFORM, NOW).items()}
    sent[REQUEST.lower()] = meant.headers[REQUEST.lower()]
    request = Request("PUT", other.address, (), sent, _Body(DATA, other.length))
    assert packets.handle(request).status == 403


def test_a_signature_for_another_node_or_method_is_refused(
    packets: _Node, plan: PacketPlan
) -> None:
    elsewhere = replace(_asked(plan), node="node-b.example")
    assert packets.handle(_request(elsewhere)).status == 403
    packets.handle(_request(_asked(plan)))
    putting = _request(_asked(plan))
    assert packets.handle(replace(putting, method="GET")).status == 403


@pytest.mark.parametrize("off", [-SKEW - 1, SKEW + 1])
def test_an_old_or_early_signature_is_refused(packets: _Node, plan: PacketPlan, off: int) -> None:
    answer = packets.handle(_request(_asked(plan), now=NOW + off))
    assert (answer.status, "too long ago" in _sentence(answer)) == (403, True)


@pytest.mark.parametrize(
    "given", ["", "x", "a b c", f"{PLATFORM.key_id} 1 !!!", f"{PLATFORM.key_id} -1 AA==", "  "]
)
def test_a_signature_that_cannot_be_read_is_refused(
    packets: _Node, plan: PacketPlan, given: str
) -> None:
    request = _request(_asked(plan))
    headers = {**request.headers, REQUEST.lower(): given}
    assert packets.handle(replace(request, headers=headers)).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/packets/../../node.key",
        "/packets/" + "a" * 64 + "/../1",
        "/packets/" + "a" * 64 + "/0",
        "/packets/" + "a" * 64 + "/01",
        "/packets/" + "a" * 64 + "/256",
        "/packets/" + "a" * 64 + "/1/2",
        "/packets/" + "a" * 64 + "/1\n",
        "/packets/" + "A" * 64 + "/1",
        "/packets/" + "a" * 63 + "/1",
        "/packets/%2e%2e/1",
        "/packets/staging/1",
        "/packets/" + "a" * 64 + "/１",
        "",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
def test_no_other_address_is_a_name(packets: _Node, path: str, method: str) -> None:
    answer = packets.handle(Request(method, path, (), {}, _Body(b"abc")))
    assert answer.status == 404


def test_an_oversized_packet_is_refused_before_a_byte_is_read(
    tmp_path: Path, plan: PacketPlan
) -> None:
    packets = _Node(tmp_path, max_bytes=len(DATA) - 1)
    body = _Body(DATA)
    answer = packets.handle(replace(_request(_asked(plan)), content=body))
    assert (answer.status, body.taken) == (413, 0)


def test_what_ends_early_leaves_nothing(packets: _Node, plan: PacketPlan, tmp_path: Path) -> None:
    request = replace(_request(_asked(plan)), content=_Body(DATA[:-1], len(DATA)))
    assert packets.handle(request).status == 400
    assert _left(tmp_path) == []


def test_other_bytes_than_were_signed_are_refused(
    packets: _Node, plan: PacketPlan, tmp_path: Path
) -> None:
    request = replace(_request(_asked(plan)), content=_Body(b"!" + DATA[1:]))
    assert packets.handle(request).status == 400
    assert _left(tmp_path) == []


def test_what_is_not_under_the_root_is_refused(packets: _Node, plan: PacketPlan) -> None:
    """Signed by the platform itself, but the packet of another deposit."""
    _, others = cut(b"another's content" * 20, 2, 3, PacketKeys(bytes(range(32))))
    answer = packets.handle(_request(_asked(plan, others[0]), others[0]))
    assert (answer.status, "not under this root" in _sentence(answer)) == (422, True)
    junk = b"junk" * 10
    assert packets.handle(_request(_asked(plan, junk), junk)).status == 422


def test_an_address_never_changes_what_it_holds(packets: _Node, plan: PacketPlan) -> None:
    packets.handle(_request(_asked(plan)))
    other = b"!" + DATA[1:]
    answer = packets.handle(_request(_asked(plan, other), other))
    assert answer.status == 409
    assert _bytes(_read(packets, plan)) == DATA


def test_what_the_disk_damaged_is_made_good_by_sending_it_again(
    packets: _Node, plan: PacketPlan, tmp_path: Path
) -> None:
    packets.handle(_request(_asked(plan)))
    name = plan.root.hex()
    stored = tmp_path / "packets" / name[:2] / name / "1"
    stored.chmod(0o600)
    stored.write_bytes(b"!" + DATA[1:])
    assert packets.handle(_request(_asked(plan))).status == 201
    assert _bytes(_read(packets, plan)) == DATA


def test_only_what_the_log_commits_to_is_kept(tmp_path: Path, plan: PacketPlan) -> None:
    early = _Node(tmp_path, holds=False)
    assert early.handle(_request(_asked(plan))).status == 425
    anything = _Node(tmp_path, holds=False, committed=False)
    assert anything.handle(_request(_asked(plan))).status == 201


@pytest.mark.parametrize("value", [-1, "1", True, None])
def test_options_that_make_no_sense_are_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        _Node(tmp_path, max_bytes=value)


def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, plan: PacketPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = _Node(tmp_path, reserve_bytes=2**62)
    assert full.handle(_request(_asked(plan))).status == 507
    packets = _Node(tmp_path)

    def no_room(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("chain_adapter.node.packet_store.os.write", no_room)
        assert packets.handle(_request(_asked(plan))).status == 503
    assert _left(tmp_path) == []
    assert packets.handle(_request(_asked(plan))).status == 201


def test_what_a_crash_left_behind_is_removed_at_the_start(tmp_path: Path, plan: PacketPlan) -> None:
    store = PacketStore(tmp_path / "packets", 0)
    living = store.receive(io.BytesIO(b"abc"), 3)
    (tmp_path / "packets" / "staging" / "dead").write_bytes(b"half a packet")
    packets = _Node(tmp_path)
    assert _left(tmp_path) == [living.path.name]
    living.discard()
    assert packets.handle(_request(_asked(plan))).status == 201


def _left(folder: Path) -> list[str]:
    def names() -> Iterator[str]:
        yield from (each.name for each in (folder / "packets" / "staging").iterdir())

    return sorted(names())
