"""What may be a rename: something goes, something like it is new. Only a person can tell.

Judged by type, place, and likeness of the names; tables by the columns that they share.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from tsm_git.core.change.diff import Aspect, Change
from tsm_git.core.schema.objects import Table
from tsm_git.core.schema.structure import Column
from tsm_git.core.sql import fold

# Of a likeness between 0 and about 1. Who is asked once too often loses less than rows.
_ENOUGH = 0.45


class Rename(NamedTuple):
    """A column of `table` that may have got another name; without `table`, a table."""

    table: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.table}.{self.old}={self.table}.{self.new}" if self.table else self.pair

    @property
    def pair(self) -> str:
        """The old name and the new one."""
        return f"{self.old}={self.new}"


def possible_renames(changes: list[Change]) -> list[Rename]:
    """Pairs of what goes and what is new that are alike, each name in one pair at most."""
    found = []
    gone = [change.old for change in changes if change.new is None]
    come = [change.new for change in changes if change.old is None]
    pairs = [
        (_tables_alike(old, new), Rename("", old.name, new.name))
        for old in gone
        if isinstance(old, Table)
        for new in come
        if isinstance(new, Table)
    ]
    found += _best(pairs)
    for change in changes:
        if isinstance(change.old, Table) and isinstance(change.new, Table):
            found += _best(_column_pairs(change, change.old, change.new))
    return found


def _column_pairs(change: Change, old: Table, new: Table) -> list[tuple[float, Rename]]:
    gone = [d.column for d in change.details if d.aspect is Aspect.DROPPED]
    come = [d.column for d in change.details if d.aspect is Aspect.ADDED]
    places = (
        {name: at for at, name in enumerate(old.columns)},
        {name: at for at, name in enumerate(new.columns)},
    )
    return [
        (
            _columns_alike(old.columns[a], new.columns[b], same_place=places[0][a] == places[1][b]),
            Rename(new.name, old.columns[a].name, new.columns[b].name),
        )
        for a in gone
        for b in come
    ]


def _columns_alike(old: Column, new: Column, *, same_place: bool) -> float:
    if old.affinity != new.affinity or bool(old.generated) != bool(new.generated):
        return 0.0
    likeness = 0.6 * _names_alike(old.name, new.name)
    likeness += 0.2 * (old.type == new.type) + 0.1 * (old.not_null == new.not_null)
    return likeness + 0.2 * same_place


def _tables_alike(old: Table, new: Table) -> float:
    ours = {(name, column.affinity) for name, column in old.columns.items()}
    theirs = {(name, column.affinity) for name, column in new.columns.items()}
    # Every table has an `id`: it says nothing.
    shared = len((ours & theirs) - {("id", "integer")})
    of_all = max(len((ours | theirs) - {("id", "integer")}), 1)
    shape = SequenceMatcher(None, _shape(old), _shape(new), autojunk=False).ratio()
    return 0.5 * shared / of_all + 0.25 * shape + 0.4 * _names_alike(old.name, new.name)


def _shape(table: Table) -> list[str]:
    return [column.affinity for column in table.columns.values()]


def _names_alike(one: str, other: str) -> float:
    one, other = fold(one), fold(other)
    if one in other or other in one:
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _best(pairs: list[tuple[float, Rename]]) -> list[Rename]:
    found: list[Rename] = []
    for likeness, rename in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
        is_free = all(rename.old != other.old and rename.new != other.new for other in found)
        if likeness >= _ENOUGH and is_free:
            found.append(rename)
    return sorted(found)
