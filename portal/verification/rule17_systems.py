"""Rule 17, systems and standards: how things are kept, who may act, which formats and keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from asn1crypto import x509

from portal.audit.custody import last_anchored
from portal.services import Services
from portal.settings import Settings
from portal.verification.sheet import Row, said
from portal.verification.software import software
from timestamping.authority.clock import kernel_synchronised
from timestamping.letter.words import Words

_YES: Final = said("是", "yes")
_NO: Final = said("否", "no")


def safety(services: Services) -> tuple[Row, ...]:
    """Storage, keys, access, custody, clock, capture desktops."""
    return tuple(_safety(services))


def standards(services: Services) -> tuple[Row, ...]:
    """Deposit, encryption, transmission, verification."""
    return tuple(_standards(services))


def _safety(services: Services) -> Iterator[Row]:
    settings = services.settings
    encrypted = said(
        f"{services.vault.scheme}：写入前以 age（X25519、ChaCha20-Poly1305）加密，同一键不可改写",
        f"{services.vault.scheme}: encrypted with age (X25519, ChaCha20-Poly1305) before it is "
        "written; what stands under a key is never replaced",
    )
    yield Row(Words("原件保存", "Originals are kept"), encrypted, "VAULT")
    yield Row(
        Words("密钥文件加密保存", "Key files are encrypted"),
        _YES if settings.key_passphrase is not None else _NO,
        "KEY_PASSPHRASE",
    )
    roles = ", ".join(settings.second_factor_roles.split())
    label = Words("须用第二重验证的角色", "Roles that need a second factor")
    yield Row(label, said(roles) if roles else None, "SECOND_FACTOR_ROLES")
    yield from _custody(services)
    yield _clock(settings)
    yield _desktops(settings)
    days = settings.retention_originals_days
    yield Row(
        Words("原件保存期限", "Originals are kept for"),
        said(f"{days} 天", f"{days} days")
        if days
        else said("未设期限，直至申请删除", "no limit, until erasure is asked for"),
        "RETENTION_ORIGINALS_DAYS",
    )


def _custody(services: Services) -> Iterator[Row]:
    hours = services.settings.custody_anchor_hours
    yield Row(
        Words("保管链日志上链", "The custody log is anchored"),
        said(f"每 {hours} 小时", f"every {hours} hours")
        if hours
        else said("不自动", "not by itself"),
        "CUSTODY_ANCHOR_HOURS",
    )
    with services.database.reading() as session:
        latest = last_anchored(session)
    label = Words("最近一次上链", "Last anchored")
    yield Row(label, said(latest.isoformat()) if latest else None, "audit_anchors")


def _clock(settings: Settings) -> Row:
    known = {True: _YES, False: _NO, None: None}[kernel_synchronised()]
    needed = settings.tsa_require_clock_sync
    demand = Words("；未同步则停止签发", "; nothing is stamped while it is not")
    value = Words(known.zh + demand.zh, known.en + demand.en) if known and needed else known
    return Row(Words("系统时钟已同步", "The clock is synchronised"), value, "adjtimex(2)")


def _desktops(settings: Settings) -> Row:
    """Which kinds are configured; whether one is to be had just now is not asked."""
    kinds = sorted({name.partition(":")[0] for name in settings.desktops.split()})
    value = said(
        f"{'、'.join(kinds)}：独立的网络与用户，启用输入前检查清洁性并录像",
        f"{', '.join(kinds)}: a network and a user of its own, checked for cleanliness and "
        "recorded before any input",
    )
    none = said("无", "none")
    return Row(Words("取证桌面", "Desktops for captures"), value if kinds else none, "DESKTOPS")


def _standards(services: Services) -> Iterator[Row]:
    settings = services.settings
    names = {"sha256": "SHA-256 (GB/T 18238.3, FIPS 180-4)", "sm3": "SM3 (GB/T 32905)"}
    digests = ", ".join(names[each] for each in settings.digest_algorithms)
    yield Row(Words("摘要", "Digests"), said(digests), "DIGESTS")
    yield Row(
        Words("时间戳", "Time-stamps"),
        said("RFC 3161，签发后即按十八项检查复核", "RFC 3161, verified by eighteen checks at once"),
        "STAMPERS",
    )
    if services.authority is not None:
        accuracy = f"{settings.tsa_policy}, ± {settings.tsa_accuracy_ms} ms"
        label = Words("自运营时间戳策略与精度", "Policy and accuracy of the own service")
        yield Row(label, said(accuracy), "TSA_POLICY, TSA_ACCURACY_MS")
        yield _certificate(
            Words("自运营时间戳证书", "Certificate of the own service"), services.pki.tsa
        )
    yield Row(
        Words("账本", "Ledger"),
        said("RFC 6962 默克尔树，C2SP 检查点", "RFC 6962 Merkle tree, C2SP checkpoints")
        if services.ledger.scheme in ("tlog", "witness")
        else said(services.ledger.scheme),
        "LEDGERS",
    )
    for key in services.ledger.trust().ledgers.values():
        yield Row(Words("账本公钥", "Ledger key"), said(key), "/ledger/key")
    yield Row(Words("平台签名密钥", "Platform key"), said(services.entry_key.key_id), "keys")
    yield Row(
        Words("存证函与报告", "Letters and reports"),
        said(
            "PDF/A-3b（ISO 19005-3），PAdES B-LTA（ETSI EN 319 142-1）",
            "PDF/A-3b (ISO 19005-3), PAdES B-LTA (ETSI EN 319 142-1)",
        ),
        "—",
    )
    yield _certificate(Words("签章证书", "Certificate of the seal"), services.pki.seal.certificate)
    yield _transmission(settings)
    running = software()
    own = f"{running.name} {running.version}, SHA-256 {running.sha256}"
    yield Row(
        Words("核验", "Verification"),
        Words(f"在线与离线同一程序：{own}", f"the same program online and offline: {own}"),
        "python -m portal.verification",
    )


def _transmission(settings: Settings) -> Row:
    label = Words("传输加密", "Transmission")
    if settings.base_url.startswith("https://"):
        return Row(label, said("HTTPS（TLS）", "HTTPS (TLS)"), "BASE_URL")
    return Row(label, said("HTTP，未加密", "HTTP, not encrypted"), "BASE_URL")


def _certificate(label: Words, der: bytes) -> Row:
    found = x509.Certificate.load(der)
    validity = f"{found.not_valid_before:%Y-%m-%d} – {found.not_valid_after:%Y-%m-%d}"
    name, digest = found.subject.human_friendly, hashlib.sha256(der).hexdigest()
    return Row(label, said(f"{name}; {validity}; SHA-256 {digest}"), "/pki/root.crt")
