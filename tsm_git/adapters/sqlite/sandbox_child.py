"""The inside of the sandbox: a process that runs strangers' SQL and tells what it saw.

Started by `sandbox` with an empty environment in an empty folder. It limits itself before it reads
anything, and speaks JSON lines, never pickle: whoever listens need not trust it.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import apsw

from tsm_git.adapters.sqlite.guard import (
    LASTING,
    MOST_MAPPED,
    Deadline,
    Guard,
    OneFile,
    StillWorld,
    harden,
    reader_of,
    world_of,
)
from tsm_git.adapters.sqlite.outcomes import read_outcome
from tsm_git.adapters.sqlite.surveying import Surveyor
from tsm_git.adapters.sqlite.watching import Watcher, health, place_of, rows_of
from tsm_git.core.ledger import CREATE, TABLE
from tsm_git.core.proof.effects import rebuilt
from tsm_git.core.proof.replay import Health, Limits, Run, Stop, Text, Trouble, run_document
from tsm_git.core.sql import quoted, statements

_OPEN_FILES = 16
_SPARE_BYTES = 384 << 20  # for Python itself, and its modules

# Plain success is one byte, so that a thousand scripts cost a thousand bytes.
FINE = b".\n"


def main() -> None:
    """Does what standard input asks for, and tells it on standard output."""
    tell = sys.stdout.buffer
    try:
        request = json.loads(sys.stdin.buffer.readline())
        limits = Limits(*request["limits"])
        limit_process(limits, request["image"], request["file"])
        image = sys.stdin.buffer.read(request["image"])
        world = world_of(request["file"], clock=request["survey"], attaches=request["attaches"])
        session = Session(limits, image, request["file"], tell, world, surveys=request["survey"])
        for name, arguments in request["tasks"]:
            if session.tasks[name](*arguments) is False:
                break
    except (apsw.CorruptError, apsw.NotADBError) as error:
        _say(tell, {"spoiled": str(error)})
    except MemoryError:
        _say(tell, {"over": "it needs more memory than a replay may have"})
    except Exception:  # a bug: the other side reports it
        _say(tell, {"bug": traceback.format_exc()})


def limit_process(limits: Limits, image: int, file: str | None) -> None:
    """Has the operating system see to what SQLite cannot see to; Windows has no such limits."""
    try:
        import resource
    except ImportError:
        return
    cpu = math.ceil(limits.seconds) + 2
    size = Path(file).stat().st_size if file else 0
    mapped = min(2 * size, MOST_MAPPED)  # it may grow
    wanted = {
        resource.RLIMIT_AS: limits.heap + 4 * image + mapped + _SPARE_BYTES,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    wanted[resource.RLIMIT_FSIZE] = 0 if file is None else 4 * size + _SPARE_BYTES
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(which, (most, most))


class Session:
    """One shadow database, and what is done with it."""

    def __init__(
        self,
        limits: Limits,
        image: bytes,
        file: str | None,
        tell: BinaryIO,
        world: StillWorld | OneFile | None,
        *,
        surveys: bool = False,
    ) -> None:
        self._limits = limits
        self._tell = tell
        self._file = file
        self._surveys = surveys
        self._marked = b""
        apsw.hard_heap_limit(limits.heap + 2 * len(image))
        self._over = time.monotonic() + limits.seconds
        self._world = world
        self._open(image)
        self.tasks: dict[str, Callable[..., object]] = {
            "run": self.run,
            "mark": self.mark,
            "back": self.back,
            "outcome": self.outcome,
            "image": self.image,
            "check": self.check,
        }

    def run(self, scripts: Sequence[Sequence[Any]]) -> bool:
        """Runs scripts in turn and tells of each; False where one has stopped."""
        for number, fields in enumerate(scripts, start=1):
            script = Text(*fields)
            run = self._run(script)
            if script.watched or run.stop:
                # A whole schema is told where somebody looks at it: before the first script,
                # after the last, and around a table that was made anew.
                if not rebuilt(run.steps):
                    before = run.before if number == 1 else ()
                    after = run.after if number == len(scripts) else ()
                    run = run._replace(before=before, after=after)
                _say(self._tell, run_document(run))
            else:
                self._tell.write(FINE)
                self._tell.flush()
            if run.stop:
                return False
        return True

    def mark(self) -> None:
        """Remembers the database as it is."""
        self._marked = self._connection.serialize("main")

    def back(self) -> None:
        """Makes the database what it was at the mark."""
        self._connection.close()
        self._open(self._marked)

    def image(self) -> None:
        """Tells the whole database: its length, then its bytes."""
        image = self._connection.serialize("main")
        _say(self._tell, {"image": len(image)})
        self._tell.write(image)
        self._tell.flush()

    def check(self, pragma: str) -> None:
        """Tells what is wrong with the database as a whole; `pragma` is the check to make."""
        if self._file:
            with reader_of(self._file, self._over) as reader:
                found = rows_of(reader, f"PRAGMA {pragma}(10)")
        else:
            found = rows_of(self._connection, f"PRAGMA {pragma}(10)")
        _say(self._tell, {"check": [str(word) for (word,) in found if word != "ok"]})

    def outcome(self) -> None:
        """Tells what there is now: each object as canonical SQL, each table by its rows."""
        schema, tables = read_outcome(self._connection)
        document = {
            "schema": [[kind, name, sql] for (kind, name), sql in schema.items()],
            "tables": [[name, *table] for name, table in tables.items()],
        }
        _say(self._tell, document)

    def _open(self, image: bytes) -> None:
        guard = Guard()
        vfs = self._world.NAME if self._world else None
        connection = apsw.Connection(self._file or ":memory:", vfs=vfs)
        if self._file:
            connection.pragma("journal_mode", "DELETE")
            connection.pragma("synchronous", "FULL")  # as where scripts are applied
        self._has_image = bool(image)
        if image:
            connection.deserialize("main", image)
        harden(connection, in_memory=self._file is None)
        self._deadline = Deadline(connection)
        connection.authorizer = guard
        if not connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (TABLE,)
        ).fetchall():
            connection.execute(CREATE)  # a script may look into the ledger, which is empty here
        self._connection, self._guard = connection, guard
        self._watcher: Watcher | None = None
        self._health = Health()

    def _run(self, script: Text) -> Run:
        if isinstance(self._world, StillWorld):
            self._world.reseed(script.text)
        guard, connection = self._guard, self._connection
        watcher = self._watcher = self._watch() if script.watched else None
        before = watcher.first_items if watcher else ()
        surveyor = Surveyor(connection, guard, self._file) if watcher and self._surveys else None
        if not script.free:
            connection.execute("BEGIN IMMEDIATE")
        now = time.monotonic()
        self._deadline.at = min(now + self._limits.script_seconds, self._over)
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, int(script.free))
        guard.free, guard.refused = script.free, ""
        guard.on, guard.watching = True, bool(watcher)
        try:
            stop = self._statements(script, watcher, surveyor) if watcher else self._whole(script)
        finally:
            guard.on = guard.watching = False
            self._deadline.at = max(self._over, time.monotonic() + 1)
        if stop is None:
            stop = self._finish(script)
        if watcher is None or stop:
            survey = surveyor.survey() if surveyor else None
            steps = tuple(watcher.steps) if watcher else ()
            return Run(script.path, stop, steps, survey=survey)
        survey = surveyor.survey() if surveyor else None
        sick = self._health
        self._health = health(connection, sick, watcher.touched)
        steps = tuple(watcher.steps)
        altered = tuple(watcher.altered())
        after = watcher.items
        return Run(script.path, None, steps, before, after, sick, self._health, altered, survey)

    def _watch(self) -> Watcher:
        if self._watcher is None:
            self._watcher = Watcher(self._connection, self._guard)
            self._health = health(self._connection)
        self._watcher.start()
        return self._watcher

    def _whole(self, script: Text) -> Stop | None:
        """Runs a script at one go: SQLite itself parts the statements."""
        done = 0
        running = ""

        def trace(_: object, sql: str, __: object) -> bool:
            nonlocal done, running
            done, running = done + len(running), sql
            return True

        cursor = self._connection.cursor()
        cursor.exec_trace = trace
        try:
            for _ in cursor.execute(script.text):
                pass  # without reading its rows a statement is not run to its end
        except (apsw.Error, MemoryError, ValueError) as error:
            is_compiled = getattr(error, "error_offset", -1) < 0 and self._is_running(error)
            start = done if is_compiled else done + len(running)
            return self._stop(error, script.text, start)
        return None

    def _statements(self, script: Text, watcher: Watcher, surveyor: Surveyor | None) -> Stop | None:
        """Runs a script one statement after the other, and looks after each."""
        at = 0
        cursor = self._connection.cursor()
        if surveyor:

            def trace(*_: object) -> bool:
                surveyor.look_ahead()
                return True

            cursor.exec_trace = trace
        for statement in statements(script.text):
            at = script.text.index(statement.text, at)
            self._guard.forget()
            try:
                for _ in cursor.execute(statement.text):
                    pass
            except (apsw.Error, MemoryError, ValueError) as error:
                return self._stop(error, script.text, at)
            self._guard.on = False
            watcher.look(statement)
            self._guard.on = True
            at += len(statement.text)
        return None

    def _finish(self, script: Text) -> Stop | None:
        """Commits, and takes away what would not outlast the connection that applies a script."""
        connection, guard = self._connection, self._guard
        try:
            if connection.in_transaction and script.free:
                connection.execute("ROLLBACK")
                why = "the script has opened a transaction and does not commit it"
                return Stop(Trouble.FAILED, 1, 1, why)
            if connection.in_transaction:
                connection.execute("COMMIT")
            if guard.makes_temporary:
                guard.makes_temporary = False
                for kind, name in rows_of(
                    connection,
                    "SELECT type, name FROM temp.sqlite_schema"
                    " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                ):
                    connection.execute(f"DROP {kind} temp.{quoted(name)}")
            if guard.sets_lasting:
                guard.sets_lasting = False
                for name in LASTING:
                    connection.pragma(name, name == "recursive_triggers" and _TRIGGERS_RECUR)
        except apsw.Error as error:
            return self._stop(error, script.text, 0)
        return None

    def _stop(self, error: Exception, text: str, start: int) -> Stop:
        if isinstance(error, (apsw.CorruptError, apsw.NotADBError)) and self._has_image:
            raise error  # it is not the script that is at fault
        connection = self._connection
        trouble, words = self._words(error)
        self._guard.on = False  # or this would be without effect, as it is for a script
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        line, column = place_of(text, start, getattr(error, "error_offset", -1))
        return Stop(trouble, line, column, words)

    def _is_running(self, error: Exception) -> bool:
        return not isinstance(error, (apsw.SQLError, apsw.AuthError, apsw.BindingsError))

    def _words(self, error: Exception) -> tuple[Trouble, str]:
        if self._guard.refused:
            return Trouble.FORBIDDEN, self._guard.refused
        if isinstance(error, apsw.InterruptError):
            seconds = self._limits.script_seconds
            if time.monotonic() > self._over:
                return Trouble.BUDGET, f"all scripts took more than {self._limits.seconds:g} s"
            return Trouble.BUDGET, f"it does not end within {seconds:g} s"
        if isinstance(error, (MemoryError, apsw.NoMemError, apsw.FullError)):
            return Trouble.BUDGET, "it needs more memory than a replay may have"
        if isinstance(error, apsw.TooBigError):
            return Trouble.BUDGET, "it makes a value that is larger than a replay may have"
        if isinstance(error, apsw.BindingsError):
            return Trouble.FAILED, "it has a parameter, and nothing gives a script values"
        return Trouble.FAILED, str(error) or type(error).__name__


_TRIGGERS_RECUR = "DEFAULT_RECURSIVE_TRIGGERS" in apsw.compile_options


def _say(tell: BinaryIO, document: object) -> None:
    tell.write(json.dumps(document, separators=(",", ":")).encode() + b"\n")
    tell.flush()
