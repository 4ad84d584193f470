"""Models as values: the DDL with where it comes from, and the schema that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tsm_git.core.change.diff import Change, Kind, differences
from tsm_git.core.record import NamedTuple
from tsm_git.core.schema.objects import Schema
from tsm_git.core.sql import fold


class Piece(NamedTuple):
    """Some DDL of models, one statement or many.

    `what` it comes from, in words; `path` and `line` say where that stands, if it is known.
    `speaks_of` is what such models can describe: `tables`, `indexes` (and tables), `everything`.
    """

    sql: str
    what: str
    path: str | None = None
    line: int | None = None
    speaks_of: str = "everything"


class Place(NamedTuple):
    """Where something stands in a file; the path is relative to the repository root."""

    path: str
    line: int


_SPOKEN = {
    "tables": frozenset({Kind.TABLE}),
    "indexes": frozenset({Kind.TABLE, Kind.INDEX}),
    "everything": frozenset(Kind),
}


def spoken_of(pieces: Iterable[Piece]) -> frozenset[Kind]:
    """The kinds of objects that models can describe."""
    return frozenset[Kind]().union(*(_SPOKEN[piece.speaks_of] for piece in pieces))


class Models(NamedTuple):
    """The schema that models describe.

    `source` is where they come from, in words; `place` the file to look at where nothing better
    is known; `places` where single objects stand. Objects of a kind that is not in `kinds` cannot
    be described by such models: a class has no triggers.
    """

    source: str
    schema: Schema
    kinds: frozenset[Kind]
    place: Place
    places: Mapping[tuple[Kind, str], Place]

    def beside(self, actual: Schema) -> Schema:
        """What a database that has `actual` ought to have.

        It is the models' schema, and what the database has that such models cannot describe.
        """
        ours, kinds = self.schema, self.kinds
        virtual_tables, views = dict(ours.virtual_tables), dict(ours.views)
        indexes, triggers = dict(ours.indexes), dict(ours.triggers)
        taken = {*ours.tables, *virtual_tables, *views}
        if Kind.VIRTUAL_TABLE not in kinds:
            virtual_tables |= {n: v for n, v in actual.virtual_tables.items() if n not in taken}
        if Kind.VIEW not in kinds:
            views |= {n: v for n, v in actual.views.items() if n not in taken}
        owners = {*ours.tables, *virtual_tables, *views}
        if Kind.INDEX not in kinds:
            indexes |= {n: i for n, i in actual.indexes.items() if fold(i.table) in owners}
        if Kind.TRIGGER not in kinds:
            triggers |= {n: t for n, t in actual.triggers.items() if fold(t.table) in owners}
        return replace(
            ours, indexes=indexes, triggers=triggers, views=views, virtual_tables=virtual_tables
        )


class Drift(NamedTuple):
    """A schema beside the models: `actual` is of what `of` says, a database or the scripts."""

    models: Models
    actual: Schema
    of: str

    def changes(self) -> list[Change]:
        """How the schema gets to be what the models say, one change for each object."""
        return differences(self.actual, self.models.beside(self.actual))

    def place(self, change: Change) -> Place:
        """Where the models speak of the object."""
        return self.models.places.get((change.kind, fold(change.name)), self.models.place)
