"""``python -m forensics.environment``: a target as JSON on standard input, the results on standard
output. Wants root to look into other users' processes; without it much is ``unknown``."""

from __future__ import annotations

import json
import sys

from forensics.environment.examine import examine
from forensics.environment.result import to_json
from forensics.environment.target import Target


def main() -> int:
    target = Target.from_json(json.load(sys.stdin))
    json.dump(to_json(examine(target)), sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
