"""Generating: from a changed model to a script that is proven, and choices that are the user's."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.looking import untouched
from tests.harness.project import SOURCE, Project, Result, open_database
from tests.schema.test_documents import validate
from tsm_git.cli.generate import generate as command

USERS = "create table users (id integer primary key, name text not null, mail text);\n"
PROVEN = "proven on a copy: it ends in the models' schema, and every row is kept\n"


def change(project: Project, sql: str) -> None:
    """Run a statement on the working database, as the application would."""
    with contextlib.closing(open_database(project.root / project.database)) as connection:
        for _ in connection.execute(sql):
            pass


def models(project: Project, sql: str) -> None:
    """Change the models."""
    project.write("schema.sql", sql)


def generate(project: Project, *options: str) -> Result:
    """Generate without a terminal."""
    return project.tsm_inprocess("generate", *options)


def script(project: Project) -> str:
    """Return the text of the last script."""
    return project.read(project.listing()[-1])


def body(project: Project) -> str:
    """Return its statements, without header and comments."""
    lines = script(project).splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("--"))


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose database has users, two of them, as its models say."""
    project.write("tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\n')
    models(project, USERS)
    project.script("001.users.sql", USERS)
    project.commit("start")
    project.tsm_inprocess("apply").exits(0)
    change(project, "insert into users (name, mail) values ('Ada', 'a@b'), ('Bob', NULL)")
    return project


class TestFromNothing:
    def test_the_first_script(self, project: Project) -> None:
        project.write("tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\n')
        models(project, USERS + "create index names on users (name);\n")

        result = generate(project)

        assert result.stdout == (
            "wrote app.sqlite.migrations/001.create_users.sql\n"
            "  table `users` is new\n  index `names` is new\n"
        )
        assert result.stderr == PROVEN
        assert script(project) == (
            "-- Written by tsm 0.1.0 (`tsm generate`) for SQLite 3.37 and later.\n--\n"
            "-- - table `users` is new\n-- - index `names` is new\n\n"
            "-- table `users` is new\n"
            "CREATE TABLE users (id integer primary key, name text not null, mail text);\n\n"
            "-- index `names` is new\nCREATE INDEX names on users (name);\n"
        )

    def test_without_a_database_the_scripts_are_replayed(self, shop: Project) -> None:
        (shop.root / "app.sqlite").unlink()
        models(shop, USERS.replace("mail text", "mail text, age int"))

        assert generate(shop).exit_code == 0
        assert body(shop) == "ALTER TABLE users ADD COLUMN age int;"


class TestAgain:
    def test_there_is_nothing_to_do_after_it_is_applied(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "mail text unique") + "create table orders (id);\n")
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)
        with untouched(shop.root):
            result = generate(shop)

        assert result.stdout == "the schema is as the models say: there is nothing to generate\n"
        assert shop.query("select name, mail from users") == [("Ada", "a@b"), ("Bob", None)]

    def test_it_is_a_second_draft(self, shop: Project) -> None:
        shop.branch("more")
        models(shop, USERS + "create table orders (id);\n")
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)
        models(shop, USERS + "create table orders (id, total);\n")
        result = generate(shop)

        assert shop.listing()[-1] == "003.add_orders_total.sql"
        assert result.stderr.endswith(
            "this branch has 1 other draft: `tsm generate --consolidate` makes one script of all\n"
        )
        assert "This branch has 1 other draft" in script(shop)

    def test_what_waits_comes_first(self, shop: Project) -> None:
        shop.script("002.more.sql")
        with untouched(shop.root):
            result = generate(shop)

        assert result.exits(1).stderr == (
            "error: `app.sqlite` is PENDING: 1 script to apply: 002.more.sql\n"
            "hint: run `tsm apply` first, so that the models are compared with what the scripts"
            " make\n"
        )

    def test_what_is_wrong_comes_first(self, shop: Project) -> None:
        shop.script("003.more.sql")

        assert "is ERROR" in generate(shop).exits(1).stderr

    def test_dry_run_writes_nothing(self, shop: Project) -> None:
        models(shop, USERS + "create table orders (id);\n")
        with untouched(shop.root):
            result = generate(shop, "--dry-run")

        assert result.exits(0).stdout.endswith("CREATE TABLE orders (id);\n")
        assert result.stderr == "-- 002.create_orders.sql\n"


