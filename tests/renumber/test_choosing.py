"""`tsm restore` on a terminal, and what it brings back from a backup or a ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import terminal
from tests.harness.holding import held, killed_after
from tests.harness.looking import untouched, verdict
from tests.harness.project import Entry, Project, open_database
from tests.renumber.test_restore import execute, kept, set_mode

USERS, MAIL, CITY = "001.users.sql", "002.mail.sql", "003.city.sql"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project that has published and applied two scripts, and applied a draft."""
    project.scripts(USERS, MAIL)
    project.commit("start")
    project.branch("city")
    project.script(CITY, "create table city (id integer primary key);\n")
    project.apply()
    return project


def on_a_terminal(shop: Project, *answers: str, colour: bool = False) -> str:
    """Run `tsm restore` on a terminal, give an answer at each prompt, and return what it showed."""
    env = {"FORCE_COLOR": "1"} if colour else {}
    return terminal.on_a_terminal(shop, "restore", prompt="[n]: ", answers=answers, env=env)


class TestOnATerminal:
    def test_nothing_has_diverged(self, shop: Project) -> None:
        with untouched(shop.root):
            assert "nothing to restore" in on_a_terminal(shop)

    def test_a_draft_that_was_edited_is_shown_and_taken_back(self, shop: Project) -> None:
        before = shop.read(CITY)
        shop.edit(CITY, "create table city (id integer primary key, name text);\n")

        shown = on_a_terminal(shop, "s")

        assert f"{CITY} was edited after the working database had it" in shown
        assert f"--- {CITY} (file)" in shown
        assert f"+++ {CITY} (the working database)" in shown
        assert "-create table city (id integer primary key, name text);" in shown
        assert "+create table city (id integer primary key);" in shown
        assert "the edit makes another database: " in shown
        assert shop.read(CITY) == before
        assert list(kept(shop)) == [CITY]
        assert verdict(shop).state == "CURRENT"

    def test_an_edit_that_changes_nothing_is_said_to_be_cosmetic(self, shop: Project) -> None:
        shop.edit(CITY, "-- Cities.\ncreate table city (id integer primary key);\n")

        shown = on_a_terminal(shop, "n")

        assert "the edit is cosmetic: both texts make the same schema and the same rows" in shown

    def test_the_database_is_made_anew(self, shop: Project) -> None:
        shop.edit(CITY, "create table town (id);\n")

        on_a_terminal(shop, "d")

        assert shop.read(CITY) == "create table town (id);\n"
        assert verdict(shop).pending == [USERS, MAIL, CITY]
        assert len(list(shop.root.glob("app.sqlite.bak/*.003.app.sqlite"))) == 1

    def test_nothing_is_the_default(self, shop: Project) -> None:
        shop.edit(CITY, "create table town (id);\n")
        with untouched(shop.root):
            on_a_terminal(shop, "")

    def test_a_capital_letter_answers_for_all_that_follow(self, shop: Project) -> None:
        shop.script("004.a.sql", "create table a (x);\n")
        shop.apply()
        before = shop.read(CITY), shop.read("004.a.sql")
        shop.edit(CITY, "select 1;\n")
        shop.edit("004.a.sql", "select 2;\n")

        on_a_terminal(shop, "S")

        assert (shop.read(CITY), shop.read("004.a.sql")) == before

    def test_a_published_script_cannot_be_had_by_another_database(self, shop: Project) -> None:
        before = shop.read(MAIL)
        shop.edit(MAIL, "select 'other';\n")

        shown = on_a_terminal(shop, "s")

        assert f"{MAIL} was edited after base had it" in shown
        assert "[d]" not in shown
        assert shop.read(MAIL) == before

    def test_renamed_and_edited_missing_and_renamed_alone(self, shop: Project) -> None:
        for number in (4, 5):
            shop.script(f"00{number}.x{number}.sql", f"create table x{number} (a, b);\n")
        shop.apply()
        before = {name: shop.read(name) for name in (CITY, "004.x4.sql", "005.x5.sql")}
        shop.rename(CITY, "003.town.sql")
        shop.edit("003.town.sql", "create table city (id integer primary key);\nselect 1;\n")
        shop.delete("004.x4.sql")
        shop.rename("005.x5.sql", "005.y.sql")

        shown = on_a_terminal(shop, "s", "s", "s")

        assert f"{CITY} was renamed to 003.town.sql and edited after" in shown
        assert "004.x4.sql is missing, and the working database has it" in shown
        assert "005.x5.sql was renamed to 005.y.sql after the working database had it" in shown
        assert {name: shop.read(name) for name in before} == before
        assert verdict(shop).state == "CURRENT"

    def test_colours(self, shop: Project) -> None:
        shop.edit(CITY, "select 1;\n")

        shown = on_a_terminal(shop, "n", colour=True)

        assert "\x1b[31m-select 1;\x1b[0m" in shown
        assert "\x1b[32m+create table city (id integer primary key);\x1b[0m" in shown

    def test_a_text_cannot_command_the_terminal(self, shop: Project) -> None:
        shop.edit(CITY, "select '\x1b[2J\x1b]0;owned\x07';\n")

        shown = on_a_terminal(shop, "n")

        assert "\x1b" not in shown
        assert r"-select '\x1b[2J\x1b]0;owned\x07';" in shown


