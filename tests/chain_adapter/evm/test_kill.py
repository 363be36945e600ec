"""``kill -9`` of a process that sends to a chain: between storing a signed transaction, sending it
and seeing it in a block. The same bytes are sent again, the contract holds each entry once, and no
nonce is missing."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest

from chain_adapter import Entry, Status, open_ledger
from chain_adapter.evm.adapter import EvmLedger
from chain_adapter.evm.cosigning import address_of, sign_digest
from chain_adapter.evm.rows import Attempt
from chain_adapter.evm.rpc import Endpoint
from chain_adapter.evm.state import State
from chain_adapter.merkle import leaf_hash
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import configure
from tests.chain_adapter.evm.test_evm_ledger import check_ledger, opened, seen
from tests.chain_adapter.records import make_entries
from tests.effort import some
from tests.faults.fuse import Fuse

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
#: web3 takes a second to import: what has it is forked.
_FORK = multiprocessing.get_context("fork")
#: More crossings than an append has.
_MOST = 60
_USER = bytes(31) + b"\x07"


def _append(ledger: EvmLedger, entries: list[Entry], cosigned: bool) -> None:
    if not cosigned:
        ledger.append(entries)
        return
    user = address_of(_USER)
    for entry in entries:
        digest = ledger.cosigned_digest(leaf_hash(entry.encode()), user)
        ledger.append_cosigned(entry, user, sign_digest(_USER, digest))


def _send(base: Path, url: str, crossings: int, entries: list[Entry], cosigned: bool) -> None:
    """A process that appends until its fuse has burnt down; 0 crossings: it lives."""
    with open_ledger(url, base=base) as ledger:
        assert isinstance(ledger, EvmLedger)
        if crossings:
            fuse = Fuse(crossings)
            fuse.guard_transactions(State, "write")
            fuse.guard(Endpoint, "send")
        _append(ledger, entries, cosigned)


def _sender(
    base: Path, url: str, crossings: int, entries: list[Entry], cosigned: bool = False
) -> ForkProcess:
    process = _FORK.Process(target=_send, args=(base, url, crossings, entries, cosigned))
    process.start()
    return process


def _ended(process: ForkProcess) -> bool:
    """Waits for its end; whether it was killed."""
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _attempts(ledger: EvmLedger, entries: list[Entry]) -> list[Attempt]:
    """Every transaction that was signed for these entries."""
    with ledger._state.read() as session:
        kept = [session.kept(entry.key) for entry in entries]
        anchors = sorted({each.anchor.id for each in kept if each and each.anchor})
        return [attempt for anchor in anchors for attempt in session.attempts(anchor)]


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("cosigned", some((False, True), (False,)))
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_the_same_transaction_is_sent_again(
    tmp_path: Path, node: Anvil, contract: str, step: int, cosigned: bool, forgotten: bool
) -> None:
    """``forgotten``: what the dead one sent stood in no block, and the node forgets it."""
    url = configure(tmp_path, node, contract, patience=0 if forgotten else 20)
    killed, stored, total = 0, 0, 0
    with opened(tmp_path, node, contract, patience=20) as ledger:
        for crossings in range(1, _MOST, step):
            entries = make_entries(f"round-{crossings}", 1 if cosigned else 3)
            node.rpc("evm_setAutomine", not forgotten)
            configure(tmp_path, node, contract, patience=0 if forgotten else 20)
            died = _ended(_sender(tmp_path, url, crossings, entries, cosigned))
            before = _attempts(ledger, entries)
            if forgotten:
                node.rpc("anvil_dropAllTransactions")
                node.rpc("evm_setAutomine", True)
            _append(ledger, entries, cosigned)
            after = _attempts(ledger, entries)
            assert len(after) == 1, "nothing was signed a second time"
            assert before in ([], after), "what was stored is what was sent"
            for entry in entries:
                receipt = ledger.lookup(entry.key)
                assert receipt is not None
                assert receipt.status is Status.FINAL
                assert seen(ledger, receipt.checkpoint).transaction == after[0].hash
            total += len(entries)
            assert check_ledger(ledger, node, contract) == total
            killed, stored = killed + died, stored + bool(died and before)
            if not died:
                break
        else:
            pytest.fail("no process survived: the append never ends")
    assert killed >= 5 // step
    assert stored >= 3 // step, "some died with a transaction stored and not settled"


@pytest.mark.parametrize("crossings", some(tuple(range(1, 16)), (6, 8)))
def test_another_takes_over_from_the_owner_of_the_nonces(
    tmp_path: Path, node: Anvil, contract: str, crossings: int
) -> None:
    """While several send at once, one dies: the others send what it left, under its nonces."""
    url = configure(tmp_path, node, contract, patience=60)
    groups = [make_entries(f"sender-{number}", 4) for number in range(3)]
    processes = [_sender(tmp_path, url, 0, group) for group in groups[1:]]
    dying = _sender(tmp_path, url, crossings, groups[0])
    ends = [_ended(each) for each in (dying, *processes)]
    assert not any(ends[1:])
    with opened(tmp_path, node, contract, patience=60) as ledger:
        ledger.append(groups[0])
        assert check_ledger(ledger, node, contract) == sum(map(len, groups))
        attempts = _attempts(ledger, [entry for group in groups for entry in group])
        assert len({each.nonce for each in attempts}) == len(attempts)
