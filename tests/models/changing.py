"""Single changes of a random schema, of every kind that there is.

Each takes a schema and a source of chance; it returns the changed schema with the kind and the name
of the one object that is another now, or None where the schema has nothing of that kind to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tests.models.making import (
    Column,
    Index,
    Other,
    Reference,
    Schema,
    Table,
    Words,
    name,
    quoted,
    words,
)

Changed = tuple[Schema, str, str]
Change = Callable[[Schema, Random], Changed | None]

CHANGES: dict[str, Change] = {}


def change(made: Change) -> Change:
    """Register a kind of change."""
    CHANGES[made.__name__] = made
    return made


# How changes are made


def _table(schema: Schema, old: Table, new: Table) -> Changed:
    tables = tuple(new if each is old else each for each in schema.tables)
    return replace(schema, tables=tables), "table", new.name


def _some_table(
    schema: Schema, random: Random, change: Callable[[Table], Table | None]
) -> Changed | None:
    tables = list(schema.tables)
    random.shuffle(tables)
    for table in tables:
        new = change(table)
        if new is not None:
            return _table(schema, table, new)
    return None


def _some_column(
    schema: Schema, random: Random, change: Callable[[Column, Table], Column | None]
) -> Changed | None:
    def changed(table: Table) -> Table | None:
        columns = list(table.columns)
        random.shuffle(columns)
        for column in columns:
            new = change(column, table)
            if new is not None:
                return replace(
                    table, columns=tuple(new if c is column else c for c in table.columns)
                )
        return None

    return _some_table(schema, random, changed)


def _some_index(
    schema: Schema, random: Random, change: Callable[[Index], Index | None]
) -> Changed | None:
    indexes = list(schema.indexes)
    random.shuffle(indexes)
    for index in indexes:
        new = change(index)
        if new is not None:
            every = tuple(new if each is index else each for each in schema.indexes)
            return replace(schema, indexes=every), "index", index.name
    return None


def _some_other(
    schema: Schema, random: Random, kind: str, change: Callable[[Words], Words | None]
) -> Changed | None:
    for other in schema.others:
        new = change(other.statement) if other.kind == kind else None
        if new is not None:
            changed = replace(other, statement=new)
            every = tuple(changed if each is other else each for each in schema.others)
            said = {"VIEW": "view", "TRIGGER": "trigger", "TABLE": "virtual table"}[kind]
            return replace(schema, others=every), said, other.name
    return None


def _unused(schema: Schema, table: Table) -> list[Column]:
    """The columns that nothing but themselves speaks of."""
    spoken = set(_spoken(schema, table))
    return [c for c in table.columns if c.name not in spoken]


def _spoken(schema: Schema, table: Table) -> Iterator[str]:
    yield from (each for each, _ in table.key)
    yield from (each for unique in table.uniques for each in unique)
    yield from (text for _, condition in table.checks for _, text in condition)
    yield from (text for column in table.columns for _, text in column.expression)
    for one in schema.tables:
        yield from (key.column for key in one.references if one is table)
        yield from (key.target for key in one.references if key.table == table.name)
    for index in schema.indexes:
        yield from (text for part in index.parts for _, text in part[0])
        yield from (text for _, text in index.where)
    for other in schema.others:
        yield from (text for _, text in other.statement)


def _fixed(column: Column, table: Table) -> bool:
    """Whether its type and NOT NULL are more than they seem: it is in the primary key."""
    return any(each == column.name for each, _ in table.key)


# Tables and columns


@change
def a_table_more(schema: Schema, random: Random) -> Changed:
    new = Table("brand new", (Column("x", "TEXT"),))
    return replace(schema, tables=(*schema.tables, new)), "table", "brand new"


@change
def a_table_less(schema: Schema, random: Random) -> Changed | None:
    for table in schema.tables:
        spoken = {key.table for one in schema.tables for key in one.references if one is not table}
        spoken |= {index.table for index in schema.indexes}
        spoken |= {text for other in schema.others for _, text in other.statement}
        if table.name not in spoken:
            rest = tuple(each for each in schema.tables if each is not table)
            return replace(schema, tables=rest), "table", table.name
    return None


@change
def a_column_more(schema: Schema, random: Random) -> Changed | None:
    new = Column("brand new", "TEXT")
    return _some_table(schema, random, lambda t: replace(t, columns=(*t.columns, new)))


@change
def a_column_less(schema: Schema, random: Random) -> Changed | None:
    def dropped(table: Table) -> Table | None:
        unused = _unused(schema, table)
        if not unused or len(table.columns) < 2:
            return None
        return replace(table, columns=tuple(c for c in table.columns if c is not unused[0]))

    return _some_table(schema, random, dropped)


@change
def a_column_with_another_name(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, t: replace(c, name=f"new {c.name}") if c in _unused(schema, t) else None,
    )


@change
def a_type(schema: Schema, random: Random) -> Changed | None:
    def other(column: Column, table: Table) -> Column | None:
        if _fixed(column, table):
            return None
        return replace(column, type="TEXT" if column.type != "TEXT" else "BLOB")

    return _some_column(schema, random, other)


@change
def the_size_of_a_type(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, _: replace(c, type=c.type.replace("0", "1")) if "0" in c.type else None,
    )


@change
def not_null(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, t: replace(c, not_null=not c.not_null) if not _fixed(c, t) else None,
    )


@change
def a_default(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema, random, lambda c, _: replace(c, default=words("77")) if not c.generated else None
    )


@change
def the_case_of_a_default(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, _: (
            replace(c, default=(quoted("X y"),)) if c.default == (quoted("x Y"),) else None
        ),
    )


@change
def a_default_less(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, _: replace(c, default=()) if c.default not in ((), words("NULL")) else None,
    )


@change
def a_collation(schema: Schema, random: Random) -> Changed | None:
    def other(column: Column, table: Table) -> Column | None:
        if any(
            ((name(column.name),), "") == part[:2]
            for index in schema.indexes
            if index.table == table.name
            for part in index.parts
        ):
            return None  # then the index is another as well
        return replace(column, collation="RTRIM" if column.collation != "RTRIM" else "NOCASE")  # fmt: skip

    return _some_column(schema, random, other)


@change
def how_a_column_is_generated(schema: Schema, random: Random) -> Changed | None:
    swap = {"VIRTUAL": "STORED", "STORED": "VIRTUAL"}
    return _some_column(
        schema,
        random,
        lambda c, _: replace(c, generated=swap[c.generated]) if c.generated else None,
    )


@change
def what_a_column_is_generated_as(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, _: (
            replace(c, expression=(*c.expression[:-1], *words("2"))) if c.generated else None
        ),
    )


@change
def a_column_no_longer_generated(schema: Schema, random: Random) -> Changed | None:
    return _some_column(
        schema,
        random,
        lambda c, _: replace(c, generated="", expression=()) if c.generated else None,
    )


# Keys and constraints


@change
def a_primary_key_less(schema: Schema, random: Random) -> Changed | None:
    spoken = {key.table for table in schema.tables for key in table.references}

    def without(table: Table) -> Table | None:
        if not table.key or table.without_rowid or table.name in spoken:
            return None
        return replace(table, key=(), autoincrement=False)

    return _some_table(schema, random, without)


@change
def a_primary_key_more(schema: Schema, random: Random) -> Changed | None:
    def keyed(table: Table) -> Table | None:
        free = [c.name for c in table.columns if not c.generated]
        if table.key or (free[0],) in table.uniques:
            return None
        return replace(table, key=((free[0], False),))

    return _some_table(schema, random, keyed)


@change
def the_order_of_a_primary_key(schema: Schema, random: Random) -> Changed | None:
    def swapped(table: Table) -> Table | None:
        turned = tuple(reversed(table.key))
        if len(turned) < 2 or tuple(each for each, _ in turned) in table.uniques:
            return None
        return replace(table, key=turned)

    return _some_table(schema, random, swapped)


@change
def desc_in_a_primary_key(schema: Schema, random: Random) -> Changed | None:
    def turned(table: Table) -> Table | None:
        if not table.key or table.is_rowid:
            return None
        (column, is_descending), *rest = table.key
        return replace(table, key=((column, not is_descending), *rest))

    return _some_table(schema, random, turned)


@change
def autoincrement(schema: Schema, random: Random) -> Changed | None:
    return _some_table(
        schema,
        random,
        lambda t: replace(t, autoincrement=not t.autoincrement) if t.is_rowid else None,
    )


@change
def a_unique_more(schema: Schema, random: Random) -> Changed | None:
    def keyed(table: Table) -> Table | None:
        free = [c.name for c in table.columns if not c.generated]
        new = tuple(free[-1:])
        if new in table.uniques or new == tuple(each for each, _ in table.key):
            return None
        return replace(table, uniques=(*table.uniques, new))

    return _some_table(schema, random, keyed)


@change
def a_unique_less(schema: Schema, random: Random) -> Changed | None:
    return _some_table(
        schema, random, lambda t: replace(t, uniques=t.uniques[1:]) if t.uniques else None
    )


@change
def a_check_more(schema: Schema, random: Random) -> Changed | None:
    def checked(table: Table) -> Table:
        new = ("", (name(table.columns[0].name), *words("!= 7")))
        return replace(table, checks=(*table.checks, new))

    return _some_table(schema, random, checked)


@change
def a_check_less(schema: Schema, random: Random) -> Changed | None:
    return _some_table(
        schema, random, lambda t: replace(t, checks=t.checks[1:]) if t.checks else None
    )


@change
def a_text_in_a_check(schema: Schema, random: Random) -> Changed | None:
    def other(table: Table) -> Table | None:
        for number, (called, condition) in enumerate(table.checks):
            new = tuple(quoted("a B") if word == quoted("A b") else word for word in condition)
            if new != condition:
                checks = list(table.checks)
                checks[number] = (called, new)
                return replace(table, checks=tuple(checks))
        return None

    return _some_table(schema, random, other)


@change
def the_name_of_a_check(schema: Schema, random: Random) -> Changed | None:
    def named(table: Table) -> Table | None:
        if not table.checks:
            return None
        (called, condition), *rest = table.checks
        return replace(table, checks=((f"{called} more", condition), *rest))

    return _some_table(schema, random, named)


@change
def a_foreign_key_more(schema: Schema, random: Random) -> Changed | None:
    def referring(table: Table) -> Table:
        new = Reference(table.columns[0].name, "somewhere", "some_id")
        return replace(table, references=(*table.references, new))

    return _some_table(schema, random, referring)


@change
def a_foreign_key_less(schema: Schema, random: Random) -> Changed | None:
    return _some_table(
        schema, random, lambda t: replace(t, references=t.references[1:]) if t.references else None
    )


def _first_key(
    schema: Schema, random: Random, change: Callable[[Reference], Reference]
) -> Changed | None:
    return _some_table(
        schema,
        random,
        lambda t: (
            replace(t, references=(change(t.references[0]), *t.references[1:]))
            if t.references
            else None
        ),
    )


@change
def what_a_delete_does(schema: Schema, random: Random) -> Changed | None:
    return _first_key(
        schema,
        random,
        lambda key: replace(key, on_delete="CASCADE" if key.on_delete != "CASCADE" else ""),
    )


@change
def what_an_update_does(schema: Schema, random: Random) -> Changed | None:
    return _first_key(
        schema,
        random,
        lambda key: replace(key, on_update="SET NULL" if key.on_update != "SET NULL" else ""),
    )


@change
def when_a_foreign_key_is_checked(schema: Schema, random: Random) -> Changed | None:
    return _first_key(schema, random, lambda key: replace(key, deferred=not key.deferred))


@change
def where_a_foreign_key_leads(schema: Schema, random: Random) -> Changed | None:
    return _first_key(schema, random, lambda key: replace(key, table="somewhere", target="some_id"))


@change
def strict(schema: Schema, random: Random) -> Changed | None:
    loose = {"TEXT", "INT", "INTEGER", "REAL", "BLOB", "ANY"}
    return _some_table(
        schema,
        random,
        lambda t: (
            replace(t, strict=not t.strict)
            if t.strict or all(c.type in loose for c in t.columns)
            else None
        ),
    )


@change
def without_rowid(schema: Schema, random: Random) -> Changed | None:
    return _some_table(
        schema,
        random,
        lambda t: (
            replace(t, without_rowid=not t.without_rowid)
            if t.key and not t.autoincrement and not t.is_rowid and not t.strict
            else None
        ),
    )


# Indexes, views, triggers, virtual tables


@change
def an_index_more(schema: Schema, random: Random) -> Changed | None:
    table = schema.tables[0]
    new = Index("brand new", table.name, (((name(table.columns[0].name),), "", False),))
    return replace(schema, indexes=(*schema.indexes, new)), "index", "brand new"


@change
def an_index_less(schema: Schema, random: Random) -> Changed | None:
    if not schema.indexes:
        return None
    return replace(schema, indexes=schema.indexes[1:]), "index", schema.indexes[0].name


@change
def unique_of_an_index(schema: Schema, random: Random) -> Changed | None:
    return _some_index(schema, random, lambda i: replace(i, unique=not i.unique))


@change
def desc_in_an_index(schema: Schema, random: Random) -> Changed | None:
    def turned(index: Index) -> Index:
        (what, collation, is_descending), *rest = index.parts
        return replace(index, parts=((what, collation, not is_descending), *rest))

    return _some_index(schema, random, turned)


@change
def a_collation_in_an_index(schema: Schema, random: Random) -> Changed | None:
    def other(index: Index) -> Index | None:
        (what, collation, is_descending), *rest = index.parts
        (table,) = [t for t in schema.tables if t.name == index.table]
        own = next((c.collation for c in table.columns if (name(c.name),) == what), "")
        new = "RTRIM" if "RTRIM" not in (collation or own, own) else "NOCASE"
        if new == (collation or own):
            return None
        return replace(index, parts=((what, new, is_descending), *rest))

    return _some_index(schema, random, other)


@change
def a_part_of_an_index_more(schema: Schema, random: Random) -> Changed | None:
    def longer(index: Index) -> Index:
        (what, _, _), *_ = index.parts
        new: Words = (*words("upper ("), *what, *words(")"))
        return replace(index, parts=(*index.parts, (new, "", False)))

    return _some_index(schema, random, longer)


@change
def an_expression_in_an_index(schema: Schema, random: Random) -> Changed | None:
    def other(index: Index) -> Index | None:
        parts = tuple(
            (tuple(("word", "upper") if word == ("word", "lower") else word for word in what), c, d)
            for what, c, d in index.parts
        )
        return replace(index, parts=parts) if parts != index.parts else None

    return _some_index(schema, random, other)


@change
def the_condition_of_an_index(schema: Schema, random: Random) -> Changed | None:
    return _some_index(schema, random, lambda i: replace(i, where=words("1 < 2")))


@change
def a_condition_less(schema: Schema, random: Random) -> Changed | None:
    return _some_index(schema, random, lambda i: replace(i, where=()) if i.where else None)


@change
def a_view_more(schema: Schema, random: Random) -> Changed:
    new = Other("VIEW", "seen", (*words("VIEW"), name("seen"), *words("AS SELECT 1")))
    return replace(schema, others=(*schema.others, new)), "view", "seen"


@change
def a_view(schema: Schema, random: Random) -> Changed | None:
    return _some_other(schema, random, "VIEW", lambda said: (*said, *words("LIMIT 5")))


@change
def a_trigger(schema: Schema, random: Random) -> Changed | None:
    return _some_other(
        schema,
        random,
        "TRIGGER",
        lambda said: tuple(quoted("two") if word == quoted("one; END") else word for word in said),
    )


@change
def the_event_of_a_trigger(schema: Schema, random: Random) -> Changed | None:
    swap = {"INSERT": "DELETE", "DELETE": "UPDATE", "UPDATE": "INSERT"}

    def other(said: Words) -> Words:
        at = next(n for n, (_, text) in enumerate(said) if text in swap)
        return (*said[:at], ("word", swap[said[at][1]]), *said[at + 1 :])

    return _some_other(schema, random, "TRIGGER", other)


@change
def a_trigger_or_view_less(schema: Schema, random: Random) -> Changed | None:
    for other in schema.others:
        if other.kind != "TABLE":
            rest = tuple(each for each in schema.others if each is not other)
            return replace(schema, others=rest), other.kind.lower(), other.name
    return None


@change
def an_option_of_a_virtual_table(schema: Schema, random: Random) -> Changed | None:
    return _some_other(
        schema, random, "TABLE", lambda said: (*said[:-1], ("sign", "(text, prefix = '4')"))
    )
