"""What a letter says of a certificate or of a matter's archive volume: its item, and the annex."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from timestamping.letter import Notarial, Words

#: The certificate's record among its files.
RECORD: Final = "certificate.json"
VOLUME_SCHEMA: Final = "notary/volume/v1"
_TITLES: Final = {
    "certificate": Words("公证书", "Notarial certificate"),
    "correction": Words("补正公证书", "Corrective notarial certificate"),
    "revocation": Words("撤销公证书决定", "Decision to revoke a notarial certificate"),
}
_VOLUME: Final = Words("公证卷宗", "Archive volume of a notarial matter")
_MATTERS: Final = {
    "preservation": Words("保全证据（电子数据）", "preservation of evidence (electronic data)"),
    "web": Words("保全证据（网页）", "preservation of evidence (web page)"),
    "draw": Words("现场监督（抽签、开奖）", "supervision of a draw"),
}
_LEAD: Final = Words(
    "本函所存证的是下列公证文书及其附件的清单；公证文书本身在证明包中。当前效力以核验页面所示为准。",
    "What was deposited is the list of the notarial document named below and of its annexes; the "
    "document itself is in the package. The verification page says how it stands at present.",
)
_LEAD_VOLUME: Final = Words(
    "本函所存证的是下列公证事项卷宗的文件清单。",
    "What was deposited is the list of the files of the archive volume named below.",
)


@dataclass(frozen=True)
class NotarialPaper:
    """The manifest and, of a certificate, its record, as they were deposited."""

    manifest: bytes
    record: bytes | None = None

    @cached_property
    def value(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.manifest)
        return found

    @cached_property
    def said(self) -> dict[str, Any]:
        """The record; empty when it is not at hand."""
        found: dict[str, Any] = json.loads(self.record) if self.record else {}
        return found

    @property
    def is_volume(self) -> bool:
        return self.value.get("schema") == VOLUME_SCHEMA

    @property
    def number(self) -> str:
        """Of the certificate; empty for a volume."""
        return str(self.value.get("number", ""))

    def item_fields(self) -> dict[str, str]:
        """For the letter's evidence item (最高人民法院关于互联网法院审理案件若干问题的规定 art.
        11)."""
        made = str(self.value.get("closed_at" if self.is_volume else "issued_at", ""))
        title = self._title
        return {
            "producer": _office(self.value.get("office")),
            "created": made,
            "method": f"{title.zh}，公证机构制作并签章 {title.en}, made and sealed by the office",
        }

    def annex(self) -> Notarial:
        facts = self._volume() if self.is_volume else self._certificate()
        lead = _LEAD_VOLUME if self.is_volume else _LEAD
        return Notarial(self._title, lead, tuple(fact for fact in facts if fact[1]))

    @property
    def _title(self) -> Words:
        return _VOLUME if self.is_volume else _TITLES[self.value["kind"]]

    def _certificate(self) -> Iterator[tuple[Words, str]]:
        value, said = self.value, self.said
        matter = _MATTERS.get(str(value.get("template", "")), Words("", ""))
        yield Words("编号", "Number"), self.number
        yield Words("种类", "Kind"), f"{self._title.zh} {self._title.en}"
        yield Words("公证事项", "Matter certified"), f"{matter.zh} {matter.en}".strip()
        yield Words("公证机构", "Office"), _office(value.get("office"))
        for name, label in (
            ("notary", Words("公证员", "Notary")),
            ("second", Words("第二公证员", "Second notary")),
        ):
            yield label, str((said.get(name) or {}).get("name", ""))
        yield Words("签发时间", "Issued"), str(value.get("issued_at", ""))
        yield Words("申请编号", "Application"), str(said.get("matter", ""))
        subject: Mapping[str, Any] = said.get("subject") or {}
        yield Words("所涉存证", "Deposit concerned"), str(subject.get("number", ""))
        yield Words("所涉摘要", "SHA-256 of it"), str(subject.get("sha256", ""))
        before: Mapping[str, Any] = value.get("predecessor") or {}
        yield Words("所涉原公证书", "Predecessor"), str(before.get("number", ""))

    def _volume(self) -> Iterator[tuple[Words, str]]:
        value = self.value
        yield Words("申请编号", "Application"), str(value.get("matter", ""))
        yield Words("公证机构", "Office"), _office(value.get("office"))
        yield Words("立卷时间", "Closed"), str(value.get("closed_at", ""))
        yield Words("公证书", "Certificates"), "; ".join(map(str, value.get("certificates", ())))


def _office(value: Any) -> str:
    """Names in both languages, or the one there is."""
    if isinstance(value, Mapping):
        return " ".join(str(value.get(name, "")) for name in ("zh", "en")).strip()
    return str(value or "")
