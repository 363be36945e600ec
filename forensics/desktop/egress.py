"""Connections of a desktop as netfilter reports them, as lines of JSON.

The firewall hands the first packet of every new connection to a netlink group (NFLOG); this reads
the group. Lines: ``{"at", "verdict": "opened"|"refused", "protocol", "to", "port"}``; a last line
``{"at", "verdict": "limit"}`` when the log is full. What the kernel dropped because it came too
fast is counted in a line ``{"at", "verdict": "lost"}``.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_NETLINK_NETFILTER: Final = 12
# linux/netfilter/nfnetlink.h and nfnetlink_log.h
_ULOG: Final = 4 << 8
_PACKET, _CONFIG = _ULOG | 0, _ULOG | 1
_REQUEST, _ACK, _ERROR = 1, 4, 2
_CFG_CMD, _CFG_MODE, _CFG_TIMEOUT, _CFG_THRESHOLD = 1, 2, 4, 5
_BIND, _COPY_PACKET = 1, 2
_ATTR_PAYLOAD, _ATTR_PREFIX = 9, 10
_COPIED: Final = 64
_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
#: No desktop's log grows beyond this, bytes.
MAX_LOG: Final = 8 << 20


class EgressLog:
    """Writes one session's connections until it is closed.

    Raises:
        OSError: the kernel has no such thing, or somebody else reads the group.
    """

    def __init__(self, group: int, file: Path) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._socket.bind((0, 0))
            for message in _subscribe(group):
                self._socket.send(message)
                _acknowledged(self._socket.recv(4096))
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._file = os.open(file, flags, 0o640)
        except OSError:
            self._socket.close()
            raise
        self._left = MAX_LOG - os.fstat(self._file).st_size
        self._socket.settimeout(0.25)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._read, name=f"egress-{group}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Everything reported so far is in the file. Repeatable."""
        self._end.set()
        self._thread.join(5)
        self._socket.close()

    def _read(self) -> None:
        while True:
            # Looked at before reading, so that what came in until then is still taken up.
            ending = self._end.is_set()
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                if ending:
                    break
                continue
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    break
                self._write({"verdict": "lost"})
                continue
            for found in connections(data):
                self._write(found)
        os.close(self._file)

    def _write(self, found: dict[str, Any]) -> None:
        if self._left <= 0:
            return
        line = _line(found)
        self._left -= len(line)
        os.write(self._file, line if self._left > 0 else _line({"verdict": "limit"}))


def connections(data: bytes) -> Iterator[dict[str, Any]]:
    """The packets netfilter reports in one read of the netlink socket; strange ones are passed
    over."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:
            return
        if kind == _PACKET:
            found = _described(dict(_attributes(data[at + 20 : at + length])))
            if found:
                yield found
        at += (length + 3) & ~3


def _described(attributes: dict[int, bytes]) -> dict[str, Any] | None:
    packet = attributes.get(_ATTR_PAYLOAD, b"")
    verdict = attributes.get(_ATTR_PREFIX, b"").rstrip(b"\0").decode("ascii", "replace")
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        header = (packet[0] & 15) * 4
        number, to = packet[9], str(ipaddress.IPv4Address(packet[16:20]))
    elif version == 6 and len(packet) >= 40:
        header, number, to = 40, packet[6], str(ipaddress.IPv6Address(packet[24:40]))
    else:
        return None
    ports = packet[header : header + 4]
    port = struct.unpack("!HH", ports)[1] if number in {6, 17} and len(ports) == 4 else None
    protocol = _PROTOCOLS.get(number, str(number))
    return {"verdict": verdict, "protocol": protocol, "to": to, "port": port}


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def _subscribe(group: int) -> Iterator[bytes]:
    yield _config(group, _attribute(_CFG_CMD, bytes([_BIND])))
    mode = struct.pack("!IBB", _COPIED, _COPY_PACKET, 0)
    at_once = struct.pack("!I", 1)
    yield _config(
        group,
        _attribute(_CFG_MODE, mode)
        + _attribute(_CFG_THRESHOLD, at_once)
        + _attribute(_CFG_TIMEOUT, at_once),
    )


def _config(group: int, attributes: bytes) -> bytes:
    body = struct.pack("!BBH", socket.AF_INET, 0, group) + attributes
    return struct.pack("=IHHII", 16 + len(body), _CONFIG, _REQUEST | _ACK, 1, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def _acknowledged(data: bytes) -> None:
    kind, code = struct.unpack_from("=4xH10xi", data)
    if kind == _ERROR and code:
        raise OSError(-code, f"netfilter's log: {os.strerror(-code)}")


def _line(found: dict[str, Any]) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"at": at, **found}, separators=(",", ":")).encode() + b"\n"
