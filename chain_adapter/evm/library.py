"""web3, imported without what that does to the whole process.

It imports py_ecc, which lifts the interpreter's recursion limit to 100,000; and then deeply nested
JSON of a stranger overruns the stack and ends the process, where it should be refused. Everything
of web3 that this package uses comes from here.
"""

from __future__ import annotations

import sys

_limit = sys.getrecursionlimit()
try:
    from web3 import Account, Web3
    from web3.exceptions import (
        BlockNotFound,
        ContractLogicError,
        TransactionNotFound,
        Web3RPCError,
    )
    from web3.middleware import ExtraDataToPOAMiddleware
    from web3.providers import JSONBaseProvider
    from web3.types import RPCEndpoint, RPCResponse
finally:
    sys.setrecursionlimit(_limit)

__all__ = [
    "Account",
    "BlockNotFound",
    "ContractLogicError",
    "ExtraDataToPOAMiddleware",
    "JSONBaseProvider",
    "RPCEndpoint",
    "RPCResponse",
    "TransactionNotFound",
    "Web3",
    "Web3RPCError",
]
