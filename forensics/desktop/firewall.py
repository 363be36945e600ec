"""What a desktop may reach: a deny-list as one nftables table a session.

Everything of the host's own (whatever its address), everything private, special or link-local, and
every other desktop is closed, unless an administrator names ranges that may be reached. There is no
IPv6 in a desktop. New connections, opened and refused, are reported to a netlink group
(:mod:`forensics.desktop.egress`).
"""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forensics.desktop.slots import Slot
from forensics.errors import InvalidSpec

#: Not the public internet: the IANA special-purpose registry (RFC 6890 and followers), multicast
#: and reserved space. 169.254.169.254 and 100.100.100.200, where clouds keep metadata, are in it.
CLOSED: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
#: Metadata services at public addresses: Azure's host agent.
CLOSED_HOSTS: Final = ("168.63.129.16/32",)
#: Mail must not go out of a desktop, and names are asked of our forwarder alone.
CLOSED_PORTS: Final = (25, 53, 853)
GUARD: Final = "notary_desks"
#: What is reported: (word in the log, what it says).
OPENED: Final = "opened"
REFUSED: Final = "refused"
_SECONDS: Final = 15


class FirewallError(OSError):
    """The rules could not be set."""


@dataclass(frozen=True, slots=True)
class Reach:
    """``allow``: ranges a desktop may reach though they are closed. ``deny``: further closed ones,
    such as the portal's public address. As ``10.1.0.0/16`` or ``10.1.2.3``, IPv4.

    Raises:
        InvalidSpec: none of these.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for each in (*self.allow, *self.deny):
            try:
                ipaddress.IPv4Network(each)
            except ValueError as error:
                raise InvalidSpec(f"{each[:60]!r} is no range of IPv4 addresses") from error


def table(slot: Slot) -> str:
    return slot.name.replace("-", "_")


def rules(slot: Slot, reach: Reach) -> str:
    """The session's table, as nft reads it. What is not named is refused: protocols too."""
    closed = _elements((*CLOSED, *CLOSED_HOSTS, *reach.deny))
    ports = ", ".join(map(str, CLOSED_PORTS))
    allow = "\n".join(
        f'ip daddr {each} ct state new log prefix "{OPENED}" group {slot.log_group}\n'
        f"ip daddr {each} accept"
        for each in reach.allow
    )
    refuse = (
        f'ct state new limit rate 50/second burst 200 packets log prefix "{REFUSED}" '
        f"group {slot.log_group}\ncounter drop"
    )
    return f"""
table inet {table(slot)} {{
  set closed {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {closed} }} }}
  chain refuse {{
    {refuse}
  }}
  chain leaving {{
    meta nfproto ipv6 jump refuse
    ip saddr != {slot.address} counter drop
    ct state established,related accept
    {allow}
    ip daddr @closed jump refuse
    meta l4proto {{ tcp, udp }} th dport {{ {ports} }} jump refuse
    meta l4proto != {{ tcp, udp }} jump refuse
    ct state new limit rate 500/second burst 1000 packets log prefix "{OPENED}" \
group {slot.log_group}
    ct state new accept
    jump refuse
  }}
  chain forward {{
    type filter hook forward priority -5; policy accept;
    iifname "{slot.link}" jump leaving
    oifname "{slot.link}" ct state established,related accept
    oifname "{slot.link}" counter drop
  }}
  chain input {{
    type filter hook input priority -5; policy accept;
    iifname "{slot.link}" ct state established,related accept
    iifname "{slot.link}" jump to_host
  }}
  chain to_host {{
    meta nfproto ipv6 jump refuse
    {allow}
    jump refuse
  }}
  chain output {{
    type filter hook output priority -5; policy accept;
    oifname "{slot.link}" ct state established,related accept
    oifname "{slot.link}" counter drop
  }}
  chain translate {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {slot.address} oifname != "{slot.link}" masquerade
  }}
}}
"""


def guard_rules() -> str:
    """Forwarding serves desktops alone: for a machine that forwarded nothing before."""
    return f"""
table inet {GUARD} {{
  chain forward {{
    type filter hook forward priority -10; policy accept;
    iifname "ndesk*" accept
    oifname "ndesk*" accept
    counter drop
  }}
}}
"""


def load(text: str) -> None:
    """Apply rules, all or none.

    Raises:
        FirewallError: nft refuses, with its words.
    """
    _nft(["-f", "-"], text)


def drop_table(name: str) -> None:
    """Repeatable."""
    # `delete` of what is not there is an error; `add` first makes it harmless (nft(8), TABLES).
    load(f"add table inet {name}\ndelete table inet {name}\n")


def exists(name: str) -> bool:
    return f"table inet {name}\n" in _nft(["list", "tables"], "") + "\n"


def _elements(ranges: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(ranges))


def _nft(arguments: list[str], text: str) -> str:
    try:
        done = subprocess.run(
            ["nft", *arguments],
            check=False, input=text, capture_output=True, text=True, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FirewallError(f"nft cannot be run: {error}") from error
    if done.returncode != 0:
        raise FirewallError(f"nft: {done.stderr.strip()[:300]}")
    return done.stdout
