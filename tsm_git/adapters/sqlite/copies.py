"""Copies whole databases through SQLite's backup API (https://sqlite.org/backup.html).

A file is never replaced under an open connection: a write-ahead log that is left beside it would
undo the replacement. Nothing here holds more than a few pages in memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import (
    open_readonly,
    open_shared,
    open_working,
    translated,
)
from tsm_git.adapters.sqlite.durable import (
    SIDE_FILES,
    make_durable,
    remove_database,
    remove_stale,
)
from tsm_git.core.errors import CorruptError, DatabaseError

Tell = Callable[[int, int], None]

PART = ".part"  # ends the name of a copy that is not finished
_PAGES_AT_ONCE = 1000  # about 4 MB: other writers get their turn in between
_TRIES = 20  # to replace what nobody else has changed meanwhile
_RESTARTS = 3  # after which a database that keeps changing is held still


def back_up(
    source: Path, shown: str, target: Path, tell: Tell = lambda _done, _pages: None
) -> None:
    """Copies a database to a new file, verified and durable, or leaves no file behind.

    Others may read and write the source meanwhile; the copy is what it was at one moment. `tell`
    is called with the number of pages that are done, and of all. Raises DatabaseError where the
    source cannot be read, the copy does not pass `integrity_check`, or the target exists.
    """
    with (
        translated(shown),
        _unfinished(target, source) as unfinished,
        open_shared(source, shown) as origin,
    ):
        _copy_verified(origin, unfinished, shown, tell)


def save_raw(source: Path, folder: Path) -> Path:
    """Copies the bytes of a database that is too damaged to be read to a new folder.

    Its side files, too. Returns where the copy is.
    """
    with translated(str(source)):
        folder.mkdir(parents=True)
        for suffix in ("", *SIDE_FILES):
            part = source.with_name(source.name + suffix)
            if part.exists():
                shutil.copyfile(part, folder / part.name)
                make_durable(folder / part.name)
        make_durable(folder)
    return folder / source.name


def remove_broken(working: Path, shown: str) -> None:
    """Removes a file that SQLite takes for no database, after `save_raw`; others are left alone."""
    with translated(shown):
        try:
            with open_working(working) as connection:
                connection.pragma("schema_version")
        except (apsw.NotADBError, apsw.CorruptError):
            remove_database(working.resolve())


def restore(
    working: Path,
    shown: str,
    source: Path | None,
    source_shown: str = "",
    keep: Callable[[], Path] | None = None,
    tell: Tell = lambda _done, _pages: None,
) -> Path | None:
    """Makes a working database what `source` holds, or empty; others may have it open.

    `keep` says where to put a backup of what it held when it was locked, so that what others have
    written until then is in it; returned is where that is, None where it held nothing. One
    transaction: a reader sees the old or the new content, and so does whoever opens the file after
    a kill. The source has been verified. Raises DatabaseError where the database is locked.
    """
    with (
        translated(shown),
        open_working(working) as target,
        _source(source, source_shown, target) as origin,
    ):
        mode = target.pragma("journal_mode")
        if mode == "wal" and origin.pragma("page_size") != target.pragma("page_size"):
            # Only without a log can a database get pages of another size
            # (https://sqlite.org/backup.html); nobody else may have it open then.
            target.pragma("journal_mode", "DELETE")
        kept = _replaced(origin, target, working, shown, keep, tell)
        if target.pragma("journal_mode") != mode:
            target.pragma("journal_mode", mode)
        _verify(target, shown)
    return kept


def _replaced(
    origin: apsw.Connection,
    target: apsw.Connection,
    working: Path,
    shown: str,
    keep: Callable[[], Path] | None,
    tell: Tell,
) -> Path | None:
    if keep is None:
        copy_pages(origin, target)
        return None
    for _ in range(_TRIES):
        # All by this very connection: opening and closing the file would drop its locks.
        seen = target.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        version = target.data_version()
        kept = keep() if seen else None
        if kept:
            with _unfinished(kept, working) as unfinished:
                _copy_verified(target, unfinished, shown, tell)
        target.execute("ROLLBACK")
        with target.backup("main", origin, "main") as copying:
            copying.step(0)  # takes the lock, copies nothing
            if target.data_version() == version:
                while not copying.done:
                    copying.step(_PAGES_AT_ONCE)
                return kept
        if kept:
            kept.unlink()  # somebody has written since: it is not what gives way
    raise apsw.BusyError("it changes all the time")


@contextmanager
def _source(path: Path | None, shown: str, target: apsw.Connection) -> Iterator[apsw.Connection]:
    if path is not None:  # it was read before: what goes wrong now is the target's
        with open_readonly(path, shown or str(path)) as connection:
            yield connection
        return
    with closing(apsw.Connection(":memory:")) as empty:
        empty.pragma("page_size", target.pragma("page_size"))
        empty.pragma("user_version", 0)  # it has a page now, so that it can be copied step by step
        yield empty


@contextmanager
def _unfinished(target: Path, source: Path) -> Iterator[Path]:
    """A new file beside the target, which becomes the target when it is whole, or goes."""
    unfinished = target.with_name(target.name + PART)
    if target.exists():
        raise DatabaseError(f"`{target}` exists already", "try again: the name holds the time")
    # Until it is whole it is for nobody else to read, then for those who may read the source.
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield unfinished
        unfinished.chmod(source.stat().st_mode & 0o777)
        make_durable(unfinished)
        unfinished.rename(target)
        make_durable(target.parent)
    finally:
        remove_database(unfinished)


def _copy_verified(origin: apsw.Connection, unfinished: Path, shown: str, tell: Tell) -> None:
    with closing(_new(unfinished)) as copy:
        remove_stale(unfinished, lambda name: name.endswith(PART))
        copy_pages(origin, copy, tell)
        # The copy says that it uses a write-ahead log if its origin does; such a file cannot be
        # read without leaving side files (https://sqlite.org/wal.html).
        copy.pragma("journal_mode", "DELETE")
        _verify(copy, shown)


def verify_sound(path: Path, shown: str) -> None:
    """Raises DatabaseError where a database cannot be read, or fails `integrity_check`."""
    with _readable(path, shown) as connection:
        _verify(connection, shown)


def has_content(path: Path, shown: str) -> bool:
    """Whether there is a database with anything in it."""
    if not path.exists():
        return False
    with _readable(path, shown) as connection:
        return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None


@contextmanager
def _readable(path: Path, shown: str) -> Iterator[apsw.Connection]:
    with translated(shown), open_readonly(path, shown) as connection:
        yield connection


def _new(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    # It has no reader yet; it is made durable when it is whole.
    connection.pragma("synchronous", "OFF")
    return connection


def copy_pages(
    origin: apsw.Connection, target: apsw.Connection, tell: Tell = lambda _done, _pages: None
) -> None:
    """Copies all pages.

    Where another process changes the origin meanwhile, SQLite starts again; readers of a
    write-ahead log hold up no writer, so there the origin is held still at once.
    """
    holds = not origin.in_transaction and origin.filename and origin.pragma("journal_mode") == "wal"
    if holds:
        origin.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
    restarts, least = 0, None
    with target.backup("main", origin, "main") as copying:
        while not copying.done:
            copying.step(_PAGES_AT_ONCE if restarts < _RESTARTS else -1)
            if least is not None and copying.remaining >= least > 0:
                restarts += 1
            least = copying.remaining
            tell(copying.page_count - copying.remaining, copying.page_count)
    if holds:
        origin.execute("ROLLBACK")


def _verify(connection: apsw.Connection, shown: str) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone() or ("no answer",)
    if found != "ok":
        first = str(found).splitlines()[-1]
        raise CorruptError(f"`{shown}` is corrupt: {first}", "restore another backup")
