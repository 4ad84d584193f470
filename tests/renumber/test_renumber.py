"""`tsm renumber`: drafts move behind what is published, and nothing else changes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import untouched, verdict
from tests.harness.project import Project
from tests.renumber.stories import land, moves, on_path, staged, status, texts

BEHIND = ("TSM208", "app.sqlite.migrations")


class TestDrafts:
    def test_a_draft_moves_behind_the_script_that_took_its_number(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        assert verdict(team).findings == [BEHIND, ("TSM204", "003.mail.sql")]

        result = team.tsm("renumber").exits(0)

        assert result.stdout == (
            "app.sqlite.migrations/003.mail.sql -> app.sqlite.migrations/004.mail.sql\n"
        )
        assert result.stderr == (
            "proven by replay: both orders give the same database\n"
            "next: `git status` to look at it, then `git commit`\n"
        )
        assert verdict(team).findings == [BEHIND]
        assert status(team) == ["R  003.mail.sql -> 004.mail.sql"]
        team.commit("renumber")
        team.merge("main")
        assert verdict(team) == ("PENDING", [], team.listing(), [])
        assert team.listing() == [
            "001.users.sql",
            "002.orders.sql",
            "003.phone.sql",
            "004.mail.sql",
        ]

    def test_several_drafts_keep_their_order(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql", "005.archive.sql")
        team.commit("mail")
        land(team, "003.phone.sql", "004.street.sql")

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.mail.sql -> 005.mail.sql",
            "004.index.sql -> 006.index.sql",
            "005.archive.sql -> 007.archive.sql",
        ]
        assert verdict(team).findings == [BEHIND]

    def test_drafts_of_one_name_follow_each_other(self, team: Project) -> None:
        for number in (3, 4, 5):
            team.script(f"00{number}.fix.sql", f"create table fix_{number} (id);\n")
        team.commit("fixes")
        before = texts(team)
        land(team, "003.phone.sql")

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.fix.sql -> 004.fix.sql",
            "004.fix.sql -> 005.fix.sql",
            "005.fix.sql -> 006.fix.sql",
        ]
        after = texts(team)
        assert [after[f"00{n + 1}.fix.sql"] for n in (3, 4, 5)] == [
            before[f"00{n}.fix.sql"] for n in (3, 4, 5)
        ]
        assert staged(team) == after

    def test_some_go_up_while_others_of_the_same_name_go_down(self, team: Project) -> None:
        for number in (3, 8, 9):
            team.script(f"00{number}.fix.sql", f"create table fix_{number} (id);\n")
        team.commit("fixes")
        land(team, "003.phone.sql")

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.fix.sql -> 004.fix.sql",
            "008.fix.sql -> 005.fix.sql",
            "009.fix.sql -> 006.fix.sql",
        ]
        assert team.read("005.fix.sql") == "create table fix_8 (id);\n"
        assert verdict(team).findings == [BEHIND]

    def test_a_gap_is_closed(self, team: Project) -> None:
        team.scripts("005.mail.sql", "009.index.sql")
        team.commit("mail")
        assert verdict(team).findings == [("TSM103", "005.mail.sql"), ("TSM103", "009.index.sql")]

        assert moves(team.tsm_inprocess("renumber")) == [
            "005.mail.sql -> 003.mail.sql",
            "009.index.sql -> 004.index.sql",
        ]
        assert verdict(team).findings == []

    def test_two_drafts_of_one_number_part_in_order_of_their_names(self, team: Project) -> None:
        team.scripts("003.mail.sql", "003.index.sql")
        team.commit("mail")
        assert verdict(team).findings == [("TSM102", "003.mail.sql")]

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]
        assert verdict(team).findings == []

    def test_a_draft_below_what_is_published_moves_to_the_end(self, team: Project) -> None:
        land(team, "003.phone.sql", "004.street.sql")
        land(team, "005.city.sql", remove="003.phone.sql")
        team.git("reset", "--quiet", "--hard", "main")
        team.script("003.mail.sql")
        assert verdict(team).findings == [("TSM205", "003.mail.sql")]

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 006.mail.sql"]

    def test_no_draft_takes_the_number_of_a_file_that_is_no_script_yet(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.write("app.sqlite.migrations/004.photo.sql", b"select '\xff';")

        with untouched(team.root):
            result = team.tsm_inprocess("renumber").exits(1)

        assert result.stderr == (
            "error: `app.sqlite.migrations/003.mail.sql` would get the number of "
            "`004.photo.sql`, which is no script that can be run (TSM106)\n"
            "hint: put that file right or give it another name, then run `tsm renumber` again\n"
        )

    def test_it_is_done_once(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.tsm_inprocess("renumber").exits(0)

        with untouched(team.root):
            again = team.tsm_inprocess("renumber")

        assert (again.exits(0).stdout, again.stderr) == ("nothing to renumber\n", "")

    def test_where_nothing_is_to_do_nothing_is_touched(self, team: Project) -> None:
        team.script("003.mail.sql")
        with untouched(team.root):
            assert team.tsm_inprocess("renumber").exits(0).stdout == "nothing to renumber\n"

    def test_a_base_may_be_named(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        team.git("branch", "release", "main")
        land(team, "003.phone.sql", branch="release")

        assert moves(team.tsm_inprocess("renumber")) == ["nothing to renumber"]
        assert moves(team.tsm_inprocess("renumber", "--base", "release")) == [
            "003.mail.sql -> 004.mail.sql"
        ]


class TestPlaces:
    """Each draft keeps the place that it is in."""

    def test_untracked_staged_and_committed_drafts(self, team: Project) -> None:
        team.script("003.committed.sql")
        team.commit("committed")
        land(team, "003.phone.sql")
        team.script("004.staged.sql")
        team.stage("004.staged.sql")
        team.script("005.untracked.sql")

        team.tsm_inprocess("renumber").exits(0)

        assert status(team) == [
            "R  003.committed.sql -> 004.committed.sql",
            "A  005.staged.sql",
            "?? 006.untracked.sql",
        ]

    def test_unstaged_edits_stay_unstaged(self, team: Project) -> None:
        team.script("003.mail.sql", "create table mail (id);\n")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.edit("003.mail.sql", "create table mail (id, address);\n")

        team.tsm_inprocess("renumber").exits(0)

        assert status(team) == ["RM 003.mail.sql -> 004.mail.sql"]
        assert staged(team)["004.mail.sql"] == b"create table mail (id);\n"
        assert team.read("004.mail.sql") == "create table mail (id, address);\n"

    def test_what_is_staged_half_stays_staged_half(self, team: Project) -> None:
        land(team, "003.phone.sql")
        team.script("003.mail.sql", "create table mail (id);\n")
        team.stage("003.mail.sql")
        team.edit("003.mail.sql")

        team.tsm_inprocess("renumber").exits(0)

        assert status(team) == ["AM 004.mail.sql"]
        assert staged(team)["004.mail.sql"] == b"create table mail (id);\n"

    def test_other_changes_are_left_alone(self, team: Project) -> None:
        team.write("app.py", "one\n")
        team.write("lib.py", "one\n")
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.write("app.py", "two\n")
        team.write("lib.py", "two\n")
        team.git("add", "lib.py")
        team.write("notes.txt", "mine\n")

        team.tsm_inprocess("renumber").exits(0)

        assert sorted(status(team)) == [
            " M app.py",
            "?? notes.txt",
            "M  lib.py",
            "R  003.mail.sql -> 004.mail.sql",
        ]

    def test_a_manual_renaming_that_nobody_staged(self, team: Project) -> None:
        """The index knows the target's name already, the file system does not."""
        team.script("004.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.rename("004.mail.sql", "003.mail.sql")

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]
        assert status(team) == []

    def test_texts_stay_byte_for_byte_what_they_were(self, team: Project) -> None:
        odd = {
            "003.crlf.sql": b"create table crlf (id);\r\n-- end\r\n",
            "004.bom.sql": b"\xef\xbb\xbfcreate table bom (id);\n",
            "005.bare.sql": b"create table bare (id)",
            "006.space.sql": b"\n\n  create table space (id) ;  \n\t\n",
            "007.größe it's.sql": "create table größe (id); -- ß\n".encode(),
        }
        for name, data in odd.items():
            team.script(name, data)
        team.commit("odd ones")
        land(team, "003.phone.sql")

        team.tsm_inprocess("renumber").exits(0)

        found = texts(team)
        assert [found[f"{int(name[:3]) + 1:03}{name[3:]}"] for name in odd] == list(odd.values())
        assert staged(team) == found

    def test_a_repository_that_turns_line_ends(self, team: Project) -> None:
        team.git("config", "core.autocrlf", "true")
        env = {"GIT_CONFIG_COUNT": "0"}
        team.script("003.mail.sql", b"create table mail (id);\r\n")
        team.git("add", "--all", env=env)
        team.git("commit", "--quiet", "-m", "mail", env=env)
        land(team, "003.phone.sql")

        moved = moves(team.tsm("renumber", env=env))

        assert moved == ["003.mail.sql -> 004.mail.sql"]
        assert texts(team)["004.mail.sql"] == b"create table mail (id);\r\n"
        said = team.git("status", "--porcelain", env=env)
        assert said.startswith("R  ")

    def test_the_mode_of_a_file_stays(self, team: Project) -> None:
        team.script("003.mail.sql")
        (team.folder / "003.mail.sql").chmod(0o755)
        team.commit("mail")
        land(team, "003.phone.sql")

        team.tsm_inprocess("renumber").exits(0)

        assert status(team) == ["R  003.mail.sql -> 004.mail.sql"]
        assert os.access(team.folder / "004.mail.sql", os.X_OK)


