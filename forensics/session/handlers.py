"""What the keeper answers to each command of :mod:`forensics.session.commands`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from forensics.desktop import layout
from forensics.desktop.interface import Phase, check_url
from forensics.errors import InvalidSpec, Retryable, WrongState
from forensics.session import cleanliness
from forensics.session.chain import digest_file
from forensics.session.commands import MAX_EVENTS, MAX_NOTE, MAX_PASTE, PROVIDER_ONLY
from forensics.session.keeper import Keeper
from forensics.session.tokens import token_over

_STILL_TAKES: Final = 8.0
_INPUT_TAKES: Final = 8.0
#: Most stills and pages of one session.
_MAX_STILLS: Final = 2000
_MAX_PAGES: Final = 500
#: Said also when the session is ending: the last token comes then.
_WHILE_ENDING: Final = frozenset({"attest", "events", "finish", "freeze", "viewer", "activity"})
#: Kinds of event that others may write; the rest are the keeper's own words.
_NOTES: Final = frozenset({"browser", "discard", "limit", "portal", "reconnect"})


class Handlers:
    """Answers for one keeper; called from the socket's threads."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def __call__(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._keeper.lock:
            phase = self._keeper.state.phase
            if phase is Phase.ENDED or (phase is Phase.ENDING and name not in _WHILE_ENDING):
                raise WrongState("the session has ended")
            if phase is Phase.PREPARING and name not in _WHILE_ENDING | PROVIDER_ONLY:
                raise WrongState("the session has not begun")
        return _ANSWERS[name](self, arguments)

    def _still(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        keeper = self._keeper
        with keeper.lock:
            number = keeper.state.counts["stills"] + 1
            if number > _MAX_STILLS:
                raise WrongState(f"a session has at most {_MAX_STILLS} stills")
            keeper.state.counts["stills"] = number
            file = layout.still(number)
            path = str(keeper.folder.evidence / file)
            keeper.recorder.order(do="still", number=number, file=path)
            if not keeper.changed.wait_for(lambda: number in keeper.stills, _STILL_TAKES):
                raise Retryable("the still was not taken in time")
            said = keeper.stills.pop(number)
            if "error" in said:
                raise Retryable(str(said["error"]))
            sha256, size = digest_file(keeper.folder.evidence / file)
            found = {"number": number, "file": file, "sha256": sha256}
            keeper.emit("still", found | {"size": size, "seen": said["at"]})
        return found

    def _page(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        keeper = self._keeper
        with keeper.lock:
            if not keeper.pages.ready.is_set() or keeper.pages.failure:
                raise WrongState(keeper.pages.failure or "the browser cannot be captured yet")
            number = keeper.state.pages_asked + 1
            if number > _MAX_PAGES:
                raise WrongState(f"a session has at most {_MAX_PAGES} pages")
            keeper.state.pages_asked = number
            keeper.state.busy = f"page {number}"
            keeper.pages.capture(number)
        return {"number": number}

    def _mark(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        note = arguments["note"]
        if len(note) > MAX_NOTE:
            raise InvalidSpec(f"a note has at most {MAX_NOTE} characters")
        return {"n": self._keeper.emit("mark", {"note": note})}

    def _paste(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        text = arguments["text"]
        if not 0 < len(text) <= MAX_PASTE:
            raise InvalidSpec(f"1 to {MAX_PASTE} characters can be pasted at once")
        sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self._keeper.emit("paste", {"sha256": sha256, "characters": len(text)})
        return {"characters": len(text)}

    def _upload_begin(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        with self._keeper.lock:
            return {"id": self._keeper.uploads.begin(arguments["name"], arguments["size"])}

    def _upload_piece(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            data = base64.b64decode(arguments["data_b64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidSpec("the piece is not base64") from error
        with self._keeper.lock:
            uploads = self._keeper.uploads
            return {"size": uploads.piece(arguments["id"], arguments["offset"], data)}

    def _upload_end(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        keeper = self._keeper
        with keeper.lock:
            received = keeper.uploads.end(arguments["id"], arguments["sha256"])
            file = f"{layout.UPLOADS}/{received.file}"
            said = {"name": received.name, "file": file, "size": received.size}
            keeper.emit("upload", said | {"sha256": received.sha256})
        return {"name": received.file, "file": file}

    def _attest(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        head, chain = arguments["head"], self._keeper.chain
        response, said = token_over(head, arguments["token_b64"])
        with self._keeper.lock:
            if head not in chain.heads:
                raise InvalidSpec("this is no head of the recording")
            if chain.ended:
                raise WrongState("the recording's chain has ended")
            if head == chain.attested:
                return {"file": layout.token(chain.tokens)}
            file = chain.token(head, response)
            self._keeper.emit("token", {"head": head, "file": file, **said})
        return {"file": file}

    def _viewer(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        said = {"joined": arguments["joined"], "role": arguments["role"][:40]}
        self._keeper.emit("viewer", said)
        return {}

    def _activity(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._keeper.state.active = time.monotonic()
        return {}

    def _navigate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._keeper.pages.navigate(check_url(arguments["url"]) or "about:blank")
        return {}

    def _note(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        kind = arguments["kind"]
        if kind not in _NOTES:
            raise InvalidSpec(f"no note is of the kind {kind[:40]!r}")
        fields = {name[:40]: text for name, text in arguments.items() if name != "kind"}
        try:
            return {"n": self._keeper.emit(kind, fields)}
        except ValueError as error:
            raise InvalidSpec(str(error)) from error

    def _events(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        limit = min(arguments.get("limit") or MAX_EVENTS, MAX_EVENTS)
        lines = self._keeper.events.after(arguments["after"], limit)
        return {"lines": lines, "last": lines[-1]["n"] if lines else arguments["after"]}

    def _environment(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        cleanliness.accept(self._keeper, arguments["results"])
        return {"accepted": True}

    def _input(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        keeper = self._keeper
        with keeper.lock:
            if not arguments["on"]:
                keeper.input_off("the desktop service switched it off")
            elif keeper.spec.desktop.urls:
                raise WrongState("nobody sits at this desktop")
            elif keeper.state.frozen or not keeper.state.checks:
                raise WrongState(keeper.state.frozen or "the cleanliness checks come before that")
            else:
                keeper.state.wanted = True
                keeper.changed.wait_for(lambda: not _waits_for_input(keeper), _INPUT_TAKES)
            return {"on": keeper.state.input_on}

    def _freeze(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        keeper = self._keeper
        with keeper.lock:
            keeper.state.frozen = keeper.state.frozen or arguments["reason"][:1000] or "frozen"
            keeper.input_off(keeper.state.frozen)
        return {}

    def _finish(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._keeper.finish((arguments.get("reason") or "finished")[:1000])
        return {}


def _waits_for_input(keeper: Keeper) -> bool:
    state = keeper.state
    return state.wanted and not state.input_on and not state.reason


_ANSWERS: Final[Mapping[str, Callable[[Handlers, dict[str, Any]], dict[str, Any]]]] = {
    "still": Handlers._still,
    "page": Handlers._page,
    "mark": Handlers._mark,
    "paste": Handlers._paste,
    "upload_begin": Handlers._upload_begin,
    "upload_piece": Handlers._upload_piece,
    "upload_end": Handlers._upload_end,
    "attest": Handlers._attest,
    "viewer": Handlers._viewer,
    "activity": Handlers._activity,
    "navigate": Handlers._navigate,
    "note": Handlers._note,
    "events": Handlers._events,
    "environment": Handlers._environment,
    "input": Handlers._input,
    "freeze": Handlers._freeze,
    "finish": Handlers._finish,
}
