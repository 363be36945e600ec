"""JSON-RPC over HTTP with limits on everything: how web3 reaches an endpoint."""

from __future__ import annotations

import os
import time
from typing import Any, Final
from urllib.parse import unquote

import urllib3

from chain_adapter.evm.library import JSONBaseProvider, RPCEndpoint, RPCResponse

#: Longest answer read, in bytes. A block's header and a proof are a hundredth of it.
MAX_ANSWER: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class BoundedProvider(JSONBaseProvider):
    """JSON-RPC by POST: no redirects, no retries, no proxies, nothing unbounded. Connections are
    made in the process that uses them; ``connected`` counts them."""

    #: EIP-3668 would have us fetch whatever addresses an endpoint names in an error.
    global_ccip_read_enabled = False

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        parsed = urllib3.util.parse_url(url)
        self._url = url
        self._path = parsed.request_uri
        self._headers = {"Content-Type": "application/json"}
        if parsed.auth:
            self._headers |= urllib3.make_headers(basic_auth=unquote(parsed.auth))
        self._timeout = timeout
        self._process = 0
        self._pool: Any = None
        self.connected = 0

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        body = self.encode_rpc_request(method, params)
        return self.decode_rpc_response(self._post(body))

    def _post(self, body: bytes) -> bytes:
        if self._process != os.getpid():
            self._process, self._pool = os.getpid(), self._counted_pool()
        end = time.monotonic() + self._timeout
        response = self._pool.urlopen(
            "POST",
            self._path,
            body=body,
            headers=self._headers,
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

    def _counted_pool(self) -> Any:
        pool = urllib3.PoolManager().connection_from_url(self._url, {"maxsize": 4})
        provider, kind = self, pool.ConnectionCls

        class Counted(kind):  # type: ignore[misc, valid-type]
            def connect(self) -> None:
                super().connect()
                provider.connected += 1

        pool.ConnectionCls = Counted
        return pool


def _read(response: Any, end: float) -> bytes:
    data = bytearray()
    while chunk := response.read(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise ValueError("its answer is too long")
        if time.monotonic() > end:
            raise TimeoutError("its answer takes too long")
    return bytes(data)