class TestNumbers:
    def test_the_width_of_the_folder_is_kept(self, project: Project) -> None:
        project.scripts("00001.users.sql", "00002.orders.sql")
        project.commit("start")
        project.branch("mail")
        project.script("00003.mail.sql")
        project.commit("mail")
        land(project, "00003.phone.sql")

        assert moves(project.tsm_inprocess("renumber")) == ["00003.mail.sql -> 00004.mail.sql"]

    def test_a_draft_takes_on_the_width_of_the_folder(self, team: Project) -> None:
        team.script("3.mail.sql")
        land(team, "003.phone.sql")

        assert moves(team.tsm_inprocess("renumber")) == ["3.mail.sql -> 004.mail.sql"]

    def test_999_is_followed_by_1000(self, project: Project) -> None:
        for number in range(1, 999):
            project.script(f"{number:03}.x.sql", f"select {number};\n")
        project.commit("start")
        project.branch("mail")
        project.scripts("999.mail.sql", "1000.index.sql")
        project.commit("mail")
        land(project, "999.phone.sql")

        assert moves(project.tsm_inprocess("renumber")) == [
            "1000.index.sql -> 1001.index.sql",
            "999.mail.sql -> 1000.mail.sql",
        ]
        assert verdict(project).findings == [BEHIND]


