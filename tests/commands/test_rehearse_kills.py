"""No rehearsal leaves production's data behind, however it ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.project import SOURCE, Entry, Project, open_database

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

LARGE = "create table large as select zeroblob(9000000) b from (values (1), (2), (3), (4), (5));"
ENDLESS = """
create table seen as
with recursive c(x) as (values (1) union all select x + 1 from c) select count(*) from c;
"""
PATIENCE = 60  # seconds that a busy machine may take


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose pending script does not end, on a ref too large for memory."""
    project.script("001.start.sql", LARGE)
    text = project.read("001.start.sql")
    project.commit("start")
    path = project.write_ledger([Entry(1, "001.start.sql", text)], "app.sqlite.ref")
    with contextlib.closing(open_database(path)) as connection:
        connection.execute(text).fetchall()
    project.script("002.endless.sql", ENDLESS)
    return project


@contextlib.contextmanager
def rehearsing(shop: Project) -> Iterator[subprocess.Popen[bytes]]:
    """Start a rehearsal, wait until its script runs, and see to its end at last."""
    before = {path.parent for path in copies(shop)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tsm_git", "rehearse", "--timeout", "600"],
        cwd=shop.root,
        env=shop.env.variables({"PYTHONPATH": str(SOURCE)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: any(p.parent not in before for p in copies(shop, "-journal")))
        yield process
    finally:
        process.kill()
        process.wait()


def copies(shop: Project, suffix: str = "") -> list[Path]:
    """Return where the copies of the ref are."""
    return list(shop.env.temporary.glob(f"tsm-private-*/data/copy.sqlite{suffix}"))


def wait_until(happens: Callable[[], bool]) -> None:
    """Wait, and fail where it takes too long."""
    for _ in range(PATIENCE * 20):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it does not happen")


def sandboxes(shop: Project) -> list[int]:
    """Return the processes that work in a private folder of this test."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and shop.env.temporary in (entry / "cwd").readlink().parents:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_what_a_killed_one_leaves_goes_with_the_next(shop: Project) -> None:
    with rehearsing(shop) as process:
        assert len(sandboxes(shop)) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(copies(shop)) == 1
    wait_until(lambda: not sandboxes(shop))  # it ends by itself

    assert shop.tsm("check", "--replay").exit_code in (0, 1)

    assert list(shop.env.temporary.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_one_that_is_asked_to_end_cleans_up(shop: Project, number: signal.Signals) -> None:
    with rehearsing(shop) as process:
        process.send_signal(number)
        code = process.wait(PATIENCE)

    assert code == (130 if number is signal.SIGINT else -number)
    assert sandboxes(shop) == []
    assert list(shop.env.temporary.iterdir()) == []


@pytest.mark.slow
def test_nobody_takes_the_copy_of_one_that_is_at_work(shop: Project) -> None:
    with rehearsing(shop):
        (copy,) = copies(shop)
        shop.edit("002.endless.sql", "create table t (a);")

        assert shop.tsm("rehearse").exit_code == 0

        assert copies(shop) == [copy]


def test_only_what_is_tsm_s_goes(shop: Project) -> None:
    temporary = shop.env.temporary
    half, empty, other = (
        temporary / f"tsm-private-1-{name}" for name in ("half", "empty", "other")
    )
    for folder in (half / "data", empty, other):
        folder.mkdir(parents=True)
    for path in (half / "owner", half / "data" / "copy.sqlite", other / "mine"):
        path.write_bytes(b"x")
    link = temporary / "tsm-private-1-link"
    link.symlink_to(shop.root)
    shop.edit("002.endless.sql", "create table t (a);")

    assert shop.tsm("rehearse").exit_code == 0

    assert sorted(temporary.iterdir()) == [link, other]
    assert [path.name for path in other.iterdir()] == ["mine"]
