"""Verifying a proof package, or a letter alone, with nothing but its bytes and trust anchors.

Checks, in this order:

 1. ``container``           a zip whose names, number and sizes of members are harmless
 2. ``manifest``            the manifest is well formed and canonical
 3. ``contents``            every file has the size and SHA-256 the manifest states, none is
                            missing, none is extra
 4. ``trust``               the anchors can be read
 5. ``entry``               the ledger entry is well formed and canonical
 6. ``signatures``          the platform signed it, and the depositor where they did
 7. ``token``               the RFC 3161 token holds by all its own checks, over the entry's SHA-256
 8. ``token-link``          the entry names this token by SHA-256
 9. ``co-tokens``           the tokens of other authorities hold too
10. ``metadata``            the salted digest of the metadata is the entry's
11. ``ledger``              receipt and inclusion proof hold by all their own checks
12. ``file``                the file offered, and the one in the package, has the entry's digests;
                            ``file-absent`` and undecided when there is neither
13. ``letter-readable``     … 18 ``letter-signer``: see :mod:`timestamping.pdf.verifier`
19. ``letter-attachments``  what the letter carries is what the package holds
20. ``letter-number``       the letter bears the manifest's number and the entry's digests
21. ``files``               of a folder: the list of files is well formed and the one recorded, and
                            what the package holds of the folder is every file listed, each under
                            its name with its digests, and nothing else
122. ``further-ledger``     of each further ledger, one after the other: its receipt and proof of
                            the same entry hold by all their own checks

Of a folder, 12 asks whether the file offered is the list recorded, or stands in it.

A letter alone has no container, manifest and contents: 1 to 3 are left out.

Anchors come from the evidence itself unless given; then a positive report only says that the
evidence agrees with itself, and the anchors' fingerprints must still be compared with those the
office publishes. Nothing is fetched from a network. Bad evidence never makes these functions raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome
from timestamping.filelist import BadList, FileList
from timestamping.package.container import Container, digest_stream, file_chunks
from timestamping.package.errors import BadMember, NotAPackage, UnsafePackage
from timestamping.package.evidence import Carried, Evidence, More, from_letter
from timestamping.package.folder import member_names
from timestamping.package.grounds import sha256_of
from timestamping.package.judge import judge
from timestamping.package.manifest import BadManifest, Manifest
from timestamping.package.report import PackageReport
from timestamping.package_files import FILE_LIST, FILES, MANIFEST, TRUST
from timestamping.package_trust import BadTrust, PackageTrust
from timestamping.pdf.errors import BadPdf
from timestamping.pdf.verifier import MAX_LETTER
from timestamping.trust import TrustStore

_ALGORITHMS: Final = ("sha256", "sha384", "sha512", "sm3")
_TITLES: Final = {
    "container": (1, "The package is readable and harmless"),
    "manifest": (2, "The manifest is well formed"),
    "contents": (3, "Every file is the one the manifest lists"),
    "trust": (4, "The trust anchors can be read"),
}


def verify_package(
    path: Path,
    *,
    file: Path | None = None,
    trust: PackageTrust | None = None,
    more: More | None = None,
) -> PackageReport:
    """Judge the package at ``path``, comparing ``file`` when given, under ``trust`` when given.

    ``path`` may also be a letter (PDF). ``more`` is asked for further checks where several files
    were deposited together.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(5)
            if start == b"%PDF-":
                letter = start + stream.read(MAX_LETTER)
                return verify_letter(letter, file=file, trust=trust, more=more)
        with Container(path) as container:
            return _verify(container, file, trust, more)
    except OSError as error:
        return _stopped("container", Outcome.UNKNOWN, f"{path.name}: {error.strerror}")
    except NotAPackage as error:
        return _stopped("container", Outcome.UNKNOWN, str(error))
    except UnsafePackage as error:
        return _stopped("container", Outcome.FAIL, str(error))


def verify_letter(
    pdf: bytes,
    *,
    file: Path | None = None,
    trust: PackageTrust | None = None,
    more: More | None = None,
) -> PackageReport:
    """Judge a letter alone by the evidence it carries; arguments as :func:`verify_package`."""
    try:
        members, anchors = from_letter(pdf)
    except BadPdf as error:
        return _stopped("container", Outcome.UNKNOWN, str(error))
    try:
        own = PackageTrust.from_json(anchors)
    except BadTrust as error:
        return _stopped("trust", Outcome.FAIL, str(error))
    return _judged([], Evidence(members, own), file, trust, more)


