"""The clauses of a CREATE TABLE or CREATE INDEX statement, as SQLite keeps it, with their places.

SQLite is the parser: what is read here it has accepted. Its pragmas tell most of a table; this
reads the rest (CHECK, COLLATE, AUTOINCREMENT, conflict clauses, names of constraints), and where in
the text each clause stands, so that a generated script can repeat it as it was written. The grammar
is https://sqlite.org/lang_createtable.html.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.record import NamedTuple
from tsm_git.core.sql import Token, canonical_token, fold, significant, unquoted

_BEGIN_TABLE_CONSTRAINT = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_BEGIN_COLUMN_CONSTRAINT = frozenset(
    {"constraint", "primary", "unique", "check", "not", "null", "default", "collate"}
    | {"references", "deferrable", "as"}
)


class Span(NamedTuple):
    """Offsets of a clause in its statement, the end exclusive."""

    start: int
    end: int


class Clause(NamedTuple):
    """One constraint; `kind` is its keyword, `name` what CONSTRAINT calls it.

    `columns` are those in its parentheses, or the one that it stands at; `expression` is in
    canonical form. `flags` holds what else matters of: a conflict clause such as `on conflict
    ignore`, `autoincrement`, `desc`, `deferred`, `stored`.
    """

    kind: str
    name: str | None
    span: Span
    columns: tuple[str, ...] = ()
    expression: str = ""
    flags: frozenset[str] = frozenset()
    target: str = ""  # the table of REFERENCES


class ColumnText(NamedTuple):
    """One column definition: where it stands, and its constraints."""

    name: str
    span: Span
    clauses: tuple[Clause, ...]

    def clause(self, kind: str) -> Clause | None:
        """The last constraint of that kind, which is the one that counts."""
        return next((clause for clause in reversed(self.clauses) if clause.kind == kind), None)


class TableText(NamedTuple):
    """A CREATE TABLE statement: `name` is where the table's name stands."""

    name: Span
    columns: tuple[ColumnText, ...]
    clauses: tuple[Clause, ...]  # the table's own constraints

    def all_clauses(self, kind: str) -> list[Clause]:
        """The constraints of one kind, the columns' and the table's own, as they stand."""
        inner = [clause for column in self.columns for clause in column.clauses]
        return [clause for clause in (*inner, *self.clauses) if clause.kind == kind]


class IndexText(NamedTuple):
    """A CREATE INDEX statement: its expressions in canonical form, without COLLATE and DESC."""

    name: Span
    table: Span
    parts: tuple[str, ...]
    where: str


def parse_table(sql: str) -> TableText:
    """The clauses of a CREATE TABLE statement (not of a virtual table)."""
    found = significant(sql)
    reader = _Reader(found, _words_until_name(found, "table"))
    name = reader.qualified_name()
    columns: list[ColumnText] = []
    clauses: list[Clause] = []
    if reader.take("("):
        while not reader.at("", ")"):
            if reader.take(","):
                continue
            if reader.at(*_BEGIN_TABLE_CONSTRAINT) and columns:
                clauses += reader.table_constraint()
            else:
                columns.append(reader.column())
    return TableText(name, tuple(columns), tuple(clauses))


def parse_index(sql: str) -> IndexText:
    """The clauses of a CREATE INDEX statement."""
    found = significant(sql)
    reader = _Reader(found, _words_until_name(found, "index"))
    name = reader.qualified_name()
    reader.take("on")
    table = reader.qualified_name()
    reader.take("(")
    parts = []
    while not reader.at("", ")"):
        parts.append(_indexed(reader.until(",", ")")))
        reader.take(",")
    reader.take(")")
    where = expression(reader.until(";")) if reader.take("where") else ""
    return IndexText(name, table, tuple(parts), where)


def expression(found: Sequence[Token]) -> str:
    """An expression in canonical form: without outer parentheses, one spelling of `=`."""
    while len(found) > 2 and found[0].text == "(" and _closing(found, 0) == len(found) - 1:
        found = found[1:-1]
    text = " ".join(canonical_token(token) for token in found)
    return text.replace("! =", "< >").replace("= =", "=")


