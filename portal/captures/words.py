"""Codes of captures in words people read."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from portal.captures.models import CaptureState, ScheduleState

#: state → word, icon, and class of its badge
STATES: Final = {
    CaptureState.QUEUED: (lazy_gettext("waits for a desktop"), "hourglass", "waiting"),
    CaptureState.STARTING: (lazy_gettext("starting"), "loader", "moving"),
    CaptureState.LIVE: (lazy_gettext("recording"), "player-record", "live"),
    CaptureState.FINISHING: (lazy_gettext("being closed"), "loader", "moving"),
    CaptureState.REVIEW: (lazy_gettext("to be reviewed"), "eye", "waiting"),
    CaptureState.SEALED: (lazy_gettext("sealed"), "circle-check", "issued"),
    CaptureState.DISCARDED: (lazy_gettext("discarded"), "trash", "waiting"),
    CaptureState.FAILED: (lazy_gettext("failed"), "circle-x", "failed"),
}
SCHEDULES: Final = {
    ScheduleState.ACTIVE: lazy_gettext("active"),
    ScheduleState.DONE: lazy_gettext("over"),
    ScheduleState.STOPPED: lazy_gettext("stopped"),
}
EVERY: Final = {
    "once": lazy_gettext("once"),
    "hour": lazy_gettext("every hour"),
    "day": lazy_gettext("every day"),
    "week": lazy_gettext("every week"),
    "month": lazy_gettext("every month"),
}
#: step of a start → what it is, and what it is good for
STEPS: Final = {
    "network": (
        lazy_gettext("Network"),
        lazy_gettext(
            "a network of its own; neither the portal nor inner networks are reached from it"
        ),
    ),
    "screen": (lazy_gettext("Screen"), lazy_gettext("an empty screen")),
    "recorder": (
        lazy_gettext("Recording"),
        lazy_gettext("the first frame is recorded before anything is on the screen"),
    ),
    "browser": (
        lazy_gettext("Browser"),
        lazy_gettext("a browser that nobody has used, without history, cookies or extensions"),
    ),
    "cleanliness": (
        lazy_gettext("Cleanliness"),
        lazy_gettext("looked through from outside; the result is shown on the recording"),
    ),
    "input": (
        lazy_gettext("Keyboard and mouse"),
        lazy_gettext("released last, and only while the recording runs"),
    ),
}
TERMINALS: Final = {
    "complete": lazy_gettext("complete"),
    "interrupted": lazy_gettext("interrupted"),
    "failed": lazy_gettext("failed"),
}
ENDED_BY: Final = {
    "person": lazy_gettext("ended by the person at the desktop"),
    "operator": lazy_gettext("ended by an operator"),
    "idle": lazy_gettext("ended because nobody used it"),
    "limit": lazy_gettext("ended at the time limit"),
    "itself": lazy_gettext("ended by itself"),
}
LANGUAGES: Final = {"zh-CN": lazy_gettext("Chinese"), "en-US": lazy_gettext("English")}
KEYBOARDS: Final = {
    "us": lazy_gettext("US (also for Chinese)"),
    "gb": lazy_gettext("British"),
    "de": lazy_gettext("German"),
    "fr": lazy_gettext("French"),
}
ISOLATIONS: Final = {
    "isolated": lazy_gettext("Isolated: own network, user, processes, files and limits."),
    "shared-network": lazy_gettext(
        "Degraded: own files and processes, but the host's network. The evidence says so."
    ),
    "bare": lazy_gettext("Bare: no isolation, for tests alone. The evidence says so."),
}
#: kinds of events that a timeline shows → word and icon
MOMENTS: Final = {
    "input_on": (lazy_gettext("Keyboard and mouse released"), "keyboard"),
    "input_off": (lazy_gettext("Keyboard and mouse off"), "lock"),
    "mark": (lazy_gettext("Mark"), "bookmark"),
    "navigation": (lazy_gettext("Page opened"), "world"),
    "still": (lazy_gettext("Screenshot"), "camera"),
    "page": (lazy_gettext("Page captured"), "file-text"),
    "paste": (lazy_gettext("Text pasted"), "clipboard-text"),
    "upload": (lazy_gettext("File brought in"), "upload"),
    "download": (lazy_gettext("File downloaded"), "download"),
    "token": (lazy_gettext("Time-stamp over the recording"), "rubber-stamp"),
    "viewer": (lazy_gettext("Viewer"), "eye"),
    "gap": (lazy_gettext("Gap: nothing was recorded"), "alert-triangle"),
    "clock": (lazy_gettext("The clock was set"), "clock"),
    "warning": (lazy_gettext("Warning"), "alert-triangle"),
    "limit": (lazy_gettext("Limit reached"), "hourglass"),
    "ending": (lazy_gettext("Recording ends"), "player-stop"),
}
#: kinds that people look for first; the others are shown when asked for
MARKERS: Final = ("mark", "navigation", "still", "page", "paste", "upload", "download", "gap")
#: network logs → what they are, and the fields that are shown
LOGS: Final = {
    "log/dns.jsonl": lazy_gettext("Names asked for (DNS)"),
    "log/egress.jsonl": lazy_gettext("Connections"),
    "web/tls.jsonl": lazy_gettext("Certificates of the sites (TLS)"),
    "web/pages.jsonl": lazy_gettext("Pages visited"),
}
#: first folder of a path → what lies there
FOLDERS: Final = {
    "recording": lazy_gettext("Recording"),
    "stills": lazy_gettext("Screenshots"),
    "pages": lazy_gettext("Captured pages"),
    "web": lazy_gettext("Web archive"),
    "downloads": lazy_gettext("Downloads"),
    "uploads": lazy_gettext("Files brought in"),
    "log": lazy_gettext("Logs"),
}
