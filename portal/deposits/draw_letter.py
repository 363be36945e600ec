"""What a letter says of a draw: fields of its item, and the annex."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from lottery.bundle import Winner, layout, read_seals, read_winners
from timestamping.letter import Drawn, DrawParty, DrawStage, DrawStep, DrawWinner, Words
from timestamping.letter.draw import MAX_WINNERS

_ROLES: Final = {
    "organiser": Words("主办方", "organiser"),
    "notary": Words("公证员", "notary"),
    "portal": Words("平台", "platform"),
    "public": Words("公众代表", "representative of the public"),
}
_STEPS: Final = {
    "config": Words("规则确定并公布", "rules fixed and announced"),
    "list": Words("名册确定", "list fixed"),
    "commit": Words("承诺", "commitment"),
    "shares": Words("分存秘密份额", "shares dealt"),
    "acknowledge": Words("确认收到份额", "shares acknowledged"),
    "open": Words("公证员到场开启", "opened, the notary attending"),
    "dice": Words("公开掷骰", "public dice"),
    "reveal": Words("公开秘密", "secret revealed"),
    "recover": Words("由份额恢复秘密", "secret recovered from shares"),
    "beacon": Words("公共随机信标", "public randomness beacon"),
    "seed": Words("得出种子", "seed computed"),
    "result": Words("得出本轮结果", "result of a stage"),
    "final": Words("结果确定", "result fixed"),
    "void": Words("作废", "voided"),
    "audit": Words("名册抽样核查", "sample of the list audited"),
}
_OUTCOMES: Final = {
    "final": Words("结果已确定。", "The result is fixed."),
    "audited": Words(
        "结果已确定，名册抽样已经公证员核查。",
        "The result is fixed, and the notary has audited a sample of the list.",
    ),
    "void": Words("已作废，没有有效结果。", "Voided; there is no valid result."),
    "cancelled": Words("已取消，没有有效结果。", "Cancelled; there is no valid result."),
}
_METHOD: Final = (
    "LOT-1：各参与方先承诺后公开秘密，与公开随机源合成种子，据以按名册计算结果；各步逐一存证 "
    "LOT-1: secrets bound first and opened later, joined with public randomness into a seed from "
    "which the result is computed over the list; each step deposited by itself"
)


@dataclass(frozen=True)
class DrawPaper:
    """A draw's manifest and the small files it lists, as they were deposited."""

    manifest: bytes
    files: Mapping[str, bytes]

    @cached_property
    def value(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.manifest)
        return found

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files[layout.TRANSCRIPT])["steps"]
        return found

    @property
    def stands(self) -> bool:
        return self.value["outcome"] in ("final", "audited")

    @property
    def attempt(self) -> int:
        """The attempt that stands; the last one when none does."""
        return max((int(step["attempt"]) for step in self.steps), default=0)

    def item_fields(self) -> dict[str, str]:
        """For the letter's evidence item (最高人民法院关于互联网法院审理案件若干问题的规定 art.
        11; 开奖公证细则 5)."""
        rehearsal = "演练 rehearsal " if self.value["rehearsal"] else ""
        outcome = _OUTCOMES[self.value["outcome"]]
        return {
            "producer": str(self.value["organiser"]),
            "tool": "LOT-1",
            "method": _METHOD,
            "created": f"{self.steps[0]['at']} – {self.steps[-1]['at']}",
            "completeness": f"{rehearsal}{outcome.zh} {outcome.en}",
        }

    def annex(self) -> Drawn:
        shown = list(self._winners())
        return Drawn(
            rehearsal=bool(self.value["rehearsal"]),
            stands=self.stands,
            outcome=_OUTCOMES[self.value["outcome"]],
            facts=tuple(self._facts()),
            parties=tuple(self._parties()),
            stages=tuple(self._stages()),
            winners=tuple(shown[:MAX_WINNERS]),
            more_winners=max(0, self._winner_count() - min(len(shown), MAX_WINNERS)),
            steps=tuple(self._steps()),
        )

    def facts(self) -> tuple[tuple[Words, str], ...]:
        """Label and value, in the order of the annex; of the manifest and the steps alone."""
        return tuple(self._facts())

    @property
    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = self.steps[0]["body"]["config"]
        return found

    def _of(self, kind: str) -> Iterator[dict[str, Any]]:
        """Steps of this type, of the attempt the letter speaks of or of none."""
        for step in self.steps:
            if step["type"] == kind and step["attempt"] in (0, self.attempt):
                yield step

    def _facts(self) -> Iterator[tuple[Words, str]]:
        title, value = self._config["title"], self.value
        yield Words("抽签", "Draw"), f"{title['zh']} {title['en']}"
        yield Words("编号", "Identifier"), str(value["draw"])
        yield Words("主办方", "Organiser"), str(value["organiser"])
        for step in self._of("list"):
            listed = step["body"]["list"]
            yield Words("名册人数", "Entries"), f"{listed['count']:,}"
            yield Words("名册根值", "Root of the list"), str(listed["list_root"])
        yield Words("规则摘要", "Digest of the rules"), str(value["config_hash"])
        yield from self._randomness()
        if value["seed"]:
            yield Words("种子", "Seed"), str(value["seed"])
            yield Words("结果摘要", "Digest of the result"), str(value["results_sha256"])
        for step in self._of("open"):
            present = step["statements"][0]["statement"]["present"]
            yield Words("在场", "Present"), "; ".join(map(str, present))
        yield Words("次数", "Attempts"), str(self.attempt)
        for step in self.steps:
            if step["type"] == "void":
                body = step["body"]
                text = f"{step['attempt']}: {body['reason']} {body['note']}"
                yield Words("作废的次数", "Voided attempt"), text

    def _randomness(self) -> Iterator[tuple[Words, str]]:
        for step in self._of("dice"):
            dice = str(step["statements"][0]["statement"]["dice"])
            yield Words("公开掷骰", "Public dice"), f"{len(dice)}: {dice}"
        for step in self._of("beacon"):
            body = step["body"]
            yield Words("公共随机信标", "Beacon"), f"drand {body['round']}: {body['randomness']}"

    def _parties(self) -> Iterator[DrawParty]:
        commitments = {
            each["party"]: str(each["statement"]["commitment"])
            for step in self._of("commit")
            for each in step["statements"]
        }
        opened = {step["statements"][0]["party"]: _STEPS["reveal"] for step in self._of("reveal")}
        opened |= {step["body"]["dealer"]: _STEPS["recover"] for step in self._of("recover")}
        for party in self._config["parties"]:
            name = party["id"]
            yield DrawParty(
                str(party["name"]),
                _ROLES[party["role"]],
                commitments.get(name, ""),
                opened.get(name, Words("未公开", "not opened")),
            )

    def _stages(self) -> Iterator[DrawStage]:
        for step in self._of("result"):
            body = step["body"]
            name = self._config["stages"][body["stage"] - 1]["name"]
            yield DrawStage(
                Words(str(name["zh"]), str(name["en"])),
                body["places"],
                body["winner_count"],
                body["alternate_count"],
                body["unfilled"],
                str(body["positions_sha256"]),
            )

    def _winner_count(self) -> int:
        if not self.stands:
            return 0
        return sum(step["body"]["winner_count"] for step in self._of("result"))

    def _winners(self) -> Iterator[DrawWinner]:
        """As many as a letter prints."""
        if not self.stands or layout.WINNERS not in self.files:
            return
        named = {each.position: each for each in read_winners(self.files[layout.WINNERS])}
        left = MAX_WINNERS
        for step in self._of("result"):
            for rank, position in enumerate((step["body"]["winners"] or ())[:left], start=1):
                yield DrawWinner(step["body"]["stage"], rank, position, _shown(named.get(position)))
                left -= 1

    def _steps(self) -> Iterator[DrawStep]:
        seals = read_seals(self.files[layout.SEALS])
        names = {party["id"]: str(party["name"]) for party in self._config["parties"]}
        for step, seal in zip(self.steps, seals, strict=True):
            yield DrawStep(
                step["n"],
                datetime.fromisoformat(step["at"]),
                _STEPS[step["type"]],
                ", ".join(dict.fromkeys(names[each["party"]] for each in step["statements"])),
                self._digest(step["n"]),
                seal.number,
            )

    def _digest(self, number: int) -> str:
        """SHA-256 of the step: the next one names it, and the manifest names the last."""
        if number + 1 < len(self.steps):
            return str(self.steps[number + 1]["prev"])
        return str(self.value["record_head"])


def _shown(winner: Winner | None) -> str:
    """The public columns; pool and weight go before them in a leaf."""
    return " · ".join(each for each in winner.fields[2:] if each) if winner else ""
