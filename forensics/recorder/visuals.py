"""mss on TigerVNC.

mss 10.2 looks for the root window's visual in the first list of visuals of the screen's depth.
TigerVNC's Xvnc announces depth 24 twice and has the root's visual in the second list. Until either
changes (``tests/forensics/recorder/test_visuals.py`` says when), the list with the root's visual is
put first.
"""

from __future__ import annotations

from typing import Any

from mss.linux import xcb as _xcb

#: Not exported for others, so the type checker is not asked about it.
xcb: Any = _xcb
_announced = xcb.screen_allowed_depths


def install() -> None:
    """Make mss find the root window's visual; harmless to repeat."""
    xcb.screen_allowed_depths = _root_first


def uninstall() -> None:
    """mss as it comes."""
    xcb.screen_allowed_depths = _announced


def _root_first(screen: Any) -> list[Any]:
    root = screen.root_visual.value

    def lacks_root(depth: Any) -> bool:
        return all(visual.visual_id.value != root for visual in xcb.depth_visuals(depth))

    return sorted(_announced(screen), key=lacks_root)
