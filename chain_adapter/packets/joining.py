"""Packets in, content out, whatever their order; and what is wrong with each of the others.

Everything is judged by its digest before anything is decoded. The ciphers then judge once more:
what changes between the two looks cannot come out as content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import BinaryIO, Final

import zfec
from cryptography.exceptions import InvalidTag

from chain_adapter import merkle
from chain_adapter.packets import header as head
from chain_adapter.packets.errors import BadPacket, BadPlan, NotEnough, WrongKey
from chain_adapter.packets.findings import Fault, Finding, Packet, Reconstruction
from chain_adapter.packets.header import Header
from chain_adapter.packets.keys import TAG, PacketKeys, StripeCipher
from chain_adapter.packets.plan import PacketPlan

_READ: Final = 1024 * 1024


def verify_packet(
    packet: BinaryIO, number: int, path: Sequence[bytes], root: bytes, limit: int
) -> tuple[Header, int]:
    """What a node does before it accepts: header and length of a packet that stands under ``root``.

    1. It is not longer than ``limit`` bytes.
    2. Its header is well-formed and says ``number``.
    3. ``path`` leads from its SHA-256 at that place of n + 1 leaves to ``root``.

    Raises:
        BadPacket: in one sentence.
    """
    first, digest, length = digest_packet(packet, limit)
    if length > limit:  # 1
        raise BadPacket(f"it is longer than {limit} bytes")
    header = Header.decode(first)  # 2
    if header.number != number:
        raise BadPacket(f"its header says it is packet {header.number}, not {number}")
    leaf = merkle.leaf_hash(digest)
    if not merkle.verify_inclusion(leaf, number, header.n + 1, path, root):  # 3
        raise BadPacket("it is not under this root: damaged, or of another content")
    return header, length


def digest_packet(packet: BinaryIO, limit: int) -> tuple[bytes, bytes, int]:
    """Its first bytes (as many as a header has), its SHA-256 and its length; no more than
    ``limit`` + 1 bytes are read."""
    state, length = hashlib.sha256(), 0
    first = b""
    while data := packet.read(min(_READ, limit + 1 - length)):
        first += data[: head.SIZE - len(first)]
        state.update(data)
        length += len(data)
    return first, state.digest(), length


def examine(plan: PacketPlan, packets: Iterable[Packet]) -> tuple[Reconstruction, list[Packet]]:
    """Judge every packet: what is intact and what was found, and the intact ones by number. Those
    that cannot be read (OSError) count as missing."""
    intact: dict[int, Packet] = {}
    findings: list[Finding] = []
    for packet in packets:
        found = _judge(plan, packet)
        if isinstance(found, int) and found not in intact:
            intact[found] = replace(packet, number=found)
        elif isinstance(found, int):
            findings.append(Finding(Fault.DUPLICATED, found, packet.source))
        elif found is not None:
            findings.append(found)
    absent = [number for number in range(1, plan.n + 1) if number not in intact]
    findings += [Finding(Fault.MISSING, number) for number in absent]
    ordered = [intact[number] for number in sorted(intact)]
    report = Reconstruction({each.number: each.source for each in ordered}, tuple(findings))
    return report, ordered


def reconstruct(
    plan: PacketPlan, root: bytes, keys: PacketKeys, packets: Iterable[Packet], out: BinaryIO
) -> Reconstruction:
    """Write the content to ``out``, from any k intact packets in any order.

    What stands in ``out`` is the content only when this returns.

    Raises:
        BadPlan: the plan is not the one that ``root`` commits to.
        WrongKey: the keys are of another content.
        NotEnough: with the report; nothing was written.
        BadPacket: packets changed while they were read, or were made under other keys.
    """
    if plan.root != root:
        raise BadPlan("the plan is not the one that the root commits to")
    if keys.set_id != plan.set_id or (keys.sealing is not None) != bool(plan.sealed):
        raise WrongKey("the keys are of another content")
    report, intact = examine(plan, packets)
    if len(intact) < plan.k:
        raise NotEnough(report, plan.k)
    used = intact[: plan.k]  # the first ones hold the ciphertext itself, which needs no decoding
    with ExitStack() as stack:
        streams = [stack.enter_context(each.open()) for each in used]
        _decode(plan, keys, [each.number for each in used], streams, out)
    return replace(report, used=tuple(each.number for each in used))


def _judge(plan: PacketPlan, packet: Packet) -> int | Finding | None:
    """The number of an intact packet, else what is wrong; None when it cannot be read."""
    try:
        with packet.open() as stream:
            first, digest, _ = digest_packet(stream, plan.packet_bytes)
    except OSError:
        return None
    if digest in plan.digests:
        return plan.digests.index(digest) + 1
    try:
        header = Header.decode(first)
    except BadPacket as error:
        return Finding(Fault.CORRUPTED, packet.number, packet.source, str(error))
    number = packet.number or header.number
    if header.set_id != plan.set_id:
        return Finding(Fault.FOREIGN, number, packet.source, "it is of another content")
    return Finding(Fault.CORRUPTED, number, packet.source, "its bytes are not those that were sent")


def _decode(
    plan: PacketPlan,
    keys: PacketKeys,
    numbers: list[int],
    streams: list[BinaryIO],
    out: BinaryIO,
) -> None:
    cipher = keys.content_cipher()
    seals = [keys.packet_cipher(number, plan.node(number)) for number in numbers]
    code = zfec.Decoder(plan.k, plan.n) if numbers != list(range(1, plan.k + 1)) else None
    places = tuple(number - 1 for number in numbers)
    for stream in streams:
        stream.read(head.SIZE)
    for stripe in range(plan.stripes):
        last = stripe == plan.stripes - 1
        try:
            blocks = tuple(
                _block(plan, stream, seal, stripe, last=last)
                for stream, seal in zip(streams, seals, strict=True)
            )
            whole = b"".join(blocks if code is None else code.decode(blocks, places))
            plain = plan.last_plain if last else plan.stripe
            out.write(cipher.decrypt(stripe, whole[: plain + TAG], last=last))
        except InvalidTag as error:
            raise BadPacket(f"stripe {stripe} does not open: changed, or other keys") from error


def _block(
    plan: PacketPlan, stream: BinaryIO, seal: StripeCipher | None, stripe: int, *, last: bool
) -> bytes:
    length = plan.last_block if last else plan.block
    data = stream.read(length if seal is None else length + TAG)
    opened = data if seal is None else seal.decrypt(stripe, data, last=last)
    if len(opened) != length:
        raise BadPacket("a packet became shorter while it was read")
    return opened
