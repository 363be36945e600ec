"""Several processes at once, and processes that die at every step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.timestamping.authority.support import open_pki, query, token_of
from timestamping.authority import Pki

pytestmark = pytest.mark.fault

_RACER = """
import json, sys
from pathlib import Path
from tests.timestamping.authority.support import open_pki
print("ready", flush=True)
sys.stdin.readline()
pki = open_pki(Path(sys.argv[1]), passphrase="shared")
print(json.dumps([part.hex() for part in (pki.root, pki.tsa, pki.seal.certificate, pki.crl())]))
"""


def test_processes_that_start_together_share_one_pki(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    racers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _RACER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    seen = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    assert seen[0] == seen[1] == seen[2] == seen[3]
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        *(".lock", "root.crl", "root.crt", "root.key"),
        *("seal-1.crt", "seal-1.key", "tsa-1.crt", "tsa-1.key"),
    ]


def die_at(step: int, folder: Path, action: Callable[[], object]) -> bool:
    """Run ``action`` in a child that is killed before its ``step``-th touch of the folder.

    Returns whether it died; False when it had fewer steps and finished.
    """
    child = os.fork()
    if not child:
        try:
            left = [step]
            inside = os.fsencode(folder)

            def watch(event: str, arguments: tuple[object, ...]) -> None:
                if event.partition(".")[0] not in ("open", "os", "fcntl"):
                    return
                paths = [os.fsencode(a) for a in arguments if isinstance(a, str | os.PathLike)]
                if event.startswith("fcntl") or any(path.startswith(inside) for path in paths):
                    left[0] -= 1
                    if left[0] < 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(watch)
            action()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def keys_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.key")}


def check_usable(folder: Path) -> Pki:
    """The folder opens, stamps, and has lost no key and no root by being opened."""
    keys = keys_of(folder) if folder.exists() else {}
    root = folder / "root.crt"
    known = root.read_bytes() if root.exists() else None
    pki = open_pki(folder)
    token_of(pki.authority().respond(query()))
    assert keys.items() <= keys_of(folder).items()
    assert known in (None, root.read_bytes())
    root_certificate = x509.load_der_x509_certificate(pki.root)
    for leaf in (pki.tsa, pki.seal.certificate):
        x509.load_der_x509_certificate(leaf).verify_directly_issued_by(root_certificate)
    crl = x509.load_der_x509_crl(pki.crl())
    assert crl.is_signature_valid(root_certificate.public_key())  # type: ignore[arg-type]
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*key*"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob(".*key*"))
    return pki


def test_killed_at_any_step_of_its_making(tmp_path: Path) -> None:
    step = 0
    while True:
        folder = tmp_path / f"pki-{step}"
        died = die_at(step, folder, lambda folder=folder: open_pki(folder))  # type: ignore[misc]
        check_usable(folder)
        if not died:
            break
        step += 1
    assert step > 30  # seven files, each opened, written, named


def test_killed_at_any_step_of_a_revocation(tmp_path: Path) -> None:
    step = 0
    while True:
        folder = tmp_path / f"pki-{step}"
        pki = open_pki(folder)
        lost = x509.load_der_x509_certificate(pki.tsa).serial_number
        died = die_at(step, folder, lambda pki=pki: pki.revoke(pki.tsa))  # type: ignore[misc]
        after = check_usable(folder)
        crl = x509.load_der_x509_crl(after.crl())
        revoked = crl.get_revoked_certificate_by_serial_number(lost) is not None
        # On the list and replaced, or neither: opening finishes what the crash left.
        assert revoked == (x509.load_der_x509_certificate(after.tsa).serial_number != lost)
        if not died:
            assert revoked
            break
        step += 1
    assert step > 5
