"""What the portal publishes for other people's tools: time-stamps, the ledger, certificates."""