class TestJson:
    def test_what_is_done(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "email text") + "create table orders (id);\n")
        document = generate(shop, "--json", "--dry-run").json()

        validate(document, "generate")
        assert document["undecided"]
        assert [option["renames"] for option in document["options"]] == [
            [{"table": "users", "from": "mail", "to": "email"}],
            [],
        ]
        assert document["options"][1]["losses"] == [
            {"table": "users", "column": "mail", "count": 1}
        ]
        assert document["options"][0]["statements"] == [
            "ALTER TABLE users RENAME COLUMN mail TO email;",
            "CREATE TABLE orders (id);",
        ]

    def test_nothing_is_done(self, shop: Project) -> None:
        document = generate(shop, "--json").exits(0).json()

        validate(document, "generate")
        assert document["script"] is None


class TestRename:
    RENAMED = USERS.replace("mail text", "email text")

    def test_options_of_which_one_is_kept(self, shop: Project) -> None:
        models(shop, self.RENAMED)
        result = generate(shop)

        assert result.exits(1).stderr == (
            "it holds a choice that is yours: open it, or run a command it names\n"
        )
        assert script(shop) == (
            "-- Written by tsm 0.1.0 (`tsm generate`) for SQLite 3.37 and later.\n--\n"
            "-- - table `users`: column `mail` goes, column `email` is new\n\n"
            "-- tsm: undecided\n"
            "-- Something goes and something like it is new: was it renamed? Keep one of these "
            "options: take\n"
            "-- the first `-- ` from its lines, and delete the others and the line that says "
            "`undecided`. Or\n"
            "-- run the command beside it, which writes that option alone.\n\n"
            "-- Option 1: table `users`: column `mail` becomes `email`\n"
            "-- `tsm generate --rename users.mail=users.email`\n"
            "-- -- table `users`: column `mail` becomes `email`\n"
            "-- ALTER TABLE users RENAME COLUMN mail TO email;\n\n"
            "-- Option 2: nothing was renamed\n"
            "-- `tsm generate --no-rename`\n"
            "-- --\n"
            "-- -- `users.mail` goes, with 1 value.\n"
            "-- --\n"
            "-- -- What goes is not empty. If it may go, delete the line that says `undecided`, or "
            "run\n"
            "-- -- `tsm generate --no-rename --allow-loss`.\n"
            "--\n"
            "-- -- table `users`: column `mail` goes, column `email` is new\n"
            "-- ALTER TABLE users ADD COLUMN email text;\n"
            "-- ALTER TABLE users DROP COLUMN mail;\n"
        )
        check = shop.tsm_inprocess("check")
        assert "TSM105" in check.exits(1).stdout
        assert "TSM108" not in check.stdout
        assert "is ERROR" in shop.tsm_inprocess("apply").exits(1).stderr

    def test_the_option_that_is_kept_is_what_runs(self, shop: Project) -> None:
        models(shop, self.RENAMED)
        generate(shop).exits(1)
        name, text = shop.listing()[-1], script(shop)
        option = text.partition("-- Option 1")[2].partition("\n\n")[0].split("\n")[2:]
        shop.edit(name, "\n".join(line.removeprefix("-- ") for line in option) + "\n")
        shop.tsm_inprocess("apply").exits(0)

        assert shop.query("select email from users") == [("a@b",), (None,)]
        assert "nothing to generate" in generate(shop).exits(0).stdout

    def test_its_command_writes_it_in_place_of_the_options(self, shop: Project) -> None:
        models(shop, self.RENAMED)
        generate(shop).exits(1)
        text = script(shop)
        result = generate(shop, "--rename", "users.mail=users.email")

        assert result.exits(0).stdout == (
            "wrote app.sqlite.migrations/002.rename_users_mail_to_email.sql\n"
            "  table `users`: column `mail` becomes `email`\n"
        )
        assert body(shop) == "ALTER TABLE users RENAME COLUMN mail TO email;"
        (aside,) = (shop.root / "app.sqlite.bak").glob("scripts-*/002.*.sql")
        assert aside.read_text() == text
        assert len(shop.listing()) == 2

    def test_a_hand_written_script_is_not_replaced(self, shop: Project) -> None:
        shop.script("002.mine.sql", "-- tsm: undecided\nselect 1;\n")
        models(shop, self.RENAMED)

        assert "TSM105" in generate(shop, "--rename", "users.mail=users.email").exits(1).stderr
        assert shop.listing()[-1] == "002.mine.sql"

    def test_a_table_and_its_column(self, shop: Project) -> None:
        change(shop, "create index names on users (name)")
        models(shop, "create table people (id integer primary key, title text not null, mail text);\n"
                     "create index names on people (title);\n")  # fmt: skip
        assert "--rename-table users=people" in generate(shop, "--dry-run").exits(1).stdout
        options = ("--rename-table", "users=people", "--rename", "people.name=people.title")

        assert generate(shop, *options).exit_code == 0
        assert body(shop) == (
            "ALTER TABLE users RENAME TO people;\nALTER TABLE people RENAME COLUMN name TO title;"
        )

    def test_two_guesses_may_be_true_each_by_itself(self, shop: Project) -> None:
        models(
            shop, "create table users (id integer primary key, fullname text not null, email text);"
        )
        text = generate(shop, "--dry-run").exits(1).stdout

        assert text.count("-- Option ") == 4

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            (("--rename", "users.post=users.email"),
             "the database has no column `post` to be renamed"),
            (("--rename", "users.mail=users.post"), "the models have no column `post`"),
            (("--rename", "mail=email"), "`mail=email` names no column of a table"),
            (("--rename", "users.mail"), "`users.mail` is not two parts with `=` between"),
            (("--rename", "guests.mail=guests.email"),
             "there is no table `guests` in the database and in the models"),
            (("--rename-table", "guests=users"),
             "the database has no table `guests` to be renamed"),
            (("--default", "users.post=0"), "the models have no column `users.post`"),
            (("--default", "0=users"), "`0=users` names no column of a table"),
            (("--name", "a/b"), "`a/b` makes no script name"),
        ],
    )  # fmt: skip
    def test_options_that_make_no_sense(
        self, shop: Project, options: tuple[str, ...], error: str
    ) -> None:
        models(shop, self.RENAMED)
        with untouched(shop.root):
            result = generate(shop, *options)

        assert result.exits(2).stderr.startswith(f"error: {error}\nhint: ")


