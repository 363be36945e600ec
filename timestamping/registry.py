"""From one setting to a stamper.

``embedded:`` · ``https://tsa.example/tsr#trust=roots.pem&policy=1.2.3&label=Name&timeout=10`` ·
several of them, separated by spaces. ``independent=1`` says that somebody else runs that TSA;
letters repeat it, so nothing is assumed. Further schemes come from the entry point group
``notary.stampers``: a callable that takes a :class:`Spec` and gives a Stamper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urldefrag

from timestamping.multi import Mode, MultiStamper
from timestamping.stamper import Stamper
from timestamping.trust import InvalidTrust, TrustStore

if TYPE_CHECKING:
    from timestamping.authority.engine import Authority

GROUP: Final = "notary.stampers"
_HTTP_OPTIONS: Final = frozenset({"trust", "policy", "label", "timeout", "independent"})


class InvalidSpec(ValueError):
    """The setting does not describe stampers; the sentence names the part."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One stamper's part of the setting.

    Attributes:
        scheme: the word before the colon.
        address: the part before ``#``, without options.
        options: what stands behind ``#``.
        authority: the portal's own authority, when there is one.
        base: folder that relative paths start from.
        default_trust: PEM file of roots for a TSA that names none.
    """

    scheme: str
    address: str
    options: Mapping[str, str]
    authority: Authority | None
    base: Path
    default_trust: Path | None


def open_stampers(
    spec: str,
    *,
    authority: Authority | None = None,
    mode: Mode = "fallback",
    base: Path,
    default_trust: Path | None = None,
) -> Stamper:
    """The stamper that ``spec`` describes; several become a :class:`MultiStamper` in ``mode``.

    Raises:
        InvalidSpec: naming the part that cannot be understood, or the file that cannot be read.
    """
    parts = [_parse(part, authority, base, default_trust) for part in spec.split()]
    if not parts:
        raise InvalidSpec("no stamper is named")
    stampers = [_open(part) for part in parts]
    if len(stampers) == 1:
        return stampers[0]
    try:
        return MultiStamper(stampers, mode)
    except ValueError as error:
        raise InvalidSpec(str(error)) from error


def _parse(text: str, authority: Authority | None, base: Path, default_trust: Path | None) -> Spec:
    scheme, colon, _ = text.partition(":")
    if not colon or not scheme:
        raise InvalidSpec(f"{text!r} names no scheme, such as embedded: or https:")
    address, fragment = urldefrag(text)
    try:
        pairs = parse_qsl(fragment, keep_blank_values=True, strict_parsing=bool(fragment))
    except ValueError as error:
        raise InvalidSpec(f"the options {fragment!r} are not name=value pairs") from error
    options = dict(pairs)
    if len(options) != len(pairs):
        raise InvalidSpec(f"the options {fragment!r} name one twice")
    return Spec(scheme.lower(), address, options, authority, base, default_trust)


def _open(spec: Spec) -> Stamper:
    factory = _BUILT_IN.get(spec.scheme) or _plugged_in(spec.scheme)
    try:
        return factory(spec)
    except InvalidSpec:
        raise
    except (ValueError, OSError) as error:
        raise InvalidSpec(f"stamper {spec.scheme}: {error}") from error


def _plugged_in(scheme: str) -> Callable[[Spec], Stamper]:
    for entry in entry_points(group=GROUP, name=scheme):
        factory: Callable[[Spec], Stamper] = entry.load()
        return factory
    known = ", ".join(sorted({*_BUILT_IN, *(entry.name for entry in entry_points(group=GROUP))}))
    raise InvalidSpec(f"no stamper answers to {scheme}:, known are {known}")


def _embedded(spec: Spec) -> Stamper:
    if spec.options or spec.address != "embedded:":
        raise InvalidSpec("embedded: takes no address and no options")
    if spec.authority is None:
        raise InvalidSpec("embedded: needs the portal's own authority, and none is set up")
    stamper: Stamper = import_module("timestamping.authority.embedded").EmbeddedStamper(
        spec.authority
    )
    return stamper


def _http(spec: Spec) -> Stamper:
    from timestamping.client import HttpStamper  # rfc3161ng is slow to import, and only used there

    unknown = set(spec.options) - _HTTP_OPTIONS
    if unknown:
        raise InvalidSpec(f"unknown option {', '.join(sorted(unknown))} of a TSA's address")
    return HttpStamper(
        spec.address,
        _trust(spec),
        spec.options.get("policy"),
        _seconds(spec.options.get("timeout", "10")),
        label=spec.options.get("label", ""),
        independent=_flag(spec.options.get("independent", "0")),
    )


def _trust(spec: Spec) -> TrustStore:
    named = spec.options.get("trust")
    path = spec.base / named if named else spec.default_trust
    if path is None:
        raise InvalidSpec("a TSA needs trust=FILE with its roots, or a default file of roots")
    try:
        trust = TrustStore.from_pem(path)
    except InvalidTrust as error:
        raise InvalidSpec(f"{path.name}: {error}") from error
    if not trust.roots:
        raise InvalidSpec(f"{path.name} holds no root certificate")
    return trust


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 300:
        raise InvalidSpec(f"timeout={text} is no number of seconds up to 300")
    return seconds


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidSpec(f"independent={text} is neither 0 nor 1")
    return text == "1"


_BUILT_IN: Final[Mapping[str, Callable[[Spec], Stamper]]] = {
    "embedded": _embedded,
    "http": _http,
    "https": _http,
}
