"""What git's hooks add to a commit and to a rebase (TARGETS S6): `python -m benchmarks.hooks`.

Two clones of one repository, one of them with tsm's plain hooks, are used in turn.
"""

from __future__ import annotations

import argparse
import os
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
from benchmarks.repositories import FOLDER, environment, made

Cost = tuple[float, float]  # seconds: elapsed, and of the processors

_COMMITS = 20  # of the rebase
_MOST = 0.5  # seconds that the hooks may add to it


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, and prints each figure with its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hooks", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir(), "tsm-benchmarks"))
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--scale", type=float, default=1.0, help="of the repository's size")
    options = parser.parse_args(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    for figure in figures(options.dir.resolve(), options.rounds, options.scale):
        print(figure.line())


def figures(folder: Path, count: int, scale: float = 1.0) -> list[Figure]:
    """The figures of S6."""
    repository = made(folder, max(2, int(1_000 * scale)), max(10, int(5_000 * scale)))
    with tempfile.TemporaryDirectory(prefix="hooks-", dir=folder) as scratch:
        started = Path(scratch, "started")
        tsm = _program(Path(scratch), started)
        bare, hooked = (Path(scratch, name) for name in ("without", "with"))
        for clone in (bare, hooked):
            shutil.copytree(repository.main, clone, symlinks=True)
            _git(clone, "config", "user.name", "Ada")
            _git(clone, "config", "user.email", "ada@example.com")
        _git(hooked, "config", "core.hooksPath", str(SOURCE / "hooks"))
        _git(hooked, "config", "tsm.program", str(tsm))

        def pairs(run: Callable[[Path, int], Cost], count: int) -> list[tuple[Cost, Cost]]:
            return [(run(bare, number), run(hooked, number)) for number in range(count)]

        none = pairs(lambda clone, number: _commit(clone, _touch_source, number), count)
        starts = started.read_text().count("\n") if started.exists() else 0
        script = pairs(lambda clone, number: _commit(clone, _add_script, number), count)
        rebase = pairs(_rebase, max(3, count // 4))
    ratio = [median(with_[way] / without[way] for without, with_ in none) for way in (0, 1)]
    one = [median(with_[way] - without[way] for without, with_ in script) for way in (0, 1)]
    many = [median(with_[way] - without[way] for without, with_ in rebase) for way in (0, 1)]
    return [
        Figure("S6", "commit without a script, hook against none", ratio[0], 1.25, ratio[1]),
        Figure("S6", "starts of tsm in these commits", starts, 0),
        Figure("S6", "seconds added to a commit of a script", one[0], _MOST, one[1]),
        Figure("S6", f"seconds added to a rebase of {_COMMITS} commits", many[0], _MOST, many[1]),
    ]


def _program(scratch: Path, started: Path) -> Path:
    """The tsm that the hooks start; it notes each start."""
    path = scratch / "tsm"
    cache = scratch / "pycache"
    path.write_text(
        f"#!/bin/sh\necho start >> {started}\n"
        f"export PYTHONPATH={SOURCE} PYTHONPYCACHEPREFIX={cache} PYTHONDONTWRITEBYTECODE=\n"
        f'exec {sys.executable} {launcher(scratch.parent)} "$@"\n'
    )
    path.chmod(0o755)
    return path


def _touch_source(clone: Path, number: int) -> None:
    (clone / "notes.txt").write_text(f"{number}\n")
    _git(clone, "add", "notes.txt")


def _add_script(clone: Path, number: int) -> None:
    last = max(int(path.name.partition(".")[0]) for path in (clone / FOLDER).iterdir())
    path = clone / FOLDER / f"{last + 1:05}.more.sql"
    path.write_text(f"create table more_{number} (x);\n")
    _git(clone, "add", FOLDER)


def _commit(clone: Path, change: Callable[[Path, int], None], number: int) -> Cost:
    change(clone, number)
    return _timed(clone, "commit", "--quiet", "-m", f"commit {number}")


def _rebase(clone: Path, number: int) -> Cost:
    """Rebases commits onto a main that has gained a script: what happens every day."""
    _git(clone, "-c", "core.hooksPath=/dev/null", "switch", "-q", "-C", "topic", "main")
    for commit in range(_COMMITS):
        (clone / f"topic{commit}.txt").write_text(f"{number}\n")
        _git(clone, "add", "--all")
        _git(clone, "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", f"topic {commit}")
    _git(clone, "-c", "core.hooksPath=/dev/null", "switch", "-q", "main")
    _add_script(clone, 1_000 + number)
    _git(clone, "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "script")
    _git(clone, "-c", "core.hooksPath=/dev/null", "switch", "-q", "topic")
    taken = _timed(clone, "rebase", "--quiet", "main")
    _git(clone, "-c", "core.hooksPath=/dev/null", "switch", "-q", "main")
    return taken


def _timed(clone: Path, *arguments: str) -> Cost:
    """What git and all that it starts took: elapsed, and of the processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _git(clone, *arguments)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _git(clone: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], cwd=clone, env=environment({}), capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {os.fsdecode(done.stderr)}")


if __name__ == "__main__":
    main()
