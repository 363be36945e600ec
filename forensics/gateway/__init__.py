"""The gateway: one process that carries RFB between browsers and desktops, and decides what passes.

It needs the portal's ticket for every connection, lets keys, pointer and clipboard through only
while the session's gate is open, and knows nothing else of the portal.
"""

from forensics.gateway.gate import Gate
from forensics.gateway.rfb import BadMessage, ClientFilter
from forensics.gateway.server import Gateway, GatewayOptions
from forensics.gateway.tickets import BadTicket, Role, Ticket, Tickets, binding_of, issue

__all__ = [
    "BadMessage",
    "BadTicket",
    "ClientFilter",
    "Gate",
    "Gateway",
    "GatewayOptions",
    "Role",
    "Ticket",
    "Tickets",
    "binding_of",
    "issue",
]
