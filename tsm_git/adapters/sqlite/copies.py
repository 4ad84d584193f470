"""Copies whole databases through SQLite's backup API (https://sqlite.org/backup.html).

A file is never replaced under an open connection: a write-ahead log that is left beside it would
undo the replacement.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, open_working, translated
from tsm_git.core.errors import DatabaseError

_PAGES_AT_ONCE = 1000  # about 4 MB: other writers get their turn in between


def back_up(source: Path, shown: str, target: Path) -> None:
    """Copies a database to a new file, verified and durable, or leaves no file behind.

    Raises DatabaseError where the source cannot be read, the copy does not pass
    `integrity_check`, or the target exists.
    """
    unfinished = target.with_name(target.name + ".part")
    with translated(shown):
        if target.exists():
            raise DatabaseError(f"`{target}` exists already", "try again: the name holds the time")
        target.parent.mkdir(exist_ok=True)
        unfinished.unlink(missing_ok=True)
        try:
            with open_readonly(source, shown) as origin:
                copy = apsw.Connection(str(unfinished))
                try:
                    _copy(origin, copy)
                    # The copy says that it uses a write-ahead log if its origin does; such a file
                    # cannot be read without leaving side files (https://sqlite.org/wal.html).
                    copy.pragma("journal_mode", "DELETE")
                    _verify(copy, shown)
                finally:
                    copy.close()
            _make_durable(unfinished)
            unfinished.rename(target)
            _make_durable(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)


def restore(working: Path, shown: str, source: Path | None) -> None:
    """Makes a working database what `source` holds, or empty; others may have it open.

    One transaction: a reader sees the old or the new content, and so does whoever opens the file
    after a kill. Raises DatabaseError where the database is locked or the source is not sound.
    """
    with translated(shown), open_working(working) as target:
        mode = target.pragma("journal_mode")
        if source is None:
            empty = apsw.Connection(":memory:")
            try:
                _copy(empty, target)
            finally:
                empty.close()
        else:
            with open_readonly(source, str(source)) as origin:
                _verify(origin, str(source))
                _copy(origin, target)
        if target.pragma("journal_mode") != mode:
            target.pragma("journal_mode", mode)
        _verify(target, shown)


def _copy(origin: apsw.Connection, target: apsw.Connection) -> None:
    with target.backup("main", origin, "main") as copying:
        while not copying.done:
            copying.step(_PAGES_AT_ONCE)


def _verify(connection: apsw.Connection, shown: str) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone() or ("no answer",)
    if found != "ok":
        raise DatabaseError(f"`{shown}` is corrupt: {found}", "restore another backup")


def _make_durable(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such call for folders, and needs none
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
