"""Random schemas as values, and SQL for them: plainly, or written and altered in odd ways.

A statement is a list of words, each a pair of its kind and its text, so that one schema can be
written in many ways that mean the same: space, comments, case, quotes, where a constraint stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

Word = tuple[str, str]  # (name | word | text | sign, its text)
Words = tuple[Word, ...]

RESERVED = {"order", "group", "select", "table"}
NAMES = ["id", "name", "Kind", "user_id", "order", "group", "two words", 'say "hi"', "it's", "größe",
         "a]b", "x1", "select", "key", "Total", "_p", "$d"]  # fmt: skip
TYPES = ["", "TEXT", "INT", "INTEGER", "REAL", "BLOB", "VARCHAR(20)", "DECIMAL(10, 2)",
         "unsigned big int", "datetime.date", "NUMERIC"]  # fmt: skip
STRICT_TYPES = ["TEXT", "INT", "INTEGER", "REAL", "BLOB", "ANY"]
ACTIONS = ["CASCADE", "SET NULL", "RESTRICT", "SET DEFAULT"]


def name(text: str) -> Word:
    """A name of a table, a column and the like."""
    return ("name", text)


def words(text: str) -> Words:
    """Keywords, function names, numbers and signs; one word between spaces."""
    return tuple(
        ("word" if part[0].isalpha() and "'" not in part else "sign", part) for part in text.split()
    )


def quoted(text: str) -> Word:
    """A string literal."""
    return ("text", "'" + text.replace("'", "''") + "'")


@dataclass(frozen=True)
class Column:
    """A column; `generated` is VIRTUAL, STORED or empty, and then it has an `expression`."""

    name: str
    type: str = ""
    not_null: bool = False
    default: Words = ()
    collation: str = ""
    generated: str = ""
    expression: Words = ()


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    column: str
    table: str
    target: str
    on_delete: str = ""
    on_update: str = ""
    deferred: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `key` are the columns of the primary key, True those that are DESC."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[tuple[str, bool], ...] = ()
    autoincrement: bool = False
    uniques: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, Words], ...] = ()
    references: tuple[Reference, ...] = ()
    strict: bool = False
    without_rowid: bool = False

    @property
    def is_rowid(self) -> bool:
        """Whether the key is the rowid."""
        types = [column.type for column in self.columns if self.key[:1] == ((column.name, False),)]
        return len(self.key) == 1 and types == ["INTEGER"] and not self.without_rowid


@dataclass(frozen=True)
class Index:
    """An index; a part is its words, a collation or nothing, and whether it is DESC."""

    name: str
    table: str
    parts: tuple[tuple[Words, str, bool], ...]
    unique: bool = False
    where: Words = ()


@dataclass(frozen=True)
class Other:
    """A view, a trigger or a virtual table: its whole statement behind CREATE."""

    kind: str
    name: str
    statement: Words


@dataclass(frozen=True)
class Schema:
    """Everything; names are unique without regard to case."""

    tables: tuple[Table, ...] = ()
    indexes: tuple[Index, ...] = ()
    others: tuple[Other, ...] = field(default=())


# Making one


def expression(random: Random, columns: list[str]) -> Words:
    """A condition over some of the columns."""
    one = name(random.choice(columns))
    return random.choice(
        [
            (one, *words(f"> {random.randrange(9)}")),
            (*words("length ("), one, *words(f") < {random.randrange(2, 99)}")),
            (one, *words("IN ("), quoted("A b"), *words(","), quoted("it's"), *words(")")),
            (one, *words("IS NOT NULL AND"), one, *words("<>"), quoted("--")),
            (*words("coalesce ("), one, *words(", 0 ) + 1 * 2 >= -1")),
            (*words("CASE WHEN"), one, *words("THEN 1 ELSE 0 END")),
            (one, *words("LIKE"), quoted("%;%"), *words("OR NOT"), one),
        ]
    )


def default(random: Random, strict_type: str = "") -> Words:
    """A default, or none."""
    constant = [
        words("0"),
        words("-1"),
        words("4.5"),
        (quoted("x Y"),),
        words("NULL"),
        words("x'0F'"),
    ]
    if strict_type:
        constant = [words("NULL")]
    return random.choice([(), (), *constant, words("CURRENT_TIMESTAMP"), words("( 1 + 2 )")])


def schema(random: Random) -> Schema:
    """A schema of a few tables, with everything that SQLite knows."""
    names = random.sample(["users", "Teams", "log entries", "order", "t'x", "größen", "a.b"], 3)
    tables: list[Table] = []
    for each in names[: random.randrange(1, 4)]:
        tables.append(table(random, each, tables))
    indexes = [
        index(random, f"i{n} {t.name}", t) for t in tables for n in range(random.randrange(3))
    ]
    others = []
    for number, one in enumerate(tables):
        if random.random() < 0.5:
            others.append(view(random, f"v{number}", one))
        if random.random() < 0.5:
            others.append(trigger(random, f"g{number}", one))
    if random.random() < 0.3:
        others.append(fts(random, "notes"))
    return Schema(tuple(tables), tuple(indexes), tuple(others))


def table(random: Random, called: str, before: list[Table]) -> Table:
    """A table, which may refer to those before it and to itself."""
    strict, without_rowid = random.random() < 0.2, random.random() < 0.15
    names = random.sample(NAMES, random.randrange(2, 7))
    columns = [column(random, each, strict) for each in names]
    plain = [c.name for c in columns]
    key: tuple[tuple[str, bool], ...] = ()
    autoincrement = False
    shape = random.choice(["none", "rowid", "one", "many"]) if not without_rowid else "many"
    if shape == "rowid":
        columns[0] = replace(columns[0], type="INTEGER", default=(), collation="")
        key, autoincrement = ((names[0], False),), random.random() < 0.4
    elif shape != "none":
        count = 1 if shape == "one" else 2
        key = tuple((each, random.random() < 0.3) for each in names[:count])
        columns[0] = replace(columns[0], type="TEXT")
    if random.random() < 0.3 and not strict:
        made = random.choice(["VIRTUAL", "STORED"])
        one = name(plain[-1])
        columns.append(Column("made up", "INT", generated=made, expression=(one, *words("+ 1"))))
    checks = [("", expression(random, plain)) for _ in range(random.randrange(2))]
    checks += [(f"check {called}", expression(random, plain))] if random.random() < 0.2 else []
    uniques = {
        tuple(random.sample(plain, random.randrange(1, 3))) for _ in range(random.randrange(2))
    }
    # Of two keys over the same columns SQLite keeps the first, with its order.
    uniques -= {tuple(each for each, _ in key)}
    found = Table(called, tuple(columns), key, autoincrement, tuple(sorted(uniques)), tuple(checks),
                  strict=strict, without_rowid=without_rowid)  # fmt: skip
    references = []
    for parent in [*before, found]:
        if parent.key and random.random() < 0.4:
            references.append(
                Reference(
                    random.choice(plain),
                    parent.name,
                    parent.key[0][0],
                    random.choice(["", "", *ACTIONS]),
                    random.choice(["", "", *ACTIONS]),
                    random.random() < 0.3,
                )
            )
    once = {(each.column, each.table): each for each in references}
    return replace(found, references=tuple(once.values()))


def column(random: Random, called: str, strict: bool) -> Column:
    """A column of no generated value."""
    kind = random.choice(STRICT_TYPES if strict else TYPES)
    return Column(
        called,
        kind,
        random.random() < 0.3,
        default(random, kind if strict else ""),
        random.choice(["", "", "", "NOCASE", "RTRIM"]),
    )


def index(random: Random, called: str, on: Table) -> Index:
    """An index over columns and expressions of a table."""
    plain = [c.name for c in on.columns if not c.generated]
    parts: list[tuple[Words, str, bool]] = [
        ((name(each),), random.choice(["", "", "NOCASE"]), random.random() < 0.3)
        for each in random.sample(plain, random.randrange(1, 3))
    ]
    if random.random() < 0.2:
        parts.append(((*words("lower ("), name(random.choice(plain)), *words(")")), "", False))
    where = expression(random, plain) if random.random() < 0.3 else ()
    return Index(called, on.name, tuple(parts), random.random() < 0.2, where)


def view(random: Random, called: str, of: Table) -> Other:
    """A view of a table."""
    plain = [c.name for c in of.columns]
    select = (
        *words("SELECT"),
        name(plain[0]),
        *words("AS"),
        name("y"),
        *words("FROM"),
        name(of.name),
    )
    where = (*words("WHERE"), *expression(random, plain))
    return Other("VIEW", called, (*words("VIEW"), name(called), *words("AS"), *select, *where))


def trigger(random: Random, called: str, on: Table) -> Other:
    """A trigger on a table."""
    plain = [c.name for c in on.columns]
    when = random.choice(["BEFORE INSERT", "AFTER DELETE", "AFTER UPDATE"])
    body = (*words("SELECT"), quoted("one; END"), *words("; DELETE FROM"), name(on.name),
            *words("WHERE"), *expression(random, plain), *words(";"))  # fmt: skip
    statement = (*words("TRIGGER"), name(called), *words(f"{when} ON"), name(on.name),
                 *words("BEGIN"), *body, *words("END"))  # fmt: skip
    return Other("TRIGGER", called, statement)


def fts(random: Random, called: str) -> Other:
    """A full-text table. Its module reads its arguments itself, and knows no comments there."""
    options = random.choice(["text", "text, tokenize = 'porter'", "text, prefix = '2 3'"])
    return Other(
        "TABLE",
        called,
        (*words("VIRTUAL TABLE"), name(called), *words("USING fts5"), ("sign", f"({options})")),
    )
