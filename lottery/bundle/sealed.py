"""53 to 55: the seals of the steps hold, in their order and in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from chain_adapter.digest import Digest
from chain_adapter.entry import Entry
from chain_adapter.errors import LedgerError
from chain_adapter.proof import LedgerProof
from chain_adapter.receipt import Receipt
from chain_adapter.verification.kinds import decode_proof
from chain_adapter.verify import verify
from lottery.bundle import layout
from lottery.bundle.ground import Ground, Refused, Undecided
from timestamping.errors import InvalidToken
from timestamping.token import Token
from timestamping.verifier import FRESH_SKEW, verify_token

#: A secret must have been time-stamped so long before the beacon's round.
_LEAD: Final = timedelta(seconds=60)


def tokens(ground: Ground) -> str:
    for number, digest in enumerate(ground.digests):
        ground.tokens[number] = _token(ground, number, Digest("sha256", digest))
    listed = {each.path for each in ground.manifest.files}
    extra = {path for path in listed if path.startswith(f"{layout.TOKENS}/")}
    extra -= {layout.token(number) for number in ground.tokens}
    if extra:
        raise Refused(f"{min(extra)} belongs to no step")
    last = ground.tokens[len(ground.tokens) - 1]
    return f"{len(ground.tokens)} time-stamps, the last at {last.gen_time.isoformat()}"


def _token(ground: Ground, number: int, digest: Digest) -> Token:
    path = layout.token(number)
    data = ground.read(path)
    try:
        token = Token.from_response(data)
    except InvalidToken as error:
        raise Refused(f"{path}: {error}") from error
    if token.imprint != digest:
        raise Refused(f"{path} is not over step {number}")
    if token.response() != data:
        raise Refused(f"{path} holds more than a granted response with one token")
    if ground.certificates is None:
        raise Undecided("no roots are at hand to judge the time-stamps by")
    verdict = verify_token(token.der, ground.certificates, digest=digest)
    if not verdict.ok:
        failed = verdict.failed
        raise Refused(f"{path} does not hold: {failed.detail if failed else 'undecided'}")
    return token


def ledger(ground: Ground) -> str:
    last: tuple[str, int] | None = None
    for seal, digest in zip(ground.seals, ground.digests, strict=True):
        entry, receipt, proof = _recorded(seal.step, seal.entry, seal.receipt, seal.proof)
        _require_names(ground, seal.step, entry, digest)
        verdict = verify(entry, receipt, proof, ground.ledger)
        if not verdict.ok:
            failed = verdict.failed
            why = f"{failed.code}: {failed.detail}" if failed else "undecided"
            raise Refused(f"the record of step {seal.step} does not hold ({why})")
        here = (receipt.ledger, receipt.position)
        if last is not None and last[0] == here[0] and last[1] >= here[1]:
            raise Refused(f"step {seal.step} is recorded before the step it follows")
        last = here
    return f"{len(ground.seals)} records, in order" if last else "there are none"


def _recorded(
    step: int, entry: str, receipt: str, proof: str
) -> tuple[Entry, Receipt, LedgerProof]:
    try:
        read = Receipt.from_json(receipt.encode())
        return Entry.decode(entry.encode()), read, decode_proof(read.scheme, proof.encode())
    except (LedgerError, UnicodeEncodeError) as error:
        raise Refused(f"the seal of step {step} cannot be read: {error}") from error


def _require_names(ground: Ground, step: int, entry: Entry, digest: bytes) -> None:
    if Digest("sha256", digest) not in entry.digests:
        raise Refused(f"the ledger entry of step {step} is not about that step")
    token = ground.tokens.get(step)
    if token is None:
        raise Undecided("not examined, because the time-stamps do not hold")
    if entry.token != token.sha256:
        raise Refused(f"the ledger entry of step {step} names another time-stamp")


def times(ground: Ground) -> str:
    """Time-stamps follow each other as the steps do, none before what its step says; a secret was
    stamped a minute before the beacon at the latest."""
    if len(ground.tokens) != len(ground.steps):
        raise Undecided("not examined, because the time-stamps do not hold")
    last: datetime | None = None
    for number, step in enumerate(ground.steps):
        at, stamped = _at(step, number), ground.tokens[number].gen_time
        if stamped < at - FRESH_SKEW:
            raise Refused(f"step {number} was time-stamped before the time it gives")
        if last is not None and stamped < last - FRESH_SKEW:
            raise Refused(f"step {number} was time-stamped before the step it follows")
        due = _due(ground, step)
        if due is not None and stamped > due:
            raise Refused(f"step {number} was time-stamped later than {due.isoformat()}")
        last = stamped
    return f"the last at {last.isoformat()}" if last else "there are none"


def _at(step: dict[str, Any], number: int) -> datetime:
    try:
        found = datetime.fromisoformat(step["at"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"step {number} gives no time") from error
    if found.tzinfo is None:
        raise Refused(f"step {number} gives a time without a zone")
    return found


def _due(ground: Ground, step: dict[str, Any]) -> datetime | None:
    """When a secret had to be known; None for other steps, and for draws without a beacon."""
    if step.get("type") not in ("reveal", "recover"):
        return None
    try:
        randomness = ground.steps[0]["body"]["config"]["randomness"]
        if "drand" not in randomness["public"]:
            return None
        drand = randomness["drand"]
        round_ = drand["rounds"][step["attempt"] - 1]
        seconds = drand["genesis_time"] + (round_ - 1) * drand["period"]
        return (
            datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(seconds=seconds) - _LEAD
        )
    except (KeyError, TypeError, IndexError, ValueError, OverflowError) as error:
        raise Refused("the config names no beacon that can be read") from error
