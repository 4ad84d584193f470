"""TSM501 to TSM509: what a replay of the scripts in a shadow database has seen to happen.

Drafts are judged. A published script has run elsewhere and does not change any more: where one
stops the replay that is a note, and nothing behind it is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Rule, Severity
from tsm_git.core.script import parse_number
from tsm_git.core.state import State
from tsm_git.core.text import counted, listed
from tsm_git.rules.registry import Evidence, rule


class Position(Protocol):
    """What has a place in a script."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


if TYPE_CHECKING:  # the values of a replay are loaded where there was one
    from tsm_git.core.proof.effects import Fault
    from tsm_git.core.proof.replay import Run, Stop

_AGAIN = "then run `tsm check --replay` again"


@rule(
    "TSM501",
    "replay-failed",
    "a script fails when all scripts are run one after the other",
    implies=State.ERROR,
    needs=Evidence.REPLAY,
)
def replay_failed(this: Rule, view: Comparison) -> Iterator[Finding]:
    replayed = view.facts.replayed
    if replayed is None:
        return
    if replayed.published and (stop := replayed.published.stop):
        name = _name(replayed.published)
        yield _at(
            this,
            replayed.published,
            stop,
            f"a replay from nothing stops at the published script `{name}`: {stop.message}",
            "the drafts were not judged; with a ref database, `tsm rehearse` can",
        )._replace(severity=Severity.NOTE)
    for run in replayed.drafts:
        # A VACUUM is what TSM505 speaks of, and SQLite refuses it with these words.
        is_vacuum = run.stop and run.stop.message.startswith("cannot VACUUM")
        if run.stop and run.stop.trouble.value != "forbidden" and not is_vacuum:
            yield _at(this, run, run.stop, _failure(run, run.stop), f"correct it, {_AGAIN}")


@rule(
    "TSM502",
    "order-dependent",
    "a draft does something else before than after what base has gained",
    severity=Severity.WARNING,
    needs=Evidence.REPLAY,
)
def order_dependent(this: Rule, view: Comparison) -> Iterator[Finding]:
    replayed = view.facts.replayed
    if replayed is None or replayed.order is None or not view.drafts:
        return
    words = replayed.order.words
    first = view.drafts[0]
    base = view.facts.base.name if view.facts.base else "base"
    yield Finding(
        this,
        first.filename,
        f"{counted(len(view.drafts), 'draft')} and what {base} has gained depend on their order: "
        f"{listed(words)}",
        f"{view.facts.folder}/{first.filename}",
        f"see that the drafts mean what they say after {base}'s scripts",
        severity=Severity.ERROR if replayed.order.order.name != "COLUMN_ORDER" else Severity.NOTE,
        number=first.number,
    )


@rule(
    "TSM503",
    "foreign-key-violation",
    "after a script, rows or tables refer to something that is not there",
    implies=State.ERROR,
    needs=Evidence.REPLAY,
)
def foreign_key_violation(this: Rule, view: Comparison) -> Iterator[Finding]:
    for run, fault in _faults(view, "keys"):
        broken = fault.broken
        yield _at(
            this,
            run,
            fault,
            f"after `{_name(run)}` a foreign key of `{broken.name}` is broken: {broken.words}",
            f"let the script mend what refers to it, {_AGAIN}",
            broken.name,
        )


@rule(
    "TSM504",
    "data-loss",
    "a script drops a table or a column, and nothing keeps what it held",
    severity=Severity.WARNING,
    needs=Evidence.REPLAY,
)
def data_loss(this: Rule, view: Comparison) -> Iterator[Finding]:
    replayed = view.facts.replayed
    if replayed is None:
        return
    from tsm_git.core.proof.effects import losses  # only a replay has any

    runs = {run.path: run for run in replayed.drafts}
    for loss in losses(replayed.drafts):
        names = [f"`{name}`" for name in loss.columns]
        noun = "column" if len(names) == 1 else "columns"
        what = f"{noun} {listed(names)} of `{loss.table}`" if names else f"table `{loss.table}`"
        yield _at(
            this,
            runs[loss.path],
            loss,
            f"`{_name(runs[loss.path])}` loses the data of {what}",
            "copy what is still wanted first; where nothing is, ignore TSM504 for this script "
            "in `per-file-ignores`",
            f"{loss.table}.{','.join(loss.columns)}" if names else loss.table,
        )