def _verify(
    container: Container, file: Path | None, trust: PackageTrust | None, more: More | None
) -> PackageReport:
    checks = [_passed("container", f"{len(container.names)} members")]
    if MANIFEST not in container.names:
        return _stopped("container", Outcome.UNKNOWN, "this is no proof package: no manifest")
    try:
        manifest = Manifest.decode(container.read(MANIFEST))
    except (BadManifest, BadMember) as error:
        return _stopped("manifest", Outcome.FAIL, str(error), checks)
    checks.append(_passed("manifest", manifest.number))
    try:
        members, digests = _contents(container, manifest)
    except BadMember as error:
        return _stopped("contents", Outcome.FAIL, str(error), checks)
    checks.append(_passed("contents", f"{len(manifest.files)} files"))
    try:
        own = PackageTrust.from_files(
            {name[len(TRUST) :]: data for name, data in members.items() if name.startswith(TRUST)}
        )
    except BadTrust as error:
        return _stopped("trust", Outcome.FAIL, str(error), checks)
    evidence = Evidence(members, own, manifest.number, digests)
    return _judged(checks, evidence, file, trust, more, container)


def _contents(
    container: Container, manifest: Manifest
) -> tuple[dict[str, bytes], dict[str, dict[str, bytes]]]:
    """Small members whole, and the digests of what lies in ``files/``.

    Raises:
        BadMember: naming the first file that is not what the manifest says.
    """
    listed = {each.name: each for each in manifest.files}
    for name in sorted(listed.keys() ^ (container.names - {MANIFEST})):
        raise BadMember(f"{name} is {'missing' if name in listed else 'not in the manifest'}")
    members: dict[str, bytes] = {}
    digests: dict[str, dict[str, bytes]] = {}
    for name, expected in listed.items():
        if container.size(name) != expected.size:
            raise BadMember(f"{name} has {container.size(name)} bytes, not {expected.size}")
        if name.startswith(FILES):
            found = digests[name] = container.digests(name, _ALGORITHMS)
        else:
            members[name] = container.read(name)
            found = digest_stream((members[name],), ("sha256",))
        if found["sha256"].hex() != expected.sha256:
            raise BadMember(f"{name} is not the file the manifest lists: its SHA-256 differs")
    return members, digests


def _judged(
    checks: list[Check],
    evidence: Evidence,
    file: Path | None,
    given: PackageTrust | None,
    more: More | None,
    container: Container | None = None,
) -> PackageReport:
    trust = evidence.trust if given is None else helped(given, evidence.trust)
    digests = dict(evidence.digests)
    if file is not None:
        try:
            digests[file.name] = digest_stream(file_chunks(file), _ALGORITHMS)
        except OSError as error:
            return _stopped("file", Outcome.UNKNOWN, f"{file.name}: {error.strerror}", checks)
    anchors = trust.fingerprints()
    checks.append(_passed("trust", f"{len(anchors)} anchors"))
    found, examined = judge(replace(evidence, trust=trust, digests=digests))
    listed = evidence.members.get(FILE_LIST)
    if more is not None and listed is not None:
        sha256 = sha256_of(examined.recorded).hex if examined.recorded else ""
        opener = _opener(container, evidence, listed)
        found.extend(more(Carried(listed, sha256, opener, trust.certificates, trust.ledger, trust)))
    return PackageReport(
        checks=(*checks, *found),
        facts=examined.facts(),
        anchors=anchors,
        anchors_given=trust.given,
        steps=examined.steps,
    )


def _opener(
    container: Container | None, evidence: Evidence, listed: bytes
) -> Callable[[str], BinaryIO] | None:
    """Opens a file by its path in the list; None when there are no files, or no list."""
    if container is None or not evidence.carried():
        return None
    try:
        members = member_names(FileList.decode(listed))
    except BadList:
        return None
    names = {file.path: name for name, file in members.items()}
    return lambda path: container.open(names[path])


def helped(given: PackageTrust, own: PackageTrust) -> PackageTrust:
    """Given anchors, with what of the evidence's own helps and is believed for nothing:
    intermediate certificates, revocation lists (signed by their issuers), depositors' keys (named
    in the entry by digest)."""
    helpful = TrustStore((), own.certificates.intermediates, own.certificates.crls)
    depositors = Trust(depositors=own.ledger.depositors)
    return PackageTrust(
        given.certificates.merge(helpful),
        depositors | given.ledger,
        own.seal,
        given=True,
        notaries=given.notaries.merge(TrustStore((), (), own.notaries.crls)),
    )


def _passed(code: str, detail: str) -> Check:
    number, title = _TITLES[code]
    return Check(number, code, title, Outcome.PASS, detail)


def _stopped(
    code: str, outcome: Outcome, detail: str, before: list[Check] | None = None
) -> PackageReport:
    """A report that ends here, because nothing behind this check can be looked at."""
    number, title = _TITLES.get(code, (12, "The file is the one deposited"))
    return PackageReport((*(before or ()), Check(number, code, title, outcome, detail)))
