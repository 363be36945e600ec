"""A world whose messages are carried out by both executions, which must say the same."""

from __future__ import annotations

from collections.abc import Iterable

from chain_adapter.consortium import CODES, Message, Refused, evm, key_hash
from chain_adapter.consortium.keccak import word
from chain_adapter.consortium.offices import PERMISSIONS
from tests.chain_adapter.consortium.chain import Chain, address, ask_member, ask_permitted, number
from tests.chain_adapter.consortium.people import World, deposit_key, identity
from tests.chain_adapter.evm.anvil import Anvil

_NUMBERS = {number: code for code, (number, _) in CODES.items()}


class Both(World):
    """Applies to both and compares what they say; :meth:`same` compares what they hold."""

    chain: Chain

    @classmethod
    def on(cls, node: Anvil, world: World) -> Both:
        """``world``'s rule and time on ``node``. Each block is a second later than the last."""
        chain = Chain(node, world.made_of, world.now)
        made = cls(world.made_of, chain.domain, world.now + 1)
        made.chain = chain
        return made

    def apply(self, message: Message) -> None:
        refused: Refused | None = None
        try:
            self.consortium.apply(message, self.now)
        except Refused as error:
            refused = error
        code = self.chain.apply(message, self.now)
        self.now += 1
        assert _NUMBERS.get(code or 0) == (refused and refused.code), refused
        if refused is not None:
            raise refused

    def same(self, names: Iterable[str], accounts: Iterable[bytes], ids: Iterable[bytes]) -> None:
        """Whether both hold the same state, as far as ``names``, addresses and ids tell."""
        state, names, known, ids = self.consortium.state, list(names), list(accounts), list(ids)
        keys = [key_hash(deposit_key(each)) for each in names]
        pairs = [(name, action) for name in names for action in ("deposit", "draw")]
        whole = ("rule", "version", "count", "certificates", "offices", "agreement")
        answers = iter(
            self.chain.ask(
                *(evm.call(f"{name}()") for name in whole),
                *(ask_member(identity(name)) for name in names),
                *(evm.call("accountHolder(address)", word(each)) for each in known),
                *(evm.call("keyHolder(bytes32)", each) for each in keys),
                *(evm.call("retired(address)", word(each)) for each in known),
                *(evm.call("used(bytes32)", each) for each in ids),
                *(ask_permitted(key_hash(deposit_key(n)), PERMISSIONS[a]) for n, a in pairs),
            )
        )
        assert next(answers)[0] == state.rule.digest
        assert number(next(answers)[0]) == state.version
        assert number(next(answers)[0]) == len(self.consortium.events)
        assert number(next(answers)[0]) == state.rule.certificates
        assert _offices(next(answers)) == (state.authorities, state.regulators)
        assert next(answers) == _agreement(self)
        for name in names:
            assert next(answers) == _member(self, identity(name)), name
        for each in known:
            assert next(answers)[0] == state.accounts.get(each, bytes(32))
        for each in keys:
            assert next(answers)[0] == state.keys.get(each, bytes(32))
        for each in known:
            assert any(next(answers)[0]) == (each in state.retired)
        for each in ids:
            assert any(next(answers)[0]) == (each in state.used)
        for name, action in pairs:
            denial = self.consortium.permitted(deposit_key(name), action)
            assert number(next(answers)[0]) == (denial.number if denial else 0), (name, action)


def _offices(found: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    first, second = _lists(found, 2)
    return [address(each) for each in first], [address(each) for each in second]


def _lists(found: list[bytes], count: int) -> list[list[bytes]]:
    """The dynamic arrays of single words in an answer."""
    starts = [number(each) // 32 for each in found[:count]]
    return [found[start + 1 : start + 1 + number(found[start])] for start in starts]


def _agreement(world: World) -> list[bytes]:
    """What the contract would answer, encoded."""
    rule = world.consortium.state.rule
    alone = [word(each.methods) for each in rule.regulators]
    groups = [word(v) for g in rule.groups for v in (g.methods, g.need, g.mask)]
    named = [word(v) for n in rule.named for v in (n.member, n.methods)]
    levels = [word(each.permissions) for each in rule.levels]
    platforms = [word(v) for p in rule.platforms for v in (key_hash(p.key), p.permissions)]
    parts = [
        (alone, len(rule.regulators)),
        (groups, len(rule.groups)),
        (named, len(rule.named)),
        (levels, len(rule.levels)),
        (platforms, len(rule.platforms)),
    ]
    head: list[bytes] = []
    tail: list[bytes] = []
    for words, length in parts:
        head.append(word(32 * (len(parts) + len(tail))))
        tail += [word(length), *words]
    return head + tail


def _member(world: World, who: bytes) -> list[bytes]:
    member = world.consortium.state.members.get(who)
    if member is None:
        return [bytes(32)] * 10
    fields: tuple[int | bytes, ...] = (
        member.account,
        member.kind,
        member.level,
        member.granted,
        int(member.blacklisted),
        int(member.removed),
        member.round,
        member.denied,
        member.key,
        member.parent,
    )
    return [word(each) for each in fields]
