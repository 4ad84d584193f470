"""Which rows refer to rows that are not there (https://sqlite.org/pragma.html#pragma_foreign_key_check).

While scripts run, foreign keys are off: what they orphan is found here, before it is committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import apsw

from tsm_git.core.record import NamedTuple


class Orphan(NamedTuple):
    """A row that refers to nothing; `rowid` is None in a table without row ids.

    `reason` says what SQLite says where it cannot even look, since the parent has no such key.
    """

    table: str
    rowid: int | None
    parent: str
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        row = "a row" if self.rowid is None else f"row {self.rowid}"
        return f"{row} of `{self.table}` refers to a row of `{self.parent}` that is not there"


Orphans = Counter[Orphan]


def references(connection: apsw.Connection) -> list[tuple[str, str]]:
    """Every table that refers to another, with the one that it refers to."""
    # Most tables refer to nothing, and the pragma costs more than a look at the text.
    return [
        (str(child), str(parent))
        for child, parent in connection.execute(
            'SELECT t.name, k."table" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k'
            " WHERE t.type = 'table' AND t.sql LIKE '%references%'"
        )
    ]


def orphans(
    connection: apsw.Connection,
    pairs: Collection[tuple[str, str]],
    touched: Collection[str] | None = None,
) -> Orphans:
    """The rows that refer to nothing in the tables of `pairs`.

    Only where a table of `touched` (in lower case) takes part, if it is given.
    """
    found: Orphans = Counter()
    for table in sorted({child for child, parent in pairs if _concerns(child, parent, touched)}):
        try:
            for child, rowid, parent, _ in connection.execute(
                "SELECT * FROM pragma_foreign_key_check(?)", (table,)
            ):
                found[Orphan(str(child), rowid, str(parent))] += 1
        except apsw.SQLError as error:  # foreign key mismatch
            found[Orphan(table, None, "", str(error).removeprefix("SQLError: "))] += 1
    return found


def new_orphans(before: Orphans, after: Orphans, remade: Collection[str]) -> list[Orphan]:
    """The orphans that were not there before, in order.

    A rebuild gives rows new ids: in a table that was `remade` (names in lower case), as many
    orphans of one parent as before are those that were there before.
    """
    new = after - before
    had, has = _by_parent(before), _by_parent(after)
    return sorted(
        (
            orphan
            for orphan in new
            if orphan.table.lower() not in remade
            or has[orphan.table, orphan.parent] > had[orphan.table, orphan.parent]
        ),
        key=lambda orphan: (orphan.table, orphan.parent, orphan.rowid or 0),
    )


def _by_parent(found: Orphans) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for orphan, count in found.items():
        counted[orphan.table, orphan.parent] += count
    return counted


def _concerns(child: str, parent: str, touched: Collection[str] | None) -> bool:
    return touched is None or child.lower() in touched or parent.lower() in touched
