"""``python -m forensics.recorder --folder F --session ID [--display :20] [--fps 10]``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from forensics.recorder.program import Options, leave, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m forensics.recorder")
    parser.add_argument("--folder", type=Path, required=True, help="takes the segments")
    parser.add_argument("--session", required=True, help="stands in every segment")
    parser.add_argument("--display", default=os.environ.get("DISPLAY", ""))
    parser.add_argument("--fps", type=int, default=10)
    given = parser.parse_args()
    leave(run(Options(given.display, given.folder, given.session, given.fps)))


main()
