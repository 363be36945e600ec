"""The offline verifier: one command, no network, no database, no web framework.

::

    python -m portal.verification PACKAGE [FILE] [--json] [--trust DIR] [--lang zh|en|both]

PACKAGE is a proof package (zip) or a letter (PDF), FILE the file it is said to prove. Exit status:
0 verified, 1 refused, 2 cannot be decided (unreadable, missing, the wrong kind of file, bad usage).
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import rfc8785

from portal.verification.judging import Examined, examine
from portal.verification.software import software
from portal.verification.telling import Told, told
from portal.verification.words import ANCHORS, COMPARE, GIVEN
from timestamping.package.report import well_formed
from timestamping.package_trust import BadTrust, PackageTrust

UNDECIDED: Final = 2
_FAULT: Final = "Cannot be decided: the verifier itself failed"
_TICKS: Final = {"pass": "✓", "fail": "✗", "unknown": "?"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know neither ✓ nor Chinese
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    # The libraries log refused chains with tracebacks; the checks say the same in one sentence.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        trust = PackageTrust.from_folder(options.trust) if options.trust else None
    except (BadTrust, OSError) as error:
        print(f"--trust: {error}", file=sys.stderr)
        return UNDECIDED
    try:
        examined = examine(options.package, trust, options.file)
        if options.json:
            said = document(examined).decode()
        else:
            said = "\n".join(lines(examined, options.lang))
    except Exception as error:  # noqa: BLE001 - a fault of ours must never read as "refused"
        print(f"核验程序自身出错，无法判定。{_FAULT}: {plain(repr(error))}", file=sys.stderr)
        return UNDECIDED
    print(said)
    return examined.package.exit_code


def document(examined: Examined) -> bytes:
    """The report for a program: RFC 8785, schema ``notary/verification/v1``, with the sentences and
    ticks of the public page beside it."""
    values = json.loads(examined.package.to_json())
    said = told(examined.report)
    for name in ("answer", "subject", "sentence", "detail", "ticks"):
        values[name] = said[name]
    values["software"] = asdict(software())
    return rfc8785.dumps(well_formed(values))


def lines(examined: Examined, lang: str) -> Iterator[str]:
    """The report for a terminal: the answer first, then what decided, the ticks with their checks,
    and the anchors."""
    said = told(examined.report)
    for part in ("sentence", "summary"):
        yield from map(plain, _in(lang, said[part]))
    for tick in said["ticks"]:
        yield ""
        yield from _tick(tick, lang)
    if said["anchors"]:
        yield ""
        zh, en = GIVEN if said["anchors_given"] else COMPARE
        yield from _in(lang, {"zh": zh, "en": en})
        for anchor in said["anchors"]:
            zh, en = ANCHORS[anchor["kind"]]
            label = "/".join(_in(lang, {"zh": zh, "en": en}))
            yield f"  {label} {plain(anchor['name'])}: {anchor['value']}"
    yield ""
    yield str(software())


def plain(text: str) -> str:
    """Text of strangers for a terminal: nothing in it can steer the terminal."""
    return "".join(
        character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in text
    )


def _tick(tick: Told, lang: str) -> Iterator[str]:
    """The question with its reason, then its checks by their numbers."""
    name, word = (" ".join(_in(lang, tick[each])) for each in ("label", "word"))
    yield f"{_TICKS[tick['outcome']]} {name} — {word}"
    yield from (f"  {reason}" for reason in _in(lang, tick["reason"]))
    for check in tick["checks"]:
        # "file-absent" and the like stand under the number of the check they belong to.
        title = " ".join(_in(lang, check["titles"]))
        line = f"  {_TICKS[check['outcome']]} {check['label']:>2} {title}"
        yield f"{line}: {plain(check['detail'])}" if check["detail"] else line


def _in(lang: str, words: Mapping[str, str]) -> list[str]:
    return [words["zh"], words["en"]] if lang == "both" else [words[lang]]


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
