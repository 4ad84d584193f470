"""What of each table has to come through a change unharmed, so that it can be counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from tsm_git.core.change.rebuild import is_converted
from tsm_git.core.change.renames import Rename
from tsm_git.core.schema.objects import Schema, Table
from tsm_git.core.sql import fold


class Kept(NamedTuple):
    """A table that stays: its name before and after, and its columns whose values stay.

    `key` pairs a row with itself: the expression over each table, empty where there is none.
    `has_mark` says that AUTOINCREMENT's mark has to stay, too.
    """

    old: str
    new: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, str]
    has_mark: bool


def kept_tables(
    old: Schema, new: Schema, renames: Sequence[Rename], filled: Collection[tuple[str, str]]
) -> list[Kept]:
    """The tables whose statement differs, with what has to stay of each.

    `filled` are the folded (table, column) that get values where they had none.
    """
    before = {fold(rename.new): fold(rename.old) for rename in renames if not rename.table}
    found = []
    for name, after in new.tables.items():
        table = old.tables.get(before.get(name, name))
        if table is None or table.sql == after.sql:
            continue
        names = {
            fold(rename.new): fold(rename.old)
            for rename in renames
            if rename.table and fold(rename.table) == name
        }
        columns = _columns(table, after, names, {c for t, c in filled if t == name})
        both_marked = table.autoincrement and after.autoincrement
        found.append(Kept(table.name, after.name, columns, _key(table, after, names), both_marked))
    return found


def _columns(
    old: Table, new: Table, names: dict[str, str], filled: set[str]
) -> tuple[tuple[str, str], ...]:
    strict = new.strict and not old.strict
    return tuple(
        (old.columns[source].name, column.name)
        for name, column in new.columns.items()
        if (source := names.get(name, name)) in old.columns
        and name not in filled
        and not column.generated
        and not old.columns[source].generated
        and not is_converted(old.columns[source], column, strict=strict)
        # A NULL in the key of a new rowid becomes a number.
        and not (new.rowid_alias is not None and fold(new.rowid_alias) == name)
    )


def _key(old: Table, new: Table, names: dict[str, str]) -> tuple[str, str]:
    if old.without_rowid or new.without_rowid or "rowid" in {*old.columns, *new.columns}:
        return "", ""
    alias = new.rowid_alias
    if alias is None:
        return "rowid", "rowid"
    was = old.rowid_alias
    is_same = was is not None and names.get(fold(alias), fold(alias)) == fold(was)
    return ("rowid", "rowid") if is_same else ("", "")
