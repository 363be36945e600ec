"""JSON-RPC over HTTP with limits on everything: how web3 reaches an endpoint."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import urllib3
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

#: Longest answer read, in bytes. A block's header and a proof are a hundredth of it.
MAX_ANSWER: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class BoundedProvider(JSONBaseProvider):
    """JSON-RPC by POST: no redirects, no retries, no proxies, nothing unbounded. Connections are
    made in the process that uses them."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        self._url = url
        self._timeout = timeout
        self._process = 0
        self._pool: Any = None

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        body = self.encode_rpc_request(method, params)
        return self.decode_rpc_response(self._post(body))

    def _post(self, body: bytes) -> bytes:
        if self._process != os.getpid():
            self._process, self._pool = os.getpid(), urllib3.PoolManager(maxsize=4)
        end = time.monotonic() + self._timeout
        response = self._pool.request(
            "POST",
            self._url,
            body=body,
            headers={"Content-Type": "application/json"},
            timeout=urllib3.Timeout(total=self._timeout),
            preload_content=False,
            redirect=False,
            retries=False,
        )
        try:
            data = _read(response, end)
        except BaseException:
            response.close()  # the rest of a broken answer must not be the next one's beginning
            raise
        response.release_conn()
        return data


def _read(response: Any, end: float) -> bytes:
    data = bytearray()
    while chunk := response.read(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise ValueError("its answer is too long")
        if time.monotonic() > end:
            raise TimeoutError("its answer takes too long")
    return bytes(data)
