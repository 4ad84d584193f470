"""A `kill -9` at any moment of what changes a database: it is as before or as after.

Half of the moments lie in the transaction that writes. Most are steps (see `injector`): each is the
moment before a file, a statement or SQLite itself does something. The rest are moments in time, so
that the middle of a step is seen, too.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.injector import Plan
from tests.faults.profile import cases, chance
from tests.faults.server import Job, Outcome, Server
from tests.faults.worlds import APPLIED, DATABASE, NO_FILE, SCRIPTS, Content, World

KILLS = cases(usual=120, full=1_000, long=20_000)


class Story(NamedTuple):
    """A command, and how the database may be when it is killed: the last is how it shall be."""

    argv: tuple[str, ...]
    states: tuple[Content, ...]
    keeps: Content  # what there is a backup of once it has changed
    share: int = 1
    database: str = DATABASE  # the one that changes


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, server: Server) -> dict[str, World]:
    """Return a world for each journal mode, in which three of six scripts are applied."""
    made = {}
    for mode in ("delete", "wal"):
        made[mode] = world = World.create(tmp_path_factory.mktemp(mode) / "start", mode)
        for name in sorted(SCRIPTS)[:APPLIED]:
            assert server.tsm(world.root, "apply", name).code == 0
        for backup in world.backups():
            backup.unlink()
    return made


def tell_apply(world: World, server: Server) -> Story:
    """Three scripts are pending; killed, some of them may be there."""
    ahead = world.copy("ahead")
    states = [ahead.content()]
    for name in sorted(SCRIPTS)[APPLIED:]:
        assert server.tsm(ahead.root, "apply", name).code == 0
        states.append(ahead.content())
    ahead.forget()
    return Story(("apply",), tuple(states), keeps=states[0], share=3)


def tell_create(world: World, server: Server) -> Story:
    """There is no database: all scripts or no file."""
    story = tell_create_in_part(world, server)
    return story._replace(states=(NO_FILE, story.states[-1]))


def tell_create_in_part(world: World, server: Server) -> Story:
    """There is no database, and an error leaves what has been applied by then."""
    world.database.unlink()
    made, states = world.copy("made"), [NO_FILE]
    for name in sorted(SCRIPTS):
        assert server.tsm(made.root, "apply", name).code == 0
        states.append(made.content())
    made.forget()
    return Story(("apply",), tuple(states), keeps=NO_FILE)


def tell_deploy(world: World, server: Server) -> Story:
    """As when it is applied, and another program takes the backup."""
    (world.root / "tsm.toml").write_text('after_backup = ["cp", "{path}", "taken"]\n')
    return tell_apply(world, server)._replace(argv=("deploy",), share=2)


def tell_backup(world: World, server: Server) -> Story:
    """Nothing changes, and there is a copy."""
    before = world.content()
    return Story(("backup",), (before,), keeps=before)


def tell_restore(world: World, server: Server) -> Story:
    """The database becomes what production has, which is ahead."""
    ahead = world.copy("ahead")
    before = ahead.content()
    assert server.tsm(ahead.root, "apply").code == 0
    after = ahead.content()
    ahead.settle()
    ahead.database.replace(world.database.with_name(world.database.name + ".ref"))
    ahead.forget()
    return Story(("restore", "--db", "--yes"), (before, after), keeps=before)


def tell_restore_to_nothing(world: World, server: Server) -> Story:
    """The database becomes empty."""
    empty = world.copy("empty")
    before = empty.content()
    assert server.tsm(empty.root, "restore", "--db", "--yes").code == 0
    after = empty.content()
    empty.forget()
    return Story(("restore", "--db", "--yes"), (before, after), keeps=before)


def tell_refresh(world: World, server: Server) -> Story:
    """The ref database becomes what production has, which is ahead of it."""
    for name in ("production", f"{DATABASE}.ref"):
        made = world.copy("made")
        if name == "production":
            assert server.tsm(made.root, "apply").code == 0
        made.settle()
        made.database.replace(world.root / name)
        made.forget()
    (world.root / "tsm.toml").write_text('ref_source = "production"\n')
    before, after = (world.content(world.root / n) for n in (f"{DATABASE}.ref", "production"))
    return Story(("ref", "refresh"), (before, after), before, database=f"{DATABASE}.ref")


STORIES = [
    tell_apply,
    tell_create,
    tell_deploy,
    tell_backup,
    tell_restore,
    tell_restore_to_nothing,
    tell_refresh,
]
SHARES = 2 * (3 + 1 + 2 + 1 + 1 + 1 + 1)  # of both journal modes


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("tell", STORIES)
def test_it_is_as_before_or_as_after(
    start: dict[str, World], server: Server, tmp_path: Path, tell, mode: str
) -> None:
    world = World(tmp_path / "start")
    start[mode].copy_to(world.root)
    story = tell(world, server)
    whole = world.copy("whole")
    counted = server.tsm(whole.root, *story.argv, plan=Plan())
    assert counted.code == 0, counted
    assert whole.content(whole.root / story.database) == story.states[-1]
    share = KILLS * story.share // SHARES
    inside = 0

    for count, job in enumerate(jobs(story.argv, counted, share, chance(tell.__name__, mode))):
        killed = world.copy(f"killed-{count}")
        (outcome,) = server.run(job._replace(cwd=killed.root))
        where = f"kill {count}: {job}: {outcome._replace(steps=[])}"
        assert outcome.code in (0, -signal.SIGKILL), where
        inside += outcome.code != 0 and outcome.was_inside

        _is_whole(killed.copy(f"seen-{count}"), story, outcome, where)

        again = server.tsm(killed.root, *story.argv)
        assert again.code == 0, f"{where}\nand then {again}"
        assert killed.content(killed.root / story.database) == story.states[-1], where
        assert killed.leftovers() == whole.leftovers(), where
        assert keeps_all(killed, story, again), where
        killed.forget()
    # Some only write what nobody knows of yet; and few are no measure.
    assert story.argv[0] in ("backup", "ref") or inside >= (share * 0.4 if share >= 100 else 1)


def jobs(argv: tuple[str, ...], counted: Outcome, count: int, rng: random.Random) -> Iterator[Job]:
    """Choose where to kill: two thirds at a step, a third at a time; half in the transaction."""
    inside = [number for number, (_, within) in enumerate(counted.steps, 1) if within]
    at_all = range(1, len(counted.steps) + 1)
    write = [number for number in inside if "write" not in counted.steps[number - 1][0]]
    began = counted.inside_after
    for turn in range(count):
        if turn % 3 == 2:
            within = began is not None and turn % 2 == 0
            most = counted.seconds - (began if began is not None and within else 0)
            yield Job(argv, Path(), after=rng.uniform(0, most), inside=within)
            continue
        # Writes are many and alike; what lies between them is seldom, and each has its own danger.
        within = bool(write) and (turn % 3 == 0 or turn % 2 == 0)  # half of all turns
        points: Sequence[int] = at_all if not within else rng.choice((inside, write))
        yield Job(argv, Path(), Plan(at=rng.choice(points)))


def _is_whole(seen: World, story: Story, outcome: Outcome, where: str) -> None:
    """Insist on what has to be so right after a kill; what was said to be done is done."""
    content = seen.content(seen.root / story.database)
    allowed = story.states if outcome.code else story.states[-1:]
    assert content in allowed, where
    for number in (5, 6):
        if story.keeps != NO_FILE and f"applying 00{number}" in outcome.stderr:
            assert number - 1 in content.ledger, where
    assert keeps_all(seen, story, outcome), where
    seen.forget()


def keeps_all(world: World, story: Story, outcome: Outcome) -> bool:
    """Whether each backup is whole, and there is one of what was, if it is not any more."""
    kept = [world.content(path) for path in world.backups()]
    if story.database != DATABASE or story.keeps == NO_FILE:
        return True  # it is a copy of what somebody else has, or there was nothing
    if (outcome.code == 0 or world.content() != story.keeps) and story.keeps not in kept:
        return False
    return all(content in story.states for content in kept)
