#!/usr/bin/env python3
"""Become a Chromium that does not hear of the machine's network interfaces: ``chromium.py ARG ...``

A browser breaks off whatever it is loading (ERR_NETWORK_CHANGED) when an interface comes or goes,
and the desktops of the tests beside it bring theirs. So this one gets no netlink sockets (a seccomp
filter, seccomp(2)); Chromium then takes the network for given.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

PROGRAM: Final = "/usr/lib/chromium/chromium"
#: AUDIT_ARCH and the number of socket(2)
_SOCKET: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD+BPF_W+BPF_ABS, BPF_JMP+BPF_JEQ+BPF_K, BPF_RET
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def deny_netlink() -> None:
    """This process and all its children are told that there are no such sockets. Raises OSError."""
    arch, number = _SOCKET[platform.machine()]
    # Offsets in struct seccomp_data: nr 0, arch 4, the first argument 16.
    lines = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 5, arch),
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 3, number),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, socket.AF_NETLINK),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = _Program(len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_NO_NEW_PRIVS, 1, 0, 0, 0), (_SET_SECCOMP, _FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    if platform.machine() in _SOCKET:
        with suppress(OSError):  # where no filter may be set, browsers hear of interfaces again
            deny_netlink()
    os.execv(PROGRAM, [PROGRAM, *sys.argv[1:]])  # noqa: S606 - the browser is meant
