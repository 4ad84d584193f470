"""A merge, rebase, cherry-pick or `am` that stopped: whose side is whose, and how it goes on."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.looking import untouched, verdict
from tests.harness.project import Project, person
from tests.renumber.stories import land, moves, staged, status, texts

OURS = b"create table mail (id integer primary key);\n"
THEIRS = b"create table post (id integer primary key);\n"


class Operation(NamedTuple):
    """One way to bring `mail` and `main` together: how it is started, and what concludes it."""

    name: str
    start: Callable[[Project], None]
    go_on: tuple[str, ...]
    word: str


def _start_merge(team: Project) -> None:
    team.git("merge", "--quiet", "--no-edit", "main", exit_code=1)


def _start_rebase(team: Project) -> None:
    team.git("rebase", "--quiet", "--merge", "main", exit_code=1)


def _start_apply(team: Project) -> None:
    team.git("rebase", "--quiet", "--apply", "main", exit_code=1)


def _start_cherry_pick(team: Project) -> None:
    """Bring the commits of `mail` to a new branch on main."""
    team.git("switch", "--quiet", "--create", "picked", "main")
    team.git("cherry-pick", "main..mail", exit_code=1)


def _start_am(team: Project) -> None:
    patches = team.git("format-patch", "--stdout", "main..mail").encode() + b"\n"
    team.git("switch", "--quiet", "--create", "picked", "main")
    team.git("am", "--quiet", "--3way", stdin=patches, exit_code=128)


MERGE = Operation("merge", _start_merge, ("commit", "--no-edit", "--quiet"), "merge")
REBASE = Operation("rebase", _start_rebase, ("rebase", "--continue"), "rebase")
APPLY = Operation("rebase by patches", _start_apply, ("rebase", "--continue"), "rebase")
PICK = Operation("cherry-pick", _start_cherry_pick, ("cherry-pick", "--continue"), "cherry-pick")
AM = Operation("am", _start_am, ("am", "--continue", "--quiet"), "am")

EACH = pytest.mark.parametrize(
    "operation", [MERGE, REBASE, APPLY, PICK, AM], ids=lambda operation: operation.name
)


class TestTwoScriptsOfOneName:
    @EACH
    def test_the_published_one_keeps_the_number(self, team: Project, operation: Operation) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        operation.start(team)
        assert team.unmerged() == ["app.sqlite.migrations/003.contact.sql"]
        marked = texts(team)["003.contact.sql"]
        assert b"<<<<<<<" in marked
        assert verdict(team).findings == [("TSM104", "003.contact.sql")]

        result = team.tsm_inprocess("renumber")

        assert moves(result) == ["003.contact.sql -> 004.contact.sql"]
        assert f"then `git {operation.go_on[0]}" in result.stderr
        found = texts(team)
        assert (found["003.contact.sql"], found["004.contact.sql"]) == (THEIRS, OURS)
        assert staged(team) == found
        published = ["M  003.contact.sql"] if operation is MERGE else []
        assert status(team) == [*published, "A  004.contact.sql"]
        (kept,) = team.root.glob("app.sqlite.bak/scripts-*/003.contact.sql")
        assert kept.read_bytes() == marked
        assert f"is now {kept.relative_to(team.root).as_posix()}\n" in result.stderr
        _conclude(team, operation)
        assert verdict(team) == ("PENDING", [], team.listing(), [])
        assert team.tree() == team.listing()

    @EACH
    def test_in_a_chain_of_one_name(self, team: Project, operation: Operation) -> None:
        """The draft that moves meets another draft of its name, which moves on."""
        team.script("003.fix.sql", b"create table a (id);\n")
        team.script("004.fix.sql", b"create table b (id);\n")
        team.commit("fixes")
        land(team, "003.fix.sql", text=b"create table c (id);\n")
        operation.start(team)

        team.tsm_inprocess("renumber").exits(0)

        assert texts(team) == {
            **{name: data for name, data in texts(team).items() if name < "003"},
            "003.fix.sql": b"create table c (id);\n",
            "004.fix.sql": b"create table a (id);\n",
            "005.fix.sql": b"create table b (id);\n",
        }
        assert staged(team) == texts(team)
        _conclude(team, operation)
        assert verdict(team).findings == []

    @EACH
    def test_two_files_at_once(self, team: Project, operation: Operation) -> None:
        team.script("003.one.sql", b"create table a (id);\n")
        team.script("004.two.sql", b"create table b (id);\n")
        team.commit("two")
        land(team, "003.one.sql", text=b"create table c (id);\n")
        land(team, "004.two.sql", text=b"create table d (id);\n")
        operation.start(team)

        moved = moves(team.tsm_inprocess("renumber"))

        assert moved == ["003.one.sql -> 005.one.sql", "004.two.sql -> 006.two.sql"]
        assert texts(team)["006.two.sql"] == b"create table b (id);\n"
        _conclude(team, operation)
        assert verdict(team).findings == []

    @pytest.mark.parametrize("operation", [REBASE, APPLY], ids=lambda operation: operation.name)
    def test_commits_that_are_still_to_come_keep_their_place_behind_it(
        self, team: Project, operation: Operation
    ) -> None:
        """The second commit brings 004, which the first one has got by then."""
        team.script("003.contact.sql", b"create table contact (id);\n")
        team.commit("contact")
        team.script("004.a_column.sql", b"alter table contact add column name;\n")
        team.commit("a column")
        land(team, "003.contact.sql", text=THEIRS)
        operation.start(team)
        team.tsm_inprocess("renumber").exits(0)
        team.git(*operation.go_on)
        assert verdict(team).findings == [("TSM102", "004.contact.sql")]

        assert moves(team.tsm_inprocess("renumber")) == ["004.a_column.sql -> 005.a_column.sql"]
        assert verdict(team).findings == []

    def test_a_merge_is_told_whose_side_is_whose(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)

        said = team.tsm_inprocess("check").exits(1).stdout

        coming = team.rev("main")[:10]
        assert f"`mail` and the merged commit `{coming}` each added a script of that name" in said

    def test_in_a_rebase_the_sides_are_swapped(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        mine = team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_rebase(team)

        said = team.tsm_inprocess("check").exits(1).stdout

        assert f"is unmerged: `{team.rev('main')[:10]}`, which is rebased onto" in said
        assert f"and your commit `{mine[:10]}` each added a script of that name" in said

    def test_on_main_the_first_parent_keeps_the_number(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        team.switch("main")
        team.merge_stops("mail")

        assert moves(team.tsm_inprocess("renumber")) == ["003.contact.sql -> 004.contact.sql"]
        assert texts(team)["003.contact.sql"] == THEIRS
        team.git("commit", "--quiet", "--no-edit")
        assert verdict(team).findings == []

    def test_neither_is_published(self, team: Project) -> None:
        """Two branches of which base knows nothing: the one that is merged into stays."""
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        team.branch("post", "main")
        team.script("003.contact.sql", THEIRS)
        team.commit("post")
        team.merge_stops("mail")

        assert moves(team.tsm_inprocess("renumber")) == ["003.contact.sql -> 004.contact.sql"]
        assert texts(team)["003.contact.sql"] == THEIRS
        team.git("commit", "--quiet", "--no-edit")
        assert verdict(team).findings == []

    def test_work_that_went_into_the_conflict_is_kept(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        team.edit("003.contact.sql", b"-- an hour of work\n" + OURS + THEIRS)

        team.tsm_inprocess("renumber").exits(0)

        (kept,) = team.root.glob("app.sqlite.bak/scripts-*/*")
        assert kept.read_bytes() == b"-- an hour of work\n" + OURS + THEIRS

    def test_a_file_that_somebody_has_deleted_meanwhile(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        team.delete("003.contact.sql")

        assert moves(team.tsm_inprocess("renumber")) == ["003.contact.sql -> 004.contact.sql"]
        assert not list(team.root.glob("app.sqlite.bak"))

    def test_the_side_that_moves_was_saved_by_hand_already(self, team: Project) -> None:
        """As a run that was killed leaves it, too."""
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        team.script("004.contact.sql", OURS)

        team.tsm_inprocess("renumber").exits(0)

        found = texts(team)
        assert (found["003.contact.sql"], found["004.contact.sql"]) == (THEIRS, OURS)
        assert "005.contact.sql" not in found
        assert staged(team) == found

    def test_a_dry_run_and_a_second_run(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)

        with untouched(team.root):
            dry = moves(team.tsm_inprocess("renumber", "--dry-run"))
        assert dry == moves(team.tsm_inprocess("renumber"))
        with untouched(team.folder):
            assert moves(team.tsm_inprocess("renumber")) == ["nothing to renumber"]

    def test_an_index_that_is_locked_puts_everything_back(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.script("004.next.sql")
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        team.write(".git/index.lock", "")
        before = texts(team)

        assert "index.lock" in team.tsm_inprocess("renumber").exits(2).stderr

        assert texts(team) == before
        assert not list(team.root.glob("app.sqlite.bak/*/*"))
        (team.root / ".git/index.lock").unlink()
        assert len(moves(team.tsm_inprocess("renumber"))) == 2

    def test_a_target_that_is_taken_puts_everything_back(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        (team.folder / "004.contact.sql").mkdir()
        before = _files(team)

        result = team.tsm_inprocess("renumber")

        assert result.exit_code in (1, 2)
        assert "004.contact.sql" in result.stderr
        assert _files(team) == before
        assert team.unmerged() == ["app.sqlite.migrations/003.contact.sql"]

    def test_a_conflict_and_a_clash_in_one_merge(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.script("004.index.sql")
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        land(team, "004.phone.sql")
        _start_merge(team)

        assert moves(team.tsm_inprocess("renumber")) == [
            "003.contact.sql -> 005.contact.sql",
            "004.index.sql -> 006.index.sql",
        ]
        team.git("commit", "--quiet", "--no-edit")
        assert verdict(team).findings == []


class TestPublished:
    """What is published comes back as it was published; what a side made of it is kept beside."""

    @pytest.fixture
    def published(self, team: Project) -> Project:
        """Return the team with 003 published, and the branch `mail` at the same commit."""
        team.switch("main")
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        team.git("branch", "--force", "mail")
        team.switch("mail")
        return team

    @EACH
    def test_both_edited_it(self, published: Project, operation: Operation) -> None:
        published.edit("003.contact.sql", b"create table b (id);\n")
        published.commit("ours")
        land(published, "003.contact.sql", text=THEIRS)
        operation.start(published)
        assert [code for code, _ in verdict(published).findings] == ["TSM104"]

        result = published.tsm_inprocess("renumber").exits(0)

        assert "resolved app.sqlite.migrations/003.contact.sql\n" in result.stderr
        assert texts(published)["003.contact.sql"] == THEIRS
        assert published.unmerged() == []
        (kept,) = published.root.glob("app.sqlite.bak/scripts-*/003.contact.sql*")
        assert b"create table b (id);" in kept.read_bytes()
        assert verdict(published).findings == []

    def test_one_deleted_what_base_edited(self, published: Project) -> None:
        published.delete("003.contact.sql")
        published.commit("delete")
        land(published, "003.contact.sql", text=THEIRS)
        _start_merge(published)

        published.tsm_inprocess("renumber").exits(0)

        assert texts(published)["003.contact.sql"] == THEIRS
        assert published.unmerged() == []
        assert verdict(published).findings == []

    def test_two_branches_did_to_it_what_they_liked(self, published: Project) -> None:
        published.edit("003.contact.sql", b"create table b (id);\n")
        published.commit("edit")
        published.git("switch", "--quiet", "--create", "other", "main")
        published.delete("003.contact.sql")
        published.commit("delete")
        published.git("merge", "--quiet", "--no-edit", "mail", exit_code=1)

        published.tsm_inprocess("renumber").exits(0)

        assert texts(published)["003.contact.sql"] == OURS
        (kept,) = published.root.glob("app.sqlite.bak/scripts-*/003.contact.sql")
        assert kept.read_bytes() == b"create table b (id);\n"
        assert verdict(published).findings == []

    def test_two_branches_renamed_it(self, published: Project) -> None:
        published.rename("003.contact.sql", "003.person.sql")
        published.commit("person")
        published.git("switch", "--quiet", "--create", "other", "main")
        published.rename("003.contact.sql", "003.address.sql")
        published.commit("address")
        published.git("merge", "--quiet", "--no-edit", "mail", exit_code=1)
        assert len(published.unmerged()) == 3

        published.tsm_inprocess("renumber").exits(0)

        assert sorted(texts(published)) == ["001.users.sql", "002.orders.sql", "003.contact.sql"]
        assert published.unmerged() == []
        assert verdict(published).findings == []

    def test_markers_that_somebody_has_staged(self, published: Project) -> None:
        published.edit("003.contact.sql", b"create table b (id);\n")
        published.commit("ours")
        land(published, "003.contact.sql", text=THEIRS)
        _start_merge(published)
        published.git("add", "--all")

        published.tsm_inprocess("renumber").exits(0)

        assert staged(published) == texts(published)
        assert texts(published)["003.contact.sql"] == THEIRS

    def test_markers_that_somebody_has_committed(self, published: Project) -> None:
        published.edit("003.contact.sql", b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n")
        published.commit("resolved")

        published.tsm_inprocess("renumber").exits(0)

        assert texts(published)["003.contact.sql"] == OURS
        assert len(list(published.root.glob("app.sqlite.bak/scripts-*/003.contact.sql"))) == 1

    def test_the_index_and_the_files_are_as_before_where_it_fails(self, published: Project) -> None:
        published.edit("003.contact.sql", b"create table b (id);\n")
        published.commit("ours")
        land(published, "003.contact.sql", text=THEIRS)
        _start_merge(published)
        before = texts(published)
        published.write(".git/index.lock", "")

        published.tsm_inprocess("renumber").exits(2)

        assert texts(published) == before
        assert not list(published.root.glob("app.sqlite.bak/scripts-*/*"))


class TestDrafts:
    def test_markers_of_two_scripts_that_somebody_has_staged(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(team)
        team.git("add", "--all")
        assert ("TSM104", "003.contact.sql") in verdict(team).findings

        team.tsm_inprocess("renumber").exits(0)

        assert texts(team)["003.contact.sql"] == THEIRS
        assert texts(team)["004.contact.sql"] == OURS
        assert staged(team) == texts(team)

    @pytest.mark.parametrize("operation", [REBASE, APPLY], ids=lambda operation: operation.name)
    def test_an_edit_follows_the_draft_that_has_moved(
        self, team: Project, operation: Operation
    ) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        team.edit("003.contact.sql", OURS + b"create index mails on mail (id);\n")
        team.commit("index")
        land(team, "003.contact.sql", text=THEIRS)
        operation.start(team)
        team.tsm_inprocess("renumber").exits(0)
        team.git("rebase", "--continue", exit_code=1)
        assert team.unmerged() == ["app.sqlite.migrations/003.contact.sql"]

        team.tsm_inprocess("renumber").exits(0)
        team.git("rebase", "--continue")

        assert texts(team)["003.contact.sql"] == THEIRS
        assert texts(team)["004.contact.sql"] == OURS + b"create index mails on mail (id);\n"
        assert sorted(texts(team))[3:] == ["004.contact.sql"]
        assert verdict(team).findings == []

    def test_both_renamed_one(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\ncreate table b (id);\n")
        team.commit("contact")
        team.branch("other")
        team.rename("003.contact.sql", "003.address.sql")
        team.commit("address")
        team.switch("mail")
        team.rename("003.contact.sql", "003.person.sql")
        team.commit("person")
        team.git("merge", "--quiet", "--no-edit", "other", exit_code=1)
        assert len(team.unmerged()) == 3

        team.tsm_inprocess("renumber").exits(0)

        assert sorted(texts(team))[2:] == ["003.person.sql"]
        assert team.unmerged() == []


class TestForPeople:
    """What no machine can say is refused, with a command that works as it stands."""

    def test_both_edited_one_draft(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\n")
        team.commit("contact")
        team.branch("other")
        team.edit("003.contact.sql", b"create table b (id);\n")
        team.commit("theirs")
        team.switch("mail")
        team.edit("003.contact.sql", b"create table c (id);\n")
        team.commit("ours")
        team.git("merge", "--quiet", "--no-edit", "other", exit_code=1)

        _assert_refused(team, "003.contact.sql")

    def test_both_renamed_and_edited_one_draft(self, team: Project) -> None:
        text = b"create table a (id);\ncreate table b (id);\ncreate table c (id);\n"
        team.script("003.contact.sql", text)
        team.commit("contact")
        team.branch("other")
        team.rename("003.contact.sql", "003.address.sql")
        team.edit("003.address.sql", text + b"create table d (id);\n")
        team.commit("address")
        team.switch("mail")
        team.rename("003.contact.sql", "003.person.sql")
        team.edit("003.person.sql", text + b"create table e (id);\n")
        team.commit("person")
        team.git("merge", "--quiet", "--no-edit", "other", exit_code=1)
        before = team.unmerged()

        result = team.tsm_inprocess("renumber").exits(1)

        assert "hint: " in result.stderr
        assert team.unmerged() == before

    def test_base_deleted_what_the_branch_edited(self, team: Project) -> None:
        team.switch("main")
        team.script("003.contact.sql", OURS)
        team.commit("contact")
        team.git("branch", "--force", "mail")
        team.switch("mail")
        team.edit("003.contact.sql", THEIRS)
        team.commit("edit")
        land(team, remove="003.contact.sql")
        _start_merge(team)

        _assert_refused(team, "003.contact.sql")

    def test_one_deleted_what_the_other_edited(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\n")
        team.commit("contact")
        team.branch("other")
        team.edit("003.contact.sql", b"create table b (id);\n")
        team.commit("edit")
        team.switch("mail")
        team.delete("003.contact.sql")
        team.commit("delete")
        team.git("merge", "--quiet", "--no-edit", "other", exit_code=1)

        _assert_refused(team, "003.contact.sql")

    def test_a_name_that_a_shell_reads_otherwise(self, team: Project) -> None:
        name = "003.it's $HOME.sql"
        team.script(name, b"create table a (id);\n")
        team.commit("contact")
        team.branch("other")
        team.edit(name, b"create table b (id);\n")
        team.commit("theirs")
        team.switch("mail")
        team.edit(name, b"create table c (id);\n")
        team.commit("ours")
        team.git("merge", "--quiet", "--no-edit", "other", exit_code=1)

        _assert_refused(team, name)


class TestOtherSituations:
    def test_a_revert_that_stopped_is_named(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\n")
        first = team.commit("contact")
        team.edit("003.contact.sql", b"create table b (id);\n")
        team.commit("edit")
        team.git("revert", "--no-edit", first, exit_code=1)

        said = team.tsm_inprocess("check").exits(1).stdout

        assert "TSM104" in said
        assert f"`{first[:10]}`" in said

    def test_a_colleague_on_a_linked_work_tree(self, team: Project) -> None:
        linked = team.worktree("linked", "post")
        linked.script("003.contact.sql", OURS)
        linked.commit("contact")
        land(team, "003.contact.sql", text=THEIRS)
        _start_merge(linked)

        assert moves(linked.tsm("renumber")) == ["003.contact.sql -> 004.contact.sql"]
        linked.git("commit", "--quiet", "--no-edit")
        assert verdict(linked).findings == []
        assert status(team) == []

    def test_an_author_stays_the_author_of_the_commit(self, team: Project) -> None:
        team.script("003.contact.sql", OURS)
        team.commit("contact", author="Eva")
        land(team, "003.contact.sql", text=THEIRS)
        _start_rebase(team)
        team.tsm_inprocess("renumber").exits(0)
        team.git("rebase", "--continue", env=person("Kim"))

        assert team.git("log", "-1", "--format=%an: %s") == "Eva: contact"


def _conclude(team: Project, operation: Operation) -> None:
    """Finish it; what was picked from another branch makes that branch needless."""
    team.git(*operation.go_on)
    if team.git("branch", "--show-current") == "picked":
        team.git("branch", "--quiet", "-D", "mail")


def _assert_refused(team: Project, name: str) -> None:
    with untouched(team.folder):
        result = team.tsm_inprocess("renumber").exits(1)
    assert result.stderr.startswith(
        f"error: a merge stopped on `{team.path(name)}`, and which text is meant is not for a "
    )
    hint = result.stderr.splitlines()[1]
    command = hint[hint.index("`git add") + 1 :].partition("`, then")[0]
    team.edit(name, b"create table whatever (id);\n")
    ran = subprocess.run(
        ["sh", "-c", command], cwd=team.root, env=team.env.variables(), check=False
    )
    assert ran.returncode == 0
    assert shlex.split(command)[:2] == ["git", "add"]
    assert team.unmerged() == []


def _files(team: Project) -> dict[str, bytes | None]:
    return {p.name: p.read_bytes() if p.is_file() else None for p in Path(team.folder).iterdir()}
