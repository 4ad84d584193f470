"""What differs between two schemas: per table, index, trigger, view and virtual table, in words.

What the SQL says is compared together with what the pragmas say, so neither formatting, quoting and
ALTER's history nor another way to write the same is a difference. The order of a table's columns is
none either: scripts append columns where models may put them anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

from tsm_git.core.record import NamedTuple
from tsm_git.core.schema.objects import Index, Schema, Table, Trigger, View, VirtualTable
from tsm_git.core.schema.structure import Column, ForeignKey, Key
from tsm_git.core.sql import fold, readable

Item = TypeVar("Item")
Object = Table | Index | Trigger | View | VirtualTable


class Kind(Enum):
    """What kind of object a change is about, as messages call it."""

    TABLE = "table"
    INDEX = "index"
    TRIGGER = "trigger"
    VIEW = "view"
    VIRTUAL_TABLE = "virtual table"


class Aspect(Enum):
    """What of a table a detail is about; it decides how the table can be altered."""

    ADDED = "a column that only the new table has"
    DROPPED = "a column that only the old table has"
    TYPE = "a column's type"
    NOT_NULL = "a column's NOT NULL"
    DEFAULT = "a column's default"
    COLUMN = "anything else of a column"
    PRIMARY_KEY = "the primary key, with AUTOINCREMENT"
    UNIQUE = "the UNIQUE constraints"
    CHECK = "the CHECK constraints"
    FOREIGN_KEY = "the foreign keys"
    OPTION = "STRICT and WITHOUT ROWID"


class Detail(NamedTuple):
    """One difference of two tables; `column` is the folded name where it is one column's."""

    aspect: Aspect
    words: str
    column: str = ""


class Change(NamedTuple):
    """How one object gets from the old schema to the new one.

    Without `old` it is to be made, without `new` to go. `details` are a table's.
    """

    kind: Kind
    name: str
    old: Object | None
    new: Object | None
    words: tuple[str, ...]
    details: tuple[Detail, ...] = ()

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.kind.value} `{self.name}` is new"
        if self.new is None:
            return f"{self.kind.value} `{self.name}` goes"
        return f"{self.kind.value} `{self.name}`: {', '.join(self.words)}"


def differences(old: Schema, new: Schema) -> list[Change]:
    """What differs, in order of kind and name; one change for each object."""
    return [
        *_changes(Kind.TABLE, old, new, old.tables, new.tables),
        *_changes(Kind.VIRTUAL_TABLE, old, new, old.virtual_tables, new.virtual_tables),
        *_changes(Kind.INDEX, old, new, old.indexes, new.indexes),
        *_changes(Kind.VIEW, old, new, old.views, new.views),
        *_changes(Kind.TRIGGER, old, new, old.triggers, new.triggers),
    ]


def table_details(
    old: Table, new: Table, old_schema: Schema, new_schema: Schema
) -> tuple[Detail, ...]:
    """What differs between two tables, which may have different names."""
    if old.sql == new.sql or (old.canonical == new.canonical and _defaults(old) == _defaults(new)):
        return ()
    return (
        *_columns(old, new),
        *_primary_key(old, new),
        *_keys(old, new),
        *_checks(old, new),
        *_foreign_keys(old, new, old_schema, new_schema),
        *_options(old, new),
    )


def _defaults(table: Table) -> list[str | None]:
    # In canonical form `DEFAULT "A"`, which is a string, looks like a name.
    return [row.default for row in table.column_rows] if '"' in table.sql else []


def _changes(
    kind: Kind,
    old_schema: Schema,
    new_schema: Schema,
    olds: Mapping[str, Object],
    news: Mapping[str, Object],
) -> Iterator[Change]:
    for name in sorted(olds.keys() | news.keys()):
        old, new = olds.get(name), news.get(name)
        if old is None and new is not None:
            yield Change(kind, new.name, None, new, ("is new",))
        elif new is None and old is not None:
            yield Change(kind, old.name, old, None, ("goes",))
        elif isinstance(old, Table) and isinstance(new, Table):
            details = table_details(old, new, old_schema, new_schema)
            if details:
                words = tuple(detail.words for detail in details)
                yield Change(kind, new.name, old, new, words, details)
        elif isinstance(old, Index) and isinstance(new, Index):
            words = tuple(_index(old, new))
            if words:
                yield Change(kind, new.name, old, new, words)
        elif old is not None and new is not None and old.canonical != new.canonical:
            yield Change(kind, new.name, old, new, ("its SQL differs",))


def _columns(old: Table, new: Table) -> Iterator[Detail]:
    for name, column in old.columns.items():
        if name not in new.columns:
            yield Detail(Aspect.DROPPED, f"column `{column.name}` goes", name)
    for name, column in new.columns.items():
        before = old.columns.get(name)
        if before is None:
            yield Detail(Aspect.ADDED, f"column `{column.name}` is new", name)
        else:
            # The rowid is never NULL, whether its column says so or not.
            is_rowid = old.rowid_alias == before.name and new.rowid_alias == column.name
            for aspect, words in _column(before, column):
                if not (is_rowid and aspect is Aspect.NOT_NULL):
                    yield Detail(aspect, f"column `{column.name}` {words}", name)


