"""Builds a schema in memory, to read it there: SQLite itself is the parser.

For the DDL of a developer's own models; nothing on disk is touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import apsw

from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.scripts import run_statements
from tsm_git.core.errors import TsmError
from tsm_git.core.ledger import TABLE
from tsm_git.core.record import NamedTuple
from tsm_git.core.schema.objects import Schema
from tsm_git.core.sql import Statement, fold, statements, tokens, unquoted

SECONDS = 60.0
_STEPS = 10_000  # virtual machine instructions between two looks at the clock


class Made(NamedTuple):
    """An object that a text has made: the text's index, and the line of the statement in it."""

    kind: str
    name: str
    text: int
    line: int


def build(texts: Sequence[tuple[str, str]]) -> tuple[Schema, list[Made]]:
    """The schema that texts make, one after the other; each is what it is called, and its SQL.

    Raises ScriptError where a statement fails.
    """
    made: list[Made] = []
    with shadow() as connection:
        for index, (name, text) in enumerate(texts):
            for statement in statements(text):
                if _is_of_a_dump(statement):
                    continue
                last = connection.execute("SELECT ifnull(max(rowid), 0) FROM sqlite_schema").get
                run_statements(connection, name, [statement])
                made += [
                    Made(str(kind), str(each), index, statement.line)
                    for kind, each in connection.execute(
                        "SELECT type, name FROM sqlite_schema WHERE rowid > ?", (last,)
                    )
                ]
        return read_schema(connection), made


@contextmanager
def shadow() -> Iterator[apsw.Connection]:
    """A database in memory that is given up after a minute's work."""
    connection = apsw.Connection(":memory:")
    try:
        connection.pragma("temp_store", 2)  # memory
        deadline = time.monotonic() + SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        yield connection
    except apsw.Error as error:
        raise TsmError(f"the schema cannot be built in memory: {error}") from error
    finally:
        connection.close()


def _is_of_a_dump(statement: Statement) -> bool:
    """Whether it is no model's, but what `.schema` or `.dump` of the sqlite3 shell has printed.

    That is the transaction around it, SQLite's own tables, and the ledger.
    """
    names = (token for token in tokens(statement.text) if token.kind in ("word", "quoted"))
    words = [fold(unquoted(token.text)) for token in islice(names, 6)]
    if words[:1] in (["begin"], ["commit"], ["end"]):
        return True
    if words[:2] not in (["create", "table"], ["insert", "into"]):
        return False
    name = next((word for word in words[2:] if word not in ("if", "not", "exists")), "")
    return name.startswith("sqlite_") or name == TABLE