class TestSeveralDatabases:
    @pytest.fixture
    def shop(self, team: Project) -> Project:
        """Return the second database of the team; both have a clash."""
        shop = Project(team.env, team.root, database="data/shop.sqlite")
        shop.results = team.results
        team.switch("main")
        shop.script("001.items.sql")
        team.commit("shop")
        team.git("branch", "--force", "mail")
        team.switch("mail")
        team.script("003.mail.sql")
        shop.script("002.price.sql")
        team.commit("mail, price")
        land(team, "003.phone.sql")
        land(shop, "002.weight.sql")
        return shop

    @pytest.mark.usefixtures("shop")
    def test_all_are_renumbered(self, team: Project) -> None:
        assert moves(team.tsm_inprocess("renumber")) == [
            "003.mail.sql -> 004.mail.sql",
            "002.price.sql -> 003.price.sql",
        ]
        assert team.tsm_inprocess("check").exit_code == 0

    @pytest.mark.usefixtures("shop")
    def test_one_is_renumbered_if_it_is_named(self, team: Project) -> None:
        before = texts(team)

        moved = moves(team.tsm_inprocess("renumber", "--database", "data/shop.sqlite"))

        assert moved == ["002.price.sql -> 003.price.sql"]
        assert texts(team) == before

    def test_one_that_cannot_be_renumbered_holds_up_the_other(
        self, team: Project, shop: Project
    ) -> None:
        shop.script("003.price.sql", "-- in the way, and no draft of git's\n")
        shop.delete("003.price.sql")
        (shop.folder / "003.price.sql").mkdir()
        before = (texts(team), status(team))

        result = team.tsm_inprocess("renumber").exits(1)

        assert "`003.price.sql` is in the way of `002.price.sql`" in result.stderr
        assert (texts(team), status(team)) == before


