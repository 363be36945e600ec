"""The nodes that watch the ledger, for anybody: how high each is, what it holds and refused."""
