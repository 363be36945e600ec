"""Proof packages: built once, verified anywhere, by anybody, without asking the platform."""

from timestamping.package.build import Original, PackageParts, build_package
from timestamping.package.errors import (
    BadMember,
    CannotBuild,
    NotAPackage,
    PackageError,
    UnsafePackage,
)
from timestamping.package.evidence import Carried, More
from timestamping.package.folder import member_names, safe_name
from timestamping.package.manifest import Manifest
from timestamping.package.report import Facts, PackageReport, Result
from timestamping.package.verifier import verify_letter, verify_package

__all__ = [
    "BadMember",
    "CannotBuild",
    "Carried",
    "Facts",
    "Manifest",
    "More",
    "NotAPackage",
    "Original",
    "PackageError",
    "PackageParts",
    "PackageReport",
    "Result",
    "UnsafePackage",
    "build_package",
    "member_names",
    "safe_name",
    "verify_letter",
    "verify_package",
]
