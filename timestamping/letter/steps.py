"""How to verify, step by step, with commands that can be typed from paper."""

from __future__ import annotations

from typing import Any

from timestamping.letter.data import LetterData


def steps(data: LetterData) -> list[dict[str, Any]]:
    """Numbered by their order. The commands run in the unpacked proof package."""
    digest = data.entry.digests[0]
    return [
        _step(
            "扫描首页二维码，或在核验页输入函号或短码；页面显示的函号和摘要应与本函一致。",
            "Scan the QR code, or enter the letter number or short code on the verification page; "
            "number and digest shown there must equal those printed here.",
        ),
        _file_step(data),
        _step(
            "在 PDF 阅读器中查看签章：签名有效、签署后未改动；并把证书指纹与下列公布值比对。",
            "Look at the seal in a PDF reader: signature valid, document not changed since; "
            "compare the certificate's fingerprint with the published value below.",
            "pdfsig letter.pdf",
        ),
        _step(
            "用通用工具核验时间戳（令牌既附于本函，也在证明包中）。",
            "Verify the time-stamp with a common tool (the token is attached to this letter and "
            "is in the proof package).",
            f"openssl ts -verify -in token.tsr -digest {digest.hex} -CAfile trust/root.pem",
        ),
        _step(
            "离线核验整个证明包：摘要、时间戳、账本、签章逐项核对，不需联网。",
            "Verify the whole proof package offline: digest, time-stamp, ledger and seal, one by "
            "one, without a network.",
            "python -m portal.verification PACKAGE.zip FILE",
        ),
    ]


def _file_step(data: LetterData) -> dict[str, Any]:
    if data.files is None:
        return _step(
            "计算手中文件的 SHA-256，应与首页所载摘要逐位一致。",
            "Compute the SHA-256 of the file you hold; it must equal the digest on page 1.",
            "sha256sum FILE",
        )
    return _step(
        "计算所附清单 files.json 的 SHA-256，应与首页所载摘要逐位一致；再计算手中文件的 SHA-256，"
        "应载于清单。",
        "Compute the SHA-256 of the attached list files.json; it must equal the digest on page 1. "
        "Then compute the SHA-256 of the file you hold; it must stand in the list.",
        "sha256sum files.json FILE",
    )


def _step(zh: str, en: str, command: str = "") -> dict[str, Any]:
    return {"zh": zh, "en": en, "command": command}