class TestOptions:
    @pytest.fixture
    def clash(self, team: Project) -> Project:
        """Return the team with a committed draft whose number main has given away."""
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        return team

    def test_a_dry_run_changes_nothing(self, clash: Project) -> None:
        with untouched(clash.root):
            result = clash.tsm_inprocess("renumber", "--dry-run")

        assert moves(result) == ["003.mail.sql -> 004.mail.sql"]
        assert "next:" not in result.stderr

    @pytest.mark.parametrize("dry", [True, False], ids=["dry run", "done"])
    def test_json(self, clash: Project, dry: bool) -> None:
        result = clash.tsm_inprocess("renumber", "--json", *(["--dry-run"] if dry else []))

        document = result.exits(0).json()

        assert (document["version"], document["dry_run"]) == (1, dry)
        (database,) = document["databases"]
        assert database["database"] == "app.sqlite"
        assert database["renames"] == [
            {
                "from": "app.sqlite.migrations/003.mail.sql",
                "to": "app.sqlite.migrations/004.mail.sql",
            }
        ]
        assert database["proof"] == {"order": "identical", "differences": []}
        assert ("004.mail.sql" in clash.listing()) is not dry

    def test_json_where_nothing_is_to_do(self, team: Project) -> None:
        (database,) = team.tsm_inprocess("renumber", "--json").exits(0).json()["databases"]

        assert (database["renames"], database["proof"]) == ([], None)

    def test_commit_makes_a_commit_of_the_moves_alone(self, clash: Project) -> None:
        clash.write("README.md", "not committed\n")

        clash.tsm("renumber", "--commit").exits(0)

        assert status(clash) == ["?? README.md"]
        assert clash.git("log", "-1", "--format=%s") == "Renumber 003.mail.sql -> 004.mail.sql"
        assert clash.git("show", "--format=", "--name-status", "-M", "HEAD").startswith("R100\t")
        assert verdict(clash, "--head", "HEAD").findings == [BEHIND]

    def test_commit_without_a_move_makes_no_commit(self, team: Project) -> None:
        before = team.head

        assert moves(team.tsm("renumber", "--commit")) == ["nothing to renumber"]
        assert team.head == before

    def test_amend_puts_the_moves_into_the_last_commit(self, clash: Project) -> None:
        parent = clash.rev("HEAD^")

        clash.tsm("renumber", "--amend").exits(0)

        assert clash.rev("HEAD^") == parent
        assert clash.git("log", "-1", "--format=%s") == "mail"
        assert clash.tree() == ["001.users.sql", "002.orders.sql", "004.mail.sql"]
        assert status(clash) == []

    @pytest.mark.parametrize("option", ["--commit", "--amend"])
    def test_a_commit_would_take_up_what_else_is_staged(self, clash: Project, option: str) -> None:
        clash.write("README.md", "staged\n")
        clash.git("add", "README.md")

        with untouched(clash.root):
            result = clash.tsm_inprocess("renumber", option).exits(1)

        assert result.stderr == (
            "error: other changes are staged, and the commit would take them up\n"
            "hint: run `git commit` or `git stash` first, or `tsm renumber` without `--commit`\n"
        )

    def test_commit_and_amend_are_two_commits(self, team: Project) -> None:
        assert team.tsm_inprocess("renumber", "--commit", "--amend").exit_code == 2

    def test_a_hook_that_refuses_the_commit_leaves_the_moves_staged(self, clash: Project) -> None:
        hook = clash.write(".git/hooks/pre-commit", "#!/bin/sh\necho no >&2\nexit 1\n")
        hook.chmod(0o755)
        before = clash.head

        assert clash.tsm("renumber", "--commit").exits(2).stderr.startswith("error: ")
        assert clash.head == before
        assert status(clash) == ["R  003.mail.sql -> 004.mail.sql"]


