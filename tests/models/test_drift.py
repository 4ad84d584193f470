"""Drift as users meet it: on the command line and in Python, with what may go wrong there."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.harness.looking import untouched
from tests.harness.project import Project
from tsm_git import Migrate, ModelsError, State, TableRow

USERS = "create table users (id integer primary key, name text);\n"


class User(TableRow):
    __tablename__ = "users"
    name: str


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose one script has run, and whose models say the same."""
    project.script("001.users.sql", USERS)
    project.write("schema.sql", USERS)
    project.write("tsm.toml", 'models = "schema.sql"\n')
    project.commit("start")
    project.apply()
    return project


def drift(document: Any) -> list[str]:
    """Return the messages of TSM401."""
    (database,) = document["databases"]
    return [found["message"] for found in database["findings"] if found["code"] == "TSM401"]


def skipped(document: Any) -> str | None:
    """Return why TSM401 was not judged."""
    (database,) = document["databases"]
    return next((each["why"] for each in database["skipped"] if each["code"] == "TSM401"), None)


class TestCheck:
    def test_where_all_agree_nothing_is_said(self, shop: Project) -> None:
        with untouched(shop.root):
            checked = shop.tsm_inprocess("check").exits(0)

        assert "CURRENT" in checked.stdout
        assert "TSM401" not in checked.stdout

    def test_a_change_of_the_models(self, shop: Project) -> None:
        shop.write("schema.sql", USERS.replace("name text", "name text not null"))

        with untouched(shop.root):
            checked = shop.tsm_inprocess("check").exits(1)
            shown = shop.tsm_inprocess("status").exits(0)

        said = "TSM401 `schema.sql` changes table `users` of `app.sqlite`: column `name` becomes NOT NULL"
        assert f"schema.sql:1:1: {said}\n" in checked.stdout
        assert "app.sqlite: DRIFT" in checked.stdout
        assert said in shown.stdout

    def test_a_change_of_the_database_by_hand(self, shop: Project) -> None:
        with sqlite3.connect(shop.root / "app.sqlite") as connection:
            connection.execute("create index by_hand on users (name)")
        connection.close()

        document = shop.tsm_inprocess("check", "--json").exits(1).json()

        assert drift(document) == ["`schema.sql` drops index `by_hand` of `app.sqlite`"]
        assert document["databases"][0]["state"] == "DRIFT"

    def test_the_tables_of_others_are_none_of_tsms(self, shop: Project) -> None:
        with sqlite3.connect(shop.root / "app.sqlite") as connection:
            connection.execute("create table _litestream_seq (id integer primary key, seq integer)")
            connection.execute("analyze")
        connection.close()

        assert drift(shop.tsm_inprocess("check", "--json").exits(0).json()) == []

    def test_the_severity_is_the_teams(self, shop: Project) -> None:
        shop.write("schema.sql", USERS + "create view v as select 1;\n")
        shop.write("tsm.toml", 'models = "schema.sql"\n[rules]\nTSM401 = "warning"\n')
        assert "TSM401 warning:" in shop.tsm_inprocess("check").exits(0).stdout

        shop.write("tsm.toml", 'models = "nothing.sql"\n[rules]\nTSM401 = "off"\n')
        document = shop.tsm_inprocess("check", "--json").exits(0).json()
        assert skipped(document) == "switched off in the configuration"

    def test_another_database_that_is_named(self, shop: Project, tmp_path: Path) -> None:
        other = tmp_path / "other.sqlite"
        other.write_bytes((shop.root / "app.sqlite").read_bytes())
        with sqlite3.connect(other) as connection:
            connection.execute("alter table users add column age")
        connection.close()

        document = shop.tsm_inprocess("check", "--working", str(other), "--json").json()

        assert drift(document) == [
            f"`schema.sql` changes table `users` of `{other}`: column `age` goes"
        ]

    def test_each_database_has_models_of_its_own(self, shop: Project) -> None:
        shop.write("log.sqlite.migrations/001.log.sql", "create table log (line);\n")
        shop.write("log.sql", "create table log (line text);\n")
        shop.write(
            "tsm.toml",
            'models = "schema.sql"\n[databases."app.sqlite"]\n'
            '[databases."log.sqlite"]\nmodels = "log.sql"\n',
        )

        checked = shop.tsm_inprocess("check").exits(1)

        assert [line for line in checked.stdout.splitlines() if "TSM401" in line] == [
            "log.sql:1:1: TSM401 `log.sql` changes table `log` of the scripts: "
            "column `line` has the type `text`, not none"
        ]

    def test_without_git(self, shop: Project, tmp_path: Path) -> None:
        folder = tmp_path / "plain"
        folder.mkdir()
        plain = Project(shop.env, folder)
        plain.script("001.users.sql", USERS)
        plain.write("schema.sql", "create table users (id integer primary key);\n")
        plain.write("tsm.toml", 'models = "schema.sql"\n')

        document = plain.tsm_inprocess("check", "--json").exits(1).json()

        assert drift(document) == [
            "`schema.sql` changes table `users` of the scripts: column `name` goes"
        ]

    def test_a_configuration_below_the_top(self, shop: Project) -> None:
        shop.write("svc/a.sqlite.migrations/001.a.sql", USERS)
        shop.write("svc/lib/models.py", f"DDL = {USERS!r} + 'create view v as select 1'\n")
        shop.write("svc/tsm.toml", 'database = "a.sqlite"\nmodels = "lib.models:DDL"\n')

        checked = shop.tsm_inprocess("check", cwd="svc").exits(1)

        assert "TSM401 `lib.models:DDL` adds view `v` to the scripts" in checked.stdout

    def test_what_sqlite3_prints_of_a_schema_is_models(self, shop: Project) -> None:
        script = """
            create table a (id integer primary key autoincrement, x);
            create virtual table f using fts5(x);
            create view v as select x from a;
            create trigger t after insert on a begin insert into f values (new.x); end;
        """
        shop.script("002.more.sql", script)
        shop.apply()
        with sqlite3.connect(shop.root / "app.sqlite") as connection:
            connection.execute("insert into a (x) values (1)")
            connection.execute("analyze")
            dump = [sql + ";" for (sql,) in connection.execute(
                "select sql from sqlite_schema where sql is not null order by rowid"
            )]  # fmt: skip
        connection.close()
        shop.write("schema.sql", "\n".join(["BEGIN;", *dump, "COMMIT;"]).replace(
            "CREATE TABLE 'f_", "CREATE TABLE IF NOT EXISTS 'f_"))  # fmt: skip

        assert "CURRENT" in shop.tsm_inprocess("check").exits(0).stdout

    def test_a_script_that_runs_without_a_transaction(self, shop: Project) -> None:
        shop.script("002.vacuum.sql", "-- tsm: no-transaction\nvacuum;\n")

        assert drift(shop.tsm_inprocess("check", "--json").exits(0).json()) == []
        assert "PENDING" in shop.tsm_inprocess("check").exits(0).stdout

    def test_a_database_that_is_open_elsewhere(self, shop: Project) -> None:
        connection = sqlite3.connect(shop.root / "app.sqlite", isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin immediate")
        connection.execute("create table unfinished (x)")

        checked = shop.tsm("check")
        connection.close()

        assert "CURRENT" in checked.exits(0).stdout


class TestNotAsked:
    @pytest.mark.parametrize(
        ("options", "why"),
        [
            (["--no-models"], "the models were not asked for"),
            (["--staged"], "a check of the index or of a commit imports no models"),
            (["--head", "HEAD"], "a check of the index or of a commit imports no models"),
            (["--head", "HEAD", "--base", "main"],
             "a check of the index or of a commit imports no models"),
            (["--staged", "--no-models"], "the models were not asked for"),
        ],
    )  # fmt: skip
    def test_nothing_is_run(self, shop: Project, options: list[str], why: str) -> None:
        shop.write("tsm.toml", 'models = { command = ["touch", "was-here"] }\n')
        shop.commit("a command")

        checked = shop.tsm_inprocess("check", *options).exits(0)
        document = shop.tsm_inprocess("check", "--json", *options).json()

        assert skipped(document) == why
        assert "TSM401" not in checked.stdout
        assert not (shop.root / "was-here").exists()

    @pytest.mark.parametrize(
        "command", [["apply"], ["branches"], ["renumber", "--dry-run"], ["explain", "TSM401"],
                    ["check", "--fix", "--no-models"]]
    )  # fmt: skip
    def test_other_commands_run_no_models(self, shop: Project, command: list[str]) -> None:
        shop.write("tsm.toml", 'models = { command = ["touch", "was-here"] }\n')

        assert shop.tsm_inprocess(*command).exit_code == 0
        assert not (shop.root / "was-here").exists()

    def test_no_models_are_configured(self, shop: Project) -> None:
        shop.write("tsm.toml", "")

        assert skipped(shop.tsm_inprocess("check", "--json").exits(0).json()) == (
            "no models are configured"
        )
        insists = shop.tsm_inprocess("check", "--models").exits(2)
        assert insists.stderr == (
            "error: no models are configured for `app.sqlite`\n"
            "hint: set `models` in the configuration, see docs/models.md\n"
        )

    @pytest.mark.parametrize("options", [["--staged"], ["--head", "HEAD"]])
    def test_insisting_where_it_cannot_be(self, shop: Project, options: list[str]) -> None:
        insists = shop.tsm_inprocess("check", "--models", *options).exits(2)

        assert insists.stderr.startswith(
            "error: models are compared in the work tree, not in the index or a commit\nhint: "
        )

    @pytest.mark.parametrize(
        ("script", "why"),
        [
            ("create table;",
             "the replay of the scripts stops at app.sqlite.migrations/002.x.sql:1:13: "
             'near ";": syntax error'),
            ("attach 'x' as x;",
             "the replay of the scripts stops at app.sqlite.migrations/002.x.sql:1:1: "),
        ],
    )  # fmt: skip
    def test_scripts_that_do_not_run(self, shop: Project, script: str, why: str) -> None:
        shop.script("002.x.sql", f"{script}\n")

        checked = shop.tsm_inprocess("check").exits(0)

        assert f"not judged: TSM401: {why}" in checked.stdout


class TestWrong:
    @pytest.mark.parametrize(
        ("models", "said"),
        [
            ('"nothing.sql"', "the models `nothing.sql` cannot be read"),
            ('"latin.sql"', "the models `latin.sql` are not UTF-8, from byte 3 on"),
            ('"broken.sql"', 'broken.sql:2:14: near "(": syntax error'),
            ('"twice.sql"', "twice.sql:2:14: table A already exists"),
            ('"attach.sql"', "attach.sql:1:1: not allowed in a script: a script changes one database"),
            ('"nothing"', "there is no module `nothing` for "),
            ('"fails"', "`fails` cannot be loaded: ZeroDivisionError: division by zero (fails.py:2)"),
            ('"odd"', 'class `Odd` (odd.py:8): near "select": syntax error'),
            ('{ command = ["sh", "-c", "echo no >&2; exit 1"] }',
             "`sh -c 'echo no >&2; exit 1'` ended with exit code 1: no"),
            ('{ command = ["echo", "create", "tabel"] }',
             'the output of `echo create tabel`, line 1: near "tabel": syntax error'),
            ('{ command = ["no-such-program"] }',
             "`models` names the command `no-such-program`, and there is no such program"),
            ('{ plugin = "nothing" }', "no plug-in `nothing` is installed, but "),
        ],
    )  # fmt: skip
    def test_models_that_cannot_be_had(self, shop: Project, models: str, said: str) -> None:
        shop.write("latin.sql", b"-- \xe9")
        shop.write("broken.sql", "create table a (x);\ncreate table (x);\n")
        shop.write("twice.sql", "create table a (x);\ncreate table A (x);\n")
        shop.write("attach.sql", "attach 'was-here' as x;\n")
        shop.write("fails.py", "print('so far')\n1 / 0\n")
        shop.write("odd.py", ODD)
        shop.write("tsm.toml", f"models = {models}\n")

        with untouched(shop.root):
            checked = shop.tsm_inprocess("check").exits(2)
            shown = shop.tsm_inprocess("status").exits(0)
            scripts = shop.tsm_inprocess("check", "--no-models").exits(0)

        assert checked.stdout == ""
        error, hint = checked.stderr.splitlines()
        assert error.startswith(f"error: {said}")
        assert hint.startswith("hint: ")
        assert f"not judged: TSM401: {said}" in shown.stdout
        assert "CURRENT" in scripts.stdout

    @pytest.mark.parametrize("python", [".venv/bin/python", "no-such-python"])
    def test_an_interpreter_that_is_not_there(self, shop: Project, python: str) -> None:
        shop.write("tsm.toml", f'models = "shop"\npython = "{python}"\n')

        assert shop.tsm_inprocess("check").exits(2).stderr.startswith(
            f"error: `python` is `{python}`, and there is no such program\nhint: "
        )  # fmt: skip

    def test_a_file_outside_of_the_repository(self, shop: Project) -> None:
        shop.write("tsm.toml", 'models = "../schema.sql"\n')

        assert "`models` is '../schema.sql'" in shop.tsm_inprocess("check").exits(2).stderr

    def test_a_link_that_is_no_file(self, shop: Project) -> None:
        (shop.root / "schema.sql").unlink()
        (shop.root / "schema.sql").symlink_to("/dev/zero")

        assert (
            "the models `schema.sql` cannot be read" in shop.tsm_inprocess("check").exits(2).stderr
        )


ODD = """
class Field:
    name, sql_columndef, is_pk = "id", "id integer primary key", True
class Meta:
    table_name, fields = "select", [Field]


class Odd:
    meta = Meta
"""


class TestPython:
    def check(self, project: Project, models: object = ()) -> Any:
        return Migrate(project.root / "app.sqlite", models).check()

    def test_classes_of_the_program(self, shop: Project) -> None:
        with untouched(shop.root):
            result = self.check(shop, [User])

        assert result.state is State.DRIFT
        (finding,) = result.findings
        assert finding.message == (
            "`models` changes table `users` of `app.sqlite`: column `name` becomes NOT NULL"
        )
        assert finding.path == "app.sqlite.migrations"  # the class is not in the repository
        assert result.schema["users"].differences == ("column `name` becomes NOT NULL",)

    def test_each_table_is_told(self, shop: Project) -> None:
        class Extra(TableRow):
            user: User

        result = self.check(shop, [User, Extra])

        users, extra = result.schema["users"], result.schema["Extra"]
        assert users.exists
        assert users.expected_sql == User.meta.create_table
        assert users.actual_sql == USERS.strip().rstrip(";").replace("create table", "CREATE TABLE")
        assert (extra.exists, extra.actual_sql, extra.is_current) == (False, None, False)
        assert extra.differences == ("is new",)

    def test_the_configured_ones_otherwise(self, shop: Project) -> None:
        assert self.check(shop).state is State.CURRENT
        assert [table.is_current for table in self.check(shop).schema.values()] == [True]

        shop.write("schema.sql", "create table users (id integer primary key);\n")
        result = self.check(shop)
        assert result.state is State.DRIFT
        assert result.schema["users"].differences == ("column `name` goes",)
        assert result.status().splitlines() == [
            "DRIFT: the schema differs from the models",
            "  TSM401 `schema.sql` changes table `users` of `app.sqlite`: column `name` goes",
            f"  way out: {State.DRIFT.way_out}",
        ]

    def test_a_source_by_name(self, shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(shop.root)
        shop.write("named.py", f"DDL = {USERS!r}\n")

        assert self.check(shop, "schema.sql").state is State.CURRENT
        assert self.check(shop, "named:DDL").state is State.CURRENT
        assert self.check(shop, [USERS]).state is State.CURRENT

    def test_what_is_no_model(self, shop: Project) -> None:
        class Plain:
            pass

        for wrong in ([Plain], [5], 5, "no/such.sql", "no_such_module", ["create tabel"]):
            with pytest.raises(ModelsError) as failure:
                self.check(shop, wrong)
            assert failure.value.hint

    def test_models_are_not_imported_by_apply(self, shop: Project) -> None:
        shop.write("tsm.toml", 'models = { command = ["touch", "was-here"] }\n')
        shop.script("002.more.sql", "create table more (x);\n")

        Migrate(shop.root / "app.sqlite").apply("002.more.sql")

        assert not (shop.root / "was-here").exists()