@rule(
    "TSM506",
    "forbidden-statement",
    "a script reaches for another file, an extension, the ledger or the stored schema",
    implies=State.ERROR,
    needs=Evidence.REPLAY,
)
def forbidden_statement(this: Rule, view: Comparison) -> Iterator[Finding]:
    for run in view.facts.replayed.drafts if view.facts.replayed else ():
        if run.stop and run.stop.trouble.value == "forbidden":
            words = f"a statement of `{_name(run)}` is forbidden: {run.stop.message}"
            yield _at(this, run, run.stop, words, f"take it out of the script, {_AGAIN}")


@rule(
    "TSM507",
    "broken-view-or-trigger",
    "after a script, a view or trigger does not compile any more",
    implies=State.ERROR,
    needs=Evidence.REPLAY,
)
def broken_view_or_trigger(this: Rule, view: Comparison) -> Iterator[Finding]:
    for run, fault in _faults(view, "code"):
        broken = fault.broken
        yield _at(
            this,
            run,
            fault,
            f"after `{_name(run)}` the {broken.kind} `{broken.name}` does not compile: "
            f"{broken.words}",
            f"let the script drop it and make it anew, {_AGAIN}",
            broken.name,
        )


@rule(
    "TSM508",
    "lost-in-rebuild",
    "a script makes a table anew and leaves behind what belonged to it",
    severity=Severity.WARNING,
    needs=Evidence.REPLAY,
)
def lost_in_rebuild(this: Rule, view: Comparison) -> Iterator[Finding]:
    if view.facts.replayed is None:
        return
    from tsm_git.core.proof.effects import mislaid  # only a replay has any

    for run in view.facts.replayed.drafts:
        for lost in mislaid(run):
            yield _at(
                this,
                run,
                lost,
                f"`{_name(run)}` makes `{lost.table}` anew and loses {listed(lost.things, 6)}",
                f"let the script make them again, {_AGAIN}",
                lost.table,
            )


@rule(
    "TSM509",
    "unreadable-by-older-sqlite",
    "a script makes what the oldest SQLite that the project supports cannot read",
    implies=State.ERROR,
    needs=Evidence.REPLAY,
)
def unreadable_by_older_sqlite(this: Rule, view: Comparison) -> Iterator[Finding]:
    replayed = view.facts.replayed
    if replayed is None or replayed.min_sqlite is None:
        return
    from tsm_git.core.schema.features import beyond, version_of  # only with `min_sqlite`

    oldest = version_of(replayed.min_sqlite)
    left = set(replayed.drafts[-1].after) if replayed.drafts else set()
    refused = {(each.kind, each.name): each for each in replayed.refused}
    for run in replayed.drafts:
        for step in run.steps:
            for item in step.made:
                if item not in left:
                    continue
                features, words = beyond(item, oldest), refused.get((item.kind, item.name))
                if features:
                    why = f"needs SQLite {features[0].release} ({features[0].words})"
                elif words:
                    why = f"cannot be read by SQLite {words.release} ({words.words})"
                else:
                    continue
                yield _at(
                    this,
                    run,
                    step,
                    f"the {item.kind} `{item.name}` of `{_name(run)}` {why}, and the project "
                    f"supports {replayed.min_sqlite}",
                    "do without it, or raise `min_sqlite` in the configuration",
                    item.name,
                )


def _faults(view: Comparison, which: str) -> Iterator[tuple[Run, Fault]]:
    """What drafts broke and left broken at the end of all, where they broke it."""
    drafts = view.facts.replayed.drafts if view.facts.replayed else ()
    if not drafts:
        return
    from tsm_git.core.proof.effects import new_faults  # only a replay has any

    done = [run for run in drafts if not run.stop]
    left = set(getattr(done[-1].health, which)) if done else set()
    for run in done:
        for fault in new_faults(run, getattr(run.sick, which), getattr(run.health, which)):
            if fault.broken in left:
                yield run, fault


def _failure(run: Run, stop: Stop) -> str:
    verb = "is too much for a replay" if stop.trouble.value == "budget" else "fails"
    return f"`{_name(run)}` {verb}: {stop.message}"


def _at(
    this: Rule,
    run: Run,
    place: Position,
    message: str,
    hint: str,
    subject: str = "",
) -> Finding:
    """A finding where the replay saw it."""
    name = _name(run)
    return Finding(
        this,
        f"{name}:{subject}" if subject else name,
        message,
        run.path,
        hint,
        number=parse_number(name),
        line=place.line,
        column=place.column,
    )


def _name(run: Run) -> str:
    return run.path.rpartition("/")[2]
