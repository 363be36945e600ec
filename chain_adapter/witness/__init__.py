"""The built-in log, watched: its records are final when enough deposit nodes have cosigned."""

from chain_adapter.witness.adapter import WitnessLedger
from chain_adapter.witness.policy import Policy, PolicyNode
from chain_adapter.witness.sidecar import Report
from chain_adapter.witness.view import NodeRefusal, NodeView

__all__ = ["NodeRefusal", "NodeView", "Policy", "PolicyNode", "Report", "WitnessLedger"]
