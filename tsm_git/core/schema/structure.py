"""What a table is made of: columns, keys, checks, from pragmas and the statement's clauses.

SQLite's pragmas say most of it; what they leave out (CHECK, COLLATE, AUTOINCREMENT, DEFERRABLE,
conflict clauses, names of constraints) is in the statement alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tsm_git.core.record import NamedTuple
from tsm_git.core.schema.clauses import Clause, ColumnText, TableText, expression
from tsm_git.core.sql import Token, canonical, fold, significant, unquoted


class ColumnRow(NamedTuple):
    """A row of `pragma_table_xinfo`, less its first column."""

    name: str
    type: str
    not_null: int
    default: str | None
    key: int
    hidden: int  # 1 hidden, 2 generated, 3 generated and stored


class KeyRow(NamedTuple):
    """A row of `pragma_foreign_key_list`, less its last column; `id` counts the foreign keys."""

    id: int
    seq: int
    table: str
    column: str
    target: str | None
    on_update: str
    on_delete: str


class PartRow(NamedTuple):
    """A row of `pragma_index_xinfo`: a column of an index, or with no name an expression."""

    name: str | None
    descending: int
    collation: str


class IndexRow(NamedTuple):
    """A row of `pragma_index_list` with its parts; `origin` is c, u or pk."""

    name: str
    unique: int
    origin: str
    parts: tuple[PartRow, ...]


class Column(NamedTuple):
    """A column; the expressions are in canonical form, None where there is none.

    `key` is its place in the primary key, from 1, or 0. `generated` is `virtual`, `stored` or
    empty.
    """

    name: str
    type: str
    affinity: str
    not_null: bool
    default: str | None
    collation: str
    key: int
    generated: str
    expression: str | None
    hidden: bool
    names: tuple[tuple[str, str], ...]  # constraint -> what CONSTRAINT calls it, or ON CONFLICT


class Part(NamedTuple):
    """One part of a key or of an index: a column, or an expression in canonical form."""

    text: str
    descending: bool = False
    collation: str = "binary"


class Key(NamedTuple):
    """A primary key or a UNIQUE constraint."""

    parts: tuple[Part, ...]
    name: str | None = None
    conflict: str = ""


class Check(NamedTuple):
    """A CHECK constraint, its expression in canonical form."""

    expression: str
    name: str | None = None


class ForeignKey(NamedTuple):
    """A foreign key; without `targets` it refers to the primary key of its table."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_update: str
    on_delete: str
    deferred: bool
    name: str | None = None


def columns_of(rows: Sequence[ColumnRow], text: TableText) -> dict[str, Column]:
    """The columns in order, by folded name."""
    texts = {fold(column.name): column for column in text.columns}
    nothing = ColumnText("", text.name, ())
    return {fold(row.name): _column(row, texts.get(fold(row.name), nothing)) for row in rows}


def primary_key_of(
    rows: Sequence[ColumnRow], indexes: Sequence[IndexRow], text: TableText
) -> Key | None:
    """The primary key, its columns in the key's order."""
    columns = sorted((row for row in rows if row.key), key=lambda row: row.key)
    if not columns:
        return None
    clause = next(iter(text.all_clauses("primary")), None)
    found = (parts_of(row) for row in indexes if row.origin == "pk")
    return _key(next(found, tuple(Part(fold(row.name)) for row in columns)), clause)


def uniques_of(indexes: Sequence[IndexRow], text: TableText) -> tuple[Key, ...]:
    """The UNIQUE constraints, sorted."""
    clauses = {_folded(clause.columns): clause for clause in text.all_clauses("unique")}
    keys = (parts_of(row) for row in indexes if row.origin == "u")
    found = {_key(key, clauses.get(tuple(part.text for part in key))) for key in keys}
    return tuple(sorted(found, key=lambda key: (key.parts, key.name or "")))


