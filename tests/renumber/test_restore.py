"""`tsm restore`: what was published comes back, and what stood in its place is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.holding import held
from tests.harness.looking import untouched, verdict
from tests.harness.project import Entry, Project, open_database
from tests.renumber.stories import texts
from tests.schema.test_documents import validate

USERS = "create table users (id integer primary key);\ninsert into users values (1);\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose main has three scripts; the branch `mail` is checked out."""
    project.script("001.users.sql", USERS)
    project.script("002.orders.sql", "create table orders (id integer primary key, what text);\n")
    project.script("003.items.sql", "create table items (id integer primary key, n integer);\n")
    project.commit("start")
    project.branch("mail")
    return project


def kept(shop: Project) -> dict[str, bytes]:
    """Return the files that were moved aside."""
    return {path.name: path.read_bytes() for path in shop.root.glob("app.sqlite.bak/scripts-*/*")}


def restored(shop: Project) -> str:
    """Restore the scripts, after which base and the branch agree; return what was said."""
    result = shop.tsm_inprocess("restore", "--scripts", "--yes").exits(0)
    assert verdict(shop).findings == []
    return result.stdout


class TestScripts:
    def test_nothing_to_do(self, shop: Project) -> None:
        shop.script("004.mine.sql")
        with untouched(shop.root):
            assert restored(shop) == "every published script is as it was published\n"

    def test_an_edited_one(self, shop: Project) -> None:
        before = texts(shop)
        shop.edit("002.orders.sql", "create table mine (id);\n")

        restored(shop)

        assert texts(shop) == before
        assert kept(shop) == {"002.orders.sql": b"create table mine (id);\n"}

    def test_a_committed_edit(self, shop: Project) -> None:
        before = texts(shop)
        shop.edit("002.orders.sql")
        shop.commit("edit")

        restored(shop)

        assert texts(shop) == before
        shop.commit("take it back")
        assert verdict(shop, "--head", "HEAD").findings == []

    def test_a_deleted_one(self, shop: Project) -> None:
        before = texts(shop)
        shop.delete("002.orders.sql")

        restored(shop)

        assert texts(shop) == before
        assert kept(shop) == {}

    def test_a_renamed_one(self, shop: Project) -> None:
        before = texts(shop)
        shop.rename("002.orders.sql", "002.purchases.sql")

        restored(shop)

        assert texts(shop) == before

    def test_a_renumbered_one(self, shop: Project) -> None:
        before = texts(shop)
        shop.rename("003.items.sql", "004.items.sql")
        shop.script("003.mine.sql")

        shop.tsm_inprocess("restore", "--scripts", "--yes").exits(0)

        mine = texts(shop).pop("003.mine.sql")
        assert texts(shop) == before | {"003.mine.sql": mine}
        assert verdict(shop).findings == [("TSM204", "003.mine.sql")]

    def test_one_that_was_renamed_and_edited(self, shop: Project) -> None:
        before = texts(shop)
        shop.rename("002.orders.sql", "004.orders.sql")
        shop.edit("004.orders.sql")
        edited = texts(shop)["004.orders.sql"]

        restored(shop)

        assert texts(shop) == before
        assert kept(shop) == {"004.orders.sql": edited}

    def test_two_that_have_changed_places(self, shop: Project) -> None:
        before = texts(shop)
        shop.rename("002.orders.sql", "004.orders.sql")
        shop.rename("003.items.sql", "002.items.sql")
        shop.rename("004.orders.sql", "003.orders.sql")

        restored(shop)

        assert texts(shop) == before

    def test_two_that_have_changed_texts(self, shop: Project) -> None:
        before = texts(shop)
        shop.edit("002.orders.sql", before["003.items.sql"])
        shop.edit("003.items.sql", before["002.orders.sql"])

        restored(shop)

        assert texts(shop) == before
        assert sorted(kept(shop).values()) == sorted(
            [before["002.orders.sql"], before["003.items.sql"]]
        )

    def test_all_at_once(self, shop: Project) -> None:
        before = texts(shop)
        shop.edit("001.users.sql")
        shop.rename("002.orders.sql", "009.orders.sql")
        shop.delete("003.items.sql")

        said = restored(shop)

        assert texts(shop) == before
        assert said.count("restored ") == 3

    def test_it_is_what_base_has_now(self, shop: Project) -> None:
        shop.edit("002.orders.sql")
        edited = texts(shop)["002.orders.sql"]
        shop.git("switch", "--quiet", "--detach")
        (shop.folder / "002.orders.sql").write_bytes(edited)

        restored(shop)

        assert b"-- edited" not in texts(shop)["002.orders.sql"]

    def test_what_production_ran_and_no_commit_has(self, shop: Project) -> None:
        shop.write_ledger(
            [
                *shop.entries("001.users.sql", "002.orders.sql", "003.items.sql"),
                Entry(4, "004.hotfix.sql", "create table hotfix (id);\n"),
            ],
            "app.sqlite.ref",
        )
        assert ("TSM207", "004.hotfix.sql") in verdict(shop).findings

        restored(shop)

        assert shop.read("004.hotfix.sql") == "create table hotfix (id);\n"

    def test_what_production_ran_with_another_text(self, shop: Project) -> None:
        shop.write_ledger(
            [Entry(1, "001.users.sql", "create table users (id, name);\n")], "app.sqlite.ref"
        )
        before = texts(shop)

        for _ in range(2):
            shop.tsm_inprocess("restore", "--scripts", "--yes").exits(0)

            assert shop.read("001.users.sql") == "create table users (id, name);\n"
            assert kept(shop) == {"001.users.sql": before["001.users.sql"]}

    @pytest.mark.parametrize(
        "name", ["../x.sql", "004.../../../x.sql", "/tmp/x.sql", "004.a\n.sql", "004.a\\b.sql"]
    )
    def test_a_ledger_names_no_file_outside(self, shop: Project, name: str) -> None:
        shop.write_ledger([Entry(4, name, "create table evil (id);\n")], "app.sqlite.ref")
        before = {path for path in shop.env.root.rglob("*") if ".git" not in path.parts}

        result = shop.tsm_inprocess("restore", "--scripts", "--yes").exits(1)

        assert "which is no script name" in result.stderr
        assert len(result.stderr.splitlines()) == 2
        assert {path for path in shop.env.root.rglob("*") if ".git" not in path.parts} == before

    def test_a_text_that_is_nowhere(self, shop: Project) -> None:
        columns = {"id": "INTEGER PRIMARY KEY", "filename": "TEXT", "script": "TEXT"}
        shop.write_ledger([Entry(4, "004.hotfix.sql", None)], "app.sqlite.ref", columns)
        before = texts(shop)

        result = shop.tsm_inprocess("restore", "--scripts", "--yes").exits(1)

        assert result.stderr == (
            "error: the text of `004.hotfix.sql` is in no commit and in no ledger\n"
            "hint: bring the script back by hand\n"
        )
        assert texts(shop) == before

    def test_drafts_are_left_alone(self, shop: Project) -> None:
        shop.script("004.mine.sql", b"create table mine (id);\r\n")
        shop.edit("002.orders.sql")

        restored(shop)

        assert texts(shop)["004.mine.sql"] == b"create table mine (id);\r\n"
        assert kept(shop).keys() == {"002.orders.sql"}

    def test_two_runs_keep_both_texts(self, shop: Project) -> None:
        shop.edit("002.orders.sql", "select 1;\n")
        restored(shop)
        shop.edit("002.orders.sql", "select 2;\n")
        restored(shop)

        found = {path.read_text() for path in shop.root.glob("app.sqlite.bak/scripts-*/*")}
        assert found == {"select 1;\n", "select 2;\n"}

    def test_without_a_terminal_it_does_not_go_ahead(self, shop: Project) -> None:
        shop.edit("002.orders.sql")
        with untouched(shop.root):
            result = shop.tsm("restore", "--scripts").exits(2)

        assert "add `--yes` to go ahead" in result.stderr

    def test_one_of_the_two_has_to_be_named(self, shop: Project) -> None:
        assert shop.tsm_inprocess("restore", "--yes").exit_code == 2
        assert shop.tsm_inprocess("restore", "--scripts", "--db", "--yes").exit_code == 2

    def test_a_folder_that_cannot_be_written_to_puts_the_edited_text_back(
        self, shop: Project
    ) -> None:
        """A file that would be the new one's first name is in the way."""
        shop.edit("002.orders.sql", "select 1;\n")
        (shop.folder / ".002.orders.sql.part").mkdir()

        result = shop.tsm_inprocess("restore", "--scripts", "--yes").exits(2)

        assert result.stderr.startswith("error: ")
        found = [*texts_of(shop.folder), *texts_of(shop.root / "app.sqlite.bak")]
        assert b"select 1;\n" in found
        assert shop.read("002.orders.sql") == "select 1;\n"


