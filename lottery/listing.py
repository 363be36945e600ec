"""The list document: what is published about the list of entries before anybody is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lottery.canonical import canonical
from lottery.config import Config, Stage
from lottery.errors import BadList
from lottery.fields import Fields

#: The selection works on 32-bit words, so that its rejection branch runs in every real draw.
MAX_TICKETS: Final = 2**32 - 1


@dataclass(frozen=True)
class PoolRange:
    """Positions ``start`` ≤ i < ``end``; ``weights`` are runs of (weight, entries) in order."""

    id: str
    start: int
    end: int
    weights: tuple[tuple[int, int], ...]

    @property
    def entries(self) -> int:
        return self.end - self.start

    @property
    def tickets(self) -> int:
        return sum(weight * count for weight, count in self.weights)


@dataclass(frozen=True)
class Listing:
    """A list document that the rules of its draw allow."""

    count: int
    list_root: str
    pools: tuple[PoolRange, ...]
    tickets: int
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any], config: Config) -> Listing:
        """Check every field, and that the places of all stages can be filled.

        Raises:
            BadList: naming the field, pool or stage.
        """
        listing = _parse(document, config)
        check_places(config, listing)
        return listing

    def ranges(self, ids: Iterable[str]) -> tuple[PoolRange, ...]:
        """The ranges of these pools, in the order of ``ids``."""
        by_id = {pool.id: pool for pool in self.pools}
        return tuple(by_id[each] for each in ids)

    def entries_in(self, ids: Iterable[str]) -> int:
        return sum(pool.entries for pool in self.ranges(ids))


def list_sha256(document: Mapping[str, Any]) -> str:
    """What organiser and notary sign of the whole document, hex: pools and weights too."""
    return hashlib.sha256(canonical(dict(document))).hexdigest()


def draw_hash(config_hash: str, list_root: str, count: int) -> str:
    """What every later statement is bound to, hex."""
    data = bytes.fromhex(config_hash) + bytes.fromhex(list_root) + count.to_bytes(8, "big")
    return hashlib.sha256(b"lottery/draw/v1\n" + data).hexdigest()


def check_places(config: Config, listing: Listing) -> None:
    """Refuse a list that could leave places empty in a stage that does not allow it.

    Raises:
        BadList: naming the first such stage.
    """
    for stage, (most, least) in enumerate(expected_places(config, listing), start=1):
        if config.stages[stage - 1].unfilled == "refuse" and least < most:
            raise BadList(
                f"stage {stage} has {most} places, but only {least} entries are sure to be eligible"
            )


def expected_places(config: Config, listing: Listing) -> list[tuple[int, int]]:
    """For each stage its most places and the least number of entries eligible for them.

    Pools may overlap between stages, so who has won before is judged at its worst.
    """
    found: list[tuple[int, int]] = []
    carried = 0
    for number, stage in enumerate(config.stages):
        entries = listing.entries_in(stage.pools)
        gone = 0 if stage.repeat else _gone(config, listing, number, found)
        least = max(0, entries - gone)
        most = least if stage.winners == "all" else stage.winners + carried
        found.append((most, least))
        carried = max(0, most - least) if stage.unfilled == "carry" else 0
    return found


def _gone(config: Config, listing: Listing, number: int, found: list[tuple[int, int]]) -> int:
    """The most entries of a stage's pools that can have won in the stages before it."""
    here, gone = set(config.stages[number].pools), 0
    for earlier, (places, _) in zip(config.stages[:number], found, strict=True):
        common = [pool for pool in earlier.pools if pool in here]
        gone += min(_most(earlier, places, listing), listing.entries_in(common))
    return gone


def _most(stage: Stage, places: int, listing: Listing) -> int:
    entries = listing.entries_in(stage.pools)
    return entries if stage.winners == "all" else min(places, entries)


def _refuse(field: str, reason: str) -> BadList:
    return BadList(f"{field}: {reason}")


def _parse(document: Mapping[str, Any], config: Config) -> Listing:
    fields = Fields(document, "", _refuse)
    for name in ("leaves_sha256", "file_sha256"):
        fields.hex(name, 32)
    fields.number("file_bytes", 1, 2**50)
    fields.choice("id_kind", ("text", "prc-id"))
    _check_columns(fields.object("columns"), config)
    _check_duplicates(fields.object("duplicates"))
    keys = fields.object("keys")
    if keys.hex("organiser", 32) == keys.hex("notary", 32):
        raise BadList("keys: the organiser's and the notary's are the same")
    keys.done()
    count = fields.number("count", 1, MAX_TICKETS)
    pools = _pools(fields, config, count)
    tickets = fields.number("tickets", 1, MAX_TICKETS)
    if tickets != sum(pool.tickets for pool in pools):
        raise BadList("tickets: is not the sum of the pools' weights")
    listing = Listing(count, fields.hex("list_root", 32), pools, tickets, document)
    fields.done()
    return listing


def _check_columns(fields: Fields, config: Config) -> None:
    fields.text("id", 1, 100)
    for name in ("pool", "weight"):
        value = fields.take(name)
        if value is not None and not (isinstance(value, str) and 1 <= len(value) <= 100):
            raise fields.refuse(name, "has to be a column's name or null")
    if tuple(fields.texts("public", 0, 8, 1, 100)) != config.columns:
        raise fields.refuse("public", "are not the columns that the rules name")
    fields.done()


def _check_duplicates(fields: Fields) -> None:
    policy = fields.choice("policy", ("refuse", "first"))
    if fields.number("found", 0, MAX_TICKETS) and policy == "refuse":
        raise fields.refuse("found", "duplicates in a list that refuses them")
    fields.done()


def _pools(fields: Fields, config: Config, count: int) -> tuple[PoolRange, ...]:
    pools, start = [], 0
    for each in fields.objects("pools", 1, 64):
        name = each.text("id", 1, 16)
        first, end = each.number("start", 0, count), each.number("end", 0, count)
        if first != start or end <= first:
            raise BadList(f"pool {name}: is empty, or does not begin where the one before ended")
        weights = _weights(each, name, config.max_weight)
        if sum(entries for _, entries in weights) != end - first:
            raise BadList(f"pool {name}: the weights are not those of its entries")
        each.done()
        pools.append(PoolRange(name, first, end, weights))
        start = end
    if [pool.id for pool in pools] != [pool.id for pool in config.pools]:
        raise BadList("pools: are not those of the rules in their order")
    if start != count:
        raise BadList("pools: do not cover the whole list")
    return tuple(pools)


def _weights(fields: Fields, name: str, most: int) -> tuple[tuple[int, int], ...]:
    runs, last = [], 0
    for pair in fields.list("weights", 1, most):
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(type(each) is int for each in pair)
        ):
            raise BadList(f"pool {name}: weights are pairs of weight and number of entries")
        weight, entries = pair
        if not last < weight <= most or entries < 1:
            raise BadList(f"pool {name}: weights have to rise from 1 to at most {most}")
        runs.append((weight, entries))
        last = weight
    return tuple(runs)
