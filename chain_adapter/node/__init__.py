"""A deposit node: examines what a ledger records, keeps its own copy, and cosigns.

Run by another institution: ``python -m chain_adapter.node init|serve|status|export FOLDER``.
"""
