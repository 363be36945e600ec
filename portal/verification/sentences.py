"""What a verification says, in Chinese and English: the answer, what it means, a reason each tick.

No web framework in here: the page, the API, the command line and the signed report take their words
from these tables, so that all of them say the same, word for word.
"""

from __future__ import annotations

from typing import Final

from chain_adapter.verdict import Outcome
from portal.verification.report import Answer, Area
from timestamping.letter.words import Words

AREAS: Final = {
    Area.FILE: Words("文件", "File"),
    Area.TIME: Words("时间", "Time"),
    Area.LEDGER: Words("账本", "Ledger"),
    Area.SIGNER: Words("签署者", "Signer"),
    Area.STATUS: Words("公证书状态", "Certificate status"),
}
OUTCOMES: Final = {
    Outcome.PASS: Words("成立", "holds"),
    Outcome.FAIL: Words("不成立", "does not hold"),
    Outcome.UNKNOWN: Words("无法判定", "cannot be decided"),
}
NOT_COMPARED: Final = Words("未比对", "not compared")

#: What a program calls each of the four answers, and people too.
ANSWERS: Final = {
    Answer.MATCHES: Words("一致", "matches"),
    Answer.DIFFERS: Words("不一致", "does not match"),
    Answer.MISSING: Words("未找到", "not found"),
    Answer.UNDECIDED: Words("目前无法核验", "cannot be checked now"),
}
_NOT_FOUND: Final = Words("未找到。", "Not found.")
_NOT_NOW: Final = Words("目前无法核验。", "This cannot be checked now.")
#: (answer, subject) → the sentence that comes first
SENTENCES: Final = {
    (Answer.MATCHES, "record"): Words("文件一致。", "The file matches."),
    (Answer.MATCHES, "number"): Words("该存证与记录一致。", "This deposit matches its record."),
    (Answer.MATCHES, "letter"): Words(
        "存证函与所出具的一致。", "The letter matches what was issued."
    ),
    (Answer.MATCHES, "package"): Words(
        "证明包与所出具的一致。", "The proof package matches what was issued."
    ),
    (Answer.MATCHES, "notarial"): Words(
        "公证书与所出具的一致。", "The certificate matches what was issued."
    ),
    (Answer.MATCHES, "certificate"): Words(
        "公证书与登记一致，现行有效。", "The certificate matches the register and is in force."
    ),
    (Answer.DIFFERS, "record"): Words("文件不一致。", "The file does not match."),
    (Answer.DIFFERS, "number"): Words(
        "该存证与记录不一致。", "This deposit does not match its record."
    ),
    (Answer.DIFFERS, "letter"): Words(
        "存证函与所出具的不一致。", "The letter does not match what was issued."
    ),
    (Answer.DIFFERS, "package"): Words(
        "证明包与所出具的不一致。", "The proof package does not match what was issued."
    ),
    (Answer.DIFFERS, "notarial"): Words(
        "公证书与所出具的不一致。", "The certificate does not match what was issued."
    ),
    (Answer.DIFFERS, "certificate"): Words(
        "公证书与登记不一致。", "The certificate does not match the register."
    ),
    (Answer.DIFFERS, "corrected"): Words(
        "公证书与现行登记不一致：已被更正。",
        "The certificate does not match the register any more: it was corrected.",
    ),
    (Answer.DIFFERS, "revoked"): Words(
        "公证书与现行登记不一致：已被撤销。",
        "The certificate does not match the register any more: it was revoked.",
    ),
    **{
        (Answer.MISSING, subject): _NOT_FOUND
        for subject in ("record", "number", "certificate", "upload")
    },
    **{
        (Answer.UNDECIDED, subject): _NOT_NOW
        for subject in ("record", "number", "letter", "package", "notarial", "certificate")
    },
}
_AT_LEAST_ONE: Final = Words(
    "以下至少有一项不成立。", "At least one of the points below does not hold."
)
_UNREADABLE: Final = Words(
    "这不是可读取的存证函或证明包，或缺少所需材料；第一项未通过的检查说明原因。",
    "This is no letter or proof package that can be read, or something needed is missing; the "
    "first check that did not pass says what.",
)
_ON_ITS_WAY: Final = Words(
    "已有此存证，但证明尚未完成，请稍后再来。",
    "The deposit is known, but its proof is not complete yet. Come back in a moment.",
)
#: what the sentence means, and what it does not
DETAILS: Final = {
    (Answer.MATCHES, "record"): Words(
        "该文件逐比特相同，已于不晚于下列时间在本平台存证。",
        "This very file, bit for bit, was deposited here no later than the time below.",
    ),
    (Answer.MATCHES, "number"): Words(
        "其时间戳和账本记录均有效。要确认某个文件是否就是所存文件，请同时核验该文件。",
        "Its time-stamp and its place in the ledger hold. To see whether a file is the one "
        "deposited, verify the file as well.",
    ),
    (Answer.MATCHES, "letter"): Words(
        "签章完好，函内证明有效。要确认某个文件是否就是所存文件，请同时核验该文件。",
        "Its seal is unbroken, and the proof inside it holds. To see whether a file is the one "
        "deposited, verify the file as well.",
    ),
    (Answer.MATCHES, "package"): Words(
        "其中各部分相互吻合，均已签章，并已载入账本。",
        "Everything in it belongs together, is sealed and stands in the ledger.",
    ),
    (Answer.MATCHES, "notarial"): Words(
        "公证员签名和机构印章完好，签署后未改动。是否已被更正或撤销，以登记为准。",
        "The notary's signature and the office's seal are unbroken, and nothing was changed since. "
        "Whether it was corrected or revoked, the register says.",
    ),
    (Answer.MATCHES, "certificate"): Words(
        "登记簿载有该公证书，未被更正或撤销；其时间戳和账本记录均有效。",
        "The register holds it, neither corrected nor revoked; its time-stamp and its place in the "
        "ledger hold.",
    ),
    (Answer.DIFFERS, "record"): Words(
        "这不是该存证函所指的文件：至少有一个比特不同。打开后另存或经聊天软件转发的副本往往已有变化，请用原件再试。",
        "It is not the file this letter is about: at least one bit differs. A copy that was "
        "opened and saved again, or sent through a messenger, often differs; try the original.",
    ),
    (Answer.DIFFERS, "number"): _AT_LEAST_ONE,
    (Answer.DIFFERS, "letter"): Words(
        "以下至少有一项不成立：存证函被改动，或并非由所信任的机构出具。",
        "At least one point below does not hold: the letter was changed, or was not issued by an "
        "office that is trusted here.",
    ),
    (Answer.DIFFERS, "package"): Words(
        "以下至少有一项不成立：其中内容被改动或替换，或并非由所信任的机构出具。",
        "At least one point below does not hold: something in it was changed or exchanged, or it "
        "was not issued by an office that is trusted here.",
    ),
    (Answer.DIFFERS, "notarial"): Words(
        "以下至少有一项不成立：公证书被改动，或并非由所信任的公证员和机构签署。",
        "At least one point below does not hold: the certificate was changed, or was not signed by "
        "a notary and an office that are trusted here.",
    ),
    (Answer.DIFFERS, "certificate"): _AT_LEAST_ONE,
    (Answer.DIFFERS, "corrected"): Words(
        "它确曾出具，但已被另一份公证书更正，以后者为准。",
        "It was issued, but another certificate corrected it, and that one counts.",
    ),
    (Answer.DIFFERS, "revoked"): Words(
        "它确曾出具，但已被撤销，自始无效。",
        "It was issued, but it was revoked, and is of no effect from the beginning.",
    ),
    (Answer.MISSING, "record"): Words(
        "本平台没有与此逐字节相同的存证文件。存证后哪怕改动一个比特（例如重新保存），摘要也会不同，请用原件再试。",
        "No file with exactly these bytes was deposited here. If one bit was changed since the "
        "deposit, for instance by saving again, the digest is another one: try the original.",
    ),
    (Answer.MISSING, "upload"): Words(
        "这不是存证函、公证书或证明包，本平台也没有与此逐字节相同的存证文件。",
        "This is no letter, certificate or proof package, and no file with exactly these bytes was "
        "deposited here.",
    ),
    (Answer.MISSING, "number"): Words(
        "本平台没有此编号的存证。请与存证函逐字核对。",
        "There is no deposit with this number here. Compare it with the letter, sign by sign.",
    ),
    (Answer.MISSING, "certificate"): Words(
        "本机构没有此编号的公证书。请与公证书逐字核对。",
        "This office has issued no certificate with this number. Compare it with the certificate, "
        "sign by sign.",
    ),
    (Answer.UNDECIDED, "record"): _ON_ITS_WAY,
    (Answer.UNDECIDED, "number"): _ON_ITS_WAY,
    (Answer.UNDECIDED, "letter"): _UNREADABLE,
    (Answer.UNDECIDED, "package"): _UNREADABLE,
    (Answer.UNDECIDED, "notarial"): _UNREADABLE,
    (Answer.UNDECIDED, "certificate"): Words(
        "登记簿载有该公证书，但其证明目前无法核验，请稍后再来。",
        "The register holds it, but its proof cannot be examined now. Come back in a moment.",
    ),
}
#: the same when the file is one of several that were deposited together
PART: Final = Words(
    "该文件与不晚于下列时间在此完成的一份存证中的文件逐位相同：它载于已记录的文件清单之中。",
    "This very file, bit for bit, is part of a deposit made here no later than the time below: it "
    "stands in the list of files that was recorded.",
)
#: (question, outcome) → the reason beside the tick
REASONS: Final = {
    (Area.FILE, Outcome.PASS): Words("其摘要与记录一致。", "Its digests are those recorded."),
    (Area.FILE, Outcome.FAIL): Words("与记录不符。", "It is not what was recorded."),
    (Area.FILE, Outcome.UNKNOWN): Words("未比对文件。", "No file was compared."),
    (Area.TIME, Outcome.PASS): Words(
        "时间戳令牌（RFC 3161）完好，针对该摘要，由可信机构签发。",
        "The time-stamp token (RFC 3161) is intact, over this digest, and from a trusted "
        "authority.",
    ),
    (Area.TIME, Outcome.FAIL): Words("时间戳令牌不成立。", "The time-stamp token does not hold."),
    (Area.TIME, Outcome.UNKNOWN): Words(
        "未核验到底：尚无时间戳，或缺少所需材料。",
        "Not examined to its end: there is no time-stamp yet, or something needed is missing.",
    ),
    (Area.LEDGER, Outcome.PASS): Words(
        "记录已在账本中，其证明通向经签署的检查点。",
        "The record stands in the ledger; its proof leads to a signed checkpoint.",
    ),
    (Area.LEDGER, Outcome.FAIL): Words(
        "记录或其证明不成立。", "The record or its proof does not hold."
    ),
    (Area.LEDGER, Outcome.UNKNOWN): Words(
        "未能核验到底：尚未上链，或前面的步骤未通过。",
        "Not examined to its end: it is not on the ledger yet, or an earlier step failed.",
    ),
    (Area.SIGNER, Outcome.PASS): Words(
        "由可信密钥签署，且完好无损。", "Signed with trusted keys, and unbroken."
    ),
    (Area.SIGNER, Outcome.FAIL): Words(
        "签名或签章已损坏，或并非出自可信密钥。",
        "A signature or seal is broken or not by a trusted key.",
    ),
    (Area.SIGNER, Outcome.UNKNOWN): Words(
        "未核验：尚无签名，或前面的步骤未通过。",
        "Not examined: there is no signature yet, or an earlier step failed.",
    ),
    (Area.STATUS, Outcome.PASS): Words("登记簿载明：现行有效。", "The register says: in force."),
    (Area.STATUS, Outcome.FAIL): Words(
        "登记簿载明：已不再有效。", "The register says: no longer in force."
    ),
    (Area.STATUS, Outcome.UNKNOWN): Words(
        "登记簿目前无法查询。", "The register cannot be asked now."
    ),
}
#: What anybody may try whose file was not found; the first is the usual reason.
HELP: Final = (
    Words(
        "聊天软件、邮箱预览和网盘常会压缩或转换文件（照片尤其如此，例如 HEIC 变为 JPEG）："
        "请用存证时的原文件。",
        "Messengers, mail previews and cloud drives often shrink or convert files, pictures above "
        "all (HEIC becomes JPEG): use the very file that was deposited.",
    ),
    Words(
        "打开后另存、打印成新的 PDF 或重新打包，都会得到另一个摘要。",
        "Saving again, printing to a new PDF or zipping anew gives another digest.",
    ),
    Words(
        "存证函、公证书和证明包可以送来逐项检查；其他机构出具的，请在该机构核验。",
        "Letters, certificates and proof packages can be sent to be examined; those of another "
        "office are verified there.",
    ),
)
#: What no verification shows (requirements of courts: 在线诉讼规则 16–18).
LIMITS: Final = (
    Words(
        "数据在存证之前是否真实、由谁生成（在线诉讼规则第十八条）。",
        "Whether the data was true before it was deposited, and who made it (Online Litigation "
        "Rules, art. 18).",
    ),
    Words(
        "内容合法，或任何人对其享有权利。",
        "That the content is lawful, or that anybody holds rights in it.",
    ),
    Words(
        "平台自行运营的时间戳服务的时钟准确；存证函写明时间由谁作证。",
        "That the clock of a time-stamp service run by the platform itself is right; letters say "
        "who vouches for the time.",
    ),
    Words(
        "本结论只对核验时所用的信任锚和登记状态负责。",
        "Anything beyond the trust anchors named and what the register said at the time of "
        "verification.",
    ),
)
