"""A project without git whose database can tell, at any time, what has happened to it.

Each script adds its number to the table `log`, and makes a table of its own; so a script that ran in
part, or twice, or ran and was not recorded, is seen.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from tests.harness.project import open_database

DATABASE = "app.sqlite"
_MANY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "

# What the scripts do between their two marks: rows, a rebuild, more than the page cache holds.
SCRIPTS = {
    "001.users.sql": "create table users (id integer primary key, name text not null);\n"
    + _MANY.format(200)
    + "insert into users select i, 'user ' || i from n;\n",
    "002.mail.sql": "create table mail (id integer primary key,"
    " user integer references users on delete cascade, body text);\n"
    + _MANY.format(400)
    + "insert into mail select i, 1 + i % 200, hex(zeroblob(50)) from n;\n",
    "003.index.sql": "create index mail_user on mail (user);\n",
    "004.rebuild.sql": "create table new_users (id integer primary key, name text not null,"
    " nick text not null default '');\n"
    "insert into new_users (id, name) select id, name from users;\n"
    "drop table users;\nalter table new_users rename to users;\n",
    "005.fill.sql": "create table bodies (id integer primary key, body blob);\n"
    + _MANY.format(600)
    + "insert into bodies select i, zeroblob(4000) from n;\n",
    "006.trigger.sql": "create trigger newcomer after insert on users begin"
    " update users set nick = new.name where id = new.id; end;\n"
    "delete from mail where id % 3 = 0;\n",
}
APPLIED = 3


class Content(NamedTuple):
    """What a database holds: the numbers in its ledger, in `log`, of its tables, and its rows."""

    ledger: tuple[int, ...]
    log: tuple[int, ...]
    tables: tuple[int, ...]
    rows: str


NO_FILE = Content((), (), (), "no file")


class World:
    """One copy of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / DATABASE

    @classmethod
    def create(cls, root: Path, mode: str = "delete", *, small: bool = False) -> World:
        """Make a project whose database has applied none of its six scripts."""
        world = cls(root)
        folder = root / f"{DATABASE}.migrations"
        folder.mkdir(parents=True)
        for name, text in SCRIPTS.items():
            number = int(name[:3])
            if small:
                text = text.replace("i < 600", "i < 9").replace("i < 400", "i < 40")
            log = "create table log (n integer);\n" if number == 1 else ""
            text = f"{log}create table t_{number} (x);\n{text}insert into log values ({number});\n"
            (folder / name).write_text(text)
        with closing(open_database(world.database)) as connection:
            connection.execute(f"pragma journal_mode = {mode}").fetchall()
        return world

    def copy(self, name: str) -> World:
        """Go on from here twice."""
        return self.copy_to(self.root.parent / name)

    def copy_to(self, root: Path) -> World:
        """Go on from here in another folder."""
        return World(Path(shutil.copytree(self.root, root)))

    def settle(self) -> None:
        """Put what a write-ahead log holds into the database, and do without a log."""
        with closing(open_database(self.database)) as connection:
            connection.execute("pragma journal_mode = delete").fetchall()

    def forget(self) -> None:
        """Remove a copy that has served."""
        shutil.rmtree(self.root)

    def content(self, path: Path | None = None) -> Content:
        """Look into the database, which must be sound, and its ledger say what its tables show."""
        if not (path or self.database).exists():
            return NO_FILE
        with closing(open_database(path or self.database)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            assert connection.execute("pragma foreign_key_check").fetchall() == []
            tables = _column(connection, "select name from sqlite_schema where type = 'table'")
            ledger = _numbers(connection, "_migrations", "id", tables)
            log = _numbers(connection, "log", "n", tables)
            made = sorted(int(name[2:]) for name in tables if name.startswith("t_"))
            found = Content(ledger, log, tuple(made), _digest(connection, tables))
        assert found.ledger == found.log == found.tables, "the ledger lies"
        return found

    def backups(self) -> list[Path]:
        """Return the backups that claim to be whole."""
        return sorted(self.root.glob(f"{DATABASE}.bak/*.sqlite"))

    def leftovers(self) -> list[str]:
        """Return what lies about that should not when nobody is at work.

        Copies that were not finished may: a later backup removes them when they are old.
        """
        odd = ("-journal", "-wal", "-shm", ".tmp")
        found = (path.name for path in self.root.rglob("*") if path.name.endswith(odd))
        return sorted(name for name in found if ".part" not in name)


def _column(connection: apsw.Connection, sql: str) -> list[str]:
    return [str(value) for (value,) in connection.execute(sql)]


def _numbers(
    connection: apsw.Connection, table: str, column: str, tables: list[str]
) -> tuple[int, ...]:
    if table not in tables:
        return ()
    order = "id" if table == "_migrations" else "rowid"
    return tuple(map(int, _column(connection, f"select {column} from {table} order by {order}")))


def _digest(connection: apsw.Connection, tables: list[str]) -> str:
    seen = hashlib.sha256()
    for table in sorted(tables):
        if table != "_migrations":  # it holds times
            for row in connection.execute(f"select * from [{table}] order by rowid"):
                seen.update(repr((table, row)).encode())
    for row in connection.execute("select type, name, sql from sqlite_schema order by name"):
        seen.update(repr(row).encode())
    return seen.hexdigest()
