"""A folder outside of the sandbox that scripts may want to reach, and that tells whether they did."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import apsw

BAIT = b"no library" * 100  # more than is read at a time: nobody waits for more


class Outside:
    """A folder with a database, and a trap for whoever reads what seems to be a library."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with contextlib.closing(apsw.Connection(str(folder / "victim.sqlite"))) as connection:
            connection.execute("create table t (a); insert into t values ('leave me alone')")
        self._trap = -1
        if hasattr(os, "mkfifo"):  # what is read from a pipe is not in it any more
            os.mkfifo(folder / "evil.so")
            self._trap = os.open(folder / "evil.so", os.O_RDWR | os.O_NONBLOCK)
            os.write(self._trap, BAIT)
        self._before = self._picture()

    def check(self) -> None:
        """Fail where anything in the folder was made, changed or read."""
        assert self._picture() == self._before, "a file outside was made or changed"
        if self._trap >= 0:
            with contextlib.suppress(BlockingIOError):
                assert os.read(self._trap, 4096) == BAIT
                os.write(self._trap, BAIT)
                return
            raise AssertionError("somebody has read a library")

    def close(self) -> None:
        """Take the trap away."""
        if self._trap >= 0:
            os.close(self._trap)

    def _picture(self) -> dict[str, bytes | None]:
        return {
            path.name: path.read_bytes() if path.is_file() else None
            for path in self.folder.iterdir()
        }
