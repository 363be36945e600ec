"""The public ledger, for people: its newest checkpoint, its entries, and the proof of each."""
