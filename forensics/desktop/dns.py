"""A desktop's name server: hands questions on to the host's, and writes down what was answered.

``python -m forensics.desktop.dns --udp FD --tcp FD --log FD --upstream ADDRESS …``: the sockets
were opened inside the desktop's network, so it alone reaches them; questions go out from here,
where the rules for desktops do not stand in the way of a resolver with a private address. Runs as a
user of its own. Lines of the log: ``{"at", "name", "type", "status", "answers", "server",
"milliseconds", "transport"}``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import os
import secrets
import socket
import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype

_SECONDS: Final = 3.0
#: Questions waiting at once; more are refused, so that a page cannot exhaust the host's ports.
_WAITING: Final = 200
_TCP_IDLE: Final = 10.0
_CONNECTIONS: Final = 50
_ANSWERS: Final = 40
#: No desktop's log grows beyond this, bytes.
MAX_LOG: Final = 16 << 20


def host_servers(text: str | None = None) -> tuple[str, ...]:
    """The name servers this machine uses itself, out of resolv.conf."""
    if text is None:
        try:
            text = Path("/etc/resolv.conf").read_text(errors="replace")
        except OSError:
            text = ""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            with contextlib.suppress(ValueError):
                found.append(str(ipaddress.ip_address(words[1].partition("%")[0])))
    return tuple(found)


class Forwarder:
    """Answers from ``upstreams`` (``address`` or ``address:port``), in their order."""

    def __init__(self, upstreams: Sequence[str], log: int, seconds: float = _SECONDS) -> None:
        self._upstreams = [_endpoint(each) for each in upstreams]
        self._log, self._seconds = log, seconds
        self._left = MAX_LOG - os.fstat(log).st_size
        self._waiting = 0

    async def answer(self, wire: bytes, transport: str) -> bytes | None:
        """The answer to one question; None for what is no question at all."""
        try:
            question = dns.message.from_wire(wire, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError, struct.error):
            return None
        if question.flags & dns.flags.QR:
            return None
        if question.opcode() != dns.opcode.QUERY or len(question.question) != 1:
            return self._refusal(question, dns.rcode.NOTIMP)
        if self._waiting >= _WAITING:
            return self._refusal(question, dns.rcode.SERVFAIL)
        self._waiting += 1
        try:
            return await self._forward(question, wire, transport)
        finally:
            self._waiting -= 1

    async def _forward(self, question: dns.message.Message, wire: bytes, transport: str) -> bytes:
        began = time.monotonic()
        for server in self._upstreams:
            try:
                got = await asyncio.wait_for(_exchange(wire, server, transport), self._seconds)
                answer = dns.message.from_wire(got, ignore_trailing=True)
            except (OSError, TimeoutError, EOFError, ValueError, dns.exception.DNSException):
                continue
            if answer.question == question.question:
                self._write(question, answer, server[0], began, transport)
                return wire[:2] + got[2:]
        self._write(question, None, "", began, transport)
        return self._refusal(question, dns.rcode.SERVFAIL)

    def _refusal(self, question: dns.message.Message, code: dns.rcode.Rcode) -> bytes:
        answer = dns.message.make_response(question, recursion_available=True)
        answer.set_rcode(code)
        return answer.to_wire()

    def _write(
        self,
        question: dns.message.Message,
        answer: dns.message.Message | None,
        server: str,
        began: float,
        transport: str,
    ) -> None:
        asked = question.question[0]
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {
            "at": at,
            "name": asked.name.to_text(omit_final_dot=True)[:300],
            "type": dns.rdatatype.to_text(asked.rdtype),
            "status": dns.rcode.to_text(answer.rcode()) if answer else "no answer",
            "answers": _answers(answer) if answer else [],
            "server": server,
            "milliseconds": round((time.monotonic() - began) * 1000),
            "transport": transport,
        }
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._left -= len(data)
        if self._left > 0:
            os.write(self._log, data)


def _answers(answer: dns.message.Message) -> list[str]:
    found: list[str] = []
    for records in answer.answer:
        kind = dns.rdatatype.to_text(records.rdtype)
        found.extend(f"{kind} {record.to_text()[:300]}" for record in records)
    return found[:_ANSWERS]


def _endpoint(text: str) -> tuple[str, int]:
    address, colon, port = text.rpartition(":")
    if colon and "." in address and "]" not in port:
        return str(ipaddress.ip_address(address)), int(port)
    return str(ipaddress.ip_address(text)), 53


async def _exchange(wire: bytes, server: tuple[str, int], transport: str) -> bytes:
    """Ask with an identifier and a port of our own: the desktop's choice must not help anybody to
    guess them (RFC 5452 §9)."""
    ours = secrets.token_bytes(2)
    asked = ours + wire[2:]
    got = await (_by_tcp(asked, server) if transport == "tcp" else _by_udp(asked, server))
    if got[:2] != ours:
        raise ValueError("an answer to another question")
    return got


async def _by_tcp(wire: bytes, server: tuple[str, int]) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        return await reader.readexactly(length)
    finally:
        writer.close()


async def _by_udp(wire: bytes, server: tuple[str, int]) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        # Connected, so that the kernel passes over what comes from elsewhere.
        sock.connect(server)
        await loop.sock_sendall(sock, wire)
        while True:
            got = await loop.sock_recv(sock, 65535)
            if got[:2] == wire[:2]:
                return got


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, address: Any) -> None:
        answer = await self._forwarder.answer(data, "udp")
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, address)


async def serve(forwarder: Forwarder, datagrams: socket.socket, stream: socket.socket) -> None:
    """Answer on both sockets until cancelled."""
    loop = asyncio.get_running_loop()
    limit = asyncio.Semaphore(_CONNECTIONS)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with limit:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                while True:
                    head = await asyncio.wait_for(reader.readexactly(2), _TCP_IDLE)
                    length = int.from_bytes(head)
                    wire = await asyncio.wait_for(reader.readexactly(length), _TCP_IDLE)
                    answer = await forwarder.answer(wire, "tcp")
                    if answer is None:
                        break
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        writer.close()

    datagrams.setblocking(False)
    await loop.create_datagram_endpoint(lambda: _Datagrams(forwarder), sock=datagrams)
    server = await asyncio.start_server(talk, sock=stream)
    async with server:
        await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m forensics.desktop.dns")
    for name in ("udp", "tcp", "log"):
        parser.add_argument(f"--{name}", type=int, required=True, help="an inherited descriptor")
    parser.add_argument("--upstream", action="append", default=[])
    chosen = parser.parse_args(arguments)
    forwarder = Forwarder(chosen.upstream or host_servers(), chosen.log)
    datagrams, stream = socket.socket(fileno=chosen.udp), socket.socket(fileno=chosen.tcp)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(forwarder, datagrams, stream))


if __name__ == "__main__":
    main()
