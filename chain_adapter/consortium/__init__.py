"""Members who govern themselves: a rule agreed on once, and messages that keep to it.

The specification is ``docs/consortium.md``. :class:`Consortium` executes it over the events of a
log, ``Consortium.sol`` on an EVM chain; both accept and refuse the same. :class:`Gate` is the
narrow door for those who only ask whether a deposit's key is permitted.

Errors: :class:`Refused` (a :class:`~chain_adapter.errors.LedgerError`) with a code of
:data:`~chain_adapter.consortium.refusals.CODES`.
"""

from chain_adapter.consortium.applying import Application, Certificate, Signed
from chain_adapter.consortium.decoding import decode, genesis_content, read_genesis
from chain_adapter.consortium.engine import Consortium, Ignored
from chain_adapter.consortium.gate import Gate
from chain_adapter.consortium.keys import SigningKey
from chain_adapter.consortium.message import (
    Act,
    Change,
    Message,
    Register,
    Replace,
    Rotate,
)
from chain_adapter.consortium.offices import METHODS, PERMISSIONS
from chain_adapter.consortium.refusals import CODES, Refused
from chain_adapter.consortium.rule import Rule, key_hash
from chain_adapter.consortium.standing import Denial
from chain_adapter.consortium.state import Event, KeyEvent, Member
from chain_adapter.consortium.typed import Domain

__all__ = [
    "CODES",
    "METHODS",
    "PERMISSIONS",
    "Act",
    "Application",
    "Certificate",
    "Change",
    "Consortium",
    "Denial",
    "Domain",
    "Event",
    "Gate",
    "Ignored",
    "KeyEvent",
    "Member",
    "Message",
    "Refused",
    "Register",
    "Replace",
    "Rotate",
    "Rule",
    "Signed",
    "SigningKey",
    "decode",
    "genesis_content",
    "key_hash",
    "read_genesis",
]
