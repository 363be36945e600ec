"""The browser's words and variables, and the small folder /etc it lives with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from forensics.desktop.components import CHROMIUM
from forensics.desktop.interface import DesktopSpec
from forensics.desktop.layout import HOME_INSIDE
from forensics.desktop.policy import POLICY_INSIDE, policy_file

PROFILE_INSIDE: Final = f"{HOME_INSIDE}/.profile"
XAUTHORITY_INSIDE: Final = "/run/xauthority"
OPENBOX_INSIDE: Final = "/etc/openbox.xml"
_NOWHERE: Final = "https://127.0.0.1:9/"
_FEATURES_OFF: Final = (
    "AutofillServerCommunication", "CertificateTransparencyComponentUpdater",
    "DialMediaRouteProvider", "GlobalMediaControls", "HttpsUpgrades",
    "InterestFeedContentSuggestions", "LensOverlay", "MediaRouter", "OptimizationHints",
    "Translate",
)  # fmt: skip
#: The window manager, then the browser again and again: who closes its last window gets another.
#: The pause keeps a browser that cannot start from eating the processor.
LOOP: Final = """\
[ "$1" = us ] || /usr/bin/setxkbmap -layout "$1"
shift
/usr/bin/openbox --config-file /etc/openbox.xml &
while :; do
  "$@"
  /usr/bin/sleep 1
done
"""


def argv(spec: DesktopSpec, cdp_port: int) -> tuple[str, ...]:
    """Exactly what is given to execve, as it stands in the evidence. Debian's wrapper is passed by:
    it adds flags of its own."""
    language = spec.language
    accepted = "zh-CN,zh,en-US,en" if language == "zh-CN" else "en-US,en"
    return (
        str(CHROMIUM),
        f"--user-data-dir={PROFILE_INSIDE}",
        f"--remote-debugging-port={cdp_port}",
        f"--lang={language}",
        f"--accept-lang={accepted}",
        "--window-position=0,0",
        f"--window-size={spec.width},{spec.height}",
        "--start-maximized",
        "--force-device-scale-factor=1",
        # A recorder sees every frame of an animation: 0.9 of a core instead of 0.17.
        "--disable-smooth-scrolling",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
        "--noerrdialogs",
        "--password-store=basic",
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-search-engine-choice-screen",
        "--disable-session-crashed-bubble",
        "--disable-sync",
        "--metrics-recording-only",
        # What no switch and no policy switches off goes nowhere: nothing listens there. Whoever
        # visits these sites by their address reaches them all the same.
        f"--gaia-url={_NOWHERE}",
        f"--component-updater=url-source={_NOWHERE}",
        f"--disable-features={','.join(_FEATURES_OFF)}",
        "about:blank",
    )


def environment(spec: DesktopSpec, display: int) -> dict[str, str]:
    """Every variable the desktop has."""
    return {
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "DISPLAY": f":{display}",
        "HOME": HOME_INSIDE,
        "LANG": "C.UTF-8",
        "LANGUAGE": spec.language.replace("-", "_"),
        "NO_AT_BRIDGE": "1",
        "PATH": "/usr/bin",
        "TZ": spec.timezone,
        "USER": "user",
        "XAUTHORITY": XAUTHORITY_INSIDE,
        "XDG_RUNTIME_DIR": "/tmp",  # noqa: S108 - the sandbox's own
    }


def etc_files(cdp_port: int, uid: int, name_server: str | None) -> dict[str, bytes]:
    """Path as the desktop sees it → content. Without ``name_server`` the host's resolver files
    are used, because the network is the host's too."""
    files = {
        POLICY_INSIDE: policy_file(cdp_port),
        OPENBOX_INSIDE: _openbox().encode(),
        "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
        "/etc/passwd": f"user:x:{uid}:{uid}:user:{HOME_INSIDE}:/usr/sbin/nologin\n".encode(),
        "/etc/group": f"user:x:{uid}:\n".encode(),
        "/etc/machine-id": b"00000000000000000000000000000000\n",
    }
    if name_server:
        text = f"nameserver {name_server}\noptions timeout:3 attempts:2\n"
        files["/etc/resolv.conf"] = text.encode()
    return files


def lay_etc(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write ``files`` below the session's ``etc`` folder; path inside → SHA-256."""
    digests = {}
    for inside, content in files.items():
        path = folder / Path(inside).relative_to("/etc")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
        digests[inside] = hashlib.sha256(content).hexdigest()
    for made in folder.rglob("*"):
        if made.is_dir():
            made.chmod(0o755)
    return digests


def _openbox() -> str:
    """No decoration, no menus, no keys: whatever is pressed is the browser's. A window that was
    minimised comes back by a click on the empty screen."""
    return """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy></placement>
  <desktops><number>1</number><popupTime>0</popupTime></desktops>
  <keyboard/>
  <mouse>
    <context name="Client">
      <mousebind button="Left" action="Press">
        <action name="Focus"/><action name="Raise"/>
      </mousebind>
    </context>
    <context name="Root">
      <mousebind button="Left" action="Press">
        <action name="NextWindow">
          <dialog>none</dialog><interactive>no</interactive>
          <finalactions><action name="Focus"/><action name="Raise"/></finalactions>
        </action>
      </mousebind>
    </context>
  </mouse>
  <applications>
    <application class="*" type="normal"><decor>no</decor><maximized>yes</maximized></application>
  </applications>
</openbox_config>
"""
