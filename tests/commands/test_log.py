"""`tsm log` and `tsm show`, over histories made by real git."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import complaint, untouched
from tests.harness.normalise import normalise
from tests.harness.project import SOURCE, Project, Result
from tests.schema.test_documents import validate

README = (SOURCE / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def team(project: Project) -> Project:
    """Return a history in which Ben's 002 became 003 on his branch, and was merged by Cy."""
    project.script("001.users.sql")
    project.commit("start", author="Ada")
    project.branch("mail")
    project.script("002.mail.sql")
    project.commit("mail", author="Ben")
    project.switch("main")
    project.script("002.phone.sql")
    project.commit("phone", author="Ada")
    project.switch("mail")
    project.rename("002.mail.sql", "003.mail.sql")
    project.commit("renumbered", author="Dee")
    project.switch("main")
    project.merge("mail", options=["--no-ff"], author="Cy")
    return project


def asked(project: Project, *arguments: str) -> Result:
    """Run a command that only reads, which must go well and say nothing beside."""
    with untouched(project.root):
        result = project.tsm_inprocess(*arguments).exits(0)
    assert result.stderr == "", result
    return result


def history(project: Project, *arguments: str) -> dict[str, Any]:
    """Return the scripts of `tsm log --json` by file name."""
    document = asked(project, "log", "--json", *arguments).json()
    validate(document, "log")
    (one,) = document["databases"]
    return {script["filename"]: script for script in one["scripts"]}


