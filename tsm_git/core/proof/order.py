"""The order check: whether two orders of the same scripts end in the same database.

Works on outcomes of replays; replaying is for `tsm_git.adapters.sqlite.replay`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from tsm_git.core.record import NamedTuple


class Failure(NamedTuple):
    """The statement that stopped a replay; `path` is as messages show it, the rest 1-based."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class Table(NamedTuple):
    """What a replay left in one table: its columns in order, and a digest of its rows.

    The rows count as a multiset of their values by column name, so neither their order nor that of
    the columns matters.
    """

    columns: tuple[str, ...]
    rows: str


class Outcome(NamedTuple):
    """What a replay ended in: a failure, or the schema as SQL by (type, name) and the tables."""

    failure: Failure | None
    schema: Mapping[tuple[str, str], str]
    tables: Mapping[str, Table]


class Order(Enum):
    """How two orders compare, the mildest first (DESIGN section 8)."""

    IDENTICAL = "both orders give the same database"
    COLUMN_ORDER = "only the order of columns differs"
    DATA = "the rows differ"
    SCHEMA = "the schema differs"
    FAILS = "one of the orders fails"


class Difference(NamedTuple):
    """The verdict on two orders, and in words what differs."""

    order: Order
    words: tuple[str, ...] = ()

    def worse_than(self, other: Difference) -> bool:
        """Whether this is a graver verdict than another one."""
        grades = list(Order)
        return grades.index(self.order) > grades.index(other.order)


def compare_orders(one: Outcome, other: Outcome) -> Difference:
    """How two outcomes compare; the words speak of the second as the new one."""
    if other.failure or one.failure:
        failed = other.failure or one.failure
        return Difference(Order.FAILS, (str(failed),))
    words = tuple(_schema_differences(one, other))
    if words:
        return Difference(Order.SCHEMA, words)
    moved = [
        name for name, table in other.tables.items() if table.columns != one.tables[name].columns
    ]
    changed = [name for name, table in other.tables.items() if table.rows != one.tables[name].rows]
    if changed:
        return Difference(Order.DATA, tuple(f"other rows in `{name}`" for name in changed))
    if moved:
        words = tuple(f"`{name}` has its columns in another order" for name in moved)
        return Difference(Order.COLUMN_ORDER, words)
    return Difference(Order.IDENTICAL)


def _schema_differences(one: Outcome, other: Outcome) -> list[str]:
    words = [
        f"{kind} `{name}` is missing" for kind, name in sorted(one.schema.keys() - other.schema)
    ]
    words += [f"{kind} `{name}` is new" for kind, name in sorted(other.schema.keys() - one.schema)]
    for key in sorted(one.schema.keys() & other.schema.keys()):
        kind, name = key
        is_moved = kind == "table" and one.tables[name].columns != other.tables[name].columns
        # Columns that have changed places leave the same words in another order.
        same = (
            sorted(one.schema[key].split()) == sorted(other.schema[key].split())
            if is_moved
            else one.schema[key] == other.schema[key]
        )
        if not same:
            words.append(f"{kind} `{name}` differs")
    return words
