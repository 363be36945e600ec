"""Checks of the network: routes, listeners, and the address the outside sees."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
from typing import Final

from forensics.environment import proc
from forensics.environment.result import Result
from forensics.environment.view import Undecided, View, judge, listed, undecided

_UP: Final = 0x1
_REJECT: Final = 0x200
_LOCAL: Final = 0x80000000
#: Networks that every interface has by itself.
_OWN: Final = ("ff00::/8", "fe80::/64")
_SECONDS: Final = 0.8
_COOKIE: Final = 0x2112A442
_XOR_MAPPED_ADDRESS: Final = 0x0020


def check_routes(view: View) -> Result:
    """Packets leave by the routes the launcher laid, and by no other."""
    name, expected = "routes", view.target.routes
    found = routes(view.target.pid)
    data = {"routes": found}
    if not expected:
        return undecided(name, "nothing-expected", found=listed(found), data=data)
    good = set(found) == set(expected)
    return judge(name, good, name, found=listed(found), expected=listed(expected), data=data)


def routes(pid: int) -> list[str]:
    """As ``ip route`` words them: ``"default via 10.0.0.1 dev eth0"``. Raises OSError."""
    found = []
    for line in proc.read(pid, "net/route").decode().splitlines()[1:]:
        device, to, via, flags, _, _, _, mask = line.split()[:8]
        if int(flags, 16) & _UP:
            bits = int(mask, 16).bit_count()
            found.append(_route(f"{_ipv4(to)}/{bits}", _ipv4(via), device))
    try:
        lines = proc.read(pid, "net/ipv6_route").decode().splitlines()
    except FileNotFoundError:  # a kernel without IPv6
        lines = []
    for line in lines:
        to, bits_, _, _, via, _, _, _, flags, device = line.split()
        network = f"{ipaddress.IPv6Address(bytes.fromhex(to))}/{int(bits_, 16)}"
        if device != "lo" and not int(flags, 16) & (_LOCAL | _REJECT) and network not in _OWN:
            found.append(_route(network, str(ipaddress.IPv6Address(bytes.fromhex(via))), device))
    return found


def _ipv4(field: str) -> str:
    return str(ipaddress.IPv4Address(struct.pack("=I", int(field, 16))))


def _route(network: str, via: str, device: str) -> str:
    to = "default" if network in ("0.0.0.0/0", "::/0") else network
    return f"{to} dev {device}" if via in ("0.0.0.0", "::") else f"{to} via {via} dev {device}"  # noqa: S104


def check_listeners(view: View) -> Result:
    """In the desktop's network nothing listens but what the launcher put there. Where the network
    is the host's, only the sockets of the desktop's own processes count."""
    name, target = "listeners", view.target
    found = proc.listeners(target.pid)
    if "net" in target.shared:
        own = proc.sockets(each.pid for each in view.processes)
        found = [each for each in found if each[1] in own]
    listening = sorted({endpoint for endpoint, _ in found})
    foreign = [each for each in listening if each not in target.listeners]
    shown = foreign or listening
    data = {"listeners": listening[:100]}
    return judge(
        name, not foreign, name, found=listed(shown), expected=listed(target.listeners), data=data
    )


def check_public_address(view: View) -> Result:
    """The address under which the outside sees the desktop; it is recorded, not judged."""
    name, target = "public-address", view.target
    if target.public_address:
        found, source = target.public_address, "set by an administrator"
    else:
        found, source = _asked(target.stun_servers), "STUN (RFC 8489)"
        if not found:
            found, source = own_address(), "this host's own address"
    if not found:
        raise Undecided("address-unknown")
    return judge(
        name, True, name, found=f"{found} ({source})", data={"address": found, "source": source}
    )


def own_address() -> str:
    """The address packets to the outside leave with, if it is one the outside can see. Nothing is
    sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: connecting UDP chooses a route, no more
        except OSError:
            return ""
        address = str(probe.getsockname()[0])
    return address if ipaddress.ip_address(address).is_global else ""


def _asked(servers: tuple[str, ...]) -> str:
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            return mapped_address(host, int(port))
        except (OSError, ValueError):
            continue
    return ""


def mapped_address(host: str, port: int) -> str:
    """Our address as a STUN server sees it (RFC 8489 §14.2), IPv4.

    Raises:
        OSError, ValueError: no answer, or none that says so.
    """
    transaction = secrets.token_bytes(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_SECONDS)
        probe.connect((host, port))
        probe.send(struct.pack(">HHI", 0x0001, 0, _COOKIE) + transaction)
        answer = probe.recv(2048)
    kind, length, cookie = struct.unpack(">HHI", answer[:8]) if len(answer) >= 20 else (0, 0, 0)
    if kind != 0x0101 or cookie != _COOKIE or answer[8:20] != transaction:
        raise ValueError("no answer to the question")
    body = answer[20 : 20 + length]
    while len(body) >= 4:
        attribute, size = struct.unpack(">HH", body[:4])
        value = body[4 : 4 + size]
        if attribute == _XOR_MAPPED_ADDRESS and len(value) == 8 and value[1] == 1:
            return str(ipaddress.IPv4Address(struct.unpack(">I", value[4:])[0] ^ _COOKIE))
        body = body[4 + (size + 3) // 4 * 4 :]
    raise ValueError("no address in the answer")
