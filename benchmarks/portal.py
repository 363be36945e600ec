"""The portal over real HTTP: one digest a call against a bare handler, and the click to the letter.

Both servers are gunicorn as ``make run`` configures it; both are asked in short turns by the same
clients in the same run, and the ratio is the median over the pairs of turns, so that it holds when
the machine's speed drifts. CPU time is told beside it, and the same comparison in one process of
eight threads, which a crowd of eight keeps busy to the last.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks._figures import figure

#: as many as one process of the portal has threads
_CLIENTS = 16
_FEW = 8
_AS_SERVED = ("--config", str(Path(__file__).resolve().parents[1] / "deploy/gunicorn.conf.py"))
_ALONE = ("--workers", "1", "--threads", str(_FEW), "--keep-alive", "30")
_SECONDS = 1.5
_ROUNDS = 9
_LETTERS = 40
_PATH = "/api/v1/deposits"


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        settings = environment(folder)
        key = prepare(settings)
        _compare(settings, key, "", _AS_SERVED, _CLIENTS, floor=0.5)
        _compare(settings, key, ", one process", _ALONE, _FEW, floor=0)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        settings = environment(Path(name))
        key = prepare(settings)
        port = stack.enter_context(server("wsgi:app", settings))
        stack.enter_context(worker(settings))
        _click_to_letter(port, key)  # waits for the worker to have started
        times = sorted(_click_to_letter(port, key) for _ in range(_LETTERS))
        figure("click to letter, p50", statistics.median(times), "s", floor=1, at_most=True)
        slowest = times[min(len(times) - 1, int(len(times) * 0.99))]
        figure("click to letter, p99", slowest, "s", floor=3, at_most=True)


def _compare(
    settings: dict[str, str], key: str, how: str, options: Sequence[str], clients: int, floor: float
) -> None:
    """Turns of either, one after the other; the first of each warms up and does not count."""
    with (
        server("wsgi:app", settings, options) as portal,
        server("benchmarks.bare:app", settings, options) as bare,
    ):
        turns = [
            (_turn(portal, key, clients), _turn(bare, key, clients)) for _ in range(1 + _ROUNDS)
        ][1:]
    ours, theirs = ([pair[side] for pair in turns] for side in (0, 1))
    figure(f"REST single digest, durable{how}", _median(ours, 0), "deposits/s", floor=0)
    figure(f"bare Flask with one durable insert{how}", _median(theirs, 0), "requests/s", floor=0)
    figure(f"REST single digest, CPU{how}", _median(ours, 1), "ms/deposit", floor=0)
    figure(f"bare Flask, CPU{how}", _median(theirs, 1), "ms/request", floor=0)
    ratio = statistics.median(mine[0] / other[0] for mine, other in turns)
    figure(f"REST single digest against the bare handler{how}", ratio, "times", floor=floor)


def _median(turns: list[tuple[float, float]], which: int) -> float:
    return statistics.median(turn[which] for turn in turns)


def _turn(port: int, key: str, clients: int = _CLIENTS) -> tuple[float, float]:
    """Requests a second, and CPU-milliseconds of the server for each."""
    before, begin = _cpu_seconds(port), time.monotonic()
    rate = _posts_per_second(port, key, clients)
    requests = rate * (time.monotonic() - begin)
    return rate, (_cpu_seconds(port) - before) / requests * 1000


def _cpu_seconds(port: int) -> float:
    """What the processes of the server at ``port`` have used; they name it in their arguments."""
    used = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"127.0.0.1:{port}\0".encode() in (folder / "cmdline").read_bytes():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                used += int(fields[11]) + int(fields[12])
        except OSError:  # it has just ended
            continue
    return used / os.sysconf("SC_CLK_TCK")


def environment(folder: Path) -> dict[str, str]:
    """What a portal in ``folder`` is started with."""
    return os.environ | {
        "DATA_DIR": str(folder / "var"),
        "DATABASE_URL": "",
        "ENVIRONMENT": "test",
        "RATE_LIMIT": "10000000 per minute",
        "LOG_LEVEL": "ERROR",
        "BARE_DATABASE": str(folder / "bare.db"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }


def prepare(environment: dict[str, str]) -> str:
    """A portal with one depositor; the API key."""
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    person = "benchmark@example.com"
    create = ["create-user", person, "--name", "Benchmark", "--password-stdin"]
    for command in (["init"], create):
        subprocess.run(
            [*flask, *command],
            env=environment,
            check=True,
            capture_output=True,
            input=f"{secrets.token_hex(16)}\n".encode(),
        )
    made = subprocess.run(
        [*flask, "api-key", person], env=environment, check=True, capture_output=True, text=True
    )
    return made.stdout.strip().splitlines()[-1]


@contextmanager
def server(
    application: str, environment: dict[str, str], options: Sequence[str] = _ALONE
) -> Iterator[int]:
    """The port at which it answers; stopped on leaving. ``options`` are gunicorn's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"]
    command += [*options, "--log-level", "error"]
    with _process(command, environment):
        _wait_for(port)
        yield port


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[None]:
    """A worker process; stopped on leaving."""
    with _process([sys.executable, "-m", "flask", "--app", "wsgi", "worker"], environment):
        yield


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int) -> None:
    """Until something is answered: gunicorn listens long before its worker has imported."""
    for _ in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit("the server did not start")


def _posts_per_second(port: int, key: str, clients: int) -> float:
    """Accepted requests a second by ``clients`` with kept-alive connections."""
    counts = [0] * clients
    refused: list[str] = []
    end = time.monotonic() + _SECONDS

    def client(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            body = json.dumps({"digests": {"sha256": secrets.token_hex(32)}, "title": "benchmark"})
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request("POST", _PATH, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 201:
                refused.append(text.decode())
                return
            counts[place] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(place,)) for place in range(clients)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise SystemExit(f"refused: {refused[0]}")
    return sum(counts) / (time.monotonic() - begin)


def _click_to_letter(port: int, key: str) -> float:
    """Seconds from sending a file of 100 kB to its issued letter, as a client sees it."""
    content = os.urandom(100_000)
    boundary = secrets.token_hex(12)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Authorization": f"Bearer {key}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    begin = time.monotonic()
    form = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", _PATH, body, headers | form)
    deposit = json.loads(connection.getresponse().read())
    if deposit["digests"]["sha256"] != hashlib.sha256(content).hexdigest():
        raise SystemExit("the portal deposited something else")
    while deposit["state"] != "issued":
        time.sleep(0.02)
        connection.request("GET", f"{_PATH}/{deposit['id']}", headers=headers)
        deposit = json.loads(connection.getresponse().read())
        if time.monotonic() - begin > 60:
            raise SystemExit(f"no letter within a minute: {deposit}")
    seconds = time.monotonic() - begin
    connection.close()
    return seconds


if __name__ == "__main__":
    main()
