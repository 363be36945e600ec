"""TimeStampResp, what a TSA answers (RFC 3161 §2.4.2), read from strict DER."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from timestamping.verification import der
from timestamping.verification.der import DerError, Node
from timestamping.verification.report import Refusal

STATUS_NAMES: Final = {
    0: "granted",
    1: "grantedWithMods",
    2: "rejection",
    3: "waiting",
    4: "revocationWarning",
    5: "revocationNotification",
}
FAILURE_NAMES: Final = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
GRANTED: Final = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Response:
    """Parsed, not verified. ``token`` is the DER of a ContentInfo or None."""

    status: int
    texts: tuple[str, ...]
    failures: tuple[str, ...]
    token: bytes | None

    @property
    def status_name(self) -> str:
        return STATUS_NAMES.get(self.status, str(self.status))


def read_response(data: bytes) -> Response:
    """Read a TimeStampResp; the token inside is left unread.

    Raises:
        Refusal: ``response-form``, not a TimeStampResp in strict DER.
    """
    try:
        root = der.outer(data)
        parts = der.split(root) if root.tag == der.SEQUENCE else []
        if not 1 <= len(parts) <= 2:
            raise DerError("it is no sequence of a status and a token")
        der.fill(parts[0])
        status, texts, failures = _status_info(parts[0])
    except DerError as error:
        raise Refusal("response-form", f"the reply is no time-stamp response: {error}") from error
    return Response(status, texts, failures, parts[1].raw if len(parts) == 2 else None)


def check_status(response: Response) -> str:
    """Granted or grantedWithMods, and with a token; anything else refuses, token or not.

    Raises:
        Refusal: ``status``.
    """
    name = response.status_name
    if response.status not in GRANTED:
        carried = "; the token beside it counts for nothing" if response.token else ""
        reason = "".join(f": {text}" for text in (*response.failures, *response.texts))
        raise Refusal("status", f"the authority answered {name}{reason}{carried}")
    if response.failures:
        raise Refusal("status", f"the authority answered {name} and names a failure at once")
    if response.token is None:
        raise Refusal("status", f"the authority answered {name} and gave no token")
    return f"the authority answered {name}"


def _status_info(node: Node) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    parts = node.parts
    tags = [part.tag for part in parts]
    allowed = [der.INTEGER, der.SEQUENCE, der.BIT_STRING]
    if node.tag != der.SEQUENCE or tags[:1] != [der.INTEGER]:
        raise DerError("the status is missing")
    if tags != [tag for tag in allowed if tag in tags]:
        raise DerError("the status has fields that do not belong there")
    texts: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    for part in parts[1:]:
        if part.tag == der.SEQUENCE:
            texts = tuple(_text(text) for text in part.parts)
        else:
            failures = _failures(part.content)
    return der.integer(parts[0]), texts, failures


def _text(node: Node) -> str:
    if node.tag != der.UTF8_STRING:
        raise DerError("the status text is no UTF-8 string")
    return node.content.decode("utf-8")


def _failures(content: bytes) -> tuple[str, ...]:
    bits = (place for place in range(8 * (len(content) - 1)) if _bit(content, place))
    return tuple(FAILURE_NAMES.get(place, f"failure {place}") for place in bits)


def _bit(content: bytes, place: int) -> bool:
    return bool(content[1 + place // 8] & (0x80 >> place % 8))