def _column(old: Column, new: Column) -> Iterator[tuple[Aspect, str]]:
    if old.type != new.type:
        yield (
            Aspect.TYPE,
            f"has the type {_shown(new.type, 'none')}, not {_shown(old.type, 'none')}",
        )
    if old.not_null != new.not_null:
        yield Aspect.NOT_NULL, "becomes NOT NULL" if new.not_null else "may be NULL"
    if old.default != new.default:
        yield (
            Aspect.DEFAULT,
            f"has the default {_shown(new.default, 'none')}, not {_shown(old.default, 'none')}",
        )
    if old.collation != new.collation:
        yield Aspect.COLUMN, f"has the collation {new.collation}, not {old.collation}"
    if (old.generated, old.expression) != (new.generated, new.expression):
        yield Aspect.COLUMN, f"is {_generated(new)}, not {_generated(old)}"
    if old.hidden != new.hidden:
        yield Aspect.COLUMN, "is hidden" if new.hidden else "is not hidden"
    if old.names != new.names:
        yield Aspect.COLUMN, "has other names or conflict clauses of its constraints"


def _generated(column: Column) -> str:
    return (
        f"generated {column.generated} as {readable(column.expression or '')}"
        if column.generated
        else "plain"
    )


def _primary_key(old: Table, new: Table) -> Iterator[Detail]:
    if old.primary_key != new.primary_key or bool(old.rowid_alias) != bool(new.rowid_alias):
        yield Detail(
            Aspect.PRIMARY_KEY,
            f"the primary key is {_key(new.primary_key)}, not {_key(old.primary_key)}",
        )
    if old.autoincrement != new.autoincrement:
        words = "the key gets AUTOINCREMENT" if new.autoincrement else "AUTOINCREMENT goes"
        yield Detail(Aspect.PRIMARY_KEY, words)


def _key(key: Key | None) -> str:
    if key is None:
        return "none"
    parts = ", ".join(
        readable(part.text)
        + (f" collate {part.collation}" if part.collation != "binary" else "")
        + (" desc" if part.descending else "")
        for part in key.parts
    )
    name = f"`{key.name}` " if key.name else ""
    return f"{name}({parts})" + (f" on conflict {key.conflict}" if key.conflict else "")


def _keys(old: Table, new: Table) -> Iterator[Detail]:
    for key in _only(old.uniques, new.uniques):
        yield Detail(Aspect.UNIQUE, f"UNIQUE {_key(key)} goes")
    for key in _only(new.uniques, old.uniques):
        yield Detail(Aspect.UNIQUE, f"UNIQUE {_key(key)} is new")


def _checks(old: Table, new: Table) -> Iterator[Detail]:
    for check in _only(old.checks, new.checks):
        name = f"`{check.name}` " if check.name else ""
        yield Detail(Aspect.CHECK, f"CHECK {name}({readable(check.expression)}) goes")
    for check in _only(new.checks, old.checks):
        name = f"`{check.name}` " if check.name else ""
        yield Detail(Aspect.CHECK, f"CHECK {name}({readable(check.expression)}) is new")


def _foreign_keys(
    old: Table, new: Table, old_schema: Schema, new_schema: Schema
) -> Iterator[Detail]:
    if old.foreign_keys == new.foreign_keys:
        return
    # `REFERENCES t` and `REFERENCES t (id)` are one thing while `id` is the primary key of t.
    olds = tuple(_resolved(key, old_schema) for key in old.foreign_keys)
    news = tuple(_resolved(key, new_schema) for key in new.foreign_keys)
    for key in _only(olds, news):
        yield Detail(Aspect.FOREIGN_KEY, f"{_foreign_key(key)} goes")
    for key in _only(news, olds):
        yield Detail(Aspect.FOREIGN_KEY, f"{_foreign_key(key)} is new")


def _resolved(key: ForeignKey, schema: Schema) -> ForeignKey:
    parent = schema.tables.get(key.table)
    if key.targets or parent is None or parent.primary_key is None:
        return key
    return key._replace(targets=tuple(part.text for part in parent.primary_key.parts))


def _foreign_key(key: ForeignKey) -> str:
    name = f" `{key.name}`" if key.name else ""
    targets = f" ({', '.join(key.targets)})" if key.targets else ""
    actions = "".join(
        f" on {event} {action}"
        for event, action in (("update", key.on_update), ("delete", key.on_delete))
        if action != "no action"
    )
    deferred = " deferred" if key.deferred else ""
    columns = ", ".join(key.columns)
    return f"foreign key{name} ({columns}) to `{key.table}`{targets}{actions}{deferred}"


def _options(old: Table, new: Table) -> Iterator[Detail]:
    for word, before, after in (
        ("STRICT", old.strict, new.strict),
        ("WITHOUT ROWID", old.without_rowid, new.without_rowid),
    ):
        if before != after:
            yield Detail(Aspect.OPTION, f"becomes {word}" if after else f"is no longer {word}")


def _index(old: Index, new: Index) -> Iterator[str]:
    if old.sql == new.sql:
        return
    if fold(old.table) != fold(new.table):
        yield f"is on `{new.table}`, not on `{old.table}`"
    if old.unique != new.unique:
        yield "becomes UNIQUE" if new.unique else "is no longer UNIQUE"
    if old.parts != new.parts:
        yield f"is over {_key(Key(new.parts))}, not {_key(Key(old.parts))}"
    if old.where != new.where:
        yield f"has the condition {_shown(new.where, 'none')}, not {_shown(old.where, 'none')}"


def _only(ones: tuple[Item, ...], others: tuple[Item, ...]) -> list[Item]:
    return list((Counter(ones) - Counter(others)).elements())


def _shown(text: str | None, nothing: str) -> str:
    return f"`{readable(text)}`" if text else nothing
