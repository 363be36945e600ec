"""The interface itself: what adapters raise comes out as one family of errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest

from chain_adapter import (
    Caps,
    Entry,
    Fatal,
    Health,
    Ledger,
    Proof,
    QuorumNotReached,
    Receipt,
    Retryable,
    Trust,
    Unknown,
    open_ledger,
)
from chain_adapter.supplement import Supplement
from tests.chain_adapter.records import make_entry


class Failing(Ledger):
    """An adapter whose every call fails in the way it is told."""

    scheme: ClassVar[str] = "failing"
    caps: ClassVar[Caps] = Caps("immediate", 10, offline_proof=False, reorgs=False)

    def __init__(self, error: Exception) -> None:
        self.error = error

    @property
    def id(self) -> str:
        return "failing"

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Failing:
        return cls(Retryable(f"{data} {base.name} {passphrase}"))

    def trust(self) -> Trust:
        return Trust()

    def close(self) -> None:
        pass

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        raise self.error

    def _lookup(self, key: str) -> Receipt | None:
        raise self.error

    def _refresh(self, receipt: Receipt) -> Receipt:
        raise self.error

    def _prove(self, receipt: Receipt) -> Proof:
        raise self.error

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        yield 0, make_entry("one")
        raise self.error

    def _health(self) -> Health:
        raise self.error


@pytest.mark.parametrize(
    ("raised", "appending", "reading"),
    [
        (ConnectionResetError("gone"), Unknown, Retryable),
        (TypeError("a bug"), Fatal, Fatal),
        (QuorumNotReached(2, 5), QuorumNotReached, QuorumNotReached),
    ],
)
def test_errors_are_normalised(
    raised: Exception, appending: type[Exception], reading: type[Exception]
) -> None:
    ledger = Failing(raised)
    receipt = Receipt(
        "l", "s", "k", bytes(32), 0, "final", datetime.now(UTC).replace(microsecond=0), ""
    )
    with pytest.raises(appending):
        ledger.append([make_entry("one")])
    for call in (
        lambda: ledger.lookup("k"),
        lambda: ledger.refresh(receipt),
        lambda: ledger.prove(receipt),
        lambda: list(ledger.events()),
    ):
        with pytest.raises(reading):
            call()
    health = ledger.health()
    assert not health.ok
    assert str(raised) in health.detail


def test_a_quorum_says_how_far_it_came() -> None:
    error = QuorumNotReached(2, 5)
    assert (error.got, error.need) == (2, 5)
    assert str(error) == "only 2 of the 5 needed parties agreed"


def test_a_scheme_may_be_a_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {
        "failing": EntryPoint("failing", f"{__name__}:Failing", "notary.ledgers"),
        "other": EntryPoint("other", f"{__name__}:make_entry", "notary.ledgers"),
    }
    monkeypatch.setattr("chain_adapter.registry.entry_points", lambda group, name: [points[name]])
    ledger = open_ledger("failing:there", base=tmp_path, passphrase="secret")
    assert isinstance(ledger, Failing)
    assert str(ledger.error) == f"there {tmp_path.name} secret"
    with pytest.raises(Fatal, match="is not a Ledger"):
        open_ledger("other:x", base=tmp_path)