class TestApplied:
    def test_scripts_come_back_as_the_working_database_ran_them(self, shop: Project) -> None:
        before = shop.read(CITY)
        shop.edit(CITY, "select 1;\n")
        shop.tsm_inprocess("restore", "--scripts", "--yes").exits(0)
        assert shop.read(CITY) == "select 1;\n"  # a draft is not published

        said = shop.tsm_inprocess("restore", "--scripts", "--applied", "--yes").exits(0).stdout

        assert "what was there is now app.sqlite.bak/scripts-" in said
        assert shop.read(CITY) == before
        assert kept(shop) == {CITY: b"select 1;\n"}

    def test_nothing_to_do(self, shop: Project) -> None:
        said = shop.tsm_inprocess("restore", "--scripts", "--applied", "--yes").exits(0).stdout
        assert said == "every applied script is as it was applied\n"

    @pytest.mark.parametrize("name", ["../x.sql", "004.../../../x.sql", "/tmp/x.sql"])
    def test_a_ledger_names_no_file_outside(self, shop: Project, name: str) -> None:
        shop.write_ledger([Entry(4, name, "create table evil (id);\n")])
        before = {path for path in shop.env.root.rglob("*") if ".git" not in path.parts}

        result = shop.tsm_inprocess("restore", "--scripts", "--applied", "--yes").exits(1)

        assert "which is no script name" in result.stderr
        assert {path for path in shop.env.root.rglob("*") if ".git" not in path.parts} == before

    @pytest.mark.parametrize(
        "arguments", [("--applied",), ("--db", "--backup", "x"), ("--db", "--applied")]
    )
    def test_what_makes_no_sense(self, shop: Project, arguments: tuple[str, ...]) -> None:
        with untouched(shop.root):
            shop.tsm_inprocess("restore", *arguments, "--yes").exits(2)


