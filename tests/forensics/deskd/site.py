"""Another machine: a network namespace with web servers, reached through the host.

It has three addresses: one that desktops are allowed to reach, a private one and a link-local one
(where clouds keep metadata) that they are not. All three answer to the host.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CODE = Path(__file__).parents[3]
#: Answers on port 80: a page, and 50 GB at /endless. Names: anything is at our address.
_SERVER = """
import http.server, json, socket, socketserver, sys, threading
address, big = sys.argv[1], 50 << 30

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        endless = self.path.startswith("/endless")
        body = b"<title>the site</title><h1>the site</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "application/zip" if endless else "text/html")
        self.send_header("Content-Length", str(big if endless else len(body)))
        if self.path.startswith("/file"):
            self.send_header("Content-Disposition", 'attachment; filename="file.html"')
        self.end_headers()
        if not endless:
            self.wfile.write(body)
            return
        block = bytes(1 << 20)
        for _ in range(big >> 20):
            self.wfile.write(block)
    def log_message(self, *words):
        pass

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

import dns.message, dns.rrset
def names():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", 53))
    while True:
        wire, peer = sock.recvfrom(4096)
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        asked = query.question[0]
        if asked.rdtype == 1:
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", address))
        sock.sendto(reply.to_wire(), peer)

threading.Thread(target=names, daemon=True).start()
server = Server(("0.0.0.0", 80), Handler)
print(json.dumps("ready"), flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class Site:
    """``address`` may be allowed to desktops; ``private`` and ``link_local`` stay closed."""

    address: str
    private: str
    link_local: str


@contextlib.contextmanager
def site() -> Iterator[Site]:
    number = os.getpid() % 250
    name, link = f"desk-site-{number}", f"dsite{number}"
    host, address = f"10.213.{number}.1", f"10.213.{number}.2"
    private, link_local = f"192.168.{number}.77", f"169.254.{number}.254"
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "addr", "add", f"{host}/30", "dev", link)
        _run("ip", "link", "set", link, "up")
        for each in (f"{address}/30", f"{private}/32", f"{link_local}/32"):
            _run("ip", "-n", name, "addr", "add", each, "dev", "eth0")
        _run("ip", "-n", name, "link", "set", "eth0", "up")
        _run("ip", "-n", name, "link", "set", "lo", "up")
        _run("ip", "-n", name, "route", "add", "default", "via", host)
        for each in (private, link_local):
            _run("ip", "route", "add", f"{each}/32", "via", address)
        server = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", _SERVER, address],
            stdout=subprocess.PIPE,
            cwd=CODE,
        )
        try:
            assert server.stdout is not None
            assert json.loads(server.stdout.readline()) == "ready"
            yield Site(address, private, link_local)
        finally:
            server.kill()
            server.communicate()
    finally:
        subprocess.run(["ip", "link", "del", link], capture_output=True)
        _run("ip", "netns", "del", name)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
