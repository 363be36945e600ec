#!/usr/bin/env python3
"""Verify an exported custody log with nothing but Python's standard library.

    python3 verify_custody_log.py custody-log.jsonl [--extract FOLDER]

For the log:

1. Every line is one of the three kinds, the head first.
2. Numbers run from 1 without a gap, and each entry names its predecessor's hash (whole log only).
3. Each entry hashes to its own hash: SHA-256 over ``notary/audit/v1`` LF and the entry without its
   hash as canonical JSON (RFC 8785; all numbers are whole).
4. The last entry is the head's (whole log only).

For each anchor:

5. The log has, at the anchored size, the very hash that was anchored (whole log only).
6. The ledger entry holds the SHA-256 of the stamped text and of the time-stamp token.
7. The receipt and the proof are of this entry: its RFC 6962 leaf hash, at the same place.
8. The audit path leads from the entry to the root that the checkpoint names (RFC 9162 §2.1.3.2).

What the standard library cannot do is left to other tools: ``--extract`` writes, for each anchor,
the stamped text and the token for ``openssl ts -verify -data head.json -in token.tsr -CAfile
root.pem``, and the checkpoint, whose Ed25519 signature any C2SP signed-note tool verifies under the
ledger's published key. Exit status: 0 nothing failed, 1 something failed (the first failure is
named), 2 the file cannot be read.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path


class Refused(Exception):
    """A step failed."""


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--extract", type=Path, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        lines = [json.loads(line) for line in options.file.read_bytes().splitlines()]
    except (OSError, ValueError, RecursionError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    try:
        head, entries, anchors = sort(lines)
        hashes = check_entries(head, entries)
        for anchor in anchors:
            check_anchor(anchor, hashes if head["whole"] else None)
    except Refused as error:
        print(f"REFUSED: {error}")
        return 1
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        print(f"REFUSED: a part cannot be read ({type(error).__name__}: {error})")
        return 1
    if options.extract:
        for anchor in anchors:
            extract(anchor, options.extract / anchor["id"])
    report(head, entries, anchors)
    return 0


def sort(lines):
    """Step 1."""
    kinds = [line["kind"] for line in lines]
    if kinds[:1] != ["head"] or not set(kinds[1:]) <= {"entry", "anchor"}:
        raise Refused("1: this is no exported custody log")
    of_kind = {kind: [line for line in lines if line["kind"] == kind] for kind in set(kinds)}
    return lines[0], [line["entry"] for line in of_kind.get("entry", [])], of_kind.get("anchor", [])


def check_entries(head, entries):
    """Steps 2 to 4; the hash of each entry by its number."""
    previous = "0" * 64
    for number, entry in enumerate(entries, start=1):
        if head["whole"] and entry["seq"] != number:
            raise Refused(f"2: entry {number} is missing")
        if head["whole"] and entry["previous"] != previous:
            raise Refused(f"2: entry {number} does not follow the entry before it")
        body = {name: value for name, value in entry.items() if name != "hash"}
        if sha256(b"notary/audit/v1\n" + canonical(body)) != entry["hash"]:
            raise Refused(f"3: entry {entry['seq']} was changed after it was recorded")
        previous = entry["hash"]
    if head["whole"] and (len(entries), previous) != (head["size"], head["hash"]):
        raise Refused(f"4: the log ends after entry {len(entries)}, the head is another")
    return {entry["seq"]: entry["hash"] for entry in entries}


def check_anchor(anchor, hashes):
    """Steps 5 to 8."""
    name, stamped = f"anchor {anchor['id']}", json.loads(anchor["head"])
    if hashes is not None and hashes.get(stamped["size"]) != stamped["hash"]:
        raise Refused(f"5: {name}: the log is not what was anchored at entry {stamped['size']}")
    if anchor["state"] != "anchored":
        return
    entry, receipt = json.loads(anchor["entry"]), json.loads(anchor["receipt"])
    if entry["kind"] != "custody-head" or entry["id"] != anchor["id"]:
        raise Refused(f"6: {name}: the ledger entry is of something else")
    if entry["digests"]["sha256"] != sha256(anchor["head"].encode()):
        raise Refused(f"6: {name}: the ledger entry holds the digest of another head")
    if entry["token"] != sha256(token_of(base64.b64decode(anchor["tokens"][0]))):
        raise Refused(f"6: {name}: the ledger entry names another time-stamp")
    leaf = hashlib.sha256(b"\0" + anchor["entry"].encode()).digest()
    index, path, size, root = read_proof(anchor["proof"])
    if receipt["entry_hash"] != leaf.hex() or receipt["position"] != index:
        raise Refused(f"7: {name}: the receipt is of another entry")
    if root_from(leaf, index, size, path) != root:
        raise Refused(f"8: {name}: the path does not lead from the entry to the checkpoint's root")


def read_proof(text):
    """A c2sp.org/tlog-proof: index, path, and the size and root in its checkpoint."""
    first, checkpoint = text.split("\n\n", 1)
    _, index, *path = first.split("\n")
    _, size, root = checkpoint.split("\n")[:3]
    place = int(index.removeprefix("index "))
    return place, [base64.b64decode(each) for each in path], int(size), base64.b64decode(root)


def root_from(leaf, index, size, path):
    """RFC 9162 §2.1.3.2; None when the path has the wrong length."""
    if index >= size:
        return None
    node, last = leaf, size - 1
    for sibling in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def token_of(response):
    """The token in a TimeStampResp: the second member of the outer DER sequence."""
    _, content, _ = der(response)
    _, _, rest = der(content)
    return rest


def der(data):
    """Tag, content and what follows of the first DER value."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return data[0], data[start : start + length], data[start + length :]


def extract(anchor, folder):
    """The parts that other tools verify."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "head.json").write_text(anchor["head"])
    (folder / "entry.json").write_text(anchor["entry"])
    for number, token in enumerate(anchor["tokens"], start=1):
        name = "token.tsr" if number == 1 else f"token-{number}.tsr"
        (folder / name).write_bytes(base64.b64decode(token))
    if anchor["proof"]:
        (folder / "checkpoint").write_text(anchor["proof"].split("\n\n", 1)[1])


def report(head, entries, anchors):
    done = [anchor for anchor in anchors if anchor["state"] == "anchored"]
    if not head["whole"]:
        print(f"OK: {len(entries)} entries, each as it was written. This is a part of the log:")
        print("that nothing is missing between them, only the whole log can show.")
        return
    print(f"OK: {len(entries)} entries in one chain, {len(done)} anchors fit it.")
    if done:
        last = max(done, key=lambda anchor: json.loads(anchor["head"])["size"])
        size = json.loads(last["head"])["size"]
        print(f"The last anchor fixes the first {size} entries: {last['id']}")


def canonical(value):
    """RFC 8785 for objects of texts and whole numbers under ASCII names."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
