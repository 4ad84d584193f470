"""The radar: which numbers unmerged branches claim, who clashes, and who should land first."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.looking import untouched, verdict
from tests.harness.project import Project, person
from tests.renumber.stories import land
from tsm_git.core.radar import Radar, scan
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Snapshot


@pytest.fixture
def fleet(project: Project) -> Project:
    """Return a project whose main has 001 and 002, and is checked out."""
    project.scripts("001.users.sql", "002.orders.sql")
    project.commit("start")
    return project


def branch(fleet: Project, name: str, *scripts: str, at: str = "main", author: str = "Ada") -> None:
    """Let somebody draft scripts on a new branch; nothing that is checked out here changes."""
    fleet.git("branch", name, at)
    land(fleet, *scripts, branch=name, author=author)


def radar(fleet: Project, *arguments: str) -> dict[str, Any]:
    """Return the radar of the one database, which changes nothing."""
    with untouched(fleet.root):
        result = fleet.tsm_inprocess("branches", "--json", *arguments).exits(0)
    assert result.stderr == ""
    (database,) = result.json()["databases"]
    assert isinstance(database, dict)
    return database


def claims(fleet: Project, *arguments: str) -> dict[str, list[str]]:
    """Return what each branch claims."""
    return {claim["branch"]: claim["scripts"] for claim in radar(fleet, *arguments)["claims"]}


def clashes(fleet: Project, *arguments: str) -> list[tuple[int, str, str | None]]:
    """Return who clashes with whom over which number."""
    return [
        (clash["number"], clash["branch"], clash["other_branch"])
        for clash in radar(fleet, *arguments)["clashes"]
    ]


class TestClaims:
    def test_no_branch(self, fleet: Project) -> None:
        assert radar(fleet) == {
            "database": "app.sqlite",
            "base": "main",
            "fetched_at": None,
            "next_free": 3,
            "claims": [],
            "clashes": [],
        }

    def test_branches_claim_what_base_has_not(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql", "004.index.sql", author="Eva")
        branch(fleet, "code-only")
        land(fleet, "003.phone.sql")

        found = radar(fleet)

        (claim,) = found["claims"]
        assert claim["branch"] == "mail"
        assert claim["author"] == "Eva"
        assert claim["date"].startswith("2026-01-01T00:00:")
        assert claim["scripts"] == ["003.mail.sql", "004.index.sql"]
        assert claim["renumbers"] is True
        assert found["next_free"] == 5
        assert found["clashes"] == [
            {
                "number": 3,
                "branch": "mail",
                "script": "003.mail.sql",
                "other_branch": None,
                "other_script": "003.phone.sql",
            }
        ]

    def test_two_branches_clash(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        branch(fleet, "phone", "003.phone.sql", "004.city.sql")
        branch(fleet, "zoo", "005.zoo.sql")

        assert clashes(fleet) == [(3, "mail", "phone")]

    def test_what_has_landed_by_a_squash_is_no_claim(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql", "004.index.sql")
        fleet.git("merge", "--quiet", "--squash", "mail")
        fleet.commit("squashed")

        assert claims(fleet) == {}

    def test_what_has_landed_under_another_number_is_no_claim(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        land(fleet, "003.phone.sql")
        fleet.git("reset", "--quiet", "--hard")
        fleet.git("cherry-pick", "mail")
        fleet.rename("003.mail.sql", "004.mail.sql")
        fleet.commit("picked")

        assert claims(fleet) == {}

    def test_what_has_landed_in_part(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        land(fleet, "004.index.sql", branch="mail")
        fleet.git("cherry-pick", "mail~1")

        assert claims(fleet) == {"mail": ["004.index.sql"]}

    def test_a_merged_branch_claims_nothing_even_if_base_went_on(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        fleet.merge("mail", options=["--no-ff"])
        fleet.edit("003.mail.sql")
        fleet.commit("published scripts are not to be edited, but this one was")

        assert claims(fleet) == {}

    def test_a_branch_that_is_behind_claims_nothing_that_base_once_had(
        self, fleet: Project
    ) -> None:
        """Base has edited, renamed and deleted scripts since; the branch still has the old ones."""
        fleet.scripts("003.phone.sql", "004.city.sql", "005.zoo.sql", "006.area.sql")
        fleet.commit("four")
        branch(fleet, "mail", "007.mail.sql")
        fleet.edit("003.phone.sql")
        fleet.rename("004.city.sql", "004.town.sql")
        fleet.delete("005.zoo.sql")
        fleet.commit("not what one does")

        assert claims(fleet) == {"mail": ["007.mail.sql"]}
        assert clashes(fleet) == []

    def test_an_edit_of_a_published_script_is_a_claim(self, fleet: Project) -> None:
        fleet.git("branch", "mail")
        land(fleet, "002.orders.sql", text="create table mine (id);\n", branch="mail")

        assert claims(fleet) == {"mail": ["002.orders.sql"]}

    def test_branches_with_the_same_scripts_are_one_claim(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        fleet.git("branch", "mail-again", "mail")
        fleet.git("update-ref", "refs/remotes/origin/mail", "mail")

        (claim,) = radar(fleet)["claims"]

        assert claim["branches"] == ["mail", "mail-again", "origin/mail"]

    @pytest.mark.parametrize("newer", ["local", "remote"])
    def test_a_branch_and_its_remote_are_one_claim_though_they_differ(
        self, fleet: Project, newer: str
    ) -> None:
        fleet.remote()
        branch(fleet, "mail", "003.mail.sql")
        fleet.git("push", "--quiet", "--set-upstream", "origin", "mail")
        land(fleet, "004.index.sql", branch="mail")
        if newer == "remote":
            fleet.git("push", "--quiet", "origin", "mail")
            fleet.git("branch", "--force", "mail", "mail~1")

        (claim,) = radar(fleet)["claims"]

        assert claim["scripts"] == ["003.mail.sql", "004.index.sql"]
        assert sorted(claim["branches"]) == ["mail", "origin/mail"]

    def test_a_branch_that_was_renumbered_does_not_clash_with_its_older_self(
        self, fleet: Project
    ) -> None:
        fleet.remote()
        fleet.push("main")
        branch(fleet, "mail", "003.mail.sql")
        fleet.git("push", "--quiet", "--set-upstream", "origin", "mail")
        land(fleet, "003.phone.sql")
        fleet.git("push", "--quiet", "origin", "main")
        land(fleet, "004.mail.sql", branch="mail", remove="003.mail.sql")

        assert claims(fleet) == {"mail": ["004.mail.sql"]}
        assert clashes(fleet) == []

    def test_the_symbolic_head_of_a_remote_is_no_branch(self, fleet: Project) -> None:
        fleet.remote()
        fleet.push("main")
        branch(fleet, "mail", "003.mail.sql")
        fleet.git("push", "--quiet", "origin", "mail")
        fleet.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/mail")

        assert claims(fleet, "--base", "main") == {"mail": ["003.mail.sql"]}

    def test_odd_names(self, fleet: Project) -> None:
        branch(fleet, "größe/ü", "003.größe it's.sql")
        branch(fleet, "origin/mail", "003.mail.sql")

        assert set(claims(fleet)) == {"größe/ü", "origin/mail"}

    def test_several_databases(self, fleet: Project) -> None:
        shop = Project(fleet.env, fleet.root, database="data/shop.sqlite")
        shop.script("001.items.sql")
        fleet.commit("shop")
        branch(fleet, "mail", "003.mail.sql")
        branch(shop, "price", "002.price.sql")

        documents = fleet.tsm_inprocess("branches", "--json").exits(0).json()["databases"]

        assert [(d["database"], [c["branch"] for c in d["claims"]]) for d in documents] == [
            ("app.sqlite", ["mail"]),
            ("data/shop.sqlite", ["price"]),
        ]
        assert radar(fleet, "--database", "data/shop.sqlite")["claims"][0]["branch"] == "price"

    def test_a_bare_repository(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        bare = fleet.clone("bare", "--bare")

        assert claims(bare, "--base", "main") == {"mail": ["003.mail.sql"]}

    def test_a_sha256_repository(self, fleet: Project, tmp_path: Path) -> None:
        other = Project.create(fleet.env, tmp_path / "sha256", object_format="sha256")
        other.script("001.users.sql", b"create table users (id);\r\n")
        other.commit("start")
        branch(other, "mail", "002.mail.sql")

        assert claims(other) == {"mail": ["002.mail.sql"]}

    def test_no_repository(self, fleet: Project, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        folder = Project(fleet.env, tmp_path / "folder")
        folder.script("001.users.sql")

        assert folder.tsm_inprocess("branches").exits(2).stderr.startswith("error: ")


class TestLimits:
    def test_ignored_by_name(self, fleet: Project) -> None:
        for name in ("archive/mail", "wip-mail", "mail"):
            branch(fleet, name, f"003.{name[:3]}.sql")
        fleet.git("update-ref", "refs/remotes/origin/wip-phone", "wip-mail")

        assert set(claims(fleet, "--ignore", "archive/*", "--ignore", "wip-*")) == {"mail"}

    def test_ignored_by_the_configuration(self, fleet: Project) -> None:
        branch(fleet, "archive/mail", "003.mail.sql")
        branch(fleet, "phone", "003.phone.sql")
        fleet.write("pyproject.toml", '[tool.tsm]\nignore_branches = ["archive/*"]\n')

        assert set(claims(fleet)) == {"phone"}

    def test_not_older_than(self, fleet: Project) -> None:
        branch(fleet, "old", "003.old.sql")
        branch(fleet, "new", "003.new.sql")
        tree, parent = fleet.rev("new") + "^{tree}", fleet.rev("new")
        made = fleet.git(
            *("commit-tree", "-p", parent, "-m", "now", tree),
            env=person("Ada") | {"GIT_COMMITTER_DATE": "2099-01-01T00:00:00Z"},
        )
        fleet.git("update-ref", "refs/heads/new", made)

        assert set(claims(fleet, "--max-age", "1")) == {"new"}
        assert set(claims(fleet)) == {"old", "new"}
        fleet.write("pyproject.toml", "[tool.tsm]\nmax_branch_age = 1\n")
        assert set(claims(fleet)) == {"new"}

    def test_a_base_that_is_named(self, fleet: Project) -> None:
        branch(fleet, "release", "003.release.sql")
        branch(fleet, "mail", "003.mail.sql")

        assert claims(fleet, "--base", "release") == {"mail": ["003.mail.sql"]}
        assert clashes(fleet, "--base", "release") == [(3, "mail", None)]


class TestFetching:
    def test_never(self, fleet: Project) -> None:
        said = fleet.tsm_inprocess("branches").exits(0).stdout

        assert "  last fetch   never: only local branches are known\n" in said

    def test_some_time_ago(self, fleet: Project) -> None:
        fleet.remote()
        fleet.push("main")
        fleet.fetch()
        os.utime(fleet.root / ".git/FETCH_HEAD", (1_000_000_000, 1_000_000_000))

        assert radar(fleet)["fetched_at"] == "2001-09-09T01:46:40+00:00"
        assert " days ago\n" in fleet.tsm_inprocess("branches").exits(0).stdout

    def test_a_fresh_clone_was_fetched(self, fleet: Project) -> None:
        cloned = fleet.clone("cloned")

        assert radar(cloned)["fetched_at"] is not None

    def test_a_linked_work_tree_knows_what_the_main_one_fetched(self, fleet: Project) -> None:
        fleet.remote()
        fleet.push("main")
        fleet.fetch()

        assert radar(fleet.worktree("linked", "mail"))["fetched_at"] is not None


class TestText:
    def test_the_whole_picture(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.mail.sql")
        branch(fleet, "phone", "003.phone.sql", author="Bob")
        branch(fleet, "zoo", "004.zoo.sql", author="Eva")

        lines = fleet.tsm_inprocess("branches").exits(0).stdout.splitlines()

        text = "\n".join(line.partition(", 3")[0] for line in lines)
        assert text.replace("\n", "|").startswith(
            "app.sqlite: 3 unmerged claims, 1 clash against main|"
            "  last fetch   never: only local branches are known|"
            "  next free    005||"
            "  claims|"
            "    mail   003.mail.sql  (Ada|"
            "    phone  003.phone.sql  (Bob|"
            "    zoo    004.zoo.sql  (Eva||"
            "  clashes|"
            "    003  mail has 003.mail.sql, phone has 003.phone.sql||"
            "  who clashes with whom|"
            "                1   2   3|"
            "    mail    1   .   x   -|"
            "    phone   2   x   .   -|"
            "    zoo     3   -   -   .||"
            "  an order of landing with 1 renumbering, the fewest there can be|"
        )
        assert lines[-3:] == [
            "    1. mail",
            "    2. zoo",
            "    3. phone: run `tsm renumber` there first",
        ]

    def test_a_name_with_a_line_end_or_colours_spoils_no_line(self, fleet: Project) -> None:
        branch(fleet, "mail", "003.a\x1b[31m.sql", author="Ev\x1b[1ma")

        said = fleet.tsm_inprocess("branches").exits(0).stdout

        assert "\x1b" not in said

    def test_many_branches_have_no_matrix(self, fleet: Project) -> None:
        for number in range(14):
            branch(fleet, f"b{number:02}", f"003.s{number}.sql")

        said = fleet.tsm_inprocess("branches").exits(0).stdout

        assert "who clashes with whom" not in said
        assert "an order of landing with 13 renumberings\n" in said


class TestLanding:
    """Against a brute force that plays every order."""

    @given(st.data())
    def test_the_order_needs_the_fewest_renumberings(self, data: st.DataObject) -> None:
        texts = [f"{index:040x}" for index in range(1, 7)]
        branch_of = st.lists(
            st.tuples(st.integers(3, 6), st.sampled_from(texts)), min_size=1, max_size=3
        )
        drawn = data.draw(st.lists(branch_of, max_size=6))
        held = {
            f"b{index}": [
                Script(number, f"{number:03}.{text[-1]}.sql", text)
                for text, number in {text: number for number, text in scripts}.items()
            ]
            for index, scripts in enumerate(drawn)
        }

        found = scan(Snapshot(PUBLISHED, {}), held)

        assert found.is_fewest
        assert len(found.renumbering) == fewest(found)
        assert played(found.landing) == len(found.renumbering)
        assert sorted(found.landing) == sorted(found.claims)

    def test_a_branch_that_is_built_on_another_lands_after_it_as_it_is(
        self, fleet: Project
    ) -> None:
        branch(fleet, "a", "003.a.sql")
        branch(fleet, "b", "004.b.sql", at="a")

        found = radar(fleet)

        assert found["clashes"] == []
        assert [(c["branch"], c["renumbers"]) for c in found["claims"]] == [
            ("a", False),
            ("b", False),
        ]

    def test_who_has_to_wait_for_whom(self, fleet: Project) -> None:
        branch(fleet, "late", "004.late.sql")
        branch(fleet, "early", "003.early.sql")

        assert [c["branch"] for c in radar(fleet)["claims"]] == ["early", "late"]


PUBLISHED = {
    f"00{number}.x.sql": Script(number, f"00{number}.x.sql", f"p{number}") for number in (1, 2)
}


def played(order: Sequence[Any]) -> int:
    """How many branches have to renumber if they land in this order."""
    last, on_base, count = 2, set[str](), 0
    for claim in order:
        left = [script for script in claim.scripts if script.digest not in on_base]
        if [script.number for script in left] != [last + 1 + index for index in range(len(left))]:
            count += 1
        last += len({script.digest for script in left})
        on_base |= {script.digest for script in left}
    return count


def fewest(found: Radar) -> int:
    """The same for the best of all orders."""
    return min(played(order) for order in itertools.permutations(found.claims))


class TestProcesses:
    def test_they_do_not_grow_with_the_branches(self, fleet: Project, tmp_path: Path) -> None:
        branch(fleet, "b0", "003.s0.sql")
        few = processes(fleet, tmp_path / "few", "branches")
        for number in range(1, 25):
            branch(fleet, f"b{number}", f"{3 + number % 4:03}.s{number}.sql")
        many = processes(fleet, tmp_path / "many", "branches")

        assert many == few

    def test_nor_do_they_for_a_check_that_looks_at_branches(
        self, fleet: Project, tmp_path: Path
    ) -> None:
        fleet.switch("main")
        branch(fleet, "b0", "003.s0.sql")
        fleet.branch("mine")
        fleet.script("003.mine.sql")
        few = processes(fleet, tmp_path / "few", "check")
        for number in range(1, 25):
            branch(fleet, f"b{number}", f"003.s{number}.sql")
        many = processes(fleet, tmp_path / "many", "check")

        assert many == few


def processes(fleet: Project, trace: Path, command: str) -> list[str]:
    """Which git commands a run of tsm starts."""
    fleet.tsm(command, env={"GIT_TRACE2_EVENT": str(trace)}).exits(0)
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    return sorted(event["name"] for event in events if event["event"] == "cmd_name")


class TestContested:
    """TSM206, which the same radar finds for the drafts of a check."""

    def test_only_for_drafts(self, fleet: Project) -> None:
        branch(fleet, "phone", "003.phone.sql")
        assert verdict(fleet).findings == []
        fleet.branch("mail")
        assert verdict(fleet).findings == []
        fleet.script("003.mail.sql")
        assert verdict(fleet).findings == [("TSM206", "003.mail.sql")]
        fleet.rename("003.mail.sql", "004.mail.sql")
        assert ("TSM206", "004.mail.sql") not in verdict(fleet).findings

    def test_not_for_the_own_branch_on_a_remote(self, fleet: Project) -> None:
        fleet.branch("mail")
        fleet.script("003.mail.sql")
        fleet.commit("mail")
        fleet.git("update-ref", "refs/remotes/origin/mail", "HEAD")
        fleet.rename("003.mail.sql", "003.post.sql")
        fleet.commit("post")

        assert verdict(fleet, "--base", "main").findings == []
        assert verdict(fleet, "--base", "main", "--head", "mail").findings == []

    def test_not_for_a_branch_that_this_one_is_built_on(self, fleet: Project) -> None:
        fleet.branch("a")
        fleet.script("003.a.sql")
        fleet.commit("a")
        fleet.branch("b")
        fleet.edit("003.a.sql")
        fleet.commit("b")

        assert verdict(fleet).findings == []

    def test_not_for_a_branch_that_is_built_on_this_one(self, fleet: Project) -> None:
        fleet.branch("a")
        fleet.script("003.a.sql")
        fleet.commit("a")
        fleet.branch("b")
        fleet.edit("003.a.sql")
        fleet.commit("b")
        fleet.switch("a")

        assert verdict(fleet).findings == []

    def test_for_a_branch_that_is_built_on_this_one_and_a_draft_that_came_later(
        self, fleet: Project
    ) -> None:
        fleet.branch("a")
        fleet.script("003.a.sql")
        fleet.commit("a")
        branch(fleet, "b", "004.b.sql", at="a")
        fleet.script("004.mine.sql")

        assert verdict(fleet).findings == [("TSM206", "004.mine.sql")]

    def test_not_for_a_branch_that_is_being_rebased(self, fleet: Project) -> None:
        fleet.branch("mail")
        fleet.script("003.mail.sql")
        fleet.script("004.index.sql", "create table a (id);\n")
        fleet.commit("mail")
        land(fleet, "004.index.sql", text="create table b (id);\n")
        fleet.git("rebase", "--quiet", "main", exit_code=1)
        fleet.script("005.mine.sql")

        codes = {code for code, _ in verdict(fleet).findings}

        assert "TSM104" in codes
        assert "TSM206" not in codes

    def test_not_for_a_detached_head_that_is_a_branch_s_tip(self, fleet: Project) -> None:
        fleet.branch("mail")
        fleet.script("003.mail.sql")
        fleet.commit("mail")
        fleet.detach()

        assert verdict(fleet).findings == []

    def test_a_clash_with_base_is_enough(self, fleet: Project) -> None:
        branch(fleet, "phone", "003.phone.sql")
        fleet.branch("mail")
        fleet.script("003.mail.sql")
        land(fleet, "003.street.sql")

        found = [code for code, _ in verdict(fleet).findings]
        assert "TSM204" in found

    def test_it_is_a_warning(self, fleet: Project) -> None:
        branch(fleet, "phone", "003.phone.sql", author="Bob")
        fleet.branch("mail")
        fleet.script("003.mail.sql")

        result = fleet.tsm_inprocess("check", "--json").exits(0).json()

        (finding,) = result["databases"][0]["findings"]
        assert finding["severity"] == "warning"
        assert finding["message"] == (
            "number 003 of `003.mail.sql` is also claimed by `003.phone.sql` on `phone`"
        )
        assert "last changed by Bob on 2026-01-01" in finding["related"][0]["message"]
        assert fleet.tsm_inprocess("check", "--strict").exit_code == 1


def test_many_who_claim_one_number_are_one_line(fleet: Project) -> None:
    for branch in range(30):
        fleet.git("branch", f"topic{branch:02d}", "main")
        land(fleet, f"003.topic{branch:02d}.sql", branch=f"topic{branch:02d}")

    said = fleet.tsm_inprocess("branches").exits(0).stdout

    assert "app.sqlite: 30 unmerged claims, 435 clashes against main\n" in said
    assert "    003  topic00, topic01, topic02 and 27 more have scripts of their own\n" in said
    assert len(radar(fleet)["clashes"]) == 435
    landing = said.partition("an order of landing with ")[2]
    assert landing.startswith("29 renumberings\n")


def test_many_who_build_on_each_other_land_in_that_order(fleet: Project) -> None:
    above = "main"
    for number in range(3, 33):
        fleet.git("branch", f"step{number}", above)
        land(fleet, f"{number:03d}.step.sql", branch=f"step{number}")
        above = f"step{number}"

    landing = fleet.tsm_inprocess("branches").exits(0).stdout.partition("an order of landing ")[2]

    assert landing.startswith("with 0 renumberings\n    1. step3\n    2. step4\n")
