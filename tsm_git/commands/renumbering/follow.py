"""The working database follows a renumbering: its rows stay, its ledger gets the new numbers.

Where drafts were applied under their old numbers, the ledger rows move, and scripts that were
published below them run now. A replay in memory first proves that this ends in what the scripts end
in when they run in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tsm_git.adapters.files import kept_folder, read_text
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import backup_name
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal
from tsm_git.core.ledger import Entry, Ledger, Row
from tsm_git.core.proof.order import Difference, Order, compare_orders
from tsm_git.core.publishing import Change
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script
from tsm_git.core.state import State
from tsm_git.core.text import listed

_REBUILD = "run `tsm restore --db`, then `tsm apply`, to make it anew"


@dataclass(frozen=True, slots=True)
class Follow:
    """What happens to one working database: rows of its ledger move, then scripts run."""

    database: str
    folder: str
    rows: tuple[Row, ...]
    scripts: tuple[Script, ...]
    proof: Difference
    backup: str


def plan(project: Project, base: str | None, database: str | None, now: str) -> list[Follow]:
    """How working databases can follow; only those that need it. Reads only.

    Raises Refusal where something else than a renumbering is wrong, or the proof fails.
    """
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    return [found for one in report.databases if (found := plan_for(one, now))]


def carry_out(project: Project, follow: Follow, clock: Callable[[], str]) -> None:
    """Backs up, moves the rows in one transaction, then runs each script in one of its own.

    After a kill anywhere a second run goes on where the first one stopped.
    """
    from tsm_git.adapters.sqlite import apply_script, back_up, move_rows

    path = project.top / follow.database
    copy = project.top / follow.backup
    with kept_folder(copy.parent):
        back_up(path, follow.database, copy)
    if follow.rows:
        move_rows(path, follow.database, follow.rows)
    for script in follow.scripts:
        shown = f"{follow.folder}/{script.filename}"
        text = read_text(project.top / shown)
        if text is None:
            raise Refusal(f"`{shown}` cannot be read any more", "run `tsm check`")
        apply_script(
            path, follow.database, (script.number, shown, text), clock, _unless_applied(script)
        )


def _needs_it(one: DatabaseReport) -> bool:
    moved = any(d.change is Change.RENAMED for d in one.comparison.divergences)
    return moved or bool(one.comparison.misplaced)


def plan_for(one: DatabaseReport, now: str) -> Follow | None:
    """How one database can follow, None where it need not. Raises as `plan`."""
    if not _needs_it(one):
        return None
    comparison = one.comparison
    working = comparison.facts.working
    if one.state is not State.DIVERGED or working is None:
        first = next((f for f in one.findings if f.implies is one.state), None)
        raise Refusal(
            f"`{one.database}` is {one.state.name}" + (f": {first.message}" if first else ""),
            "put the scripts right first: `tsm check`",
            one.state,
        )
    for deviation in comparison.divergences:
        if deviation.change is not Change.RENAMED or deviation.edited:
            raise Refusal(
                f"`{deviation.script.filename}` was not only renumbered since "
                f"`{one.database}` applied it",
                _REBUILD,
                one.state,
            )
    rows = tuple(
        Row(d.script.number, d.script.filename, d.now.number, d.now.filename)
        for d in comparison.divergences
        if d.now is not None
    )
    held = _numbers_after(working, rows)
    late = [
        script
        for script in comparison.facts.candidate.ordered()
        if script.number not in held and script.number < max(held, default=0)
    ]
    scripts = tuple(late)
    proof = _prove(comparison, working, rows, scripts)
    name = backup_name(now, working.last, Path(one.database).name)
    return Follow(
        one.database,
        comparison.facts.folder,
        rows,
        scripts,
        proof,
        f"{one.database}.bak/{name}",
    )


def _numbers_after(working: Ledger, rows: tuple[Row, ...]) -> set[int]:
    """The numbers that the ledger holds when the rows have moved."""
    moved = {row.filename for row in rows}
    kept = {entry.number for entry in working.entries if entry.filename not in moved}
    return kept | {row.new_number for row in rows}


def _prove(
    comparison: Comparison, working: Ledger, rows: tuple[Row, ...], scripts: tuple[Script, ...]
) -> Difference:
    """Compares what the database will be with what its scripts give in order."""
    from tsm_git.adapters.sqlite.replay import replay  # apsw is loaded for a proof only

    texts = comparison.facts.texts
    folder = comparison.facts.folder
    ran = [(f"{folder}/{entry.filename}", _recorded(texts.get, entry)) for entry in working.entries]
    late = [(f"{folder}/{script.filename}", texts[script.digest]) for script in scripts]
    last = max(_numbers_after(working, rows), default=0)
    ordered = [
        (f"{folder}/{script.filename}", texts[script.digest])
        for script in comparison.facts.candidate.ordered()
        if script.number <= last
    ]
    found = compare_orders(replay([*ran, *late]), replay(ordered))
    if found.order not in (Order.IDENTICAL, Order.COLUMN_ORDER):
        raise Refusal(
            f"the working database cannot just follow: {found.order.value}: {listed(found.words)}",
            _REBUILD,
            State.DIVERGED,
        )
    return found


def _recorded(text_of: Callable[[str], str | None], entry: Entry) -> str:
    text = text_of(entry.digest) if entry.digest else None
    if text is None:
        raise Refusal(
            f"the ledger does not hold the text of `{entry.filename}`, so nothing can be proven",
            _REBUILD,
            State.DIVERGED,
        )
    return text


def _unless_applied(script: Script) -> Callable[[Ledger], bool]:
    def allow(ledger: Ledger) -> bool:
        entry = next((e for e in ledger.entries if e.number == script.number), None)
        if entry is not None and not entry.matches(script):
            raise Refusal(
                "the working database was changed by somebody else meanwhile", "run `tsm status`"
            )
        return entry is None

    return allow
