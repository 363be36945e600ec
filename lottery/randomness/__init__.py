"""Where a draw's public randomness comes from: dice on a table, or drand's beacon."""
