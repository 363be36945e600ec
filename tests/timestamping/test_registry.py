"""Stampers from one setting, and a clear word about every setting that is none."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chain_adapter.digest import digest_of
from tests.timestamping.pki import sample_pki
from tests.timestamping.tsa_server import TestTsa, pki_of_today, responding, serving
from timestamping import registry
from timestamping.client import HttpStamper
from timestamping.multi import MultiStamper
from timestamping.registry import InvalidSpec, Spec, open_stampers


@pytest.fixture
def base(tmp_path: Path) -> Path:
    pki = sample_pki()
    (tmp_path / "roots.pem").write_bytes(pki.root.pem)
    (tmp_path / "leaf.pem").write_bytes(pki.leaf.pem)
    (tmp_path / "broken.pem").write_text("nothing")
    return tmp_path


def test_one_tsa(base: Path) -> None:
    spec = "https://tsa.example/tsr?a=b#trust=roots.pem&label=A%20TSA&independent=1&timeout=2.5"
    stamper = open_stampers(spec, base=base)
    assert isinstance(stamper, HttpStamper)
    assert (stamper.label, stamper.independent) == ("A TSA", True)
    assert stamper.trust().roots == (sample_pki().root.der,)


def test_nothing_is_assumed_about_who_runs_it(base: Path) -> None:
    stamper = open_stampers("http://tsa.example/#trust=roots.pem", base=base)
    assert (stamper.label, stamper.independent) == ("tsa.example", False)


def test_the_default_trust_serves_where_none_is_named(base: Path) -> None:
    stamper = open_stampers("http://tsa.example/", base=base, default_trust=base / "roots.pem")
    assert stamper.trust().roots


@pytest.mark.parametrize("mode", ["fallback", "costamp"])
def test_several_become_one(base: Path, mode: str) -> None:
    spec = "https://a.example/#trust=roots.pem  http://b.example/#trust=roots.pem"
    stamper = open_stampers(spec, mode=mode, base=base)  # type: ignore[arg-type]
    assert isinstance(stamper, MultiStamper)
    assert stamper.mode == mode
    assert [one.label for one in stamper.stampers] == ["a.example", "b.example"]


def test_the_embedded_authority(base: Path) -> None:
    pki = pytest.importorskip("timestamping.authority.pki")
    opened = pki.Pki.open(
        base / "pki", passphrase=None, base_url="http://127.0.0.1", organisation="Test"
    )
    stamper = open_stampers("embedded:", authority=opened.authority(), base=base)
    assert stamper.stamp(digest_of(b"x")).source == "embedded"


def test_a_policy_is_asked_for(tmp_path: Path) -> None:
    pki = pki_of_today()
    (tmp_path / "roots.pem").write_bytes(pki.root.pem)
    tsa = TestTsa(pki)
    with serving(responding(tsa.respond)) as url:
        spec = f"{url}#trust=roots.pem&policy=1.2.3.7"
        with open_stampers(spec, base=tmp_path) as stamper:
            assert stamper.stamp(digest_of(b"x")).policy == "1.2.3.7"


def test_a_plugin_is_found_by_its_scheme(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Spec] = []
    stamper = open_stampers("http://tsa.example/#trust=roots.pem", base=base)

    class Entry(EntryPoint):
        def load(self) -> object:
            return lambda spec: seen.append(spec) or stamper

    def entry_points(group: str, name: str = "hsm") -> list[EntryPoint]:
        assert group == "notary.stampers"
        return [Entry("hsm", "there:factory", group)] if name == "hsm" else []

    monkeypatch.setattr(registry, "entry_points", entry_points)
    assert open_stampers("hsm:slot/1#pin=file", base=base) is stamper
    assert (seen[0].scheme, seen[0].address, seen[0].options) == (
        "hsm",
        "hsm:slot/1",
        {"pin": "file"},
    )
    with pytest.raises(InvalidSpec, match="known are embedded, hsm, http, https"):
        open_stampers("moon:", base=base)


WRONG = {
    "": "no stamper is named",
    "tsa.example": "names no scheme",
    ":x": "names no scheme",
    "moon:base": "no stamper answers to moon:",
    "embedded:": "none is set up",
    "embedded:x": "takes no address",
    "https://tsa.example/": "needs trust=FILE",
    "https://tsa.example/#trust=absent.pem": "absent.pem",
    "https://tsa.example/#trust=broken.pem": "neither a certificate nor a revocation list",
    "https://tsa.example/#trust=leaf.pem": "holds no root certificate",
    "https://tsa.example/#trust=roots.pem&timeout=soon": "no number of seconds",
    "https://tsa.example/#trust=roots.pem&timeout=0": "no number of seconds",
    "https://tsa.example/#trust=roots.pem&timeout=nan": "no number of seconds",
    "https://tsa.example/#trust=roots.pem&independent=yes": "neither 0 nor 1",
    "https://tsa.example/#trust=roots.pem&colour=red": "unknown option colour",
    "https://tsa.example/#trust=roots.pem&trust=roots.pem": "one twice",
    "https://tsa.example/#trust": "not name=value pairs",
    "https://tsa.example/#trust=roots.pem&policy=x": "no policy in dotted numbers",
    "https:///#trust=roots.pem": "begins with http",
}


@pytest.mark.parametrize("spec", WRONG)
def test_a_setting_that_is_none(base: Path, spec: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        open_stampers(spec, base=base)
    assert WRONG[spec] in str(caught.value)


def test_a_mode_that_is_none(base: Path) -> None:
    spec = "https://a.example/#trust=roots.pem http://b.example/#trust=roots.pem"
    with pytest.raises(InvalidSpec, match="is no mode"):
        open_stampers(spec, mode="both", base=base)  # type: ignore[arg-type]
