"""The same messages as calls of ``Consortium.sol``: what a transaction carries, whoever sends it.

Pure: no network and no library for chains; all arguments are words, and lists of words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from chain_adapter.consortium.applying import Application, Certificate, Signed
from chain_adapter.consortium.keccak import keccak, word
from chain_adapter.consortium.message import Act, Change, Message, Register, Replace, Rotate
from chain_adapter.consortium.rule import Rule

ARTEFACT: Final = Path(__file__).with_name("contracts") / "Consortium.json"
#: A static argument is bytes, a list is a sequence of elements that are bytes.
_Argument = bytes | Sequence[bytes]

_APPLICATION: Final = "(bytes32,address,bytes32,uint8,bytes32,uint8,uint32)"
_CERTIFICATE: Final = "(address,uint64,uint64,bytes32,bytes32)"
_SIGNED: Final = "(address,bytes32,bytes32)"


@cache
def artefact() -> dict[str, Any]:
    """The compiled contract as it is committed."""
    value: dict[str, Any] = json.loads(ARTEFACT.read_text())
    return value


def deployment(rule: Rule) -> bytes:
    """The data of the transaction that makes the contract with ``rule`` as its first."""
    code = bytes.fromhex(artefact()["bytecode"].removeprefix("0x"))
    return code + _encode(rule.words)


def calldata(message: Message) -> bytes:
    """The data of the transaction that carries ``message``.

    Raises:
        TypeError: a message the contract does not know.
    """
    for kind, encode in _ENCODERS.items():
        if isinstance(message, kind):
            return encode(message)
    raise TypeError(f"{type(message).__name__} is no message of the contract")


def call(signature: str, *arguments: _Argument) -> bytes:
    """The data of any call: selector and arguments, e.g. ``call("used(bytes32)", id)``."""
    return keccak(signature.encode())[:4] + _encode(*arguments)


def refusal(data: str) -> int | None:
    """The number in ``Refused(uint8)``, from a revert's data; None when it is something else."""
    raw = bytes.fromhex(data.removeprefix("0x"))
    if raw[:4] != keccak(b"Refused(uint8)")[:4] or len(raw) != 36:
        return None
    return int.from_bytes(raw[4:], "big")


def _encode(*arguments: _Argument) -> bytes:
    """ABI: static arguments and the lists' places first, then the lists."""
    size = sum(len(each) if isinstance(each, bytes) else 32 for each in arguments)
    head, tail = b"", b""
    for each in arguments:
        if isinstance(each, bytes):
            head += each
        else:
            head += word(size + len(tail))
            tail += word(len(each)) + b"".join(each)
    return head + tail


def _words(*fields: int | bytes) -> bytes:
    return b"".join(map(word, fields))


def _application(each: Application) -> bytes:
    return _words(
        each.identity, each.account, each.key, each.kind, each.parent, each.level, each.round
    )


def _certificate(each: Certificate) -> bytes:
    return _words(each.authority, each.start, each.until) + each.signature


def _signed(signatures: Sequence[Signed]) -> list[bytes]:
    return [word(each.signer) + each.value for each in signatures]


def _register(message: Register) -> bytes:
    return call(
        f"register({_APPLICATION},{_CERTIFICATE}[],{_SIGNED}[],bytes32,uint64)",
        _application(message.application),
        [_certificate(each) for each in message.certificates],
        _signed(message.signatures),
        message.nonce,
        word(message.expires),
    )


def _act(message: Act) -> bytes:
    fields = (message.method, message.member, message.value, message.reason_digest)
    return call(
        f"act((uint8,bytes32,uint32,bytes32,bytes32,uint64),{_SIGNED}[])",
        _words(*fields, message.nonce, message.expires),
        _signed(message.signatures),
    )


def _rotate(message: Rotate) -> bytes:
    return call(
        f"rotate((uint8,address,address,bytes32,uint64),{_SIGNED}[])",
        _words(message.role, message.old, message.new, message.nonce, message.expires),
        _signed(message.signatures),
    )


def _replace(message: Replace) -> bytes:
    fields = (message.identity, message.account, message.key, message.nonce, message.expires)
    return call(
        f"replace((bytes32,address,bytes32,bytes32,uint64),{_SIGNED}[])",
        _words(*fields),
        _signed(message.signatures),
    )


def _change(message: Change) -> bytes:
    return call(
        f"change(bytes32[],uint32,bytes32,uint64,{_SIGNED}[])",
        message.rule.words,
        word(message.version),
        message.nonce,
        word(message.expires),
        _signed(message.signatures),
    )


_ENCODERS: Final[dict[type[Message], Callable[[Any], bytes]]] = {
    Register: _register,
    Act: _act,
    Rotate: _rotate,
    Replace: _replace,
    Change: _change,
}
