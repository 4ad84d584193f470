"""A `kill -9` at any moment: no text is lost, and the next run finishes the work.

The process is killed right before one of its steps: a file is opened for writing, renamed or
removed, a folder is made, git is started. SQLite's own steps cannot be seen from Python, so
restoring a database is killed after random times. 15 points for each story; all of them with
TSM_TEST_PROFILE=long.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.looking import complaint, verdict
from tests.harness.project import SOURCE, Project, open_database, sql_for
from tests.renumber.stories import land, staged, texts

LONG = os.environ.get("TSM_TEST_PROFILE") == "long"
POINTS, TIMES = (10_000, 200) if LONG else (15, 15)
SEED = int(os.environ.get("TSM_TEST_SEED", "0"))

PROGRAM = """
import os, signal, sys, threading
import apsw, git
from tsm_git.cli import main
import tsm_git.cli.renumber, tsm_git.cli.restore, tsm_git.cli.squash, tsm_git.cli.generate
import tsm_git.adapters.sqlite.replay, tsm_git.commands.consolidate
import tsm_git.adapters.git.staging
before, after = sys.argv.pop(1), float(sys.argv.pop(1))
steps = int(before)
def count(event, arguments):
    global steps
    if event not in ("open", "os.rename", "os.remove", "os.mkdir", "subprocess.Popen"):
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
if steps:
    sys.addaudithook(count)
