"""What scripts do to what was there before them: what is lost, as it was seen to happen.

Nothing here reads SQL to guess. A column counts as kept if a statement that read it wrote something
else; a table that a draft made holds nobody's data yet, so that it is no loss when it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tsm_git.core.proof.replay import Broken, Item, Run, Step
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import fold

# Where a value comes from: the table and column that held it before the first script.
Origin = tuple[str, str]


class Loss(NamedTuple):
    """Data that goes with a statement: `columns` of a table, or without any the whole table."""

    path: str
    line: int
    column: int
    table: str
    columns: tuple[str, ...] = ()


class Mislaid(NamedTuple):
    """What a table had before a rebuild and has not after it, in words."""

    path: str
    line: int
    column: int
    table: str
    things: tuple[str, ...]


class Fault(NamedTuple):
    """Something that is broken since a script, with the statement that is to blame."""

    path: str
    line: int
    column: int
    broken: Broken


def losses(runs: Sequence[Run]) -> list[Loss]:
    """The data that was there before the first of these scripts and that nothing kept."""
    if not runs:
        return []
    tracker = _Tracker(runs[0].before)
    return [loss for run in runs for loss in tracker.losses(run)]


class _Tracker:
    """Follows what was there before through renames, copies and drops."""

    def __init__(self, before: Iterable[Item]) -> None:
        self._tables: dict[str, dict[str, Origin | None]] = {
            fold(item.name): {fold(column): (item.name, column) for column in item.columns}
            for item in before
            if item.kind == "table"
        }
        self._kept: set[Origin] = set()

    def losses(self, run: Run) -> Iterator[Loss]:
        """What one script loses; asked for each in turn."""
        dropped = [(step, gone) for step in run.steps for gone in self._follow(step)]
        for step, origins in dropped:
            lost = [origin for origin in origins if origin not in self._kept]
            if not lost:
                continue
            table = lost[0][0]
            is_whole = len(lost) == len(origins) and table in _dropped_tables(step)
            columns = () if is_whole else tuple(column for _, column in lost)
            yield Loss(run.path, step.line, step.column, table, columns)

    def _follow(self, step: Step) -> list[list[Origin]]:
        """The origins that go with one statement, together as they went."""
        self._keep(step)
        gone, made = _tables(step.gone), _tables(step.made)
        left, come = sorted(gone.keys() - made.keys()), sorted(made.keys() - gone.keys())
        lost: list[list[Origin]] = []
        if step.alters and len(left) == len(come) == 1:
            self._tables[come[0]] = self._tables.pop(left[0], {})
            left, come = [], []
        for name in left:
            lost.append([origin for origin in self._tables.pop(name, {}).values() if origin])
        for name in come:
            self._tables[name] = dict.fromkeys(map(fold, made[name].columns))
        for name in gone.keys() & made.keys():
            lost.append(self._alter(name, gone[name].columns, made[name].columns))
        return [origins for origins in lost if origins]

    def _keep(self, step: Step) -> None:
        """Notes what a statement that writes something has read."""
        wrote = {(fold(table), fold(column)) for table, column in step.wrote}
        for table, column in step.read:
            place = fold(table), fold(column)
            origin = self._tables.get(place[0], {}).get(place[1])
            if origin and wrote - {place}:
                self._kept.add(origin)

    def _alter(self, table: str, old: Sequence[str], new: Sequence[str]) -> list[Origin]:
        known = self._tables.get(table, {})
        before, after = [fold(column) for column in old], [fold(column) for column in new]
        if len(before) == len(after):  # a rename keeps the place
            pairs = zip(before, after, strict=True)
            self._tables[table] = {now: known.get(was) for was, now in pairs}
            return []
        self._tables[table] = {column: known.get(column) for column in after}
        return [o for column in before if column not in after and (o := known.get(column))]


def mislaid(run: Run) -> list[Mislaid]:
    """What rebuilds in a script left behind, one for each table, and nothing said it should go."""
    dropped = _dropped_on_purpose(run.steps)
    found = []
    for table, step in rebuilt(run.steps).items():
        after = {_shape(item) for item in run.after if item.kind in ("index", "trigger")}
        things = [
            f"{item.kind} `{item.name}`"
            for item in run.before
            if item.kind in ("index", "trigger") and fold(item.table) == table
            if (item.kind, item.name) not in dropped and _shape(item) not in after
        ]
        things += [words for name, words in run.altered if fold(name) == table]
        sets_mark = any(
            name == "sqlite_sequence"
            for step in run.steps
            if not step.alters  # renaming a table renames its mark
            for name, _ in step.wrote
        )
        if not sets_mark and _counts_up(run.before, table) and _counts_up(run.after, table):
            things.append("the mark of AUTOINCREMENT in `sqlite_sequence`")
        name = next((i.name for i in run.after if i.kind == "table" and fold(i.name) == table), "")
        if name and things:
            found.append(Mislaid(run.path, step.line, step.column, name, tuple(things)))
    return found


def rebuilt(steps: Sequence[Step]) -> dict[str, Step]:
    """The tables, by folded name, that went and came again, each with the step in which it went."""
    went: dict[str, Step] = {}
    came: dict[str, Step] = {}
    for step in steps:
        gone, made = _tables(step.gone), _tables(step.made)
        for name in gone.keys() - made.keys():
            went.setdefault(name, step)
        for name in made.keys() - gone.keys():
            if name in went:
                came[name] = went[name]
    return came


def new_faults(run: Run, before: Iterable[Broken], after: Iterable[Broken]) -> Iterator[Fault]:
    """What is broken after a script and was not before it, with the statement to blame."""
    known = set(before)
    for broken in after:
        if broken not in known:
            step = _blamed(run.steps, broken)
            yield Fault(run.path, step.line, step.column, broken)


def _blamed(steps: Sequence[Step], broken: Broken) -> Step:
    """The last statement that made what is broken, or dropped a table; else one that wrote it."""
    for step in reversed(steps):
        if _dropped_tables(step) or any(
            (item.kind, item.name) == (broken.kind, broken.name) for item in step.made
        ):
            return step
    wrote = [step for step in steps if any(t == broken.name for t, _ in step.wrote)]
    gone = [step for step in steps if step.gone]
    return (gone or wrote or [*steps] or [Step(1, 1)])[-1]


def _dropped_on_purpose(steps: Sequence[Step]) -> set[tuple[str, str]]:
    """Indexes and triggers that went by a statement of their own."""
    return {
        (item.kind, item.name) for step in steps if not _tables(step.gone) for item in step.gone
    }


def _dropped_tables(step: Step) -> set[str]:
    gone, made = _tables(step.gone), _tables(step.made)
    is_renamed = step.alters and len(made.keys() - gone.keys()) == 1
    return set() if is_renamed else {gone[name].name for name in gone.keys() - made.keys()}


def _tables(items: Iterable[Item]) -> Mapping[str, Item]:
    return {fold(item.name): item for item in items if item.kind == "table"}


def _counts_up(items: Iterable[Item], table: str) -> bool:
    """Whether the table never gives the id of a deleted row again."""
    from tsm_git.core.sql import canonical  # most scripts make no table anew

    found = _tables(items).get(table)
    return found is not None and "autoincrement" in canonical(found.sql).split()


def _shape(item: Item) -> tuple[str, str, str]:
    """What an index or trigger is apart from its name."""
    from tsm_git.core.sql import canonical  # as above

    text = canonical(item.sql).replace(fold(item.name), "", 1)
    return item.kind, fold(item.table), text
