"""Writes a random schema as SQL: plainly, or in one of the many ways that mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from tests.models.making import (
    Column,
    Index,
    Other,
    Reference,
    Schema,
    Table,
    Word,
    Words,
    name,
    words,
)

_BARE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_KEYWORDS = {"order", "group", "select", "table", "key"}
_GAPS = [" ", " ", " ", "\n", "\t", "  ", " /* and */ ", " -- to the end\n", "/**/"]
_CLOSE = {"(", ")", ","}


class Writer:
    """Writes statements; without a source of chance all in the same plain way."""

    def __init__(self, random: Random | None = None) -> None:
        self.random = random

    def chance(self, share: float) -> bool:
        """Say whether to take one of the odd ways."""
        return self.random is not None and self.random.random() < share

    def statements(self, schema: Schema) -> list[str]:
        """All statements, tables first."""
        found: list[str] = []
        tables = list(schema.tables)
        if self.random and self.chance(0.5):
            self.random.shuffle(tables)
        for table in tables:
            found += self._history(table, schema)
        rest = [self._index(each) for each in schema.indexes]
        if self.random and self.chance(0.5):
            self.random.shuffle(rest)
        return found + rest + [self._other(each) for each in schema.others]

    # Words

    def sql(self, parts: Words) -> str:
        """The text of a statement."""
        found = ""
        before = ""
        for kind, text in parts:
            written = self._word(kind, text)
            if found and self.random is None:
                found += " "
            elif found and not (({before, text} & _CLOSE) and self.chance(0.5)):
                found += self.random.choice(_GAPS) if self.random else " "
            found += written
            before = text
        return found

    def _word(self, kind: str, text: str) -> str:
        if kind == "word":
            return self._cased(text)
        if kind != "name":
            return text
        plain = bool(_BARE.fullmatch(text)) and text.lower() not in _KEYWORDS
        if self.random is None:
            return '"' + text.replace('"', '""') + '"'
        text = self._cased(text)
        ways = ['"' + text.replace('"', '""') + '"', "`" + text.replace("`", "``") + "`"]
        ways += [text, text] if plain else []
        ways += [f"[{text}]"] if "]" not in text else []
        return self.random.choice(ways)

    def _cased(self, text: str) -> str:
        """Another case; only ASCII letters have none for SQLite."""
        if not self.chance(0.4):
            return text
        return "".join(
            (c.upper() if self.chance(0.5) else c.lower()) if c.isascii() else c for c in text
        )

    def _wrapped(self, parts: Words) -> Words:
        """An expression in parentheses, of which there may be too many."""
        twice = self.chance(0.2)
        inner = (*words("("), *parts, *words(")")) if twice else parts
        return (*words("("), *inner, *words(")"))

    # Tables

    def _history(self, table: Table, schema: Schema) -> Iterator[str]:
        """The statements that make a table; ALTER may have had a part in it."""
        final, columns = table.name, list(table.columns)
        if self.random and self.chance(0.3):
            self.random.shuffle(columns)
        added: list[Column] = []
        while (
            columns and self.chance(0.4) and _can_be_added(columns[-1], table) and len(columns) > 1
        ):
            added.insert(0, columns.pop())
        called = "made first" if self.chance(0.3) else final
        extra = [Column("not for long", "INT")] if self.chance(0.3) else []
        place = self.random.randrange(len(columns) + 1) if self.random else 0
        columns[place:place] = extra
        renamed = self._renamed(columns, table)
        before = {renamed.name: "for now"} if renamed else {}
        yield self.sql(
            (*words("CREATE TABLE"), *(words("IF NOT EXISTS") if self.chance(0.2) else ()),
             name(called), *words("("), *self._body(table, columns, before, schema), *words(")"),
             *self._options(table))
        )  # fmt: skip
        alter = (*words("ALTER TABLE"), name(called))
        for column in added:
            one = self._column(column, table, {})
            yield self.sql((*alter, *words("ADD COLUMN"), *one))
        for gone in extra:
            yield self.sql((*alter, *words("DROP COLUMN"), name(gone.name)))
        if renamed:
            yield self.sql(
                (*alter, *words("RENAME COLUMN"), name("for now"), *words("TO"), name(renamed.name))
            )
        if called != final:
            yield self.sql((*alter, *words("RENAME TO"), name(final)))

    def _renamed(self, columns: list[Column], table: Table) -> Column | None:
        """A column that begins under another name; nothing else may speak of it by its own."""
        alone = [
            c for c in columns if c.name != "not for long" and not _is_spoken_of(c.name, table)
        ]
        return self.random.choice(alone) if self.random and alone and self.chance(0.3) else None

    def _body(
        self, table: Table, columns: list[Column], before: dict[str, str], schema: Schema
    ) -> Words:
        parts = [self._column(each, table, before) for each in columns]
        parts += self._constraints(table, schema)
        return _joined(parts)

    def _column(self, column: Column, table: Table, before: dict[str, str]) -> Words:
        found: list[Word] = [name(before.get(column.name, column.name)), *self._type(column.type)]
        pieces: list[Words] = []
        if column.not_null:
            pieces.append(words("NOT NULL"))
        elif self.chance(0.1) and not column.generated and not _is_key(column.name, table):
            pieces.append(words("NULL"))
        if column.default:
            pieces.append((*words("DEFAULT"), *self._default(column.default)))
        if column.collation or self.chance(0.1):
            pieces.append((*words("COLLATE"), *words(column.collation or "BINARY")))
        if column.generated:
            # With a comment there SQLite takes a part of it for the type, and STRICT forbids that.
            odd = self.chance(0.5) and not table.strict
            always = words("GENERATED ALWAYS") if odd else ()
            is_said = column.generated == "STORED" or self.chance(0.5)
            kind = words(column.generated) if is_said else ()
            pieces.append((*always, *words("AS"), *self._wrapped(column.expression), *kind))
        if self._is_inline_key(column.name, table):
            desc = words("DESC") if table.key[0][1] else ()
            auto = words("AUTOINCREMENT") if table.autoincrement else ()
            pieces.append((*words("PRIMARY KEY"), *desc, *auto))
        if self.random:
            self.random.shuffle(pieces)
        return (*found, *(word for piece in pieces for word in piece))

    def _type(self, kind: str) -> Words:
        if "." in kind:
            return (("sign", f"[{kind}]"),)
        return tuple(("word" if part[0].isalpha() else "sign", part) for part in _split(kind))

    def _default(self, parts: Words) -> Words:
        is_wrapped = parts[0] == ("sign", "(")
        return self._wrapped(parts) if self.chance(0.4) and not is_wrapped else parts

    def _is_inline_key(self, column: str, table: Table) -> bool:
        """Whether the key stands at the column; where it does not matter, the table's name says."""
        if len(table.key) != 1 or table.key[0][0] != column:
            return False
        return table.autoincrement or self.random is None or hash_of(table.name, self.random)

    def _constraints(self, table: Table, schema: Schema) -> list[Words]:
        found: list[Words] = []
        inline = table.key and self._is_inline_key(table.key[0][0], table)
        if table.key and not inline:
            parts = [(name(c), *(words("DESC") if desc else ())) for c, desc in table.key]
            found.append((*words("PRIMARY KEY ("), *_joined(parts), *words(")")))
        for unique in table.uniques:
            columns = _joined([(name(c),) for c in unique])
            found.append((*words("UNIQUE ("), *columns, *words(")")))
        for called, condition in table.checks:
            label = (*words("CONSTRAINT"), name(called)) if called else ()
            found.append((*label, *words("CHECK"), *self._wrapped(condition)))
        for key in table.references:
            found.append(
                (
                    *words("FOREIGN KEY ("),
                    name(key.column),
                    *words(")"),
                    *self._reference(key, schema),
                )
            )
        if self.random:
            self.random.shuffle(found)
        return found

    def _reference(self, key: Reference, schema: Schema) -> Words:
        parent = next((t for t in schema.tables if t.name == key.table), None)
        is_key = parent is not None and [c for c, _ in parent.key] == [key.target]
        target = () if is_key and self.chance(0.5) else (*words("("), name(key.target), *words(")"))
        found = [*words("REFERENCES"), name(key.table), *target]
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
            if action or self.chance(0.2):
                found += words(f"ON {event} {action or 'NO ACTION'}")
        if key.deferred:
            found += words("DEFERRABLE INITIALLY DEFERRED")
        elif self.chance(0.3) and self.random:
            ways = ["NOT DEFERRABLE", "DEFERRABLE", "DEFERRABLE INITIALLY IMMEDIATE"]
            found += words(self.random.choice(ways))
        return tuple(found)

    def _options(self, table: Table) -> Words:
        found = [words("STRICT")] if table.strict else []
        found += [words("WITHOUT ROWID")] if table.without_rowid else []
        if self.random:
            self.random.shuffle(found)
        return _joined(found)

    # The rest

    def _index(self, index: Index) -> str:
        parts = []
        for what, collation, is_descending in index.parts:
            alone = len(what) == 1 and self.chance(0.2)
            collate = words(f"COLLATE {collation}") if collation else ()
            order = words("DESC") if is_descending else words("ASC") if self.chance(0.2) else ()
            inner = (*words("("), *what, *words(")")) if alone else what
            parts.append((*inner, *collate, *order))
        where = index.where
        condition = self._wrapped(where) if where and self.chance(0.3) else where
        return self.sql(
            (*words("CREATE"), *(words("UNIQUE") if index.unique else ()), *words("INDEX"),
             *(words("IF NOT EXISTS") if self.chance(0.2) else ()), name(index.name), *words("ON"),
             name(index.table), *words("("), *_joined(parts), *words(")"),
             *((*words("WHERE"), *condition) if where else ()))
        )  # fmt: skip

    def _other(self, other: Other) -> str:
        kind, *rest = other.statement
        exists = words("IF NOT EXISTS") if self.chance(0.2) else ()
        if kind == ("word", "VIRTUAL"):
            kinds: Words = (kind, rest.pop(0))
        else:
            kinds = (kind,)
        return self.sql((*words("CREATE"), *kinds, *exists, *rest))


