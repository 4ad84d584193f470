"""What a change would do to rows: values that go, and rows that would have none."""

from __future__ import annotations

from typing import NamedTuple

from tsm_git.core.change.diff import Aspect, Change
from tsm_git.core.schema.objects import Table
from tsm_git.core.sql import fold


class Loss(NamedTuple):
    """A table that goes, or a column of it; names as the old schema has them."""

    table: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


class Gap(NamedTuple):
    """A column that rows need a value for: it is new, or it becomes NOT NULL.

    `default` is the column's own default as its statement writes it, None where it has none.
    """

    table: str
    column: str
    is_new: bool
    default: str | None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def key(self) -> tuple[str, str]:
        """Its folded table and column."""
        return fold(self.table), fold(self.column)


def losses(changes: list[Change]) -> list[Loss]:
    """What goes with whatever it holds. A generated column holds nothing."""
    found = []
    for change in changes:
        if isinstance(change.old, Table) and change.new is None:
            found.append(Loss(change.old.name))
        elif isinstance(change.old, Table):
            found += [
                Loss(change.old.name, change.old.columns[detail.column].name)
                for detail in change.details
                if detail.aspect is Aspect.DROPPED
                and not change.old.columns[detail.column].generated
            ]
    return found


def gaps(changes: list[Change]) -> list[Gap]:
    """The columns that rows which exist may have no value for."""
    found = []
    for change in changes:
        if not isinstance(change.old, Table) or not isinstance(change.new, Table):
            continue
        defaults = {fold(row.name): row.default for row in change.new.column_rows}
        alias = fold(change.new.rowid_alias or "")
        for detail in change.details:
            column = change.new.columns.get(detail.column)
            if column is None or not column.not_null or column.generated or alias == detail.column:
                continue
            is_new = detail.aspect is Aspect.ADDED
            needs_value = is_new and column.default is None
            if needs_value or detail.aspect is Aspect.NOT_NULL:
                default = defaults[detail.column] if column.default is not None else None
                found.append(Gap(change.new.name, column.name, is_new, default))
    return found
