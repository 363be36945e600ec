"""Notarial certificates (公证书): set, signed by the notary, sealed by the office, verified."""

from timestamping.certificate.bundle import verify_bundle
from timestamping.certificate.data import (
    CERTIFICATE,
    CORRECTION,
    REVOCATION,
    CertificateData,
    CertificateParty,
    CertifiedDeposit,
    CheckedGroup,
    MachineCheck,
    NotaryPerson,
    Predecessor,
    number_zh,
)
from timestamping.certificate.errors import (
    BadContainer,
    BadFiles,
    BadRecord,
    CertificateError,
    Expired,
    HsmMissing,
    KeyMismatch,
    NotForSigning,
    NotYetValid,
    Revoked,
    SigningKeyError,
    TokenMissing,
    Untrusted,
    WeakKey,
    WrongPassword,
)
from timestamping.certificate.examine import (
    CertificateReport,
    certificate_report,
    is_certificate,
    verify_evidence,
)
from timestamping.certificate.files import CertificateFiles, read_files, write_manifest
from timestamping.certificate.fitness import check_signing_certificate
from timestamping.certificate.record import (
    CertificateRecord,
    RecordedCheck,
    read_record,
    record_document,
)
from timestamping.certificate.render import render_certificate
from timestamping.certificate.signer import NotarySigner
from timestamping.certificate.signing import sign_certificate
from timestamping.certificate.verifying import CertificateVerdict, verify_certificate

__all__ = [
    "CERTIFICATE",
    "CORRECTION",
    "REVOCATION",
    "BadContainer",
    "BadFiles",
    "BadRecord",
    "CertificateData",
    "CertificateError",
    "CertificateFiles",
    "CertificateParty",
    "CertificateRecord",
    "CertificateReport",
    "CertificateVerdict",
    "CertifiedDeposit",
    "CheckedGroup",
    "Expired",
    "HsmMissing",
    "KeyMismatch",
    "MachineCheck",
    "NotForSigning",
    "NotYetValid",
    "NotaryPerson",
    "NotarySigner",
    "Predecessor",
    "RecordedCheck",
    "Revoked",
    "SigningKeyError",
    "TokenMissing",
    "Untrusted",
    "WeakKey",
    "WrongPassword",
    "certificate_report",
    "check_signing_certificate",
    "is_certificate",
    "number_zh",
    "read_files",
    "read_record",
    "record_document",
    "render_certificate",
    "sign_certificate",
    "verify_bundle",
    "verify_certificate",
    "verify_evidence",
    "write_manifest",
]
