"""The fixed words of a certificate, Chinese and English."""

from __future__ import annotations

from typing import Final

from timestamping.certificate.data import CERTIFICATE, CORRECTION, REVOCATION
from timestamping.letter.words import Words

TITLES: Final = {
    CERTIFICATE: Words("公证书", "Notarial Certificate"),
    CORRECTION: Words("补正公证书", "Corrective Notarial Certificate"),
    REVOCATION: Words("撤销公证书决定", "Decision to Revoke a Notarial Certificate"),
}
MATTERS: Final = {
    "preservation": Words("保全证据（电子数据）", "Preservation of evidence (electronic data)"),
    "web": Words("保全证据（网页）", "Preservation of evidence (web page)"),
    "draw": Words("现场监督（抽签、开奖）", "Supervision of a draw"),
}
#: Of a corrective certificate and of a revocation.
MATTERS_OF_KIND: Final = {
    CORRECTION: Words("补正公证书", "correction"),
    REVOCATION: Words("撤销公证书", "revocation"),
}
ROLES: Final = {
    "applicant": Words("申请人", "Applicant"),
    "agent": Words("代理人", "Agent"),
    "interested": Words("关系人", "Interested party"),
}
GROUPS: Final = {
    "content": Words("内容", "Content"),
    "time": Words("时间", "Time"),
    "ledger": Words("账本", "Ledger"),
    "origin": Words("来源", "Origin"),
}
GROUP_QUESTIONS: Final = {
    "content": Words(
        "原件重新读取并重新计算摘要，与所存证的摘要比对",
        "the original read again and digested again, compared with the digest deposited",
    ),
    "time": Words("时间戳令牌逐项重新核验", "the time-stamp token verified again, check by check"),
    "ledger": Words(
        "记录在账本中，且账本与最新检查点一致",
        "the record is in the ledger, which agrees with its latest checkpoint",
    ),
    "origin": Words("数据的形成过程", "how the data came about"),
}
OUTCOMES: Final = {
    "pass": Words("通过", "holds"),
    "unknown": Words("机器无法判定", "not decided by machine"),
    "none": Words("不涉及", "not applicable"),
}
LANGUAGES: Final = {
    "zh": Words("中文", "Chinese"),
    "en": Words("英文", "English"),
    "zh+en": Words("中文、英文", "Chinese and English"),
}
KINDS_OF_DEPOSIT: Final = {
    "file": Words("文件", "file"),
    "digest": Words("仅摘要", "digest only"),
    "folder": Words("文件夹", "folder"),
    "capture": Words("远程取证", "remote capture"),
    "draw": Words("抽签", "draw"),
}
REASON_TITLES: Final = {
    CORRECTION: Words("补正事项与理由", "What is corrected, and why"),
    REVOCATION: Words("撤销理由", "Reason for the revocation"),
}
FIRST: Final = Words("公证员", "Notary")
SECOND: Final = Words("公证员（第二）", "Second notary")
