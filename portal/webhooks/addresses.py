"""Where a webhook may go: the address is read strictly, its host is resolved by us, and only public
networks are let through.

A person chooses the address, so without care they would make the portal knock at its own doors
(server-side request forgery). The rules:

1. ``http`` or ``https``; in production ``https`` only.
2. No user name or password, no fragment, no characters that programs read differently.
3. Port 80, 443, or from 1024 on, and none that is known to belong to another protocol.
4. The host is resolved, and *every* address it has must be public. Addresses that carry another
   one inside (IPv4-mapped, 6to4, NAT64) are judged by the inner one too.
5. Whoever connects does so to one of the addresses judged here, never to the name again.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from portal.problems import BadInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: ``(host, port)`` → the addresses as text; raises OSError when there are none.
Resolver = Callable[[str, int], Sequence[str]]

MAX_URL: Final = 2000
#: Other protocols' ports from 1024 on, as the Fetch standard lists them ("port blocking").
_FOREIGN_PORTS: Final = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080}
) | set(range(6665, 6670))
_LOW_PORTS: Final = frozenset({80, 443})
_V6_MAPPED_64: Final = ipaddress.ip_network("64:ff9b::/96")  # NAT64, RFC 6052 §2.1
#: Not public, beyond what :mod:`ipaddress` calls so in every release of Python.
_CLOSED: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",  # this host, RFC 1122 §3.2.1.3
        "100.64.0.0/10",  # shared between carriers and customers, RFC 6598
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "240.0.0.0/4",  # reserved, broadcast among them
        "::/96",  # IPv4-compatible, deprecated by RFC 4291 §2.5.5.1
        "64:ff9b:1::/48",  # NAT64 of local use, RFC 8215
        "100::/64",  # discarded, RFC 6666
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fec0::/10",  # site-local, deprecated by RFC 3879
    )
)


class Refused(Exception):
    """An address that must not be connected to, or a name that has none.

    ``code`` is ``"unknown"`` when the name has no address, ``"address"`` when one is not public.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Url:
    """A webhook's address in its parts; ``host`` in ASCII, without brackets."""

    secure: bool
    host: str
    port: int
    path: str


def read_url(text: str, *, https_only: bool) -> Url:
    """Rules 1 to 3.

    Raises:
        BadInput: the rule that does not hold, about the field ``url``.
    """
    if len(text) > MAX_URL:
        raise BadInput(
            "url_long", "An address has at most %(limit)s characters.", field="url", limit=MAX_URL
        )
    if not text.isprintable() or any(mark in text for mark in ' \\"<>`{}|^'):
        raise BadInput(
            "url_characters",
            "The address holds characters that an address cannot have.",
            field="url",
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadInput(
            "url_form", "This is not an address that can be read.", field="url"
        ) from error
    if parts.scheme not in ("https", "http") or not parts.hostname:  # 1
        raise BadInput("url_scheme", "The address begins with https:// and a host.", field="url")
    if https_only and parts.scheme != "https":
        raise BadInput(
            "url_https",
            "The address must begin with https://, so that nobody reads along.",
            field="url",
        )
    if parts.username is not None or parts.password is not None:  # 2
        raise BadInput(
            "url_credentials", "No user name or password in the address: it is shown.", field="url"
        )
    if parts.fragment:
        raise BadInput(
            "url_fragment", "The address has a part after #, which is never sent.", field="url"
        )
    secure = parts.scheme == "https"
    port = (443 if secure else 80) if port is None else port
    if (port < 1024 and port not in _LOW_PORTS) or port in _FOREIGN_PORTS:  # 3
        raise BadInput(
            "url_port",
            "Port %(port)s is not allowed: use 443 or one from 1024.",
            field="url",
            port=port,
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(secure, _ascii_host(parts.hostname), port, _ascii_path(path))


def system_resolver(host: str, port: int) -> list[str]:
    """What this machine's resolver says, each address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def networks(text: str) -> tuple[Network, ...]:
    """The networks a setting lists, separated by spaces or commas.

    Raises:
        ValueError: one of them is no network.
    """
    return tuple(ipaddress.ip_network(each) for each in text.replace(",", " ").split())


def judged(url: Url, resolve: Resolver, allowed: Sequence[Network] = ()) -> tuple[str, ...]:
    """Rule 4: the addresses of ``url``'s host, each of them fit to be connected to.

    Raises:
        Refused: the name has no address, or one of them is not public.
    """
    try:
        found = resolve(url.host, url.port)
    except (OSError, UnicodeError) as error:
        raise Refused("unknown") from error
    if not found:
        raise Refused("unknown")
    for text in found:
        if not permitted(text, allowed):
            raise Refused("address")
    return tuple(found)


def permitted(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether the address ``text`` is public, or within one of the networks ``allowed``."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        return False  # valid on one link of this machine only
    return all(_in_any(each, allowed) or _public(each) for each in (address, *_inner(address)))


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour):
        return True  # judged by what it carries; releases of Python differ on 2002::/16 itself
    closed = _in_any(address, _CLOSED) or address.is_multicast or address.is_reserved
    special = address.is_private or address.is_loopback or address.is_link_local
    return not (closed or special or address.is_unspecified) or address in _V6_MAPPED_64


def _inner(address: Address) -> list[Address]:
    """The IPv4 address that an IPv6 one leads to, when it does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address in _V6_MAPPED_64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _in_any(address: Address, wanted: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in wanted)


def _ascii_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadInput("url_host", "The host's name is not one.", field="url") from error


def _ascii_path(path: str) -> str:
    """Percent-encode what is not ASCII; what is stays as it was typed."""
    return "".join(
        mark if mark.isascii() else "".join(f"%{byte:02X}" for byte in mark.encode())
        for mark in path
    )