def shown(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """Return the scripts of `tsm show --json`."""
    document = asked(project, "show", "--json", *arguments).json()
    validate(document, "show")
    found: list[dict[str, Any]] = document["scripts"]
    return found


class TestLog:
    def test_who_wrote_it_and_what_published_it(self, team: Project) -> None:
        found = history(team)

        assert {name: (one["written"]["author"], one["published"]["author"]) for name, one in found.items()} == {
            "001.users.sql": ("Ada", "Ada"),
            "002.phone.sql": ("Ada", "Ada"),
            "003.mail.sql": ("Ben", "Cy"),
        }  # fmt: skip
        assert found["003.mail.sql"]["written"]["commit"] == team.rev("mail~1")
        assert found["003.mail.sql"]["published"]["commit"] == team.rev("main")
        assert found["003.mail.sql"]["written"]["date"] < found["003.mail.sql"]["published"]["date"]

    def test_when_it_was_applied_where(self, team: Project) -> None:
        team.published_in_production("001.users.sql")
        team.apply()
        team.write_ledger([(4, "004.lost.sql", None)], columns={"id": "INTEGER", "filename": "TEXT", "script": "TEXT"}, database="other.sqlite")  # fmt: skip

        found = history(team)

        assert {name: one["ref"] and one["ref"]["applied_at"] for name, one in found.items()} == {
            "001.users.sql": "2026-01-01T00:00:00+00:00",
            "002.phone.sql": None,
            "003.mail.sql": None,
        }
        assert all(one["working"]["applied_at"] for one in found.values())

    def test_drafts_are_not_published_and_files_not_committed(self, team: Project) -> None:
        team.branch("city")
        team.script("004.city.sql")
        team.commit("city", author="Eve")
        team.script("005.street.sql")

        found = history(team)

        assert found["004.city.sql"]["written"]["author"] == "Eve"
        assert found["004.city.sql"]["published"] is None
        assert found["005.street.sql"]["written"] is None
        assert found["005.street.sql"]["words"] == ["draft", "pending"]

    def test_as_it_reads(self, team: Project) -> None:
        team.published_in_production("001.users.sql", "002.phone.sql")
        team.script("004.city.sql")
        ids = {team.rev("main"): "main", team.rev("main~1"): "phone", team.rev("mail~1"): "mail"}

        assert normalise(asked(team, "log", "-n", "3").stdout, ids=ids) == (
            "app.sqlite: 4 scripts, published on main\n"
            "  script         written                      published               ref\n"
            "  1 script before\n"
            "  002.phone.sql  2026-01-01  <phone>  Ada  2026-01-01  <phone>  2026-01-01 00:00\n"
            "  003.mail.sql   2026-01-01  <mail>  Ben  2026-01-01  <main>  -\n"
            "  004.city.sql   not committed                -                       -\n"
        )

    def test_a_commit_in_a_bare_repository(self, team: Project) -> None:
        bare = team.clone("bare.git", "--bare")

        assert list(history(bare)) == ["001.users.sql", "002.phone.sql", "003.mail.sql"]
        assert list(history(bare, "--head", "main~1")) == [
            "001.users.sql",
            "002.phone.sql",
            "003.mail.sql",
        ]

    def test_a_squash_is_both(self, team: Project) -> None:
        team.branch("city")
        team.script("004.city.sql")
        team.commit("city", author="Eve")
        team.switch("main")
        team.git("merge", "--quiet", "--squash", "city")
        team.commit("city (#7)", author="Cy")

        found = history(team)["004.city.sql"]

        assert found["written"] == found["published"]
        assert found["written"]["author"] == "Cy"

    def test_a_shallow_clone_says_that_it_cannot_know(self, team: Project) -> None:
        clone = team.clone("shallow", "--depth=1")

        result = clone.tsm_inprocess("log").exits(0)

        assert result.stderr.startswith("this clone is shallow")
        assert clone.tsm_inprocess("log", "--json").json()["databases"][0]["shallow"] is True

    def test_without_git_there_are_files_and_databases(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        project = Project(env, tmp_path / "folder")
        project.script("001.users.sql")
        project.apply()

        assert history(project)["001.users.sql"]["written"] is None
        assert shown(project, "1")[0]["texts"][0]["places"] == ["tree", "working"]

    def test_two_git_processes_whatever_there_is(self, team: Project) -> None:
        def processes() -> int:
            trace = team.root.with_name("trace")
            team.tsm("log", env={"GIT_TRACE2_EVENT": str(trace)}).exits(0)
            count = trace.read_text(encoding="utf-8").count('"event":"start"')
            trace.unlink()
            return count

        before = processes()
        for number in range(4, 40):
            team.script(f"{number:03}.more.sql", f"select {number};\n")
        team.commit("more")

        assert processes() == before

    def test_names_do_not_command_the_terminal(self, team: Project) -> None:
        team.script("004.\u202ered.sql")
        team.commit("red", author="M\x1b]0;x")

        for command in (("log",), ("show", "4")):
            assert not set("\x1b\u202e") & set(asked(team, *command).stdout)


def test_the_commands_of_the_readme(project: Project) -> None:
    (block,) = re.findall(r"^```sh\n(tsm log.*?)^```$", README, re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line, comments=True)[1:] for line in block.splitlines()]
    assert [command[0] for command in commands] == ["log", "show", "blame", "bisect", "goto"]
    project.script("001.users.sql", "create table users (id integer primary key);\n")
    project.script("002.email.sql", "alter table users add column email text;\n")
    project.script("003.plans.sql", "create table plans (name text);\n")
    project.script("004.free.sql", "insert into plans values ('free');\n")
    project.scripts(*(f"{number:03}.more{number}.sql" for number in range(5, 14)))
    project.commit("start")

    said = {command[0]: project.tsm_inprocess(*command).exits(0).stdout for command in commands}

    assert said["log"].startswith("app.sqlite: 13 scripts")
    assert "create table [more12]" in said["show"]
    assert "002.email.sql:1:1: `users.email` is new" in said["blame"]
    assert "004.free.sql: the result is another after this script" in said["bisect"]
    assert said["goto"] == "old.sqlite: app.sqlite at 012, from nothing and 12 scripts\n"


class TestShow:
    @pytest.mark.parametrize(
        "wanted", ["3", "003", "mail", "003.mail.sql", "app.sqlite.migrations/003.mail.sql"]
    )
    def test_a_script_has_many_names(self, team: Project, wanted: str) -> None:
        (one,) = shown(team, wanted)

        assert one["path"] == "app.sqlite.migrations/003.mail.sql"
        assert one["texts"][0]["text"] == team.read("003.mail.sql")

    def test_both_of_a_clash(self, team: Project) -> None:
        team.script("003.other.sql")

        assert [one["filename"] for one in shown(team, "3")] == ["003.mail.sql", "003.other.sql"]

    def test_where_places_differ(self, team: Project) -> None:
        text = team.read("001.users.sql")
        team.apply()
        team.edit("001.users.sql")
        team.stage()
        team.edit("001.users.sql")
        team.write_ledger([(1, "001.users.sql", None)], "app.sqlite.ref",
                          columns={"id": "INTEGER", "filename": "TEXT", "script": "TEXT"})  # fmt: skip

        (one,) = shown(team, "users")

        assert [(version["places"], version["text"]) for version in one["texts"]] == [
            (["base", "HEAD", "working"], text),
            (["index"], text + "-- edited\n"),
            (["tree"], text + "-- edited\n" * 2),
            (["ref"], None),
        ]
        assert one["texts"][0]["diff"] is None
        assert one["texts"][1]["diff"].splitlines() == [
            "--- base, HEAD, working",
            "+++ index",
            "@@ -1 +1,2 @@",
            " create table [users] (id integer primary key);",
            "+-- edited",
        ]
        assert one["texts"][3]["digest"] is None

    def test_as_it_reads(self, team: Project) -> None:
        team.edit("001.users.sql", "\tselect 1;\n")
        ids = {team.rev("main~2"): "start"}

        assert normalise(asked(team, "show", "1").stdout, ids=ids) == (
            "app.sqlite.migrations/001.users.sql\n"
            "  is         published, edited, pending\n"
            "  written    <start> by Ada on 2026-01-01\n"
            "  published  <start> by Ada on 2026-01-01, on main\n"
            "  text       90cb3cdc7f in base (main), HEAD, index\n"
            "  other      38cb54777b in the work tree\n"
            "\n"
            "create table [users] (id integer primary key);\n"
            "\n"
            "--- base, HEAD, index\n"
            "+++ tree\n"
            "@@ -1 +1 @@\n"
            "-create table [users] (id integer primary key);\n"
            "+       select 1;\n"
        )

    def test_a_commit(self, team: Project) -> None:
        said = asked(team, "show", "mail", "--head", "mail").stdout

        assert " in base (main), HEAD, mail\n" in said or " in base (main), mail\n" in said

    @pytest.mark.parametrize("wanted", ["9", "nobody", "", "../x", "-1.sql"])
    def test_one_that_is_not_there(self, team: Project, wanted: str) -> None:
        assert complaint(team, "show", "--", wanted) == (
            f"no place has a script `{wanted}`",
            "run `tsm log` to see what there is",
        )
