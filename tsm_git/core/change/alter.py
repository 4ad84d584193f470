"""Changes of one table that SQLite's ALTER TABLE can make, and which version can make them.

What it refuses is in https://sqlite.org/lang_altertable.html: a column that is added has a constant
default and is not unique, one that is dropped is mentioned nowhere else. Where one change of a
table takes a rebuild, the rebuild makes them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tsm_git.core.change.diff import Aspect, Detail
from tsm_git.core.schema.clauses import Span
from tsm_git.core.schema.features import Version, version_of
from tsm_git.core.schema.names import written
from tsm_git.core.schema.objects import Table
from tsm_git.core.schema.structure import Check, Column
from tsm_git.core.sql import fold, significant, unquoted

OLDEST: Version = (3, 37)
"""The SQLite that a script is written for where the configuration names none."""

CONSTRAINTS: Version = (3, 53)
"""The SQLite from which ALTER TABLE can change NOT NULL and CHECK."""


def written_for(min_sqlite: str | None) -> Version:
    """The oldest version of SQLite that a script is to run with."""
    return version_of(min_sqlite) if min_sqlite else OLDEST


# A literal in canonical form: ADD COLUMN takes no other default for rows that exist.
_CONSTANT = re.compile(
    r"([+-] )?[0-9.][0-9a-fx_. ]*(e [+-] [0-9]+)?|(x )?'([^']|'')*'|true|false", re.DOTALL
)


class _Statements(NamedTuple):
    """Statements of one table, in the order of these fields."""

    drop_constraints: list[str]
    add_columns: list[str]
    fill: list[str]
    not_null: list[str]
    add_constraints: list[str]
    drop_columns: list[str]


def alterations(
    old: Table,
    new: Table,
    details: tuple[Detail, ...],
    version: Version,
    fills: Mapping[str, str],
) -> list[str] | None:
    """ALTER TABLE statements from one table to the other; None where it takes a rebuild.

    `fills` maps a column to the SQL expression that rows without a value get.
    """
    found = _Statements([], [], [], [], [], [])
    head = f"ALTER TABLE {written(new.name)}"
    ours = _Clauses(old, new, details)
    if not _checks(ours, version, head, found):
        return None
    for detail in sorted(details, key=lambda d: bool(d.column and _generated(new, d.column))):
        match detail.aspect:
            case Aspect.ADDED:
                if not _add(ours, detail.column, version, fills, head, found):
                    return None
            case Aspect.DROPPED:
                if not ours.droppable(detail.column):
                    return None
                name = written(old.columns[detail.column].name)
                found.drop_columns.append(f"{head} DROP COLUMN {name};")
            case Aspect.NOT_NULL if version >= CONSTRAINTS:
                column = new.columns[detail.column]
                if column.not_null and detail.column in fills:
                    found.fill.append(_fill(new, column, fills[detail.column], only_null=True))
                verb = "SET" if column.not_null else "DROP"
                found.not_null.append(
                    f"{head} ALTER COLUMN {written(column.name)} {verb} NOT NULL;"
                )
            case Aspect.CHECK:
                pass
            case Aspect.FOREIGN_KEY:
                if not ours.comes_or_goes_with_a_column("references"):
                    return None
            case _:
                return None
    return [statement for statements in found for statement in statements]


class _Clauses:
    """Which clauses come or go with a column."""

    def __init__(self, old: Table, new: Table, details: tuple[Detail, ...]) -> None:
        self.old, self.new = old, new
        self.added = {d.column for d in details if d.aspect is Aspect.ADDED}
        self.dropped = {d.column for d in details if d.aspect is Aspect.DROPPED}
        self.texts = {fold(column.name): column for column in new.text.columns}
        self.new_checks = list((Counter(new.checks) - Counter(old.checks)).elements())
        self.old_checks = list((Counter(old.checks) - Counter(new.checks)).elements())

    def with_column(self, check: Check, table: Table, columns: set[str]) -> bool:
        return any(
            Check(clause.expression, fold(clause.name) if clause.name else None) == check
            for column in table.text.columns
            if fold(column.name) in columns
            for clause in column.clauses
            if clause.kind == "check"
        )

    def comes_or_goes_with_a_column(self, kind: str) -> bool:
        """Whether every foreign key that differs is written at a column that differs."""
        gone = set(self.old.foreign_keys) - set(self.new.foreign_keys)
        come = set(self.new.foreign_keys) - set(self.old.foreign_keys)
        return all(
            len(key.columns) == 1
            and key.columns[0] in columns
            and any(
                fold(column.name) == key.columns[0] and column.clause(kind)
                for column in table.text.columns
            )
            for keys, table, columns in (
                (gone, self.old, self.dropped),
                (come, self.new, self.added),
            )
            for key in keys
        )

    def droppable(self, name: str) -> bool:
        """Whether nothing that stays mentions the column."""
        text = self.old.text
        gone = {check.name for check in self.old_checks if check.name}
        staying = [
            clause.span
            for clause in text.clauses
            if not (clause.kind == "check" and clause.name and fold(clause.name) in gone)
        ]
        for column in text.columns:
            if fold(column.name) != name:
                staying += [c.span for c in column.clauses if c.kind not in ("default", "collate")]
        return not self.old.columns[name].key and not any(
            name in mentions(self.old, span) for span in staying
        )


def mentions(table: Table, span: Span) -> set[str]:
    """The folded words and names in a part of a table's statement."""
    return words_of(table.sql[span.start : span.end])


