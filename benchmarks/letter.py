"""Letters and packages: CPU-milliseconds of one process for one of each, medians.

``python -m benchmarks.letter`` prints one JSON line per figure and exits 1 when one misses.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks._figures import figure, missed
from tests.timestamping.evidence import CONTENT, House, sealer_of
from timestamping.letter import LetterData, issue_letter, render_letter
from timestamping.package import Original, PackageParts, build_package, verify_package

_ROUNDS: Final = 25


def median_cpu(work: Callable[[LetterData], object], deposits: list[LetterData]) -> float:
    """Median CPU time of ``work`` over ``deposits``, milliseconds."""
    spent = []
    for deposit in deposits:
        start = time.process_time()
        work(deposit)
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        house = House.at(Path(folder))
        sealer = sealer_of(house)
        deposits = [
            house.deposit(name=f"合同 {number}.pdf", number=f"存证2026-{number:06d}")
            for number in range(_ROUNDS)
        ]
        letter = issue_letter(deposits[0], sealer)  # fonts, caches and the seal are warm now
        sealed = median_cpu(lambda data: issue_letter(data, sealer), deposits)
        rendered = median_cpu(render_letter, deposits)
        path = Path(folder) / "package.zip"

        def build(data: LetterData) -> None:
            original = Original("contract.pdf", lambda: io.BytesIO(CONTENT))
            with path.open("wb") as out:
                build_package(PackageParts(data, letter, original), out)

        packed = median_cpu(build, deposits)
        build(deposits[0])
        verified = median_cpu(lambda _: verify_package(path), deposits[:10])
    figure("letter.sealed_b_lta", sealed, "CPU-ms", 150, at_most=True)
    figure("letter.rendered", rendered, "CPU-ms", 100, at_most=True)
    figure("package.built", packed, "CPU-ms", 50, at_most=True)
    figure("package.verified", verified, "CPU-ms", 1000, at_most=True)
    return 1 if missed() else 0


if __name__ == "__main__":
    raise SystemExit(main())
