"""Nodes as they are asked over HTTP, and as processes of their own. Import from ``serving``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chain_adapter.node.setup import Wanted, make_node
from chain_adapter.node.submission import Submission
from chain_adapter.note import COSIGNATURE, VerifierKey
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.chain_adapter.node.serving import Beside, LogServer, Platform

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Said:
    """A node's answer; header names in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        return self.headers.get("notary-refusal", "")

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, body: bytes | None = None, *, timeout: float = PATIENCE, **headers: str) -> Said:
    """GET, or POST of ``body``; whatever the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, data, found = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            status, data, found = error.code, error.read(), error.headers
    return Said(status, data, {name.lower(): value for name, value in found.items()})


class NodeClient:
    """Speaks to the node at ``url``."""

    url: str

    def submit(self, submission: Submission, **headers: str) -> Said:
        return ask(f"{self.url}/add-checkpoint", submission.encode(), **headers)

    def add_checkpoint(self, log: LogServer) -> Said:
        """The newest checkpoint, submitted as a log does: a 409 says from where."""
        said = self.submit(log.submission(self.status()["logs"][0]["size"]))
        if said.status == 409:
            said = self.submit(log.submission(int(said.text)))
        return said

    def examine(self, origin: str, deposits: Sequence[Beside]) -> list[dict[str, Any]]:
        items = [
            {
                "entry": b64encode(entry.encode()).decode(),
                "supplement": None if beside is None else beside.to_object(),
            }
            for entry, beside in deposits
        ]
        body = json.dumps({"origin": origin, "items": items}).encode()
        found: list[dict[str, Any]] = ask(f"{self.url}/examine", body).json()["items"]
        return found

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = ask(f"{self.url}/status").json()
        return found

    def refusals(self) -> list[str]:
        """The codes of what the node refused of its first log, oldest first."""
        return [each["code"] for each in self.status()["logs"][0]["refusals"]]


def wanted(name: str, log: LogServer, platform: Platform, **more: Any) -> Wanted:
    """A node of ours that follows ``log`` under the profile "deposit"."""
    roots = str(platform.stamps.roots)
    known: dict[str, Any] = {
        "name": name,
        "listen": "127.0.0.1:0",
        "vkey": log.ledger.vkey,
        "url": log.url,
        "platforms": (platform.key.public,),
        "tsa": roots,
        "stamper": platform.stamps.url,
    }
    return Wanted(**(known | more))


class NodeProcess(NodeClient):
    """A node of its own process, in ``folder``. ``start`` may be called again after ``kill``; a
    node without a port of its own keeps the one it got."""

    def __init__(self, folder: Path, node: Wanted) -> None:
        self.folder, self.name = folder, node.name
        self.vkey = make_node(folder, node)
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> Self:
        self.launch(*arguments)
        return self.wait()

    def launch(self, *arguments: str) -> None:
        """Begin to start, without waiting."""
        self.run("-m", "chain_adapter.node", "serve", str(self.folder), *arguments)

    def run(self, *arguments: str) -> None:
        """Begin to run Python with these ``arguments``, which are to serve this folder."""
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> Self:
        """Until it listens."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert " listens at " in line, f"{self.name} did not start: {line!r}"
        self.url = line.split()[-1]
        self._keep_port()
        return self

    def kill(self) -> None:
        """SIGKILL, as when the power fails."""
        self.stop(signal.SIGKILL)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit status; 0 when it was not running."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        status = process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()
        return status

    def ended(self) -> int:
        """Waits until the process ends by itself; its exit status."""
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    def key(self) -> VerifierKey:
        return VerifierKey.parse(self.vkey, COSIGNATURE)

    def _keep_port(self) -> None:
        path = self.folder / "node.toml"
        text = path.read_text()
        path.write_text(text.replace('"127.0.0.1:0"', f'"{self.url.removeprefix("http://")}"'))
