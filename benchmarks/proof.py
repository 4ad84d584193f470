"""What it costs to run scripts for proof (TARGETS S14 and S15): `python -m benchmarks.proof`.

Replay: a thousand scripts in the sandbox against the bare loop in memory and the start of a process
that loads the same; and a check that has seen them before. Rehearsal: a copy of a database and its
pending scripts against a bare copy and the bare statements.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import SOURCE, Figure, launcher
from benchmarks.repositories import environment

Cost = tuple[float, float]  # seconds: elapsed, and of the processors

# Compiled modules are kept, as they are of an installed tsm, but not in the source tree.
_ENV = {"PYTHONPATH": str(SOURCE), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": ""}
_LOOP = """
import apsw, json, sys
c = apsw.Connection(":memory:")
for text in json.load(open(sys.argv[1])):
    c.execute("begin")
    for _ in c.execute(text): pass
    c.execute("commit")
"""
_REPLAY = """
import json, sys
from tsm_git.adapters.sqlite.sandbox import Look, RunAll, replay
from tsm_git.core.proof.replay import Text
runs, = replay([RunAll([Text("x", text) for text in json.load(open(sys.argv[1]))])])
assert not any(run.stop for run in runs)
"""
# What the sandbox starts: a second process of Python that loads the same.
_START = """
import subprocess
from tsm_git.adapters.sqlite.sandbox import command
words = [word.replace(" import main; main()", " import main") for word in command()]
subprocess.run(words, check=True)
"""
_BARE_REHEARSAL = """
import apsw, sys
source = apsw.Connection(sys.argv[1], flags=apsw.SQLITE_OPEN_READONLY)
c = apsw.Connection(sys.argv[2])
c.pragma("synchronous", "OFF")
with c.backup("main", source, "main") as backup:
    while not backup.done: backup.step(10000)
c.pragma("synchronous", "FULL")
for path in sys.argv[3:]:
    c.execute("begin")
    for _ in c.execute(open(path).read()): pass
    c.execute("commit")
