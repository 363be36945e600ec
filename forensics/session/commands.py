"""What may be asked of a live session, by name and arguments.

One request and one answer a connection to ``run/keeper.sock``, each a line of JSON:
``{"command": "mark", "arguments": {"note": "…"}}`` → ``{"answer": {…}}`` or
``{"error": {"kind": "WrongState", "message": "…"}}`` with the class of :mod:`forensics.errors`.

=================  =====================================  ==========================================
command            arguments                              answer
=================  =====================================  ==========================================
``still``                                                 ``number, file, sha256``: the screen, PNG
``page``                                                  ``number`` at once; the capture goes on,
                                                          seen in ``busy`` and ``counts``
``mark``           ``note``                               ``n`` of the event: this moment, noted
``paste``          ``text``                               ``characters``; recorded (digest and
                                                          length), never set: the viewer pastes
``upload_begin``   ``name, size``                         ``id``
``upload_piece``   ``id, offset, data_b64`` (≤ 1 MiB)     ``size`` so far
``upload_end``     ``id, sha256``                         ``name`` in its Uploads, ``file``
``attest``         ``head, token_b64``                    ``file``: an RFC 3161 token whose imprint
                                                          is the head (SHA-256)
``viewer``         ``joined`` (bool), ``role``            —
``activity``                                              — ; input seen, the idle clock restarts
``navigate``       ``url``                                — ; the browser goes there (start address
                                                          and unattended visits)
``note``           ``kind``, other fields of text         ``n``; another event, e.g. ``discard``
``events``         ``after`` (n), perhaps ``limit``       ``lines``: list of events, ``last``: n
``environment``    ``results``: list of objects           ``accepted``; cleanliness (provider alone)
``input``          ``on`` (bool)                          ``on`` (provider alone)
``freeze``         ``reason``                             — ; input off for good
``finish``         perhaps ``reason``                     — ; at once, ``phase`` tells the rest
=================  =====================================  ==========================================

The order of a start, as the desktop service says it: the keeper is started and ``recording`` comes;
the browser is started; ``environment`` hands over the cleanliness results, which the keeper shows
in the browser; ``input`` with ``on`` waits (up to eight seconds) until that was on the recording
for a second, and answers whether input is on; if not yet, it comes by itself. Unattended visits
begin at that point without ``input``. The browser must live until the keeper has ended: ``finish``
closes the web archive through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from forensics.errors import InvalidSpec

#: Longest piece of an upload, bytes before base64; longest request, bytes of the line.
MAX_PIECE: Final = 1 << 20
MAX_REQUEST: Final = 2 << 20
#: Longest note, characters; longest text pasted.
MAX_NOTE: Final = 2000
MAX_PASTE: Final = 100_000
#: Most events in one answer.
MAX_EVENTS: Final = 500

_TEXT: Final = "text"
_BOOL: Final = "yes or no"
_WHOLE: Final = "a whole number"
_OBJECTS: Final = "a list of objects"

_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    _TEXT: lambda value: isinstance(value, str),
    _BOOL: lambda value: isinstance(value, bool),
    _WHOLE: lambda value: type(value) is int and 0 <= value < 2**53,
    _OBJECTS: lambda value: isinstance(value, list) and all(isinstance(v, dict) for v in value),
}

#: Command → its arguments' kinds.
COMMANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "still": {},
    "page": {},
    "mark": {"note": _TEXT},
    "paste": {"text": _TEXT},
    "upload_begin": {"name": _TEXT, "size": _WHOLE},
    "upload_piece": {"id": _TEXT, "offset": _WHOLE, "data_b64": _TEXT},
    "upload_end": {"id": _TEXT, "sha256": _TEXT},
    "attest": {"head": _TEXT, "token_b64": _TEXT},
    "viewer": {"joined": _BOOL, "role": _TEXT},
    "activity": {},
    "navigate": {"url": _TEXT},
    "note": {"kind": _TEXT},
    "events": {"after": _WHOLE},
    "environment": {"results": _OBJECTS},
    "input": {"on": _BOOL},
    "freeze": {"reason": _TEXT},
    "finish": {},
}
#: Arguments that may be left out.
OPTIONAL: Final[Mapping[str, Mapping[str, str]]] = {
    "events": {"limit": _WHOLE},
    "finish": {"reason": _TEXT},
}
#: What the desktop service alone says; it must refuse these from the portal.
PROVIDER_ONLY: Final = frozenset({"environment", "input", "freeze", "finish"})


def check_command(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, when there is such a command and these are its arguments.

    Raises:
        InvalidSpec: naming what is wrong.
    """
    if name not in COMMANDS:
        raise InvalidSpec(f"a session has no command {name[:40]!r}")
    needed, perhaps = COMMANDS[name], OPTIONAL.get(name, {})
    missing = needed.keys() - arguments.keys()
    if missing:
        raise InvalidSpec(f"{name} needs {', '.join(sorted(missing))}")
    for key, value in arguments.items():
        kind = needed.get(key) or perhaps.get(key)
        if kind is None and name == "note":
            kind = _TEXT
        if kind is None:
            raise InvalidSpec(f"{name} takes no {str(key)[:40]!r}")
        if not _KINDS[kind](value):
            raise InvalidSpec(f"{name}: {key} is not {kind}")
    return dict(arguments)
