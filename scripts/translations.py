"""The Chinese catalogues: find the sentences, see that each has its translation, compile them.

    translations.py extract [FEATURE …]
                               add new sentences to the catalogues, drop those no longer used
    translations.py check      exit 1 when a sentence has no translation, or a wrong one
    translations.py compile    write the .mo files

A msgid is the English sentence in the code: in templates, in gettext's functions, and as the
message of a :class:`portal.problems.PortalError`. It belongs to the catalogue of the feature whose
folder it stands in (modules of ``portal`` itself: to ``ui``), unless another one has it already.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PORTAL = ROOT / "portal"
LOCALES = ("zh",)
SHARED = "ui"
_FUNCTIONS = frozenset({"_", "gettext", "lazy_gettext", "pgettext", "lazy_pgettext"})
_PROBLEMS = frozenset(
    {"PortalError", "Unauthenticated", "BadInput", "Forbidden", "NotFound", "Conflict"}
    | {"Gone", "TooLarge", "RateLimited", "Unavailable"}
    | {"Warning_", "ListProblem", "DayListError"}
)
_PLACE = re.compile(r"%\((\w+)\)[sd]")
#: Times and tools in a header would change the file whenever somebody looks at it.
HEADER = """msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
#: feature → sentence → the files it stands in
Found = dict[str, dict[str, set[str]]]


def main(arguments: list[str]) -> int:
    match arguments:
        case ["extract", *wanted]:
            return update(wanted or features())
        case ["check"]:
            return check()
        case ["compile"]:
            return compile_all()
    print(__doc__, file=sys.stderr)
    return 2


def update(wanted: list[str]) -> int:
    """Bring these catalogues up to date; what lacks a translation is left empty."""
    found = sentences()
    for locale in LOCALES:
        catalogues = {feature: load(feature, locale) for feature in features()}
        for feature, catalogue in catalogues.items():
            mine = found.get(feature, {})
            others = {
                message.id
                for name, other in catalogues.items()
                for message in other
                if name != feature and message.id and message.string
            }
            if feature in wanted:
                save(feature, locale, renewed(catalogue, mine, others))
    return 0


def renewed(catalogue: Catalog, mine: dict[str, set[str]], others: set[str]) -> Catalog:
    """The catalogue with exactly the sentences it should hold."""
    fresh = Catalog(locale=catalogue.locale, charset="utf-8", fuzzy=False)
    for sentence in sorted(mine, key=lambda each: (sorted(mine[each]), each)):
        known = catalogue.get(sentence)
        if known is None and sentence in others:
            continue
        text = str(known.string) if known is not None else ""
        fresh.add(sentence, text, locations=[(place, None) for place in sorted(mine[sentence])])
    return fresh


def check() -> int:
    """Every sentence is translated, once, with the same places to fill."""
    problems = list(faults())
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"translations: {len(problems)} faults" if problems else "translations: complete")
    return 1 if problems else 0


def faults() -> Iterator[str]:
    found = sentences()
    for locale in LOCALES:
        known: dict[str, tuple[str, str]] = {}
        for feature in features():
            for message in load(feature, locale):
                if not message.id or not message.string:
                    continue
                sentence, text = str(message.id), str(message.string)
                earlier = known.setdefault(sentence, (text, feature))
                if earlier[0] != text:
                    yield f"{locale}: {earlier[1]} and {feature} differ about {sentence!r}"
                if sorted(_PLACE.findall(sentence)) != sorted(_PLACE.findall(text)):
                    yield f"{locale}: {feature}: other places than in {sentence!r}"
        for feature, mine in sorted(found.items()):
            for sentence, places in sorted(mine.items()):
                if sentence not in known:
                    yield f"{locale}: {feature}: {sentence!r} ({', '.join(sorted(places))})"


def compile_all() -> int:
    count = 0
    for locale in LOCALES:
        for feature in features():
            source = path_of(feature, locale)
            if not source.exists():
                continue
            buffer = BytesIO()
            write_mo(buffer, load(feature, locale))
            target = source.with_suffix(".mo")
            part = target.with_suffix(".mo.part")
            part.write_bytes(buffer.getvalue())
            part.replace(target)
            count += 1
    print(f"translations: {count} catalogues compiled")
    return 0


def features() -> list[str]:
    """Folders of ``portal`` that say something to people."""
    have = {folder.parent.name for folder in PORTAL.glob("*/translations")}
    return sorted(have | {SHARED} | set(sentences()))


def sentences() -> Found:
    """feature → sentence → the files it stands in."""
    found: Found = {}
    for path in sorted((*PORTAL.rglob("*.py"), *PORTAL.rglob("*.html"))):
        inside = path.relative_to(PORTAL)
        feature = inside.parts[0] if len(inside.parts) > 1 else SHARED
        for sentence in in_template(path) if path.suffix == ".html" else in_module(path):
            places = found.setdefault(feature, {}).setdefault(sentence, set())
            places.add(path.relative_to(ROOT).as_posix())
    return found


def in_template(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        options = {"encoding": "utf-8", "silent": "false", "newstyle_gettext": "true"}
        for _, message, _, _ in extract("jinja2.ext:babel_extract", stream, options=options):
            yield message if isinstance(message, str) else message[0]


def in_module(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    for scope in ast.walk(tree):
        if isinstance(scope, ast.Call):
            yield from said(scope, tree)


def said(call: ast.Call, tree: ast.Module) -> Iterator[str]:
    """The sentence a call hands over: to gettext first, to a problem second."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    place = 0 if name in _FUNCTIONS else 1 if name in _PROBLEMS else None
    if place is None or len(call.args) <= place:
        return
    argument = call.args[place]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.Name) and name in _PROBLEMS:
        yield from nearest(argument.id, call, tree)


def nearest(variable: str, call: ast.Call, tree: ast.Module) -> Iterator[str]:
    """What ``variable`` was last set to above the call: ``message = "…"`` stands beside it."""
    above = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and node.lineno <= call.lineno
        and any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    if above:
        last = max(above, key=lambda node: node.lineno)
        assert isinstance(last.value, ast.Constant)  # noqa: S101 - filtered above
        yield str(last.value.value)


def path_of(feature: str, locale: str) -> Path:
    return PORTAL / feature / "translations" / locale / "LC_MESSAGES" / "messages.po"


def load(feature: str, locale: str) -> Catalog:
    path = path_of(feature, locale)
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=locale)


def save(feature: str, locale: str, catalogue: Catalog) -> None:
    path = path_of(feature, locale)
    if not len(catalogue) and not path.exists():
        return
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, include_lineno=False, omit_header=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(HEADER.format(locale=locale).encode() + buffer.getvalue())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
