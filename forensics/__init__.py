"""Clean remote desktops, screen recording and evidence fingerprints.

The package is reserved in the house plan: it may import ``timestamping`` and ``chain_adapter``,
never the portal. Nothing is exported yet.
"""
