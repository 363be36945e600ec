"""The consortium of the portal's ledger: its rule, its members, and the messages that move them."""