class TestValues:
    AGE = USERS.replace("mail text", "mail text, age int not null")

    def test_a_new_column_without_default_is_a_choice(self, shop: Project) -> None:
        models(shop, self.AGE)
        generate(shop).exits(1)

        assert (
            "-- tsm: undecided\n"
            "-- `users.age` is new, and has no default: write what the rows that exist get in place of"
            " NULL\n-- below, or run `tsm generate --default users.age=VALUE`.\n"
        ) in script(shop)
        assert "SELECT id, name, mail, NULL FROM users;" in script(shop)

    def test_a_value_for_the_rows_that_exist(self, shop: Project) -> None:
        models(shop, self.AGE)
        generate(shop, "--default", "users.age=length(name)").exits(0)
        shop.tsm_inprocess("apply").exits(0)

        assert "In `users.age` every row gets length(name)." in script(shop)
        assert shop.query("select age from users") == [(3,), (3,)]

    def test_null_that_is_not_allowed_any_more(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "mail text not null"))
        generate(shop).exits(1)
        assert "`users.mail` must not be NULL any more, and has no default" in script(shop)
        generate(shop, "--default", "users.mail='none'").exits(0)
        shop.tsm_inprocess("apply").exits(0)

        assert shop.query("select mail from users") == [("a@b",), ("none",)]

    def test_its_own_default_fills_it(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "mail text not null default ''"))
        generate(shop).exits(0)

        assert "-- In `users.mail` NULL becomes ''." in script(shop)
        assert "ifnull(mail, '')" in script(shop)

    def test_min_sqlite_lets_it_be_done_in_place(self, shop: Project) -> None:
        shop.write(
            "tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\nmin_sqlite = "3.53"\n'
        )
        models(shop, self.AGE)
        generate(shop, "--default", "users.age=0").exits(0)

        assert "for SQLite 3.53 and later" in script(shop)
        assert body(shop) == (
            "ALTER TABLE users ADD COLUMN age int;\nUPDATE users SET age = 0;\n"
            "ALTER TABLE users ALTER COLUMN age SET NOT NULL;"
        )


