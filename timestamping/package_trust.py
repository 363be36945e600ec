"""The anchors a package or letter is judged by: certificates, ledger keys, platform keys.

A package carries its own anchors so that it can be examined anywhere; but anchors that come with
the evidence prove nothing by themselves. Their fingerprints must be compared with those the office
publishes, or the anchors be given out of band as a folder:

```
root.pem      trusted roots, one or several      tsa.pem, seal.pem   other certificates
crl.pem       revocation lists                   ledger.vkey         one verifier key a line
platform.pem  Ed25519 public keys (RFC 8410)     depositor.pem        keys and certificates of
                                                                     co-signing depositors
notary.pem    outside roots of notaries' certificates, and revocation lists of their authorities
witness.policy     which deposit nodes must have cosigned which ledger (RFC 8785)
validators.policy  which validators must have sealed the blocks of which contract's chain (RFC 8785)
```

A root in ``notary.pem`` vouches for the signatures of notaries and for nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import rfc8785
from asn1crypto import pem, x509

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.validators import decode_validators, encode_validators
from chain_adapter.keys import key_id_of
from chain_adapter.quorum import Quorum, decode_quorums, encode_quorums, node_keys
from chain_adapter.trust import Trust
from timestamping.trust import InvalidTrust, TrustStore

#: A trust file larger than this is not read, bytes.
MAX_FILE: Final = 1 << 20
ROOT, TSA, SEAL, CRL = "root.pem", "tsa.pem", "seal.pem", "crl.pem"
LEDGER, PLATFORM, DEPOSITOR = "ledger.vkey", "platform.pem", "depositor.pem"
NOTARY: Final = "notary.pem"
WITNESS: Final = "witness.policy"
VALIDATORS: Final = "validators.policy"
#: SubjectPublicKeyInfo of Ed25519 up to the 32 raw bytes (RFC 8410 §4).
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
NAMES: Final = (ROOT, TSA, SEAL, CRL, LEDGER, PLATFORM, DEPOSITOR, NOTARY, WITNESS, VALIDATORS)


class BadTrust(ValueError):
    """The trust files cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``kind`` is "root", "notary", "ledger", "quorum", "node", "validator" or "platform";
    ``value`` the SHA-256 of the certificate's DER in hexadecimal, the key or address itself as
    people compare it, or how many of how many nodes are needed, and from which entry on."""

    kind: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PackageTrust:
    """Certificates (DER), ledger verifier keys by ledger id, platform keys (32 raw bytes) by key
    id. ``seal`` holds the seal's certificate, which is not itself an anchor. ``given`` is True when
    the anchors came out of band. ``notaries`` holds the outside roots of notaries' certificates,
    and revocation lists; the office's own notaries are under ``certificates``."""

    certificates: TrustStore
    ledger: Trust
    seal: tuple[bytes, ...] = ()
    given: bool = False
    notaries: TrustStore = field(default_factory=TrustStore)

    def with_depositor(self, key: bytes) -> PackageTrust:
        """The same, with the key or certificate a deposit was signed with; empty changes nothing:
        such a key needs no warrant but the entry, which names it by digest."""
        if not key:
            return self
        known = Trust(depositors={key_id_of(key): key})
        return replace(self, ledger=self.ledger | known)

    def files(self) -> dict[str, bytes]:
        """The trust folder: file name to bytes, the inverse of :meth:`from_files`."""
        store = self.certificates
        return {
            ROOT: store.roots_pem().encode(),
            TSA: store.intermediates_pem().encode(),
            SEAL: _armor("CERTIFICATE", self.seal),
            CRL: store.crls_pem().encode(),
            LEDGER: "".join(f"{key}\n" for key in self.ledger.ledgers.values()).encode(),
            PLATFORM: _public_keys(self.ledger.platforms),
            DEPOSITOR: _depositors(self.ledger.depositors),
            NOTARY: (self.notaries.roots_pem() + self.notaries.crls_pem()).encode(),
            WITNESS: encode_quorums(self.ledger.quorums),
            VALIDATORS: encode_validators(self.ledger.validators),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, given: bool = False) -> PackageTrust:
        """Read a trust folder held in memory; missing files are empty.

        Raises:
            BadTrust: a file is too large or not of its kind.
        """
        roots = _store(files, ROOT, anchors=True).roots
        others = _store(files, TSA).merge(_store(files, CRL))
        store = TrustStore(roots, others.intermediates, others.crls)
        seal = _store(files, SEAL).intermediates
        try:
            trust = Trust(
                ledgers=_ledgers(files),
                platforms=_keys(files, PLATFORM),
                depositors=_keys(files, DEPOSITOR, certificates=True),
                quorums=_quorums(files),
                validators=_validators(files),
            )
        except InvalidProof as error:
            raise BadTrust(f"{LEDGER}: {error}") from error
        return cls(store, trust, seal, given, _store(files, NOTARY, anchors=True))

    @classmethod
    def from_folder(cls, folder: Path) -> PackageTrust:
        """Read anchors that somebody obtained out of band.

        Raises:
            BadTrust: no such folder, or a file in it cannot be read.
        """
        if not folder.is_dir():
            raise BadTrust(f"{folder} is not a folder")
        files: dict[str, bytes] = {}
        for name in NAMES:
            path = folder / name
            if path.is_file():
                if path.stat().st_size > MAX_FILE:
                    raise BadTrust(f"{name} is larger than {MAX_FILE} bytes")
                files[name] = path.read_bytes()
        return cls.from_files(files, given=True)

    def to_json(self) -> bytes:
        """The trust folder as one RFC 8785 document, for the letter's attachment."""
        files = self.files()
        for name in (
            NOTARY,
            WITNESS,
            VALIDATORS,
        ):  # letters from before these carry the same document
            if not files[name]:
                del files[name]
        return rfc8785.dumps({name: data.decode() for name, data in files.items()})

    @classmethod
    def from_json(cls, data: bytes) -> PackageTrust:
        """Inverse of :meth:`to_json`.

        Raises:
            BadTrust: not such a document.
        """
        try:
            files = json.loads(data)
            return cls.from_files({str(name): text.encode() for name, text in files.items()})
        except (ValueError, AttributeError) as error:
            raise BadTrust(f"trust.json cannot be read: {error}") from error

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """What must be compared with the values the office publishes."""
        roots = (_fingerprint("root", der) for der in self.certificates.roots)
        notaries = (_fingerprint("notary", der) for der in self.notaries.roots)
        ledgers = (Fingerprint("ledger", *item) for item in self.ledger.ledgers.items())
        nodes = (
            each
            for ledger, quorum in self.ledger.quorums.items()
            for each in _nodes(ledger, quorum)
        )
        platforms = (
            Fingerprint("platform", key_id, key.hex())
            for key_id, key in self.ledger.platforms.items()
        )
        validators = (
            Fingerprint("validator", ledger, address)
            for ledger, addresses in self.ledger.validators.items()
            for address in addresses
        )
        return (*roots, *notaries, *ledgers, *nodes, *validators, *platforms)


