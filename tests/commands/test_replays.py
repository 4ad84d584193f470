"""`tsm check --replay`: what is replayed, in which places, and what is remembered of it."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tests.harness.looking import untouched
from tests.harness.project import Project

MAGIC = b"tsm cache 1\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with two published scripts, and a draft that loses a column."""
    project.script("001.users.sql", "create table users (id integer primary key, mail text);")
    project.script("002.posts.sql", "create table posts (id integer primary key);")
    project.commit("start")
    project.branch("work")
    project.script("003.drop.sql", "alter table users drop column mail;")
    project.commit("drop")
    return project


def check(project: Project, *options: str) -> str:
    """Check with a replay, which must change nothing, and return what is said."""
    with untouched(project.root):
        result = project.tsm_inprocess("check", "--replay", *options)
    assert result.stderr == ""
    return result.stdout


def kept(project: Project) -> dict[str, Path]:
    """Return the files of the cache by kind."""
    folder = Path(project.env.variables()["HOME"], ".cache", "tsm", "replays")
    files = list(folder.iterdir()) if folder.exists() else []
    return {path.name.partition("-")[0]: path for path in files}


def forge(path: Path, content: bytes) -> None:
    """Put something into an entry that looks whole."""
    path.write_bytes(MAGIC + sha256(content).digest() + content)


LOSS = "TSM504 warning: `003.drop.sql` loses the data of column `mail` of `users`"


@pytest.mark.parametrize(
    "options",
    [(), ("--staged",), ("--head", "work"), ("--base", "main", "--head", "work")],
    ids=["worktree", "staged", "head", "base and head"],
)
def test_each_place_is_replayed(shop: Project, options: tuple[str, ...]) -> None:
    assert LOSS in check(shop, *options)


def test_a_bare_repository_is_enough(shop: Project) -> None:
    bare = shop.clone("bare.git", "--bare")

    said = bare.tsm_inprocess("check", "--replay", "--base", "main", "--head", "work").stdout

    assert LOSS in said


def test_nothing_is_run_unless_asked_for(shop: Project) -> None:
    with untouched(shop.root):
        result = shop.tsm_inprocess("check", "--json")

    (database,) = result.json()["databases"]
    why = {skipped["code"]: skipped["why"] for skipped in database["skipped"]}
    assert why["TSM501"] == "no replay was asked for (--replay)"
    assert kept(shop) == {}


def test_what_nobody_asked_for_is_not_in_the_report_for_people(shop: Project) -> None:
    assert "TSM501" not in shop.tsm_inprocess("check").stdout


def test_a_second_check_remembers_the_first(shop: Project) -> None:
    first = check(shop)
    assert kept(shop).keys() == {"outcome", "image"}
    content = kept(shop)["outcome"].read_bytes()[len(MAGIC) + 32 :]
    forge(kept(shop)["outcome"], content.replace(b'"mail"', b'"made"'))

    second = check(shop)

    assert first != second
    assert "column `made` of `users`" in second


def test_another_draft_goes_on_from_the_published_scripts(shop: Project) -> None:
    check(shop)
    connection = apsw.Connection(":memory:")
    connection.execute("create table other (a)")
    forge(kept(shop)["image"], connection.serialize("main"))
    shop.edit("003.drop.sql", "drop table other;")

    assert "loses the data of table `other`" in check(shop)


@pytest.mark.parametrize("kind", ["outcome", "image"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"null", b'{"drafts": 7, "published": null, "order": null}', b"\0" * 8192],
)
def test_no_entry_can_do_harm(shop: Project, kind: str, content: bytes) -> None:
    first = check(shop)
    if kind == "image":
        kept(shop)["outcome"].unlink()
    forge(kept(shop)[kind], content)

    assert check(shop) == first


def test_the_cache_may_be_deleted_at_any_time(shop: Project) -> None:
    first = check(shop)
    for path in kept(shop).values():
        path.unlink()

    assert check(shop) == first


def test_what_took_too_long_is_not_remembered(shop: Project) -> None:
    endless = "with recursive c(x) as (values (1) union all select x + 1 from c)"
    shop.edit("003.drop.sql", f"create table t as {endless} select zeroblob(9000000) from c;")

    assert "is too much for a replay" in check(shop)
    assert "outcome" not in kept(shop)


def test_a_script_that_another_branch_edits_gives_another_outcome(shop: Project) -> None:
    check(shop)
    shop.edit("003.drop.sql", "create table t (a);")

    assert "TSM504" not in check(shop)


def test_a_script_that_is_not_finished_is_not_run(shop: Project) -> None:
    shop.script("004.choose.sql", "-- tsm: undecided\nnonsense;")

    said = check(shop)

    assert "TSM105" in said
    assert "TSM501" not in said