class _Reader:
    """Walks over significant tokens; never past the last one."""

    def __init__(self, found: Sequence[Token], at: int) -> None:
        self._tokens = found
        self._at = at

    def word(self, ahead: int = 0) -> str:
        """The keyword or punctuation here; a quoted name is none; empty at the end."""
        if self._at + ahead >= len(self._tokens):
            return ""
        token = self._tokens[self._at + ahead]
        return fold(token.text) if token.kind in ("word", "other", "semi") else "\0"

    def at(self, *words: str) -> bool:
        return self.word() in words

    def take(self, *words: str) -> str:
        """Steps over one of these words and says which it was; else stays, and says nothing."""
        found = self.word()
        if found not in words or not found:
            return ""
        self._at += 1
        return found

    def name(self) -> str:
        token = self._token()
        self._at += 1
        return unquoted(token.text)

    def qualified_name(self) -> Span:
        """The place of a name, without the schema before it."""
        if self.word(1) == ".":
            self._at += 2
        token = self._token()
        self._at += 1
        return Span(token.start, token.start + len(token.text))

    def until(self, *words: str) -> Sequence[Token]:
        """The tokens up to one of these words outside parentheses, or up to the end."""
        start = self._at
        while self.word() and not self.at(*words):
            self._at = _closing(self._tokens, self._at) + 1
        return self._tokens[start : self._at]

    def parenthesised(self) -> Sequence[Token]:
        """What stands in the parentheses that begin here."""
        end = _closing(self._tokens, self._at)
        inner = self._tokens[self._at + 1 : end]
        self._at = end + 1
        return inner

    def column(self) -> ColumnText:
        start = self._token().start
        name = self.name()
        while self.word() and not self.at(",", ")", *_BEGIN_COLUMN_CONSTRAINT):
            if self.at("generated") and self.word(1) == "always" and self.word(2) == "as":
                break
            self._at = _closing(self._tokens, self._at) + 1  # the type
        clauses: list[Clause] = []
        while self.word() and not self.at(",", ")"):
            clauses += self._constraint((name,))
        return ColumnText(name, Span(start, self._end()), tuple(clauses))

    def table_constraint(self) -> list[Clause]:
        return self._constraint(())

    def _constraint(self, columns: tuple[str, ...]) -> list[Clause]:
        start, name = self._token().start, None
        while self.take("constraint"):
            name = self.name()
        kind = self.take("primary", "unique", "check", "foreign", "references", "default")
        flags: set[str] = set()
        text = target = ""
        if kind in ("primary", "unique", "foreign"):
            self.take("key")
            if not columns and self.at("("):
                columns = self._listed(flags)
        if kind in ("foreign", "references"):
            self.take("references")
            target, kind = self.name(), "references"
            if self.at("("):
                self.parenthesised()
        elif kind == "check":
            text = expression(self.parenthesised())
        elif kind == "default":
            text = self._default()
        elif not kind:
            kind, text = self._short_constraint(flags)
        self._trailing(flags)
        span = Span(start, self._end())
        return [Clause(kind, name, span, columns, text, frozenset(flags), target)] if kind else []

    def _short_constraint(self, flags: set[str]) -> tuple[str, str]:
        if self.at("not") and self.word(1) == "null":
            self._at += 2
            return "not null", ""
        if self.take("null"):
            return "null", ""
        if self.take("collate"):
            return "collate", fold(self.name())
        if self.take("generated", "as"):
            self.take("always")
            self.take("as")
            text = expression(self.parenthesised())
            flags.update(filter(None, [self.take("stored", "virtual")]))
            return "generated", text
        if not self.at("on", "match", "deferrable", "not", "initially"):
            self._at += 1  # nothing that is known here
        return "", ""

    def _default(self) -> str:
        if self.at("("):
            return expression(self.parenthesised())
        start = self._at
        self.take("+", "-")
        self._at += 1
        while self.take("."):  # a number: the lexer has its parts one by one
            if self.word() and not self.at(",", ")", *_BEGIN_COLUMN_CONSTRAINT):
                self._at += 1
        if self._tokens[start].text.lower() == "x" and self._kind() == "string":
            self._at += 1  # a blob
        return expression(self._tokens[start : self._at])

    def _listed(self, flags: set[str]) -> tuple[str, ...]:
        inner = _Reader(self.parenthesised(), 0)
        names = []
        while inner.word():
            names.append(inner.name())
            rest = {token.text.lower() for token in inner.until(",")}
            flags |= rest & {"autoincrement"}
            inner.take(",")
        return tuple(names)

    def _trailing(self, flags: set[str]) -> None:
        """What may follow any constraint; it never begins the next one."""
        while True:
            if self.at("on") and self.word(1) == "conflict":
                if self.word(2) != "abort":  # which is the default
                    flags.add(f"on conflict {self.word(2)}")
                self._at += 3
            elif self.at("on"):
                self._at += 3 if self.word(2) != "set" and self.word(2) != "no" else 4
            elif self.take("match"):
                self._at += 1
            elif self.at("deferrable") or (self.at("not") and self.word(1) == "deferrable"):
                never = bool(self.take("not"))
                self.take("deferrable")
                if self.take("initially") and self.take("deferred", "immediate") == "deferred":
                    flags.update([] if never else ["deferred"])
            elif word := self.take("asc", "desc", "autoincrement"):
                flags.update([] if word == "asc" else [word])
            else:
                return

    def _token(self) -> Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _kind(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def _end(self) -> int:
        last = self._tokens[min(self._at, len(self._tokens)) - 1]
        return last.start + len(last.text)


def _words_until_name(found: Sequence[Token], noun: str) -> int:
    """The index of the token after CREATE ... TABLE [IF NOT EXISTS]."""
    at = next(i for i, token in enumerate(found) if token.text.lower() == noun) + 1
    if [token.text.lower() for token in found[at : at + 3]] == ["if", "not", "exists"]:
        at += 3
    return at


def _closing(found: Sequence[Token], at: int) -> int:
    """The index of the parenthesis that closes the one at an index; else that index itself."""
    if found[at].text != "(":
        return at
    depth = 0
    for index in range(at, len(found)):
        depth += {"(": 1, ")": -1}.get(found[index].text, 0)
        if depth == 0:
            return index
    return len(found) - 1


def _indexed(found: Sequence[Token]) -> str:
    while found and found[-1].text.lower() in ("asc", "desc"):
        found = found[:-1]
    if len(found) > 2 and found[-2].text.lower() == "collate":
        found = found[:-2]
    return expression(found)
