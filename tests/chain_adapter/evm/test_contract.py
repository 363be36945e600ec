"""The contract itself: what it records, for whom, and what it refuses. Judged on a real node."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from chain_adapter.evm import calls, cosigning
from chain_adapter.evm.cosigning import deposit_digest, sign_digest
from chain_adapter.evm.layout import SIZE_SLOT, AnchorRecord, keccak256, record_slot
from tests.chain_adapter.evm.anvil import Anvil, RpcError
from tests.chain_adapter.evm.chain import OWNER, STRANGER, USER, WRITER, deploy, transact

ROOT = Path(__file__).resolve().parents[3]


def ask(node: Anvil, contract: str, data: bytes, sender: int = WRITER) -> bytes:
    """What a call would answer, were it sent; raises ``RpcError`` where it would be refused."""
    call = {"from": node.accounts[sender], "to": contract, "data": "0x" + data.hex()}
    return bytes.fromhex(node.rpc("eth_call", call, "latest")[2:])


def record(node: Anvil, contract: str, root: bytes, count: int) -> AnchorRecord | None:
    return calls.read_record(ask(node, contract, calls.record_of(root, count)))


class TestArtefact:
    def test_compiling_again_gives_the_same_bytes(self) -> None:
        if not (ROOT / "scripts/evm/node_modules/solc").exists() or not shutil.which("node"):
            pytest.skip("the Solidity compiler is not installed: npm ci in scripts/evm")
        script, source = "scripts/evm/compile.mjs", "chain_adapter/evm/contracts/DepositAnchor.sol"
        done = subprocess.run(
            ["node", script, "--check", source], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def test_our_selectors_are_the_compilers(self) -> None:
        abi = calls.artefact()["abi"]
        named = {
            each["name"]: f"{each['name']}({','.join(i['type'] for i in each['inputs'])})"
            for each in abi
            if each["type"] in ("function", "event")
        }
        addresses = "0x" + "11" * 20, "0x" + "22" * 20
        ours = {
            "single": calls.single(bytes(32)),
            "many": calls.many([bytes(32)]),
            "batch": calls.batch(bytes(32), 1),
            "recordOf": calls.record_of(bytes(32), 1),
            "size": calls.size(),
            "platforms": calls.platforms(addresses[0]),
            "setPlatform": calls.set_platform(addresses[0], True),
            "cosigned": calls.cosigned(bytes(32), addresses[0]),
            "depositCosigned": calls.deposit_cosigned(bytes(32), *addresses, bytes(65), bytes(65)),
        }
        for name, data in ours.items():
            assert data[:4] == keccak256(named[name].encode())[:4], name
        assert keccak256(named["Anchored"].encode()) == calls.ANCHORED

    def test_the_code_on_the_chain_is_the_artefacts(self, node: Anvil, contract: str) -> None:
        code = bytes.fromhex(node.rpc("eth_getCode", contract, "latest")[2:])
        assert keccak256(code) == calls.code_hash()


class TestRecording:
    def test_single_many_and_batch_number_their_entries(self, node: Anvil, contract: str) -> None:
        leaves = [bytes([each]) * 32 for each in range(1, 6)]
        transact(node, calls.single(leaves[0]), contract, WRITER)
        transact(node, calls.many(leaves[1:4]), contract, WRITER)
        done = transact(node, calls.batch(leaves[4], 1000), contract, WRITER)
        found = [record(node, contract, leaf, 1) for leaf in leaves[:4]]
        assert [each and (each.first, each.count) for each in found] == [
            (0, 1), (1, 1), (2, 1), (3, 1),
        ]  # fmt: skip
        batch = record(node, contract, leaves[4], 1000)
        assert batch is not None
        assert (batch.first, batch.count, batch.height) == (4, 1000, int(done["blockNumber"], 16))
        block = node.rpc("eth_getBlockByHash", done["blockHash"], False)
        assert batch.time == int(block["timestamp"], 16)
        assert int.from_bytes(ask(node, contract, calls.size()), "big") == 1004
        assert record(node, contract, b"never".ljust(32), 1) is None

    def test_a_repetition_is_the_original_record(self, node: Anvil, contract: str) -> None:
        root = secrets.token_bytes(32)
        transact(node, calls.batch(root, 7), contract, WRITER)
        first = record(node, contract, root, 7)
        node.mine(2)
        again = transact(node, calls.batch(root, 7), contract, WRITER)
        assert record(node, contract, root, 7) == first
        assert again["logs"] == []
        assert calls.read_record(ask(node, contract, calls.batch(root, 7))) == first
        assert int.from_bytes(ask(node, contract, calls.size()), "big") == 7
        transact(node, calls.many([root, root]), contract, WRITER)
        assert int.from_bytes(ask(node, contract, calls.size()), "big") == 8

    def test_a_false_count_spoils_nobodys_root(self, node: Anvil, contract: str) -> None:
        root = secrets.token_bytes(32)
        transact(node, calls.batch(root, 1 << 20), contract, WRITER)
        transact(node, calls.batch(root, 7), contract, WRITER)
        assert record(node, contract, root, 7) is not None

    def test_a_record_lies_in_the_slot_we_say(self, node: Anvil, contract: str) -> None:
        root = secrets.token_bytes(32)
        transact(node, calls.batch(root, 7), contract, WRITER)
        slot = "0x" + record_slot(root, 7).hex()
        value = int(node.rpc("eth_getStorageAt", contract, slot, "latest"), 16)
        assert AnchorRecord.unpack(value) == record(node, contract, root, 7)
        sizes = int(node.rpc("eth_getStorageAt", contract, hex(SIZE_SLOT), "latest"), 16)
        assert (sizes % 2**64, sizes >> 64) == (7, 1)

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            (calls.single(bytes(32)), "NoRoot"),
            (calls.batch(b"r" * 32, 0), "NoEntries"),
            (calls.batch(b"r" * 32, (1 << 20) + 1), "TooMany"),
        ],
    )
    def test_what_is_no_record(self, node: Anvil, contract: str, data: bytes, error: str) -> None:
        wanted = keccak256(f"{error}({'uint64' if error == 'TooMany' else ''})".encode())[:4].hex()
        with pytest.raises(RpcError, match=wanted):
            ask(node, contract, data)


class TestPermission:
    def test_strangers_and_the_owner_do_not_write(self, node: Anvil, contract: str) -> None:
        for sender in (STRANGER, OWNER):
            for data in (
                calls.single(b"l" * 32),
                calls.many([b"l" * 32]),
                calls.batch(b"r" * 32, 2),
            ):
                with pytest.raises(RpcError, match=keccak256(b"NotPlatform(address)")[:4].hex()):
                    ask(node, contract, data, sender)

    def test_a_platform_can_be_struck_off(self, node: Anvil, contract: str) -> None:
        transact(node, calls.set_platform(node.accounts[WRITER], False), contract)
        with pytest.raises(RpcError):
            ask(node, contract, calls.single(b"l" * 32))

    def test_only_the_owner_says_who_writes(self, node: Anvil, contract: str) -> None:
        with pytest.raises(RpcError, match=keccak256(b"NotOwner()")[:4].hex()):
            ask(node, contract, calls.set_platform(node.accounts[STRANGER], True), STRANGER)

    def test_ownership_moves_in_two_steps(self, node: Anvil, contract: str) -> None:
        propose = keccak256(b"proposeOwner(address)")[:4]
        accept = keccak256(b"acceptOwner()")[:4]
        transact(node, propose + calls.address_word(node.accounts[USER]), contract)
        with pytest.raises(RpcError):
            ask(node, contract, accept, STRANGER)
        transact(node, accept, contract, USER)
        with pytest.raises(RpcError):
            ask(node, contract, calls.set_platform(node.accounts[STRANGER], True), OWNER)
        transact(node, calls.set_platform(node.accounts[STRANGER], True), contract, USER)
        with pytest.raises(RpcError):
            ask(node, contract, accept, USER)


class TestCoSigned:
    """Attacks on a deposit that its user and a platform sign."""

    LEAF = b"leaf".ljust(32, b"!")

    @pytest.fixture
    def keys(self, node: Anvil) -> dict[int, bytes]:
        return {each: bytes.fromhex(node.keys[each][2:]) for each in (WRITER, USER, STRANGER)}

    def call(
        self,
        node: Anvil,
        contract: str,
        keys: dict[int, bytes],
        *,
        chain_id: int | None = None,
        at: str | None = None,
        signers: tuple[int, int] = (USER, WRITER),
        named: tuple[int, int] = (USER, WRITER),
    ) -> bytes:
        """A call that names ``named`` and bears the signatures of ``signers``."""
        user, platform = (node.accounts[each] for each in named)
        chain = node.chain_id if chain_id is None else chain_id
        digest = deposit_digest(chain, at or contract, self.LEAF, user, platform)
        signatures = [sign_digest(keys[each], digest) for each in signers]
        return calls.deposit_cosigned(self.LEAF, user, platform, signatures[0], signatures[1])

    def test_both_sign_and_anybody_hands_it_in(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        transact(node, self.call(node, contract, keys), contract, STRANGER)
        assert record(node, contract, self.LEAF, 1) is not None
        found = ask(node, contract, calls.cosigned(self.LEAF, node.accounts[USER]))
        assert "0x" + found[12:].hex() == node.accounts[WRITER]

    def test_the_contract_and_we_speak_of_the_same_digest(self, node: Anvil, contract: str) -> None:
        user, platform = node.accounts[USER], node.accounts[WRITER]
        selector = keccak256(b"depositDigest(bytes32,address,address)")[:4]
        words = calls.address_word(user) + calls.address_word(platform)
        ours = deposit_digest(node.chain_id, contract, self.LEAF, user, platform)
        assert ask(node, contract, selector + self.LEAF + words) == ours

    def test_replay_is_the_original_record(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        data = self.call(node, contract, keys)
        transact(node, data, contract, WRITER)
        first = record(node, contract, self.LEAF, 1)
        transact(node, data, contract, STRANGER)
        assert record(node, contract, self.LEAF, 1) == first
        assert int.from_bytes(ask(node, contract, calls.size()), "big") == 1

    def refused(self, node: Anvil, contract: str, data: bytes, error: str) -> None:
        with pytest.raises(RpcError, match=keccak256(error.encode())[:4].hex()):
            ask(node, contract, data)

    def test_replay_on_another_contract(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        data = self.call(node, contract, keys, at=deploy(node))
        self.refused(node, contract, data, "WrongSigner(address)")

    def test_replay_from_another_chain(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        data = self.call(node, contract, keys, chain_id=1)
        self.refused(node, contract, data, "WrongSigner(address)")

    def test_a_valid_signature_by_the_wrong_signer(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        for signers in ((STRANGER, WRITER), (USER, STRANGER), (WRITER, USER), (USER, USER)):
            data = self.call(node, contract, keys, signers=signers)
            self.refused(node, contract, data, "WrongSigner(address)")

    def test_a_platform_that_is_none(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        named = (USER, STRANGER)
        data = self.call(node, contract, keys, signers=named, named=named)
        self.refused(node, contract, data, "NotPlatform(address)")

    def test_the_high_twin_of_a_signature(
        self, node: Anvil, contract: str, keys: dict[int, bytes]
    ) -> None:
        user, platform = node.accounts[USER], node.accounts[WRITER]
        digest = deposit_digest(node.chain_id, contract, self.LEAF, user, platform)
        good, other = sign_digest(keys[USER], digest), sign_digest(keys[WRITER], digest)
        high = (cosigning.ORDER - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
        twin = good[:32] + high + bytes([55 - good[64]])
        assert not cosigning.signed_by(user, digest, twin)
        for pair in ((twin, other), (good, twin)):
            data = calls.deposit_cosigned(self.LEAF, user, platform, *pair)
            self.refused(node, contract, data, "HighS()")

    @pytest.mark.parametrize("value", [0, 1, 26, 29, 255])
    def test_other_recovery_values(
        self, node: Anvil, contract: str, keys: dict[int, bytes], value: int
    ) -> None:
        user, platform = node.accounts[USER], node.accounts[WRITER]
        digest = deposit_digest(node.chain_id, contract, self.LEAF, user, platform)
        odd = sign_digest(keys[USER], digest)[:64] + bytes([value])
        data = calls.deposit_cosigned(self.LEAF, user, platform, odd, bytes(65))
        self.refused(node, contract, data, "BadSignature()")
        assert not cosigning.signed_by(user, digest, odd)

    def test_a_signature_that_recovers_to_nobody(self, node: Anvil, contract: str) -> None:
        """``ecrecover`` answers zero then, which must not pass for the address zero."""
        nobody = "0x" + "00" * 20
        digest = deposit_digest(node.chain_id, contract, self.LEAF, nobody, node.accounts[WRITER])
        empty = bytes(64) + b"\x1b"
        data = calls.deposit_cosigned(self.LEAF, nobody, node.accounts[WRITER], empty, empty)
        self.refused(node, contract, data, "WrongSigner(address)")
        assert not cosigning.signed_by(nobody, digest, empty)


def test_signatures_are_judged_alike_by_an_independent_library() -> None:
    from eth_account import Account
    from eth_account.messages import encode_typed_data

    private = secrets.token_bytes(32)
    user, platform = cosigning.address_of(private), "0x" + "22" * 20
    contract, leaf = "0x" + "33" * 20, secrets.token_bytes(32)
    types = {"Deposit": [("leaf", "bytes32"), ("user", "address"), ("platform", "address")]}
    message = encode_typed_data(
        {"name": "DepositAnchor", "version": "1", "chainId": 5, "verifyingContract": contract},
        {key: [{"name": n, "type": t} for n, t in value] for key, value in types.items()},
        {"leaf": leaf, "user": user, "platform": platform},
    )
    signature = bytes(Account.from_key(private).sign_message(message).signature)
    digest = deposit_digest(5, contract, leaf, user, platform)
    assert cosigning.signed_by(user, digest, signature)
    assert signature == sign_digest(private, digest)
