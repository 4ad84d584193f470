"""Each write, sync, truncate and deletion of SQLite's fails in turn, or the power goes.

The database is as before or as after, what was said to be done is done, and the next run converges.
With `PRAGMA synchronous = OFF` the same has to fail, so that this is known to see a difference.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from tests.faults.injector import AFTER, FAIL, POWER, Plan
from tests.faults.profile import LONG, PROFILE, cases, chance
from tests.faults.server import Outcome, Server
from tests.faults.test_kills import (
    Story,
    keeps_all,
    tell_apply,
    tell_create_in_part,
    tell_restore,
    tell_restore_to_nothing,
)
from tests.faults.test_steps import is_told_in_one_line
from tests.faults.worlds import APPLIED, SCRIPTS, World

CALLS = ("call",)
WRITES = tuple(f"sqlite {word}" for word in ("create", "write", "sync", "truncate", "delete"))
MOVES = ("rename", "link", "remove", "fsync", "write")
POINTS = cases(usual=4, full=10_000, long=10_000)  # of each kind and scenario
SEEDS = 5 if LONG else 1  # powers go at each point
CACHE = 8  # pages, so that SQLite writes before it commits

KINDS = {
    "error": Plan(how=FAIL, error=errno.EIO, only=CALLS, cache=CACHE),
    "errors from then on": Plan(how=FAIL, error=errno.EIO, on=True, only=CALLS, cache=CACHE),
    "full": Plan(how=FAIL, error=errno.ENOSPC, on=True, only=CALLS, cache=CACHE),
    "power": Plan(how=POWER, only=WRITES + MOVES, cache=CACHE),
}


class Scenario(NamedTuple):
    """A story in a journal mode."""

    tell: Callable[[World, Server], Story]
    mode: str

    @property
    def name(self) -> str:
        """As pytest shows it."""
        return f"{self.tell.__name__.removeprefix('tell_')}-{self.mode}"


ALL = [
    Scenario(tell, mode)
    for tell in (tell_apply, tell_restore, tell_restore_to_nothing)
    for mode in ("delete", "wal", "truncate", "persist")
] + [Scenario(tell_create_in_part, "delete")]
USUAL = [
    Scenario(tell_apply, "delete"),
    Scenario(tell_apply, "wal"),
    Scenario(tell_restore, "delete"),
    Scenario(tell_create_in_part, "delete"),
]
SCENARIOS = ALL if LONG else USUAL


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Callable[[str], World]:
    """Return what gives a small world in a journal mode, in which three of six scripts are applied."""
    made: dict[str, World] = {}

    def world(mode: str) -> World:
        if mode not in made:
            made[mode] = one = World.create(
                tmp_path_factory.mktemp(mode) / "start", mode, small=True
            )
            for name in sorted(SCRIPTS)[:APPLIED]:
                assert server.tsm(one.root, "apply", name).code == 0
            for backup in one.backups():
                backup.unlink()
        return made[mode]

    return world


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_before_or_after(
    started: Callable[[str], World], server: Server, tmp_path: Path, scenario: Scenario, kind: str
) -> None:
    world = started(scenario.mode).copy_to(tmp_path / "start")
    story = scenario.tell(world, server)
    whole = world.copy("whole")
    counted = server.tsm(whole.root, *story.argv, plan=KINDS[kind])
    assert counted.code == 0, counted
    rng = chance(scenario.name, kind)

    for plan in plans(KINDS[kind], len(counted.steps), rng):
        failed = world.copy("failed")
        outcome = server.tsm(failed.root, *story.argv, plan=plan)
        label = "the end" if plan.at == AFTER else counted.steps[plan.at - 1][0]
        where = f"{plan} at {label}: {outcome._replace(steps=[])}"

        if plan.how == FAIL:
            is_told_in_one_line(outcome, where)
        seen = failed.copy("seen")
        holds(seen, story, outcome, where)
        seen.forget()
        again = server.tsm(failed.root, *story.argv)
        assert again.code == 0, f"{where}\nand then {again}"
        assert failed.content() == story.states[-1], where
        assert failed.leftovers() == whole.leftovers(), where
        failed.forget()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_without_syncing_it_is_lost(
    started: Callable[[str], World], server: Server, tmp_path: Path, mode: str
) -> None:
    """The control: what is insisted on above does not hold by itself."""
    world = started(mode).copy_to(tmp_path / "start")
    story = tell_apply(world, server)
    plan = KINDS["power"]._replace(unsynced=True)
    counted = server.tsm(world.copy("whole").root, *story.argv, plan=plan)
    assert counted.code == 0, counted
    rng = chance("control", mode)
    bad = 0

    for seed in range(20):
        failed = world.copy("failed")
        at = rng.randint(len(counted.steps) // 4, len(counted.steps))
        outcome = server.tsm(failed.root, *story.argv, plan=plan._replace(at=at, seed=seed))
        try:
            holds(failed, story, outcome, "")
        except (AssertionError, apsw.Error):
            bad += 1
        failed.forget()
    assert bad > 0


def plans(kind: Plan, count: int, rng: random.Random) -> Iterator[Plan]:
    """The kind of fault at each step, or at some of them, and after the last where that is one."""
    for at in sorted(rng.sample(range(1, count + 1), min(POINTS, count))):
        for _ in range(SEEDS if kind.how == POWER else 1):
            yield kind._replace(at=at, seed=rng.getrandbits(30))
    if kind.how == POWER:
        for _ in range(3 if not PROFILE else 20):
            yield kind._replace(at=AFTER, seed=rng.getrandbits(30))


def holds(seen: World, story: Story, outcome: Outcome, where: str) -> None:
    """Insist on what has to be so, now that the fault is over."""
    content = seen.content()
    allowed = story.states if outcome.code else story.states[-1:]
    assert content in allowed, where
    assert keeps_all(seen, story, outcome), where
