"""Applies scripts to a working database, each recorded in its ledger: both or neither.

A script and its row are one IMMEDIATE transaction, with foreign keys off and what it orphans looked
for before the COMMIT. One that asks for no transaction runs statement by statement.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from tsm_git.adapters.sqlite.connection import open_working, translated
from tsm_git.adapters.sqlite.durable import make_durable, remove_database, remove_stale
from tsm_git.adapters.sqlite.foreign_keys import Orphans, new_orphans, orphans, references
from tsm_git.adapters.sqlite.ledger import entries
from tsm_git.adapters.sqlite.recording import Record, ensure_ledger, record
from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_script
from tsm_git.core.errors import ScriptError
from tsm_git.core.ledger import Ledger
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import NO_TRANSACTION, directives
from tsm_git.core.text import listed

Clock = Callable[[], str]
Allow = Callable[[Ledger], bool]


class Runnable(NamedTuple):
    """A script that is to be run: its path as messages show it, and its normalised text."""

    number: int
    path: str
    text: str

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@contextmanager
def applier(path: Path, shown: str, clock: Clock) -> Iterator[Applier]:
    """What applies scripts to one database, over one connection where they leave it as it was."""
    one = Applier(path, shown, clock)
    try:
        yield one
    finally:
        one.close()


def apply_script(
    path: Path, shown: str, script: tuple[int, str, str], clock: Clock, allow: Allow
) -> bool:
    """Applies one script: its number, its path as messages show it, and its normalised text.

    Returns and raises as `Applier.apply`.
    """
    with applier(path, shown, clock) as one:
        return one.apply(Runnable(*script), allow)


class Applier:
    """Applies scripts to one database, in the order in which it is given them."""

    def __init__(self, path: Path, shown: str, clock: Clock) -> None:
        self._path = path.resolve()
        self._shown = shown
        self._clock = clock
        self._open: _Open | None = None

    def apply(self, script: Runnable, allow: Allow) -> bool:
        """Runs a script and records it; False if somebody else has just done it.

        `allow` is asked under the lock, with the ledger, unless nobody else has written since the
        script before: it raises what forbids the call, and says False where the work is done.
        Raises ScriptError with `LINE:COLUMN` in the message where a statement fails or rows would
        be orphaned. The database is then as it was before; one that did not exist, does not.
        """
        with translated(self._shown):
            if not self._path.exists():
                with suppress(FileExistsError):  # somebody else has just made it
                    return self._create(script, allow)
            opened = self._opened()
            try:
                return opened.apply(script, allow)
            finally:
                if opened.has_settings:
                    self.close()

    def close(self) -> None:
        """Lets go of the database."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _opened(self) -> _Open:
        if self._open is None:
            self._open = _Open(self._path, self._shown, self._clock)
        return self._open

    def _create(self, script: Runnable, allow: Allow) -> bool:
        """Makes the database with its first script in it, or no database at all.

        Raises FileExistsError if there is one meanwhile.
        """
        # Not the process id: containers that share a folder may all be process 1.
        unborn = self._path.with_name(f"{self._path.name}-new-{os.urandom(4).hex()}")
        try:
            with closing(_Open(unborn, self._shown, self._clock)) as opened:
                remove_stale(unborn, lambda name: name.startswith(f"{self._path.name}-new-"))
                if not opened.apply(script, allow):
                    return False
            give_name(unborn, self._path)
        except ScriptError as error:  # whatever it says: nothing stays
            raise ScriptError(error.path, error.line, error.column, error.reason) from error
        finally:
            remove_database(unborn)
        return True