class TestHistory:
    def test_every_commit_of_a_branch_is_cleaned_by_a_rebase(self, team: Project) -> None:
        for name in ("003.zone.sql", "004.mail.sql", "005.archive.sql"):
            team.script(name)
            team.commit(name)
        land(team, "003.phone.sql")

        _rebase(team)

        assert _added(team, "main..HEAD") == ["004.zone.sql", "005.mail.sql", "006.archive.sql"]
        _assert_each_commit_is_clean(team)

    def test_scripts_that_build_on_each_other_keep_their_order_in_a_rebase(
        self, team: Project
    ) -> None:
        """Base took as many numbers as the branch, so each commit brings one from below."""
        team.script("003.zone.sql", "create table zone (id);\n")
        team.commit("zone")
        team.script("004.code.sql", "alter table zone add column code;\n")
        team.commit("code")
        team.script("005.area.sql", "alter table zone add column area;\n")
        team.commit("area")
        land(team, "003.phone.sql", "004.street.sql", "005.city.sql")

        _rebase(team)

        assert _added(team, "main..HEAD") == ["006.zone.sql", "007.code.sql", "008.area.sql"]
        _assert_each_commit_is_clean(team)

    def test_independent_scripts_keep_their_order_in_a_rebase_as_well(self, team: Project) -> None:
        for name in ("003.zone.sql", "004.mail.sql", "005.archive.sql"):
            team.script(name)
            team.commit(name)
        land(team, "003.phone.sql", "004.street.sql", "005.city.sql")

        _rebase(team)

        assert _added(team, "main..HEAD") == ["006.zone.sql", "007.mail.sql", "008.archive.sql"]
        _assert_each_commit_is_clean(team)

    def test_a_script_that_was_squeezed_in_later_keeps_its_place_in_a_rebase(
        self, team: Project
    ) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        team.rename("003.mail.sql", "004.mail.sql")
        team.script("003.zone.sql")
        team.commit("zone before mail")
        land(team, "003.phone.sql")

        _rebase(team)

        assert team.listing()[2:] == ["003.phone.sql", "004.zone.sql", "005.mail.sql"]
        _assert_each_commit_is_clean(team)

    def test_a_rebase_of_a_clean_branch_rewrites_nothing_more(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        before = team.head

        _rebase(team)

        assert team.head == before

    def test_after_a_merge_that_carries_the_duplicate(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.merge("main")
        assert verdict(team).findings == [("TSM204", "003.mail.sql")]

        assert moves(team.tsm("renumber", "--commit")) == ["003.mail.sql -> 004.mail.sql"]
        assert verdict(team, "--head", "HEAD").findings == []

    def test_on_main_itself_the_merged_side_moves(self, team: Project) -> None:
        """HEAD is what is published; the first parent had the number."""
        team.scripts("003.a.sql", "004.b.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.switch("main")
        team.merge("mail")
        assert verdict(team).findings == [("TSM102", "003.phone.sql")]

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.a.sql -> 004.a.sql",
            "004.b.sql -> 005.b.sql",
        ]
        assert "003.phone.sql" in team.listing()
        team.commit("renumber")
        assert verdict(team).findings == []
        assert moves(team.tsm_inprocess("renumber")) == ["nothing to renumber"]

    def test_where_nothing_of_it_is_pushed_the_merged_side_moves_too(self, team: Project) -> None:
        team.remote()
        team.push("main")
        team.scripts("003.a.sql", "004.b.sql")
        team.commit("mail")
        team.switch("main")
        team.scripts("003.phone.sql", "004.street.sql")
        team.commit("phone, not pushed yet")
        team.merge("mail")

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.a.sql -> 005.a.sql",
            "004.b.sql -> 006.b.sql",
        ]
        assert verdict(team).findings == []

    def test_a_pull_into_unpushed_work_moves_the_unpushed_side(self, team: Project) -> None:
        origin = team.remote()
        team.switch("main")
        team.push("main")
        bob = team.clone("bob", source=origin)
        bob.script("003.phone.sql")
        bob.commit("phone", author="Bob")
        bob.push()
        team.script("003.mail.sql")
        team.commit("mail, not pushed yet")
        team.git("pull", "--quiet", "--no-rebase", "--no-edit")

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]
        assert verdict(team).findings == []


