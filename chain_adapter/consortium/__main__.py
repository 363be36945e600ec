"""``python -m chain_adapter.consortium COMMAND``: for those who sign on a
machine of their own. Nothing is sent anywhere.

::

    keygen KEYFILE                            make a key; prints its address
    rule FILE                                 judge a rule (JSON), print its canonical form's digest
    genesis FILE                              the genesis content of a rule, to standard output
    certify APPLICATION --key KEYFILE --days N --domain DOMAIN
                                              an authority's certificate for an application
    inspect MESSAGE [--domain DOMAIN]         say in words what a message asks for, and who signed
    sign MESSAGE --key KEYFILE --domain DOMAIN
                                              add a signature; the message goes to standard output
    deployment RULE                           the data of the transaction that makes the contract
    calldata MESSAGE                          what a transaction to the contract carries
    replay STREAM [--log LEDGER]              the state after a stream: JSON lines {time, content}

A domain is ``log:LEDGER-ID,RULE-DIGEST`` or ``chain:CHAIN-ID,CONTRACT,RULE-DIGEST``. Exit status: 0
done, 1 refused (with a sentence), 2 used wrongly.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import rfc8785

from chain_adapter.consortium import evm, shapes
from chain_adapter.consortium.applying import Application, Certificate, Signed
from chain_adapter.consortium.decoding import decode, genesis_content, read_genesis
from chain_adapter.consortium.describing import describe
from chain_adapter.consortium.engine import Consortium
from chain_adapter.consortium.keys import Judge, SigningKey, is_high
from chain_adapter.consortium.message import Message
from chain_adapter.consortium.offices import METHODS
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.rule import Rule
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.typed import Domain
from chain_adapter.errors import LedgerError


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (LedgerError, OSError, ValueError) as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


def _keygen(options: argparse.Namespace) -> None:
    key = SigningKey.generate()
    key.save(options.file)
    print(shown(key.address))


def _rule(options: argparse.Namespace) -> None:
    rule = _read_rule(options.file)
    print(f"rule {rule.digest.hex()}")
    print(f"{rule.certificates} of {len(rule.authorities)} authorities admit a member")
    for group in rule.groups:
        methods = ", ".join(shapes.names_of(group.methods, METHODS))
        print(f"{group.need} of {len(group.members)} ({group.name}): {methods}")


def _genesis(options: argparse.Namespace) -> None:
    sys.stdout.buffer.write(genesis_content(_read_rule(options.file)))


def _certify(options: argparse.Namespace) -> None:
    """Prints the application with one more certificate: what the next authority adds to."""
    value = json.loads(options.file.read_bytes())
    application = Application.from_object(value["application"])
    key, now = SigningKey.load(options.key), int(time.time())
    certificate = Certificate(key.address, now - 300, now + 86_400 * options.days, bytes(64))
    digest = certificate.digest(application.struct(), options.domain)
    signed = replace(certificate, signature=key.sign(digest))
    kept = [
        each for each in value.get("certificates", []) if each["authority"] != shown(key.address)
    ]
    certificates = sorted([*kept, signed.to_object()], key=lambda each: str(each["authority"]))
    _out({"application": application.to_object(), "certificates": certificates})


def _inspect(options: argparse.Namespace) -> None:
    message = _read_message(options.file)
    print("\n".join(describe(message)))
    if options.domain is None:
        print(
            f"{len(message.signatures)} signatures, not judged: --domain says for which consortium"
        )
        return
    found, judge = message.id(options.domain), Judge()
    print(f"id {found.hex()}")
    for each in message.signatures:
        good = not is_high(each.value) and judge.fits(each.signer, found, each.value)
        print(f"{shown(each.signer)} {'signed this' if good else 'DID NOT SIGN THIS'}")


def _sign(options: argparse.Namespace) -> None:
    message, key = _read_message(options.file), SigningKey.load(options.key)
    print("\n".join(describe(message)), file=sys.stderr)
    value = key.sign(message.id(options.domain))
    _out(message.signed(Signed(key.address, value)).to_object())


def _deployment(options: argparse.Namespace) -> None:
    print("0x" + evm.deployment(_read_rule(options.file)).hex())


def _calldata(options: argparse.Namespace) -> None:
    print("0x" + evm.calldata(_read_message(options.file)).hex())


def _replay(options: argparse.Namespace) -> None:
    lines = [json.loads(line) for line in options.file.read_text().splitlines() if line.strip()]
    stream = [(b64decode(each["content"]), int(each["time"])) for each in lines]
    if not stream:
        raise ValueError("the stream is empty")
    rule = read_genesis(stream[0][0])
    domain = Domain.of_log(rule.digest, options.log)
    consortium, ignored = Consortium.replay(rule, domain, stream[1:])
    for each in ignored:
        print(f"event {each.place + 1} changed nothing: {each.refused.code}: {each.refused}")
    _out(
        {
            "consortium": rule.digest.hex(),
            "version": consortium.state.version,
            "counted": len(consortium.events),
            "members": [
                {
                    "identity": each.identity.hex(),
                    "account": shown(each.account),
                    "level": each.level,
                    "active": each.active,
                    "blocked": consortium.state.blocked_by(each.identity) is not None,
                }
                for each in consortium.members()
            ],
        }
    )


def _read_rule(path: Path) -> Rule:
    """People may indent and order a rule as they like: it is brought into its one form here."""
    return Rule.from_json(rfc8785.dumps(json.loads(path.read_bytes())))


def _read_message(path: Path) -> Message:
    return decode(rfc8785.dumps(json.loads(path.read_bytes())))


def _domain(text: str) -> Domain:
    kind, _, rest = text.partition(":")
    parts = rest.split(",")
    try:
        if kind == "log" and len(parts) == 2:
            return Domain.of_log(_digest(parts[1]), parts[0])
        if kind == "chain" and len(parts) == 3:
            contract = shapes.address({"contract": parts[1].lower()}, "contract")
            return Domain(_digest(parts[2]), int(parts[0]), contract)
    except (ValueError, Refused) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    raise argparse.ArgumentTypeError("log:LEDGER-ID,RULE or chain:CHAIN-ID,CONTRACT,RULE")


def _digest(text: str) -> bytes:
    return shapes.fixed({"rule": text}, "rule", 32)


def _out(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(rfc8785.dumps(value) + b"\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chain_adapter.consortium")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text)
        made.set_defaults(run=run)
        made.add_argument("file", type=Path)
        return made

    command("keygen", _keygen, "make a key")
    command("rule", _rule, "judge a rule")
    command("genesis", _genesis, "the content of a rule's genesis entry")
    certify = command("certify", _certify, "vouch for an application")
    certify.add_argument("--days", type=int, default=30, help="how long it is valid")
    inspect = command("inspect", _inspect, "say what a message asks for")
    inspect.add_argument("--domain", type=_domain)
    sign = command("sign", _sign, "sign a message")
    for each in (certify, sign):
        each.add_argument("--key", type=Path, required=True)
        each.add_argument("--domain", type=_domain, required=True)
    command("deployment", _deployment, "the contract with a rule, as a transaction's data")
    command("calldata", _calldata, "a message as a transaction's data")
    replay = command("replay", _replay, "the state after a stream of events")
    replay.add_argument("--log", default="", help="id of the ledger the events stand on")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
