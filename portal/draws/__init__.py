"""Verifiable draws: planned, frozen, committed to, drawn and shown to everybody."""
