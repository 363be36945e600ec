"""What people do with a desktop that is on: look how it stands, connect, give commands, end it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from forensics.desktop.interface import Desktop, Observation
from forensics.errors import ForensicsError, InvalidSpec, UnknownSession, WrongState
from forensics.gateway.tickets import Role, issue
from forensics.session.commands import MAX_NOTE, MAX_PASTE, MAX_PIECE
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.captures import access
from portal.captures.clearing import Clearing
from portal.captures.kit import Kit, done_lately, move
from portal.captures.models import OPEN, RUNNING, Capture, CaptureState
from portal.problems import BadInput, Conflict, PortalError, TooLarge, Unavailable
from portal.texts import prose, storable, within

_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """A capture as it stands just now. ``seen`` is None while no host tells; ``drives``: the actor
    sits at the desktop, others watch."""

    capture: Capture
    seen: Observation | None
    drives: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """Which session the browser connects to, and what it shows there, once."""

    session: str
    token: str


class Controlling:
    """Whose desktop it is, is checked here; commands go to the desktop's host at once."""

    def __init__(self, kit: Kit, clearing: Clearing, secret: bytes) -> None:
        self._kit, self._tools, self._clearing = kit, kit.tools, clearing
        self._secret = secret

    def standing(self, actor: Actor, capture_id: str) -> Standing:
        """How it stands; asks the host when there is one."""
        with self._tools.database.reading() as session:
            capture = access.readable(session, actor, capture_id)
            drives = access.drives(session, actor, capture)
        return Standing(capture, self._observe(capture), drives)

    def connect(self, actor: Actor, capture_id: str, origin: str, cookie: str) -> Connection:
        """A ticket for one connection of this browser.

        Raises:
            Conflict: there is no desktop to connect to.
        """
        with self._tools.database.transaction() as session:
            capture = access.readable(session, actor, capture_id)
            if capture.state not in (CaptureState.STARTING, CaptureState.LIVE):
                raise _over()
            role = Role.DRIVER if access.drives(session, actor, capture) else Role.VIEWER
            action = "capture.used" if role is Role.DRIVER else "capture.watched"
            if not done_lately(session, actor, action, capture.subject, self._kit):
                record(session, actor, action, capture.subject)
        token = issue(self._secret, capture.session, actor.id, role, origin, cookie)
        return Connection(capture.session, token)

    # -- Commands -----------------------------------------------------------------------------

    def still(self, actor: Actor, capture_id: str) -> dict[str, Any]:
        """Keep the screen as a picture: its ``number`` and ``sha256``."""
        return self._command(actor, capture_id, "still", {})

    def page(self, actor: Actor, capture_id: str) -> dict[str, Any]:
        """Keep the whole page; it goes on in the background."""
        return self._command(actor, capture_id, "page", {})

    def mark(self, actor: Actor, capture_id: str, note: str) -> dict[str, Any]:
        """Mark this moment."""
        return self._command(actor, capture_id, "mark", {"note": prose("note", note, MAX_NOTE)})

    def paste(self, actor: Actor, capture_id: str, text: str) -> dict[str, Any]:
        """Note that a text is going to be pasted: its digest and length stay, not the text."""
        storable("text", text)
        within("text", text, MAX_PASTE)
        return self._command(actor, capture_id, "paste", {"text": text})

    def stay(self, actor: Actor, capture_id: str) -> dict[str, Any]:
        """Somebody is there: the idle clock begins anew."""
        return self._command(actor, capture_id, "activity", {})

    def upload(
        self, actor: Actor, capture_id: str, name: str, size: int, read: Callable[[int], bytes]
    ) -> dict[str, Any]:
        """Put a file into the desktop's box; ``read`` gives the next bytes, at most as many.

        Raises:
            TooLarge: over the limit. BadInput: fewer bytes than announced came.
        """
        limit = self._tools.settings.capture_upload_bytes
        if size > limit:
            message = "A file for the desktop has at most %(limit)s bytes."
            raise TooLarge("upload_large", message, field="file", limit=limit)
        if not name.strip() or len(name) > 255:
            raise BadInput("upload_name", "A file has a name of 1 to 255 characters.", field="file")
        storable("file", name)
        begun = self._command(actor, capture_id, "upload_begin", {"name": name, "size": size})
        state, offset = hashlib.sha256(), 0
        for piece in _pieces(read, size):
            state.update(piece)
            encoded = base64.b64encode(piece).decode()
            arguments = {"id": begun["id"], "offset": offset, "data_b64": encoded}
            self._command(actor, capture_id, "upload_piece", arguments)
            offset += len(piece)
        if offset != size:
            raise BadInput("upload_short", "The file did not come completely.", field="file")
        digest = state.hexdigest()
        ended = {"id": begun["id"], "sha256": digest}
        return self._command(actor, capture_id, "upload_end", ended) | {"sha256": digest}

    def events(self, actor: Actor, capture_id: str, after: int) -> dict[str, Any]:
        """What has happened since event ``after``: ``lines`` and ``last``; for whoever may see
        it."""
        with self._tools.database.reading() as session:
            capture = access.readable(session, actor, capture_id)
        arguments = {"after": max(after, 0), "limit": _EVENTS}
        return self._ask(capture, "events", arguments)

    # -- Ends ---------------------------------------------------------------------------------

    def finish(self, actor: Actor, capture_id: str) -> Capture:
        """End the recording; what there is will be there to be looked at. Finishing what is over
        does nothing."""
        with self._tools.database.transaction() as session:
            capture = access.driven(session, actor, capture_id)
            self._finish(session, actor, capture, "person")
        return capture

    def abandon(self, actor: Actor, capture_id: str) -> None:
        """End it and keep nothing but that it was.

        Raises:
            Conflict: it is sealed.
        """
        with self._tools.database.transaction() as session:
            capture = access.changeable(session, actor, capture_id)
        if capture.state == CaptureState.SEALED:
            message = "It is sealed: its deposit can be erased, not discarded."
            raise Conflict("capture_sealed", message)
        self._clearing.discard(actor, capture, CaptureState(capture.state))

    def end_any(self, actor: Actor, capture_id: str) -> Capture | None:
        """An operator ends somebody's session; what was recorded stays its owner's."""
        with self._tools.database.transaction() as session:
            capture = session.get(Capture, capture_id)
            if capture is not None and capture.state in RUNNING:
                self._finish(session, actor, capture, "operator")
        return capture

    def _finish(self, session: Any, actor: Actor, capture: Capture, by: str) -> None:
        if capture.state not in (CaptureState.STARTING, CaptureState.LIVE):
            if capture.state in OPEN:
                raise _over()
            return
        now = self._tools.clock()
        values = {"ended_by": by, "finished_at": now, "next_attempt_at": now}
        expected = CaptureState(capture.state)
        if move(session, capture, expected, CaptureState.FINISHING, **values):
            record(session, actor, "capture.finished", capture.subject, {"by": by})

    # -- Inside -------------------------------------------------------------------------------

    def _command(
        self, actor: Actor, capture_id: str, name: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        with self._tools.database.reading() as session:
            capture = access.driven(session, actor, capture_id)
        return self._ask(capture, name, arguments)

    def _ask(self, capture: Capture, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        desktop = self._desktop(capture)
        try:
            return desktop.command(capture.session, name, arguments)
        except (UnknownSession, WrongState) as error:
            raise _over() from error
        except InvalidSpec as error:
            message = "The desktop did not take this: %(reason)s"
            raise BadInput("desktop_refused", message, reason=str(error)[:300]) from error
        except ForensicsError as error:
            raise _silent() from error

    def _desktop(self, capture: Capture) -> Desktop:
        if capture.state != CaptureState.LIVE:
            raise _over()
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is None:
            raise _silent()
        return desktop

    def _observe(self, capture: Capture) -> Observation | None:
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is None or capture.state not in RUNNING:
            return None
        try:
            return desktop.observe(capture.session)
        except ForensicsError:
            return None


def _pieces(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """At most ``size`` bytes in pieces that a command takes."""
    while size > 0 and (piece := read(min(size, MAX_PIECE // 2))):
        size -= len(piece)
        yield piece


def _over() -> PortalError:
    return Conflict("desktop_over", "This desktop is not on (any more).")


def _silent() -> PortalError:
    message = "The desktop does not answer just now; try again in a moment."
    return Unavailable("desktop_silent", message)
