"""Opens databases, and turns SQLite's errors into one line with a way out.

Reading leaves no trace: no table, no side file, no changed byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import apsw

from tsm_git.adapters.sqlite.durable import make_durable, remove_database
from tsm_git.core.errors import CorruptError, DatabaseError, TsmError
from tsm_git.core.text import shell_quoted

BUSY_MILLISECONDS = 5000
_TRIES = 50  # to copy a file that somebody is writing
_MAGIC = b"SQLite format 3\0"
_NEWEST_FORMAT = 2  # bytes 18 and 19 of the header: 1 rollback journal, 2 write-ahead log


@contextmanager
def open_readonly(path: Path, shown: str, *, is_ref: bool = False) -> Iterator[apsw.Connection]:
    """A connection that reads and leaves no trace, whatever state the file is in.

    `is_ref` says that nobody ever writes this file, so not even its shared memory is touched.

    A write-ahead log that nobody has open would make SQLite create side files, and a hot journal
    cannot be rolled back by a reader: in both cases a private copy is read.
    """
    path = path.resolve()  # the side files lie beside the file, not beside a link to it
    # The header is read before a connection exists: closing a descriptor of the file would drop
    # the connection's POSIX locks (https://sqlite.org/howtocorrupt.html, section 2.2).
    is_wal = _uses_wal(path, shown)
    log, index = _beside(path, "-wal"), _beside(path, "-shm")
    is_settled = not has_bytes(log) and not (is_ref and has_bytes(_beside(path, "-journal")))
    if is_settled and (is_wal or is_ref):
        with _unchanged(path), _opened(path, "mode=ro&immutable=1") as connection:
            yield connection
    elif is_ref or (is_wal and not index.exists()) or (not is_wal and _is_hot(path)):
        from tsm_git.adapters.sqlite.private import private_folder  # seldom needed

        with (
            private_folder() as scratch,
            _opened(_private_copy(path, scratch), "mode=rw") as connection,
        ):
            yield connection
    else:
        with _opened(path, "mode=ro") as connection:
            yield connection


@contextmanager
def open_shared(path: Path, shown: str) -> Iterator[apsw.Connection]:
    """A connection that reads all of a database which others may write meanwhile.

    Under SQLite's own locks, which for a write-ahead log leave side files until it is closed.
    """
    path = path.resolve()
    if _uses_wal(path, shown) and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        with _opened(path, "mode=rw") as connection:
            yield connection
    else:
        with open_readonly(path, shown) as connection:
            yield connection


@contextmanager
def open_working(path: Path) -> Iterator[apsw.Connection]:
    """A connection that changes the working database; creates the file.

    What was committed is on disk when the block has ended, however it ends.
    """
    with _connected(path, "mode=rwc") as connection:
        # A committed script must survive a power loss (https://sqlite.org/pragma.html#pragma_synchronous).
        connection.pragma("synchronous", "FULL")
        _let_rebuild(connection)
        try:
            yield connection
        finally:
            # To delete a journal is to commit, and FULL does not wait until that is on disk. Once
            # for all scripts is enough, and cheaper than EXTRA, which waits each time.
            make_durable(path.resolve().parent)


@contextmanager
def open_private(path: Path) -> Iterator[apsw.Connection]:
    """A connection that changes a database which nobody else knows of; creates the file.

    Nothing is on disk before `make_durable`, and after a crash the file is worth nothing.
    """
    with _connected(path, "mode=rwc") as connection:
        connection.pragma("synchronous", "OFF")
        if connection.pragma("journal_mode") != "wal":  # which is the file's own, not only ours
            connection.pragma("journal_mode", "MEMORY")
        _let_rebuild(connection)
        yield connection


def _let_rebuild(connection: apsw.Connection) -> None:
    # A rebuild drops tables; with foreign keys on that would delete the children's rows, and
    # inside a transaction they cannot be switched (https://sqlite.org/foreignkeys.html, 6).
    connection.pragma("foreign_keys", False)


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """One IMMEDIATE transaction, which ends without a trace unless the block has committed it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        if connection.in_transaction:  # RAISE(ROLLBACK) or a full disk may have ended it
            connection.execute("ROLLBACK")


