"""A network of a session's own: a namespace, a pair of interfaces, the way out and its rules."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from forensics.desktop import firewall
from forensics.desktop.firewall import Reach
from forensics.desktop.slots import Claims, Slot

_FORWARD: Final = Path("/proc/sys/net/ipv4/ip_forward")
_NAMESPACES: Final = Path("/run/netns")
_NEWNET: Final = 0x40000000
_SECONDS: Final = 15
_T = TypeVar("_T")


class NetworkError(OSError):
    """The network could not be made."""


def namespace(slot: Slot) -> Path:
    """The file that names the session's network namespace."""
    return _NAMESPACES / slot.name


def create(slot: Slot, reach: Reach, claims: Claims) -> None:
    """Make the network; rules stand before the first packet can pass.

    Raises:
        NetworkError, FirewallError: something refuses. :func:`remove` clears what was made.
    """
    firewall.load(firewall.rules(slot, reach))
    _open_forwarding(claims)
    name, link = slot.name, slot.link
    _ip("netns", "add", name)
    inside = ("-n", name)
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
    _no_ipv6(link)
    in_namespace(namespace(slot), lambda: _no_ipv6("eth0", "default", "all"))
    _ip("addr", "add", f"{slot.host_address}/30", "dev", link)
    _ip("link", "set", link, "up")
    _ip(*inside, "addr", "add", f"{slot.address}/30", "dev", "eth0")
    _ip(*inside, "link", "set", "lo", "up")
    _ip(*inside, "link", "set", "eth0", "up")
    _ip(*inside, "route", "add", "default", "via", slot.host_address)


def remove(slot: Slot, claims: Claims) -> None:
    """Repeatable. Connections end with the interfaces, the namespace with its last process."""
    _ip_quiet("link", "del", slot.link)
    _ip_quiet("netns", "del", slot.name)
    firewall.drop_table(firewall.table(slot))
    _close_forwarding(claims, slot)


def routes(slot: Slot) -> tuple[str, ...]:
    """The routes inside, in the words of ``ip route``."""
    return (f"default via {slot.host_address} dev eth0", f"{slot.network} dev eth0")


def in_namespace(path: Path, act: Callable[[], _T]) -> _T:
    """``act()``, carried out by a thread that stands in the namespace. Sockets made there stay
    there; the calling thread never leaves its own.

    Raises:
        OSError: the namespace cannot be entered, or whatever ``act`` raises.
    """
    results: list[_T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"{path} cannot be entered")
            finally:
                os.close(descriptor)
            results.append(act())
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=work, name="namespace")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def name_server_sockets(slot: Slot) -> tuple[socket.socket, socket.socket]:
    """Port 53 of the session's own loopback, by UDP and TCP; whoever holds the sockets answers
    there, wherever it runs itself."""

    def listen() -> tuple[socket.socket, socket.socket]:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 53))
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        stream.bind(("127.0.0.1", 53))
        stream.listen(16)
        return datagrams, stream

    return in_namespace(namespace(slot), listen)


def _open_forwarding(claims: Claims) -> None:
    """Forwarding is switched on with the first desktop, guarded where it had been off."""
    with claims.locked() as folder:
        users = folder / "forwarding"
        if users.exists() or _FORWARD.read_text().strip() != "0":
            return
        firewall.load(firewall.guard_rules())
        users.write_text("switched on for desktops\n")
        _FORWARD.write_text("1")


def _close_forwarding(claims: Claims, leaving: Slot) -> None:
    """Off again with the last desktop, if a desktop switched it on."""
    with claims.locked() as folder:
        users = folder / "forwarding"
        others = [each for each in folder.glob("slot-*") if each.name != f"slot-{leaving.number}"]
        if others or not users.exists():
            return
        _FORWARD.write_text("0")
        firewall.drop_table(firewall.GUARD)
        users.unlink()


def _no_ipv6(*links: str) -> None:
    for link in links:
        switch = Path("/proc/sys/net/ipv6/conf", link, "disable_ipv6")
        if switch.exists():
            switch.write_text("1")


def _ip(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["ip", *arguments], check=False, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkError(f"ip cannot be run: {error}") from error
    if done.returncode != 0:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()[:300]}")


def _ip_quiet(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=False, capture_output=True, timeout=_SECONDS)
