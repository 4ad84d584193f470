"""Repositories to measure in: many scripts, many commits, and nothing wrong with any of them.

Each is made by `git fast-import` in seconds and kept for the next run. Measures nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

DATABASE = "db/app.sqlite"
FOLDER = f"{DATABASE}.migrations"

# Something must be changed for a new repository to be made in place of a kept one.
_VERSION = 1
_OTHER_FILES = 2_000
_QUIET = 50  # the last commits of main touch no script, so that a branch may start there
_WHEN = 1_700_000_000
_NAMES = ("create_users", "add_email", "index_orders", "drop_flag", "split_address", "audit_log")

# git that knows nothing of the machine: neither its configuration nor the repository around it.
HERMETIC = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class Repository(NamedTuple):
    """One history in the places where tsm looks at it.

    `bare` is the origin of the clones. `main` has main checked out, `feature` a branch that adds
    one good script; `applied` is the same with a working database that has run every script.
    """

    scripts: int
    commits: int
    bare: Path
    main: Path
    feature: Path
    applied: Path


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of every process: no variable of git's that is not set here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **HERMETIC, **extra}


def made(folder: Path, scripts: int, commits: int) -> Repository:
    """The repository with so many scripts and commits below a folder; made if it is not there."""
    root = folder / f"{scripts}-scripts-{commits}-commits"
    repository = Repository(
        scripts, commits, *(root / name for name in ("bare.git", "main", "feature", "applied"))
    )
    stamp = root / "complete"
    if stamp.exists() and stamp.read_text() == str(_VERSION):
        return repository
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    _git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(repository.bare))
    _import(repository.bare, scripts, commits)
    for clone, branch in (("main", "main"), ("feature", "feature"), ("applied", "feature")):
        _git(root, "clone", "--quiet", f"--branch={branch}", str(repository.bare), clone)
    _record(repository.applied)
    stamp.write_text(str(_VERSION))
    return repository


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=environment({}), check=True)


def _import(bare: Path, scripts: int, commits: int) -> None:
    command = ["git", "fast-import", "--quiet", "--depth=50"]
    with subprocess.Popen(
        command, cwd=bare, env=environment({}), stdin=subprocess.PIPE
    ) as importing:
        assert importing.stdin is not None
        for line in _history(scripts, commits):
            importing.stdin.write(line)
    if importing.returncode != 0:
        raise SystemExit("git fast-import failed")


def _history(scripts: int, commits: int) -> Iterator[bytes]:
    """The stream for fast-import: main, then the branch `feature`.

    One script a commit, spread over the history; the other commits change other files.
    """
    chance = random.Random(1)  # the same history in every run
    quiet = min(_QUIET, commits // 2)
    added = 0
    for commit in range(commits):
        yield from _commit("main", _WHEN + commit, f"commit {commit}", commit or None)
        if commit == 0:
            yield from _file(".gitignore", "*.sqlite\n*.sqlite.ref\n")
            for number in range(_OTHER_FILES):
                yield from _source(number, 0)
        due = min(scripts, (commit + 1) * scripts // (commits - quiet))
        while added < due:
            added += 1
            yield from _script(added)
        yield from _source(chance.randrange(_OTHER_FILES), commit)
    yield from _commit("feature", _WHEN + commits, "add a script", commits - quiet // 2)
    yield from _script(scripts + 1)


def _commit(branch: str, when: int, message: str, parent: int | None) -> Iterator[bytes]:
    mark = when - _WHEN + 1
    yield f"commit refs/heads/{branch}\nmark :{mark}\n".encode()
    yield f"committer Ada <ada@example.com> {when} +0000\n".encode()
    yield f"data {len(message)}\n{message}\n".encode()
    if parent:
        yield f"from :{parent}\n".encode()


def _file(path: str, text: str) -> Iterator[bytes]:
    data = text.encode()
    yield b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data)


def _source(number: int, revision: int) -> Iterator[bytes]:
    text = f"# file {number}, revision {revision}\nVALUE = {number}\n" * 5
    return _file(f"src/package_{number // 50:02}/module_{number:04}.py", text)


def _script(number: int) -> Iterator[bytes]:
    text = (
        f"-- the script with the number {number}\n"
        f"CREATE TABLE t_{number} (\n  id INTEGER PRIMARY KEY,\n  name TEXT NOT NULL,\n"
        f"  amount INTEGER NOT NULL DEFAULT {number}\n);\n"
        f"CREATE INDEX t_{number}_name ON t_{number} (name);\n"
    )
    return _file(f"{FOLDER}/{number:05}.{_NAMES[number % len(_NAMES)]}.sql", text)


def _record(clone: Path) -> None:
    """Writes the working database of a clone as if every script of it had been applied."""
    with closing(sqlite3.connect(clone / DATABASE)) as connection, connection:
        connection.execute(
            "CREATE TABLE _migrations (id [INTEGER] PRIMARY KEY NOT NULL, filename [TEXT] NOT NULL,"
            " script [TEXT] NOT NULL, started_at [TEXT] NOT NULL, finished_at [TEXT] NOT NULL)"
        )
        connection.executemany("INSERT INTO _migrations VALUES (?, ?, ?, ?, ?)", _rows(clone))


def _rows(clone: Path) -> Iterator[tuple[int, str, str, str, str]]:
    when = "2026-01-01T00:00:00+00:00"
    for path in sorted((clone / FOLDER).iterdir()):
        yield int(path.name.partition(".")[0]), path.name, path.read_text(), when, when
