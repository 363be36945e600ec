"""How many members a consortium's Python execution takes in a second, each with the certificates
of three of four authorities: four signatures judged, nothing left out."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

from benchmarks._figures import figure
from chain_adapter.consortium import (
    Application,
    Certificate,
    Consortium,
    Domain,
    Register,
    Rule,
    Signed,
    SigningKey,
    decode,
    key_hash,
)
from chain_adapter.consortium.offices import Authority, Level

_MEMBERS = 3000
_ROUNDS = 5
_NOW = 1_800_000_000


def main() -> None:
    """Print the figures. Every round meets members nobody has seen, from an empty consortium."""
    authorities = [SigningKey.generate() for _ in range(4)]
    rule = Rule(
        "benchmark",
        3,
        tuple(Authority(str(place), each.address) for place, each in enumerate(authorities)),
        (),
        (),
        (),
        (Level("all", 31),),
        (),
    )
    domain = Domain.of_log(rule.digest, "log.example")
    messages = [_registration(number, authorities, domain) for number in range(_MEMBERS)]
    contents = [each.encode() for each in messages]
    rates, reading = [], []
    for _ in range(_ROUNDS):
        consortium = Consortium(rule, domain)
        start = time.process_time()
        for message in messages:
            consortium.apply(message, _NOW)
        rates.append(_MEMBERS / (time.process_time() - start))
        assert len(consortium.members()) == _MEMBERS
        start = time.process_time()
        Consortium.replay(rule, domain, ((content, _NOW) for content in contents))
        reading.append(_MEMBERS / (time.process_time() - start))
    figure("members.registrations", median(rates), "registrations/CPU-s", 2000)
    figure("members.replay", median(reading), "from their JSON on, /CPU-s", 1000)
    one = contents[0]
    start = time.process_time()
    for _ in range(_MEMBERS):
        decode(one)
    figure("members.decode", _MEMBERS / (time.process_time() - start), "messages/CPU-s", 2000)


def _registration(number: int, authorities: list[SigningKey], domain: Domain) -> Register:
    account = SigningKey.generate()
    identity = number.to_bytes(32, "big")[::-1] if number else b"\1" * 32
    application = Application(
        identity, account.address, key_hash(f"ed25519:{number:032x}"), 3, bytes(32), 0, 0
    )
    message = Register(
        application=application, certificates=(), nonce=identity, expires=_NOW + 3600
    )
    struct = application.struct()
    for authority in authorities[:3]:
        certificate = Certificate(authority.address, _NOW - 60, _NOW + 86_400, bytes(64))
        digest = certificate.digest(struct, domain)
        message = message.certified(replace(certificate, signature=authority.sign(digest)))
    return message.signed(Signed(account.address, account.sign(message.id(domain))))


if __name__ == "__main__":
    main()