def texts_of(folder: Path) -> list[bytes]:
    """Return the bytes of all files below a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


class TestDatabase:
    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_it_becomes_empty_and_applies_again(self, shop: Project, mode: str) -> None:
        shop.apply()
        set_mode(shop, mode)
        execute(shop, "insert into users values (7)")

        said = shop.tsm_inprocess("restore", "--db", "--yes").exits(0).stdout

        assert "app.sqlite becomes an empty database" in said
        assert shop.query("select name from sqlite_schema") == []
        assert shop.query("pragma journal_mode") == [(mode,)]
        (backup,) = shop.root.glob("app.sqlite.bak/*.sqlite")
        assert backup.name.endswith(".003.app.sqlite")
        name = backup.relative_to(shop.root).as_posix()
        assert name in said
        assert shop.query("select id from users order by id", name) == [(1,), (7,)]
        assert shop.query("pragma integrity_check", name) == [("ok",)]
        shop.apply()
        assert verdict(shop).state == "CURRENT"

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_it_becomes_what_ref_is(self, shop: Project, mode: str) -> None:
        shop.apply()
        (shop.root / "app.sqlite").rename(shop.root / "app.sqlite.ref")
        shop.script("004.mine.sql")
        shop.apply()
        set_mode(shop, mode)
        execute(shop, "insert into users values (7)")
        execute(shop, "insert into users values (8)", "app.sqlite.ref")
        ref = (shop.root / "app.sqlite.ref").read_bytes()

        shop.tsm_inprocess("restore", "--db", "--yes").exits(0)

        assert shop.query("select id from users order by id") == [(1,), (8,)]
        assert (shop.root / "app.sqlite.ref").read_bytes() == ref
        assert verdict(shop).pending == ["004.mine.sql"]
        assert shop.query("pragma journal_mode") == [(mode,)]

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_while_another_program_has_it_open(self, shop: Project, mode: str) -> None:
        shop.apply()
        set_mode(shop, mode)
        with held(shop.root / "app.sqlite", "select count(*) from users"):
            shop.tsm("restore", "--db", "--yes").exits(0)
            assert shop.query("select name from sqlite_schema") == []
            assert shop.query("pragma integrity_check") == [("ok",)]

    def test_while_another_program_reads_a_log_s_past(self, shop: Project) -> None:
        """With a write-ahead log readers see what was, and hold nobody up."""
        shop.apply()
        set_mode(shop, "wal")
        with held(shop.root / "app.sqlite", "begin", "select count(*) from users"):
            shop.tsm("restore", "--db", "--yes").exits(0)
        assert shop.query("select name from sqlite_schema") == []

    @pytest.mark.slow
    def test_while_another_program_writes_it_is_locked(self, shop: Project) -> None:
        shop.apply()
        with held(shop.root / "app.sqlite", "begin exclusive"):
            result = shop.tsm("restore", "--db", "--yes").exits(2)
        assert "`app.sqlite` is locked by another process" in result.stderr
        assert verdict(shop).state == "CURRENT"

    def test_a_ref_of_another_page_size(self, shop: Project) -> None:
        shop.apply()
        set_mode(shop, "wal")
        connection = open_database(shop.root / "app.sqlite.ref")
        connection.execute("pragma page_size = 8192")
        connection.execute("create table users (id integer primary key, name)")
        connection.close()

        result = shop.tsm("restore", "--db", "--yes")

        if result.exit_code:
            assert result.exits(2).stderr.startswith("error: ")
            assert shop.query("select count(*) from orders") == [(0,)]
        else:
            assert shop.query("select name from pragma_table_info('users')") == [("id",), ("name",)]

    def test_a_ref_that_is_no_database(self, shop: Project) -> None:
        shop.apply()
        before = (shop.root / "app.sqlite").read_bytes()
        shop.write("app.sqlite.ref", "garbage " * 1000)

        assert shop.tsm_inprocess("restore", "--db", "--yes").exit_code == 2
        assert (shop.root / "app.sqlite").read_bytes() == before

    def test_a_corrupt_ref(self, shop: Project) -> None:
        shop.apply()
        before = shop.query("select id from users")
        data = bytearray((shop.root / "app.sqlite").read_bytes())
        data[4096 * 2 + 8 : 4096 * 3] = b"\xff" * (4096 - 8)
        shop.write("app.sqlite.ref", bytes(data))

        result = shop.tsm_inprocess("restore", "--db", "--yes").exits(2)

        assert result.stderr.startswith("error: ")
        assert shop.query("select id from users") == before

    def test_a_database_that_does_not_exist(self, shop: Project) -> None:
        shop.tsm_inprocess("restore", "--db", "--yes").exits(0)

        assert list(shop.root.glob("app.sqlite.bak/*")) == []
        assert verdict(shop).state == "PENDING"

    def test_several_databases_are_not_restored_at_once(self, shop: Project) -> None:
        other = Project(shop.env, shop.root, database="b.sqlite")
        other.script("001.x.sql")

        result = shop.tsm_inprocess("restore", "--db", "--yes").exits(2)

        assert result.stderr == (
            "error: there are 2 databases: `app.sqlite`, `b.sqlite`\n"
            "hint: name one with `--database NAME`\n"
        )

    def test_two_restores_keep_two_backups(self, shop: Project) -> None:
        shop.apply()
        shop.tsm_inprocess("restore", "--db", "--yes").exits(0)
        shop.apply()
        shop.tsm_inprocess("restore", "--db", "--yes").exits(0)

        assert len(list(shop.root.glob("app.sqlite.bak/*.sqlite"))) == 2
        assert not list(shop.root.glob("app.sqlite.bak/*.part"))

    def test_without_a_terminal_it_does_not_go_ahead(self, shop: Project) -> None:
        shop.apply()
        with untouched(shop.root):
            assert shop.tsm("restore", "--db").exits(2).stderr.startswith("error: ")


class TestJson:
    def test_what_came_back_and_where_the_other_text_is(self, shop: Project) -> None:
        shop.edit("002.orders.sql")
        shop.delete("003.items.sql")

        result = shop.tsm_inprocess("restore", "--scripts", "--yes", "--json").exits(0)

        document = result.json()
        validate(document, "restore")
        (saved,) = shop.root.glob("app.sqlite.bak/scripts-*/002.orders.sql")
        assert document["databases"] == [
            {
                "database": "app.sqlite",
                "restored": False,
                "source": None,
                "saved": None,
                "scripts": [
                    {
                        "script": "002.orders.sql",
                        "saved": saved.relative_to(shop.root).as_posix(),
                    },
                    {"script": "003.items.sql", "saved": None},
                ],
            }
        ]
        assert "restored app.sqlite.migrations/003.items.sql" in result.stderr

    def test_a_database(self, shop: Project) -> None:
        shop.apply()

        result = shop.tsm_inprocess("restore", "--db", "--yes", "--json").exits(0)

        document = result.json()
        validate(document, "restore")
        (backup,) = shop.root.glob("app.sqlite.bak/*.sqlite")
        saved = backup.relative_to(shop.root).as_posix()
        assert document["databases"] == [
            {
                "database": "app.sqlite",
                "restored": True,
                "source": None,
                "saved": saved,
                "scripts": [],
            }
        ]

    def test_nothing_to_do(self, shop: Project) -> None:
        result = shop.tsm_inprocess("restore", "--scripts", "--yes", "--json").exits(0)

        assert result.json() == {"version": 1, "databases": []}
        assert result.stderr == "every published script is as it was published\n"

    def test_a_choice_is_none_for_programs(self, shop: Project) -> None:
        result = shop.tsm_inprocess("restore", "--json").exits(2)

        assert "--json needs one of --scripts, --db and --backup" in result.stderr


def set_mode(shop: Project, mode: str) -> None:
    """Give the working database this journal."""
    execute(shop, f"pragma journal_mode = {mode}")


def execute(shop: Project, sql: str, database: str = "app.sqlite") -> None:
    """Change a database by hand."""
    connection = open_database(shop.root / database)
    connection.execute(sql).fetchall()
    connection.close()
