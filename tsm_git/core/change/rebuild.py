"""The rebuild of a table: what ALTER TABLE cannot do, by create, copy, drop, rename.

The order of https://sqlite.org/lang_altertable.html (section 7): the new table gets another name
first, so that foreign keys, views and triggers that name the table never follow the old one away.
Indexes, triggers and views are put back by `tsm_git.core.change.ddl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from tsm_git.core.schema.names import written
from tsm_git.core.schema.objects import Table
from tsm_git.core.schema.structure import Column
from tsm_git.core.sql import fold, quoted, significant, unquoted

_ROWID_NAMES = ("rowid", "_rowid_", "oid")


class Copied(NamedTuple):
    """A column of the new table and the SQL expression over the old one that fills it."""

    column: str
    source: str


def rebuild(old: Table, new: Table, temporary: str, fills: Mapping[str, str]) -> list[str]:
    """The statements of a rebuild; the tables have one name.

    `fills` maps a folded column to the SQL expression that rows without a value get.
    """
    name, copied = written(new.name), copied_columns(old, new, fills)
    statements = [create_as(new, temporary)]
    if old.autoincrement and new.autoincrement:
        # The mark has to be there before the copy: without it the ids of deleted rows come back.
        statements.append(
            f"INSERT INTO sqlite_sequence (name, seq)\n"
            f"SELECT {_text(temporary)}, seq FROM sqlite_sequence WHERE name = {_text(old.name)};"
        )
    columns = ", ".join(one.column for one in copied)
    sources = ", ".join(one.source for one in copied)
    # A conflict clause of the new table must not swallow rows.
    verb = "INSERT OR ABORT" if "conflict" in new.canonical else "INSERT"
    statements += [
        f"{verb} INTO {written(temporary)} ({columns})\nSELECT {sources} FROM {name};",
        *_conversion_checks(old, new, temporary),
        f"DROP TABLE {name};",
        f"ALTER TABLE {written(temporary)} RENAME TO {name};",
    ]
    return statements


def create_as(table: Table, name: str) -> str:
    """The CREATE TABLE statement of a table under another name."""
    sql, span = table.sql, table.text.name
    parts, end = [sql[: span.start], written(name)], span.end
    # What names the table itself, as `CHECK (users.age > 0)` does, follows it.
    found = significant(sql)
    for token, following in pairwise(found):
        is_name = token.kind in ("word", "quoted") and following.text == "."
        if is_name and token.start >= end and fold(unquoted(token.text)) == fold(table.name):
            parts += [sql[end : token.start], written(name)]
            end = token.start + len(token.text)
    return "".join([*parts, sql[end:]]) + ";"


def copied_columns(old: Table, new: Table, fills: Mapping[str, str]) -> list[Copied]:
    """Which columns of the new table are filled, and with what."""
    found = []
    rowid = _rowid(old)
    if rowid and not new.without_rowid and new.rowid_alias is None and _rowid(new):
        found.append(Copied(_rowid(new), rowid))
    for name, column in new.columns.items():
        source = _source(old, new, name, column, fills)
        if source and not column.generated:
            found.append(Copied(written(column.name), source))
    if not found:  # nothing of a row is kept but that there is one
        row = next(row for row in new.column_rows if not new.columns[fold(row.name)].generated)
        found.append(Copied(written(row.name), row.default or "NULL"))
    return found


def is_converted(old: Column, new: Column, *, strict: bool) -> bool:
    """Whether SQLite may store other values than it is given when it copies this column."""
    if new.generated or old.generated:
        return False
    if strict:
        return (old.affinity, old.type) != (new.affinity, new.type)
    return old.affinity != new.affinity and new.affinity != "blob"


def _source(
    old: Table, new: Table, name: str, column: Column, fills: Mapping[str, str]
) -> str | None:
    before = old.columns.get(name)
    if before is not None:
        source = written(before.name)
        return f"ifnull({source}, {fills[name]})" if name in fills else source
    if name in fills:
        return fills[name]
    if new.rowid_alias is not None and fold(new.rowid_alias) == name:
        return _rowid(old) or None
    needs_value = column.not_null and column.default is None and not column.generated
    return "NULL" if needs_value else None


def _conversion_checks(old: Table, new: Table, temporary: str) -> list[str]:
    """Statements that fail where a value would not survive the change of its column's type."""
    converted = [
        column
        for name, column in new.columns.items()
        if name in old.columns
        and is_converted(old.columns[name], column, strict=new.strict and not old.strict)
    ]
    pairing = _pairing(old, new)
    if not converted or not pairing:
        return []
    statements = []
    for column in converted:
        before = f"before.{written(old.columns[fold(column.name)].name)}"
        after = f"after.{written(column.name)}"
        words = f"a value of {new.name}.{column.name} does not survive its new type"
        statements += [
            f"CREATE TABLE _tsm_check (lost CONSTRAINT {quoted(words)} CHECK (lost = 0));",
            "INSERT INTO _tsm_check\n"
            f"SELECT count(*) FROM {written(new.name)} AS before "
            f"LEFT JOIN {written(temporary)} AS after ON {pairing}\n"
            f"WHERE +{before} COLLATE BINARY IS NOT CASE typeof({before})\n"
            f"    WHEN 'text' THEN CAST({after} AS TEXT)\n"
            f"    WHEN 'integer' THEN CAST({after} AS INTEGER)\n"
            f"    WHEN 'real' THEN CAST({after} AS REAL)\n"
            f"    ELSE +{after} END;",
            "DROP TABLE _tsm_check;",
        ]
    return statements


def _pairing(old: Table, new: Table) -> str:
    """The condition that pairs a row with its copy, or nothing where there is none."""
    old_rowid, new_rowid = _rowid(old), _rowid(new)
    if new.rowid_alias is not None:
        name = fold(new.rowid_alias)
        source = written(old.columns[name].name) if name in old.columns else old_rowid
        return f"after.{written(new.rowid_alias)} = before.{source}" if source else ""
    if old_rowid and new_rowid and not new.without_rowid:
        return f"after.{new_rowid} = before.{old_rowid}"
    key = new.primary_key
    if key is None or any(part.text not in old.columns for part in key.parts):
        return ""
    return " AND ".join(
        f"after.{written(part.text)} IS before.{written(part.text)}" for part in key.parts
    )


def _rowid(table: Table) -> str:
    """How the rowid is called in a table, empty where it has none."""
    if table.without_rowid:
        return ""
    return next((name for name in _ROWID_NAMES if name not in table.columns), "")


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
