"""A world whose messages are carried out by both executions, which must say the same."""

from __future__ import annotations

from collections.abc import Iterable

from chain_adapter.consortium import CODES, Message, Refused, evm, key_hash
from chain_adapter.consortium.keccak import word
from chain_adapter.consortium.rule import PERMISSIONS
from tests.chain_adapter.consortium import chain as evm_chain
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
        state, names, ids = self.consortium.state, list(names), list(ids)
        known = list(accounts)
        keys = [key_hash(deposit_key(each)) for each in names]
        asked = [evm.call(f"{name}()") for name in ("rule", "version", "count", "certificates")]
        asked += [evm.call("offices()"), evm.call("agreement()")]
        rule, version, count, need, offices, agreement = self.chain.ask(*asked)
        assert rule[0] == state.rule.digest
        assert number(version[0]) == state.version
        assert number(count[0]) == len(self.consortium.events)
        assert number(need[0]) == state.rule.certificates
        assert _offices(offices) == (state.authorities, state.regulators)
        assert agreement == _agreement(self)
        for found, each in zip(
            self.chain.ask(*(ask_member(identity(name)) for name in names)), names, strict=True
        ):
            assert found == _member(self, identity(each)), each
        holders = self.chain.ask(*(evm.call("accountHolder(address)", word(a)) for a in known))
        assert [each[0] for each in holders] == [state.accounts.get(a, bytes(32)) for a in known]
        holders = self.chain.ask(*(evm.call("keyHolder(bytes32)", each) for each in keys))
        assert [each[0] for each in holders] == [state.keys.get(each, bytes(32)) for each in keys]
        retired = self.chain.ask(*(evm.call("retired(address)", word(a)) for a in known))
        assert [any(each[0]) for each in retired] == [a in state.retired for a in known]
        used = self.chain.ask(*(evm.call("used(bytes32)", each) for each in ids))
        assert [any(each[0]) for each in used] == [each in state.used for each in ids]
        self._same_permissions(names)

    def _same_permissions(self, names: list[str]) -> None:
        pairs = [(name, action) for name in names for action in ("deposit", "draw")]
        answers = self.chain.ask(
            *(
                ask_permitted(key_hash(deposit_key(name)), PERMISSIONS[action])
                for name, action in pairs
            )
        )
        for (name, action), answer in zip(pairs, answers, strict=True):
            denial = self.consortium.permitted(deposit_key(name), action)
            assert number(answer[0]) == (denial.number if denial else 0), (name, action)


def _offices(found: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    first, second = _lists(found, 2)
    return [address(each) for each in first], [address(each) for each in second]


def _lists(found: list[bytes], count: int, sizes: tuple[int, ...] = (1, 1)) -> list[list[bytes]]:
    """The dynamic arrays of an answer; element ``i`` of the answer has ``sizes[i]`` words each."""
    lists = []
    for place in range(count):
        start = number(found[place]) // 32
        length = number(found[start]) * sizes[place]
        lists.append(found[start + 1 : start + 1 + length])
    return lists


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


__all__ = ["Both", "evm_chain"]
