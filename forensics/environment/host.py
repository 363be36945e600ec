"""Checks of what the desktop stands on: the machine, its image, packages and the browser's
version."""

from __future__ import annotations

import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from forensics.environment.devtools import ask
from forensics.environment.result import Result
from forensics.environment.view import Undecided, View, judge, listed

STATUS: Final = Path("/var/lib/dpkg/status")
#: Bits of /proc/sys/kernel/tainted that speak of trouble: a module loaded or unloaded by force, a
#: machine check, a bad page, an oops (Documentation/admin-guide/tainted-kernels.rst).
_TROUBLE: Final = {1: "F", 3: "R", 4: "M", 5: "B", 7: "D"}


def check_host(view: View) -> Result:
    """The machine runs as it should: its kernel has met with no fault since it started."""
    name = "host"
    bits = int(_line("/proc/sys/kernel/tainted"))
    trouble = [letter for bit, letter in _TROUBLE.items() if bits >> bit & 1]
    uptime = float(_line("/proc/uptime").split()[0])
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    data = {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": cpu[1] if cpu else "",
        "boot": _line("/proc/sys/kernel/random/boot_id"),
        "up_seconds": int(uptime),
        "tainted": bits,
        "system": _system(),
        "clock": _line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
    }
    found = f"{data['system']}, Linux {data['kernel']} {data['machine']}"
    return judge(name, not trouble, name, found=", ".join([found, *trouble]), data=data)


def check_image(view: View) -> Result:
    """What image the desktop was made from. Without one, its files are the host's own packages."""
    image = dict(view.target.image)
    if not image:
        raise Undecided("no-image")
    found = listed(f"{name} {version}" for name, version in sorted(image.items()))
    return judge("image", True, "image", found=found, data={"image": image})


def check_packages(view: View) -> Result:
    """The packages that make the desktop are installed whole, in the versions noted at set-up."""
    name, expected = "packages", dict(view.target.packages)
    if not expected:
        raise Undecided("nothing-expected")
    installed = packages(set(expected))
    found = {each: installed.get(each, "") for each in expected}
    wrong = [
        f"{each} {found[each] or '—'}" for each in sorted(expected) if found[each] != expected[each]
    ]
    shown = listed(wrong) if wrong else listed(f"{k} {v}" for k, v in sorted(found.items()))
    data = {"found": found, "expected": expected}
    return judge(
        name,
        not wrong,
        name,
        found=shown,
        expected=listed(f"{k} {v}" for k, v in sorted(expected.items())),
        data=data,
    )


def check_browser_version(view: View) -> Result:
    """The browser names the version that its launcher expected."""
    name, target = "browser-version", view.target
    if not target.browser_version or not target.cdp_port:
        raise Undecided("nothing-expected")
    answer = ask(view, "/json/version", dict)
    found = str(answer.get("Browser", "")).partition("/")[2]
    # Debian's version has an epoch before and a revision behind the browser's own.
    wanted = re.search(r"\d+(\.\d+){3}", target.browser_version)
    good = bool(found) and wanted is not None and found == wanted[0]
    return judge(name, good, name, found=found, expected=target.browser_version)


def packages(names: set[str], status: Path = STATUS) -> dict[str, str]:
    """Installed packages among ``names`` and their versions, as dpkg has them. Raises OSError."""
    found = {}
    for block in status.read_text("utf-8", "replace").split("\n\n"):
        package = re.match(r"Package: (\S+)", block)
        if package and package[1] in names:
            version = re.search(r"^Version: (\S+)", block, re.MULTILINE)
            if version and re.search(r"^Status: \S+ ok installed$", block, re.MULTILINE):
                found[package[1]] = version[1]
    return found


def _line(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text().strip()
    return "0" if path.endswith("tainted") else ""


def _system() -> str:
    text = ""
    with suppress(OSError):
        text = Path("/etc/os-release").read_text()
    pretty = re.search(r'^PRETTY_NAME="?([^"\n]*)', text, re.MULTILINE)
    return pretty[1] if pretty else "Linux"
