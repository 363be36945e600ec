"""Checks of the desktop's files: names, resolver, certificates, policies, mounts, profile."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import sqlite3
import time
from typing import Final

from forensics.environment import proc
from forensics.environment.result import Result
from forensics.environment.view import DATABASE, Undecided, View, judge, listed

_LOCAL_NAMES: Final = frozenset({
    "localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost",
    "ip6-loopback", "ip6-allnodes", "ip6-allrouters", "ip6-localnet", "ip6-mcastprefix",
})  # fmt: skip
#: Policies that make the browser trust a certificate authority.
_TRUSTING: Final = ("CACertificates", "CACertificatesWithConstraints", "ImportEnterpriseRoots")
#: Mounts that every sandbox has and that hold no files of the host.
_KERNEL: Final = ("/proc", "/dev")
#: Seconds for one question to a data base.
_QUESTION: Final = 0.3
_BUNDLES: Final = 8 << 20


def check_hosts(view: View) -> Result:
    """No address is given to a name but the loopback's, and to no name but this machine's own."""
    name, text = "hosts", view.text("/etc/hosts")
    allowed = _LOCAL_NAMES | set(view.target.host_names)
    foreign = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words and not (_is_local(words[0]) and set(words[1:]) <= allowed):
            foreign.append(" ".join(words))
    data = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "foreign": foreign[:50]}
    return judge(name, not foreign, name, found=listed(foreign), data=data)


def _is_local(word: str) -> bool:
    try:
        address = ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_multicast or word in ("fe00::0", "fe00::")


def check_resolver(view: View) -> Result:
    """The desktop asks the name servers it was given, and no others."""
    name, expected = "resolver", view.target.nameservers
    if not expected:
        raise Undecided("nothing-expected")
    text = view.text("/etc/resolv.conf")
    lines = [line.split() for line in text.splitlines()]
    found = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    data = {"text": text[:1000]}
    good = tuple(found) == tuple(expected)
    return judge(name, good, name, found=listed(found), expected=listed(expected), data=data)


def check_user_certificates(view: View) -> Result:
    """Nobody added a certificate authority: not for NSS, not in the profile, not by policy."""
    name, target = "user-certificates", view.target
    if not target.home or not target.profile:
        raise Undecided("nothing-expected")
    nss = f"{target.home}/.pki/nssdb"
    found = []
    # CKA_CLASS (column a0) 1 is a certificate; 0xCE534353 NSS's word on trust in one.
    count = rows(
        view,
        f"{nss}/cert9.db",
        "SELECT count(*) FROM nssPublic WHERE a0 IN (x'00000001', x'CE534353')",
    )
    if count:
        found.append(f"NSS: {count}")
    if view.root.exists(f"{nss}/cert8.db"):
        found.append("NSS: cert8.db")
    modules = re.findall(r"^library=(\S+)", view.text(f"{nss}/pkcs11.txt"), re.MULTILINE)
    found += [f"PKCS #11: {each}" for each in modules]
    for folder in profiles(view):
        count = rows(view, f"{folder}/ServerCertificate", "SELECT count(*) FROM certificates")
        if count:
            found.append(f"{folder}: {count}")
    policies = view.policies()
    found += [each for each in _TRUSTING if policies.get(each)]
    return judge(name, not found, name, found=listed(found), data={"found": found[:50]})


def check_root_store(view: View) -> Result:
    """The system's certificate bundle is the one that Debian installed. The browser's own root
    store is part of its program, whose digest is checked apart."""
    name, expected = "root-store", view.target.root_store
    if not expected:
        raise Undecided("nothing-expected")
    found = {path: _digest(view, path) for path in expected}
    good = found == dict(expected)
    data = {"found": found, "expected": dict(expected)}
    return judge(
        name,
        good,
        name,
        found=listed(found.values()),
        expected=listed(expected.values()),
        data=data,
    )


def check_policies(view: View) -> Result:
    """The browser's policies are those its launcher laid, every one of them and no other."""
    name, expected = "policies", dict(view.target.policies)
    if not expected:
        raise Undecided("nothing-expected")
    found = {path: _digest(view, path) for path in view.policy_files()}
    wrong = sorted(path for path in found | expected if found.get(path) != expected.get(path))
    data = {"found": found, "expected": expected}
    shown = listed(wrong) if wrong else listed(found.values())
    return judge(name, not wrong, name, found=shown, expected=listed(expected.values()), data=data)


def check_mounts(view: View) -> Result:
    """The desktop sees what its launcher mounted, nothing more, and writes where it may."""
    name = "mounts"
    expected = {each.point: each.writable for each in view.target.mounts}
    if not expected:
        raise Undecided("nothing-expected")
    found, wrong = {}, set()
    for line in proc.read(view.target.pid, "mountinfo").decode("utf-8", "replace").splitlines():
        fields = line.split()
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        writable = "rw" in fields[5].split(",")
        found[point] = f"{'rw' if writable else 'ro'} {fields[fields.index('-') + 1]}"
        if point not in expected:
            if (
                point != "/"
                and not point.startswith(tuple(f"{each}/" for each in _KERNEL))
                and point not in _KERNEL
            ):
                wrong.add(point)
        elif writable and not expected[point]:
            wrong.add(point)
    wrong |= {point for point in expected if point not in found}
    data = {"found": found, "expected": {k: "rw" if v else "ro" for k, v in expected.items()}}
    shown = listed(sorted(wrong)) if wrong else str(len(found))
    return judge(name, not wrong, name, found=shown, expected=str(len(expected)), data=data)


def profiles(view: View) -> list[str]:
    """The folders of the browser's profiles."""
    base = view.target.profile
    names = view.root.names(base)
    return [f"{base}/{name}" for name in names if name == "Default" or name.startswith("Profile ")]


def rows(view: View, path: str, question: str) -> int:
    """The number a question to one of the browser's data bases gives; 0 when there is none.

    The bytes are copied and opened in memory: the browser keeps its files locked, and may be
    writing.

    Raises:
        OSError, Undecided: it cannot be read.
    """
    try:
        data = bytearray(view.root.read(path, DATABASE))
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if not data:
        return 0
    data[18:20] = b"\x01\x01"  # SQLite file format §1.3.3: read as if there were no WAL
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(bytes(data))
        connection.execute("PRAGMA trusted_schema = OFF")
        # What is called a table may be a view that never ends.
        deadline = time.monotonic() + _QUESTION
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        return int(connection.execute(question).fetchone()[0])
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return 0
        raise Undecided("unreadable") from error
    except sqlite3.Error as error:
        raise Undecided("unreadable") from error
    finally:
        connection.close()


def _digest(view: View, path: str) -> str:
    try:
        return hashlib.sha256(view.root.read(path, _BUNDLES)).hexdigest()
    except FileNotFoundError:
        return ""
