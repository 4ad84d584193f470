"""From what differs between two schemas to the statements that make one of the other.

Each table is altered in place where that can be done (`alter`) and else rebuilt once for all its
changes (`rebuild`). What SQLite would lose or stumble over on the way, indexes, triggers and views,
goes before and comes back after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tsm_git.core.change.alter import alterations, words_of
from tsm_git.core.change.diff import Change, Kind, differences
from tsm_git.core.change.rebuild import rebuild
from tsm_git.core.schema.features import Version
from tsm_git.core.schema.names import free_name, written
from tsm_git.core.schema.objects import Index, Schema, Table, Trigger, View, VirtualTable
from tsm_git.core.sql import fold

Fills = Mapping[tuple[str, str], str]
"""Folded table and column -> the SQL expression for rows that have no value."""

TEMPORARY = "_tsm_"
"""Begins the name that a table has while it is rebuilt."""


class Step(NamedTuple):
    """What is done to one object, and the statements that do it, each with its semicolon."""

    title: str
    statements: tuple[str, ...]


class Plan(NamedTuple):
    """The steps from one schema to another.

    `rebuilt` are the tables (folded) that are copied; `left_alone` is what tsm does not change.
    """

    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    rebuilt: frozenset[str]
    left_alone: tuple[Change, ...]

    @property
    def statements(self) -> list[str]:
        """All statements in order."""
        return [statement for step in self.steps for statement in step.statements]


def plan_changes(old: Schema, new: Schema, version: Version, fills: Fills) -> Plan:
    """The fewest and gentlest statements from one schema to the other.

    `version` is the oldest SQLite that has to run them.
    """
    changes = differences(old, new)
    altered: dict[str, list[str]] = {}
    rebuilt: dict[str, list[str]] = {}
    taken = frozenset([*old.tables, *new.tables, *old.views, *new.views, *old.virtual_tables])
    for change in changes:
        if isinstance(change.old, Table) and isinstance(change.new, Table):
            name = fold(change.name)
            own = {column: value for (table, column), value in fills.items() if table == name}
            # An UPDATE would set off the table's triggers.
            quiet = not own or all(fold(t.table) != name for t in old.triggers.values())
            found = (
                alterations(change.old, change.new, change.details, version, own) if quiet else None
            )
            if found is not None:
                altered[name] = found
            else:
                temporary = free_name(TEMPORARY + change.new.name, taken)
                rebuilt[name] = rebuild(change.old, change.new, temporary, own)
    return Plan(
        tuple(_steps(old, new, changes, altered, rebuilt)),
        tuple(changes),
        frozenset(rebuilt),
        tuple(change for change in changes if _is_left_alone(change)),
    )


def _is_left_alone(change: Change) -> bool:
    return change.kind is Kind.VIRTUAL_TABLE and change.old is not None


def _steps(
    old: Schema,
    new: Schema,
    changes: list[Change],
    altered: Mapping[str, list[str]],
    rebuilt: Mapping[str, list[str]],
) -> Iterable[Step]:
    changed = {(change.kind, fold(change.name)): change for change in changes}
    dropped = {name for name in old.tables if name not in new.tables}
    views = _views_to_drop(old, changed, {*rebuilt, *dropped})
    triggers = _triggers_to_drop(old, changed, {*rebuilt, *dropped}, views)
    for name in triggers:
        trigger = old.triggers[name]
        if fold(trigger.table) not in views:  # it goes with its view
            title = _leaving(Kind.TRIGGER, trigger.name, changed, new.triggers)
            yield Step(title, (f"DROP TRIGGER {written(trigger.name)};",))
    for name in reversed(views):
        view = old.views[name]
        title = _leaving(Kind.VIEW, view.name, changed, new.views)
        yield Step(title, (f"DROP VIEW {written(view.name)};",))
    for name, index in old.indexes.items():
        if (Kind.INDEX, name) in changed and fold(index.table) not in {*rebuilt, *dropped}:
            title = _leaving(Kind.INDEX, index.name, changed, new.indexes)
            yield Step(title, (f"DROP INDEX {written(index.name)};",))
    for name in parents_first(new):
        table = new.tables[name]
        if name not in old.tables:
            yield Step(f"table `{table.name}` is new", (_made(table),))
        elif name in altered or name in rebuilt:
            statements = altered[name] if name in altered else rebuilt[name]
            yield Step(str(changed[(Kind.TABLE, name)]), tuple(statements))
    for name in reversed(parents_first(old)):
        if name in dropped:
            table = old.tables[name]
            yield Step(f"table `{table.name}` goes", (f"DROP TABLE {written(table.name)};",))
    yield from _restored(old, new, changed, rebuilt, views, triggers)


def _restored(
    old: Schema,
    new: Schema,
    changed: Mapping[tuple[Kind, str], Change],
    rebuilt: Mapping[str, list[str]],
    views: list[str],
    triggers: list[str],
) -> Iterable[Step]:
    for name, virtual in new.virtual_tables.items():
        if name not in old.virtual_tables:
            yield Step(f"virtual table `{virtual.name}` is new", (_made(virtual),))
    for name, index in new.indexes.items():
        if (Kind.INDEX, name) in changed or fold(index.table) in rebuilt:
            title = _coming(Kind.INDEX, index.name, changed)
            yield Step(title, (_made(index),))
    for name, view in new.views.items():
        if (Kind.VIEW, name) in changed or name in views:
            title = _coming(Kind.VIEW, view.name, changed)
            yield Step(title, (_made(view),))
    for name, trigger in new.triggers.items():
        is_lost = name in triggers or fold(trigger.table) in {*rebuilt, *views}
        if (Kind.TRIGGER, name) in changed or is_lost:
            title = _coming(Kind.TRIGGER, trigger.name, changed)
            yield Step(title, (_made(trigger),))


def _leaving(
    kind: Kind,
    name: str,
    changed: Mapping[tuple[Kind, str], Change],
    news: Mapping[str, object],
) -> str:
    if fold(name) not in news:
        return f"{kind.value} `{name}` goes"
    if (kind, fold(name)) in changed:
        return f"{kind.value} `{name}` changes"
    return f"{kind.value} `{name}` steps aside"


def _coming(kind: Kind, name: str, changed: Mapping[tuple[Kind, str], Change]) -> str:
    change = changed.get((kind, fold(name)))
    return str(change) if change else f"{kind.value} `{name}` comes back"


def _views_to_drop(
    old: Schema, changed: Mapping[tuple[Kind, str], Change], tables: set[str]
) -> list[str]:
    """Views that change, and those that a RENAME of one of the tables would stumble over."""
    words = {name: words_of(view.sql) - {name} for name, view in old.views.items()}
    found = {name for name in old.views if (Kind.VIEW, name) in changed or words[name] & tables}
    while more := {name for name in old.views if name not in found and words[name] & found}:
        found |= more
    return [name for name in old.views if name in found]


def _triggers_to_drop(
    old: Schema,
    changed: Mapping[tuple[Kind, str], Change],
    tables: set[str],
    views: list[str],
) -> list[str]:
    """Triggers that change, and those of other tables that name one of the tables or views."""
    return [
        name
        for name, trigger in old.triggers.items()
        if ((Kind.TRIGGER, name) in changed and fold(trigger.table) not in tables)
        or words_of(trigger.sql) & {*tables, *views} - {fold(trigger.table)}
        or fold(trigger.table) in views
    ]


def parents_first(schema: Schema) -> list[str]:
    """The folded names of the tables, each after those that its foreign keys name.

    Tables in a circle stay in the order of creation.
    """
    found: dict[str, None] = {}
    for start in schema.tables:
        stack = [(start, iter(_parents(schema, start)))]
        on_the_way = {start}
        while stack:
            name, parents = stack[-1]
            parent = next((p for p in parents if p not in found and p not in on_the_way), None)
            if parent is not None:
                on_the_way.add(parent)
                stack.append((parent, iter(_parents(schema, parent))))
            else:
                found.setdefault(name)
                stack.pop()
    return list(found)


def _parents(schema: Schema, name: str) -> list[str]:
    rows = schema.tables[name].key_rows
    return [fold(row.table) for row in rows if fold(row.table) in schema.tables]


def _made(thing: Table | Index | Trigger | View | VirtualTable) -> str:
    last_line = thing.sql.rpartition("\n")[2]
    return thing.sql + ("\n;" if "--" in last_line else ";")
