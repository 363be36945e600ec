"""Browser assets: exactly the locked versions, copied once, strangers removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import vendor_assets


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node_modules with one package and one icon."""
    folder = tmp_path / "node_modules"
    (folder / "lib" / "dist").mkdir(parents=True)
    (folder / "lib" / "package.json").write_text('{"version": "1.2.3"}')
    (folder / "lib" / "dist" / "lib.js").write_text("run()")
    icons = folder / "@tabler/icons/icons/outline"
    icons.mkdir(parents=True)
    (icons / "sun.svg").write_text(
        '<!-- tags -->\n<svg\n class="x"\n>\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />'
        '\n  <path d="M1 2" />\n</svg>\n'
    )
    lock = {"packages": {"node_modules/lib": {"version": "1.2.3"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(vendor_assets, "ROOT", tmp_path)
    monkeypatch.setattr(vendor_assets, "MODULES", folder)
    monkeypatch.setattr(vendor_assets, "TARGET", tmp_path / "vendor")
    monkeypatch.setattr(vendor_assets, "FILES", {"lib/dist/lib.js": "lib.js"})
    monkeypatch.setattr(vendor_assets, "ICONS", "sun")
    monkeypatch.setattr(vendor_assets, "PACKAGES", {"@a/one": "a/one", "@a/two": "a/two"})
    monkeypatch.setattr(vendor_assets, "STARTS", ())
    return folder


def test_copies_once(modules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendor_assets.main() == 0
    target = vendor_assets.TARGET
    assert (target / "lib.js").read_text() == "run()"
    assert (
        '<symbol id="sun" viewBox="0 0 24 24"><path d="M1 2" /></symbol>'
        in (target / "icons.svg").read_text()
    )
    assert set(json.loads((target / "manifest.json").read_text())) == {"lib.js", "icons.svg"}
    (target / "left-behind.js").write_text("old")
    assert vendor_assets.main() == 0
    assert "0 written" in capsys.readouterr().out
    assert not (target / "left-behind.js").exists()


def test_a_changed_copy_is_mended(modules: Path) -> None:
    vendor_assets.main()
    (vendor_assets.TARGET / "lib.js").write_text("tampered()")
    vendor_assets.main()
    assert (vendor_assets.TARGET / "lib.js").read_text() == "run()"


def test_modules_bring_what_they_import_by_place(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "@a/one/start.js": "import {\n x } from '@a/two/deep/x.js';\nimport {} from \"./y.js\";\n",
        "@a/one/y.js": "export { z } from './start.js';\n",
        "@a/two/deep/x.js": "export const x = 1;\n",
        "@a/two/unused.js": "export const x = 2;\n",
    }.items():
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text(text)
    monkeypatch.setattr(vendor_assets, "STARTS", ("@a/one/start.js",))
    assert vendor_assets.main() == 0
    target = vendor_assets.TARGET / "a"
    names = {p.relative_to(target).as_posix() for p in target.rglob("*.js")}
    assert names == {"one/start.js", "one/y.js", "two/deep/x.js"}
    assert (target / "one/start.js").read_text() == (
        'import {\n x } from "../two/deep/x.js";\nimport {} from "./y.js";\n'
    )


def test_a_module_of_another_package_is_refused(
    modules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (modules / "@a/one").mkdir(parents=True)
    (modules / "@a/one/start.js").write_text("import x from '@b/three/x.js';")
    monkeypatch.setattr(vendor_assets, "STARTS", ("@a/one/start.js",))
    assert vendor_assets.main() == 1
    assert "@b/three/x.js" in capsys.readouterr().err


def test_another_version_is_refused(modules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (modules / "lib" / "package.json").write_text('{"version": "9.9.9"}')
    assert vendor_assets.main() == 1
    assert "lib is 9.9.9 but the lock file says 1.2.3" in capsys.readouterr().err


def test_missing_modules_say_what_to_run(modules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (modules / "lib" / "dist" / "lib.js").unlink()
    assert vendor_assets.main() == 1
    assert "npm ci" in capsys.readouterr().err


def test_the_lock_file_names_no_address() -> None:
    lock = Path(__file__).resolve().parents[2] / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all(package.get("integrity") for name, package in packages.items() if name)
