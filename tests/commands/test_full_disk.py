"""A disk that is full: one line says so, and everything is as it was."""

from __future__ import annotations

import sys

import pytest

from tests.harness.looking import untouched
from tests.harness.project import SOURCE, Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")

# No file may grow beyond a size: to whoever writes one, that is a full disk.
PROGRAM = """
import resource, runpy, signal, sys
size = int(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
sys.argv = ["tsm", *sys.argv[2:]]
runpy.run_module("tsm_git", run_name="__main__")
"""
BIG = """create table big as
    with recursive c (x) as (select 1 union all select x + 1 from c where x < 300)
    select x, randomblob(3000) as y from c;
"""
MORE = "insert into big select x, randomblob(3000) from big;\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project that has applied a megabyte, and has a ref database."""
    project.script("001.big.sql", BIG)
    project.commit("start")
    project.apply()
    project.tsm_inprocess("ref", "save").exits(0)
    project.script("002.more.sql", MORE)
    return project


def fails(shop: Project, size: int, *arguments: str) -> str:
    """Run tsm, which must find the disk full; return what it says."""
    ran = shop.env.run(
        [sys.executable, "-P", "-c", PROGRAM, str(size), *arguments],
        cwd=shop.root,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert ran.exit_code == 2, ran
    *_, error, hint = ran.stderr.splitlines()
    assert error.startswith("error: `app.sqlite` cannot be read or written: "), ran
    assert error.endswith(("full", "disk I/O error")), ran
    assert hint.startswith("hint: run `df` "), ran
    return ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [("apply",), ("backup",), ("ref", "save"), ("restore", "--db", "--yes")],
    ids=lambda words: words[0],
)
def test_there_is_no_room_for_a_copy(shop: Project, arguments: tuple[str, ...]) -> None:
    with untouched(shop.root / "app.sqlite.migrations"):
        before = {
            path: path.read_bytes() for path in shop.root.glob("app.sqlite*") if path.is_file()
        }

        fails(shop, 300_000, *arguments)

    assert {p: p.read_bytes() for p in shop.root.glob("app.sqlite*") if p.is_file()} == before
    assert not (shop.root / "app.sqlite.bak").exists()


def test_there_is_no_room_for_the_script(shop: Project) -> None:
    said = fails(shop, 1_500_000, "apply")

    assert said.splitlines()[0].startswith("backed up as app.sqlite.bak/")
    assert shop.query("select count(*) from big") == [(300,)]
    assert [entry.id for entry in shop.ledger()] == [1]
    assert shop.query("pragma integrity_check") == [("ok",)]


def test_there_is_no_room_for_the_first_script(project: Project) -> None:
    project.script("001.big.sql", BIG)
    project.commit("start")

    fails(project, 300_000, "apply")

    assert list(project.root.glob("app.sqlite*")) == [project.folder]


def test_there_is_no_room_for_the_old_content(shop: Project) -> None:
    shop.apply()
    before = shop.query("select sum(x), count(*) from big")

    fails(shop, 1_500_000, "restore", "--db", "--yes")

    assert shop.query("select sum(x), count(*) from big") == before
    assert len(list(shop.root.glob("app.sqlite.bak/*.sqlite"))) == 1  # that of the apply
