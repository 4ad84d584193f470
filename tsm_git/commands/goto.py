"""`tsm goto`: builds the database as it was at a number, in a new file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tsm_git.commands.blame import text_of
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script
from tsm_git.core.text import listed


class Built(NamedTuple):
    """A database that was built: from `ref` up to its last number, or from nothing, and applied.

    `why` says why it is not from ref, where there is one.
    """

    database: str
    file: str
    number: int
    ref_number: int | None
    applied: tuple[str, ...]
    why: str = ""


def goto(
    project: Project,
    number: int,
    target: Path,
    database: str | None,
    source: str | None,
    clock: Callable[[], str],
    tell: Callable[[str], None] = lambda _: None,
) -> Built:
    """Builds the database as it was when the scripts up to a number were applied.

    From the ref database, if it holds none after that number, and those that it holds are the
    scripts here; else from nothing. `source`, `ref` or `nothing`, insists on one. Raises Refusal
    where the target exists, a script is missing, or ref will not do.
    """
    report = check(project, CheckRequest(database=database, annotate=False))
    if len(report.databases) != 1:
        names = listed([f"`{one.database}`" for one in report.databases])
        raise UsageError(
            f"there are {len(report.databases)} databases: {names}",
            "name one with `--database NAME`",
        )
    comparison = report.databases[0].comparison
    facts = comparison.facts
    scripts = _scripts(comparison, number)
    why = _why_not_ref(comparison, scripts) if source != "nothing" else ""
    if source == "ref" and why:
        raise Refusal(f"ref will not do: {why}", "leave out `--from ref` to build from nothing")
    ref = facts.ref if not why and source != "nothing" else None
    from tsm_git.adapters.sqlite import Runnable  # apsw is loaded for a database only
    from tsm_git.adapters.sqlite.building import build, refuse_existing

    path = project.start / target
    refuse_existing(path)
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder `{target.parent}`", "make it first")
    rest = [script for script in scripts if ref is None or script.number > ref.last]
    runnables = [
        Runnable(s.number, f"{facts.folder}/{s.filename}", text_of(comparison, s)) for s in rest
    ]
    build(
        path,
        runnables,
        clock,
        source=project.top / ref.path if ref else None,
        tell=lambda script: tell(script.filename),
    )
    applied = tuple(script.filename for script in rest)
    last = ref.last if ref else None
    is_worth_telling = source is None and facts.ref is not None and facts.ref.exists
    return Built(
        facts.database, str(target), number, last, applied, why if is_worth_telling else ""
    )


def _scripts(comparison: Comparison, number: int) -> list[Script]:
    """The scripts from 1 to a number, each once."""
    every = comparison.facts.candidate.ordered()
    found = [script for script in every if script.number <= number]
    last = max((script.number for script in every), default=0)
    if number > last:
        raise UsageError(
            f"there is no script {number:03}: the last one is {last:03}",
            "run `tsm log` to see what there is",
        )
    numbers = [script.number for script in found]
    for wanted in range(1, number + 1):
        if numbers.count(wanted) != 1:
            how = "missing" if wanted not in numbers else "there more than once"
            raise Refusal(f"script {wanted:03} is {how}", "run `tsm check` to see what is wrong")
    return found


def _why_not_ref(comparison: Comparison, scripts: Sequence[Script]) -> str:
    facts = comparison.facts
    ref = facts.ref
    if ref is None or not ref.exists:
        return f"there is no ref database `{facts.database}.ref`"
    by_number = {script.number: script for script in scripts}
    if ref.last > len(scripts):
        return f"it is at {ref.last:03} already"
    for entry in ref.entries:
        if not entry.matches(by_number.get(entry.number)):
            return f"production ran another `{entry.filename}`"
    if len(ref.entries) != ref.last:
        return "its ledger has gaps"
    return ""
