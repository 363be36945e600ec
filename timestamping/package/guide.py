"""VERIFY.md: how to verify a package with tools everybody has."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Final

from timestamping.letter.data import LetterData
from timestamping.package_files import TOKEN, co_token
from timestamping.pdf.text import escaped

TEMPLATE: Final = Path(__file__).parent / "templates" / "VERIFY.md"
_PLACE: Final = re.compile(r"<([a-z-]+)>")
#: What ``FILE`` is when the package does not hold the original: the reader's to say.
_ASKED: Final = '"${FILE:-/path/to/the/file}"'


def guide(data: LetterData, original: str) -> str:
    """The text of VERIFY.md; ``original`` is the member holding the original, or empty."""
    values = {
        "number": escaped(data.number),
        "code": escaped(data.code),
        "url": escaped(data.verify_url),
        "file": shlex.quote(original) if original else _ASKED,
        "check-file": _check_file(data),
        "check-tokens": _check_tokens(data),
    }
    return _PLACE.sub(lambda place: values[place[1]], _template())


@lru_cache(maxsize=1)
def _template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def _check_file(data: LetterData) -> str:
    by_name = {each.algorithm: each.hex for each in data.entry.digests}
    lines = [f'echo "{by_name["sha256"]}  $FILE" | sha256sum --check']
    if "sm3" in by_name:
        lines.append(
            f'openssl dgst -sm3 -r "$FILE" | grep --quiet {by_name["sm3"]} && echo "SM3: OK"'
        )
    return "\n".join(lines)


def _check_tokens(data: LetterData) -> str:
    digest = data.token.imprint
    names = [TOKEN, *(co_token(number) for number in range(2, 2 + len(data.token.also)))]
    return "\n".join(
        f"openssl ts -verify -in {name} -digest {digest.hex} -CAfile trust/root.pem\n"
        f"openssl ts -reply -in {name} -text | grep 'Time stamp'"
        for name in names
    )
