"""`tsm baseline`: takes a database over whose schema is older than its scripts.

What the scripts make is compared with what the database has, and only then they are recorded as
applied. Nothing of them runs on the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tsm_git.adapters.files import write_new
from tsm_git.commands import backup
from tsm_git.commands.apply import refuse_unless_applicable
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import Backup
from tsm_git.core.baseline import NAME, baseline_text
from tsm_git.core.change.diff import differences
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.report import DatabaseReport
from tsm_git.core.schema.objects import Schema
from tsm_git.core.script import Script
from tsm_git.core.settings import SUFFIX
from tsm_git.core.text import counted, listed, shell_quoted

Clock = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which scripts are recorded as applied, their texts, and the schema that proves it."""

    database: str
    scripts: tuple[Script, ...]
    texts: tuple[str, ...]
    schema: Schema


def plan(
    project: Project, base: str | None, database: str | None, up_to: str | None = None
) -> Baseline:
    """Which scripts the database has run by its schema, or those up to a script. Reads only.

    Raises Refusal where the schema is not what scripts make, or the database has a ledger, and
    UsageError where there is nothing to take over.
    """
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    if len(report.databases) != 1:
        names = ", ".join(f"`{one.database}`" for one in report.databases) or "none"
        raise UsageError(f"one database is taken over at a time; there is {names}", _WHICH)
    (one,) = report.databases
    refuse_unless_applicable(one)
    scripts = _candidates(one, up_to)
    return _proven(project, one, scripts, is_given=up_to is not None)


def carry_out(project: Project, baseline: Baseline, clock: Clock) -> Backup | None:
    """Backs the database up and records the scripts as applied."""
    from tsm_git.adapters.sqlite.adoption import adopt
    from tsm_git.adapters.sqlite.recording import Record

    made = backup.before_change(project, baseline.database, clock)
    now = clock()
    records = [
        Record(script.number, script.filename, text, now, now)
        for script, text in zip(baseline.scripts, baseline.texts, strict=True)
    ]
    adopt(project.top / baseline.database, baseline.database, records, baseline.schema)
    return made


def write_script(project: Project, database: str) -> str | None:
    """Writes the first script of a database that has tables, and returns its path.

    None where there are scripts already, or nothing that one could make. Raises Refusal where what
    it makes differs from what the database has.
    """
    folder = project.top / (database + SUFFIX)
    path = project.top / database
    if (folder.is_dir() and any(folder.iterdir())) or not path.exists():
        return None
    from tsm_git.adapters.sqlite.adoption import schema_of, schemas_after

    schema = schema_of(path, database)
    if not differences(Schema(), schema):
        return None
    text = baseline_text(schema, database)
    (made,) = schemas_after([(f"{database}{SUFFIX}/{NAME}", text)])
    if changes := differences(schema, made):
        raise Refusal(
            f"the schema of `{database}` cannot be written as a script: {changes[0]}",
            f"write `{database}{SUFFIX}/{NAME}` by hand, then run `tsm baseline`",
        )
    write_new(folder / NAME, text.encode())
    return f"{database}{SUFFIX}/{NAME}"


_WHICH = "name it with `--database NAME`, or begin with `tsm init DATABASE`"


def _candidates(one: DatabaseReport, up_to: str | None) -> list[Script]:
    working = one.comparison.facts.working
    if working is None or not working.exists:
        raise UsageError(
            f"there is no database `{one.database}`, so there is nothing to take over",
            "run `tsm apply` to make it from its scripts",
        )
    if working.entries:
        raise Refusal(
            f"`{one.database}` has a ledger already: "
            f"{counted(len(working.entries), 'script')} applied",
            "run `tsm status` to see which",
            one.state,
        )
    scripts = one.comparison.facts.candidate.ordered()
    if not scripts:
        raise UsageError(
            f"`{one.comparison.facts.folder}` holds no script",
            f"run `tsm init {shell_quoted(one.database)}` to have the first one written",
        )
    if up_to is None:
        return scripts
    names = [script.filename for script in scripts]
    wanted = up_to.rpartition("/")[2]
    if wanted not in names:
        raise UsageError(f"there is no script `{up_to}`", "run `tsm status` to see what there is")
    return scripts[: names.index(wanted) + 1]


def _proven(
    project: Project, one: DatabaseReport, scripts: list[Script], *, is_given: bool
) -> Baseline:
    from tsm_git.adapters.sqlite.adoption import schema_of, schemas_after

    facts = one.comparison.facts
    texts = [facts.texts[script.digest] for script in scripts]
    found = schema_of(project.top / one.database, one.database)
    pairs = zip(scripts, texts, strict=True)
    replayed = schemas_after([(f"{facts.folder}/{s.filename}", text) for s, text in pairs])
    wrong = [differences(found, schema) for schema in replayed]
    matches = [count for count, changes in enumerate(wrong, start=1) if not changes]
    if is_given:
        matches = [len(scripts)] if matches[-1:] == [len(scripts)] else []
    if not matches:
        nearest = wrong[-1] if is_given else min(wrong, key=len)
        made = "these scripts make" if is_given else "its scripts make at any number"
        raise Refusal(
            f"`{one.database}` does not have the schema that {made}: "
            f"{listed([str(change) for change in nearest])}",
            "let the scripts make what the database has, then run `tsm baseline` again",
            one.state,
        )
    if len(matches) > 1:
        first, last = (scripts[count - 1].filename for count in (matches[0], matches[-1]))
        raise Refusal(
            f"the schema does not tell whether `{last}` has run: it is the same after `{first}`",
            f"run `tsm baseline --up-to {shell_quoted(last)}` if it has, "
            f"`tsm baseline --up-to {shell_quoted(first)}` if not",
            one.state,
        )
    count = matches[0]
    return Baseline(one.database, tuple(scripts[:count]), tuple(texts[:count]), found)