class TestLoss:
    GONE = "create table users (id integer primary key, name text not null);\n"

    def test_it_is_named_and_left_undecided(self, shop: Project) -> None:
        models(shop, self.GONE)
        generate(shop).exits(1)

        assert "--\n-- `users.mail` goes, with 1 value.\n" in script(shop)
        assert "-- tsm: undecided\n-- What goes is not empty." in script(shop)

    def test_it_is_allowed(self, shop: Project) -> None:
        models(shop, self.GONE)
        generate(shop, "--allow-loss").exits(0)

        assert "-- `users.mail` goes, with 1 value.\n" in script(shop)
        assert body(shop) == "ALTER TABLE users DROP COLUMN mail;"

    def test_what_is_empty_may_go(self, shop: Project) -> None:
        change(shop, "update users set mail = NULL")
        models(shop, self.GONE)
        generate(shop).exits(0)

        assert "-- `users.mail` goes, with no value.\n" in script(shop)

    def test_what_production_has_counts_too(self, shop: Project) -> None:
        ref = shop.published_in_production("001.users.sql")
        with contextlib.closing(open_database(ref)) as connection:
            connection.execute(USERS)
            connection.execute("insert into users (name, mail) values ('a', 1), ('b', 2), ('c', 3)")
        models(shop, self.GONE)
        generate(shop).exits(1)

        assert "-- `users.mail` goes, with 3 values.\n" in script(shop)

    def test_a_table_with_its_rows(self, shop: Project) -> None:
        models(shop, "create table other (x real);\n")
        generate(shop).exits(1)

        assert "-- `users` goes, with 2 rows.\n" in script(shop)


class TestProof:
    def test_rows_that_do_not_fit(self, shop: Project) -> None:
        change(shop, "update users set name = 'same'")
        models(shop, USERS.replace("name text not null", "name text not null unique"))
        with untouched(shop.root):
            result = generate(shop)

        assert result.exits(1).stderr.startswith(
            "error: no script was written, since it would not do: "
            "UNIQUE constraint failed: users.name\nhint: "
        )

    def test_values_that_would_change(self, shop: Project) -> None:
        change(shop, "update users set name = '007'")
        models(shop, USERS.replace("name text", "name integer"))

        assert "a value of users.name does not survive its new type" in (
            generate(shop).exits(1).stderr
        )

    def test_rows_that_would_refer_to_nothing(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "mail text references users (id)"))

        assert "of `users` that is not there" in generate(shop).exits(1).stderr

    def test_a_virtual_table_is_left_alone(self, shop: Project) -> None:
        change(shop, "create virtual table f using fts5(a)")
        models(shop, USERS + "create virtual table f using fts5(a, b);\n")
        with untouched(shop.root):
            result = generate(shop)

        assert result.exits(1).stderr.startswith(
            "error: all that differs is what tsm leaves alone: virtual table `f`\nhint: write a"
            " script into `app.sqlite.migrations` that drops it, makes it again and fills it\n"
        )
        models(shop, "create table orders (id);\n" + USERS)
        assert generate(shop).exit_code == 0
        assert "-- Not done: virtual table `f` differs from the models." in script(shop)
        assert body(shop) == "CREATE TABLE orders (id);"

    def test_children_survive_the_rebuild_of_their_parent(self, shop: Project) -> None:
        change(shop, "create table orders (user references users on delete cascade)")
        change(shop, "insert into orders values (1), (2), (2)")
        models(shop, USERS.replace("mail text", "mail text unique")
               + "create table orders (user references users on delete cascade);\n")  # fmt: skip
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)

        assert shop.query("select user from orders") == [(1,), (2,), (2,)]

    def test_a_module_that_is_not_here(self, shop: Project) -> None:
        change(shop, "pragma writable_schema = on; insert into sqlite_schema values"
                     " ('table', 'm', 'm', 0, 'CREATE VIRTUAL TABLE m USING absent(a)')")  # fmt: skip
        models(shop, USERS.replace("mail text", "email text"))
        with untouched(shop.root):
            result = generate(shop, "--rename", "users.mail=users.email")

        assert result.exits(2).stderr == (
            "error: `m` cannot be made here: no such module: absent\n"
            "hint: write the script by hand\n"
        )

    def test_a_script_by_hand(self, shop: Project) -> None:
        """The header says how; the program that comes with SQLite does it."""
        models(shop, USERS.replace("mail text", "mail text unique"))
        generate(shop).exits(0)
        text = "PRAGMA foreign_keys = OFF; BEGIN;\n" + script(shop) + "COMMIT;\n"
        code = "import sqlite3, sys; sqlite3.connect('app.sqlite').executescript(sys.stdin.read())"
        assert "`PRAGMA foreign_keys = OFF; BEGIN;`" in script(shop)
        subprocess.run(
            [sys.executable, "-c", code], input=text, text=True, check=True, cwd=shop.root
        )

        assert shop.query("select count(*) from users where mail is not null") == [(1,)]

    def test_names_cannot_leave_their_comment(self, shop: Project) -> None:
        models(shop, USERS + 'create table "x\ndrop table users; --" (a);\n')
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)

        assert shop.query("select count(*) from users") == [(2,)]
        assert r"-- table `x\ndrop table users; --` is new" in script(shop)

    def test_five_hundred_tables(self, shop: Project) -> None:
        columns = ", ".join(f"c{i} int default {i}" for i in range(50))
        models(shop, USERS + "".join(f"create table t{i} ({columns});\n" for i in range(500)))

        assert generate(shop).exit_code == 0
        assert shop.listing()[-1] == "002.create_t0_and_499_more.sql"


