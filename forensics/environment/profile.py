"""Checks of the browser's profile: that it is new, and that nothing is built into it."""

from __future__ import annotations

from typing import Any, Final

from forensics.environment.devtools import ask
from forensics.environment.filed import profiles, rows
from forensics.environment.result import Result
from forensics.environment.view import Undecided, View, judge, listed

#: Seconds a clock of a file system may be behind.
_SLACK: Final = 2.0
#: What a person leaves in a profile: file, table and condition. Addresses on the loopback are the
#: page that shows these very results.
_TRACES: Final = (
    ("History", "urls WHERE url LIKE 'http%' AND url NOT LIKE 'http://127.0.0.1:%'"),
    ("History", "downloads"),
    ("Cookies", "cookies WHERE host_key != '127.0.0.1'"),
    ("Network/Cookies", "cookies WHERE host_key != '127.0.0.1'"),
    ("Login Data", "logins"),
    ("Login Data For Account", "logins"),
    ("Web Data", "autofill"),
)
#: ``extensions.settings.*.location`` of what is built into the browser itself: COMPONENT and
#: EXTERNAL_COMPONENT in Chromium's manifest.mojom.
_BUILT_IN: Final = (5, 10)
_FORCING: Final = (
    "ExtensionInstallForcelist",
    "ExtensionInstallAllowlist",
    "ExtensionInstallSources",
)
_SYSTEM_FOLDERS: Final = (
    "/usr/share/chromium/extensions",
    "/usr/lib/chromium/extensions",
    "/usr/share/google-chrome/extensions",
    "/opt/google/chrome/extensions",
)


def check_profile(view: View) -> Result:
    """The profile was made for this session: nothing in it is older, and it remembers nothing."""
    name, target = "profile", view.target
    if not target.profile or target.started is None:
        raise Undecided("nothing-expected")
    since = target.started.timestamp() - _SLACK
    folders = [target.profile, *profiles(view)]
    entries = [
        (f"{each}/{file}", info) for each in folders for file, info in view.root.entries(each)
    ]
    if not entries:
        raise Undecided("no-profile")
    found = [path for path, info in entries if info.st_mtime < since]
    for folder in folders[1:]:
        for file, table in _TRACES:
            count = rows(view, f"{folder}/{file}", f"SELECT count(*) FROM {table}")  # noqa: S608 - constants
            if count:
                found.append(f"{folder}/{file}: {count}")
        if _bookmarked(view.json(f"{folder}/Bookmarks")):
            found.append(f"{folder}/Bookmarks")
    data = {"found": found[:50], "entries": len(entries)}
    expected = target.started.isoformat(timespec="seconds")
    return judge(name, not found, name, found=listed(found), expected=expected, data=data)


def _bookmarked(node: Any, depth: int = 0) -> bool:
    if depth > 20:
        return True
    if isinstance(node, dict):
        return node.get("type") == "url" or any(
            _bookmarked(each, depth + 1) for each in node.values()
        )
    return isinstance(node, list) and any(_bookmarked(each, depth + 1) for each in node)


def check_extensions(view: View) -> Result:
    """No extension: not in the profile, not by policy or switch, not in the system's folders, and
    none that runs."""
    name, target = "extensions", view.target
    if not target.profile:
        raise Undecided("nothing-expected")
    found = set()
    for folder in profiles(view):
        found |= {each for each in view.root.names(f"{folder}/Extensions") if each != "Temp"}
        for file in ("Preferences", "Secure Preferences"):
            found |= _installed(view.json(f"{folder}/{file}"))
    found |= {f"{each}/{file}" for each in _SYSTEM_FOLDERS for file in view.root.names(each)}
    policies = view.policies()
    found |= {each for each in _FORCING if policies.get(each)}
    found |= {each for each in target.argv if each.startswith("--load-extension")}
    known = _built_in(view)
    if target.cdp_port:
        for each in ask(view, "/json/list", list):
            address = str(each.get("url", "")) if isinstance(each, dict) else ""
            identity = address.removeprefix("chrome-extension://").split("/")[0]
            if address.startswith("chrome-extension://") and identity not in known:
                found.add(identity)
    data = {"found": sorted(found)[:50], "built_in": sorted(known)}
    return judge(name, not found, name, found=listed(sorted(found)), data=data)


def _settings(preferences: dict[str, Any]) -> dict[str, Any]:
    extensions = preferences.get("extensions")
    settings = extensions.get("settings") if isinstance(extensions, dict) else None
    return settings if isinstance(settings, dict) else {}


def _installed(preferences: dict[str, Any]) -> set[str]:
    settings = _settings(preferences)
    return {
        identity
        for identity, each in settings.items()
        if isinstance(each, dict) and each.get("location") not in (None, *_BUILT_IN)
    }


def _built_in(view: View) -> set[str]:
    return {
        identity
        for folder in profiles(view)
        for identity, each in _settings(view.json(f"{folder}/Preferences")).items()
        if isinstance(each, dict) and each.get("location") in _BUILT_IN
    }
