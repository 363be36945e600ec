"""Any sequence of deposits, workers and failures leaves a consistent system that finishes."""

from __future__ import annotations

import dataclasses
import tempfile
import uuid
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy.exc import OperationalError

import migrations
from chain_adapter import digest_of
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.problems import PortalError
from portal.services import build_services
from portal.settings import Settings
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, put, run
from tests.portal.deposits.doubles import (
    Fate,
    FatefulDatabase,
    FatefulLedger,
    FatefulStamper,
    FatefulVault,
    NoSeal,
)

FATES = st.lists(st.sampled_from([Fate.WORKS, Fate.WORKS, Fate.FAILS, Fate.LOST]), max_size=12)


class Spine(RuleBasedStateMachine):
    """Every outside call may fail, or succeed and lose its answer: stamps, appends, proofs, vault
    writes, commits."""

    @initialize()
    def build(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            environment="test",
            data_dir=Path(self.folder.name),
            batch_size=4,
        )
        self.services = build_services(settings)
        migrations.upgrade(self.services.database)
        self.clock, self.fate = MovableClock(), Fate()
        sound = dataclasses.replace(
            self.services.deposits.tools, clock=self.clock, nudge=lambda: None, sealer=NoSeal()
        )
        self.sound = sound
        self.frail: Tools = dataclasses.replace(
            sound,
            database=FatefulDatabase(sound.database, self.fate),
            stamper=FatefulStamper(sound.stamper, self.fate),
            ledgers=(FatefulLedger(sound.ledger, self.fate),),
            vault=FatefulVault(sound.vault, self.fate),
        )
        self.deposits = DepositService(self.frail)
        self.actor = self._account()
        self.accepted: set[str] = set()

    def _account(self) -> Actor:
        user = User(email=f"{uuid.uuid4().hex}@example.com", name="张三")
        with self.sound.database.transaction() as session:
            session.add(user)
        return Actor(user.id, user.name)

    @rule(fates=FATES, key=st.sampled_from([None, "a", "b"]), content=st.sampled_from([b"1", b"2"]))
    def deposit_a_file(self, fates: list[str], key: str | None, content: bytes) -> None:
        self.fate.plan = fates
        try:
            self.accepted.add(put(self.deposits, self.actor, content, key).id)
        except (PortalError, OperationalError):
            pass  # told so; nothing is promised
        finally:
            self.fate.plan = []

    @rule(fates=FATES, number=st.integers(0, 99))
    def deposit_a_digest(self, fates: list[str], number: int) -> None:
        self.fate.plan = fates
        digest = digest_of(bytes([number]))
        try:
            accepted = self.deposits.receive_digest(self.actor, [digest], Metadata())
            self.accepted.add(accepted.deposit.id)
        except (PortalError, OperationalError):
            pass
        finally:
            self.fate.plan = []

    @rule(fates=FATES)
    def work(self, fates: list[str]) -> None:
        self.fate.plan = fates
        try:
            self.deposits.advance()
        except OperationalError:
            pass  # the worker's loop logs it and goes on
        finally:
            self.fate.plan = []

    @rule(seconds=st.sampled_from([1, 40, 400]))
    def wait(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)

    @precondition(lambda self: self.accepted)
    @rule()
    def look(self) -> None:
        check_spine(self.sound)

    def teardown(self) -> None:
        """When failures end, everything accepted is issued, and nothing was lost on the way."""
        if not hasattr(self, "deposits"):
            return
        try:
            for _ in range(3):
                self.clock.forward(seconds=400)
                run(self.deposits)
            rows = check_spine(self.sound, all_issued=True)
            assert self.accepted <= {row.id for row in rows}
        finally:
            self.services.close()
            self.folder.cleanup()


TestSpine = Spine.TestCase
TestSpine.settings = hypothesis_settings(
    max_examples=12, stateful_step_count=12, deadline=None, print_blob=True
)
