"""A deposit that its user and a platform sign for the contract: EIP-712, secp256k1, low s.

The domain names the chain and the contract, so that a signature is worth nothing elsewhere. Pure:
needs no library of the extra ``evm``.
"""

from __future__ import annotations

from typing import Final

from coincurve import PrivateKey, PublicKey

from chain_adapter.evm.calls import address_word, word
from chain_adapter.evm.layout import keccak256

#: The order of secp256k1 (SEC 2 §2.4.1).
ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_DOMAIN: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_DEPOSIT: Final = keccak256(b"Deposit(bytes32 leaf,address user,address platform)")


def deposit_digest(chain_id: int, contract: str, leaf: bytes, user: str, platform: str) -> bytes:
    """What both parties sign: the leaf hash of the entry (32 bytes) and who they are."""
    names = keccak256(b"DepositAnchor") + keccak256(b"1")
    domain = keccak256(_DOMAIN + names + word(chain_id) + address_word(contract))
    content = keccak256(_DEPOSIT + leaf + address_word(user) + address_word(platform))
    return keccak256(b"\x19\x01" + domain + content)


def address_of(private: bytes) -> str:
    """The address of a private key of 32 bytes, lower case with 0x."""
    return _address(PrivateKey(private).public_key)


def sign_digest(private: bytes, digest: bytes) -> bytes:
    """r ‖ s ‖ v, 65 bytes, low s, v 27 or 28."""
    signature = PrivateKey(private).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def signed_by(address: str, digest: bytes, signature: bytes) -> bool:
    """Whether ``address`` made this signature of ``digest``, judged as the contract judges it.

    The expected signer is compared: recovery gives some address for almost any signature.
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        return False
    if int.from_bytes(signature[32:64], "big") > ORDER // 2:
        return False
    try:
        public = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception:  # noqa: BLE001 - the library raises its own plain Exception for bad values
        return False
    return _address(public) == address.lower()


def _address(public: PublicKey) -> str:
    return "0x" + keccak256(public.format(compressed=False)[1:])[12:].hex()
