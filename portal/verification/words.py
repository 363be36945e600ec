"""The checks of a verification in Chinese, and the offline verifier's few sentences.

No web framework in here: the page and the command line show the same words. English titles are
the verifiers' own (``Check.title``).
"""

from __future__ import annotations

from typing import Final

#: code of a check → its title in Chinese; a test holds this equal to what verifiers can report
TITLES: Final = {
    # RFC 3161 tokens: timestamping.verifier
    "status": "时间戳机构已同意签发",
    "response-form": "回复是时间戳响应",
    "der": "时间戳令牌为严格的 DER 编码",
    "signer-info": "令牌由唯一签名者签署",
    "content-type": "所签内容是时间戳",
    "tst-info": "时间戳为第 1 版格式",
    "imprint": "时间戳针对所查摘要",
    "imprint-algorithm": "摘要算法可信",
    "nonce": "回复对应本次请求",
    "policy": "时间戳依所要求的策略签发",
    "gen-time": "所载时间合理",
    "signed-attributes": "签名属性与内容相符",
    "signer": "签名者证书在案",
    "ess-cert-id": "签名以摘要指明签名者证书",
    "eku": "证书仅用于时间戳",
    "end-entity": "证书是用于签名的终端证书",
    "signature": "签名正确",
    "chain": "所载时间点上证书链通向可信根",
    "no-trust-root": "有可信根证书",
    "carried-material": "随附的证书和吊销列表均真实",
    "revocation": "证书链中无证书被吊销",
    # ledger records: chain_adapter.verify
    "entry_canonical": "账本记录格式正确",
    "platform_signature": "平台已签署该记录",
    "depositor_signature": "存证人已签署该记录",
    "receipt_entry": "回执对应该记录",
    "receipt_final": "记录已最终确认",
    "ledger_trusted": "账本可信",
    "receipt_checkpoint": "账本已签署回执的检查点",
    "receipt_time": "账本已签署该时间",
    "proof_checkpoint": "账本已签署证明的检查点",
    "proof_position": "证明对应回执所载位置",
    "trees_agree": "回执与证明出自同一棵树",
    "inclusion": "记录在账本中",
    # packages: timestamping.package
    "container": "证明包可读且无害",
    "manifest": "清单格式正确",
    "contents": "各文件均与清单一致",
    "trust": "信任锚可读",
    "entry": "账本记录格式正确",
    "signatures": "平台已签署账本记录",
    "token": "时间戳针对所记录的摘要且有效",
    "token-link": "账本记录指明该时间戳",
    "co-tokens": "其他机构的时间戳均有效",
    "metadata": "元数据与账本记录的承诺一致",
    "ledger": "记录已载入账本",
    "file": "文件与存证一致",
    "file-absent": "文件与存证一致",
    # letters: timestamping.pdf
    "letter-readable": "存证函是已签章的 PDF",
    "letter-signature": "存证函签章完好",
    "letter-whole": "签章和时间戳覆盖全函",
    "letter-unchanged": "签章后未被改动",
    "letter-time": "签章时间有时间戳为证",
    "letter-signer": "签章可信",
    "letter-attachments": "存证函所附材料与此一致",
    "letter-number": "存证函载有该编号和摘要",
    # folders: timestamping.package.folder
    "files": "各文件均与文件清单一致",
    # remote captures: forensics.verifier
    "capture-manifest": "采集清单格式正确",
    "capture-fingerprint": "采集清单即所存证的清单",
    "capture-files": "采集的各文件均与清单一致",
    "capture-events": "事件日志完整有序",
    "capture-chain": "录像链未中断",
    "capture-order": "录像自始至终完整有序",
    "capture-segments": "各录像段均为所录的原段",
    "capture-times": "时间、间断与漏拍相互一致",
    "capture-tokens": "录制期间的时间戳有效",
    "capture-cleanliness": "清洁性检查结果在案",
    "capture-terminal": "会话结束情况与所载一致",
    # draws: lottery.bundle.verifying
    "draw-manifest": "抽签清单格式正确",
    "draw-record": "清单所载即此抽签记录",
    "draw-tokens": "每一步均有有效的时间戳",
    "draw-ledger": "每一步均依次载入账本",
    "draw-times": "各步时间先后相符",
    "draw-named": "所列各人确在中签位置",
    # … and of its record: lottery.verifier
    "draw-transcript": "抽签记录可以读取",
    "draw-form": "记录格式规范、逐字节确定",
    "draw-chain": "各步首尾相接",
    "draw-step-signatures": "平台签署了每一步",
    "draw-config": "规则自始确定且成立",
    "draw-list": "名册确定且由主办方与公证员签署",
    "draw-order": "各步次序正确，记录完整",
    "draw-commitments": "每一方均在先承诺",
    "draw-shares": "秘密份额已分存并经逐一确认",
    "draw-dice": "公开掷骰足数且在公开秘密之前",
    "draw-reveals": "公开的秘密与承诺一致",
    "draw-recoveries": "未公开的秘密由份额恢复无误",
    "draw-deadline": "秘密均在信标之前公开",
    "draw-beacon": "信标出自约定的链与轮次",
    "draw-beacon-signature": "信标签名有效",
    "draw-seed": "种子重新计算一致",
    "draw-winners": "中签者重新计算一致",
    "draw-alternates": "候补者重新计算一致",
    "draw-final": "结果确定且与各轮一致",
    "draw-voids": "作废有据并由两方签署",
    "draw-attempts": "历次均在记录之中",
    "draw-audit": "核查样本由种子决定",
    "draw-leaves": "叶子文件即所承诺的名册",
    # notarial certificates: timestamping.certificate.verifying
    "certificate-readable": "公证书是已签名盖章的 PDF",
    "certificate-record": "公证书所附记录格式正确",
    "certificate-notary": "公证员签名完好",
    "certificate-second": "第二公证员签名完好",
    "certificate-seal": "公证机构印章完好",
    "certificate-whole": "签名和时间戳覆盖公证书全文",
    "certificate-unchanged": "签署后未被改动",
    "certificate-times": "签署时间均有时间戳为证",
    "certificate-notary-trusted": "公证员证书可信",
    "certificate-second-trusted": "第二公证员证书可信",
    "certificate-seal-trusted": "印章系公证机构所有",
    "certificate-check": "所附核验报告即公证书所依据的报告",
    "certificate-number": "全文载有同一编号",
    "certificate-date": "签署日期即出具日期",
    # … and their deposits: timestamping.certificate.bundle
    "certificate-manifest": "公证书文件清单格式正确",
    "certificate-attached": "记录与核验报告即公证书所附",
    "certificate-predecessor": "前一公证书指明无误",
    "certificate-subject": "所证明的存证本身核验通过",
    "certificate-subject-facts": "该存证即公证书所指",
    # archive volumes: timestamping.certificate.volume.verifying
    "volume-manifest": "卷宗文件清单格式正确",
    "volume-files": "卷宗与保管记录摘录均与清单一致",
    "volume-pdf": "卷宗属于该事项",
    "volume-certificates": "卷内各公证书证明包本身核验通过",
    "volume-numbers": "各证明包即所标编号的公证书",
    "volume-subject": "所涉存证的证明本身核验通过",
    "volume-concerned": "该存证即各公证书所指",
    "custody-form": "保管记录摘录属于该事项且有序",
    "custody-chain": "保管记录摘录各条未被改动",
    "custody-issued": "保管记录载有每份公证书的出具",
    # a file of a folder: portal.verification.service
    "listed": "载有该文件的清单即所存证的清单",
    # what was issued, and how it stands: portal.verification.service, .certificates
    "issued": "与所出具的逐字节相同",
    "certificate-status": "登记簿载明公证书现行有效",
}

#: kind of a trust anchor, in Chinese and English
ANCHORS: Final = {
    "root": ("根证书", "root"),
    "notary": ("公证员根证书", "notaries' root"),
    "ledger": ("账本公钥", "ledger key"),
    "platform": ("平台公钥", "platform key"),
    "depositor": ("存证人公钥", "depositor key"),
}
COMPARE: Final = (
    "信任锚随材料附送，请与公证机构公布的指纹比对：",
    "The trust anchors came with the evidence; compare them with those the office publishes:",
)
GIVEN: Final = ("依据所提供的信任锚：", "Judged by the trust anchors given:")