def hash_of(text: str, random: Random) -> bool:
    """Say yes or no, for one text and one writer always the same."""
    memory: dict[str, bool] = random.__dict__.setdefault("said", {})
    return memory.setdefault(text, random.random() < 0.5)


def _split(kind: str) -> list[str]:
    return [part for part in re.split(r"\s+|([(),])", kind) if part]


def _joined(parts: list[Words]) -> Words:
    found: list[Word] = []
    for part in parts:
        found += [*(words(",") if found else ()), *part]
    return tuple(found)


def _is_key(column: str, table: Table) -> bool:
    return any(each == column for each, _ in table.key)


def _is_spoken_of(column: str, table: Table) -> bool:
    """Whether anything in the table's statement names the column, besides the column itself."""
    spoken = [word for _, condition in table.checks for word in condition]
    spoken += [word for each in table.columns for word in each.expression]
    return (
        _is_key(column, table)
        or any(column in unique for unique in table.uniques)
        or any(column in (key.column, key.target) for key in table.references)
        or name(column) in spoken
    )


def _can_be_added(column: Column, table: Table) -> bool:
    """Whether ALTER can add it, and the rest of the statement can stand without it."""
    is_null = not column.default or column.default == words("NULL")
    return (
        not _is_spoken_of(column.name, table)
        and column.generated != "STORED"
        and column.default[:1] not in (words("CURRENT_TIMESTAMP"), words("("))
        and not (column.not_null and (is_null or column.generated))
    )
