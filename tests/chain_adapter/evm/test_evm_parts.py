"""Configuration, keys, fees and trees: what needs no chain."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import Fatal, open_ledger
from chain_adapter.evm.config import GWEI, EvmConfig, Fee
from chain_adapter.evm.fees import Price, offer, raised
from chain_adapter.evm.key import load_sender
from chain_adapter.evm.tree import tree_of
from chain_adapter.merkle import leaf_hash, root_of, verify_inclusion

ADDRESS = "0x" + "Ab" * 20
GOOD: dict[str, Any] = {
    "endpoints": ["http://127.0.0.1:1"],
    "agree": 1,
    "chain_id": 1337,
    "contract": ADDRESS,
    "confirmations": 1,
}


def written(folder: Path, value: object) -> Path:
    path = folder / "evm.json"
    path.write_text(json.dumps(value))
    return path


class TestConfig:
    def test_defaults_and_paths_beside_the_file(self, tmp_path: Path) -> None:
        config = EvmConfig.load(written(tmp_path, GOOD))
        assert config.contract == ADDRESS.lower()
        assert config.key == tmp_path / "evm.key"
        assert config.state == tmp_path / "evm.sqlite"
        assert config.fee == Fee()
        assert config.validators == ()

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"endpoints": []}, "endpoints"),
            ({"endpoints": ["ftp://x"]}, "endpoints"),
            ({"endpoints": ["http://a", "http://a"]}, "twice"),
            ({"agree": 2}, "cannot agree"),
            ({"agree": 0}, "agree"),
            ({"agree": True}, "agree"),
            ({"chain_id": None}, "chain_id"),
            ({"contract": "0x12"}, "contract"),
            ({"confirmations": 0}, "confirmations"),
            ({"key": 5}, "key"),
            ({"fee": []}, "fee"),
            ({"fee": {"mode": "free"}}, "mode"),
            ({"fee": {"most": 1}}, "most"),
            ({"fee": {"bump_percent": 5}}, "bump_percent"),
            ({"fee": {"most_gwei": -1}}, "most_gwei"),
            ({"validators": ["0x0"]}, "validators"),
            ({"patience": "long"}, "patience"),
            ({"pasience": 1}, "pasience"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, tmp_path: Path, change: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(Fatal, match=named):
            EvmConfig.load(written(tmp_path, {**GOOD, **change}))

    @pytest.mark.parametrize("text", ["", "[]", "{", "\x00", "5"])
    def test_what_is_no_configuration(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "evm.json"
        path.write_text(text)
        with pytest.raises(Fatal, match="cannot be used"):
            EvmConfig.load(path)

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Fatal, match="missing"):
            open_ledger("evm:evm.json", base=tmp_path)
        with pytest.raises(Fatal, match="evm:FILE"):
            open_ledger("evm:", base=tmp_path)


class TestOpening:
    @pytest.fixture
    def base(self, tmp_path: Path) -> Path:
        written(tmp_path, GOOD)
        key = tmp_path / "evm.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        return tmp_path

    def test_needs_no_chain(self, base: Path) -> None:
        with open_ledger("evm:evm.json", base=base) as ledger:
            assert ledger.id == f"evm:1337:{ADDRESS.lower()}"
            assert ledger.lookup("deposit:x") is None
            assert not ledger.health().ok

    def test_another_contracts_state_is_refused(self, base: Path) -> None:
        open_ledger("evm:evm.json", base=base).close()
        written(base, {**GOOD, "contract": "0x" + "cd" * 20})
        with pytest.raises(Fatal, match=r"not (of|the one of)"):
            open_ledger("evm:evm.json", base=base)

    def test_a_lost_observer_is_not_replaced(self, base: Path) -> None:
        open_ledger("evm:evm.json", base=base).close()
        (base / "evm.sqlite.observer.key").unlink()
        with pytest.raises(Fatal, match="put it back"):
            open_ledger("evm:evm.json", base=base)

    def test_another_observer_is_refused(self, base: Path, tmp_path: Path) -> None:
        open_ledger("evm:evm.json", base=base).close()
        (base / "evm.sqlite").rename(base / "kept.sqlite")
        (base / "evm.sqlite.observer.key").unlink()
        open_ledger("evm:evm.json", base=base).close()
        (base / "kept.sqlite").rename(base / "evm.sqlite")
        with pytest.raises(Fatal, match="not the one of"):
            open_ledger("evm:evm.json", base=base)

    def test_a_missing_extra_is_named(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.startswith("chain_adapter.evm.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "web3", None)
        with pytest.raises(Fatal, match="install the extra 'evm'"):
            open_ledger("evm:evm.json", base=base)


class TestKeys:
    SECRET = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"

    def write(self, tmp_path: Path, text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "k"
        path.touch(mode=mode)
        path.write_text(text)
        return path

    @pytest.mark.parametrize("text", [SECRET, "0x" + SECRET, SECRET.upper() + "\n"])
    def test_hexadecimal(self, tmp_path: Path, text: str) -> None:
        account = load_sender(self.write(tmp_path, text))
        assert account.address == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
        assert self.SECRET not in repr(account) + str(account)

    def test_a_keystore_under_a_passphrase(self, tmp_path: Path) -> None:
        store = Account.encrypt("0x" + self.SECRET, "secret", kdf="pbkdf2", iterations=10)
        path = self.write(tmp_path, json.dumps(store))
        assert load_sender(path, "secret").address.startswith("0x2c75")
        for passphrase in (None, "wrong"):
            with pytest.raises(Fatal, match="passphrase") as caught:
                load_sender(path, passphrase)
            assert caught.value.__cause__ is None

    @pytest.mark.parametrize("text", ["", "text", SECRET[:-1], "0" * 64, "f" * 64])
    def test_no_key_is_told_without_showing_it(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(Fatal) as caught:
            load_sender(self.write(tmp_path, text))
        assert not text or text not in str(caught.value)

    def test_others_must_not_read_it(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, self.SECRET)
        path.chmod(0o604)
        with pytest.raises(Fatal, match="chmod 600"):
            load_sender(path)
        with pytest.raises(Fatal, match="missing"):
            load_sender(tmp_path / "none")


WEI = st.integers(0, 10**15)


class TestFees:
    @given(WEI, WEI, st.none() | WEI, WEI)
    def test_an_offer_stays_within_the_policy(
        self, most: int, priority: int, base: int | None, asked: int
    ) -> None:
        price = offer(Fee(most=most, priority=priority), base, asked)
        assert price.fee <= most
        assert (price.tip is None) == (base is None)
        assert price.tip is None or price.tip <= price.fee

    @given(WEI, WEI, WEI)
    def test_a_raised_offer_replaces_the_one_before(self, most: int, fee: int, now: int) -> None:
        before = Price(fee, min(fee, GWEI))
        price = raised(Fee(most=most), before, Price(now, min(now, GWEI)))
        if price is None:
            assert most < fee * 1.1 + 1
        else:
            assert price.tip is not None
            assert most >= price.fee > fee
            assert 10 * price.fee >= 11 * fee
            assert price.tip <= price.fee

    def test_legacy_where_the_policy_or_the_chain_says_so(self) -> None:
        assert offer(Fee(mode="legacy"), 5, 7) == Price(7, None)
        assert offer(Fee(), None, 7) == Price(7, None)
        assert offer(Fee(mode="eip1559"), 5, 7).tip is not None
        assert raised(Fee(), Price(100, None), Price(90, None)) == Price(113, None)


@given(st.integers(1, 70))
def test_all_paths_of_a_tree_lead_to_its_root(size: int) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root, paths = tree_of(leaves)
    assert root == root_of(leaves)
    for index, path in enumerate(paths):
        parts = [path[i : i + 32] for i in range(0, len(path), 32)]
        assert verify_inclusion(leaves[index], index, size, parts, root)