class _Open:
    """One connection to a database that scripts are applied to, and what is known of it."""

    def __init__(self, path: Path, shown: str, clock: Clock) -> None:
        self._closing = ExitStack()
        self._connection = self._closing.enter_context(open_working(path))
        self._shown = shown
        self._clock = clock
        self._version: int | None = None  # of the database, when it was last seen to be as expected
        self._columns: set[str] = set()  # of the ledger
        self._references: list[tuple[str, str]] | None = None
        self._orphans: Orphans | None = None  # those that no script of this run has made
        self.has_settings = False

    def close(self) -> None:
        self._closing.close()

    def apply(self, script: Runnable, allow: Allow) -> bool:
        if NO_TRANSACTION in directives(script.text.encode()):
            return self._apply_freely(script, allow)
        while True:
            with self._transaction():
                if not self._is_to_run(allow):
                    return False
                started_at = self._clock()
                self._know_ledger()
                self.has_settings = True  # of a script that fails nobody knows
                trace = run_script(self._connection, script.path, script.text)
                self.has_settings = trace.has_settings
                found = self._find_orphans(trace, script.text)
                if not found or self._orphans is not None:
                    self._refuse_new(found, script, trace)
                    self._record(script, started_at)
                    return True
            self._columns = set()
            # Were they there before? To count takes a look at every row that refers to another, so
            # it is done only now that it matters, and then the script runs again.
            with self._transaction():
                self._references = None
                self._orphans = orphans(self._connection, self._pairs())

    def _apply_freely(self, script: Runnable, allow: Allow) -> bool:
        with self._transaction():
            if not self._is_to_run(allow):
                return False
        self.has_settings = True
        started_at, trace = self._clock(), Trace()
        self._orphans = orphans(self._connection, self._pairs())
        try:
            run_freely(self._connection, script.path, script.text, trace)
            self._references = None
            self._refuse_new(orphans(self._connection, self._pairs()), script, trace)
        except ScriptError as error:
            raise _half_done(error, trace) from error
        self._version = None
        with self._transaction():
            if not self._is_to_run(allow):
                return False
            self._record(script, started_at)
        return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One IMMEDIATE transaction, which ends without a trace unless `_record` has committed."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._version = None
            raise
        finally:
            if self._connection.in_transaction:  # RAISE(ROLLBACK) or a full disk may have ended it
                self._connection.execute("ROLLBACK")

    def _is_to_run(self, allow: Allow) -> bool:
        # Others' commits change it, ours do not (https://sqlite.org/pragma.html#pragma_data_version).
        version = self._connection.pragma("data_version")
        if version == self._version:
            return True
        self._references = self._orphans = None
        self._columns = set()
        if not allow(Ledger(self._shown, tuple(entries(self._connection, self._shown)))):
            return False
        self._version = version
        return True

    def _know_ledger(self) -> None:
        """Its columns, and that it is there: a script may read what was applied."""
        self._columns = self._columns or ensure_ledger(self._connection, self._shown)

    def _record(self, script: Runnable, started_at: str) -> None:
        self._know_ledger()
        row = Record(script.number, script.filename, script.text, started_at, self._clock())
        record(self._connection, self._shown, self._columns, row)
        self._connection.execute("COMMIT")

    def _find_orphans(self, trace: Trace, text: str) -> Orphans:
        if trace.has_altered or trace.dropped or "references" in text.lower():
            self._references = None
        # A rename is told under the old name only; what it can concern is not worth working out.
        touched = None if trace.has_altered else trace.tables
        return orphans(self._connection, self._pairs(), touched)

    def _pairs(self) -> list[tuple[str, str]]:
        if self._references is None:
            self._references = references(self._connection)
        return self._references

    def _refuse_new(self, found: Orphans, script: Runnable, trace: Trace) -> None:
        new = new_orphans(self._orphans or Orphans(), found, trace.dropped)
        if new:
            raise ScriptError(script.path, 1, 1, listed([str(orphan) for orphan in new]))


def _half_done(error: ScriptError, trace: Trace) -> ScriptError:
    count = trace.settled
    kept = "its one statement has" if count == 1 else f"its first {count} statements have"
    what = f"{kept} run and stay" if count else "none of its statements has run"
    hint = (
        f"{what}, since it asks for no transaction, and it is not recorded: make it fit to run "
        "again, or take the backup back by `tsm restore --backup`"
    )
    return ScriptError(error.path, error.line, error.column, error.reason, hint)


def give_name(unborn: Path, path: Path) -> None:
    """Gives a new database its name, unless that is taken: then raises FileExistsError."""
    try:
        os.link(unborn, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError from None
        unborn.rename(path)
    make_durable(path.parent)