class TestConsolidate:
    MORE = USERS.replace("mail text", "mail text, age int default 1")

    @pytest.fixture
    def drafts(self, shop: Project) -> Project:
        """Return a project with two drafts that are applied."""
        shop.branch("more")
        models(shop, self.MORE)
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)
        models(shop, self.MORE + "create table orders (id);\n")
        generate(shop).exits(0)
        shop.tsm_inprocess("apply").exits(0)
        models(shop, self.MORE + "create table orders (id, total);\n")
        return shop

    def test_one_draft_takes_the_place_of_all(self, drafts: Project) -> None:
        ref = drafts.published_in_production("001.users.sql")
        with contextlib.closing(open_database(ref)) as connection:
            connection.execute(USERS)
            connection.execute("insert into users (name) values ('Production')")
        result = generate(drafts, "--consolidate", "--yes")

        assert result.exits(0).stdout == (
            "wrote app.sqlite.migrations/002.create_orders_and_add_users_age.sql\n"
            "  table `users`: column `age` is new\n  table `orders` is new\n"
        )
        assert drafts.listing() == ["001.users.sql", "002.create_orders_and_add_users_age.sql"]
        assert body(drafts) == (
            "ALTER TABLE users ADD COLUMN age int default 1;\nCREATE TABLE orders (id, total);"
        )
        assert drafts.query("select name from users") == [("Production",)]
        assert len(list((drafts.root / "app.sqlite.bak").glob("scripts-*/*.sql"))) == 2
        drafts.tsm_inprocess("apply").exits(0)
        assert "nothing to generate" in generate(drafts).exits(0).stdout

    def test_it_asks_before_the_database_is_made_anew(self, drafts: Project) -> None:
        with untouched(drafts.root):
            result = generate(drafts, "--consolidate")

        assert result.exits(2).stderr.endswith(
            "error: there is no terminal to ask on\nhint: add `--yes` to go ahead\n"
        )

    def test_rows_that_a_draft_writes_would_be_lost(self, shop: Project) -> None:
        shop.branch("more")
        shop.script("002.rows.sql", "create table a (x);\ninsert into a values (1);\n")
        models(shop, USERS + "create table a (x);\n")
        with untouched(shop.root):
            result = generate(shop, "--consolidate", "--yes")

        assert result.exits(1).stderr == (
            "error: app.sqlite.migrations/002.rows.sql:2:1: `002.rows.sql` changes rows, which"
            " models cannot tell\n"
            "hint: run `tsm squash` to keep every statement, or add `--allow-loss`\n"
        )

    def test_without_drafts_there_is_nothing_to_do(self, shop: Project) -> None:
        assert "has no draft on this branch" in generate(shop, "--consolidate").exits(1).stderr

    def test_drafts_that_cancel_each_other(self, drafts: Project) -> None:
        models(drafts, USERS)

        assert (
            "there is nothing to consolidate" in generate(drafts, "--consolidate").exits(1).stderr
        )


