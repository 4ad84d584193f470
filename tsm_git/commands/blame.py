"""`tsm blame`: which scripts made and changed an object of the schema. Reads only.

The scripts of the work tree are replayed in memory, statement by statement.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.commands.gathering.project import Project
from tsm_git.commands.log import Chronicle, log
from tsm_git.core.change.lineage import Event, Subject, find_subject, lineage, told
from tsm_git.core.chronicle import Line
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.facts import Base
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script


class Told(NamedTuple):
    """One script that had to do with an object: where in it, what it did, and what became of it."""

    event: Event
    words: tuple[str, ...]
    line: Line


class Blame(NamedTuple):
    """The history of one object of a database, oldest first; `exists`: it is there in the end."""

    database: str
    base: Base | None
    subject: Subject
    exists: bool
    events: list[Told]


def blame(project: Project, wanted: str, base: str | None, database: str | None) -> list[Blame]:
    """The history of what `wanted` names, in each database that has or had it.

    Raises UsageError where none ever had it, and ScriptError where a script does not run.
    """
    histories = log(project, base, database)
    found = [blamed for history in histories if (blamed := _blame(history, wanted))]
    if not found:
        names = ", ".join(f"`{history.database}`" for history in histories)
        raise UsageError(
            f"no script of {names or 'this project'} makes `{wanted}`",
            "give a TABLE, TABLE.COLUMN, index, trigger or view",
        )
    return found


def scripts_of(comparison: Comparison) -> list[tuple[str, str]]:
    """The candidate's scripts in order, each with its path and text. Raises Refusal."""
    facts = comparison.facts
    return [
        (f"{facts.folder}/{script.filename}", text_of(comparison, script))
        for script in facts.candidate.ordered()
    ]


def text_of(comparison: Comparison, script: Script) -> str:
    """The text of a script. Raises Refusal where it is not to be had."""
    facts = comparison.facts
    text = facts.texts.get(script.digest)
    if text is None:
        raise Refusal(
            f"the text of `{facts.folder}/{script.filename}` cannot be read",
            "run `tsm check` to see what is wrong with it",
        )
    return text


def _blame(history: Chronicle, wanted: str) -> Blame | None:
    from tsm_git.adapters.sqlite import trail  # apsw is loaded for a replay only

    scripts = scripts_of(history.comparison)
    steps = trail.steps(scripts)
    subject = find_subject(steps, wanted)
    if subject is None:
        return None
    events = lineage(steps, subject)
    return Blame(
        history.database,
        history.base,
        subject,
        bool(events) and events[-1].new is not None,
        _told(history, scripts, events),
    )


def _told(
    history: Chronicle, scripts: Sequence[tuple[str, str]], events: Sequence[Event]
) -> list[Told]:
    from tsm_git.adapters.sqlite import trail

    lines = {line.path: line for line in history.lines}
    around = {count for event in events for count in (event.script, event.script + 1)}
    schemas = trail.schemas(scripts, around)
    found = []
    for event in events:
        words = told(event, schemas[event.script], schemas[event.script + 1])
        if words:
            found.append(Told(event, words, lines[scripts[event.script][0]]))
    return found