class TestProduction:
    def test_what_production_ran_never_moves(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.script("004.index.sql")
        team.commit("mail")
        team.published_in_production("001.users.sql", "002.orders.sql", "003.mail.sql")
        land(team, "003.phone.sql")
        before = texts(team)

        result = team.tsm_inprocess("renumber").exits(1)

        assert result.stdout == ""
        assert result.stderr == (
            "error: number 003 is claimed by published scripts only: "
            "`003.mail.sql`, `003.phone.sql`\n"
            "hint: run `tsm explain TSM102` to see how to accept or to part them\n"
        )
        assert texts(team) == before

    def test_drafts_move_behind_what_production_ran(self, team: Project) -> None:
        team.script("003.hotfix.sql")
        team.published_in_production("001.users.sql", "002.orders.sql", "003.hotfix.sql")
        team.script("003.mail.sql")

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]
        assert "003.hotfix.sql" in team.listing()

    def test_on_main_the_side_that_production_ran_stays(self, team: Project) -> None:
        """The merged side was deployed already; the first parent's script was not."""
        team.script("003.a.sql")
        team.commit("a")
        team.published_in_production("001.users.sql", "002.orders.sql", "003.a.sql")
        land(team, "003.phone.sql")
        team.switch("main")
        team.merge("mail")

        result = team.tsm_inprocess("renumber")

        assert "003.a.sql" in team.listing()
        assert result.exit_code == 1 or team.listing()[-1] == "004.phone.sql"

    def test_a_duplicate_that_is_published_is_for_people(self, team: Project) -> None:
        land(team, "003.phone.sql")
        land(team, "003.street.sql")
        team.merge("main")
        team.script("004.mail.sql")
        before = texts(team)

        with untouched(team.root):
            result = team.tsm_inprocess("renumber").exits(1)

        assert "`003.phone.sql`, `003.street.sql`" in result.stderr
        assert "tsm explain TSM102" in result.stderr
        assert texts(team) == before