"""
_USERS = "create table users (id integer primary key, name text not null, mail text, note text);\n"
_PENDING = {
    "002.rebuild.sql": "create table n (id integer primary key, name text not null, mail text, "
    "note text, age integer);\ninsert into n select id, name, mail, note, 1 from users;\n"
    "drop table users;\nalter table n rename to users;\n",
    "003.index.sql": "create index users_mail on users (mail);\n",
    "004.update.sql": "update users set age = 2 where id % 10 = 0;\n",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, and prints each figure with its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proof", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir(), "tsm-benchmarks"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=("replay", "rehearsal"), help="S14 or S15 alone")
    parser.add_argument("--scripts", type=int, nargs="*", default=[200, 1_000, 10_000])
    parser.add_argument("--megabytes", type=int, default=1_024, help="of the database")
    options = parser.parse_args(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="proof-", dir=options.dir.resolve()) as scratch:
        found: list[Figure] = []
        if options.only != "rehearsal":
            for count in options.scripts:
                found += replays(Path(scratch), count, options.rounds)
        if options.only != "replay":
            found += rehearsals(Path(scratch), options.megabytes, max(3, options.rounds // 3))
    for figure in found:
        print(figure.line())


def replays(folder: Path, count: int, rounds: int) -> list[Figure]:
    """The figures of S14 for so many scripts."""
    import json

    texts = [_script(number) for number in range(count)]
    listed = folder / f"{count}.json"
    listed.write_text(json.dumps(texts))
    project = folder / f"replay-{count}"
    scripts = project / "app.sqlite.migrations"
    scripts.mkdir(parents=True)
    for number, text in enumerate(texts, start=1):
        (scripts / f"{number:03}.x.sql").write_text(text)
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", ".")
    _git(project, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x")
    tsm = [sys.executable, str(launcher(folder))]
    home = {"HOME": str(folder / "home")}
    python = [sys.executable, "-c"]
    costs: dict[str, list[Cost]] = {
        name: [] for name in ("loop", "start", "sandbox", "check", "kept")
    }
    _cost([*tsm, "check", "--replay"], project, home)
    for _ in range(rounds):
        costs["loop"].append(_cost([*python, _LOOP, str(listed)], folder))
        costs["start"].append(_cost([*python, _START], folder))
        costs["sandbox"].append(_cost([*python, _REPLAY, str(listed)], folder))
        costs["check"].append(_cost([*tsm, "check"], project, home))
        costs["kept"].append(_cost([*tsm, "check", "--replay"], project, home))
    floor = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(costs["loop"], costs["start"], strict=True)]
    more = [
        tuple(1000 * (kept - check) for kept, check in zip(one, other, strict=True))
        for one, other in zip(costs["kept"], costs["check"], strict=True)
    ]
    return [
        _ratio("S14", f"sandbox / loop + start, {count} scripts", costs["sandbox"], floor, 1.3),
        Figure(
            "S14",
            f"ms of a replay that is remembered, {count} scripts",
            median(wall for wall, _ in more),
            10,
            median(cpu for _, cpu in more),
        ),
    ]


def rehearsals(folder: Path, megabytes: int, rounds: int) -> list[Figure]:
    """The figure of S15, on a database of about that size."""
    project = folder / "rehearsal"
    scripts = project / "app.sqlite.migrations"
    scripts.mkdir(parents=True)
    (scripts / "001.users.sql").write_text(_USERS)
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", ".")
    _git(project, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x")
    tsm = [sys.executable, str(launcher(folder))]
    _cost([*tsm, "apply"], project)
    fill = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.pragma('synchronous', 'OFF'); "
        'c.execute("insert into users with recursive c(x) as (values (1) union all select x + 1 '
        "from c limit ?) select x, 'name ' || x, 'mail' || x || '@example.com', "
        'hex(zeroblob(60)) from c", (int(sys.argv[2]),))'
    )
    database = project / "app.sqlite"
    _cost([sys.executable, "-c", fill, str(database), str(megabytes * 6_200)], project)
    shutil.move(database, project / "app.sqlite.ref")
    for name, text in _PENDING.items():
        (scripts / name).write_text(text)
    paths = [str(scripts / name) for name in _PENDING]
    ours, theirs = [], []
    for _ in range(rounds):
        copy = folder / "copy.sqlite"
        bare = [sys.executable, "-c", _BARE_REHEARSAL, str(project / "app.sqlite.ref"), str(copy)]
        theirs.append(_cost([*bare, *paths], project))
        copy.unlink()
        ours.append(_cost([*tsm, "rehearse"], project))
    return [_ratio("S15", f"rehearse / copy + statements, {megabytes} MB", ours, theirs, 1.5)]


def _script(number: int) -> str:
    table = f"t{number // 5}"
    return (
        f"create table {table} (id integer primary key, name text not null, note text);\n",
        f"alter table {table} add column mail text;\n",
        f"create index {table}_name on {table} (name);\n",
        f"insert into {table} (name) values ('a'), ('b');\n",
        f"update {table} set note = name || '!' where id > 1;\n",
    )[number % 5]


def _ratio(
    what: str, name: str, ours: Sequence[Cost], theirs: Sequence[Cost], target: float
) -> Figure:
    def middle(part: Callable[[Cost], float]) -> float:
        return median(part(one) / part(other) for one, other in zip(ours, theirs, strict=True))

    return Figure(what, name, middle(lambda c: c[0]), target, middle(lambda c: c[1]))


def _cost(argv: Sequence[str], cwd: Path, more: dict[str, str] | None = None) -> Cost:
    cache = Path(tempfile.gettempdir(), "tsm-benchmarks", "pycache")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        argv,
        cwd=cwd,
        env=environment({**_ENV, "PYTHONPYCACHEPREFIX": str(cache), **(more or {})}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, sum(after[:2]) - sum(before[:2])


def _git(cwd: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, env=environment({}), check=True)


if __name__ == "__main__":
    main()
