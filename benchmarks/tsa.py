"""The embedded time-stamping authority against ``openssl ts -reply`` in the same run.

Figures: whole requests answered per CPU-second in process; requests answered per second over HTTP
by one gunicorn worker; the same by openssl, a process each, as it has to be used; the ratio.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks._figures import figure
from timestamping.authority import QUERY_TYPE, Authority, Pki, TsaApplication

_FOLDER = "NOTARY_BENCHMARK_PKI"
_CLIENTS = 4

_OPENSSL = """
[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa-1.crt
signer_key = {folder}/tsa-1.key
signer_digest = sha256
default_policy = 2.999.3161.1
digests = sha256
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = open_pki(folder).authority()
        request = make_request(folder)
        check_answers(authority.respond(request))
        figure(
            "tsa in process, P-256", per_cpu_second(authority, request), "tokens/CPU-s", floor=8000
        )
        with server(folder) as port:
            over_http = per_second_over_http(port, request)
        figure("tsa over HTTP, one worker", over_http, "tokens/s", floor=500)
        openssl = openssl_per_second(folder)
        # What openssl does is measured, not demanded.
        figure("openssl ts -reply", openssl, "tokens/s", floor=0)
        figure("tsa over HTTP against openssl", over_http / openssl, "times", floor=1)


def application() -> TsaApplication:
    """What gunicorn serves: ``benchmarks.tsa:application()``."""
    return TsaApplication(open_pki(Path(os.environ[_FOLDER])).authority())


def open_pki(folder: Path) -> Pki:
    return Pki.open(
        folder,
        passphrase=None,
        base_url="http://127.0.0.1",
        organisation="Benchmark",
        key_type="p256",
    )


def make_request(folder: Path) -> bytes:
    """As ``openssl ts -query`` makes it: SHA-256, nonce, certificate asked for."""
    target = folder / "query.tsq"
    subprocess.run(
        ["openssl", "ts", "-query", "-digest", "ab" * 32, "-sha256", "-cert", "-out", target],
        check=True,
        capture_output=True,
    )
    return target.read_bytes()


def check_answers(reply: bytes) -> None:
    """Rejections would be fast and worth nothing."""
    if b"\x30\x03\x02\x01\x00" not in reply[:9]:
        raise SystemExit("the authority does not grant the benchmark's request")


def per_cpu_second(authority: Authority, request: bytes, rounds: int = 5) -> float:
    """Median of several rounds, in CPU time of this process."""

    def one() -> float:
        count = 3000
        start = time.process_time()
        for _ in range(count):
            authority.respond(request)
        return count / (time.process_time() - start)

    return statistics.median(one() for _ in range(rounds))


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """One gunicorn worker with threads, so that it keeps connections alive; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--workers=1", f"--threads={_CLIENTS}", f"--bind=127.0.0.1:{port}"]
    options += ["--log-level=error", "--keep-alive=30", "--no-control-socket"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "benchmarks.tsa:application()"],
        env={**os.environ, _FOLDER: str(folder)},
        cwd=Path(__file__).parents[1],
    )
    try:
        wait_until(lambda: accepts(port), process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the benchmark's server does not start")
        time.sleep(0.05)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def per_second_over_http(port: int, request: bytes, each: int = 1000) -> float:
    """Several clients in threads, each on one connection kept alive."""
    faults: list[str] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(each):
            connection.request("POST", "/", request, {"Content-Type": QUERY_TYPE})
            response = connection.getresponse()
            if response.status != 200 or len(response.read()) < 500:
                faults.append(f"status {response.status}")
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(_CLIENTS)]
    start = time.monotonic()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    elapsed = time.monotonic() - start
    if faults:
        raise SystemExit(f"{len(faults)} requests failed, the first with {faults[0]}")
    return _CLIENTS * each / elapsed


def openssl_per_second(folder: Path, count: int = 60) -> float:
    """With the same key, certificate and request."""
    config = folder / "openssl.cnf"
    config.write_text(_OPENSSL.format(folder=folder))
    (folder / "serial").write_text("01\n")
    reply = ["openssl", "ts", "-reply", "-config", str(config), "-section", "tsa"]
    reply += ["-queryfile", f"{folder}/query.tsq", "-out", f"{folder}/reply.tsr"]
    start = time.monotonic()
    for _ in range(count):
        subprocess.run(reply, check=True, capture_output=True)
    return count / (time.monotonic() - start)


if __name__ == "__main__":
    main()
