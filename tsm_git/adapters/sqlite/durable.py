"""What is on disk stays there, and what a killed run has left goes. Opens no database."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SIDE_FILES = ("-journal", "-wal", "-shm")
_STALE_SECONDS = 3600  # after which an unfinished file is nobody's any more


def make_durable(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on disk.

    This process must have no connection to the file: closing a descriptor of it drops the locks
    (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such call for folders, and needs none
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_database(path: Path) -> None:
    """Removes a file that nobody else knows of, with its side files."""
    for suffix in ("", *SIDE_FILES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def remove_stale(fresh: Path, is_ours: Callable[[str], bool]) -> None:
    """Removes the files beside `fresh`, with names that are ours, of runs that were killed.

    `fresh` was just made: its time is the file system's own, whatever the clock says.
    """
    now = fresh.stat().st_mtime
    for other in fresh.parent.iterdir():
        if is_ours(other.name):
            with suppress(OSError):
                if now - other.stat().st_mtime > _STALE_SECONDS:
                    other.unlink()
