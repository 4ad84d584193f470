"""Makes reference databases: copies of production that nobody writes.

A reference has no write-ahead log, so that it can be read without a trace; it is put into its place
whole, and is read-only there.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import BUSY_MILLISECONDS, open_readonly, translated
from tsm_git.adapters.sqlite.copies import Tell, back_up, copy_pages, verify_sound
from tsm_git.adapters.sqlite.durable import SIDE_FILES, make_durable
from tsm_git.core.errors import DatabaseError


def copy_from_path(source: Path, shown: str, target: Path, tell: Tell) -> None:
    """Copies a database that others may be using to a new file."""
    back_up(source, shown, target, tell)


def copy_from_uri(uri: str, target: Path, tell: Tell) -> None:
    """Copies what an SQLite URI names (https://sqlite.org/uri.html), which is only read."""
    with translated(uri):
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(uri, flags)) as origin:
            origin.set_busy_timeout(BUSY_MILLISECONDS)
            with closing(apsw.Connection(str(target))) as copy:
                copy_pages(origin, copy, tell)


def settle(path: Path, shown: str) -> None:
    """Makes a database that was just fetched fit to be a reference, and durable.

    A log that was fetched beside it becomes part of it. Raises DatabaseError where it is no
    database, or fails `integrity_check`.
    """
    with translated(shown):
        with open_readonly(path, shown) as connection:  # says what it is, if it is no database
            connection.pragma("schema_version")
        path.chmod(0o600)
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            if connection.pragma("journal_mode", "DELETE") != "delete":
                raise DatabaseError(
                    f"`{shown}` has a write-ahead log that cannot be settled",
                    "fetch the log (`-wal`) with it, or neither",
                )
        verify_sound(path, shown)
        make_durable(path)


def put(fetched: Path, target: Path, shown: str) -> None:
    """Puts a settled database into its place, read-only; whoever reads sees the old or the new."""
    target = target.resolve()
    with translated(shown):
        fetched.chmod(0o444)
        for suffix in SIDE_FILES:  # those of the old one would be taken for those of the new one
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        fetched.replace(target)
        make_durable(target.parent)
