"""39: time-stamps of the running recording are over its heads, and hold."""

from __future__ import annotations

from typing import Final

from chain_adapter.digest import Digest
from forensics.chained import MAX_LINE
from forensics.desktop import layout
from forensics.recording import End, Segment, Start, Token
from forensics.verification.ground import Ground, Refused, Undecided
from timestamping.errors import InvalidToken
from timestamping.token import Token as Parsed
from timestamping.verifier import FRESH_SKEW, verify_token

_MAX_TOKEN: Final = MAX_LINE


def tokens(ground: Ground) -> str:
    entries = ground.chain
    found = [(at, entry) for at, entry in enumerate(entries) if isinstance(entry, Token)]
    _require_named(ground, {entry.file for _, entry in found})
    last = ""
    for number, (at, entry) in enumerate(found, start=1):
        if entry.file != layout.token(number):
            raise Refused(f"{entry.file} stands where {layout.token(number)} belongs")
        if entry.head not in ground.heads[:at]:
            raise Refused(f"{entry.file} is over no line of the chain before it")
        last = _require_holds(ground, entry)
    _require_final(ground, [entry.head for _, entry in found])
    if not found:
        return "the recording was not time-stamped while it ran"
    return f"{len(found)} time-stamps, the last at {last}"


def _require_named(ground: Ground, named: set[str]) -> None:
    for path in ground.known.files:
        if path.startswith(f"{layout.TOKENS}/") and path not in named:
            raise Refused(f"{path} stands in no line of the chain")


def _require_final(ground: Ground, stamped: list[str]) -> None:
    """Whether the last picture was stamped is what the manifest says."""
    pairs = zip(ground.heads, ground.chain, strict=True)
    heads = [head for head, entry in pairs if not isinstance(entry, (Token, End))]
    if ground.known.recording["final_token"] != (stamped[-1:] == heads[-1:] != []):
        raise Refused("the manifest says otherwise whether the recording's end was time-stamped")


def _require_holds(ground: Ground, entry: Token) -> str:
    with ground.opened(entry.file) as stream:
        response = stream.read(_MAX_TOKEN)
    listed = ground.known.files.get(entry.file)
    if listed is None or listed.sha256 != entry.sha256:
        raise Refused(f"{entry.file} is not the time-stamp that the chain names")
    try:
        token = Parsed.from_response(response)
    except InvalidToken as error:
        raise Refused(f"{entry.file}: {error}") from error
    head = Digest("sha256", bytes.fromhex(entry.head))
    if token.imprint != head:
        raise Refused(f"{entry.file} is not over the head {entry.head}")
    if ground.trust is None:
        raise Undecided("no roots are at hand to judge the time-stamps by")
    verdict = verify_token(token.der, ground.trust, digest=head)
    if not verdict.ok:
        failed = next((check for check in verdict.checks if check.failed), None)
        raise Refused(f"{entry.file} does not hold: {failed.detail if failed else 'undecided'}")
    _require_late_enough(ground, entry, token)
    return token.gen_time.isoformat()


def _require_late_enough(ground: Ground, entry: Token, token: Parsed) -> None:
    """Nothing can be stamped before it was there; clocks may differ a little."""
    stamped = ground.chain[ground.heads.index(entry.head)]
    seen = None
    if isinstance(stamped, Segment):
        seen = stamped.last.utc
    elif isinstance(stamped, Start):
        seen = stamped.at.utc
    if seen is not None and token.gen_time < seen - FRESH_SKEW:
        raise Refused(f"{entry.file} is older than what it is over")
