"""What public pages of a draw show, out of what the service knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import segno
from flask import Response, url_for
from flask_babel import force_locale, lazy_gettext
from markupsafe import Markup

from portal.draws import naming, public_words
from portal.draws.shapes import PublicDraw, PublicStage, StepView
from portal.ui.context import services
from portal.ui.locale import LANGUAGES, language

#: endpoint, name, icon; in the order of the tabs
TABS: Final = (
    ("announcement", lazy_gettext("Announcement"), "speakerphone"),
    ("record", lazy_gettext("List and record"), "list-tree"),
    ("check", lazy_gettext("Check my number"), "search"),
    ("live", lazy_gettext("Live"), "activity"),
    ("results", lazy_gettext("Results"), "rosette-discount-check"),
    ("verify", lazy_gettext("Verify this draw"), "shield-check"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A text in the visitor's language (or in the only one there is), and in the other one, empty
    when there is no other. ``lang`` and ``other_lang`` are the tags of both."""

    text: str
    lang: str
    other: str
    other_lang: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class PartyShown:
    """One party, and how far it has come in the present attempt."""

    id: str
    role: str
    name: str
    key: str
    committed: bool
    acknowledged: bool
    revealed: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that drew something or was voided. ``results`` are its steps of that type;
    ``void`` is its step that voided it."""

    number: int
    results: tuple[StepView, ...]
    void: StepView | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A draw as its public pages show it."""

    draw: PublicDraw
    title: Said
    rules: Said
    address: str
    qr: Markup
    check_qr: Markup
    parties: tuple[PartyShown, ...]
    attempts: tuple[Attempt, ...]

    @property
    def tabs(self) -> tuple[tuple[str, str, str, str], ...]:
        """Endpoint, name, icon and address."""
        places = ((end, str(name), icon) for end, name, icon in TABS)
        return tuple((*place, _to(self.draw.id, place[0])) for place in places)

    @property
    def void(self) -> StepView | None:
        """What ended the record without a result, or voided the attempt before this one."""
        for attempt in reversed(self.attempts):
            if attempt.void and attempt.number >= self.draw.attempt - 1:
                return attempt.void
        return None

    def stage(self, number: int) -> PublicStage | None:
        return next((one for one in self.draw.stages if one.stage == number), None)

    def pool(self, name: str) -> str:
        """A pool as people call it."""
        for pool in self.draw.config.get("pools", ()):
            if pool["id"] == name:
                named = pool["name"]
                return said(named.get("zh", ""), named.get("en", "")).text or name
        return name

    def names(self, parties: tuple[str, ...]) -> str:
        """Parties as people call them."""
        known = {party.id: party.name for party in self.parties}
        return ", ".join(known.get(each, each) for each in parties)

    def pools(self, stage: PublicStage) -> str:
        return ", ".join(map(self.pool, stage.pools))

    @property
    def pool_names(self) -> dict[str, str]:
        """Names by id, for scripts."""
        return {pool["id"]: self.pool(pool["id"]) for pool in self.draw.config.get("pools", ())}

    def voided(self, number: int) -> bool:
        """Whether what the attempt drew counts for nothing."""
        return any(one.number == number and one.void for one in self.attempts)

    def step(self, kind: str) -> StepView | None:
        """The newest step of this type."""
        return next((each for each in reversed(self.draw.steps) if each.type == kind), None)


def framed(draw: PublicDraw) -> Frame:
    here = address(draw.id)
    return Frame(
        draw=draw,
        title=said(draw.title_zh, draw.title_en),
        rules=said(draw.rules_zh, draw.rules_en),
        address=here,
        qr=qr(here),
        check_qr=qr(address(draw.id, "check")),
        parties=_parties(draw),
        attempts=_attempts(draw.steps),
    )


def said(zh: str, en: str) -> Said:
    """The visitor's language first."""
    texts = {"zh": zh.strip(), "en": en.strip()}
    mine = language()
    first = mine if texts[mine] else ("en" if mine == "zh" else "zh")
    second = "en" if first == "zh" else "zh"
    other = texts[second] if texts[second] != texts[first] else ""
    return Said(texts[first], LANGUAGES[first][0], other, LANGUAGES[second][0])


def address(draw_id: str, endpoint: str = "announcement") -> str:
    """A page's whole address, for QR codes."""
    return services().settings.base_url.rstrip("/") + _to(draw_id, endpoint)


def qr(link: str) -> Markup:
    """The QR code of an address, as SVG without any style of its own."""
    code = segno.make(link, error="m", micro=False)
    return Markup(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S704


def away(answer: Response, filename: str) -> Response:
    """``answer`` as a file to be kept; ``filename`` is plain ASCII of ours."""
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def both(words: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each word in the visitor's language, then in the other one."""
    mine = language()
    spoken = {}
    for code in ("zh", "en"):
        with force_locale(code):
            spoken[code] = {key: str(word) for key, word in words.items()}
    other = "en" if mine == "zh" else "zh"
    return {key: [spoken[mine][key], spoken[other][key]] for key in words}


def screen_words() -> dict[str, Any]:
    """Everything that scripts of the live page and the big screen say."""
    return {
        "say": both(public_words.SCREEN),
        "phases": both(naming.PHASES),
        "steps": both({kind: word for kind, (word, _) in naming.STEPS.items()}),
        "roles": both({role: word for role, (word, _) in naming.ROLES.items() if role}),
        "voids": both(naming.VOID_REASONS),
    }


def _to(draw_id: str, endpoint: str) -> str:
    return url_for(f"draws_public.{endpoint}", draw_id=draw_id)


def _parties(draw: PublicDraw) -> tuple[PartyShown, ...]:
    done = {
        (kind, party)
        for step in draw.steps
        if step.attempt == draw.attempt
        for party in _whose(step)
        for kind in (step.type,)
    }
    return tuple(
        PartyShown(
            party["id"],
            party["role"],
            party["name"],
            party["key"],
            ("commit", party["id"]) in done,
            ("acknowledge", party["id"]) in done,
            ("reveal", party["id"]) in done or ("recover", party["id"]) in done,
        )
        for party in draw.config.get("parties", ())
    )


def _whose(step: StepView) -> tuple[str, ...]:
    """A recovered seed is its dealer's, whoever signed."""
    return (str(step.body["dealer"]),) if step.type == "recover" else step.parties


def _attempts(steps: tuple[StepView, ...]) -> tuple[Attempt, ...]:
    numbers = sorted({step.attempt for step in steps if step.type in ("result", "void")})
    return tuple(
        Attempt(
            number,
            tuple(one for one in steps if one.attempt == number and one.type == "result"),
            next((one for one in steps if one.attempt == number and one.type == "void"), None),
        )
        for number in numbers
    )


def when(value: str) -> datetime:
    """A time of the record."""
    return datetime.fromisoformat(value)
