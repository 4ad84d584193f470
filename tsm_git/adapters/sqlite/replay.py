"""Replays scripts in a shadow database, from nothing or from a copy: nothing of it stays on disk.

For scripts that their own developer asks to run; strangers' SQL needs a process of its own with
limits by the operating system.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, translated
from tsm_git.adapters.sqlite.outcomes import read_outcome
from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_script
from tsm_git.core.errors import ScriptError, TsmError
from tsm_git.core.proof.order import Failure, Outcome
from tsm_git.core.script import NO_TRANSACTION, directives

SECONDS = 60.0  # for one replay; two hundred ordinary scripts take a fiftieth of a second
IN_MEMORY = 64 << 20  # bytes; a larger database is copied to a temporary file
_STEPS = 10_000  # virtual machine instructions between two looks at the clock


def replay(scripts: Sequence[tuple[str, str]], start: tuple[Path, str] | None = None) -> Outcome:
    """What scripts end in, run one after the other; each is a path and its text.

    They start from nothing, or from a copy of the database `start`, given as its path and as
    messages show it. A statement that fails is an outcome, not an error.
    """
    with ExitStack() as stack:
        return _ended(_copy(*start, stack) if start else _opened(":memory:", stack), scripts)


def _opened(target: str, stack: ExitStack) -> apsw.Connection:
    connection = apsw.Connection(target)
    stack.callback(connection.close)
    return connection


def _copy(path: Path, shown: str, stack: ExitStack) -> apsw.Connection:
    """A connection to a private copy of a database, in memory unless it is large."""
    target = ":memory:"
    if path.stat().st_size > IN_MEMORY:
        from tsm_git.adapters.sqlite.private import private_folder  # seldom

        target = str(stack.enter_context(private_folder()) / "shadow.sqlite")
    with translated(shown), open_readonly(path, shown) as source:
        connection = _opened(target, stack)
        with connection.backup("main", source, "main") as copying:
            copying.step(-1)
        connection.pragma("journal_mode", "memory")  # nobody needs it after a crash
        connection.pragma("synchronous", 0)
    return connection


def _ended(connection: apsw.Connection, scripts: Sequence[tuple[str, str]]) -> Outcome:
    """What scripts end in on this connection."""
    try:
        connection.pragma("temp_store", 2)  # memory
        deadline = time.monotonic() + SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        for path, text in scripts:
            try:
                if NO_TRANSACTION in directives(text.encode()):
                    run_freely(connection, path, text, Trace())
                else:
                    connection.execute("BEGIN IMMEDIATE")
                    run_script(connection, path, text)
            except ScriptError as error:
                failure = Failure(error.path, error.line, error.column, error.reason)
                return Outcome(failure, {}, {})
            if connection.in_transaction:
                connection.execute("COMMIT")
        return Outcome(None, *read_outcome(connection))
    except apsw.Error as error:
        raise TsmError(
            f"the replay in memory stopped: {error}", "`--no-proof` does without it"
        ) from error
