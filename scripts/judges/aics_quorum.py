"""Judge a checkpoint that deposit nodes have cosigned with aics-tlog, which shares no code with us.

    .judges/aics/bin/python scripts/judges/aics_quorum.py NOTE VKEY POLICY

NOTE is the signed note, VKEY the log's verifier key, POLICY a JSON file {"quorum": n, "witnesses":
[vkeys]}. Prints who cosigned; a checkpoint that does not meet the policy is exit status 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aics_tlog import WitnessPolicy, parse_note, parse_vkey, verify_checkpoint


def main(note: Path, vkey: str, policy: Path) -> None:
    key = parse_vkey(vkey)
    result = verify_checkpoint(
        parse_note(note.read_bytes()),
        key,
        expected_origin=key.name,
        policy=WitnessPolicy.from_json(policy.read_bytes()),
    )
    if not result.ok:
        raise SystemExit(result.error or "the policy is not met")
    print(f"{result.size} entries, cosigned by {', '.join(sorted(result.witnesses))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