def ensure_writable(path: Path, shown: str) -> None:
    """Raises DatabaseError where a database cannot be changed now: read-only, locked, corrupt."""
    # SQLite would take a log that lies beside what is no database for a stale one, and remove it.
    _uses_wal(path, shown)
    with translated(shown), open_working(path) as connection:
        if connection.readonly("main"):  # `BEGIN IMMEDIATE` alone would not mind
            raise apsw.ReadOnlyError("attempt to write a readonly database")
        with transaction(connection):
            pass


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Turns SQLite's errors into one line that names the file and says what to do."""
    try:
        yield
    except TsmError:
        raise
    except (apsw.BusyError, apsw.LockedError) as error:
        raise DatabaseError(
            f"`{shown}` is locked by another process", "close what has it open, then try again"
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise CorruptError(
            f"`{shown}` is corrupt: {error}",
            f"run `sqlite3 {shell_quoted(shown)} 'PRAGMA integrity_check'` to see how far, "
            "then `tsm restore --backup latest` to have the newest backup back",
        ) from error
    except (apsw.ReadOnlyError, apsw.PermissionsError, apsw.CantOpenError) as error:
        raise DatabaseError(
            f"`{shown}` cannot be opened: {error}",
            f"run `ls -ld {shell_quoted(shown)}` to see who may",
        ) from error
    except (apsw.FullError, apsw.IOError, OSError) as error:
        raise DatabaseError(
            f"`{shown}` cannot be read or written: {_words(error)}",
            "run `df` to see whether the disk is full, `ls -ld` to see who may",
        ) from error
    except apsw.Error as error:
        if "unsupported file format" in str(error):  # byte 44 of the header
            raise _too_new(shown) from error
        raise DatabaseError(
            f"`{shown}`: {error}", f"run `sqlite3 {shell_quoted(shown)}` to see what it holds"
        ) from error


def _words(error: apsw.Error | OSError) -> str:
    """What the system says, else SQLite; errors of the backup API have no words of their own."""
    words = getattr(error, "strerror", None) or str(error)
    if words != "not an error":
        return words
    return "the disk is full" if isinstance(error, apsw.FullError) else "disk I/O error"


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[apsw.Connection]:
    with _connected(path, mode) as connection:
        # The file may come from a stranger: its schema must not be able to do anything.
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        yield connection


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[apsw.Connection]:
    # As a URI (https://sqlite.org/uri.html) a name may hold any byte, UTF-8 or not.
    name = quote(os.fsencode(path.absolute().as_posix()))
    flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(f"file:{name if name[0] == '/' else '/' + name}?{mode}", flags)
    try:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        yield connection
    finally:
        connection.close()


def _uses_wal(path: Path, shown: str) -> bool:
    if not path.is_file():  # a pipe would wait for a writer
        raise DatabaseError(f"`{shown}` is not a file", f"run `ls -ld {shell_quoted(shown)}`")
    with path.open("rb") as file:
        header = file.read(20)
    if not header:
        return False
    if not header.startswith(_MAGIC):
        raise CorruptError(
            f"`{shown}` is not an SQLite database", "see that the path is the one you mean"
        )
    if len(header) < 20 or max(header[18:20]) > _NEWEST_FORMAT:
        raise _too_new(shown)
    return header[19] == _NEWEST_FORMAT


def _too_new(shown: str) -> DatabaseError:
    return DatabaseError(
        f"`{shown}` has a file format that SQLite {apsw.sqlite_lib_version()} does not know",
        "run `pip install --upgrade apsw`",
    )


def _is_hot(path: Path) -> bool:
    """Whether a rollback journal lies beside the file that a reader could not roll back.

    A writer that is at work has a journal too, but also a lock; then reading just works.
    """
    if not has_bytes(_beside(path, "-journal")):
        return False
    try:
        with _opened(path, "mode=ro") as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except (apsw.ReadOnlyError, apsw.CantOpenError):
        return True
    return False


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Sees that nobody wrote a file that was read without locks.

    Raises BusyError where somebody did: what was read may be of two moments, or look corrupt.
    """
    before = _signs(path)
    failure: apsw.Error | None = None
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        failure = error
    if _signs(path)[0] != before[0]:
        raise apsw.BusyError("somebody wrote it while it was read") from failure
    if failure:
        raise failure


def _private_copy(path: Path, folder: Path) -> Path:
    """A copy of a database with its side files, as they were at one moment."""
    import shutil  # seldom needed, and half as dear as apsw

    copy = folder / "copy.sqlite"
    for _ in range(_TRIES):
        before = _signs(path)
        remove_database(copy)
        with suppress(FileNotFoundError):  # who had it open may just be closing it
            for suffix in ("", "-wal", "-journal"):
                if suffix == "" or has_bytes(_beside(path, suffix)):
                    shutil.copyfile(_beside(path, suffix), _beside(copy, suffix))
            if _signs(path) == before:
                return copy
    raise apsw.BusyError("it changes all the time")


def _signs(path: Path) -> list[tuple[int, int, int] | None]:
    """What differs once a database or a side file of it has changed."""
    found: list[tuple[int, int, int] | None] = []
    for suffix in ("", "-wal", "-journal"):
        try:
            status = _beside(path, suffix).stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def has_bytes(path: Path) -> bool:
    """Whether there is a file, and anything in it."""
    try:  # in one step: a journal goes whenever its writer commits
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