class TestFromABackup:
    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_it_comes_back_with_its_rows(self, shop: Project, mode: str) -> None:
        set_mode(shop, mode)
        execute(shop, "insert into city values (7)")
        shop.tsm_inprocess("backup").exits(0)
        (name,) = [path.name for path in shop.root.glob("app.sqlite.bak/*.sqlite")]
        execute(shop, "delete from city")

        said = shop.tsm_inprocess("restore", "--backup", name, "--yes").exits(0).stdout

        assert said.startswith(f"app.sqlite becomes the content of app.sqlite.bak/{name}\n")
        assert shop.query("select id from city") == [(7,)]
        assert shop.query("pragma journal_mode") == [(mode,)]
        assert len(list(shop.root.glob("app.sqlite.bak/*.sqlite"))) == 2

    def test_latest_is_the_newest_before_this(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        execute(shop, "insert into city values (7)")
        shop.tsm_inprocess("backup").exits(0)
        execute(shop, "delete from city")

        shop.tsm_inprocess("restore", "--backup", "latest", "--yes").exits(0)

        assert shop.query("select id from city") == [(7,)]

    def test_the_oldest_is_not_pruned_before_it_is_restored(self, shop: Project) -> None:
        shop.write("tsm.toml", 'database = "app.sqlite"\nkeep_backups = 1\n')
        execute(shop, "insert into city values (7)")
        shop.tsm_inprocess("backup").exits(0)
        execute(shop, "delete from city")
        shop.tsm_inprocess("backup").exits(0)
        first, second = sorted(shop.root.glob("app.sqlite.bak/*.sqlite"))

        shop.tsm_inprocess("restore", "--backup", first.name, "--yes").exits(0)

        assert shop.query("select id from city") == [(7,)]
        assert (first.exists(), second.exists()) == (True, False)

    @pytest.mark.parametrize("name", ["nothing", "../app.sqlite", "", "/etc/passwd"])
    def test_one_that_does_not_exist(self, shop: Project, name: str) -> None:
        with untouched(shop.root):
            result = shop.tsm_inprocess("restore", "--backup", name, "--yes").exits(2)
        assert f"there is no backup `{name}` of `app.sqlite`" in result.stderr

    def test_a_corrupt_one_changes_nothing(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        (backup,) = shop.root.glob("app.sqlite.bak/*.sqlite")
        data = backup.read_bytes()
        backup.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
        with untouched(shop.root):
            result = shop.tsm_inprocess("restore", "--backup", backup.name, "--yes").exits(2)
        assert f"`app.sqlite.bak/{backup.name}` is corrupt: " in result.stderr

    def test_pages_of_another_size(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        set_mode(shop, "delete")
        execute(shop, "pragma page_size = 8192; vacuum")
        set_mode(shop, "wal")

        shop.tsm_inprocess("restore", "--backup", "latest", "--yes").exits(0)

        assert shop.query("pragma page_size") == [(4096,)]
        assert shop.query("pragma journal_mode") == [("wal",)]
        assert verdict(shop).state == "CURRENT"

    def test_others_see_it_become_another(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        execute(shop, "insert into city values (7)")
        with held(shop.root / "app.sqlite", "select count(*) from city"):
            shop.tsm("restore", "--backup", "latest", "--yes").exits(0)
        assert shop.query("select count(*) from city") == [(0,)]


class TestCorrupt:
    """The working database is damaged: it is saved as it is, and made anew all the same."""

    @pytest.mark.parametrize(
        "harm",
        [
            pytest.param(lambda data: data[:4096] + b"\xff" * 4096 + data[8192:], id="page"),
            pytest.param(lambda data: data[:100] + b"\xff" * 500 + data[600:], id="schema"),
            pytest.param(lambda data: data[:5000], id="cut"),
            pytest.param(lambda data: b"garbage" + data[7:], id="header"),
            pytest.param(lambda _: b"no database at all", id="no database"),
        ],
    )
    def test_a_backup_takes_its_place(self, shop: Project, harm: Callable[[bytes], bytes]) -> None:
        shop.tsm_inprocess("backup").exits(0)
        path = shop.root / "app.sqlite"
        path.write_bytes(harm(path.read_bytes()))
        damaged = path.read_bytes()

        said = shop.tsm_inprocess("restore", "--backup", "latest", "--yes").exits(0).stdout

        (saved,) = shop.root.glob("app.sqlite.bak/corrupt-*/app.sqlite")
        assert f"what it held is now {saved.relative_to(shop.root).as_posix()}\n" in said
        assert saved.read_bytes() == damaged
        assert verdict(shop).state == "CURRENT"
        assert shop.query("pragma integrity_check") == [("ok",)]

    def test_a_log_of_a_killed_program_is_saved_with_it(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        path = shop.root / "app.sqlite"
        killed_after(path, "pragma journal_mode = wal", "insert into city values (7)")
        path.write_bytes(b"garbage" + path.read_bytes()[7:])

        shop.tsm_inprocess("restore", "--backup", "latest", "--yes").exits(0)

        (saved,) = shop.root.glob("app.sqlite.bak/corrupt-*")
        assert {"app.sqlite", "app.sqlite-wal"} <= {file.name for file in saved.iterdir()}
        assert shop.query("select count(*) from city") == [(0,)]

    def test_one_that_may_not_be_written_is_left_alone(self, shop: Project) -> None:
        other = Path(shop.root, "elsewhere.sqlite")
        open_database(other).close()
        shop.tsm_inprocess("backup").exits(0)
        (shop.root / "app.sqlite").unlink()
        (shop.root / "app.sqlite").mkdir()

        result = shop.tsm_inprocess("restore", "--backup", "latest", "--yes").exits(2)

        assert "is not a file" in result.stderr
