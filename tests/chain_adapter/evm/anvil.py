"""A real EVM node for tests: anvil on a free port of 127.0.0.1, with accounts known to everybody.

It comes from npm (``npm ci`` in ``scripts/evm``); tests that need it are skipped, visibly, where it
is missing::

    with Anvil.start(block_time=1) as node:
        node.rpc("eth_blockNumber")

Flags are anvil's own, with underscores: ``start(no_mining=True, slots_in_an_epoch=4)``.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final, Self

import pytest

BINARY: Final = (
    Path(__file__).resolve().parents[3]
    / "scripts/evm/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
)
CHAIN_ID: Final = 31337
#: How long a node may take to listen, or to write its state at the end, in seconds.
_PATIENCE: Final = 30.0


class RpcError(Exception):
    """The node answered with an error; ``code`` and ``message`` as JSON-RPC gives them, ``data``
    what a contract that refuses gives as its reason (hexadecimal)."""

    def __init__(self, code: int, message: str, data: str = "") -> None:
        super().__init__(f"{message} ({code}) {data}")
        self.code = code
        self.data = data


class Anvil:
    """One node process. ``url``, ``accounts`` (addresses) and ``keys`` (their private keys, hex
    with 0x, the same at every start) are what a test needs. With ``state`` the chain survives
    :meth:`stop` and :meth:`restart`, which keeps the port."""

    def __init__(self, flags: dict[str, Any], state: Path | None) -> None:
        self._flags = flags
        self._state = state
        self._log = tempfile.NamedTemporaryFile(prefix="anvil-", suffix=".log")  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._launch()

    @classmethod
    def start(cls, *, state: Path | None = None, **flags: Any) -> Self:
        """Start a node; skips the calling test when anvil is not installed."""
        if not BINARY.exists():
            pytest.skip("anvil is not installed: npm ci in scripts/evm")
        return cls(flags, state)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def chain_id(self) -> int:
        return int(self._flags.get("chain_id", CHAIN_ID))

    def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call.

        Raises:
            RpcError: the node's own error.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        request = urllib.request.Request(
            self.url, body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            value = json.load(answer)
        if "error" in value:
            error = value["error"]
            raise RpcError(error["code"], error["message"], str(error.get("data") or ""))
        return value["result"]

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def height(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)

    def stop(self) -> None:
        """End the node; its chain is written to ``state`` when there is one."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop, if it runs, and start again on the same port, with the state file's chain."""
        self.stop()
        self._launch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._log.close()

    def _launch(self) -> None:
        arguments = [str(BINARY), "--host", "127.0.0.1", "--port", str(self.port)]
        if self._state is not None:
            arguments += ["--state", str(self._state), "--preserve-historical-states"]
        for name, value in self._flags.items():
            arguments.append("--" + name.replace("_", "-"))
            if value is not True:
                arguments.append(str(value))
        self._log.seek(0)
        self._log.truncate()
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )
        text = self._listening()
        self.port = int(re.findall(r"Listening on 127\.0\.0\.1:(\d+)", text)[-1])
        self.accounts = [
            address.lower() for address in re.findall(r"\(\d+\) (0x[0-9a-fA-F]{40}) \(", text)
        ]
        self.keys = re.findall(r"\(\d+\) (0x[0-9a-f]{64})\s", text)

    def _listening(self) -> str:
        """Wait for the node to say where it listens; everything it has said until then."""
        assert self._process is not None
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            text = Path(self._log.name).read_text(errors="replace")
            if "Listening on" in text:
                return text
            if self._process.poll() is not None:
                raise RuntimeError(f"anvil ended by itself: {text[-2000:]}")
            time.sleep(0.02)
        self.stop()
        raise RuntimeError("anvil does not listen")
