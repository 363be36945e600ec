"""Checks of what runs: namespaces, programs, libraries, words and variables."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from forensics.environment import proc
from forensics.environment.result import Result
from forensics.environment.view import Undecided, View, judge, listed, undecided

#: Kinds that a desktop must have of its own, unless its launcher says that they are shared.
SEPARATE: Final = ("ipc", "mnt", "net", "pid", "user", "uts")
#: Beginnings of switches that weaken the browser or put somebody between it and the site.
FORBIDDEN: Final = (
    "--allow-insecure", "--allow-running-insecure-content", "--auto-open-devtools",
    "--disable-extensions-except", "--disable-features=IsolateOrigins", "--disable-site-isolation",
    "--disable-web-security", "--enable-automation", "--headless", "--host-resolver-rules",
    "--host-rules", "--ignore-certificate-errors", "--ignore-ssl-errors", "--ignore-urlfetcher",
    "--js-flags", "--load-extension", "--no-sandbox", "--pac", "--proxy", "--remote-allow-origins",
    "--remote-debugging-address", "--remote-debugging-pipe", "--renderer-cmd-prefix",
    "--single-process", "--ssl-key-log-file", "--unsafely", "--user-agent", "--utility-cmd-prefix",
)  # fmt: skip
#: Variables that change what programs load, trust or reach.
TELLING: Final = (
    "CHROMIUM_FLAGS", "GTK_MODULES", "HOSTALIASES", "LD_", "LOCALDOMAIN", "NSS_", "RES_OPTIONS",
    "SSLKEYLOGFILE", "SSL_CERT_",
)  # fmt: skip
#: Set by the sandbox program and by shells on the way.
_HARMLESS: Final = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})
_SYSTEM: Final = ("/usr/", "/lib/", "/lib64/")


def check_namespaces(view: View) -> Result:
    """The desktop has its own of every kind, but for what is declared as shared."""
    name = "namespaces"
    desktop, host = proc.namespaces(view.target.pid), proc.namespaces("self")
    shared = [kind for kind in SEPARATE if desktop[kind] == host[kind]]
    data = {"desktop": desktop, "host": host}
    undeclared = sorted(set(shared) - set(view.target.shared))
    fields = {"found": listed(shared), "expected": listed(view.target.shared), "data": data}
    if undeclared:
        return judge(name, False, name, **fields)
    return (
        undecided(name, "namespaces.shared", **fields)
        if shared
        else judge(name, True, name, **fields)
    )


def check_processes(view: View) -> Result:
    """Every process runs a program of the allow-list, of the content known for it."""
    name, allowed = "processes", view.target.executables
    if not allowed:
        raise Undecided("nothing-expected")
    if any(not each.exe for each in view.processes):
        raise Undecided("not-permitted")
    if not view.processes:
        raise Undecided("gone")
    foreign = {each.exe for each in view.processes} - set(allowed)
    changed = {
        path
        for path, digests in view.programs.items()
        if allowed.get(path) and digests != [allowed[path]]
    }
    found = listed(sorted(foreign | changed)) if foreign or changed else str(len(view.processes))
    data = {
        "processes": [[each.pid, each.parent, each.uid, each.exe] for each in view.processes[:500]],
        "programs": view.programs,
    }
    reason = "programs" if changed and not foreign else name
    return judge(
        name,
        not foreign | changed,
        reason,
        found=found,
        expected=listed(sorted(allowed)),
        data=data,
    )


def check_browser(view: View) -> Result:
    """The browser runs the program its launcher named, of the content known for it."""
    name, target = "browser", view.target
    expected = target.executables.get(target.browser, "")
    if not target.browser_pid or not expected:
        raise Undecided("nothing-expected")
    path = str((proc.PROC / str(target.browser_pid) / "exe").readlink())
    found = view.digest(target.browser_pid)
    good = path == target.browser and found == expected
    data = {"path": path, "sha256": found}
    return judge(
        name,
        good,
        name,
        found=f"{path} {found}",
        expected=f"{target.browser} {expected}",
        data=data,
    )


def check_libraries(view: View) -> Result:
    """Nothing is pushed under the browser: no preload, no program text from outside the system."""
    name = "libraries"
    preload = view.text("/etc/ld.so.preload").strip()
    strangers = set()
    for line in proc.read(_browser(view), "maps").decode("utf-8", "replace").splitlines():
        fields = line.split(maxsplit=5)
        mapped = fields[5] if len(fields) == 6 and "x" in fields[1] else ""
        if mapped.startswith("/") and not mapped.startswith(_SYSTEM):
            strangers.add(mapped)
    variables = [word for word in _variables(view) if word.startswith("LD_")]
    found = [*preload.split(), *sorted(strangers), *variables]
    return judge(name, not found, name, found=listed(found), data={"found": found[:50]})


def check_flags(view: View) -> Result:
    """The browser was started with the launcher's words, none of them harmful.

    What the launcher gave to execve counts. The process may overwrite its own words, so these can
    only speak against it: a switch that is there and was not given is a failure.
    """
    name, target = "flags", view.target
    if not target.argv:
        raise Undecided("nothing-expected")
    if not any(each.pid == target.browser_pid for each in view.processes):
        raise Undecided("gone")
    bad = [word for word in target.argv[1:] if word.startswith(FORBIDDEN)]
    port = [word for word in target.argv if word.startswith("--remote-debugging-port=")]
    if port not in ([], [f"--remote-debugging-port={target.cdp_port}"]):
        bad += port
    for each in view.processes:
        if each.exe == target.browser:
            spoken: list[str] = []
            with suppress(FileNotFoundError, ProcessLookupError):  # helpers come and go
                spoken = proc.words(each.pid, "cmdline")
            if not any("--type=" in word for word in spoken):
                bad += [word for word in spoken[1:] if word not in target.argv]
    data = {"argv": list(target.argv)}
    return judge(
        name, not bad, name, found=listed(bad), expected=f"{len(target.argv)} words", data=data
    )


def check_variables(view: View) -> Result:
    """The browser has the launcher's variables, no others, and none that changes what it trusts."""
    name, given = "variables", view.target.environment
    if not given:
        raise Undecided("nothing-expected")
    bad = [word for word in given if word.startswith(TELLING)]
    for word in _variables(view):
        key, _, value = word.partition("=")
        if key not in _HARMLESS and given.get(key) != value:
            bad.append(key)
    data = {"variables": dict(given)}
    return judge(name, not bad, name, found=listed(bad), expected=listed(sorted(given)), data=data)


def check_proxy(view: View) -> Result:
    """No proxy: not in variables, not in the browser's words, not in its policies."""
    name = "proxy"
    words = [*(f"{k}={v}" for k, v in view.target.environment.items()), *_variables(view)]
    found = [word for word in words if "proxy" in word.partition("=")[0].lower()]
    found += [word for word in view.target.argv if word.startswith(("--proxy", "--pac"))]
    policies = view.policies()
    settings = policies.get("ProxySettings")
    modes = [
        policies.get("ProxyMode"),
        settings.get("ProxyMode") if isinstance(settings, dict) else None,
    ]
    found += [f"ProxyMode={mode}" for mode in modes if mode not in (None, "direct")]
    for key in ("ProxyServer", "ProxyPacUrl"):
        if policies.get(key):
            found.append(f"{key}={policies[key]}")
    found = sorted(set(found))
    return judge(name, not found, name, found=listed(found), data={"found": found[:50]})


def _variables(view: View) -> list[str]:
    return proc.words(_browser(view), "environ")


def _browser(view: View) -> int:
    if not view.target.browser_pid:
        raise Undecided("no-browser")
    return view.target.browser_pid
