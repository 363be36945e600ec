"""The names of a proof package's members, and of the same things attached to a letter.

```
manifest.json  letter.pdf  token.tsr  token-2.tsr …  VERIFY.md
ledger/entry.json  ledger/receipt.json  ledger/proof  ledger/metadata.json
ledger/2/receipt.json  ledger/2/proof … of each further ledger
trust/root.pem  trust/tsa.pem  trust/seal.pem  trust/crl.pem  trust/ledger.vkey  trust/platform.pem
files/<the original, when asked>
```
Of a folder, when several files were deposited together:
```
files.json  files/<path of each file, when asked>
```
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "notary/package/v1"
LETTER_SCHEMA: Final = "notary/letter/v1"

MANIFEST: Final = "manifest.json"
LETTER: Final = "letter.pdf"
TOKEN: Final = "token.tsr"  # noqa: S105
ENTRY: Final = "ledger/entry.json"
RECEIPT: Final = "ledger/receipt.json"
PROOF: Final = "ledger/proof"
METADATA: Final = "ledger/metadata.json"
GUIDE: Final = "VERIFY.md"
TRUST: Final = "trust/"
FILES: Final = "files/"
#: No record stands on more ledgers.
MAX_LEDGERS: Final = 16
#: The canonical list of a folder's files, in the package and attached to its letter.
FILE_LIST: Final = "files.json"

#: What a letter carries of the package: attachment name to package member.
ATTACHED: Final = {
    "token.tsr": TOKEN,
    "entry.json": ENTRY,
    "receipt.json": RECEIPT,
    "proof": PROOF,
    "metadata.json": METADATA,
}
#: Attachments without a counterpart in the package: the letter's own facts, and its trust.
FACTS: Final = "letter.json"
ANCHORS: Final = "trust.json"


def further_receipt(number: int) -> str:
    """The member with the receipt of the ``number``-th ledger, counted from 2."""
    return f"ledger/{number}/receipt.json"


def further_proof(number: int) -> str:
    """The member with the proof of the ``number``-th ledger, counted from 2."""
    return f"ledger/{number}/proof"


def further_attached(number: int) -> dict[str, str]:
    """What a letter carries of the ``number``-th ledger: attachment name to package member."""
    return {
        f"receipt-{number}.json": further_receipt(number),
        f"proof-{number}": further_proof(number),
    }


def co_token(number: int) -> str:
    """The member that holds the ``number``-th token, counted from 2 (1 is :data:`TOKEN`)."""
    return f"token-{number}.tsr"
