"""A draw as one deposit: its record, the seals of its steps, and the tools to check them.

The manifest (schema ``notary/draw-files/v1``) lists the files; its SHA-256 is what is deposited::

    transcript.json      the record, all steps
    verifier.py          checks the record with Python's standard library alone
    winners.json         who stands at the winning positions: salt, tag and public fields of each
    leaves.bin           the leaves of the list, when they are few enough to come along
    seals.json           for each step its ledger entry, receipt and inclusion proof
    seals/0000.tsr …     for each step the RFC 3161 token over its SHA-256
"""

from lottery.bundle import layout
from lottery.bundle.contents import facts_of, winning_positions
from lottery.bundle.manifest import BundleFile, BundleManifest, read_manifest
from lottery.bundle.seals import Seal, read_seals, write_seals
from lottery.bundle.verifying import verify_bundle
from lottery.bundle.winners import Winner, read_winners, write_winners

__all__ = [
    "BundleFile",
    "BundleManifest",
    "Seal",
    "Winner",
    "facts_of",
    "layout",
    "read_manifest",
    "read_seals",
    "read_winners",
    "verify_bundle",
    "winning_positions",
    "write_seals",
    "write_winners",
]
