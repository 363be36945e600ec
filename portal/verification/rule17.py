"""The answer sheet to rule 17 of the 人民法院在线诉讼规则, from what is really configured.

The rule has courts look at a deposit platform's qualification, its neutrality and ties to a party,
the safety and cleanliness of its systems, and its conformity with standards on deposit, encryption,
transmission and verification. Every answer names where it comes from; what nobody configured is
None, which is shown as "not stated". No Flask in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.services import Services
from portal.verification.rule17_systems import safety, standards
from portal.verification.rule17_ties import neutrality
from portal.verification.sheet import Row, Section, said, stated
from timestamping.letter.words import Words

SCHEMA: Final = "notary/rule-17/v1"
#: How a reader takes it; the second sentence is the point of it.
READING: Final = (
    Words(
        "每项均取自本平台实际运行的配置与密钥，右栏为出处；不含任何自我评价。",
        "Every answer is taken from the configuration and the keys this platform really runs with; "
        "the right column says from where. Nothing is praise.",
    ),
    Words(
        "写“未声明”者，即无人配置或程序无从得知；须由平台另行举证。",
        "Where it reads “not stated”, nobody configured it or no program can know it; the platform "
        "has to show it otherwise.",
    ),
    Words(
        "本表不说明数据存证之前是否真实（第十八条）。",
        "This sheet does not speak of whether data was true before deposit (art. 18).",
    ),
)
PREFACE: Final = Words(
    "《人民法院在线诉讼规则》第十七条：对区块链存证数据真实性有异议时，法院审查存证平台的资质、"
    "与当事人的利害关系、系统的安全与清洁，以及存证技术和过程是否符合国家标准或行业标准中"
    "关于系统环境、技术安全、加密方式、数据传输、信息验证等方面的要求。",
    "Article 17 of the Online Litigation Rules: where the truth of data deposited on a ledger is "
    "disputed, the court looks at the platform's qualification, its ties to a party, the safety "
    "and cleanliness of its systems, and whether deposit, encryption, transmission and "
    "verification conform to standards.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The answers as they stand ``at`` a moment."""

    at: datetime
    sections: tuple[Section, ...]

    def document(self) -> dict[str, Any]:
        """For programs: ``notary/rule-17/v1``."""
        return {
            "schema": SCHEMA,
            "at": self.at.isoformat(),
            "sections": [each.values() for each in self.sections],
        }


def answer_sheet(services: Services) -> Sheet:
    """The sheet as of now. Asks no network: what is remote is named, not tried."""
    sections = (
        Section("qualification", Words("平台资质", "Qualification"), tuple(_qualified(services))),
        Section("neutrality", Words("中立与利害关系", "Neutrality and ties"), neutrality(services)),
        Section("safety", Words("系统安全与清洁", "Safety and cleanliness"), safety(services)),
        Section("standards", Words("符合标准", "Conformity with standards"), standards(services)),
    )
    return Sheet(services.clock(), sections)


def _qualified(services: Services) -> Iterator[Row]:
    settings = services.settings
    yield stated(
        settings, Words("公证机构", "Notary office"), "office_name_zh", english="office_name_en"
    )
    yield stated(
        settings, Words("存证平台", "Platform"), "platform_name_zh", english="platform_name_en"
    )
    yield stated(settings, Words("区块链备案号", "Ledger filing number"), "filing_number")
    yield stated(settings, Words("平台网址", "Address"), "base_url")
    yield Row(Words("平台运营主体及执照", "Operator and its licence"), None, "—")
    yield Row(
        Words("运行状态", "Kind of installation"),
        _environment(str(settings.environment)),
        "ENVIRONMENT",
    )


def _environment(name: str) -> Words:
    return {
        "production": said("正式运行", "in production"),
        "development": said(
            "开发环境，不用于取证", "a development installation, not meant for evidence"
        ),
    }.get(name, said("测试环境，不用于取证", "a test installation, not meant for evidence"))
