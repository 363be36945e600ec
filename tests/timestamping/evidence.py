"""A small notary office in memory: a real PKI, a real log, real signatures, invented deposits.

Tests of letters, packages and the offline verifier share it, and so does the benchmark.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.checkpoint import sign_checkpoint
from chain_adapter.digest import Digest, digest_of
from chain_adapter.entry import Entry
from chain_adapter.keys import EntryKey, meta_digest
from chain_adapter.merkle import inclusion_proof, leaf_hash, root_of
from chain_adapter.note import NoteSigner
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt, Status
from chain_adapter.trust import Trust
from timestamping.authority.embedded import EmbeddedStamper
from timestamping.authority.pki import Pki
from timestamping.letter.data import (
    CustodyEvent,
    Depositor,
    Item,
    LetterData,
    Office,
    Times,
)
from timestamping.letter.strength import LedgerKind, StrengthFacts
from timestamping.letter.words import Words
from timestamping.package.manifest import Listed, Manifest
from timestamping.package_files import MANIFEST
from timestamping.package_trust import PackageTrust
from timestamping.pdf.sealer import Sealer
from timestamping.token import Token
from timestamping.trust import TrustStore

OFFICE = Office(
    name=Words("示范市公证处", "Notary Office of Example City"),
    platform=Words("示范公证存证平台", "Example Evidence Platform"),
    location=Words("示范市中山路 1 号", "1 Zhongshan Road, Example City"),
    website="https://notary.example",
)
CONTENT = b"the original, byte for byte\n"


class Log:
    """An append-only log of entries under one key (RFC 6962), in memory."""

    def __init__(self, origin: str = "notary.example/ledger") -> None:
        self.signer = NoteSigner(origin, Ed25519PrivateKey.generate())
        self.leaves: list[bytes] = []

    @property
    def vkey(self) -> str:
        return str(self.signer.verifier)

    def append(self, entry: Entry) -> tuple[Receipt, Proof]:
        """Record ``entry`` behind a few neighbours, so that its path is not empty."""
        self.leaves += [leaf_hash(f"neighbour {n}".encode()) for n in range(5)]
        self.leaves.append(leaf_hash(entry.encode()))
        index = len(self.leaves) - 1
        moment = datetime.now(UTC).replace(microsecond=0)
        signed = sign_checkpoint(self.signer, len(self.leaves), root_of(self.leaves), moment)
        receipt = Receipt(
            ledger=self.signer.verifier.name,
            scheme="tlog",
            key=entry.key,
            entry_hash=self.leaves[index],
            position=index,
            status=Status.FINAL,
            time=signed.time,
            checkpoint=signed.note,
        )
        return receipt, Proof(index, tuple(inclusion_proof(self.leaves, index)), signed.note)


@dataclass
class House:
    """One platform with its keys; ``other`` is an independent time-stamp authority."""

    pki: Pki
    other: Pki
    platform: EntryKey
    log: Log

    @classmethod
    def at(cls, folder: Path) -> House:
        def pki(name: str) -> Pki:
            return Pki.open(
                folder / name,
                passphrase=None,
                base_url="https://notary.example",
                organisation=name,
            )

        return cls(pki("示范公证存证平台"), pki("Independent TSA"), EntryKey.generate(), Log())

    def token(self, digest: Digest, *, nonce: int = 0x1234_5678_9ABC) -> Token:
        authority = self.pki.authority(accuracy=timedelta(seconds=1))
        return Token.parse(authority.issue(digest, nonce=nonce), source="embedded")

    def co_token(self, digest: Digest) -> Token:
        der = self.other.authority().issue(digest, nonce=7)
        return Token.parse(der, source="Independent TSA", independent=True)

    def trust(self) -> PackageTrust:
        own, other = self.pki.trust(), self.other.trust()
        certificates = TrustStore(own.roots + other.roots, (self.pki.tsa,), own.crls + other.crls)
        name = self.log.signer.verifier.name
        ledger = Trust({name: self.log.vkey}, {self.platform.key_id: self.platform.public})
        return PackageTrust(certificates, ledger, (self.pki.seal.certificate,))

    def deposit(
        self,
        content: bytes = CONTENT,
        *,
        name: str = "合同扫描件 contract.pdf",
        number: str = "存证2026-000001",
        co_stamp: bool = False,
        sm3: bool = True,
        **changes: Any,
    ) -> LetterData:
        """Everything of one deposit of ``content``; ``changes`` go over the finished letter."""
        digests = (digest_of(content), *((digest_of(content, "sm3"),) if sm3 else ()))
        token = self.token(digests[0])
        if co_stamp:
            token = dataclasses.replace(token, also=(self.co_token(digests[0]),))
        salt = bytes(range(32))
        metadata = {"name": name, "size": len(content), "number": number}
        entry = self.platform.sign(
            Entry(
                kind="deposit",
                id=f"2026-{len(self.log.leaves):06d}",
                digests=digests,
                token=token.sha256,
                meta=meta_digest(salt, metadata),
                by="acct:7f3a",
                platform=self.platform.key_id,
            )
        )
        receipt, proof = self.log.append(entry)
        received = token.gen_time - timedelta(milliseconds=430)
        letter = LetterData(
            number=number,
            code="K7QX-2M9D",
            verify_url="https://notary.example/v/K7QX-2M9D",
            office=OFFICE,
            depositor=Depositor(
                "张**", Words("已验证电子邮箱的注册账户", "registered account, e-mail confirmed")
            ),
            items=(
                Item(
                    name=name,
                    digests=digests,
                    size=len(content),
                    media_type="application/pdf",
                    producer="张三",
                    medium="服务器硬盘，加密保存 server disk, encrypted",
                    tool="浏览器上传 browser upload 1.0",
                ),
            ),
            times=Times(received, received + timedelta(milliseconds=120), _later(receipt.time)),
            token=token,
            entry=entry,
            receipt=receipt,
            proof=proof,
            salt=salt,
            metadata=metadata,
            trust=self.trust(),
            strength=StrengthFacts(
                authorities=tuple(each.tsa for each in token.also),
                ledger=LedgerKind.EMBEDDED,
                witnesses=0,
                file_seen=True,
                captured=False,
            ),
            custody=(
                CustodyEvent(
                    received,
                    Words("接收文件", "file received"),
                    "张**",
                    Words("存证人", "depositor"),
                    "203.0.113.*",
                ),
                CustodyEvent(
                    received + timedelta(milliseconds=120),
                    Words("计算摘要", "digests computed"),
                    "web",
                    Words("系统", "system"),
                ),
            ),
        )
        return dataclasses.replace(letter, **changes)


def _later(moment: datetime) -> datetime:
    return moment + timedelta(milliseconds=900)


def sealer_of(house: House) -> Sealer:
    """The platform's sealer, stamping with its own authority."""
    stamper = EmbeddedStamper(house.pki.authority(), house.pki.trust)
    return Sealer(
        house.pki.seal,
        stamper,
        house.pki.trust,
        name="示范公证存证平台",
        location="示范市 Example City",
    )


def repack(package: bytes, changes: dict[str, bytes | None], *, remake: bool = True) -> bytes:
    """``package`` with members replaced, added, or (None) removed. With ``remake`` the manifest is
    made to fit again, as a forger would; its own replacement is taken as it is."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, data in changes.items():
        if data is None:
            del members[name]
        else:
            members[name] = data
    if remake and MANIFEST not in changes:
        old = Manifest.decode(members.pop(MANIFEST))
        files = tuple(
            Listed(name, hashlib.sha256(data).hexdigest(), len(data))
            for name, data in sorted(members.items())
        )
        members[MANIFEST] = Manifest(old.number, old.created, files).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def flipped(data: bytes, at: int, mask: int = 1) -> bytes:
    """``data`` with some bits of one byte changed."""
    changed = bytearray(data)
    changed[at] ^= mask
    return bytes(changed)
