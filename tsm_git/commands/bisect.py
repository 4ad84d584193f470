"""`tsm bisect`: the first script after which a query has another result. Reads only.

The scripts of the work tree are replayed in memory from nothing; the query is the developer's own.
"""

from __future__ import annotations

from tsm_git.commands.blame import scripts_of
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.log import log
from tsm_git.core.chronicle import Line
from tsm_git.core.errors import UsageError
from tsm_git.core.proof.answers import Turn, turn
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import parse_number
from tsm_git.core.sql import statements
from tsm_git.core.text import listed


class Bisected(NamedTuple):
    """Where the answer changes: the script `since` which it was the same, and the `culprit`."""

    database: str
    turn: Turn
    since: Line
    culprit: Line | None


def bisect(
    project: Project, query: str, base: str | None, database: str | None, start: int | None
) -> Bisected:
    """Where the answer to a query changes, after the script with the number `start`.

    Raises UsageError where the query can never be run, and ScriptError where a script does not.
    """
    if len(statements(query)) != 1:
        raise UsageError("`--query` takes one statement", "give `--query 'SELECT ...'`")
    histories = log(project, base, database)
    if len(histories) != 1:
        names = listed([f"`{history.database}`" for history in histories])
        raise UsageError(
            f"there are {len(histories)} databases: {names}" if names else "there are no scripts",
            "name one with `--database NAME`",
        )
    (history,) = histories
    scripts = scripts_of(history.comparison)
    numbers = [parse_number(path.rpartition("/")[2]) for path, _ in scripts]
    if start is not None and start not in numbers:
        raise UsageError(f"there is no script {start:03}", "run `tsm log` to see what there is")
    from tsm_git.adapters.sqlite import trail  # apsw is loaded for a replay only

    results = trail.results(scripts, query)
    found = turn(results, None if start is None else numbers.index(start))
    if found is None:
        raise UsageError(
            "the query cannot be run after any script: " + _last_error(scripts, query),
            "see the tables there are with `tsm blame TABLE`",
        )
    lines = {line.path: line for line in history.lines}
    culprit = None if found.script is None else lines[scripts[found.script][0]]
    return Bisected(history.database, found, lines[scripts[found.start][0]], culprit)


def _last_error(scripts: list[tuple[str, str]], query: str) -> str:
    from tsm_git.adapters.sqlite import trail

    return next((r.error or "" for r in reversed(list(trail.results(scripts, query)))), "no script")