def _fingerprint(kind: str, der: bytes) -> Fingerprint:
    name = x509.Certificate.load(der).subject.human_friendly
    return Fingerprint(kind, name, hashlib.sha256(der).hexdigest())


def _nodes(ledger: str, quorum: Quorum) -> Iterable[Fingerprint]:
    needed = f"{quorum.need}/{len(quorum.nodes)}"
    yield Fingerprint("quorum", ledger, f"{needed} > {quorum.since}" if quorum.since else needed)
    for key, vkey in zip(node_keys(quorum.nodes), quorum.nodes, strict=True):
        yield Fingerprint("node", key.name, vkey)


def _armor(kind: str, ders: Iterable[bytes]) -> bytes:
    return b"".join(pem.armor(kind, der) for der in ders)


def _public_keys(keys: Mapping[str, bytes]) -> bytes:
    return _armor("PUBLIC KEY", (_SPKI + key for key in keys.values()))


def _depositors(keys: Mapping[str, bytes]) -> bytes:
    """Raw keys as public keys, the others as the certificates they are."""
    raw = {key_id: key for key_id, key in keys.items() if len(key) == 32}
    others = [key for key_id, key in keys.items() if key_id not in raw]
    return _public_keys(raw) + _armor("CERTIFICATE", others)


def _store(files: Mapping[str, bytes], name: str, *, anchors: bool = False) -> TrustStore:
    data = files.get(name, b"")
    if not data:
        return TrustStore()
    try:
        return TrustStore.from_pem(data, anchors=anchors)
    except InvalidTrust as error:
        raise BadTrust(f"{name}: {error}") from error


def _ledgers(files: Mapping[str, bytes]) -> dict[str, str]:
    """Ledger id to verifier key (c2sp.org/signed-note); the id stands before the first "+"."""
    try:
        lines = files.get(LEDGER, b"").decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadTrust(f"{LEDGER} is not text") from error
    keys = [line.strip() for line in lines if line.strip()]
    for key in keys:
        if key.count("+") < 2:
            raise BadTrust(f"{LEDGER}: {key[:60]!r} is not a verifier key")
    return {key.split("+", 1)[0]: key for key in keys}


def _quorums(files: Mapping[str, bytes]) -> dict[str, Quorum]:
    try:
        return decode_quorums(files.get(WITNESS, b""))
    except InvalidProof as error:
        raise BadTrust(f"{WITNESS}: {error}") from error


def _validators(files: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    try:
        return decode_validators(files.get(VALIDATORS, b""))
    except InvalidProof as error:
        raise BadTrust(f"{VALIDATORS}: {error}") from error


def _keys(files: Mapping[str, bytes], name: str, *, certificates: bool = False) -> dict[str, bytes]:
    """Key id to raw key; to the DER of a certificate too, where those are taken."""
    data = files.get(name, b"")
    if not data:
        return {}
    try:
        blocks = [(kind, der) for kind, _, der in pem.unarmor(data, multiple=True)]
    except ValueError as error:
        raise BadTrust(f"{name} is not PEM: {error}") from error
    keys = [
        der if certificates and kind == "CERTIFICATE" else _raw(name, kind, der)
        for kind, der in blocks
    ]
    return {key_id_of(key): key for key in keys}


def _raw(name: str, kind: str, der: bytes) -> bytes:
    if kind != "PUBLIC KEY" or len(der) != len(_SPKI) + 32 or not der.startswith(_SPKI):
        raise BadTrust(f"{name} holds something else than an Ed25519 public key")
    return der[len(_SPKI) :]
