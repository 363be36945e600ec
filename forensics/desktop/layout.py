"""Every folder and file of a session by name; nobody spells one of them out elsewhere.

Below the desktop service's root::

    deskd.sock                 where the service listens
    sessions/<32 hex>/         one session, 0711
      spec.json                what was asked for, and the service's facts for the keeper
      run/                     the keeper's (recorder's user), readable by the portal's group
        status.json            how it stands, rewritten about three times a second
        keeper.sock            commands, one JSON line each way
        gate                   first byte 1 = input may pass; older than two seconds = it may not
        environment.json       the cleanliness results as the service handed them over
        xauthority             the cookie, for the keeper and the recorder
      own/                     the service's own, 0700
        deskd.json             pids, slot, steps: what a restarted service needs to clean up
        disk.img               what the home folder is mounted from
        keeper.log             and what else the session's programs write to standard error
      net/                     the service's own; the keeper copies both into the evidence
        dns.jsonl              what was asked of the session's name server
        egress.jsonl           connections that were opened, and those that were refused
      etc/                     the desktop's /etc: hosts, resolv.conf, policies, openbox
      x/                       the X server's (desktop's user), passable by the portal's group
        rfb.sock               RFB, for the gateway
        X<display>             the X socket; bound over /tmp/.X11-unix in the session's namespaces
        xauthority             the cookie, for X and the browser
      home/                    the desktop's home folder, limited in size; Downloads is the box out
      box-in/                  uploads, read-only in the desktop as ~/Uploads
      evidence/                the keeper's (recorder's user), portal's group; never seen inside
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOCKET_NAME = "deskd.sock"
SESSIONS = "sessions"

#: Paths below ``evidence``, as they stand in the manifest.
MANIFEST = "manifest.json"
ENVIRONMENT = "environment.json"
CHAIN = "recording/chain.jsonl"
RECORDING = "recording"
TOKENS = "recording/tokens"
STILLS = "stills"
PAGES = "pages"
WEB = "web"
WACZ = "web/capture.wacz"
TLS = "web/tls.jsonl"
VISITED = "web/pages.jsonl"
DOWNLOADS = "downloads"
UPLOADS = "uploads"
LOG = "log"
EVENTS = "log/events.jsonl"
DNS = "log/dns.jsonl"
EGRESS = "log/egress.jsonl"

#: Folders that exist from the start.
EVIDENCE_FOLDERS = (RECORDING, TOKENS, STILLS, PAGES, WEB, DOWNLOADS, UPLOADS, LOG)

#: Where the desktop itself sees its folders.
HOME_INSIDE = "/home/user"
DOWNLOADS_INSIDE = "/home/user/Downloads"
UPLOADS_INSIDE = "/home/user/Uploads"


def segment(number: int) -> str:
    """The path of a recording's segment below ``evidence``; numbers begin at 1."""
    return f"{RECORDING}/segment-{number:06d}.mp4"


def token(number: int) -> str:
    """The path of a time-stamp token of the running recording below ``evidence``."""
    return f"{TOKENS}/{number:04d}.tsr"


def still(number: int) -> str:
    """The path of a still below ``evidence``."""
    return f"{STILLS}/{number:04d}.png"


def page(number: int) -> str:
    """The folder of a captured page below ``evidence``."""
    return f"{PAGES}/{number:04d}"


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """One session's folder."""

    path: Path

    @property
    def spec(self) -> Path:
        return self.path / "spec.json"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def status(self) -> Path:
        return self.run / "status.json"

    @property
    def keeper_socket(self) -> Path:
        return self.run / "keeper.sock"

    @property
    def gate(self) -> Path:
        return self.run / "gate"

    @property
    def environment(self) -> Path:
        return self.run / "environment.json"

    @property
    def own(self) -> Path:
        return self.path / "own"

    @property
    def state(self) -> Path:
        return self.own / "deskd.json"

    @property
    def disk_image(self) -> Path:
        return self.own / "disk.img"

    @property
    def net(self) -> Path:
        return self.path / "net"

    @property
    def dns_log(self) -> Path:
        return self.net / "dns.jsonl"

    @property
    def egress_log(self) -> Path:
        return self.net / "egress.jsonl"

    @property
    def etc(self) -> Path:
        return self.path / "etc"

    def log(self, program: str) -> Path:
        """Where the standard error of one of the session's programs goes."""
        return self.own / f"{program}.log"

    @property
    def x(self) -> Path:
        return self.path / "x"

    @property
    def rfb(self) -> Path:
        return self.x_sockets / "rfb.sock"

    @property
    def x_sockets(self) -> Path:
        return self.x / "sockets"

    @property
    def xauthority(self) -> Path:
        return self.x / "xauthority"

    @property
    def keeper_xauthority(self) -> Path:
        return self.run / "xauthority"

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def downloads(self) -> Path:
        return self.home / "Downloads"

    @property
    def box_in(self) -> Path:
        return self.path / "box-in"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence"

    def x_socket(self, display: int) -> Path:
        """The X socket of display ``:display``."""
        return self.x_sockets / f"X{display}"


def session_folder(root: Path, session: str) -> SessionFolder:
    """The folder of ``session`` below the desktop service's ``root``."""
    return SessionFolder(root / SESSIONS / session)


def socket_path(root: Path) -> Path:
    """Where the desktop service of ``root`` listens."""
    return root / SOCKET_NAME
