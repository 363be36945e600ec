"""Copy what pages need out of ``node_modules`` into ``portal/ui/static/vendor``.

The versions are those of ``package-lock.json`` and nothing else: a ``node_modules`` that holds
another version stops the copy. ``manifest.json`` beside the copies names each file's SHA-256, and a
second run compares with it and writes nothing when all is as it should be.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "portal" / "ui" / "static" / "vendor"

#: file below ``node_modules`` → file below ``vendor``
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "hash-wasm/dist/sha256.umd.min.js": "sha256.umd.min.js",
    "hash-wasm/dist/sm3.umd.min.js": "sm3.umd.min.js",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "@tabler/icons/LICENSE": "licences/tabler-icons.txt",
    "htmx.org/LICENSE": "licences/htmx.txt",
    "hash-wasm/LICENSE": "licences/hash-wasm.txt",
    "tus-js-client/LICENSE": "licences/tus-js-client.txt",
    "swagger-ui-dist/LICENSE": "licences/swagger-ui.txt",
    "@novnc/novnc/LICENSE.txt": "licences/novnc.txt",
    "@noble/curves/LICENSE": "licences/noble-curves.txt",
    "@noble/hashes/LICENSE": "licences/noble-hashes.txt",
}

#: folders of modules that import each other by their places → folder below ``vendor``
TREES = {
    "@novnc/novnc/core": "novnc/core",
    "@novnc/novnc/vendor/pako/lib": "novnc/vendor/pako/lib",
}

#: packages of modules that import each other by name → folder below ``vendor``
PACKAGES = {"@noble/curves": "noble/curves", "@noble/hashes": "noble/hashes"}

#: modules of :data:`PACKAGES` that pages import; what these import comes along, and nothing else
STARTS = (
    "@noble/curves/bls12-381.js",
    "@noble/curves/ed25519.js",
    "@noble/curves/secp256k1.js",
    "@noble/hashes/hkdf.js",
    "@noble/hashes/sha2.js",
    "@noble/hashes/sha3.js",
)

#: the statement itself, at the start of a line: examples in comments import much more
_IMPORT = re.compile(r"""^((?:im|ex)port [^;'"]*from )(['"])([^'"]+)\2(?=;)""", re.MULTILINE)

#: The only icons pages use, gathered into one sprite: ``<use href="…/icons.svg#check">``.
ICONS = (
    "activity alert-triangle anchor arrow-back-up arrow-right bell bookmark briefcase "
    "building-bank calendar calendar-repeat camera certificate chart-bar check chevron-left "
    "chevron-right circle-check circle-dashed circle-x clipboard-text clock copy cube "
    "database device-desktop device-mobile dice-5 download eraser eye file-certificate "
    "file-text file-upload file-zip files filter fingerprint hand-stop hash heartbeat "
    "help-circle history home hourglass id inbox info-circle key keyboard language link list "
    "list-tree loader lock lock-open login logout mail menu-2 moon network notes pencil "
    "photo player-pause player-play player-record player-skip-back player-skip-forward "
    "player-stop plug-connected-x plus qrcode refresh rosette-discount-check rubber-stamp "
    "scale search send server settings shield-check shield-lock speakerphone stack-2 "
    "stethoscope sun table-import ticket timeline trash upload user user-check user-plus "
    "users video webhook world writing-sign x"
)


def main() -> int:
    """Bring ``vendor`` to the locked state; 0 when it is, 1 with a sentence when it cannot be."""
    try:
        sources = FILES | _modules()
        wanted = {name: (MODULES / source).read_bytes() for source, name in sources.items()}
        wanted |= _followed()
        _refuse_other_versions()
        wanted["icons.svg"] = _sprite()
    except (OSError, ValueError) as problem:
        print(f"browser assets: {problem}; run `npm ci --ignore-scripts` first", file=sys.stderr)
        return 1
    wanted["manifest.json"] = _manifest(wanted)
    changed = [name for name, data in sorted(wanted.items()) if _put(TARGET / name, data)]
    _remove_strangers(set(wanted))
    print(f"browser assets: {len(wanted)} files, {len(changed)} written")
    return 0


def _modules() -> dict[str, str]:
    """The scripts of :data:`TREES`, as :data:`FILES` has them."""
    found = {}
    for folder, target in TREES.items():
        for path in sorted((MODULES / folder).rglob("*.js")):
            inside = path.relative_to(MODULES / folder).as_posix()
            found[f"{folder}/{inside}"] = f"{target}/{inside}"
    return found


def _followed() -> dict[str, bytes]:
    """:data:`STARTS` and what they import, by name below ``vendor``.

    A browser knows no packages by name: such imports are rewritten to the place of the copy.
    """
    found: dict[str, bytes] = {}
    waiting = list(STARTS)
    while waiting:
        source = waiting.pop()
        if _copy_of(source) not in found:
            text, imported = _by_place(source, (MODULES / source).read_text())
            found[_copy_of(source)] = text.encode()
            waiting += imported
    return found


def _by_place(source: str, text: str) -> tuple[str, list[str]]:
    """``text`` of the module ``source`` with imports by place, and what it imports."""
    imported = []

    def moved(match: re.Match[str]) -> str:
        target = match[3]
        if target.startswith("."):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        imported.append(target)
        place = posixpath.relpath(_copy_of(target), posixpath.dirname(_copy_of(source)))
        return f'{match[1]}"{place if place.startswith(".") else "./" + place}"'

    return _IMPORT.sub(moved, text), imported


def _copy_of(source: str) -> str:
    package = _package(source)
    if package not in PACKAGES:
        raise ValueError(f"{source} is not of a package that is copied module by module")
    return PACKAGES[package] + source.removeprefix(package)


def _refuse_other_versions() -> None:
    """Raise ValueError when an installed package is not the locked version."""
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for package in sorted({_package(source) for source in FILES}):
        want = locked[f"node_modules/{package}"]["version"]
        have = json.loads((MODULES / package / "package.json").read_text())["version"]
        if want != have:
            raise ValueError(f"{package} is {have} but the lock file says {want}")


def _package(source: str) -> str:
    parts = source.split("/")
    return "/".join(parts[:2]) if source.startswith("@") else parts[0]


def _sprite() -> bytes:
    """One SVG with a ``<symbol>`` per icon; the page that uses one gives it its stroke."""
    symbols = []
    for name in ICONS.split():
        svg = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text()
        body = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
        inner = body[body.index(">", body.index("<svg")) + 1 : body.rindex("</svg>")]
        shapes = " ".join(line.strip() for line in inner.splitlines() if line.strip())
        shapes = shapes.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" /> ', "")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{chr(10).join(symbols)}\n</svg>\n'.encode()


def _manifest(files: dict[str, bytes]) -> bytes:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    return (json.dumps(digests, indent=2) + "\n").encode()


def _put(path: Path, data: bytes) -> bool:
    """Write ``data`` unless the file already holds exactly that; says whether it wrote."""
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
    return True


def _remove_strangers(names: set[str]) -> None:
    """Nothing else is served from the folder: what an earlier version left behind goes."""
    for path in TARGET.rglob("*"):
        if path.is_file() and path.relative_to(TARGET).as_posix() not in names:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
