"""Tokens for deposit nodes: judged strictly, made over HTTP, told in one sentence when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chain_adapter import Fatal
from chain_adapter.digest import digest_of
from chain_adapter.node import voucher as plugins
from chain_adapter.node.voucher import VoucherUnavailable, open_voucher
from tests.timestamping.pki import sample_pki
from tests.timestamping.tsa_server import TestTsa, pki_of_today, responding, serving
from timestamping.vouching import Rfc3161Voucher

DIGEST = digest_of(b"what is stamped")


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    path = tmp_path / "roots with a space.pem"
    path.write_bytes(pki_of_today().root.pem)
    return path


def test_a_token_over_http_is_good_and_tells_its_time(roots: Path) -> None:
    with serving(responding(TestTsa(pki_of_today()).respond)) as url:
        voucher = open_voucher(roots, url)
        token = voucher.stamp(DIGEST)
        voucher.close()
    assert voucher.check(token, DIGEST) is None
    moment = voucher.moment(token)
    assert moment.tzinfo is UTC
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)


def test_each_bad_token_has_its_sentence(roots: Path, tmp_path: Path) -> None:
    with serving(responding(TestTsa(pki_of_today()).respond)) as url:
        voucher = open_voucher(roots, url)
        token = voucher.stamp(DIGEST)
        voucher.close()
    assert "another digest" in (voucher.check(token, digest_of(b"else")) or "")
    assert "DER" in (voucher.check(token + b"\x00", DIGEST) or "")
    assert voucher.check(b"", DIGEST)
    assert voucher.check(token[:-1] + bytes([token[-1] ^ 1]), DIGEST)
    (tmp_path / "other.pem").write_bytes(sample_pki().root.pem)
    assert open_voucher(tmp_path / "other.pem", "").check(token, DIGEST)
    assert "no roots" in (open_voucher(None, "").check(token, DIGEST) or "")
    with pytest.raises(ValueError, match="cannot be read"):
        voucher.moment(b"\x30\x00")


def test_a_tsa_that_gives_none_is_told(roots: Path) -> None:
    with pytest.raises(VoucherUnavailable, match=r"127\.0\.0\.1:9"):
        open_voucher(roots, "http://127.0.0.1:9/tsr").stamp(DIGEST)
    with pytest.raises(VoucherUnavailable, match="no TSA"):
        open_voucher(roots, "").stamp(DIGEST)


def test_what_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    for content in (b"nothing", sample_pki().leaf.pem):
        (tmp_path / "odd.pem").write_bytes(content)
        with pytest.raises(Fatal, match="cannot be examined"):
            open_voucher(tmp_path / "odd.pem", "")
    with pytest.raises(Fatal, match="cannot be examined"):
        open_voucher(None, "gopher://tsa")


def test_another_voucher_may_be_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", f"{__name__}:opened", plugins.GROUP)
    monkeypatch.setattr(
        plugins, "entry_points", lambda group, name: [point] if name == "mine" else []
    )
    assert open_voucher(None, "x", name="mine") == (None, "x")
    assert isinstance(open_voucher(None, ""), Rfc3161Voucher)  # found without being installed
    with pytest.raises(Fatal, match="no voucher"):
        open_voucher(None, "", name="other")
    monkeypatch.setattr(plugins, "DEFAULT", "timestamping.nowhere:open")
    with pytest.raises(Fatal, match="not installed"):
        open_voucher(None, "")


def opened(roots: Path | None, stamper: str) -> tuple[Path | None, str]:
    return roots, stamper
