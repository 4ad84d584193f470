"""Lets the system calls fail that SQLite makes to change a file.

SQLite's own VFS makes them, and takes the errors as it takes those of a disk. (A VFS in Python could
only raise an exception, which would come out of calls that never fail.)
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_ssize_t, c_void_p
from pathlib import Path
from typing import Any

import apsw

_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "open": (c_int, c_char_p, c_int, c_int),
    "write": (c_ssize_t, c_int, c_void_p, c_size_t),
    "pwrite": (c_ssize_t, c_int, c_void_p, c_size_t, c_int64),
    "pwrite64": (c_ssize_t, c_int, c_void_p, c_size_t, c_int64),
    "ftruncate": (c_int, c_int, c_int64),
    "unlink": (c_int, c_char_p),
    "openDirectory": (c_int, c_char_p, c_void_p),
}


def watch(fails: Callable[[str, str], int]) -> list[object]:
    """Ask before each call, with its name and the file's, which error it is to have; 0 is none.

    Returns what has to be kept for as long as SQLite is used.
    """
    vfs = apsw.VFS("calls", apsw.vfs_names()[0])
    kept: list[object] = [vfs]
    for name, types in _PROTOTYPES.items():
        pointer = vfs.xGetSystemCall(name)
        if not pointer:
            continue
        prototype = ctypes.CFUNCTYPE(*types, use_errno=True)
        real = prototype(pointer)

        def call(*arguments: Any, name: str = name, real: Any = real) -> int:
            changes = name != "open" or arguments[1] & (os.O_CREAT | os.O_TRUNC)
            error = fails(name, _file(arguments[0])) if changes else 0
            if error:
                ctypes.set_errno(error)
                return -1
            return int(real(*arguments))

        callback = prototype(call)
        kept += [callback, real]
        address = ctypes.cast(callback, c_void_p).value
        assert address is not None
        vfs.xSetSystemCall(name, address)
    return kept


def _file(what: int | bytes) -> str:
    if isinstance(what, bytes):
        return os.fsdecode(what)
    return str(Path(f"/proc/self/fd/{what}").readlink())
