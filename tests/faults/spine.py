"""The whole system is consistent: the helper of the deposit tests, for a portal's services."""

from __future__ import annotations

from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.services import Services
from tests.portal.deposits import checking


def check_spine(services: Services, *, all_issued: bool = True) -> list[Deposit]:
    """See :func:`tests.portal.deposits.checking.check_spine`."""
    tools = Tools(
        settings=services.settings,
        database=services.database,
        vault=services.vault,
        pki=services.pki,
        stamper=services.stamper,
        ledgers=services.ledgers,
        entry_key=services.entry_key,
        sealer=services.sealer,
        secret=bytes(32),
        nudge=services.queue.nudge,
        clock=services.clock,
        cosigner=services.deposits.tools.cosigner,
    )
    return checking.check_spine(tools, all_issued=all_issued)