else:
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
main(sys.argv[1:])
"""

Tell = Callable[[Project], tuple[str, ...]]


def tell_renumber(team: Project) -> tuple[str, ...]:
    """Three drafts of one name have to move, one with an unstaged edit."""
    for number in (3, 4, 5):
        team.script(f"00{number}.fix.sql", f"create table fix_{number} (id);\n")
    team.commit("fixes")
    team.edit("004.fix.sql")
    land(team, "003.phone.sql")
    return ("renumber",)


def tell_stopped(team: Project) -> tuple[str, ...]:
    """A merge has stopped on two files, and a third draft has to move."""
    team.script("003.one.sql", "create table a (id);\n")
    team.script("004.two.sql", "create table b (id);\n")
    team.script("005.three.sql", "create table c (id);\n")
    team.commit("three")
    land(team, "003.one.sql", text="create table d (id);\n")
    land(team, "004.two.sql", text="create table e (id);\n")
    team.git("merge", "--quiet", "--no-edit", "main", exit_code=1)
    return ("renumber",)


def tell_restore(team: Project) -> tuple[str, ...]:
    """One published script is edited, one renamed, one renamed and edited, one deleted."""
    team.script("003.mail.sql", "create table mail (id);\n-- a\n-- b\n")
    team.script("004.phone.sql", "create table phone (id);\n")
    team.commit("published")
    team.git("branch", "--force", "main")
    team.edit("001.users.sql")
    team.rename("002.orders.sql", "002.purchases.sql")
    team.rename("003.mail.sql", "003.post.sql")
    team.edit("003.post.sql")
    team.delete("004.phone.sql")
    return ("restore", "--scripts", "--yes")


def tell_restore_what_is_committed(team: Project) -> tuple[str, ...]:
    """The same, and the branch has committed it, so the index holds it, too."""
    command = tell_restore(team)
    team.commit("what one should not do")
    return command


def tell_squash(team: Project) -> tuple[str, ...]:
    """Three drafts become one that has the name of the first; one of them is not committed."""
    team.script("003.mail.sql", "create table mail (id);\n")
    team.script("004.index.sql", "create index by_id on mail (id);\n")
    team.commit("mail")
    team.script("005.rows.sql", "insert into mail values (1);\n")
    return ("squash",)


def tell_squash_to_a_new_name(team: Project) -> tuple[str, ...]:
    """Three drafts become one with a name of its own."""
    return (*tell_squash(team), "--name", "contact")


def tell_squash_without_git(team: Project) -> tuple[str, ...]:
    """There is no repository; production has run what is no draft."""
    command = tell_squash_to_a_new_name(team)
    team.published_in_production("001.users.sql", "002.orders.sql")
    shutil.rmtree(team.root / ".git")
    return command


def tell_consolidate(team: Project) -> tuple[str, ...]:
    """Two drafts become one that is written from the models."""
    team.write("tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\n')
    names = ("users", "orders", "mail", "fax")
    team.write("schema.sql", "".join(sql_for(f"00{n}.{name}.sql") for n, name in enumerate(names)))
    team.scripts("003.mail.sql", "004.fax.sql")
    team.commit("drafts")
    return ("generate", "--consolidate", "--yes")


REPLACING = [tell_squash, tell_squash_to_a_new_name, tell_squash_without_git, tell_consolidate]


@pytest.mark.slow
@pytest.mark.parametrize(
    "tell", [tell_renumber, tell_stopped, tell_restore, tell_restore_what_is_committed]
)
def test_no_text_is_lost_wherever_it_is_killed(team: Project, tell: Tell) -> None:
    command = tell(team)
    written = every_text(team)
    whole = team.copy("whole")
    count = steps_of(whole, command)
    assert count > 5
    assert whole.unmerged() == []
    points = range(1, count + 1)
    chosen = sorted(random.Random(SEED).sample(points, min(POINTS, count)))

    for point in chosen:
        killed = team.copy(f"killed-{point}")
        assert run(killed, command, before=point) == -signal.SIGKILL, point

        assert written <= every_text(killed), point
        assert run(killed, command) == 0, point
        assert texts(killed) == texts(whole), point
        assert verdict(killed).findings == verdict(whole).findings, point
        assert killed.unmerged() == [], point
        assert staged(killed) == staged(whole), point


@pytest.mark.slow
@pytest.mark.parametrize("tell", REPLACING)
def test_the_several_or_the_one_wherever_it_is_killed(team: Project, tell: Tell) -> None:
    command = tell(team)
    before, written = texts(team), every_text(team)
    whole = team.copy("whole")
    points = range(1, steps_of(whole, command) + 1)
    after = texts(whole)
    half_done = 0

    # Where files move, from the note on, is near the end: each of those points is looked at.
    chosen = set(random.Random(SEED).sample(points, min(POINTS // 3, len(points))))
    for point in sorted(chosen | set(points[-POINTS + 3 :])):
        killed = team.copy(f"killed-{point}")
        assert run(killed, command, before=point) == -signal.SIGKILL, point

        assert written <= every_text(killed), point
        if texts(killed) not in (before, after):
            half_done += 1
            told = complaint(killed, "check")
            assert told.error.startswith(f"a `tsm {command[0]}"), point
            assert told.hint.startswith(f"run `tsm {command[0]}"), point
        if picture(killed) == picture(whole):
            continue  # all is done, and another squash would find one draft
        assert run(killed, command) == 0, point
        assert texts(killed) == after, point
        assert verdict(killed).findings == verdict(whole).findings, point
        assert picture(killed) == picture(whole), point
        assert not list(killed.root.rglob("replacing.json")), point
    assert half_done >= 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("ref", [False, True], ids=["to nothing", "to ref"])
def test_a_database_is_as_before_or_as_after(team: Project, mode: str, ref: bool) -> None:
    fill(team.root / team.database, 1, mode)
    if ref:
        fill(team.root / f"{team.database}.ref", 2, "delete")
    rng = random.Random(SEED)
    command = ("restore", "--db", "--yes")
    before, after = (1, 4000), (2, 4000) if ref else None

    for turn in range(max(TIMES // 4, 3)):
        killed = team.copy(f"killed-{turn}")
        code = run(killed, command, after=rng.uniform(0.0, 0.25))

        assert code in (0, -signal.SIGKILL)
        assert content(killed) in ((before, after) if code else (after,)), turn
        backups = list(killed.root.glob("app.sqlite.bak/*.sqlite"))
        for backup in backups:
            assert content(killed, backup.relative_to(killed.root).as_posix()) == before
        assert run(killed, command) == 0
        assert content(killed) == after


def run(project: Project, command: tuple[str, ...], *, before: int = 0, after: float = 600) -> int:
    """Run tsm, to be killed before its nth step or after some seconds; return the exit code."""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(before), str(after), *command],
        cwd=project.root,
        env=project.env.variables({"PYTHONPATH": str(SOURCE)}),
        capture_output=True,
        check=False,
    )
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr.decode()
    return ran.returncode


def steps_of(project: Project, command: tuple[str, ...]) -> int:
    """How many steps a run takes that nobody kills."""
    counting = PROGRAM.replace("    if steps == 0:\n", "    if False:\n").replace(
        "main(sys.argv[1:])",
        "try:\n    main(sys.argv[1:])\nfinally:\n    print('steps', int(before) - steps)",
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", counting, "1000000", "0", *command],
        cwd=project.root,
        env=project.env.variables({"PYTHONPATH": str(SOURCE)}),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout.splitlines()[-1].removeprefix("steps "))


def every_text(project: Project) -> set[bytes]:
    """The texts of all scripts, wherever they are now, and of both sides of unmerged ones."""
    return set(_texts(project))


def picture(project: Project) -> tuple[object, ...]:
    """The scripts as files, and in the index if there is one."""
    return texts(project), staged(project) if has_git(project) else None


def has_git(project: Project) -> bool:
    """Whether there is a repository."""
    return (project.root / ".git").exists()


def _texts(project: Project) -> Iterator[bytes]:
    for folder in (project.folder, project.root / f"{project.database}.bak"):
        yield from (path.read_bytes() for path in folder.rglob("*.sql*") if path.is_file())
    unmerged = project.git("ls-files", "--unmerged", "-z") if has_git(project) else ""
    for line in unmerged.split("\0")[:-1]:
        yield project.git("cat-file", "blob", line.split()[1]).encode() + b"\n"


def fill(path: Path, first: int, mode: str) -> None:
    """Write a database of a few megabytes that can be told from another one."""
    connection = open_database(path)
    connection.execute(f"pragma journal_mode = {mode}").fetchall()
    connection.execute(
        "create table rows (id integer primary key, t);"
        "with n(i) as (select 1 union all select i + 1 from n where i < 4000)"
        "insert into rows select i, hex(randomblob(500)) from n;"
        f"create table first as select {first} as n;"
    )
    connection.close()


def content(project: Project, database: str | None = None) -> tuple[int, int] | None:
    """Tell which database it is; None for an empty one. It must be sound."""
    connection = open_database(project.root / (database or project.database))
    try:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        if not connection.table_exists(None, "rows"):
            return None
        ((first, count),) = connection.execute(
            "select n, (select count(*) from rows) from first"
        ).fetchall()
        return int(str(first)), int(str(count))
    finally:
        connection.close()
