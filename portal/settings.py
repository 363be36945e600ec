"""The portal's settings: frozen, parsed once, and the only place that reads the environment.

Every setting may also stand in a ``.env`` file beside ``wsgi.py``. ``docs/operations.md`` describes
each one; a test holds the two lists equal.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


def _zone(name: str) -> str:
    ZoneInfo(name)  # raises on a zone that does not exist
    return name


def _digests(value: str) -> str:
    names = value.split(",")
    if names not in (["sha256"], ["sha256", "sm3"]):
        raise ValueError("DIGESTS is 'sha256' or 'sha256,sm3': SM3 stands beside SHA-256")
    return value


def _networks(value: str) -> str:
    for each in value.replace(",", " ").split():
        ip_network(each)  # raises on what is no network
    return value


class Settings(BaseSettings):
    """One attribute per setting; the environment variable has the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore")

    # The place
    environment: Environment = Environment.DEVELOPMENT
    data_dir: Path = Path("var")
    base_url: str = "http://127.0.0.1:8000"
    bind: str = "127.0.0.1:8000"
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    log_level: str = "INFO"

    # The office, as letters name it
    office_name_zh: str = "示例公证处"
    office_name_en: str = "Example Notary Office"
    platform_name_zh: str = "公证存证平台"
    platform_name_en: str = "Notary Evidence Portal"
    filing_number: str = ""
    office_code: Annotated[str, Field(pattern="^[A-Z0-9]{1,12}$")] = "DEMO"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    default_locale: str = "zh"

    # Secrets. Without SECRET_KEY one is made in DATA_DIR/keys at the first start.
    secret_key: SecretStr | None = None
    key_passphrase: SecretStr | None = None

    # Where things are kept; relative paths are below DATA_DIR
    database_url: str = ""
    redis_url: str = ""
    vault: str = "file:vault"

    # The spine
    digests: Annotated[str, AfterValidator(_digests)] = "sha256"
    stampers: str = "embedded:"
    stamp_mode: Annotated[str, Field(pattern="^(fallback|costamp)$")] = "fallback"
    stamper_trust: Path | None = None
    ledgers: str = "tlog:ledger"
    ledger_origin: str = ""
    ledgers_required: Annotated[int, Field(ge=1, le=8)] = 1
    consortium_rule: Path | None = None

    # The embedded TSA
    tsa_key_type: Annotated[str, Field(pattern="^(p256|p384|rsa3072)$")] = "p256"
    tsa_policy: Annotated[str, Field(pattern=r"^[0-2](\.\d+)+$")] = "1.3.6.1.4.1.62626.1.1"
    tsa_accuracy_ms: Annotated[int, Field(ge=0, le=60_000)] = 1000
    tsa_require_clock_sync: bool = False

    # Limits
    max_upload_bytes: Annotated[int, Field(ge=1)] = 2 * 1024**3
    max_json_bytes: Annotated[int, Field(ge=1024)] = 4 * 1024**2
    max_batch_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024**2
    draft_files: Annotated[int, Field(ge=1, le=10_000)] = 5000
    draft_bytes: Annotated[int, Field(ge=1)] = 20 * 1024**3
    draft_hours: Annotated[int, Field(ge=1, le=24 * 90)] = 72
    rate_limit: str = "600 per minute"
    sign_in_rate_limit: str = "20 per minute"

    # Accounts
    registration_open: bool = True
    confirm_email: bool = True
    session_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 12
    fresh_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    second_factor_roles: str = "notary operator administrator"

    # Mail
    mail: SecretStr = SecretStr("file:mail")  # it may hold the mail server's password
    mail_from: str = "no-reply@portal.invalid"

    # Webhooks
    webhook_allow_private: Annotated[str, AfterValidator(_networks)] = ""
    webhook_senders: Annotated[int, Field(ge=2, le=64)] = 8
    webhook_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10.0
    webhook_disable_days: Annotated[int, Field(ge=1, le=60)] = 5
    webhook_log_days: Annotated[int, Field(ge=1, le=365)] = 30

    # Remote captures
    desktops: str = "local:"
    gateway_bind: str = "127.0.0.1:8001"
    gateway_url: str = ""
    capture_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    capture_idle_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    capture_concurrent: Annotated[int, Field(ge=1, le=100)] = 2
    capture_daily: Annotated[int, Field(ge=1, le=10_000)] = 50
    capture_open: Annotated[int, Field(ge=1, le=1000)] = 20
    capture_keep_days: Annotated[int, Field(ge=1, le=365)] = 30
    capture_addresses: Annotated[int, Field(ge=1, le=500)] = 50
    capture_schedules: Annotated[int, Field(ge=1, le=1000)] = 20
    capture_memory_bytes: Annotated[int, Field(ge=512 * 1024**2)] = 2 * 1024**3
    capture_disk_bytes: Annotated[int, Field(ge=64 * 1024**2)] = 1024**3
    capture_upload_bytes: Annotated[int, Field(ge=1024)] = 100 * 1024**2

    # Draws
    draw_open: Annotated[int, Field(ge=1, le=10_000)] = 30
    draw_entries: Annotated[int, Field(ge=1, le=50_000_000)] = 50_000_000
    draw_list_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024**3
    draw_invitation_days: Annotated[int, Field(ge=1, le=90)] = 14
    drand_urls: str = ""
    drand_allow_private: Annotated[str, AfterValidator(_networks)] = ""
    drand_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 5.0

    # The notary's desk
    second_notary: Literal["never", "draws", "always"] = "never"
    pkcs11_module: Path | None = None
    notary_trust: Path | None = None

    # Applications for certificates
    matter_document_bytes: Annotated[int, Field(ge=1024)] = 20 * 1024**2

    # Custody and privacy
    custody_anchor_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 24
    erasure_cooling_days: Annotated[int, Field(ge=0, le=365)] = 7
    retention_originals_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    retention_mail_days: Annotated[int, Field(ge=1, le=3650)] = 30

    # What is kept, read again
    vouch_days: Annotated[int, Field(ge=0, le=3650)] = 30
    vouch_daily: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,8}|[1-9][0-9]?%|100%)?$")] = ""
    vouch_bytes_per_second: Annotated[int, Field(ge=64 * 1024)] = 16 * 1024**2

    # Packets at deposit nodes
    packets: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,2}/[1-9][0-9]{0,2}(\+sealed)?)?$")] = ""

    # The worker
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    sweep_seconds: Annotated[float, Field(gt=0, le=300)] = 2.0
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 256

    @model_validator(mode="after")
    def _ledgers_suffice(self) -> Self:
        if self.ledgers_required > len(self.ledgers.split()):
            raise ValueError("LEDGERS_REQUIRED is more than the ledgers that LEDGERS names")
        return self

    @model_validator(mode="after")
    def _production_is_explicit(self) -> Self:
        """Development stand-ins refuse production unless they are named."""
        if self.environment is not Environment.PRODUCTION:
            return self
        if "base_url" not in self.model_fields_set or not self.base_url.startswith("https://"):
            raise ValueError("BASE_URL must be the portal's https:// address in production")
        if "stampers" not in self.model_fields_set:
            raise ValueError(
                "STAMPERS must be named in production; 'embedded:' is allowed, but a self-run "
                "time-stamping authority adds no independent trust and every letter says so"
            )
        if not {"mail", "mail_from"} <= self.model_fields_set:
            raise ValueError(
                "MAIL and MAIL_FROM must be named in production: people confirm addresses and "
                "choose new passwords by mail, and 'file:mail' reaches nobody"
            )
        if self.key_passphrase is None:
            raise ValueError("KEY_PASSPHRASE must be set in production: keys are kept encrypted")
        return self

    def path(self, name: str | Path) -> Path:
        """``name`` below DATA_DIR, unless it is absolute."""
        return (self.data_dir / name).absolute()

    @property
    def database(self) -> str:
        """The SQLAlchemy URL; SQLite below DATA_DIR when DATABASE_URL is empty."""
        url = self.database_url or f"sqlite:///{self.path('portal.db')}"
        # The drivers' plain names are what people paste from elsewhere.
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def gateway(self) -> str:
        """Where browsers reach the gateway to desktops: ``ws(s)://…`` without a slash at the end.

        Behind https it lies below the portal's own address, which the proxy in front hands on.
        """
        if self.gateway_url:
            return self.gateway_url.rstrip("/")
        base = urlsplit(self.base_url)
        if base.scheme == "https":
            return f"wss://{base.netloc}/desktop"
        return f"ws://{base.hostname}:{self.gateway_bind.rpartition(':')[2]}"

    @property
    def digest_algorithms(self) -> tuple[str, ...]:
        return tuple(self.digests.split(","))

    @property
    def passphrase(self) -> str | None:
        return self.key_passphrase.get_secret_value() if self.key_passphrase else None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def production(self) -> bool:
        return self.environment is Environment.PRODUCTION
