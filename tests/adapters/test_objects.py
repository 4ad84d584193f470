"""The object database: questions that git cannot be asked, and trees that git would not make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.looking import complaint, verdict, verdicts
from tests.harness.project import Project
from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import Commit, GitObject, TreeEntry
from tsm_git.core.errors import GitError


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    return project


@pytest.fixture
def repository(team: Project) -> Iterator[Repository]:
    """Return the repository as tsm sees it."""
    found = Repository.find(team.root)
    assert found is not None
    yield found
    found.close()


def write(project: Project, kind: str, data: bytes) -> str:
    """Write an object as it is, however wrong, and return its id."""
    return project.git("hash-object", "-w", "--stdin", "--literally", "-t", kind, stdin=data)


def tree(project: Project, *entries: tuple[str, bytes, str]) -> str:
    """Write a tree of modes, names and ids."""
    raw = b"".join(b"%b %b\0%b" % (mode.encode(), name, bytes.fromhex(oid))
                   for mode, name, oid in entries)  # fmt: skip
    return write(project, "tree", raw)


def commit(project: Project, root: str) -> str:
    """Write a commit of a tree on top of HEAD."""
    text = f"tree {root}\nparent {project.head}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n"
    return write(project, "commit", text.encode())


class TestAnswers:
    def test_they_come_in_the_order_of_the_questions(
        self, team: Project, repository: Repository
    ) -> None:
        blob = team.rev("HEAD").encode()

        head, nothing, text = repository.objects.get(
            ["HEAD", "nope", "HEAD:app.sqlite.migrations/001.users.sql"]
        )

        assert head is not None
        assert head.oid.encode() == blob
        assert nothing is None
        assert text == GitObject(
            team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql"),
            "blob",
            team.read("001.users.sql").encode(),
        )

    @pytest.mark.parametrize(
        "name",
        [
            "a\nb",
            "HEAD\nHEAD",
            "\n",
            "a b",
            "x 5",
            "missing",
            "0" * 7,
            "",
            " ",
            "HEAD:",
            "é",
            "\udcff",
        ],
        ids=ascii,
    )
    def test_no_question_spoils_the_next_answer(self, repository: Repository, name: str) -> None:
        before, after = repository.objects.get(["HEAD", "HEAD^{tree}"])

        found = repository.objects.get(["HEAD", name, "HEAD^{tree}", name, "HEAD"])

        assert [found[0], found[2], found[4]] == [before, after, before]
        assert found[1] == found[3]

    def test_there_may_be_more_than_a_pipe_holds(self, repository: Repository) -> None:
        names = [f"HEAD:{'x' * (number % 300)}{number}" for number in range(3000)]

        assert repository.objects.get([*names, "HEAD"])[:-1] == [None] * 3000
        assert repository.objects.get(["x" * 100_000]) == [None]

    def test_nothing_is_asked_where_there_is_no_question(self, repository: Repository) -> None:
        assert repository.objects.get([]) == []
        repository.close()
        repository.close()

    def test_what_is_no_commit_is_none(self, team: Project, repository: Repository) -> None:
        team.git("tag", "--annotate", "--message", "tag", "v1")

        found = repository.commits(["HEAD", "v1", "HEAD^{tree}", "nope"])

        head = Commit(team.head, team.git("rev-parse", "HEAD^{tree}"), ())
        assert found == [head, head, None, None]


class TestTrees:
    def test_folders_are_found_at_every_level(self, team: Project, repository: Repository) -> None:
        team.write("a/b/c.migrations/001.x.sql", "select 1;\n")
        team.write("a.migrations/b.migrations/readme", "")
        team.write(".migrations/001.x.sql", "select 1;\n")
        team.commit("more")
        root = repository.commit("HEAD").tree

        found = repository.objects.folders(root, ".migrations")

        assert sorted(found) == [
            "a.migrations", "a.migrations/b.migrations", "a/b/c.migrations", "app.sqlite.migrations"
        ]  # fmt: skip
        assert repository.objects.folder(root, "a/b/c.migrations") == found["a/b/c.migrations"]
        assert repository.objects.folder(root, "a/b/nope") is None
        assert repository.objects.folder(root, "a/b/c.migrations/001.x.sql") is None

    def test_names_need_not_be_utf_8(self, team: Project, repository: Repository) -> None:
        blob = team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql")
        oid = tree(team, ("100644", b"a\n\xff b", blob))

        assert repository.objects.tree(oid) == [TreeEntry("100644", "a\n\udcff b", blob)]
        assert list(repository.objects.names(oid)) == ["a\n\udcff b"]

    @pytest.mark.parametrize(
        "name",
        [b"../x.migrations", b"/x.migrations", b"a/b.migrations", b"../../x.migrations"],
    )
    def test_no_folder_lies_outside(self, team: Project, name: bytes) -> None:
        inner = team.git("rev-parse", "HEAD:app.sqlite.migrations")
        evil = commit(
            team, tree(team, ("40000", name, inner), ("40000", b"app.sqlite.migrations", inner))
        )

        assert list(verdicts(team, "--head", evil)) == ["app.sqlite"]
        assert list(verdicts(team, "--base", evil)) == ["app.sqlite"]

    @pytest.mark.parametrize("name", [b".", b"..", b".git", b".GIT"])
    def test_nor_in_what_git_does_not_check_out(self, team: Project, name: bytes) -> None:
        inner = team.git("rev-parse", "HEAD:app.sqlite.migrations")
        middle = tree(team, ("40000", b"x.migrations", inner))
        evil = commit(
            team, tree(team, ("40000", name, middle), ("40000", b"app.sqlite.migrations", inner))
        )

        assert list(verdicts(team, "--head", evil)) == ["app.sqlite"]
        assert list(verdicts(team, "--base", evil)) == ["app.sqlite"]

    @pytest.mark.parametrize("name", [b"../../evil.sql", b"/evil.sql", b"003.a/b.sql"])
    def test_no_script_does(self, team: Project, name: bytes) -> None:
        blob = team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql")
        inner = tree(team, ("100644", b"001.users.sql", blob), ("100644", name, blob))
        evil = commit(team, tree(team, ("40000", b"app.sqlite.migrations", inner)))

        result = team.tsm_inprocess("check", "--json", "--head", evil).exits(1)

        (finding,) = [f for f in result.json()["databases"][0]["findings"] if f["code"] == "TSM101"]
        assert finding["path"] == "app.sqlite.migrations"

    @pytest.mark.parametrize(
        "data",
        [
            b"garbage",
            b"100644 001.x.sql",
            b"100644 001.x.sql\0" + bytes(19),
            b"100644 \0" + bytes(20),
            b"100644 001.x.sql\0" + bytes(20) + b"more",
        ],
    )
    @pytest.mark.parametrize("where", ["top", "folder"])
    def test_one_that_is_broken_is_not_empty(self, team: Project, data: bytes, where: str) -> None:
        root = write(team, "tree", data)
        if where == "folder":
            root = tree(team, ("40000", b"app.sqlite.migrations", root))
        evil = commit(team, root)

        assert complaint(team, "check", "--head", evil) == (
            "a tree of this repository is broken",
            "run `git fsck` to see which",
        )

    def test_a_blob_that_calls_itself_a_tree_is_none(
        self, team: Project, repository: Repository
    ) -> None:
        blob = team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql")

        with pytest.raises(GitError, match="a tree of this repository is broken"):
            repository.objects.tree(blob)

    def test_a_script_may_be_there_twice(self, team: Project) -> None:
        blob = team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql")
        twice = tree(team, *[("100644", b"001.users.sql", blob)] * 2)
        evil = commit(team, tree(team, ("40000", b"app.sqlite.migrations", twice)))

        assert verdict(team, "--head", evil).findings == [("TSM203", "002.mail.sql")]


class TestCommits:
    @pytest.mark.parametrize(
        "data", [b"garbage", b"", b"tree zzzz\n\n", b"tree --help\nparent --help\n\n"]
    )
    def test_one_that_is_broken_is_unknown(self, team: Project, data: bytes) -> None:
        evil = write(team, "commit", data)

        assert complaint(team, "check", "--head", evil).error == f"unknown revision `{evil}`"

    def test_one_whose_tree_is_lost(self, team: Project) -> None:
        evil = commit(team, "1" * 40)

        assert complaint(team, "check", "--head", evil).error == f"the tree {'1' * 40} is missing"

    def test_a_number_of_five_thousand_digits(self, team: Project) -> None:
        # No file system holds such a name, but the index and a tree do.
        blob = team.git("rev-parse", "HEAD:app.sqlite.migrations/001.users.sql")
        name = "9" * 5000 + ".x.sql"
        team.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{team.path(name)}")
        assert verdict(team, "--staged").findings == [("TSM101", name)]

        team.git("commit", "--quiet", "--message", "long")

        assert verdict(team, "--head", "HEAD").findings == [("TSM101", name)]
        assert verdict(team).findings == []
