"""`tsm status` as it reads."""

from __future__ import annotations

import os
import time

import pytest

from tests.harness.looking import untouched
from tests.harness.normalise import normalise
from tests.harness.project import Project


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002, of which 001 is applied."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.tsm_inprocess("apply", "001.users.sql").exits(0)
    return project


def shown(project: Project, *options: str) -> str:
    """Run `tsm status` and return what it printed, with ids replaced."""
    with untouched(project.root):
        result = project.tsm_inprocess("status", *options).exits(0)
    assert result.stderr == ""
    return normalise(result.stdout, ids={project.rev("main"): "main"})


def test_what_is_where(team: Project) -> None:
    team.branch("phone")
    team.scripts("003.phone.sql", "004.city.sql")
    team.stage("003.phone.sql")
    team.published_in_production("001.users.sql")

    assert shown(team) == (
        "app.sqlite: PENDING, scripts wait to be applied\n"
        "  base      main at <main> (the local default branch)\n"
        "  working   app.sqlite: 1 script applied, the last just now\n"
        "  ref       app.sqlite.ref: 1 script applied in production, copied just now\n"
        "  scripts   2 published, 2 drafts, 3 pending\n"
        "\n"
        "  script         base   HEAD   index  tree   working  ref\n"
        "  001.users.sql  yes    yes    yes    yes    yes      yes    published\n"
        "  002.mail.sql   yes    yes    yes    yes    -        -      published, pending\n"
        "  003.phone.sql  -      -      yes    yes    -        -      draft, pending\n"
        "  004.city.sql   -      -      -      yes    -        -      draft, pending\n"
        "\n"
        "  next      `tsm apply`\n"
    )


def test_what_is_wrong(team: Project) -> None:
    team.branch("work")
    team.edit("001.users.sql")
    team.delete("002.mail.sql")

    said = shown(team)

    assert said.startswith("app.sqlite: CONFLICTED, the scripts contradict what is published\n")
    assert "  001.users.sql  yes    yes    yes    other  yes      published, edited\n" in said
    assert "  002.mail.sql   yes    yes    yes    -      -        published, missing\n" in said
    assert "  TSM201 `001.users.sql` is published on main and was edited\n" in said
    assert "         hint: run `git restore --source=main --staged --worktree -- " in said
    command = "git restore --source=main --staged --worktree -- app.sqlite.migrations/001.users.sql"
    assert said.endswith(f"\n  next      `{command}`\n")


def test_where_all_agree_there_is_nothing_to_do_next(team: Project) -> None:
    team.tsm_inprocess("apply").exits(0)

    assert "next" not in shown(team)


def test_without_scripts(project: Project) -> None:
    project.commit("start")

    assert shown(project).splitlines() == [
        "no folder `X.migrations` with scripts",
        "  next      `tsm init app.sqlite`, with the path that your database has or will have",
    ]


def test_a_configured_database_without_scripts(project: Project) -> None:
    project.write("tsm.toml", 'database = "new.sqlite"\n')
    project.commit("start")

    assert "  no scripts\n" in shown(project)


def test_who_wrote_each_script(team: Project) -> None:
    team.script("003.phone.sql")

    lines = [line.split("  ") for line in shown(team, "--long").splitlines() if " 00" in line]

    assert [(name, " ".join(who.split()[:1])) for _, name, who, *_ in lines] == [
        ("001.users.sql", "Ada,"),
        ("002.mail.sql", "Ada,"),
        ("003.phone.sql", "not"),
    ]


def test_what_comes_next_is_a_fact(team: Project) -> None:
    def following(*options: str) -> object:
        return team.tsm_inprocess("status", "--json", *options).json()["next"]

    assert following() == {"app.sqlite": "tsm apply"}
    team.tsm_inprocess("apply").exits(0)
    assert following() == {"app.sqlite": None}
    team.branch("work")
    team.script("004.gap.sql")
    assert following() == {"app.sqlite": "tsm renumber"}
    team.switch("main")
    team.delete("004.gap.sql")
    team.script("003.phone.sql")
    team.commit("phone")
    team.switch("work")
    assert following() == {"app.sqlite": "git merge main"}


def test_each_database_has_a_table(team: Project) -> None:
    team.write("b.migrations/001.x.sql", "select 1;\n")

    said = shown(team)

    assert said.index("app.sqlite: PENDING") < said.index("\n\nb: PENDING")
    assert shown(team, "--database", "b").startswith("b: PENDING")


class TestManyScripts:
    @pytest.fixture
    def many(self, project: Project) -> Project:
        """Return a project with a hundred scripts, of which ninety are applied."""
        for number in range(1, 101):
            project.script(f"{number:03}.x.sql", f"select {number};\n")
        project.commit("start")
        project.write_ledger(project.entries(*(f"{number:03}.x.sql" for number in range(1, 91))))
        return project

    def test_those_that_are_alike_are_one_line(self, many: Project) -> None:
        lines = [line.split()[:2] for line in shown(many).splitlines() if line[2:3].isdigit()]

        assert lines == [["001", "to"], ["091", "to"], ["099.x.sql", "yes"], ["100.x.sql", "yes"]]
        assert "  001 to 090: 90 scripts  yes" in shown(many)

    def test_one_that_stands_out_has_a_line(self, many: Project) -> None:
        many.edit("050.x.sql")

        said = shown(many)

        assert "  001 to 049: 49 scripts  yes" in said
        assert "  050.x.sql " in said
        assert "  051 to 090: 40 scripts  yes" in said

    def test_all_of_them_if_told(self, many: Project) -> None:
        assert sum(line[2:3].isdigit() for line in shown(many, "--all").splitlines()) == 100


class TestFetched:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0, "just now"),
            (90, "1 minute ago"),
            (2 * 3600 + 5, "2 hours ago"),
            (86400 + 5, "1 day ago"),
            (900 * 86400 + 5, "900 days ago"),
        ],
    )
    def test_how_old_the_last_fetch_is(self, team: Project, seconds: int, words: str) -> None:
        team.remote()
        team.push("main")
        team.fetch()
        then = time.time() - seconds
        os.utime(team.root / ".git" / "FETCH_HEAD", (then, then))

        said = shown(team)

        assert (
            f"  base      origin/main at <main> (the upstream of main, fetched {words})\n" in said
        )

    def test_nothing_is_said_of_a_base_that_is_not_fetched(self, team: Project) -> None:
        team.remote()
        team.push("main")
        team.fetch()

        assert "(given as --base)\n" in shown(team, "--base", "main")
