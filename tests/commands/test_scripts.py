"""Files in the folder that are no scripts, or hardly: the same verdict in every place."""

from __future__ import annotations

import os
import sys

import pytest

from tests.harness.looking import PLACES, untouched, verdict
from tests.harness.project import Project

EACH_PLACE = pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab\nsize 12345\n"


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    return project


class TestTexts:
    @EACH_PLACE
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            (b"select '\xff';", "is not UTF-8"),
            ("select 'é';".encode("latin-1"), "is not UTF-8"),
            ("select 1;".encode("utf-16"), "is not UTF-8"),
            (b"select 1;\0", "holds a NUL byte"),
            (b"\0", "holds a NUL byte"),
            (LFS, "is a Git LFS pointer, not SQL"),
            (LFS.replace(b"\n", b"\r\n"), "is a Git LFS pointer, not SQL"),
        ],
        ids=["bytes", "Latin-1", "UTF-16", "NUL", "only NUL", "LFS", "LFS with CRLF"],
    )
    def test_what_cannot_be_run(
        self, team: Project, options: tuple[str, ...], text: bytes, why: str
    ) -> None:
        team.script("003.phone.sql", text)
        team.commit("phone")

        with untouched(team.root):
            result = team.tsm_inprocess("check", *options).exits(1)

        assert f"TSM106 `003.phone.sql` {why}\n" in result.stdout
        assert ": ERROR, " in result.stdout

    @EACH_PLACE
    @pytest.mark.parametrize(
        "text",
        [
            b"\xef\xbb\xbfcreate table phone (a);\n",
            b"create table phone (a);\r\ncreate table city (a);\r\n",
            b"create table phone (a);\rcreate table city (a);\r",
            b"create table phone (a)",
            "select '\u2028';".encode(),
        ],
        ids=["BOM", "CRLF", "CR", "no end", "line separator"],
    )
    def test_what_can(self, team: Project, options: tuple[str, ...], text: bytes) -> None:
        team.script("003.phone.sql", text)
        team.commit("phone")

        assert verdict(team, *options).findings == []

    @EACH_PLACE
    @pytest.mark.parametrize(
        "text", [b"", b"\n", b"-- later\n", b"/* later", b"\xef\xbb\xbf", b";"]
    )
    def test_what_runs_and_does_nothing(
        self, team: Project, options: tuple[str, ...], text: bytes
    ) -> None:
        team.script("003.phone.sql", text)
        team.commit("phone")

        found = verdict(team, *options)

        assert found.findings == [("TSM108", "003.phone.sql")]
        assert found.state in ("CURRENT", "PENDING")


