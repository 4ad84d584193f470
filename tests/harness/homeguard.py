"""Makes the tests fail when they touch the home directory of whoever runs them.

It watches this process only; child processes are given another home by `gitenv.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

TOUCHING = frozenset(
    {
        "open",
        "os.chmod",
        "os.link",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "os.symlink",
        "os.truncate",
    }
)


class HomeGuard:
    """An audit hook that raises while it is `active`; it cannot be taken out again.

    Python itself, the tests and temporary files may well be below the home directory: `allowed`.
    """

    def __init__(self, home: Path, allowed: Iterable[Path | str]) -> None:
        self.active = False
        self.home = os.path.join(home, "")
        self.allowed: tuple[str, ...] = ()
        for path in allowed:
            self.allow(path)

    def allow(self, path: Path | str) -> None:
        """Except a folder."""
        folder = os.path.join(os.path.abspath(path), "")
        if folder not in self.allowed:
            self.allowed += (folder,)

    def install(self) -> None:
        """Start to watch; a home that is the root of the file system cannot be told apart."""
        if self.home != os.sep:
            sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Look at one event of the interpreter."""
        if not self.active or event not in TOUCHING:
            return
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return
        touched = os.path.join(os.path.abspath(os.fsdecode(path)), "")
        if touched.startswith(self.home) and not touched.startswith(self.allowed):
            raise AssertionError(f"a test touched the real home directory: {event} {touched}")
