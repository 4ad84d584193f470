"""Applies scripts to a working database, each recorded in its ledger: both or neither.

A script and its row are one IMMEDIATE transaction, with foreign keys off and what it orphans looked
for before the COMMIT. One that asks for no transaction runs statement by statement.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

import apsw

from tsm_git.adapters.sqlite.connection import (
    open_private,
    open_working,
    transaction,
    translated,
)
from tsm_git.adapters.sqlite.foreign_keys import Orphans, new_orphans, orphans, references
from tsm_git.adapters.sqlite.ledger import entries
from tsm_git.adapters.sqlite.recording import Record, ensure_ledger, record
from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_script
from tsm_git.adapters.sqlite.unborn import Unborn
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


def apply_script(
    path: Path, shown: str, script: tuple[int, str, str], clock: Clock, allow: Allow
) -> bool:
    """Applies one script: its number, its path as messages show it, and its normalised text.

    Returns and raises as `Applier.apply`.
    """
    with Applier(path, shown, clock) as one:
        return one.apply(Runnable(*script), allow)


class Applier:
    """Applies scripts to one database, in the order in which it is given them.

    A database that does not exist gets its scripts under a name that nobody knows, and its own when
    all have run, or one has failed: so it costs one wait for the disk. A kill, or a full disk,
    leaves nothing of it.
    `is_private` says that nobody else knows the file, and that its maker sees to it that it is on
    disk. `ran` has the file names of what has run.
    """

    def __init__(self, path: Path, shown: str, clock: Clock, *, is_private: bool = False) -> None:
        self._path = path.resolve()
        self._shown = shown
        self._clock = clock
        self._is_private = is_private
        self._open: _Open | None = None
        self._unborn: Unborn | None = None
        self._held: list[tuple[Runnable, Allow]] = []  # those that the unborn database has had
        self.ran: list[str] = []

    def apply(self, script: Runnable, allow: Allow) -> bool:
        """Runs a script and records it; False if somebody else has just done it.

        `allow` is asked under the lock, with the ledger, unless nobody else has written since the
        script before: it raises what forbids the call, and says False where the work is done.
        Raises ScriptError with `LINE:COLUMN` in the message where a statement fails or rows would
        be orphaned. The database is then as it was before; one that did not exist, does not.
        """
        with translated(self._shown):
            try:
                return self._run(script, allow)
            except BaseException as error:
                is_first = self._unborn is not None and not self._held
                # Where a private file failed, it could not be rolled back either.
                self._settle(worthless=isinstance(error, (apsw.Error, OSError)))
                if is_first and isinstance(error, ScriptError):  # whatever it says: nothing stays
                    raise ScriptError(error.path, error.line, error.column, error.reason) from error
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of the database. Raises as `apply`: a new one gets its name only now."""
        with translated(self._shown):
            self._settle()

    def _run(self, script: Runnable, allow: Allow) -> bool:
        opened = self._opened()
        try:
            has_run = opened.apply(script, allow)
        finally:
            if opened.has_settings:
                self._let_go()
        if has_run:
            self.ran.append(script.filename)
            if self._unborn is not None:
                self._held.append((script, allow))
        return has_run

    def _opened(self) -> _Open:
        if self._open is None:
            if self._unborn is None and not self._is_private and not self._path.exists():
                self._unborn = Unborn(self._path)
            is_private = self._is_private or self._unborn is not None
            path = self._unborn.path if self._unborn else self._path
            opening = open_private(path) if is_private else open_working(path)
            self._open = _Open(opening, self._shown, self._clock)
        return self._open

    def _let_go(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened.close()

    def _settle(self, *, worthless: bool = False) -> None:
        """Lets go, and gives a new database its name, unless it holds nothing or is worthless.

        Where somebody else has made one meanwhile, that one gets the scripts.
        """
        unborn, held = self._unborn, self._held
        self._unborn, self._held = None, []
        if unborn is None:
            self._let_go()
            return
        self.ran.clear()
        try:
            self._let_go()
            if worthless or not held:
                return
            unborn.give_name()
            self.ran += [script.filename for script, _ in held]
        except FileExistsError:
            for script, allow in held:
                self._run(script, allow)
            self._let_go()
        finally:
            unborn.remove()


class _Open:
    """One connection to a database that scripts are applied to, and what is known of it."""

    def __init__(
        self, opening: AbstractContextManager[apsw.Connection], shown: str, clock: Clock
    ) -> None:
        self._closing = ExitStack()
        self._connection = self._closing.enter_context(opening)
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
            with transaction(self._connection):
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
            with transaction(self._connection):
                self._references = None
                self._orphans = orphans(self._connection, self._pairs())

    def _apply_freely(self, script: Runnable, allow: Allow) -> bool:
        with transaction(self._connection):
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
        with transaction(self._connection):
            if not self._is_to_run(allow):
                return False
            self._record(script, started_at)
        return True

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
        if not found:
            return
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