class TestNames:
    @EACH_PLACE
    @pytest.mark.parametrize(
        "name",
        [
            "٣.x.sql",  # \d and int() take these digits
            "００３.x.sql",
            "³.x.sql",
            "000.x.sql",
            "-1.x.sql",
            "+3.x.sql",
            "3_0.x.sql",
            " 3.x.sql",
            "0x3.x.sql",
            "1234567890.x.sql",
            "9" * 200 + ".x.sql",
            "003.sql",
            "003..sql",
            ".sql",
            "003.x.SQL",
            "003.x.Sql",
            "003_x.sql",
            "x.sql",
        ],
        ids=lambda name: ascii(name[:20]),
    )
    def test_what_is_no_name_of_a_script(
        self, team: Project, options: tuple[str, ...], name: str
    ) -> None:
        team.script(name, "select 1;\n")
        team.commit("odd")

        assert verdict(team, *options).findings == [("TSM101", name)]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
    @EACH_PLACE
    @pytest.mark.parametrize(
        "name",
        ["003.new\nline.sql", "003.\x1b[31mred.sql", "003.back\\slash.sql", "003.\x7f.sql"],
        ids=ascii,
    )
    def test_nor_what_a_terminal_or_windows_would_trip_over(
        self, team: Project, options: tuple[str, ...], name: str
    ) -> None:
        team.script(name, "select 1;\n")
        team.commit("odd")

        assert verdict(team, *options).findings == [("TSM101", name)]
        with untouched(team.root):
            said = team.tsm_inprocess("check", *options).stdout
        assert not set(said) & set("\x1b\x7f\r")
        assert all(
            "TSM101" in line for line in said.splitlines() if "003" in line.partition(":")[0]
        )

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
    @EACH_PLACE
    def test_nor_what_is_no_utf_8(self, team: Project, options: tuple[str, ...]) -> None:
        name = os.fsdecode(b"003.caf\xe9.sql")
        team.script(name, "select 1;\n")
        team.commit("odd")

        assert verdict(team, *options).findings == [("TSM101", name)]

    @EACH_PLACE
    @pytest.mark.parametrize(
        "name",
        [
            "003.what it's.sql",
            '003.say "hi".sql',
            "003.-x.sql",
            "003.$(touch pwned).sql",
            "003.a.b.c.sql",
            "003.café.sql",
            "003.cafe\u0301.sql",
            "003.名前.sql",
            "003.\U0001f40d.sql",
            "003.*.sql",
            "003.:(top).sql",
            "003. .sql",
        ],
        ids=ascii,
    )
    def test_what_is_one(self, team: Project, options: tuple[str, ...], name: str) -> None:
        team.script(name, "select 1;\n")
        team.commit("odd")
        team.branch("work")
        assert verdict(team, *options).findings == []

        team.delete(name)
        team.commit("gone")

        assert verdict(team, *options).findings == [("TSM203", name)]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
    def test_it_is_applied_under_that_name(self, team: Project) -> None:
        names = ["003.what it's.sql", '004.say "hi".sql', "005.café.sql", "006.\u202ednib.sql"]
        for name in names:
            team.script(name, "select 1;\n")

        said = team.tsm_inprocess("apply").exits(0).stderr

        assert [entry.filename for entry in team.ledger()[2:]] == names
        assert r"applying 006.\u202ednib.sql." in said
        assert "\u202e" not in said

    @EACH_PLACE
    def test_numbers_are_compared_as_numbers(self, team: Project, options: tuple[str, ...]) -> None:
        team.scripts("3.a.sql", "0003.b.sql")
        team.commit("padding")

        assert verdict(team, *options).findings == [
            ("TSM107", "0003.b.sql"),
            ("TSM102", "3.a.sql"),
            ("TSM107", "3.a.sql"),
        ]

    @EACH_PLACE
    def test_the_highest_number_is_one_gap(self, team: Project, options: tuple[str, ...]) -> None:
        team.script("999999999.last.sql")
        team.commit("last")

        assert verdict(team, *options).findings == [("TSM103", "999999999.last.sql")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files by default")
class TestNoFiles:
    @EACH_PLACE
    @pytest.mark.parametrize("target", ["001.users.sql", "/etc/passwd", "nowhere", "003.link.sql"])
    def test_a_symbolic_link(self, team: Project, options: tuple[str, ...], target: str) -> None:
        team.symlink("003.link.sql", target)
        team.commit("link")

        assert verdict(team, *options).findings == [("TSM106", "003.link.sql")]

    @EACH_PLACE
    def test_a_submodule(self, team: Project, options: tuple[str, ...]) -> None:
        team.git(
            "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{team.path('003.x.sql')}"
        )
        team.git("commit", "--quiet", "--message", "a link to a commit")
        (team.folder / "003.x.sql").mkdir()

        assert verdict(team, *options).findings == [("TSM106", "003.x.sql")]

    @pytest.mark.parametrize("staged", [False, True])
    def test_a_folder(self, team: Project, staged: bool) -> None:
        team.write(f"{team.path('003.x.sql')}/001.inner.sql", "select 1;\n")
        if staged:
            team.commit("folder")
            assert verdict(team, "--head", "HEAD").findings == [("TSM106", "003.x.sql")]

        assert verdict(team).findings == [("TSM106", "003.x.sql")]

    def test_a_pipe(self, team: Project) -> None:
        os.mkfifo(team.folder / "003.pipe.sql")

        assert verdict(team).findings == [("TSM106", "003.pipe.sql")]
        assert verdict(team, "--staged").findings == []

    def test_none_of_them_is_run(self, team: Project) -> None:
        team.symlink("003.link.sql", "001.users.sql")

        with untouched(team.root):
            refused = team.tsm_inprocess("apply").exits(1)

        assert refused.stderr == (
            "error: `app.sqlite` is ERROR: `003.link.sql` is a symbolic link (TSM106)\n"
            "hint: replace it by a regular file of SQL in UTF-8\n"
        )


class TestConflicts:
    """A merge that stopped leaves several sides in the index, and markers on disk."""

    @pytest.fixture
    def stopped(self, team: Project) -> Project:
        """Return a branch that has stopped while it merges main: both have added a 003.phone."""
        team.branch("work")
        team.script("003.phone.sql", "select 'mine';\n")
        team.commit("mine")
        team.switch("main")
        team.script("003.phone.sql", "select 'theirs';\n")
        team.commit("theirs")
        team.switch("work")
        assert team.merge_stops("main") == [team.path("003.phone.sql")]
        return team

    def test_it_is_told_in_the_work_tree_and_in_the_index(self, stopped: Project) -> None:
        for options in ((), ("--staged",)):
            assert ("TSM104", "003.phone.sql") in verdict(stopped, *options).findings

    def test_a_commit_is_judged_as_before(self, stopped: Project) -> None:
        assert verdict(stopped, "--head", "HEAD").findings == [("TSM204", "003.phone.sql")]

    def test_nothing_is_applied(self, stopped: Project) -> None:
        with untouched(stopped.root):
            refused = stopped.tsm_inprocess("apply").exits(1)

        assert "`003.phone.sql` is unmerged: " in refused.stderr

    def test_a_rename_that_both_sides_made_differently(self, team: Project) -> None:
        team.branch("work")
        team.rename("002.mail.sql", "002.post.sql")
        team.commit("post")
        team.switch("main")
        team.rename("002.mail.sql", "002.letter.sql")
        team.commit("letter")
        team.switch("work")
        assert len(team.merge_stops("main")) == 3

        for options in ((), ("--staged",)):
            codes = {code for code, _ in verdict(team, *options).findings}
            assert "TSM104" in codes


def test_a_script_that_cannot_be_run_leaves_no_gap(team: Project) -> None:
    team.write(team.path("003.phone.sql"), b"create table phone (id); -- \xff\n")
    team.script("004.address.sql")

    assert verdict(team).findings == [("TSM106", "003.phone.sql")]


def test_a_folder_named_like_a_script_is_told_wherever_it_is(team: Project) -> None:
    team.write(team.path("003.x.sql/inner/file.txt"), b"hello\n")
    team.git("add", "--all")

    for options in ((), ("--staged",)):
        assert verdict(team, *options).findings == [("TSM106", "003.x.sql")], options
