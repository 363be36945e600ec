"""Mail: written into an outbox with the act it tells of, delivered later by the worker.

Nobody waits for a mail server, and no act happens without its mail or the other way round.
"""

from portal.mail.service import MailService, WaitingMail
from portal.mail.transports import MailRefused, MailUnavailable, Transport, open_transport

__all__ = [
    "MailRefused",
    "MailService",
    "MailUnavailable",
    "Transport",
    "WaitingMail",
    "open_transport",
]