def checks_of(text: TableText) -> tuple[Check, ...]:
    """The CHECK constraints, of columns and of the table, sorted."""
    found = {Check(c.expression, _name(c)) for c in text.all_clauses("check")}
    return tuple(sorted(found, key=lambda check: (check.expression, check.name or "")))


def foreign_keys_of(rows: Sequence[KeyRow], text: TableText) -> tuple[ForeignKey, ...]:
    """The foreign keys, sorted."""
    clauses = {(_folded(c.columns), fold(c.target)): c for c in text.all_clauses("references")}
    found = set()
    for identity in {row.id for row in rows}:
        parts = sorted(row for row in rows if row.id == identity)
        columns, table = _folded(row.column for row in parts), fold(parts[0].table)
        clause = clauses.get((columns, table))
        found.add(
            ForeignKey(
                columns,
                table,
                _folded(row.target for row in parts if row.target is not None),
                parts[0].on_update.lower(),
                parts[0].on_delete.lower(),
                clause is not None and "deferred" in clause.flags,
                _name(clause),
            )
        )
    return tuple(sorted(found, key=lambda key: (*key[:6], key.name or "")))


def parts_of(row: IndexRow) -> tuple[Part, ...]:
    """The columns of an index; an expression has no text here."""
    return tuple(
        Part(fold(part.name or ""), bool(part.descending), fold(part.collation))
        for part in row.parts
    )


def affinity(declared: str) -> str:
    """The affinity of a declared type (https://sqlite.org/datatype3.html, section 3.1)."""
    name = declared.upper()
    if "INT" in name:
        return "integer"
    if any(word in name for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if not name or "BLOB" in name:
        return "blob"
    return "real" if any(word in name for word in ("REAL", "FLOA", "DOUB")) else "numeric"


_CONFLICT = "on conflict "
_LITERALS = ("null", "true", "false", "current_date", "current_time", "current_timestamp")


def _column(row: ColumnRow, text: ColumnText) -> Column:
    collate, generated = text.clause("collate"), text.clause("generated")
    null = text.clause("not null")
    names = [(c.kind, c.name) for c in (null, text.clause("default")) if c and c.name]
    if null is not None and row.not_null and _conflict(null):
        names.append(("not null", _CONFLICT + _conflict(null)))
    return Column(
        name=row.name,
        type=_type(row),
        affinity=affinity(row.type),
        not_null=bool(row.not_null),
        default=_default(row.default),
        collation=collate.expression if collate else "binary",
        key=row.key,
        generated={2: "virtual", 3: "stored"}.get(row.hidden, ""),
        expression=generated.expression if generated else None,
        hidden=row.hidden == 1,
        names=tuple(names),
    )


def _type(row: ColumnRow) -> str:
    declared = canonical(row.type)
    if row.hidden in (2, 3):
        # SQLite takes GENERATED for the end of the type if a comment parts it from ALWAYS.
        declared = declared.removesuffix("generated").rstrip()
    return declared


def _default(text: str | None) -> str | None:
    if text is None:
        return None
    value = expression(significant(text))
    # A default cannot name a column: a name there, quoted or not, is a string.
    found = significant(text)
    if len(found) == 1 and _is_name(found[0]):
        return "'" + unquoted(found[0].text).replace("'", "''") + "'"
    return None if value == "null" else value


def _is_name(token: Token) -> bool:
    if token.kind == "quoted":
        return True
    return (
        token.kind == "word" and not token.text[0].isdigit() and fold(token.text) not in _LITERALS
    )


def _key(parts: tuple[Part, ...], clause: Clause | None) -> Key:
    return Key(parts, _name(clause), _conflict(clause))


def _name(clause: Clause | None) -> str | None:
    return fold(clause.name) if clause and clause.name else None


def _conflict(clause: Clause | None) -> str:
    flags = clause.flags if clause else ()
    return next((f.removeprefix(_CONFLICT) for f in flags if f.startswith(_CONFLICT)), "")


def _folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(fold(name) for name in names)
