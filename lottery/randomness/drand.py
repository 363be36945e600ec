"""drand's beacon: one BLS signature a round, which nobody can foretell or choose.

Scheme ``bls-unchained-g1-rfc9380``: the signature is a point of G1, the key one of G2, the message
SHA-256 of the round's number. Checking it needs ``py-ecc``; everything else works without.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lottery.errors import BadBeacon, BeaconUnavailable, DrawsSwitchedOff
from lottery.verifier import load_py_ecc

if TYPE_CHECKING:
    import urllib3

SCHEME: Final = "bls-unchained-g1-rfc9380"
#: RFC 9380 domain separation tag of the scheme.
DST: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
#: Every secret has to be on the record this long before the round appears.
MARGIN: Final = timedelta(seconds=60)
#: An answer has some 300 bytes.
MAX_ANSWER: Final = 16_384


@dataclass(frozen=True)
class Chain:
    """What pins a chain: nothing of it is ever taken from whoever serves the beacon."""

    chain_hash: str
    public_key: str
    genesis_time: int
    period: int
    scheme: str = SCHEME

    def at(self, round: int) -> datetime:  # noqa: A002
        """When that round appears, T(round)."""
        return datetime.fromtimestamp(self.genesis_time, UTC) + timedelta(
            seconds=(round - 1) * self.period
        )

    def deadline(self, round: int) -> datetime:  # noqa: A002
        """The last moment for a secret: T(round) − 60 s."""
        return self.at(round) - MARGIN

    def first_round_from(self, moment: datetime) -> int:
        """The first round that appears at ``moment`` (aware) or later."""
        seconds = (moment - datetime.fromtimestamp(self.genesis_time, UTC)).total_seconds()
        return max(1, int(-(-seconds // self.period)) + 1)

    def document(self, rounds: Iterable[int]) -> dict[str, Any]:
        """``randomness.drand`` of a config."""
        return {
            "chain_hash": self.chain_hash,
            "public_key": self.public_key,
            "genesis_time": self.genesis_time,
            "period": self.period,
            "scheme": self.scheme,
            "rounds": list(rounds),
        }


#: The League of Entropy's unchained mainnet: a round every three seconds.
QUICKNET: Final = Chain(
    chain_hash="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    public_key=(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
        "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
        "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis_time=1692803367,
    period=3,
)


@dataclass(frozen=True)
class Beacon:
    """One round's signature (hex of 48 bytes). Parsed is not verified: :func:`verify_beacon`."""

    round: int
    signature: str

    @property
    def value(self) -> bytes:
        """What the beacon adds to the seed, drand's ``randomness``: SHA-256 of the signature."""
        return hashlib.sha256(bytes.fromhex(self.signature)).digest()

    @classmethod
    def parse(cls, data: bytes) -> Beacon:
        """Read drand's JSON answer, as a file or from the network.

        Raises:
            BadBeacon: not such an answer, or its randomness is not that of its signature.
        """
        try:
            value = json.loads(data[: MAX_ANSWER + 1].decode("utf-8"))
            number, signature = value["round"], value["signature"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadBeacon("this is no drand beacon: round and signature are missing") from error
        if type(number) is not int or not 1 <= number <= 2**40:
            raise BadBeacon("the beacon's round is no number")
        if not isinstance(signature, str) or not re.fullmatch(r"[0-9a-f]{96}", signature, re.ASCII):
            raise BadBeacon("the beacon's signature is not 48 bytes in hex digits")
        beacon = cls(number, signature)
        if value.get("randomness", beacon.value.hex()) != beacon.value.hex():
            raise BadBeacon("the beacon's randomness is not the SHA-256 of its signature")
        return beacon


def verify_beacon(chain: Chain, beacon: Beacon) -> None:
    """Check the signature: e(signature, G2) = e(hash_to_G1(SHA-256(round)), public key).

    Raises:
        BadBeacon: not a signature of this chain for this round.
        DrawsSwitchedOff: ``py-ecc`` is not installed.
    """
    try:
        load_py_ecc()
        from py_ecc.bls.hash_to_curve import hash_to_G1
        from py_ecc.optimized_bls12_381.optimized_curve import G2, neg
        from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing
    except ImportError as error:
        raise DrawsSwitchedOff(
            "beacons cannot be checked: py-ecc is not installed (extra 'draws')"
        ) from error
    if chain.scheme != SCHEME:
        raise BadBeacon(f"the scheme {chain.scheme} is not known")
    try:
        signature, key = _g1(bytes.fromhex(beacon.signature)), _g2(bytes.fromhex(chain.public_key))
    except ValueError as error:
        raise BadBeacon("the signature or the key is no point of its group") from error
    message = hashlib.sha256(beacon.round.to_bytes(8, "big")).digest()
    hashed = hash_to_G1(message, DST, hashlib.sha256)  # type: ignore[arg-type]
    # As one product, e(signature, G2)·e(hash, −key) = 1: the final exponentiation is the dear part.
    product = pairing(G2, signature, False) * pairing(neg(key), hashed, False)
    if final_exponentiate(product) != product.one():
        raise BadBeacon(f"the signature is not the chain's for round {beacon.round}")


def _g1(data: bytes) -> Any:
    """A canonical compressed point of G1 that lies in the subgroup and is not the identity."""
    from py_ecc.bls.point_compression import compress_G1, decompress_G1
    from py_ecc.optimized_bls12_381.optimized_curve import curve_order, is_inf, multiply

    number = int.from_bytes(data, "big")
    point = decompress_G1(number)  # type: ignore[arg-type, unused-ignore]
    if len(data) != 48 or is_inf(point) or not is_inf(multiply(point, curve_order)):
        raise ValueError("not in the subgroup")
    if compress_G1(point) != number:
        raise ValueError("not canonical")
    return point


def _g2(data: bytes) -> Any:
    from py_ecc.bls.point_compression import compress_G2, decompress_G2
    from py_ecc.optimized_bls12_381.optimized_curve import curve_order, is_inf, multiply

    numbers = (int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big"))
    point = decompress_G2(numbers)  # type: ignore[arg-type, unused-ignore]
    if len(data) != 96 or is_inf(point) or not is_inf(multiply(point, curve_order)):
        raise ValueError("not in the subgroup")
    if tuple(compress_G2(point)) != numbers:
        raise ValueError("not canonical")
    return point


def fetch_beacon(
    urls: Iterable[str],
    chain: Chain,
    round: int,  # noqa: A002
    timeout: float = 5.0,
) -> Beacon:
    """Ask each address (``https://api.drand.sh`` and its like) in turn; verify what comes.

    Raises:
        BeaconUnavailable: none gave a beacon of this chain and round; each reason is told.
    """
    import urllib3  # whoever checks a beacon given as a file needs no network

    reasons = []
    pool = urllib3.PoolManager(timeout=timeout, retries=False)
    for url in urls:
        try:
            answer = _get(pool, f"{url.rstrip('/')}/{chain.chain_hash}/public/{round}")
            beacon = Beacon.parse(answer)
            if beacon.round != round:
                raise BadBeacon(f"gave round {beacon.round} instead of {round}")
            verify_beacon(chain, beacon)
        except (BadBeacon, OSError, urllib3.exceptions.HTTPError) as error:
            reasons.append(f"{url}: {error}")
        else:
            return beacon
    raise BeaconUnavailable("; ".join(reasons) or "no address is configured")


def _get(pool: urllib3.PoolManager, url: str) -> bytes:
    response = pool.request("GET", url, redirect=False, preload_content=False)
    try:
        if response.status != 200:
            raise BadBeacon(f"answered {response.status}")
        data = response.read(MAX_ANSWER + 1)
    finally:
        response.release_conn()
    if len(data) > MAX_ANSWER:
        raise BadBeacon("answered with too much")
    return data
