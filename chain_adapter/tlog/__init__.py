"""The built-in ledger: a C2SP transparency log (tlog-tiles) in one SQLite file."""

from chain_adapter.tlog.adapter import TlogLedger
from chain_adapter.tlog.export import export_tiles

__all__ = ["TlogLedger", "export_tiles"]
