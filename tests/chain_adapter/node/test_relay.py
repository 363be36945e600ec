"""One after another: a node hands on to the next, and passes over who does not answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from chain_adapter.node.relay import Asked
from chain_adapter.node.routes import Rejection
from chain_adapter.note import COSIGNATURE, Note
from chain_adapter.quorum import Quorum, cosigners
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, Said

DEAD = "http://127.0.0.1:9"


def relay(need: int, seconds: float = 30.0) -> str:
    return f"need={need}; until={int((time.time() + seconds) * 1000)}"


def names(said: Said, log: LogServer, nodes: list[NodeHere]) -> list[str]:
    """Whose good cosignatures the answer holds."""
    assert said.status == 200, said.text
    note = Note.parse(log.ledger.latest())
    lines = Note.parse("x\n\n" + said.text).signatures
    quorum = Quorum(1, tuple(node.node.signer.verifier.vkey(COSIGNATURE) for node in nodes))
    found = cosigners(Note(note.text, (*note.signatures, *lines)).encode(), quorum)
    assert len(found) == len(lines)
    return [name.removeprefix("node-").removesuffix(".example") for name in found]


@contextmanager
def hanging() -> Iterator[str]:
    """Accepts, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as held:

        def accept() -> None:
            while True:
                try:
                    held.enter_context(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def chain(make: MakeNode) -> list[NodeHere]:
    """a hands on to b, b to c."""
    c = make("c")
    b = make("b", relay=[c.url])
    return [make("a", relay=[b.url]), b, c]


def test_the_chain_cosigns_until_enough_are_together(
    chain: list[NodeHere], log: LogServer, platform: Platform
) -> None:
    a, _, c = chain
    log.append(platform.deposits("one", 2))
    assert names(a.submit(log.submission(), Notary_Relay=relay(2)), log, chain) == ["a", "b"]
    assert c.status()["logs"][0]["size"] == 0
    log.append(platform.deposits("two", 2))
    # c has seen nothing: b computes the proof from c's size out of its own copy.
    said = a.submit(log.submission(2), Notary_Relay=relay(3))
    assert names(said, log, chain) == ["a", "b", "c"]
    assert [node.status()["logs"][0]["size"] for node in chain] == [4, 4, 4]
    # Nobody was asked for more than there are.
    said = a.submit(log.submission(4), Notary_Relay=relay(9))
    assert names(said, log, chain) == ["a", "b", "c"]


def test_a_ring_ends_where_it_began(
    chain: list[NodeHere], log: LogServer, platform: Platform
) -> None:
    a, _, c = chain
    c.configure(f'[relay]\nnext = ["{a.url}"]\n')
    c.again(port=c.url.rpartition(":")[2])
    log.append(platform.deposits("ring", 1))
    said = a.submit(log.submission(), Notary_Relay=relay(9))
    assert names(said, log, chain) == ["a", "b", "c"]


def test_dead_and_hanging_nodes_are_passed_over(
    make: MakeNode, log: LogServer, platform: Platform
) -> None:
    last = make("d")
    with hanging() as hung:
        first = make("a", relay=[DEAD, hung, last.url])
        log.append(platform.deposits("dead", 1))
        said = first.submit(log.submission(), Notary_Relay=relay(2, seconds=12))
        assert names(said, log, [first, last]) == ["a", "d"]


def test_a_node_that_refuses_is_passed_over(
    make: MakeNode, log: LogServer, platform: Platform
) -> None:
    refusing = make("b", platforms=())
    last = make("c")
    first = make("a", relay=[refusing.url, last.url])
    log.append(platform.deposits("refused", 1))
    said = first.submit(log.submission(), Notary_Relay=relay(3))
    assert names(said, log, [first, refusing, last]) == ["a", "c"]
    assert refusing.refusals() == ["platform"]


def test_without_being_asked_nothing_is_handed_on(
    chain: list[NodeHere], log: LogServer, platform: Platform
) -> None:
    log.append(platform.deposits("alone", 1))
    assert names(chain[0].submit(log.submission()), log, chain) == ["a"]
    said = chain[0].submit(log.submission(1), Notary_Relay=relay(3, seconds=-5))
    assert names(said, log, chain) == ["a"]  # the time was over before it began


@pytest.mark.parametrize(
    "header", ["", "3", "need=0; until=1700000000000", "need=3", "need=3; until=soon", "need=3;"]
)
def test_another_header_is_malformed(header: str, node: NodeHere, log: LogServer) -> None:
    with pytest.raises(Rejection, match="need=<n>"):
        Asked.read(header)
    if header:
        said = node.submit(log.submission(), Notary_Relay=header)
        assert (said.status, said.code) == (400, "relay")


def test_no_relay_goes_on_for_ever() -> None:
    assert Asked.read("need=3; until=9999999999999").until <= time.time() + 60