def words_of(sql: str) -> set[str]:
    """The folded words and names in a text."""
    return {
        fold(unquoted(token.text) if token.kind == "quoted" else token.text)
        for token in significant(sql)
        if token.kind in ("word", "quoted")
    }


def _checks(ours: _Clauses, version: Version, head: str, found: _Statements) -> bool:
    for check in ours.old_checks:
        if ours.with_column(check, ours.old, ours.dropped):
            continue
        if version < CONSTRAINTS or check.name is None:
            return False
        found.drop_constraints.append(f"{head} DROP CONSTRAINT {written(check.name)};")
    for check in ours.new_checks:
        if ours.with_column(check, ours.new, ours.added):
            continue
        text = next(
            c for c in ours.new.text.all_clauses("check") if c.expression == check.expression
        )
        if version < CONSTRAINTS:
            return False
        clause = ours.new.sql[text.span.start : text.span.end]
        found.add_constraints.append(f"{head} ADD {clause};")
    return True


def _add(
    ours: _Clauses,
    name: str,
    version: Version,
    fills: Mapping[str, str],
    head: str,
    found: _Statements,
) -> bool:
    column, text = ours.new.columns[name], ours.texts[name]
    sql = ours.new.sql[text.span.start : text.span.end]
    is_plain = not column.key and not column.hidden and column.generated != "stored"
    if not is_plain or text.clause("unique") or not _is_constant(column.default):
        return False
    if column.default is not None and text.clause("references"):
        return False  # refused while foreign keys are on
    if column.not_null and column.default is None and not column.generated:
        null = text.clause("not null")
        if name not in fills or version < CONSTRAINTS or null is None or null.name or null.flags:
            return False
        start, end = null.span.start - text.span.start, null.span.end - text.span.start
        sql = " ".join([sql[:start].rstrip(), sql[end:].lstrip()]).rstrip()
        found.not_null.append(f"{head} ALTER COLUMN {written(column.name)} SET NOT NULL;")
    if name in fills:
        if any(c.kind in ("check", "references") for c in text.clauses):
            return False
        found.fill.append(_fill(ours.new, column, fills[name], only_null=False))
    found.add_columns.append(f"{head} ADD COLUMN {sql};")
    return True


def _is_constant(default: str | None) -> bool:
    return default is None or _CONSTANT.fullmatch(default) is not None


def _fill(table: Table, column: Column, value: str, *, only_null: bool) -> str:
    name = written(column.name)
    where = f" WHERE {name} IS NULL" if only_null else ""
    return f"UPDATE {written(table.name)} SET {name} = {value}{where};"


def _generated(table: Table, name: str) -> bool:
    return name in table.columns and bool(table.columns[name].generated)
