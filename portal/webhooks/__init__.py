"""Webhooks: what happens to somebody's deposits, told to their own server, signed.

The custody log is the feed. The worker follows it by a stored cursor, turns entries into deliveries
in the transaction that moves the cursor, and sends them from threads of their own. A delivery is
tried until it is acknowledged or given up, so a receiver may see one twice; ``webhook-id`` stays
the same.
"""
