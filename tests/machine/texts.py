"""Scripts that tell what has run: each writes its word into the table `log`. Independent of tsm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from tests.harness.project import open_database

START = "create table log (n integer primary key, word text not null);\n"
_NAME = re.compile(r"([0-9]+)\.(.+)\.sql")


class Content(NamedTuple):
    """What a database holds: the words in the order in which they came, and each table's columns."""

    words: tuple[str, ...]
    tables: Mapping[str, frozenset[str]]

    def unordered(self) -> Content:
        """The same for a database whose scripts got other numbers after they had run."""
        return Content(tuple(sorted(self.words)), self.tables)


def new_text(word: str, parent: str | None) -> str:
    """A script that makes a table, or changes the one that an earlier script has made."""
    does = f"alter table {parent} add column {word};" if parent else f"create table {word} (x);"
    return f"{does}\ninsert into log (word) values ('{word}');\n"


def edited_text(text: str, word: str) -> str:
    """The text with one statement more."""
    return f"{text}insert into log (word) values ('{word}');\n"


def number_of(filename: str) -> int:
    """The number of a script."""
    found = _NAME.fullmatch(filename)
    assert found, filename
    return int(found[1])


def in_order(scripts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and texts in the order in which they apply."""
    return sorted(scripts.items(), key=lambda script: (number_of(script[0]), script[0]))


def replayed(texts: Iterable[str]) -> Content | None:
    """What these scripts make of nothing; None where one of them fails."""
    with closing(apsw.Connection(":memory:")) as connection:
        try:
            for text in texts:
                connection.execute(text).fetchall()
        except apsw.Error:
            return None
        return _content(connection)


def held(path: Path) -> tuple[list[tuple[int, str, str]], Content] | None:
    """The ledger and the content of a database, which must be sound; None where there is none."""
    if not path.exists():
        return None
    with closing(open_database(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)], path
        ledger: list[tuple[int, str, str]] = []
        if connection.table_exists(None, "_migrations"):
            rows = connection.execute("select id, filename, script from _migrations order by id")
            ledger = [(int(str(n)), str(name), str(text)) for n, name, text in rows]
        return ledger, _content(connection)


def _content(connection: apsw.Connection) -> Content:
    names = connection.execute(
        "select name from sqlite_schema where type = 'table' and name <> '_migrations'"
    )
    tables = {}
    for (name,) in names.fetchall():
        columns = connection.execute("select name from pragma_table_info(?)", (name,))
        tables[str(name)] = frozenset(str(column) for (column,) in columns)
    words = connection.execute("select word from log order by n") if "log" in tables else ()
    return Content(tuple(str(word) for (word,) in words), tables)
