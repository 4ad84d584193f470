"""The radar: `tsm branches` over five hundred branches against none (TARGETS S5)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure, Setting
from benchmarks.processes import Command, Cost, peak, ratio
from benchmarks.repositories import FOLDER, Repository, environment

BRANCHES = 500
_VERSION = "3"
_AGES = 40  # branches leave main at so many different commits
_WHEN = 1_800_000_000

NONE, MANY = "branches", f"branches, {BRANCHES}"
TARGETS = {"usual": 1.6, "large": 3.5}
PROCESSES = 3 + 2  # those of a check, for-each-ref, diff-tree


def commands(setting: Setting, tsm: Path, env: Mapping[str, str]) -> dict[str, Command]:
    """`tsm branches` where there is no other branch than main, and where there are many."""
    found = {}
    for key in TARGETS:
        repository: Repository = getattr(setting, key)
        for name, cwd in ((NONE, repository.main), (MANY, _with_branches(repository))):
            name = _of(key, name)
            found[name] = Command(name, (sys.executable, str(tsm), "branches"), cwd, env)
    return found


def judged(costs: Mapping[str, Sequence[Cost]], git: Mapping[str, int]) -> list[Figure]:
    """What the many branches cost, in time, processes and memory."""
    figures = []
    for key, target in TARGETS.items():
        none, many = _of(key, NONE), _of(key, MANY)
        if none in costs and many in costs:
            found = ratio(costs[many], costs[none])
            figures.append(Figure("S5", f"{many} / {none}", found.wall, target, found.cpu))
    for key in TARGETS:
        for name in (_of(key, NONE), _of(key, MANY)):
            if name in git:
                figures.append(Figure("S7", f"git processes of {name}", git[name], PROCESSES))
    for key, most in (("usual", 32), ("large", 80)):
        name = _of(key, MANY)
        if name in costs:
            figures.append(Figure("S8", f"MiB of {name}", peak(costs[name]), most))
    return figures


def _of(key: str, name: str) -> str:
    return name if key == "usual" else f"{name}, {key}"


def _with_branches(repository: Repository) -> Path:
    """A clone whose origin has many branches that nobody has merged; made if it is not there."""
    root = repository.bare.parent
    bare, clone, stamp = root / "branches.git", root / "branches", root / "branches-complete"
    if stamp.exists() and stamp.read_text() == _VERSION:
        return clone
    for path in (bare, clone):
        shutil.rmtree(path, ignore_errors=True)
    _git(root, "clone", "--quiet", "--bare", "--single-branch", str(repository.bare), str(bare))
    listed = ["git", "rev-list", f"--max-count={_AGES}", "main"]
    said = subprocess.run(listed, cwd=bare, env=environment({}), check=True, capture_output=True)
    stream = b"".join(_branches(said.stdout.decode().split(), repository.scripts))
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=bare, env=environment({}), input=stream, check=True
    )
    # As a server keeps it: fast-import has stored the folder of each branch as a whole.
    _git(bare, "repack", "-a", "-d", "-f", "--window=5", "--quiet")
    _git(root, "clone", "--quiet", "--branch=main", str(bare), str(clone))
    stamp.write_text(_VERSION)
    return clone


def _branches(commits: Sequence[str], last: int) -> Iterator[bytes]:
    """The stream for fast-import: each branch brings a script or three, and many clash."""
    for branch in range(BRANCHES):
        message = f"branch {branch}"
        yield f"commit refs/heads/topic/{branch}\n".encode()
        yield f"committer Ada <ada@example.com> {_WHEN + branch} +0000\n".encode()
        yield f"data {len(message)}\n{message}\n".encode()
        yield f"from {commits[branch % len(commits)]}\n".encode()
        for number in range(last + 1, last + 2 + branch % 3):
            text = f"CREATE TABLE topic_{branch}_{number} (id INTEGER PRIMARY KEY);\n".encode()
            path = f"{FOLDER}/{number:05}.topic_{branch}.sql".encode()
            yield b"M 100644 inline %b\ndata %d\n%b\n" % (path, len(text), text)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=environment({}), check=True)