class TestDev:
    """`tsm dev` generates in state DRIFT, and stops where a person has to choose."""

    def test_it_writes_and_applies(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "mail text, age int"))
        result = shop.tsm_inprocess("dev")

        assert result.exits(0).stdout == "app.sqlite: CURRENT\n"
        assert "DRIFT: wrote app.sqlite.migrations/002.add_users_age.sql.\n" in result.stderr
        assert "PENDING: applied 1 script.\n" in result.stderr
        assert shop.query("select age from users") == [(None,), (None,)]

    def test_it_stops_at_a_choice(self, shop: Project) -> None:
        models(shop, USERS.replace("mail text", "email text"))

        assert "TSM105" in shop.tsm_inprocess("dev").exits(1).stderr


class TestClasses:
    """Models that are classes say nothing of indexes, triggers and views."""

    SHOP = (
        "from tsm_git import TableRow\n\n\nclass Users(TableRow):\n"
        "    __tablename__ = 'users'\n    id: int | None\n    name: str\n"
    )

    @pytest.fixture
    def classes(self, project: Project) -> Project:
        """Return a project with a class, and beside its table what only scripts tell of."""
        project.write("tsm.toml", 'database = "app.sqlite"\nmodels = "shop"\n')
        project.write("shop.py", self.SHOP + "    mail: str | None\n")
        generate(project).exits(0)
        project.script(
            "002.more.sql",
            "create index names on users (name);\ncreate index mails on users (mail);\n"
            "create view v as select mail from users;\ncreate view w as select name from users;\n"
            "create trigger t before delete on users begin select raise(abort, old.name); end;\n"
            "create trigger u before delete on users begin select old.mail; end;\n",
        )
        project.tsm_inprocess("apply").exits(0)
        return project

    def test_what_still_works_stays(self, classes: Project) -> None:
        classes.write("shop.py", self.SHOP + "    mail: str | None\n    age: int | None\n")
        generate(classes).exits(0)

        assert body(classes) == "ALTER TABLE users ADD COLUMN age [INTEGER] NULL;"

    def test_what_cannot_stay_goes_with_the_column(self, classes: Project) -> None:
        classes.write("shop.py", self.SHOP)
        generate(classes).exits(0)

        assert body(classes) == (
            "DROP TRIGGER u;\nDROP VIEW v;\nDROP INDEX mails;\nALTER TABLE users DROP COLUMN mail;"
        )
        classes.tsm_inprocess("apply").exits(0)
        assert "nothing to generate" in generate(classes).exits(0).stdout

    def test_all_comes_back_after_a_rebuild(self, classes: Project) -> None:
        classes.write("shop.py", self.SHOP + "    mail: str\n")
        generate(classes).exits(0)
        classes.tsm_inprocess("apply").exits(0)

        names = classes.query("select name from sqlite_schema where name not like '%igrations'")
        assert sorted(names) == [(n,) for n in ("mails", "names", "t", "u", "users", "v", "w")]


def test_every_option_of_the_docs_exists() -> None:
    docs = (SOURCE / "docs" / "generate.md").read_text(encoding="utf-8")
    options = {option for parameter in command.params for option in parameter.opts}

    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", docs))
    assert named <= options | {"--db", "--diff"}, named  # of `tsm restore` and `tsm schema`
    assert {o for o in options if o.startswith("--")} - {"--base", "--database", "--json"} <= named


class TestAtATerminal:
    def test_it_asks(self, shop: Project) -> None:
        pty = pytest.importorskip("pty")
        models(shop, "create table users (id integer primary key, name text not null, email text,"
                     " age int not null);\n")  # fmt: skip
        ours, theirs = pty.openpty()
        os.write(ours, b"y\nlength(name)\n")
        command = [sys.executable, "-P", "-m", "tsm_git", "generate"]
        environment = {**shop.env.variables(), "PYTHONPATH": str(SOURCE)}
        done = subprocess.run(
            command,
            cwd=Path(shop.root),
            env=environment,
            stdin=theirs,
            capture_output=True,
            check=False,
            text=True,
        )
        os.close(theirs)
        os.close(ours)

        assert done.returncode == 0, done
        assert "Is column `mail` of `users` now called `email`? [y/N]: " in done.stderr
        assert "What do the rows that exist get in `users.age`" in done.stderr
        assert "SELECT id, name, email, length(name) FROM users;" in body(shop)
