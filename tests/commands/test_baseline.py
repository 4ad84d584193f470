"""`tsm init` and `tsm baseline`: a project that is older than tsm is taken over, with proof."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import complaint, untouched, verdict
from tests.harness.project import Project

TASKS = ".vscode/tasks.json"
OLD = """
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL CHECK (name <> ''));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user INT REFERENCES users (id) ON DELETE CASCADE);
CREATE INDEX orders_by_user ON orders (user) WHERE user IS NOT NULL;
CREATE VIEW names AS SELECT name FROM users;
CREATE TRIGGER ordered AFTER INSERT ON users BEGIN INSERT INTO orders (user) VALUES (new.id); END;
CREATE VIRTUAL TABLE notes USING fts5(text);
INSERT INTO users (name) VALUES ('Ada');
ALTER TABLE users ADD COLUMN mail TEXT;
"""
USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY);\n"
MAIL = "ALTER TABLE users ADD COLUMN mail TEXT;\n"
SEED = "INSERT INTO users (mail) VALUES ('a@example.com');\n"


def run(path: Path, sql: str) -> None:
    """Let the program that owned the database so far change it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Ask the database as that program does."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def old(project: Project) -> Path:
    """Return the database of an app that has never heard of tsm."""
    path = project.root / "app.sqlite"
    run(path, OLD)
    return path


class TestInit:
    def test_a_new_project(self, project: Project) -> None:
        said = project.tsm_inprocess("init", "data/app.sqlite").exits(0)

        assert said.stdout.splitlines() == [
            "made the folder data/app.sqlite.migrations",
            "wrote tsm.toml",
            "wrote .gitignore",
            "wrote .gitattributes",
            "data/app.sqlite is set up",
        ]
        assert (project.root / "tsm.toml").read_text() == 'database = "data/app.sqlite"\n'
        lines = (project.root / ".gitattributes").read_text()
        assert lines == "/data/app.sqlite.migrations/*.sql text eol=lf\n"

    def test_git_keeps_off_what_it_must_not_touch(self, project: Project) -> None:
        project.git("config", "core.excludesFile", "/dev/null")
        (project.root / project.git("rev-parse", "--git-path", "info/exclude")).write_text("")
        project.tsm_inprocess("init", "my [app].sqlite").exits(0)
        names = ("", "-wal", ".ref", ".ref-shm", ".bak/2026.app.sqlite")
        for name in names:
            project.write(f"my [app].sqlite{name}", "x")
        project.write("my [app].sqlite.migrations/001.users.sql", USERS.replace("\n", "\r\n"))

        project.git("add", "--all")

        listed = project.git("ls-files", "-z").split("\0")
        assert [name for name in listed if "sqlite" in name] == [
            "my [app].sqlite.migrations/001.users.sql"
        ]
        assert "eol: lf" in project.git(
            "check-attr", "eol", "my [app].sqlite.migrations/001.users.sql"
        )

    @pytest.mark.usefixtures("old")
    def test_a_second_run_changes_nothing(self, project: Project) -> None:
        project.tsm_inprocess("init", "app.sqlite").exits(0)

        with untouched(project.root):
            said = project.tsm_inprocess("init").exits(0)
        assert said.stdout == "app.sqlite is set up\n"

    @pytest.mark.usefixtures("old")
    def test_a_dry_run_writes_nothing(self, project: Project) -> None:
        with untouched(project.root):
            said = project.tsm_inprocess("init", "app.sqlite", "--dry-run").exits(0)

        assert said.stdout.splitlines()[0] == "would make the folder app.sqlite.migrations"

    def test_what_others_wrote_stays(self, project: Project) -> None:
        project.write("pyproject.toml", '[project]\nname = "x"')
        project.write(".gitignore", "/app.sqlite\nbuild/")

        project.tsm_inprocess("init", "app.sqlite").exits(0)

        assert (project.root / "pyproject.toml").read_text() == (
            '[project]\nname = "x"\n\n[tool.tsm]\ndatabase = "app.sqlite"\n'
        )
        ignored = (project.root / ".gitignore").read_text()
        assert ignored.startswith("/app.sqlite\nbuild/\n/app.sqlite-*\n")
        assert not (project.root / "tsm.toml").exists()

    def test_a_database_that_has_tables_is_taken_over(self, project: Project, old: Path) -> None:
        project.tsm_inprocess("init", "app.sqlite").exits(0)
        project.commit("start")

        assert verdict(project) == ("CURRENT", [], [], ["001.baseline.sql"])
        assert rows(old, "SELECT name, mail FROM users") == [("Ada", None)]
        (backup,) = (project.root / "app.sqlite.bak").glob("*.sqlite")
        assert rows(backup, "SELECT name FROM users") == [("Ada",)]

    def test_its_first_script_makes_the_same_database_elsewhere(
        self, project: Project, old: Path
    ) -> None:
        project.tsm_inprocess("init", "app.sqlite").exits(0)
        old.unlink()

        project.tsm_inprocess("apply").exits(0)

        schema = "SELECT type, name FROM sqlite_schema ORDER BY name"
        names = {name for _, name in rows(old, schema)}
        assert {"users", "orders", "orders_by_user", "names", "ordered", "notes"} <= names
        run(old, "INSERT INTO users (name) VALUES ('Bob')")
        assert rows(old, "SELECT user FROM orders") == [(1,)]

    def test_without_git(self, env: GitEnv, tmp_path: Path) -> None:
        folder = tmp_path / "plain"
        folder.mkdir()
        project = Project(env, folder)

        said = project.tsm_inprocess("init", "app.sqlite").exits(0)

        assert "wrote tsm.toml" in said.stdout
        assert sorted(path.name for path in folder.iterdir()) == [
            "app.sqlite.migrations",
            "tsm.toml",
        ]

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ((), "which database is it?"),
            (("../app.sqlite",), "`../app.sqlite` is no path of a database in this project"),
            ((".",), "`.` is no path of a database in this project"),
        ],
    )
    def test_a_path_that_will_not_do(
        self, project: Project, arguments: tuple[str, ...], error: str
    ) -> None:
        with untouched(project.root):
            said = project.tsm_inprocess("init", *arguments).exits(2)

        assert said.stderr == f"error: {error}\nhint: run `tsm init app.sqlite`\n"

    def test_a_list_of_databases_is_not_changed(self, project: Project) -> None:
        project.write("tsm.toml", 'database = "app.sqlite"\n')

        with untouched(project.root):
            said = project.tsm_inprocess("init", "other.sqlite").exits(2)

        assert "lists the databases, and `other.sqlite` is not among them" in said.stderr


