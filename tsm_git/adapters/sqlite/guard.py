"""What strangers' SQL may do: an authorizer, limits, a clock that stands still, no files.

Nothing here runs a script; `sandbox_child` does. Which pragmas have no effect inside a transaction
is TSM505's to say, so here they are without effect and without a word.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import apsw

from tsm_git.core.ledger import TABLE

_OK, _DENY, _IGNORE = apsw.SQLITE_OK, apsw.SQLITE_DENY, apsw.SQLITE_IGNORE

# The clock of a replay: equal scripts shall give equal rows whenever they are replayed.
_JULIAN_DAY = 2461041.5  # 2026-01-01T00:00:00Z
MOST_MAPPED = 2 << 30  # bytes of a file; SQLite maps no more, and reads where it may not map
_STEPS = 10_000  # virtual machine instructions between two looks at the clock

_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 20_000_000,  # one opcode cannot be interrupted, so it must be short
    apsw.SQLITE_LIMIT_SQL_LENGTH: 8_000_000,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 100,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}

# What a script may set. All but the first three belong to the connection: they are set back.
LASTING = {"legacy_alter_table", "recursive_triggers", "ignore_check_constraints"}
_MAY_SET = {"user_version", "application_id", "defer_foreign_keys", *LASTING}
_MAY_RUN = {
    *("collation_list", "compile_options", "foreign_key_check", "foreign_key_list"),
    *("function_list", "index_info", "index_list", "index_xinfo", "integrity_check"),
    *("module_list", "optimize", "pragma_list", "quick_check", "table_info", "table_list"),
    "table_xinfo",
}
_FORBIDDEN_PRAGMAS = {
    "writable_schema": "it would let a statement damage the schema",
    "schema_version": "it would let a statement damage the schema",
    "temp_store_directory": "a script touches no files",
    "data_store_directory": "a script touches no files",
}
_FORBIDDEN_FUNCTIONS = {
    *("load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "fsdir", "lsdir"),
    *("sqlite_log", "zipfile", "sqlar_compress", "sqlar_uncompress"),
}
_MODULES = {
    *("fts3", "fts4", "fts5", "fts5vocab", "fts4aux", "fts3tokenize"),
    *("rtree", "rtree_i32", "geopoly"),
}
_ROWS = {apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE}
_TELLING = {"sqlite_sequence"}  # of SQLite's own tables the one that scripts write
_LEDGER = "the ledger is written by tsm alone"


class Guard:
    """The authorizer of one connection; it says no only while `on`.

    `refused` is why the last statement was not allowed. `free` is for a script that asks to run
    outside a transaction. While `watching` it collects what a statement touches before it runs:
    (table, column) in `read`, `wrote` and `loses`, tables in `deleted`, `dropped` and, where a
    trigger does it, `triggered`; `alters` says whether it is an ALTER.
    """

    def __init__(self) -> None:
        self.on = False
        self.watching = False
        self.free = False
        self.refused = ""
        self.makes_temporary = False
        self.sets_lasting = False
        self.forget()
        changes = {
            apsw.SQLITE_INSERT: self._write,
            apsw.SQLITE_UPDATE: self._write,
            apsw.SQLITE_DELETE: self._delete,
            apsw.SQLITE_DROP_TABLE: self._drop,
            apsw.SQLITE_CREATE_TABLE: self._create,
            apsw.SQLITE_CREATE_VIEW: self._create,
            apsw.SQLITE_ALTER_TABLE: self._alter,
            apsw.SQLITE_CREATE_TRIGGER: self._trigger,
        }
        temporary = {
            apsw.SQLITE_CREATE_TEMP_TABLE: self._temporary,
            apsw.SQLITE_CREATE_TEMP_VIEW: self._temporary,
            apsw.SQLITE_CREATE_TEMP_TRIGGER: self._temporary,
            apsw.SQLITE_CREATE_TEMP_INDEX: self._temporary,
        }
        self._handlers: dict[int, Callable[[str | None, str | None], int]] = {
            **changes,
            **temporary,
            apsw.SQLITE_READ: self._read,
            apsw.SQLITE_ATTACH: self._attach,
            apsw.SQLITE_DETACH: self._attach,
            apsw.SQLITE_TRANSACTION: self._transaction,
            apsw.SQLITE_SAVEPOINT: self._transaction,
            apsw.SQLITE_PRAGMA: self._pragma,
            apsw.SQLITE_FUNCTION: self._function,
            apsw.SQLITE_CREATE_VTABLE: self._module,
        }

    def __call__(
        self,
        action: int,
        one: str | None,
        two: str | None,
        database: str | None,
        trigger: str | None,
    ) -> int:
        if not self.on or (self.free and database and database.startswith("vacuum_")):
            return _OK  # what VACUUM does inside
        handler = self._handlers.get(action)
        if handler is None:
            return _OK
        if self.watching:
            if trigger and one and action in _ROWS:
                self.triggered.add(one)
            if action == apsw.SQLITE_ALTER_TABLE and two and database:
                self.loses.add((two, database))  # DROP COLUMN names the column here
        return handler(one, two)

    def forget(self) -> None:
        """Starts with a new statement."""
        self.deleted: set[str] = set()
        self.dropped: set[str] = set()
        self.loses: set[tuple[str, str]] = set()
        self.triggered: set[str] = set()
        self.read: set[tuple[str, str]] = set()
        self.wrote: set[tuple[str, str]] = set()
        self.alters = False

    def _refuse(self, why: str) -> int:
        self.refused = why
        return _DENY

    def _read(self, table: str | None, column: str | None) -> int:
        if self.watching and table and not table.startswith("sqlite_"):
            self.read.add((table, column or ""))
        return _OK

    def _write(self, table: str | None, column: str | None) -> int:
        if table and table.lower() == TABLE:
            return self._refuse(_LEDGER)
        if self.watching and table and (table in _TELLING or not table.startswith("sqlite_")):
            self.wrote.add((table, column or ""))
        return _OK

    def _delete(self, table: str | None, _: str | None) -> int:
        if table and table.lower() == TABLE:
            return self._refuse(_LEDGER)
        if self.watching and table and not table.startswith("sqlite_"):
            self.deleted.add(table)
        return _OK

    def _drop(self, table: str | None, _: str | None) -> int:
        if self.watching and table:
            self.dropped.add(table)
        return self._delete(table, None)

    def _create(self, name: str | None, _: str | None) -> int:
        if name and name.lower() == TABLE:
            return self._refuse(_LEDGER)
        if self.watching and name:
            self.wrote.add((name, ""))  # CREATE TABLE AS reads rows, and writes them here
        return _OK

    def _alter(self, _: str | None, table: str | None) -> int:
        self.alters = True
        return self._trigger(_, table)

    def _trigger(self, _: str | None, table: str | None) -> int:
        return self._refuse(_LEDGER) if table and table.lower() == TABLE else _OK

    def _temporary(self, *_: str | None) -> int:
        self.makes_temporary = True
        return _OK

    def _attach(self, name: str | None, _: str | None) -> int:
        if self.free and not name:  # VACUUM attaches a database of its own, in memory
            return _OK
        return self._refuse("a script changes one database and touches no other file")

    def _transaction(self, *_: str | None) -> int:
        return _OK if self.free else _IGNORE  # TSM505 speaks of it

    def _pragma(self, name: str | None, value: str | None) -> int:
        word = (name or "").lower()
        if word in _FORBIDDEN_PRAGMAS and value is not None:
            return self._refuse(_FORBIDDEN_PRAGMAS[word])
        self.sets_lasting = self.sets_lasting or word in LASTING
        return _OK if value is None or word in _MAY_SET or word in _MAY_RUN else _IGNORE

    def _function(self, _: str | None, name: str | None) -> int:
        if name and name.lower() in _FORBIDDEN_FUNCTIONS:
            return self._refuse(f"`{name}` reaches outside the database")
        return _OK

    def _module(self, _: str | None, module: str | None) -> int:
        if (module or "").lower() not in _MODULES:
            return self._refuse(f"the module `{module}` reaches outside the database")
        return _OK


class StillWorld(apsw.VFS):
    """A world for a database in memory: no file, a clock that stands, chance that repeats.

    Whatever else fails: no file can be opened through it. With `clock` time goes on. `reseed` lets
    the random numbers that follow depend on nothing but the script that draws them.
    """

    NAME = "tsm-still"

    def __init__(self, *, clock: bool = False) -> None:
        self._clock = clock
        # SQLite asks its default for chance, whatever a connection uses.
        super().__init__(self.NAME, "", makedefault=True)
        self._seed = b""

    def reseed(self, seed: str) -> None:
        self._seed = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
        apsw.randomness(0)  # https://sqlite.org/c3ref/randomness.html: forgets its state

    def xCurrentTime(self) -> float:  # noqa: N802
        return time.time() / 86_400 + 2440587.5 if self._clock else _JULIAN_DAY

    def xCurrentTimeInt64(self) -> int:  # noqa: N802
        return int(self.xCurrentTime() * 86_400_000)

    def xRandomness(self, numbytes: int) -> bytes:  # noqa: N802
        return (self._seed * (numbytes // max(1, len(self._seed)) + 1))[:numbytes]

    def xOpen(self, *_: object) -> apsw.VFSFile:  # noqa: N802
        raise apsw.CantOpenError("a replay opens no file")

    def xDelete(self, *_: object) -> None:  # noqa: N802
        raise apsw.PermissionsError("a replay deletes no file")


class OneFile(apsw.VFS):
    """The world of a database in one private file: no other can be named."""

    NAME = "tsm-one-file"

    def __init__(self, path: str) -> None:
        super().__init__(self.NAME, "")
        self._path = path

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        if name != self._path:
            raise apsw.CantOpenError("a rehearsal opens no other file")
        return super().xFullPathname(name)


def world_of(file: str | None, *, clock: bool, attaches: bool) -> StillWorld | OneFile | None:
    """The world of a shadow database, in memory or in a file; None is the system's own.

    What is read and written through a world of Python's costs for each page. So a file has one only
    where a script may attach anything, for VACUUM; else SQLite's limit, which is 0, stands behind
    the authorizer.
    """
    if file is None:
        return StillWorld(clock=clock)
    return OneFile(file) if attaches else None


class Deadline:
    """Interrupts what runs too long, or for nobody any more."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.at = float("inf")
        self._parent = os.getppid()
        connection.set_progress_handler(self._is_over, _STEPS)

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() > self.at

    def _is_over(self) -> bool:
        # Who asked may have been killed; then there is nobody to kill this process.
        return time.monotonic() > self.at or os.getppid() != self._parent


def harden(connection: apsw.Connection, *, in_memory: bool = True) -> None:
    """Takes from a connection what no script needs."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
    for limit, value in _LIMITS.items():
        connection.limit(limit, value)
    if in_memory:
        connection.pragma("temp_store", 2)  # memory
    connection.pragma("foreign_keys", False)  # as `tsm apply` runs scripts


@contextmanager
def reader_of(file: str, until: float = float("inf")) -> Iterator[apsw.Connection]:
    """A second connection, for statements of our own: nothing of a script ever runs in it.

    So it needs no world of its own, through which SQLite cannot map a file.
    """
    with closing(apsw.Connection(file, flags=apsw.SQLITE_OPEN_READONLY)) as reader:
        harden(reader, in_memory=False)
        reader.pragma("mmap_size", MOST_MAPPED)
        Deadline(reader).at = until
        yield reader
