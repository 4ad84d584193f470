"""Random schemas with random rows: few names, so that two of them have much in common."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

TABLES = ["users", "Orders", "group", "a b"]
COLUMNS = ["id", "name", "Email", "order", "x y", "n", "parent"]
TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "INT"]
LOOSE = ["", "varchar(10)", "NUMERIC", "[INTEGER]", "ANY"]
VALUES = [
    "NULL",
    "0",
    "1",
    "2",
    "7",
    "-3",
    "1.5",
    "'a'",
    "'A'",
    "'12'",
    "'x''y'",
    "x'00ff'",
    "1e10",
]
# Only what every rule of conversion keeps.
SAFE = {"INTEGER": "0", "INT": "0", "TEXT": "''", "REAL": "0.0", "BLOB": "x''"}


@dataclass(frozen=True)
class Drawn:
    """A schema as statements, tables first, and the statements that fill it."""

    tables: tuple[str, ...]
    others: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the schema."""
        return (*self.tables, *self.others)


def sql_name(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def maybe(rng: Random, chance: int = 3) -> bool:
    """Return true one time in so many."""
    return rng.randrange(chance) == 0


def drawn(seed: int) -> Drawn:
    """Return the schema of a seed, with rows."""
    rng = Random(seed)
    names = rng.sample(TABLES, rng.randint(1, 3))
    tables, rows = [], []
    columns: dict[str, list[str]] = {}
    for name in names:
        picked = rng.sample(COLUMNS, rng.randint(1, 5))
        sql, plain = _table(rng, name, picked, names)
        tables.append(sql)
        columns[name] = picked
        for _ in range(rng.randint(0, 4)):
            values = [rng.choice(VALUES) for _ in plain]
            if plain:
                listed = ", ".join(sql_name(column) for column in plain)
                rows.append(f"INSERT INTO {sql_name(name)} ({listed}) VALUES ({', '.join(values)})")
    others = [thing for at in range(3) if (thing := _other(rng, at, columns))]
    return Drawn(tuple(tables), tuple(others), tuple(rows))


def _table(rng: Random, name: str, picked: list[str], names: list[str]) -> tuple[str, list[str]]:
    strict = maybe(rng, 5)
    key = rng.choice(["", "", "rowid", "auto", "column", "table", "desc"])
    parts, plain = [], []
    for at, column in enumerate(picked):
        declared = rng.choice(TYPES if strict else TYPES + LOOSE)
        words = [sql_name(column), declared]
        if at == 0 and key in ("rowid", "auto", "column", "desc"):
            words[1:] = [
                "INTEGER PRIMARY KEY",
                {"auto": "AUTOINCREMENT", "desc": "DESC"}.get(key, ""),
            ]
            if key == "column":
                words[1] = "INT PRIMARY KEY NOT NULL"
            plain.append(column)
        elif at > 1 and maybe(rng, 6):
            stored = rng.choice(["", "VIRTUAL", "STORED"])
            words.append(f"AS (length({sql_name(picked[0])})) {stored}")
        else:
            words += _constraints(rng, column, declared, names)
            plain.append(column)
        parts.append(" ".join(word for word in words if word))
    if key == "table":
        listed = ", ".join(sql_name(column) for column in plain[:2])
        parts.append(f"PRIMARY KEY ({listed})")
    if maybe(rng, 6):
        parts.append(f"UNIQUE ({', '.join(sql_name(column) for column in plain[-2:])})")
    if maybe(rng, 5):
        check = f"CHECK ({sql_name(plain[0])} IS NOT 'never')"
        parts.append(rng.choice(["", "CONSTRAINT c "]) + check)
    if maybe(rng, 6):
        target = rng.choice(names)
        parts.append(f"FOREIGN KEY ({sql_name(plain[-1])}) REFERENCES {sql_name(target)}")
    options = ["STRICT"] if strict else []
    if key in ("column", "table") and maybe(rng):
        options.append("WITHOUT ROWID")
    return f"CREATE TABLE {sql_name(name)} ({', '.join(parts)}) {', '.join(options)}".strip(), plain


def _constraints(rng: Random, column: str, declared: str, names: list[str]) -> list[str]:
    words = []
    safe = SAFE.get(declared, "0")
    if maybe(rng):
        words.append("NOT NULL")
    if maybe(rng):
        words.append("DEFAULT " + rng.choice([safe, f"({safe})", "NULL", f"(abs(-{0}))"]))
    if maybe(rng, 6):
        words.append("COLLATE NOCASE")
    if maybe(rng, 8):
        words.append("UNIQUE")
    if maybe(rng, 6):
        words.append(f"CHECK ({sql_name(column)} IS NOT 'never')")
    if maybe(rng, 6):
        action = rng.choice(["", "ON DELETE CASCADE", "DEFERRABLE INITIALLY DEFERRED"])
        words.append(f"REFERENCES {sql_name(rng.choice(names))} {action}".strip())
    return words


def _other(rng: Random, at: int, columns: dict[str, list[str]]) -> str:
    name = rng.choice(list(columns))
    other = rng.choice(list(columns))
    column = sql_name(rng.choice(columns[name]))
    table = sql_name(name)
    return rng.choice(
        [
            "",
            "",
            f"CREATE INDEX i{at} ON {table} ({column})",
            f"CREATE INDEX i{at} ON {table} ({column} COLLATE NOCASE DESC) WHERE {column} > 1",
            f"CREATE INDEX i{at} ON {table} (length({column}))",
            f"CREATE VIEW v{at} AS SELECT {column} FROM {table}",
            f"CREATE VIEW v{at} AS SELECT * FROM {table}, {sql_name(other)} AS other",
            f"CREATE TRIGGER r{at} AFTER UPDATE ON {table} BEGIN DELETE FROM {sql_name(other)}; END",
            f"CREATE TRIGGER r{at} BEFORE INSERT ON {table} WHEN new.{column} = 'never'"
            f" BEGIN SELECT raise(abort, 'never'); END",
        ]
    )


# A seed is quicker to draw than every choice by itself, at the price of shrinking.
SCHEMAS = st.integers(0, 2**48).map(drawn)
