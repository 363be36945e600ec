"""The offline verifier: one command, no network, no database, no web framework.

::

    python -m portal.verification PACKAGE [FILE] [--json] [--trust DIR] [--lang zh|en|both]

PACKAGE is a proof package (zip) or a letter (PDF), FILE the file it is said to prove. Exit status:
0 verified, 1 refused, 2 cannot be decided (unreadable, missing, the wrong kind of file, bad usage).
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from chain_adapter.verdict import Check, Outcome
from portal.verification.further import further_checks
from portal.verification.words import ANCHORS, COMPARE, GIVEN, TITLES
from timestamping.package import PackageReport, verify_package
from timestamping.package_trust import BadTrust, PackageTrust

UNDECIDED: Final = 2
_TICKS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    # The libraries log refused chains with tracebacks; the checks say the same in one sentence.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        trust = PackageTrust.from_folder(options.trust) if options.trust else None
    except (BadTrust, OSError) as error:
        print(f"--trust: {error}", file=sys.stderr)
        return UNDECIDED
    report = verify_package(options.package, file=options.file, trust=trust, more=further_checks)
    if options.json:
        print(report.to_json().decode())
    else:
        print("\n".join(lines(report, options.lang)))
    return report.exit_code


def lines(report: PackageReport, lang: str) -> Iterator[str]:
    """The report for a terminal: the answer first, then one tick a check, then the anchors."""
    yield from map(plain, _in(lang, *report.summary))
    yield ""
    for check in report.checks:
        yield _tick(check, lang)
    if report.anchors:
        yield ""
        yield from _in(lang, *(GIVEN if report.anchors_given else COMPARE))
        for anchor in report.anchors:
            label = "/".join(_in(lang, *ANCHORS[anchor.kind]))
            yield f"  {label} {plain(anchor.name)}: {anchor.value}"


def plain(text: str) -> str:
    """Text of strangers for a terminal: nothing in it can steer the terminal."""
    return "".join(
        character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in text
    )


def _tick(check: Check, lang: str) -> str:
    # "file-absent" and the like stand under the number of the check they belong to.
    title = " ".join(_in(lang, TITLES.get(check.code, check.title), check.title))
    line = f"{_TICKS[check.outcome]} {check.number:2} {title}"
    return f"{line}: {plain(check.detail)}" if check.detail else line


def _in(lang: str, zh: str, en: str) -> list[str]:
    return {"zh": [zh], "en": [en], "both": [zh, en]}[lang]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m portal.verification",
        description="离线核验证明包或存证函。Verify a proof package or a letter offline.",
        epilog="退出码 Exit status: 0 核验通过 verified, 1 不通过 refused, 2 无法判定 undecided",
    )
    parser.add_argument(
        "package", type=Path, metavar="PACKAGE", help="证明包 proof package (zip) 或 or 存证函 PDF"
    )
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="被证明的文件 the file it is said to prove",
    )
    parser.add_argument("--json", action="store_true", help="机器可读 machine-readable")
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="DIR",
        help="公证机构公布的根证书和公钥 roots and keys published by the office",
    )
    parser.add_argument("--lang", choices=("zh", "en", "both"), default="both")
    return parser
