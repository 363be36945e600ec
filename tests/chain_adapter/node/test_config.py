"""node.toml: every mistake has its own sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import EntryKey, Fatal
from chain_adapter.node.config import read_config
from chain_adapter.node.setup import Wanted, make_node
from chain_adapter.note import VerifierKey
from timestamping.vouching import open_voucher

KEY = EntryKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
VKEY = str(VerifierKey("log.example", bytes(range(32))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wanted = Wanted(
        "node.example",
        listen="[::1]:8471",
        vkey=VKEY,
        url="https://log.example/ledger/",
        platforms=(KEY.public,),
        tsa="roots.pem",
        stamper="https://tsa.example/tsr",
        stamper_trust="own roots.pem",
        relay=["https://b.example", "https://c.example/node/"],
    )
    make_node(tmp_path, wanted)
    return tmp_path


def test_what_init_writes_is_what_serve_reads(folder: Path) -> None:
    config = read_config(folder)
    assert (config.name, config.listen) == ("node.example", ("::1", 8471))
    (log,) = config.logs
    assert (log.origin, log.profile, log.url) == (
        "log.example",
        "deposit",
        "https://log.example/ledger",
    )
    assert log.platforms == {KEY.key_id: KEY.public}
    assert (log.tsa, log.kinds, log.rule) == (folder / "roots.pem", None, "")
    assert config.stamper.startswith("https://tsa.example/tsr#trust=")
    assert config.relay == ("https://b.example", "https://c.example/node")
    assert config.limits.connections == 256


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('name = "node.example"', "", "name is missing"),
        ('name = "node.example"', 'name = "node example"', "cannot name a key"),
        ('name = "node.example"', "name = 7", r"node\.toml"),
        ("[::1]:8471", "8471", "listen is host:port"),
        ("[::1]:8471", "localhost:99999", "listen is host:port"),
        (VKEY, VKEY[:-4] + "AAA=", "key"),
        ('profile = "deposit"', 'profile = "trusting"', "profile is one of"),
        ("platforms = ", "others = ", "unknown field others"),
        ('tsa = "roots.pem"', "", "needs url, platforms and tsa"),
        ('profile = "deposit"', 'since = -1\nprofile = "deposit"', "from 0 on"),
        (KEY.key_id, "ed25519:" + "0" * 32, "is not its own"),
        (KEY.public.hex(), "zz", "hexadecimal"),
        ("https://log.example", "ftp://log.example", "no http"),
        ("https://b.example", "b.example", "no http"),
        ("[stamper]", "[other]", r"needs a \[stamper\]"),
        ("[relay]", "[limits]\nconnections = 0\n[relay]", "a limit is"),
        ("[relay]", "[limits]\nspeed = 1\n[relay]", "speed"),
        ("[relay]", "[[log]]\nvkey = 'x'\n[relay]", "vkey"),
        ("[relay]", f"[[log]]\nvkey = '{VKEY}'\nprofile = 'consistency'\n[relay]", "listed twice"),
        ("[relay]", "[relay", "cannot be read"),
    ],
)
def test_a_mistake_is_named(folder: Path, old: str, new: str, match: str) -> None:
    path = folder / "node.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(Fatal, match=match):
        read_config(folder)


def test_a_name_that_signs_nothing_makes_no_node(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot name a key"):
        make_node(tmp_path / "new", Wanted("a b"))
    assert not (tmp_path / "new").exists()


def test_roots_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.pem"):
        open_voucher(tmp_path / "none.pem", "")
    (tmp_path / "odd.pem").write_text("odd")
    with pytest.raises(ValueError, match=r"odd\.pem"):
        open_voucher(tmp_path / "odd.pem", "")
