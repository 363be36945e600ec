"""The strength statement: from facts to plain sentences, in Chinese and English.

The order of the sentences is fixed, one per question a court asks (人民法院在线诉讼规则 16–18):
whose clock, whose ledger, was the file seen, where does it come from, was a notary involved. A
weakness is said as plainly as a strength. Facts come from the real configuration, never from
wishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from timestamping.letter.words import Words


class LedgerKind(StrEnum):
    EMBEDDED = "embedded"
    WITNESSED = "witnessed"
    CONSORTIUM = "consortium"


@dataclass(frozen=True, slots=True)
class StrengthFacts:
    """``authorities`` names the independent timestamp authorities whose tokens are in the letter
    (empty: only the platform's own clock). ``certificate`` is the number of the notarial
    certificate, empty when nobody notarised. ``witnesses`` cosigned the ledger: where a policy
    lists nodes, ``nodes`` are their names and ``listed`` says of how many. ``also`` are the ids of
    further ledgers; of a consortium, those that several parties keep."""

    authorities: tuple[str, ...]
    ledger: LedgerKind
    witnesses: int
    file_seen: bool
    captured: bool
    certificate: str = ""
    #: the record of a draw that the platform kept
    drawn: bool = False
    #: a document that the notary's office made
    notarial: bool = False
    nodes: tuple[str, ...] = ()
    listed: int = 0
    also: tuple[str, ...] = ()

    @property
    def made_here(self) -> bool:
        """Whether the platform made the data, rather than a depositor bringing it."""
        return self.captured or self.drawn or self.notarial


@dataclass(frozen=True, slots=True)
class Strength:
    """``code`` is stable; ``label`` names the question, ``short`` answers it in a word or two,
    ``sentence`` in full. ``strong`` is False where the answer limits what the letter proves."""

    code: str
    label: Words
    short: Words
    sentence: Words
    strong: bool


def statement(facts: StrengthFacts) -> tuple[Strength, ...]:
    """Five answers: time, ledger, file, source, notary."""
    return (_time(facts), _ledger(facts), _file(facts), _source(facts), _notary(facts))


def _time(facts: StrengthFacts) -> Strength:
    label = Words("时间来源", "Time")
    if not facts.authorities:
        return Strength(
            "time-self-run",
            label,
            Words("平台自运营", "self-run"),
            Words(
                "时间戳由本平台自行运营的时间戳服务签发，没有独立第三方为该时间作证；时间的可信程度取决于对本平台的信任。",
                "The time-stamp comes from the service this platform runs itself. No independent "
                "party vouches for the time; it is as trustworthy as the platform.",
            ),
            False,
        )
    names = facts.authorities
    return Strength(
        "time-independent",
        label,
        Words("独立机构", "independent"),
        Words(
            f"时间由独立于本平台的时间戳机构作证：{'、'.join(names)}。",
            f"The time is vouched for by an authority independent of this platform: "
            f"{', '.join(names)}.",
        ),
        True,
    )


def _ledger(facts: StrengthFacts) -> Strength:
    label = Words("账本", "Ledger")
    if facts.ledger is LedgerKind.CONSORTIUM:
        names = f"（{'、'.join(facts.also)}）" if facts.also else ""
        chains = f" ({', '.join(facts.also)})" if facts.also else ""
        return Strength(
            "ledger-consortium",
            label,
            Words("联盟链", "consortium"),
            Words(
                f"记录写入由多方共同维护的联盟链{names}，平台不能单方改写。{_cosigned(facts).zh}",
                f"The record stands on a ledger kept jointly by several parties{chains}; the "
                f"platform alone cannot rewrite it.{_cosigned(facts).en}",
            ),
            True,
        )
    if facts.ledger is LedgerKind.WITNESSED and facts.witnesses > 0:
        return _witnessed(label, facts)
    return Strength(
        "ledger-embedded",
        label,
        Words("平台内置", "embedded"),
        Words(
            "记录写入平台自行运营的可验证账本，没有外部见证人；任何持有旧检查点的人都能发现历史被改写，"
            f"但没有人专门监督。{_also(facts).zh}",
            "The record stands in a verifiable ledger this platform runs itself, without outside "
            "witnesses. Whoever kept an older checkpoint can detect a rewritten history, but "
            f"nobody is charged with watching.{_also(facts).en}",
        ),
        False,
    )


def _witnessed(label: Words, facts: StrengthFacts) -> Strength:
    count, of = facts.witnesses, facts.listed
    short = Words(f"{count} 个见证人", f"{count} witness(es)")
    if of:
        short = Words(f"{of} 个节点中的 {count} 个", f"{count} of {of} nodes")
    return Strength(
        "ledger-witnessed",
        label,
        short,
        Words(
            f"记录写入平台的可验证账本，并由 {_who(facts).zh}对账本检查点联署；"
            f"平台若改写历史，会被发现。{_also(facts).zh}",
            "The record stands in the platform's verifiable ledger, whose checkpoint is "
            f"cosigned by {_who(facts).en}, who would notice a rewritten history."
            f"{_also(facts).en}",
        ),
        True,
    )


def _who(facts: StrengthFacts) -> Words:
    """The cosigners: by name where nodes are listed."""
    count, of = facts.witnesses, facts.listed
    if not of:
        return Words(f"{count} 个见证人", f"{count} witness(es)")
    zh, en = "、".join(facts.nodes), ", ".join(facts.nodes)
    return Words(f"{of} 个存证节点中的 {count} 个（{zh}）", f"{count} of {of} deposit nodes ({en})")


def _cosigned(facts: StrengthFacts) -> Words:
    """What the nodes of the platform's own ledger add to a consortium's."""
    if not facts.witnesses:
        return Words("", "")
    return Words(
        f"平台的账本另由 {_who(facts).zh}联署。",
        f" The platform's own ledger is cosigned by {_who(facts).en} as well.",
    )


def _also(facts: StrengthFacts) -> Words:
    """Further ledgers, of which nothing is said but that they hold it."""
    if not facts.also:
        return Words("", "")
    zh, en = "、".join(facts.also), ", ".join(facts.also)
    return Words(f"记录同时写入：{zh}。", f" The record stands on {en} as well.")


def _file(facts: StrengthFacts) -> Strength:
    label = Words("文件", "File")
    if facts.file_seen:
        return Strength(
            "file-seen",
            label,
            Words("平台已收到", "received"),
            Words(
                "平台收到了完整文件，并自行计算了摘要。",
                "The platform received the whole file and computed the digests itself.",
            ),
            True,
        )
    return Strength(
        "file-hash-only",
        label,
        Words("仅收到摘要", "digest only"),
        Words(
            "平台只收到摘要，没有见过文件；本函不说明文件内容，也不说明摘要如何算出。",
            "The platform received only a digest and never saw the file; this letter says nothing "
            "of its content or of how the digest was computed.",
        ),
        False,
    )


def _source(facts: StrengthFacts) -> Strength:
    label = Words("数据来源", "Source")
    if facts.captured:
        return Strength(
            "source-captured",
            label,
            Words("平台采集", "captured here"),
            Words(
                "数据由平台在其受控环境中采集，采集过程记录在附随的清单中。",
                "The data was captured by the platform in an environment it controls; the capture "
                "is recorded in the accompanying manifest.",
            ),
            True,
        )
    if facts.drawn:
        return Strength(
            "source-drawn",
            label,
            Words("平台记录", "recorded here"),
            Words(
                "抽签过程由平台逐步记录，每一步单独加盖时间戳并记入账本，参与方各自签名；任何人可据记录重新计算结果。",
                "The platform recorded the draw step by step; each step has a time-stamp and a "
                "ledger record of its own and is signed by its parties, and anybody can compute "
                "the result again from the record.",
            ),
            True,
        )
    if facts.notarial:
        return Strength(
            "source-office",
            label,
            Words("公证机构制作", "made by the office"),
            Words(
                "数据由公证机构制作；公证书由公证员签名并由公证机构签章，可单独核验。",
                "The data was made by the notary's office; a certificate is signed by its notary "
                "and sealed by the office, which can be verified by itself.",
            ),
            True,
        )
    return Strength(
        "source-brought",
        label,
        Words("存证人提交", "brought by depositor"),
        Words(
            "数据由存证人自行提交；提交之前的来源、生成方式和真实性，本函不作证明（在线诉讼规则第十八条）。",
            "The data was brought by the depositor. This letter does not speak of its origin, "
            "making or truth before deposit (Online Litigation Rules, art. 18).",
        ),
        False,
    )


def _notary(facts: StrengthFacts) -> Strength:
    label = Words("公证", "Notary")
    if facts.certificate:
        return Strength(
            "notarised",
            label,
            Words("已公证", "notarised"),
            Words(
                f"已由公证员出具公证书：{facts.certificate}。",
                f"A notary has issued notarial certificate {facts.certificate}.",
            ),
            True,
        )
    if facts.notarial:
        return Strength(
            "notarial-document",
            label,
            Words("公证文书", "notarial document"),
            Words(
                "所存证的即为公证机构出具的文书。",
                "What was deposited is itself a document of the notary's office.",
            ),
            True,
        )
    return Strength(
        "not-notarised",
        label,
        Words("未公证", "not notarised"),
        Words(
            "未经公证员公证；本函不是公证书。",
            "No notary has notarised this. This letter is not a notarial certificate.",
        ),
        False,
    )