class TestEditor:
    def test_its_tasks_run_tsm(self, project: Project) -> None:
        said = project.tsm_inprocess("init", "app.sqlite", "--vscode").exits(0)

        assert "wrote .vscode/tasks.json" in said.stdout
        document = json.loads((project.root / TASKS).read_text())
        assert document["version"] == "2.0.0"
        for task in document["tasks"]:
            project.tsm_inprocess(*task["args"], "--help").exits(0)
        assert [task["label"] for task in document["tasks"]] == [
            "tsm check", "tsm dev", "tsm renumber"
        ]  # fmt: skip
        with untouched(project.root):
            project.tsm_inprocess("init", "--vscode").exits(0)

    def test_it_finds_what_a_check_says(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql", "04.city.sql")
        project.commit("start")
        project.tsm_inprocess("init", "app.sqlite", "--vscode").exits(0)
        pattern = json.loads((project.root / TASKS).read_text())["tasks"][0]["problemMatcher"]
        pattern = pattern["pattern"]
        said = project.tsm_inprocess("check").stdout.splitlines()
        facts = project.tsm_inprocess("check", "--json").json()["databases"][0]["findings"]

        matches = [match for line in said if (match := re.match(pattern["regexp"], line))]

        def of(match: re.Match[str], key: str) -> str:
            return match[pattern[key]] or "error"

        keys = ("file", "line", "code", "severity", "message")
        assert [tuple(of(match, key) for key in keys) for match in matches] == [
            (f["path"], str(f["line"]), f["code"], f["severity"], f["message"]) for f in facts
        ]
        assert {f["severity"] for f in facts} == {"error", "warning"}

    def test_the_tasks_that_are_there_stay(self, project: Project) -> None:
        own = {"label": "tsm dev", "type": "shell", "command": "tsm dev -d ü", "x": 1.5}
        before = {"version": "2.0.0", "inputs": [], "tasks": ["odd", own]}
        text = json.dumps(before, indent=4, ensure_ascii=False).replace("\n", "\r\n")
        path = project.write(TASKS, text.encode())

        said = project.tsm_inprocess("init", "app.sqlite", "--vscode").exits(0)

        assert "added lines to .vscode/tasks.json" in said.stdout
        after = path.read_bytes().decode()
        assert after.startswith(text[: text.rindex("1.5") + 3])
        assert after.count("\n") == after.count("\r\n")
        document = json.loads(after)
        added = document["tasks"][2:]
        assert [task["label"] for task in added] == ["tsm check", "tsm renumber"]
        assert {**document, "tasks": document["tasks"][:2]} == before

    @pytest.mark.parametrize(
        "text",
        [
            '{\n  // ours\n  "tasks": []\n}\n',
            '{"tasks": [],}',
            '{"tasks": {}}',
            "[]",
            '{"tasks": [], "tasks": [1]}',
            '{"a": NaN}',
            "[" * 100_000,
            "\ufeff{}",
            r'{"a": "\ud800"}',
        ],
        ids=["comment", "comma", "object", "list", "twice", "nan", "deep", "mark", "surrogate"],
    )
    def test_what_it_could_damage_is_left_alone(self, project: Project, text: str) -> None:
        project.write(TASKS, text)

        said = complaint(project, "init", "app.sqlite", "--vscode")

        assert said.error.startswith("`.vscode/tasks.json` is no plain JSON that tsm could add to")
        _, _, pasted = said.hint.partition("yourself: ")
        assert json.loads(f"[{pasted}]")[0]["label"] == "tsm check"


class TestBaseline:
    def test_what_the_schema_proves_is_recorded(self, project: Project) -> None:
        project.script("001.users.sql", USERS)
        project.script("002.mail.sql", MAIL)
        project.script("003.phone.sql", "ALTER TABLE users ADD COLUMN phone TEXT;\n")
        project.commit("start")
        path = project.root / "app.sqlite"
        run(path, "CREATE TABLE 'users'(id integer primary key, mail text)")

        said = project.tsm_inprocess("baseline").exits(0)

        assert said.stdout == (
            "app.sqlite: recorded 2 scripts as applied: 001.users.sql, 002.mail.sql\n"
        )
        assert project.ledger() == project.entries("001.users.sql", "002.mail.sql")
        project.tsm_inprocess("apply").exits(0)
        assert rows(path, "SELECT id, mail, phone FROM users") == []

    def test_another_schema_is_refused(self, project: Project) -> None:
        project.script("001.users.sql", USERS)
        project.commit("start")
        run(project.root / "app.sqlite", "CREATE TABLE users (id INTEGER PRIMARY KEY, age INT)")

        with untouched(project.root):
            said = project.tsm_inprocess("baseline").exits(1)

        assert said.stderr.startswith(
            "error: `app.sqlite` does not have the schema that its scripts make at any number: "
            "table `users`:"
        )

    def test_whether_rows_were_added_is_asked(self, project: Project) -> None:
        for name, text in (("001.users.sql", USERS + MAIL), ("002.seed.sql", SEED)):
            project.script(name, text)
        project.commit("start")
        path = project.root / "app.sqlite"
        run(path, USERS + MAIL + SEED)

        with untouched(project.root):
            said = project.tsm_inprocess("baseline").exits(1)
        assert said.stderr == (
            "error: the schema does not tell whether `002.seed.sql` has run: "
            "it is the same after `001.users.sql`\n"
            "hint: run `tsm baseline --up-to 002.seed.sql` if it has, "
            "`tsm baseline --up-to 001.users.sql` if not\n"
        )

        document = project.tsm_inprocess("baseline", "--up-to", "002.seed.sql", "--json").json()
        assert document["recorded"] == ["001.users.sql", "002.seed.sql"]
        assert rows(path, "SELECT count(*) FROM users") == [(1,)]

    def test_a_database_with_a_ledger_is_none_to_take_over(self, project: Project) -> None:
        project.script("001.users.sql", USERS)
        project.commit("start")
        project.tsm_inprocess("apply").exits(0)

        with untouched(project.root):
            said = project.tsm_inprocess("baseline").exits(1)
        assert said.stderr.startswith(
            "error: `app.sqlite` has a ledger already: 1 script applied\n"
        )

    def test_there_is_no_database(self, project: Project) -> None:
        project.script("001.users.sql", USERS)
        project.commit("start")

        said = project.tsm_inprocess("baseline").exits(2)
        assert said.stderr.endswith("hint: run `tsm apply` to make it from its scripts\n")

    def test_a_script_that_fails_is_told_with_its_line(self, project: Project) -> None:
        project.script("001.users.sql", "\nCREATE TABEL users (id);\n")
        project.commit("start")
        run(project.root / "app.sqlite", USERS)

        with untouched(project.root):
            said = project.tsm_inprocess("baseline").exits(1)
        assert said.stderr.startswith("error: app.sqlite.migrations/001.users.sql:2:8: ")

    def test_a_dry_run_records_nothing(self, project: Project) -> None:
        project.script("001.users.sql", USERS)
        project.commit("start")
        run(project.root / "app.sqlite", USERS)

        with untouched(project.root):
            said = project.tsm_inprocess("baseline", "--dry-run").exits(0)
        assert said.stdout == "app.sqlite: would record 1 script as applied: 001.users.sql\n"
