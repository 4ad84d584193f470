"""Many processes at once on one database, beside a program that writes to it all the while.

Each script runs exactly once, nothing that anybody was told is done is lost, and nobody waits for
ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.profile import cases, chance
from tests.faults.server import Job, Outcome, Server
from tests.faults.worlds import APPLIED, SCRIPTS, World
from tests.harness.project import open_database

RACES = cases(usual=4, full=100, long=2_500)  # of each kind

WRITER = """
import apsw, sys
connection = apsw.Connection("app.sqlite")
connection.set_busy_timeout(60_000)
for number in range(25):
    try:
        connection.execute("insert into notes values (?)", (number,))
    except apsw.SQLError:
        break  # the database was made anew, without the table
    print(number, flush=True)
"""

COMMANDS = {
    "apply": ("apply",),
    "deploy": ("deploy",),
    "check": ("check",),
    "status": ("status",),
    "backup": ("backup",),
    "restore": ("restore", "--db", "--yes"),
}


# What it is no fault to find.
KNOWN = (
    "locked by another process",
    "another deployment",
    "meanwhile",
    "exists already",
    "after all was applied",
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, server: Server) -> dict[str, World]:
    """Return a small world for each journal mode: three of six scripts, and a table of notes."""
    made = {}
    for mode in ("delete", "wal"):
        made[mode] = world = World.create(tmp_path_factory.mktemp(mode) / "start", mode, small=True)
        for name in sorted(SCRIPTS)[:APPLIED]:
            assert server.tsm(world.root, "apply", name).code == 0
        for backup in world.backups():
            backup.unlink()
        with closing(open_database(world.database)) as connection:
            connection.execute("create table notes (n integer primary key)")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_each_script_runs_once(
    started: dict[str, World], server: Server, tmp_path: Path, mode: str
) -> None:
    rng = chance("apply", mode)
    for turn in range(RACES):
        world = started[mode].copy_to(tmp_path / f"race-{turn}")
        crowd = 2 if turn % 3 == 0 else rng.randint(7, 10)
        words = [
            "apply",
            "apply",
            *rng.choices(["apply", "deploy", "check", "status", "backup"], k=crowd - 2),
        ]
        outcomes = race(server, world, words)
        where = f"turn {turn}: {words}: {outcomes}"

        are_well(outcomes, where)
        content = world.content()
        assert told_applied(outcomes) == len(content.ledger) - APPLIED, where
        assert notes(world.database) == told_notes(outcomes), where
        for backup in world.backups():
            world.content(backup)
        again = server.tsm(world.root, "apply")
        assert again.code == 0, f"{where}\nand then {again}"
        assert world.content().ledger == (1, 2, 3, 4, 5, 6), where
        assert world.leftovers() == [], where
        world.forget()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_what_gives_way_is_in_a_backup(
    started: dict[str, World], server: Server, tmp_path: Path, mode: str
) -> None:
    rng = chance("restore", mode)
    for turn in range(RACES):
        world = started[mode].copy_to(tmp_path / f"race-{turn}")
        crowd = 2 if turn % 3 == 0 else rng.randint(7, 10)
        words = ["restore", *rng.choices(sorted(COMMANDS), k=crowd - 1)]
        outcomes = race(server, world, words)
        where = f"turn {turn}: {words}: {outcomes}"

        are_well(outcomes, where)
        world.content()
        kept = [notes(path) for path in (world.database, *world.backups())]
        assert told_notes(outcomes) <= set().union(*kept), where
        for backup in world.backups():
            world.content(backup)
        again = server.tsm(world.root, "apply")
        assert again.code == 0, f"{where}\nand then {again}"
        assert world.content().ledger == (1, 2, 3, 4, 5, 6), where
        world.forget()


def race(server: Server, world: World, words: Sequence[str]) -> list[Outcome]:
    """Start all of these at one moment, and the writer with them, who comes first."""
    writer = Job((), world.root, program=WRITER)
    return server.run(writer, *(Job(COMMANDS[word], world.root) for word in words))


def are_well(outcomes: Sequence[Outcome], where: str) -> None:
    """Insist that nobody hung or broke; to find something changed or locked is no fault."""
    writer, *others = outcomes
    assert writer.code == 0, where
    for outcome in others:
        assert outcome.code in (0, 1, 2), where
        errors = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == (outcome.code == 2) or outcome.code == 1, where
        odd = [error for error in errors if not any(word in error for word in KNOWN)]
        assert odd == [], where


def told_applied(outcomes: Sequence[Outcome]) -> int:
    """How many scripts the processes say that they have applied."""
    said = "".join(outcome.stdout for outcome in outcomes[1:]).split("applied ")[1:]
    numbers = [words.split()[0] for words in said]
    return sum(int(number) for number in numbers if number.isdigit())


def told_notes(outcomes: Sequence[Outcome]) -> set[int]:
    """What the writer was told is written."""
    return set(map(int, outcomes[0].stdout.split()))


def notes(path: Path) -> set[int]:
    """What is written in a database."""
    with closing(open_database(path)) as connection:
        if not connection.table_exists(None, "notes"):
            return set()
        return {int(str(number)) for (number,) in connection.execute("select n from notes")}
