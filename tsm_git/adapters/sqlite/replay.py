"""Replays scripts in a shadow database in memory: nothing on disk is touched.

For scripts that their own developer asks to run; strangers' SQL needs a process of its own with
limits by the operating system.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import apsw

from tsm_git.adapters.sqlite.outcomes import read_outcome
from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_script
from tsm_git.core.errors import ScriptError, TsmError
from tsm_git.core.order import Failure, Outcome
from tsm_git.core.script import NO_TRANSACTION, directives

SECONDS = 60.0  # for one replay; two hundred ordinary scripts take a fiftieth of a second
_STEPS = 10_000  # virtual machine instructions between two looks at the clock


def replay(scripts: Sequence[tuple[str, str]]) -> Outcome:
    """What scripts end in, run one after the other from nothing; each is a path and its text.

    A statement that fails is an outcome, not an error.
    """
    connection = apsw.Connection(":memory:")
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
    finally:
        connection.close()
