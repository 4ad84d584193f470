"""What a rebuild keeps and loses: one change, `n` becomes NOT NULL, of tables with all there is.

`python -m tests.comparison.rebuilds` prints the table of docs/generate.md, with a column for each
tool that is installed. None of them is needed for anything else.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from tests.harness.schemas import schema_of
from tsm_git.core.change.ddl import plan_changes


class Case(NamedTuple):
    """What may be lost: the statements that make it, and the question that answers 1 if it is kept.

    `probe` is a statement that must fail, if it is not a SELECT. `options` stand behind the table.
    """

    what: str
    table: str
    others: tuple[str, ...]
    probe: str
    options: str = ""


CASES = [
    Case("rows", "n int", (), "select count(*) = 2 from t"),
    Case("CHECK", "n int, m int check (m > 0)", (), "insert into t (n, m) values (1, -1)"),
    Case("COLLATE", "n int, m text default 'A' collate nocase", (),
         "select count(*) = 2 from t where m = 'a'"),
    Case("UNIQUE", "n int, m int default 5, unique (n, m)", (), "insert into t (n, m) values (1, 5)"),
    Case("DEFAULT with an expression", "n int, m int default (1 + 1)", (),
         "select dflt_value = '1 + 1' from pragma_table_info('t') where name = 'm'"),
    Case("AUTOINCREMENT", "id integer primary key autoincrement, n int", (),
         "select sql like '%autoincrement%' from sqlite_schema where name = 't'"),
    Case("its mark (no id is given twice)", "id integer primary key autoincrement, n int",
         ("insert into t values (9, 9)", "delete from t where id = 9"),
         "select seq = 9 from sqlite_sequence where name = 't'"),
    Case("generated columns", "n int, m int as (n + 1)", (), "select m = 2 from t where n = 1"),
    Case("STRICT", "n int, m text", (),
         "select strict from pragma_table_list where name = 't'", "strict"),
    Case("WITHOUT ROWID", "k text primary key, n int", (),
         "select wr from pragma_table_list where name = 't'", "without rowid"),
    Case("row ids", "n int", ("delete from t where n = 1",), "select rowid = 2 from t"),
    Case("ON CONFLICT", "n int, m int default 5 not null on conflict replace", (),
         "select sql like '%on conflict replace%' from sqlite_schema where name = 't'"),
    Case("names of constraints", "n int, m int, constraint positive check (m > 0)", (),
         "select sql like '%positive%' from sqlite_schema where name = 't'"),
    Case("actions of foreign keys", "n int, p int references p on delete cascade", (),
         "select on_delete = 'CASCADE' from pragma_foreign_key_list('t')"),
    Case("DEFERRABLE", "n int, p int references p deferrable initially deferred", (),
         "select sql like '%initially deferred%' from sqlite_schema where name = 't'"),
    Case("foreign keys to itself", "id integer primary key, n int, up int references t", (),
         "select \"table\" = 't' from pragma_foreign_key_list('t')"),
    Case("rows of children (ON DELETE CASCADE)", "id integer primary key, n int",
         ("create table c (t references t on delete cascade)", "insert into c values (1)"),
         "select count(*) = 1 from c"),
    Case("indexes", "n int", ("create index i on t (n)",),
         "select count(*) = 1 from pragma_index_list('t')"),
    Case("partial indexes", "n int", ("create index i on t (n) where n > 1",),
         "select sql like '%where n > 1' from sqlite_schema where name = 'i'"),
    Case("indexes of expressions", "n int", ("create index i on t (n + 1)",),
         "select sql like '%(n + 1)%' from sqlite_schema where name = 'i'"),
    Case("descending indexes", "n int", ("create index i on t (n desc)",),
         "select sql like '%desc%' from sqlite_schema where name = 'i'"),
    Case("triggers", "n int",
         ("create trigger r before delete on t begin select raise(abort, 'no'); end",),
         "delete from t"),
    Case("views", "n int", ("create view v as select n from t",), "select count(*) = 2 from v"),
    Case("triggers of other tables that name it", "n int",
         ("create table u (a)", "create trigger r after insert on u begin delete from t; end"),
         "select count(*) = 1 from sqlite_schema where name = 'r'"),
]  # fmt: skip


def made(path: Path, case: Case) -> None:
    """Make the database of a case, with two rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements(case):
        connection.execute(statement)
    connection.close()


