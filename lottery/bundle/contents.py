"""51, 52 and 56: the manifest, the record it speaks of, and who stands at the winning positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from lottery.bundle import layout
from lottery.bundle.ground import Ground, Refused, Undecided
from lottery.bundle.manifest import BadBundle, read_manifest
from lottery.bundle.winners import Winner, read_winners

_NEEDED: Final = (layout.TRANSCRIPT, layout.VERIFIER, layout.SEALS)
_LEAF: Final = 32


def manifest(ground: Ground) -> str:
    try:
        found = read_manifest(ground.data)
    except BadBundle as error:
        raise Refused(str(error)) from error
    paths = {each.path for each in found.files}
    for path in _NEEDED:
        if path not in paths:
            raise Refused(f"the manifest lists no {path}")
    return f"{len(paths)} files"


def record(ground: Ground) -> str:
    """What the manifest says of the draw is what the record says."""
    manifest = ground.manifest
    for name, said in facts_of(ground.steps, ground.digests):
        if getattr(manifest, name) != said:
            raise Refused(f"the manifest's {name} is not the record's")
    return f"draw {manifest.draw}, {manifest.steps} steps"


def facts_of(steps: list[dict[str, Any]], digests: list[bytes]) -> Iterator[tuple[str, Any]]:
    """Of a record what its manifest repeats: the field's name and value.

    Raises:
        Refused: the record does not begin with a config.
    """
    try:
        config = steps[0]["body"]["config"]
        yield "draw", config["draw"]
        yield "title", config["title"]
        yield "organiser", config["organiser"]
        yield "rehearsal", config["rehearsal"]
        yield "config_hash", steps[0]["body"]["config_hash"]
        yield "steps", len(steps)
        yield "record_head", digests[-1].hex()
        yield "outcome", _outcome(steps)
        lists = [step["body"]["draw_hash"] for step in steps if step["type"] == "list"]
        yield "draw_hash", lists[-1] if lists else None
        final = standing(steps)
        yield "seed", final["seed"] if final else None
        yield "results_sha256", final["results_sha256"] if final else None
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise Refused(f"{layout.TRANSCRIPT} is no record of a draw") from error


def standing(steps: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The body of the final step that no later void took back."""
    found: dict[str, Any] | None = None
    for step in steps:
        if step["type"] == "final":
            found = step["body"]
        elif step["type"] == "void":
            found = None
    return found


def _outcome(steps: list[dict[str, Any]]) -> str:
    last = steps[-1]
    if last["type"] == "final":
        return "final"
    if last["type"] == "audit":
        return "audited"
    if last["type"] == "void":
        return "cancelled" if last["body"]["reason"] == "organiser_request" else "void"
    raise Refused(f"the record breaks off after a step of type {last['type']}")


def winning_positions(steps: list[dict[str, Any]]) -> set[int] | None:
    """Winners and alternates of the result that stands; None when a list is too long to be in the
    record."""
    found: set[int] = set()
    if standing(steps) is None:
        return found
    attempt = max(step["attempt"] for step in steps if step["type"] == "final")
    for step in steps:
        if step["type"] == "result" and step["attempt"] == attempt:
            body = step["body"]
            if body["winners"] is None or body["alternates"] is None:
                return None
            found.update(body["winners"], body["alternates"])
    return found


def winners(ground: Ground) -> str:
    """Whoever is named stands at a winning position, each of them is named, and each is the leaf of
    the list at that position."""
    try:
        expected = winning_positions(ground.steps)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"{layout.TRANSCRIPT} is no record of a draw") from error
    if not ground.has(layout.WINNERS):
        if expected:
            raise Refused(f"the manifest lists no {layout.WINNERS}")
        return "nobody is named"
    try:
        found = read_winners(ground.read(layout.WINNERS))
    except BadBundle as error:
        raise Refused(str(error)) from error
    named = {each.position for each in found}
    if expected is not None and named != expected:
        strange = min(named ^ expected)
        raise Refused(f"position {strange} won and is not named, or is named and did not win")
    if not ground.has(layout.LEAVES):
        raise Undecided("the leaves of the list are not in this package; they are published")
    with ground.open(layout.LEAVES) as leaves:
        for each in found:
            _require_leaf(leaves, each)
    return f"{len(found)} named, each the leaf at its position"


def _require_leaf(leaves: BinaryIO, winner: Winner) -> None:
    leaves.seek(winner.position * _LEAF)
    if leaves.read(_LEAF) != winner.leaf():
        raise Refused(f"who is named at position {winner.position} is not who the list has there")