class TestHindrances:
    """A failure at any step puts everything back."""

    @pytest.fixture
    def clash(self, team: Project) -> Project:
        """Return the team with two committed drafts, of one name, that have to move by one."""
        team.script("003.fix.sql", "create table a (id);\n")
        team.script("004.fix.sql", "create table b (id);\n")
        team.commit("fixes")
        land(team, "003.phone.sql")
        return team

    def test_a_target_that_exists_untracked(self, clash: Project) -> None:
        (clash.folder / "005.fix.sql").symlink_to("nowhere")

        with untouched(clash.folder):
            result = clash.tsm_inprocess("renumber", "--no-proof").exits(1)

        assert status(clash) == ["?? 005.fix.sql"]
        assert result.stderr == (
            "error: `005.fix.sql` is in the way of `004.fix.sql`\n"
            "hint: move or delete `005.fix.sql` first; nothing was changed\n"
        )

    def test_an_untracked_script_of_the_target_s_name_is_a_draft_too(self, clash: Project) -> None:
        clash.script("005.fix.sql", "create table c (id);\n")

        assert moves(clash.tsm_inprocess("renumber"))[-1] == "005.fix.sql -> 006.fix.sql"
        assert status(clash)[-1] == "?? 006.fix.sql"

    def test_an_index_that_another_git_has_locked(self, clash: Project) -> None:
        clash.write(".git/index.lock", "")
        before = (texts(clash), (clash.root / ".git/index").read_bytes())

        result = clash.tsm_inprocess("renumber").exits(2)

        assert "index.lock" in result.stderr
        assert (texts(clash), (clash.root / ".git/index").read_bytes()) == before
        (clash.root / ".git/index.lock").unlink()
        assert len(moves(clash.tsm_inprocess("renumber"))) == 2

    def test_two_runs_at_once(self, clash: Project) -> None:
        with _another_run(clash), untouched(clash.folder):
            result = clash.tsm("renumber").exits(2)

        assert result.stderr == (
            "error: another tsm is changing this repository\nhint: wait for it, then try again\n"
        )
        assert len(moves(clash.tsm("renumber"))) == 2

    def test_a_lock_that_a_killed_run_has_left_is_no_lock(self, clash: Project) -> None:
        (clash.root / ".git/tsm.lock").touch()

        assert len(moves(clash.tsm_inprocess("renumber"))) == 2

    def test_a_folder_that_nobody_may_write_to(self, clash: Project) -> None:
        clash.folder.chmod(0o555)
        try:
            if os.access(clash.folder, os.W_OK):
                pytest.skip("the system lets this user write everywhere")
            before = texts(clash)
            result = clash.tsm_inprocess("renumber").exits(2)
            assert "cannot be renamed to `005.fix.sql`: Permission denied" in result.stderr
            assert texts(clash) == before
            assert status(clash) == []
        finally:
            clash.folder.chmod(0o755)

    def test_a_git_folder_that_nobody_may_write_to(self, clash: Project) -> None:
        git_dir = clash.root / ".git"
        git_dir.chmod(0o555)
        try:
            if os.access(git_dir, os.W_OK):
                pytest.skip("the system lets this user write everywhere")
            before = texts(clash)
            result = clash.tsm_inprocess("renumber").exits(2)
            assert result.stderr.startswith("error: ")
            assert texts(clash) == before
        finally:
            git_dir.chmod(0o755)

    def test_names_that_differ_in_case_only(self, team: Project) -> None:
        team.script("003.mail.sql", "create table a (id);\n")
        team.script("003.Mail.sql", "create table b (id);\n")
        if len(team.listing()) < 4:
            pytest.skip("the file system knows no such names")
        team.commit("two at once")
        land(team, "003.phone.sql")

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.Mail.sql -> 004.Mail.sql",
            "003.mail.sql -> 005.mail.sql",
        ]
        assert verdict(team).findings == [BEHIND]
        assert team.read("005.mail.sql") == "create table a (id);\n"

    def test_a_draft_that_stays_in_the_way_in_another_case(self, team: Project) -> None:
        """On a file system that does not tell the two apart it would be overwritten."""
        team.script("004.Mail.sql", "create table b (id);\n")
        team.script("003.mail.sql", "create table a (id);\n")
        team.commit("mail")
        before = sorted(texts(team).values())
        land(team, "003.phone.sql")

        assert team.tsm_inprocess("renumber").exit_code == 0
        assert sorted(texts(team).values()) == before

    def test_a_symbolic_link_is_no_draft(self, team: Project) -> None:
        team.symlink("003.mail.sql", "001.users.sql")
        land(team, "003.phone.sql")

        assert moves(team.tsm_inprocess("renumber")) == ["nothing to renumber"]
        assert (team.folder / "003.mail.sql").is_symlink()

    def test_no_repository(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        folder = Project(env, tmp_path / "folder")
        folder.scripts("001.users.sql", "001.mail.sql")

        moved = moves(folder.tsm_inprocess("renumber"))

        assert moved == ["001.users.sql -> 002.users.sql"]
        assert folder.listing() == ["001.mail.sql", "002.users.sql"]
        assert folder.tsm_inprocess("renumber", "--commit").exit_code == 1

    def test_an_unborn_branch(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql")
        project.stage("003.mail.sql")

        assert moves(project.tsm_inprocess("renumber")) == ["003.mail.sql -> 002.mail.sql"]
        assert status(project) == ["A  002.mail.sql", "?? 001.users.sql"]

    def test_a_bare_repository(self, team: Project) -> None:
        bare = team.clone("bare", "--bare")

        assert bare.tsm_inprocess("renumber").exits(2).stderr.startswith("error: ")


class TestElsewhere:
    def test_a_linked_work_tree(self, team: Project) -> None:
        team.commit("nothing")
        linked = team.worktree("linked", "phone")
        linked.script("003.index.sql")
        linked.commit("index")
        land(team, "003.phone.sql")
        before = (texts(team), status(team))

        moved = moves(linked.tsm("renumber"))

        assert moved == ["003.index.sql -> 004.index.sql"]
        assert status(linked) == ["R  003.index.sql -> 004.index.sql"]
        assert (texts(team), status(team)) == before

    def test_two_work_trees_at_once(self, team: Project) -> None:
        """Each has an index and files of its own: they do not wait for each other."""
        linked = team.worktree("linked", "phone")
        linked.script("003.index.sql")
        land(team, "003.phone.sql")

        with _another_run(team):
            assert moves(linked.tsm("renumber")) == ["003.index.sql -> 004.index.sql"]

    def test_a_sha256_repository(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "project", object_format="sha256")
        project.scripts("001.users.sql")
        project.commit("start")
        project.branch("mail")
        project.script("002.mail.sql")
        project.commit("mail")
        land(project, "002.phone.sql")

        assert moves(project.tsm("renumber", "--commit")) == ["002.mail.sql -> 003.mail.sql"]
        assert verdict(project).findings == [BEHIND]

    def test_a_folder_of_the_project(self, team: Project) -> None:
        team.script("003.mail.sql")
        land(team, "003.phone.sql")
        team.write("src/app.py", "")

        assert moves(team.tsm("renumber", cwd="src")) == ["003.mail.sql -> 004.mail.sql"]

    def test_a_sparse_checkout_that_leaves_the_scripts_out(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.write("src/app.py", "")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.git("sparse-checkout", "set", "--no-cone", "/src/")

        result = team.tsm_inprocess("renumber")

        assert result.exit_code in (0, 1, 2)
        assert "bug" not in result.stderr

    def test_an_index_of_another_version(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.git("update-index", "--index-version=4")

        assert moves(team.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]
        assert status(team) == ["R  003.mail.sql -> 004.mail.sql"]

    def test_a_submodule(self, team: Project, env: GitEnv, tmp_path: Path) -> None:
        library = Project.create(env, tmp_path / "library", database="lib.sqlite")
        library.script("001.things.sql")
        library.commit("things")
        inner = team.submodule(library, "vendor/library")
        team.commit("library")
        inner.branch("mine")
        inner.script("002.mine.sql")
        inner.commit("mine")
        inner.git("branch", "--force", "main", "origin/main")
        land(inner, "002.theirs.sql")

        moved = moves(inner.tsm("renumber", "--base", "main"))

        assert moved == ["002.mine.sql -> 003.mine.sql"]
        assert status(inner) == ["R  002.mine.sql -> 003.mine.sql"]


def _rebase(project: Project) -> None:
    project.git("rebase", "--quiet", "main", "--exec", "tsm renumber --amend", env=on_path(project))


def _added(project: Project, revisions: str) -> list[str]:
    """The scripts that each commit adds, the oldest commit first."""
    form = ["--format=", "--name-only", "--diff-filter=A", "--no-renames"]
    said = project.git("log", "--reverse", *form, revisions)
    return [Path(line).name for line in said.splitlines() if line]


def _assert_each_commit_is_clean(project: Project) -> None:
    for commit in project.git("rev-list", "main..HEAD").splitlines():
        assert verdict(project, "--head", commit).findings == []


@contextmanager
def _another_run(project: Project) -> Iterator[None]:
    with (project.root / ".git/tsm.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
