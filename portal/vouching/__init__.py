"""What is kept is read again, by and by, and compared with the ledger; a mismatch is an alarm."""