def statements(case: Case) -> list[str]:
    """Return what makes the database of a case."""
    key = "k, " if "k text" in case.table else ""
    values = ("'a', 1", "'b', 2") if key else ("1", "2")
    return [
        "create table p (id integer primary key)",
        f"create table t ({case.table}) {case.options}",
        *(f"insert into t ({key}n) values ({value})" for value in values),
        *case.others,
    ]


def by_tsm(path: Path, case: Case) -> None:
    """Do what tsm generates, as `tsm apply` does."""
    old = [sql for sql in statements(case) if sql.startswith("create")]
    new = [re.sub(r"\bn int\b", "n int not null", sql, count=1) for sql in old[:2]] + old[2:]
    plan = plan_changes(schema_of(*old), schema_of(*new), (3, 37), {})
    connection = sqlite3.connect(path)
    connection.executescript("begin;\n" + "\n".join(plan.statements) + "\ncommit;")
    connection.close()


def by_sqlite_utils(path: Path, case: Case) -> None:
    """Do `table.transform(not_null=...)`, with foreign keys on as its documentation expects."""
    import sqlite_utils  # type: ignore[import-not-found, unused-ignore]

    database = sqlite_utils.Database(str(path))
    database.execute("pragma foreign_keys = on")
    database["t"].transform(not_null={"n"})
    database.close()


def by_alembic(path: Path, case: Case) -> None:
    """Do `batch_alter_table`, with foreign keys on as SQLAlchemy's documentation has them."""
    import sqlalchemy  # type: ignore[import-not-found, unused-ignore]
    from alembic.migration import MigrationContext  # type: ignore[import-not-found, unused-ignore]
    from alembic.operations import Operations  # type: ignore[import-not-found, unused-ignore]

    engine = sqlalchemy.create_engine(f"sqlite:///{path}")

    @sqlalchemy.event.listens_for(engine, "connect")  # type: ignore[misc, untyped-decorator, unused-ignore]
    def _(connection: Any, _record: Any) -> None:
        connection.execute("pragma foreign_keys = on")

    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("t") as batch:
            batch.alter_column("n", nullable=False)
    engine.dispose()


TOOLS: Mapping[str, tuple[str, Callable[[Path, Case], None]]] = {
    "tsm": ("tsm-git", by_tsm),
    "sqlite-utils `transform`": ("sqlite-utils", by_sqlite_utils),
    "Alembic batch mode": ("alembic", by_alembic),
}


def outcome(case: Case, change: Callable[[Path, Case], None]) -> str:
    """Return whether a change keeps or loses it, or cannot be made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.sqlite")
        made(path, case)
        try:
            change(path, case)
        except Exception:
            return "fails"
        connection = sqlite3.connect(path)
        try:
            (needs_value,) = connection.execute(
                "select \"notnull\" from pragma_table_info('t') where name = 'n'"
            ).fetchone()
            if not needs_value:
                return "fails"
            if case.probe.startswith("select"):
                row = connection.execute(case.probe).fetchone()
                return "kept" if row and row[0] else "lost"
            connection.execute(case.probe)
            return "lost"
        except sqlite3.IntegrityError:
            return "kept"
        except sqlite3.Error:
            return "lost"
        finally:
            connection.close()


def installed(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def row(case: Case, tools: list[str]) -> list[str]:
    """Return a row of the table."""
    words = {"kept": "kept", "lost": "**lost**", "fails": "fails"}
    return [case.what, *(words[outcome(case, TOOLS[tool][1])] for tool in tools)]


def main() -> None:
    """Print the table."""
    tools = [tool for tool, (package, _) in TOOLS.items() if tool == "tsm" or installed(package)]
    print("| what | " + " | ".join(f"{tool} {installed(TOOLS[tool][0])}" for tool in tools) + " |")  # noqa: T201
    print("|---" * (len(tools) + 1) + "|")  # noqa: T201
    for case in CASES:
        print("| " + " | ".join(row(case, tools)) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
