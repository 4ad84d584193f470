"""Applying and backing up (TARGETS S10, S11): `python -m benchmarks.databases`.

tsm and a bare loop over the same library do the same work in turn, as whole processes: the same
scripts, each durable; the same copy, verified and durable.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import SOURCE, Figure, launcher
from benchmarks.processes import Command, peak, ratio, rounds
from benchmarks.repositories import environment

_APPLY = """
import sys, apsw, pathlib, datetime
now = lambda: datetime.datetime.now(datetime.UTC).isoformat()
connection = apsw.Connection("app.sqlite")
connection.pragma("synchronous", "FULL")
connection.execute("CREATE TABLE IF NOT EXISTS"
                   " _migrations (id INTEGER PRIMARY KEY, filename, script, a, b)")
done = {name for (name,) in connection.execute("SELECT filename FROM _migrations")}
for path in sorted(pathlib.Path("app.sqlite.migrations").iterdir()):
    if path.name in done:
        continue
    text = path.read_text()
    connection.execute("BEGIN IMMEDIATE")
    began = now()
    for _ in connection.execute(text):
        pass
    connection.execute("INSERT INTO _migrations VALUES (?, ?, ?, ?, ?)",
                       (int(path.name.partition(".")[0]), path.name, text, began, now()))
    connection.execute("COMMIT")
connection.close()
"""
_BACKUP = """
import os, apsw
origin, copy = apsw.Connection("app.sqlite"), apsw.Connection("copy.sqlite")
copy.pragma("synchronous", "OFF")
with copy.backup("main", origin, "main") as copying:
    while not copying.done:
        copying.step(-1)
assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
copy.close()
for name in ("copy.sqlite", "."):
    descriptor = os.open(name, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
"""
_MIB = 2**20


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, and prints each figure with its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.databases", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir(), "tsm-benchmarks"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of scripts and bytes")
    parser.add_argument("--only", choices=["S10", "S11"])
    options = parser.parse_args(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="databases-", dir=options.dir.resolve()) as scratch:
        for key, measure in (("S11", backing_up), ("S10", applying)):
            if options.only in (None, key):
                for figure in measure(Path(scratch), options.rounds, options.scale):
                    print(figure.line(), flush=True)


def applying(folder: Path, count: int, scale: float = 1.0) -> list[Figure]:
    """The figures of S10."""
    tsm = launcher(folder)
    many = max(2, int(1_000 * scale))
    tables = _project(folder / "tables", many, "create table t{0} (a integer, b text);\n")
    rows = _project(folder / "rows", many, _ROWS)
    twice = _project(folder / "twice", many * 2, _ROWS)
    old = _started(_project(folder / "old", many, _ROWS), tsm)
    commands = [
        tsm_apply("apply", tables, tsm),
        bare_apply("apply, bare", tables),
        tsm_apply("apply data", rows, tsm),
        bare_apply("apply data, bare", rows),
        tsm_apply("apply data twice", twice, tsm),
        bare_apply("apply more, bare", old, _START),
        tsm_apply("apply more", old, tsm, _START),
    ]
    costs = rounds(commands, count)
    backups = {where: len(list(where.glob("app.sqlite.bak/*.sqlite"))) for where in (tables, old)}
    ddl = ratio(costs["apply"], costs["apply, bare"])
    data = ratio(costs["apply data"], costs["apply data, bare"])
    growth = ratio(costs["apply data twice"], costs["apply data"])
    more = ratio(costs["apply more"], costs["apply more, bare"])
    again = f"{many} rows to a database that is there"
    return [
        Figure("S10", f"apply of {many} tables against the bare loop", ddl.wall, 1.15, ddl.cpu),
        Figure("S10", f"apply of {many} rows against the bare loop", data.wall, 1.15, data.cpu),
        Figure("S10", again, more.wall, 1.15, more.cpu),
        Figure("S10", "twice as many data scripts", growth.wall, 2.2, growth.cpu),
        Figure("S10", "backups of a database that did not exist", backups[tables], 0),
        Figure("S10", "backups of one that did", backups[old], 1),
    ]


def backing_up(folder: Path, count: int, scale: float = 1.0) -> list[Figure]:
    """The figures of S11."""
    tsm = launcher(folder)
    large = _large(folder / "large", int(1024 * _MIB * scale))
    copies = rounds([_backup("backup", large, tsm), _bare_backup("backup, bare", large)], count)
    copy = ratio(copies["backup"], copies["backup, bare"])
    memory = peak(copies["backup"]) - peak(copies["backup, bare"])
    size = f"{(large / 'app.sqlite').stat().st_size / _MIB:.0f} MiB"
    return [
        Figure("S11", f"backup of {size} against the backup API", copy.wall, 1.1, copy.cpu),
        Figure("S11", "memory beside that, MiB", memory, 64),
    ]


_ROWS = "insert into log select value, 'row {0}' from json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9]');\n"


def _project(folder: Path, scripts: int, text: str) -> Path:
    """A repository with so many scripts, the first of which makes a table."""
    migrations = folder / "app.sqlite.migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001.log.sql").write_text("create table log (number integer, line text);\n")
    for number in range(2, scripts + 1):
        (migrations / f"{number:04}.more.sql").write_text(text.format(number))
    return committed(folder)


def committed(folder: Path) -> Path:
    """The folder, as a repository that has its scripts and none of its databases."""
    (folder / ".gitignore").write_text("*.sqlite*\n!*.migrations\nstarted\n")
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for arguments in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "scripts"]):
        subprocess.run(["git", *arguments], cwd=folder, env=environment({}), check=True)
    return folder


def _large(folder: Path, size: int) -> Path:
    """A database of that many bytes, with an index."""
    folder.mkdir()
    (folder / "app.sqlite.migrations").mkdir()
    (folder / "app.sqlite.migrations" / "001.log.sql").write_text("select 1;\n")
    program = (
        "import sys, apsw; c = apsw.Connection('app.sqlite'); c.pragma('journal_mode', 'OFF');"
        "c.pragma('synchronous', 'OFF'); c.pragma('cache_size', -200000);"
        "c.execute('create table log (id integer primary key, key integer, data blob);"
        " with recursive c (n) as (select 1 union all select n + 1 from c where n < ?)"
        " insert into log select n, random(), randomblob(3900) from c',"
        " (int(sys.argv[1]) // 4150,)); c.execute('create index i on log (key)')"
    )
    subprocess.run([sys.executable, "-c", program, str(size)], cwd=folder, check=True)
    return folder


def _command(name: str, folder: Path, before: str, *argv: str) -> Command:
    env = {"PYTHONPATH": str(SOURCE), "PYTHONPYCACHEPREFIX": str(folder.parent / "pycache")}
    return again(name, folder, env, before, sys.executable, *argv)


def again(name: str, folder: Path, env: Mapping[str, str], before: str, *argv: str) -> Command:
    """A command that has its leftovers removed first; `rm` costs next to nothing."""
    shell = f'rm -rf {before.rstrip("; ")}; exec "$@"'
    return Command(name, ("/bin/sh", "-c", shell, "sh", *argv), folder, env)


_START = "cp started app.sqlite;"


def _started(folder: Path, tsm: Path) -> Path:
    """The project, with a database `started` that has applied its first script."""
    run = [sys.executable, "-P", str(tsm), "apply", "0001.log.sql"]
    subprocess.run(run, cwd=folder, env=environment({"PYTHONPATH": str(SOURCE)}), check=True)
    (folder / "app.sqlite").rename(folder / "started")
    return folder


def tsm_apply(name: str, folder: Path, tsm: Path, start: str = "") -> Command:
    """`tsm apply`, to a database that is not there, or to what `start` puts there."""
    before = f"app.sqlite app.sqlite.bak; {start}"
    return _command(name, folder, before, "-P", str(tsm), "apply")


def bare_apply(name: str, folder: Path, start: str = "") -> Command:
    """The same work as a bare loop."""
    return _command(name, folder, f"app.sqlite app.sqlite.bak; {start}", "-c", _APPLY)


def _backup(name: str, folder: Path, tsm: Path) -> Command:
    return _command(name, folder, "app.sqlite.bak copy.sqlite", "-P", str(tsm), "backup")


def _bare_backup(name: str, folder: Path) -> Command:
    return _command(name, folder, "app.sqlite.bak copy.sqlite", "-c", _BACKUP)


if __name__ == "__main__":
    main()
