"""Looks at a project the way its users do, and insists that looking changes nothing.

What a run of tsm must say is the test's own business.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.harness.project import Project

# The three candidates of a check, as options.
PLACES: Mapping[str, tuple[str, ...]] = {
    "worktree": (),
    "staged": ("--staged",),
    "head": ("--head", "HEAD"),
}


class Verdict(NamedTuple):
    """What a check said of one database: the state, and code and file name of each finding."""

    state: str
    findings: list[tuple[str, str]]
    pending: list[str]
    applied: list[str]


class Complaint(NamedTuple):
    """Why tsm could not work, and what it says to do about it."""

    error: str
    hint: str


@contextmanager
def untouched(root: Path) -> Iterator[None]:
    """Insist that nothing below a folder changes: no name, no byte, no time of modification.

    Except for two marks that readers leave: in the shared memory of SQLite (`-shm`), and in the
    times of git's objects and shared indexes, which git does not throw away while they are used.
    """
    before = _picture(root)
    yield
    after = _picture(root)
    changed = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    assert not changed, f"looking has changed {changed}"


def verdicts(
    project: Project, *arguments: str, env: Mapping[str, str] | None = None
) -> dict[str, Verdict]:
    """Run `tsm check`, which must reach a verdict, and return it by database."""
    with untouched(project.root):
        result = project.tsm_inprocess("check", "--json", *arguments, env=env)
    assert result.stderr == "", result
    document = result.json()
    assert result.exit_code == document["exit_code"], result
    return {one["database"]: _verdict(one) for one in document["databases"]}


def verdict(project: Project, *arguments: str, env: Mapping[str, str] | None = None) -> Verdict:
    """Return the verdict on the one database that there is."""
    found = verdicts(project, *arguments, env=env)
    assert list(found) == [project.database], found
    return found[project.database]


def complaint(project: Project, *arguments: str, env: Mapping[str, str] | None = None) -> Complaint:
    """Run tsm, which must not be able to work: one line, a hint, exit code 2, and nothing else."""
    with untouched(project.root):
        result = project.tsm_inprocess(*arguments, env=env)
    assert result.exits(2).stdout == "", result
    return told(result.stderr)


def told(stderr: str) -> Complaint:
    """Split what tsm says where it cannot work; there must be an error and a hint, a line each."""
    lines = stderr.splitlines()
    assert len(lines) == 2, stderr
    error, hint = lines
    assert error.startswith("error: "), stderr
    assert hint.startswith("hint: "), stderr
    return Complaint(error.removeprefix("error: "), hint.removeprefix("hint: "))


def _verdict(document: dict[str, Any]) -> Verdict:
    findings = [(f["code"], f["path"].rpartition("/")[2]) for f in document["findings"]]
    return Verdict(document["state"], findings, document["pending"], document["applied"])


def _picture(root: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        content: object = None
        if stat.S_ISLNK(status.st_mode):
            content = path.readlink()
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        is_file = stat.S_ISREG(status.st_mode)
        is_marked = is_file and ("/objects/" in name or "/sharedindex." in name)
        time = 0 if is_marked else status.st_mtime_ns
        seen: tuple[object, ...] = (time, status.st_size, content)
        found[name] = () if name.endswith("-shm") else seen
    return found