def test_a_project_without_git(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    plain = Project(project.env, folder)
    plain.script("001.users.sql", "create table users (id);\ncreate tabel posts (id);")

    result = plain.tsm_inprocess("check", "--replay")

    assert result.exit_code == 1
    assert f'{plain.path("001.users.sql")}:2:8: TSM501 `001.users.sql` fails: near "tabel"' in (
        result.stdout
    )


def test_the_gate_of_ci_runs_them_too(shop: Project) -> None:
    env = {"TSM_BASE": "main", "TSM_HEAD": "work"}

    gate = shop.tsm_inprocess("check", "--ci", env=env)
    without = shop.tsm_inprocess("check", "--ci", "--no-replay", env=env)

    assert LOSS in gate.stdout
    assert "TSM504" not in without.stdout


PUBLISHED = "create table users (id integer primary key, mail text);"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"-- who may log in\n{PUBLISHED}", "the edit is cosmetic: both texts make the same schema and the same rows"),
        ("create table users (mail text, id integer primary key);", "the edit moves columns: `users` has its columns in another order"),
        ("create table users (id integer primary key, mail text not null);", "the edit makes another database: table `users` differs"),
        (PUBLISHED + "insert into users values (1, 'a');", "the edit makes another database: other rows in `users`"),
        (PUBLISHED + "\n  create tabel t (a);", "the new text does not run: app.sqlite.migrations/001.users.sql:2:10: near \"tabel\": syntax error"),
    ],
)  # fmt: skip
def test_an_edit_of_a_published_script_is_told_with_its_effect(
    shop: Project, text: str, words: str
) -> None:
    shop.edit("001.users.sql", text)

    for _ in range(2):  # the second time from memory
        said = check(shop)
        assert "TSM201" in said
        assert f"    note: {shop.path('001.users.sql')}: {words}\n" in said
    assert words not in shop.tsm_inprocess("check").stdout


def test_an_edit_of_an_applied_draft_is_told_with_its_effect(shop: Project) -> None:
    shop.apply()
    shop.edit("003.drop.sql", "alter table users drop column mail; -- nobody reads it")

    said = check(shop)

    assert "TSM301" in said
    assert "003.drop.sql: the edit is cosmetic: both texts make the same" in said


def own_release() -> tuple[int, ...]:
    """Return the release of the SQLite that Python brings along; not loaded beside apsw."""
    script = "import sqlite3; print(sqlite3.sqlite_version)"
    told = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    return tuple(map(int, told.stdout.split(".")))


class TestTheOldestSQLite:
    """TSM509 by the library itself, where Python's own is what the project supports."""

    ORDERED = "create view v as select group_concat(id, ',' order by id) m from users;"

    @pytest.fixture
    def release(self) -> tuple[int, ...]:
        """Return the release that cannot read `ORDERED`, which no table of features knows."""
        release = own_release()
        if release >= (3, 44):
            pytest.skip("Python's own SQLite can read it")
        return release

    def test_a_view_that_it_cannot_make(self, shop: Project, release: tuple[int, ...]) -> None:
        shop.write("tsm.toml", f'min_sqlite = "3.{release[1]}"\n')
        shop.script("004.view.sql", self.ORDERED)

        told = check(shop)

        words = ".".join(map(str, release))
        assert f"the view `v` of `004.view.sql` cannot be read by SQLite {words} (near" in told
        assert told.count("TSM509") == check(shop).count("TSM509") >= 1  # from the cache, too

    def test_it_is_not_asked_for_another_release(
        self, shop: Project, release: tuple[int, ...]
    ) -> None:
        shop.write("tsm.toml", f'min_sqlite = "3.{release[1] - 1}"\n')
        shop.script("004.view.sql", self.ORDERED)

        assert "TSM509" not in check(shop)

    def test_what_hangs_on_what_it_cannot_make_is_not_told_again(
        self, shop: Project, release: tuple[int, ...]
    ) -> None:
        shop.write("tsm.toml", f'min_sqlite = "3.{release[1]}"\n')
        shop.script("004.view.sql", self.ORDERED + "\ncreate view w as select m from v;")

        told = check(shop)

        assert "the view `v` of" in told
        assert "the view `w` of" not in told

    def test_a_whole_schema_that_it_can_read(self, shop: Project) -> None:
        shop.write("tsm.toml", f'min_sqlite = "3.{own_release()[1]}"\n')
        shop.script(
            "004.all.sql",
            "create table t (a text collate nocase check (length(a) > 1)) strict;\n"
            "create index i on t (lower(a)) where a is not null;\n"
            'create view "a ""view""" as select t.a from t join users on users.id = t.rowid;\n'
            "create trigger g after insert on t begin delete from users; end;\n"
            "create virtual table f using fts5(words);\n"
            "create view of_f as select words from f;",
        )

        assert "TSM509" not in check(shop)
