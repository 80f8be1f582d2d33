"""Whether there is a display for a window: Qt aborts the process where there is none."""

from __future__ import annotations

import ctypes
import os
import sys


def display_problem() -> str:
    """A sentence about the missing display, or nothing if a window can be opened.

    Asks on Linux only, and only where nobody chose a Qt platform by QT_QPA_PLATFORM.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("WAYLAND_DISPLAY"):
        return ""
    name = os.environ.get("DISPLAY", "")
    if not name:
        return "There is no display, so the window cannot open."
    if not _answers(name):
        return f"The display {name} does not answer, so the window cannot open."
    return ""


def _answers(name: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # Qt will name the library that is missing.
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    answers = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answers
