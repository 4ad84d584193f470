"""Each step that tsm itself takes fails in turn: nothing is lost, and one line says what happened.

The steps are those that Python sees: a file is opened, renamed, removed or synced, a folder is made, a
lock is taken, git is started. (SQLite's own steps are in `test_disk.py`.) A step fails once, as
when a file is gone, or no file can grow from then on, as when the disk is full.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.injector import FAIL, FULL, Plan
from tests.faults.profile import cases, chance
from tests.faults.server import Outcome, Server
from tests.harness.project import Project
from tests.renumber.stories import land

STEPS = ("read", "write", "rename", "link", "remove", "mkdir", "rmdir", "fsync", "start", "flock")
POINTS = cases(usual=3, full=10_000, long=10_000)  # of each kind and command


class Kind(NamedTuple):
    """A way to fail."""

    how: str
    error: int


KINDS = {
    "error": Kind(FAIL, errno.EIO),
    "not allowed": Kind(FAIL, errno.EACCES),
    "full": Kind(FULL, errno.EFBIG),
}


def tell_apply(project: Project) -> tuple[str, ...]:
    """Two scripts are pending."""
    return ("apply",)


def tell_create(project: Project) -> tuple[str, ...]:
    """There is no database yet."""
    (project.root / project.database).unlink()
    return ("apply",)


def tell_restore_database(project: Project) -> tuple[str, ...]:
    """The database becomes empty."""
    return ("restore", "--db", "--yes")


def tell_restore_scripts(project: Project) -> tuple[str, ...]:
    """One published script is edited, one renamed, one renamed and edited, one deleted."""
    project.script("003.post.sql", "create table post (id);\n-- a\n-- b\n")
    project.script("004.phone.sql", "create table phone (id);\n")
    project.commit("published")
    project.git("branch", "--force", "main")
    project.edit("001.users.sql")
    project.rename("002.orders.sql", "002.purchases.sql")
    project.rename("003.post.sql", "003.letters.sql")
    project.edit("003.letters.sql")
    project.delete("004.phone.sql")
    return ("restore", "--scripts", "--yes")


def tell_renumber(project: Project) -> tuple[str, ...]:
    """Two drafts have to move, one with an unstaged edit."""
    project.scripts("003.mail.sql", "004.fax.sql")
    project.commit("drafts")
    project.edit("004.fax.sql")
    land(project, "003.phone.sql")
    return ("renumber",)


def tell_squash(project: Project) -> tuple[str, ...]:
    """Two drafts become one."""
    project.scripts("003.mail.sql", "004.fax.sql")
    project.commit("drafts")
    return ("squash",)


def tell_hooks(project: Project) -> tuple[str, ...]:
    """A hook of somebody else's is there already."""
    hook = project.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    return ("hooks", "install")


def tell_backup(project: Project) -> tuple[str, ...]:
    """There is a database with something in it."""
    return ("backup",)


def tell_deploy(project: Project) -> tuple[str, ...]:
    """A script is pending, and a program takes the backup."""
    project.write("tsm.toml", 'after_backup = ["cp", "{path}", "taken"]\n')
    return ("deploy",)


STORIES: list[Callable[[Project], tuple[str, ...]]] = [
    tell_apply,
    tell_create,
    tell_restore_database,
    tell_restore_scripts,
    tell_renumber,
    tell_squash,
    tell_hooks,
    tell_backup,
    tell_deploy,
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tell", STORIES)
def test_a_step_fails(project: Project, server: Server, tell, kind: str) -> None:
    start(project)
    argv = tell(project)
    texts = every_text(project)
    before = picture(project)
    whole = project.copy("whole")
    plan = Plan(how=KINDS[kind].how, error=KINDS[kind].error, only=STEPS)
    counted = server.tsm(whole.root, *argv, plan=plan)
    assert counted.code == 0, counted
    after = picture(whole)
    numbers = range(1, len(counted.steps) + 1)
    rng = chance(tell.__name__, kind)

    for number in sorted(rng.sample(numbers, min(POINTS, len(numbers)))):
        failed = project.copy(f"failed-{number}")
        outcome = server.tsm(failed.root, *argv, plan=plan._replace(at=number))
        outcome = outcome._replace(steps=[])
        where = f"step {number}: {counted.steps[number - 1][0]}: {outcome}"

        is_told_in_one_line(outcome, where)
        assert texts <= every_text(failed), where
        found = picture(failed)
        assert found == after if outcome.code == 0 else found in (before, after), where
        assert locks(failed) == [], where
        again = server.tsm(failed.root, *argv)
        assert again.code == 0 or outcome.code == 0, f"{where}\nand then {again}"
        assert picture(failed) == after, where
        assert hooks(failed) == hooks(whole), where
        shutil.rmtree(failed.root)


def start(project: Project) -> None:
    """Main has two scripts, which are applied on the branch that is checked out."""
    project.scripts("001.users.sql", "002.orders.sql")
    project.commit("start")
    project.apply("001.users.sql")
    project.branch("mail")


def is_told_in_one_line(outcome: Outcome, where: str) -> None:
    """Insist on an exit code that is no bug's, and on one error with one hint at most."""
    assert outcome.code in (0, 1, 2), where
    lines = outcome.stderr.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("error: ")), len(lines))
    told = [line.partition(": ")[0] for line in lines[first:]]
    assert told in ([["error", "hint"], ["error"]] if outcome.code else [[]]), where
    assert "Traceback" not in outcome.stderr, where


def picture(project: Project) -> tuple[object, ...]:
    """What a user has: the scripts as files and in the index, and the ledger."""
    files = {path.name: path.read_bytes() for path in project.folder.iterdir()}
    staged = project.git("ls-files", "--stage", "--", f"{project.path('')}/")
    return files, staged, project.ledger()


def locks(project: Project) -> list[Path]:
    """Return git's lock files; tsm's own is a file whose lock the system lets go of."""
    found = (project.root / ".git").rglob("*.lock")
    return [path for path in found if path.name != "tsm.lock"]


def every_text(project: Project) -> set[bytes]:
    """The texts of all scripts and hooks, wherever they are now."""
    found: Iterator[Path] = project.folder.rglob("*.sql*")
    aside = (project.root / f"{project.database}.bak").rglob("*.sql*")
    texts = {path.read_bytes() for path in (*found, *aside) if path.suffix != ".sqlite"}
    return texts | set(hooks(project).values())


def hooks(project: Project) -> dict[str, bytes]:
    """Return the hooks of the repository."""
    found = (project.root / ".git/hooks").glob("*")
    return {path.name: path.read_bytes() for path in found if path.is_file()}
