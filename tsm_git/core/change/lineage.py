"""Where a table, column, index, trigger or view comes from: followed back through its scripts.

Made of what every statement did to `sqlite_schema`, which the adapter has seen while it replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tsm_git.core.change.diff import Change, Kind, differences, table_details
from tsm_git.core.record import NamedTuple
from tsm_git.core.schema.objects import Index, Schema, Trigger
from tsm_git.core.sql import fold


class Thing(NamedTuple):
    """A row of `sqlite_schema`; `page` is its root page, 0 where it has none."""

    kind: str
    name: str
    table: str
    page: int
    sql: str
    columns: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[bool, str]:
        """What no other object of a schema has: triggers have a name space of their own."""
        return self.kind == "trigger", fold(self.name)


class Step(NamedTuple):
    """A statement that changed the schema: the index of its script, and its 1-based position."""

    script: int
    line: int
    column: int
    gone: tuple[Thing, ...]
    made: tuple[Thing, ...]


class Subject(NamedTuple):
    """What is asked about; without a column it is the object with its indexes and triggers."""

    kind: str
    name: str
    column: str = ""

    @property
    def key(self) -> tuple[bool, str]:
        """The key of the object."""
        return self.kind == "trigger", fold(self.name)

    def __str__(self) -> str:
        return f"{self.name}.{self.column}" if self.column else self.name


class Event(NamedTuple):
    """One script that made, changed, renamed or dropped the subject, and where in it.

    `old` and `new` are the subject before and after it; None where there was none. `successor` is
    what a subject is now that is no more under its name.
    """

    script: int
    line: int
    column: int
    old: Subject | None
    new: Subject | None
    successor: Subject | None = None


def find_subject(steps: Sequence[Step], wanted: str) -> Subject | None:
    """What a user means: an object, or TABLE.COLUMN; the last that there was. None if nothing."""
    table, dot, column = wanted.rpartition(".")
    for step in reversed(steps):
        for thing in (*step.made, *step.gone):
            if fold(thing.name) == fold(wanted):
                return Subject(thing.kind, thing.name)
    if not dot:
        return None
    for step in reversed(steps):
        for thing in (*step.made, *step.gone):
            known = {fold(name): name for name in thing.columns}
            if fold(thing.name) == fold(table) and fold(column) in known:
                return Subject(thing.kind, thing.name, known[fold(column)])
    return None


def lineage(steps: Sequence[Step], subject: Subject) -> list[Event]:
    """The scripts that had to do with the subject, oldest first, back to what made it.

    What has the subject's name before and after a script was changed by it, even if a rebuild made
    it anew. Otherwise it is followed through renames, statement by statement.
    """
    alive = _after(steps)
    scripts: dict[int, list[Step]] = {}
    for step in steps:
        scripts.setdefault(step.script, []).append(step)
    events: list[Event] = []
    fleeting: Event | None = None  # made and dropped by one script
    current: Subject | None = subject if _is_in(alive, subject) else None
    for script in sorted(scripts, reverse=True):
        own = scripts[script]
        after, alive = alive, _before(alive, own)
        if current is None:
            if not _is_in(alive, subject):
                inside = _inside(own, subject)
                fleeting = fleeting or (_event(inside, None, None) if inside else None)
                continue
            current = subject
            end = _event(_touching(own, subject) or own, current, None)
            events.append(end._replace(successor=_successor(own, subject)))
            continue
        if _is_in(alive, current):
            touching = _touching(own, current)
            if touching and _has_changed(alive, after, current):
                events.append(_event(touching, current, current))
            continue
        origin, made_by = _origin(own, current)
        if not _is_in(alive, origin):
            events.append(_event([made_by] if made_by else own, None, current))
            break
        events.append(_event([made_by] if made_by else own, origin, current))
        current = origin
    return events[::-1] or ([fleeting] if fleeting else [])


def told(event: Event, before: Schema, after: Schema) -> tuple[str, ...]:
    """What a script did to the subject, in words; `before` and `after` are the schemas around it.

    Nothing where it only concerned other columns of the subject's table.
    """
    old, new = event.old, event.new
    if event.successor:
        return (f"becomes `{event.successor}`",)
    if new is None:
        return ("goes",) if old else ("is new, and goes again",)
    if old is None:
        return ("is new",)
    words = []
    if fold(old.name) != fold(new.name):
        words.append(f"was `{old.name}`")
    if fold(old.column) != fold(new.column):
        words.append(f"was `{old.column}`")
    was, now = before.tables.get(fold(old.name)), after.tables.get(fold(new.name))
    if was and now:
        own = fold(new.column)
        words += [
            detail.words.removeprefix(f"column `{new.column}` ") if own else detail.words
            for detail in table_details(was, now, before, after)
            if not own or own == detail.column == fold(old.column)
        ]
    if not new.column:
        names = {fold(old.name), fold(new.name)}
        words += [
            ", ".join(change.words) if fold(change.name) in names else str(change)
            for change in differences(before, after)
            if change.kind is not Kind.TABLE and names & _names_of(change)
        ]
    return tuple(words)


def _names_of(change: Change) -> set[str]:
    """The object that a change is about, and what it belongs to."""
    belongs = [
        each.table for each in (change.old, change.new) if isinstance(each, (Index, Trigger))
    ]
    return {fold(name) for name in (change.name, *belongs)}


def _after(steps: Iterable[Step]) -> dict[tuple[bool, str], Thing]:
    """Everything that there is in the end."""
    alive: dict[tuple[bool, str], Thing] = {}
    for step in steps:
        for thing in step.gone:
            alive.pop(thing.key, None)
        alive.update((thing.key, thing) for thing in step.made)
    return alive


def _before(
    alive: Mapping[tuple[bool, str], Thing], steps: Sequence[Step]
) -> dict[tuple[bool, str], Thing]:
    """What there was before some steps that ended in `alive`."""
    found = dict(alive)
    for step in reversed(steps):
        for thing in step.made:
            found.pop(thing.key, None)
        found.update((thing.key, thing) for thing in step.gone)
    return found


def _is_in(alive: Mapping[tuple[bool, str], Thing], subject: Subject) -> bool:
    thing = alive.get(subject.key)
    if thing is None:
        return False
    return not subject.column or fold(subject.column) in map(fold, thing.columns)


def _has_changed(
    before: Mapping[tuple[bool, str], Thing],
    after: Mapping[tuple[bool, str], Thing],
    subject: Subject,
) -> bool:
    return _family(before, subject) != _family(after, subject)


def _family(alive: Mapping[tuple[bool, str], Thing], subject: Subject) -> dict[object, str]:
    """The object with its indexes and triggers, and their SQL."""
    name = fold(subject.name)
    return {
        thing.key: thing.sql
        for thing in alive.values()
        if thing.key == subject.key or (fold(thing.table) == name and not subject.column)
    }


def _touching(steps: Sequence[Step], subject: Subject) -> list[Step]:
    """The statements about the subject, its indexes and triggers included."""
    name = fold(subject.name)
    return [
        step
        for step in steps
        if any(
            thing.key == subject.key or fold(thing.table) == name
            for thing in (*step.gone, *step.made)
        )
    ]


def _inside(steps: Sequence[Step], subject: Subject) -> list[Step]:
    """The statements that made the subject within a script."""
    return [step for step in steps if _is_in({thing.key: thing for thing in step.made}, subject)]


def _origin(steps: Sequence[Step], subject: Subject) -> tuple[Subject, Step | None]:
    """What the subject was before a script, and the last statement that gave it its name.

    Where it was nothing, it is the subject under the name it was made with, by that statement.
    """
    named: Step | None = None
    for step in reversed(steps):
        now = next((thing for thing in step.made if thing.key == subject.key), None)
        if now is None:
            continue
        old = next((thing for thing in step.gone if thing.key == now.key), None) or next(
            (thing for thing in step.gone if thing.page and _is_same(thing, now)), None
        )
        column = subject.column and _old_column(old, now, subject.column)
        if old is None or column is None:
            return subject, step
        if (fold(old.name), column) != (fold(subject.name), subject.column):
            subject, named = Subject(old.kind, old.name, column), step
    return subject, named


def _successor(steps: Sequence[Step], subject: Subject) -> Subject | None:
    """What the subject is called after a script that gave it another name."""
    found = subject
    for step in steps:
        old = next((thing for thing in step.gone if thing.key == found.key), None)
        if old is None:
            continue
        same_name = (thing for thing in step.made if thing.key == old.key)
        same_place = (thing for thing in step.made if old.page and _is_same(thing, old))
        now = next(same_name, None) or next(same_place, None)
        if now is None:
            return None
        column = found.column and _old_column(now, old, found.column)
        if column is None:
            return None
        found = Subject(now.kind, now.name, column)
    return found if str(found) != str(subject) else None


def _is_same(one: Thing, other: Thing) -> bool:
    """Whether one statement only gave a table another name: it stays where it is in the file."""
    return (one.kind, one.page) == (other.kind, other.page)


def _old_column(old: Thing | None, now: Thing, column: str) -> str | None:
    """What a column of `now` is called in `old`, a statement apart; None where it is not there."""
    if old is None:
        return None
    before, after = [fold(c) for c in old.columns], [fold(c) for c in now.columns]
    if fold(column) in before:
        return column
    place = after.index(fold(column))
    is_renamed = len(before) == len(after) and before[place] not in after
    return old.columns[place] if is_renamed else None


def _event(steps: Sequence[Step], old: Subject | None, new: Subject | None) -> Event:
    first = steps[0]
    return Event(first.script, first.line, first.column, old, new)
