"""`tsm demo`, played for real, on a machine whose owner has other ideas about git."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.normalise import normalise
from tests.harness.project import SOURCE, Project
from tsm_git.commands.demo import BrokenStoryError, play
from tsm_git.commands.story import STORY, Run, Say, Step, Write
from tsm_git.core.script import digest_of
from tsm_git.version import VERSION

# Each would spoil the story if it reached git: names, hooks, signatures, line endings.
ODD_CONFIGURATION = """\
[core]
    hooksPath = {hooks}
    autocrlf = true
    quotePath = false
[commit]
    gpgsign = true
[gpg]
    program = false
[init]
    defaultBranch = trunk
    templateDir = {hooks}
[merge]
    ff = false
    renames = false
[diff]
    noprefix = true
[color]
    ui = always
[user]
    useConfigOnly = true
"""
ODD_VARIABLES = {
    "GIT_DIR": "nowhere",
    "GIT_INDEX_FILE": "nowhere",
    "GITHUB_BASE_REF": "trunk",
    "TSM_FORMAT": "json",
    "LC_ALL": "de_DE.UTF-8",
}

# What tsm is asked in the story, with its verdict, the rules that speak, and its exit code.
VERDICTS = [
    ("tsm check", "PENDING", [], 0),
    ("tsm apply", "", [], 0),
    ("tsm check", "CURRENT", [], 0),
    ("tsm check", "PENDING", [], 0),
    ("tsm check", "PENDING", ["TSM206"], 0),
    ("tsm check --base origin/main --head city", "CONFLICTED", ["TSM204", "TSM208"], 1),
    ("tsm check", "CONFLICTED", ["TSM204"], 1),
    ("tsm apply", "CONFLICTED", ["TSM204"], 1),
    ("tsm renumber", "", [], 0),
    ("tsm check", "PENDING", [], 0),
    ("tsm apply", "", [], 0),
    ("tsm check", "CONFLICTED", ["TSM201"], 1),
    ("tsm check", "PENDING", [], 0),
    ("tsm apply", "", [], 0),
    ("tsm check --staged", "CONFLICTED", ["TSM202"], 1),
    ("tsm check", "CONFLICTED", ["TSM202"], 1),
    ("tsm status", "CURRENT", [], 0),
]


class Played(NamedTuple):
    """One run of the demo on the odd machine, and what there was of its owner's before and after.

    `app` is the repository that it was told to keep.
    """

    stdout: str
    stderr: str
    exit_code: int
    app: Project
    before: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def played(machine: GitEnv, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the demo with an odd configuration, no identity, and `--keep`."""
    env = GitEnv(tmp_path_factory.mktemp("demo"))
    hooks = env.home / "hooks"
    hooks.mkdir()
    for hook in ("pre-commit", "commit-msg", "pre-merge-commit", "pre-push", "post-checkout"):
        (hooks / hook).write_text("#!/bin/sh\nexit 1\n")
        (hooks / hook).chmod(0o755)
    (env.home / ".gitconfig").write_text(ODD_CONFIGURATION.format(hooks=hooks.as_posix()))
    variables = {
        name: value
        for name, value in env.variables(ODD_VARIABLES | {"PYTHONPATH": str(SOURCE)}).items()
        if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER", "GIT_CONFIG"))
    }
    work = env.root / "work"
    work.mkdir()
    before = contents(env.root)
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "tsm_git", "demo", "--keep", "kept"],
        cwd=work,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    kept = work / "kept"
    after = contents(env.root, but=kept)
    assert (kept / "app").is_dir(), ran.stdout + ran.stderr
    app = Project(env, kept / "app")
    return Played(ran.stdout, ran.stderr, ran.returncode, app, before, after)


class TestTheStory:
    def test_goes_from_verdict_to_verdict(self, played: Played) -> None:
        assert (played.exit_code, played.stderr) == (0, "")
        assert verdicts(played.stdout) == VERDICTS

    def test_shows_every_command_that_it_runs(self, played: Played) -> None:
        shown = re.sub(r" \\\n +", " ", played.stdout)  # long ones go on in the next line

        assert re.findall(r"^\$ (.*)", shown, re.MULTILINE) == [
            step.command for step in STORY if isinstance(step, Run)
        ]

    def test_fits_in_eighty_columns(self, played: Played) -> None:
        assert [line for line in played.stdout.splitlines() if len(line) > 80] == []

    def test_has_no_colour_in_a_pipe(self, played: Played) -> None:
        assert "\x1b" not in played.stdout

    def test_touches_nothing_outside_its_folder(self, played: Played) -> None:
        assert played.after == played.before

    def test_is_the_same_on_every_machine_and_leaves_nothing(
        self, played: Played, env: GitEnv
    ) -> None:
        before = contents(env.root)

        ran = env.run(
            [sys.executable, "-P", "-m", "tsm_git", "demo"],
            cwd=env.root,
            env={"PYTHONPATH": str(SOURCE)},
        )

        assert ran.exit_code == 0, ran
        assert contents(env.root) == before
        ending = "\nThe repository is "
        told = [text.split(ending)[0] for text in (ran.stdout, played.stdout)]
        assert normalise(told[0]) == normalise(told[1])
        assert ran.stdout.split(ending)[1].startswith("deleted again")


class TestWhatIsKept:
    def test_is_a_clean_clone_of_a_published_main(self, played: Played) -> None:
        app = played.app

        assert app.git("status", "--porcelain") == ""
        assert app.rev("main") == app.rev("origin/main")
        assert app.tree("main") == [
            "001.create_users.sql",
            "002.add_email.sql",
            "003.add_phone.sql",
            "004.add_city.sql",
            "005.unique_email.sql",
        ]

    def test_has_the_branches_and_the_merge_of_the_story(self, played: Played) -> None:
        app = played.app

        branches = app.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
        assert branches == ["city", "main", "phone", "tidy", "unique"]
        assert app.git("log", "--merges", "--format=%s", "main") == "Merge branch 'city'"
        assert app.git("merge-base", "phone", "city") == app.rev("main~7")
        people = set(app.git("log", "--format=%an %ae %cn").splitlines())
        assert people == {"Ada ada@example.com Ada", "Ben ben@example.com Ben"}

    def test_has_a_database_that_holds_what_was_applied(self, played: Played) -> None:
        app = played.app

        assert app.ledger() == app.entries(*app.tree("main"))
        columns = [name for (name,) in app.query("select name from pragma_table_info('users')")]
        assert columns == ["id", "name", "email", "phone", "city"]
        assert [row.id for row in app.ledger("app.sqlite.ref")] == [1, 2]

    def test_can_be_played_with_as_the_last_lines_say(self, played: Played) -> None:
        assert "\n  cd kept/app && tsm status\n" in played.stdout

        status = played.app.tsm("status").exits(0)

        assert "app.sqlite: CURRENT" in status.stdout


class TestAFolderToKeepItIn:
    def test_must_be_empty(self, project: Project) -> None:
        project.write("kept/notes.txt", "mine\n")

        refused = project.tsm("demo", "--keep", "kept")

        assert refused.exit_code == 2
        assert refused.stdout == ""
        assert refused.stderr.splitlines() == [
            f"error: `{project.root / 'kept'}` is not empty",
            "hint: give a folder that is empty or not there yet",
        ]
        assert [path.name for path in (project.root / "kept").iterdir()] == ["notes.txt"]

    def test_must_be_a_folder(self, project: Project) -> None:
        file = project.write("kept", "mine\n")

        refused = project.tsm("demo", "--keep", "kept")

        assert refused.exit_code == 2
        assert refused.stderr.splitlines() == [
            f"error: `{file}` cannot be used: File exists",
            "hint: give a folder that is empty or not there yet",
        ]
        assert file.read_text() == "mine\n"

    def test_is_looked_for_where_tsm_is_told_to_run(self, project: Project) -> None:
        project.write("sub/kept/notes.txt", "mine\n")

        refused = project.tsm("-C", "sub", "demo", "--keep", "kept")

        assert refused.exit_code == 2
        assert refused.stderr.startswith(f"error: `{project.root / 'sub' / 'kept'}` is not empty")


class TestAStoryThatGoesWrong:
    def test_ends_at_the_wrong_exit_code(self) -> None:
        wrong = Run("git init -q app", exit_code=1)

        with pytest.raises(BrokenStoryError, match="`git init -q app` ended with 0, expected 1"):
            told(wrong, Say("never said"))

    def test_ends_where_words_are_missing(self) -> None:
        wrong = Run("git init -b main app", shows=("CONFLICTED",))

        with pytest.raises(BrokenStoryError, match="does not say 'CONFLICTED'"):
            told(wrong, Say("never said"))

    def test_has_shown_what_went_wrong_before_it_ends(self) -> None:
        steps = play(None, colour=True, columns=80, story=[Run("tsm --version", exit_code=1)])

        shown = next(steps)

        assert (shown.output, shown.exit_code) == (f"tsm {VERSION}\n", 0)
        with pytest.raises(BrokenStoryError):
            next(steps)

    def test_is_a_bug_of_tsm(self, env: GitEnv) -> None:
        """A git that does nothing: the story cannot come true."""
        program = env.root / "bin" / "git"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)

        ran = env.run(
            [sys.executable, "-P", "-m", "tsm_git", "demo"],
            cwd=env.root,
            env={
                "PYTHONPATH": str(SOURCE),
                "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            },
        )

        assert ran.exit_code == 3
        assert "\n$ cd app\n  (exit code 1)\n" in ran.stdout
        assert "a bug in tsm" in ran.stderr
        assert "in the demo `cd app` ended with 1, expected 0" in ran.stderr

    def test_cannot_begin_without_git(self, env: GitEnv) -> None:
        ran = env.run(
            [sys.executable, "-P", "-m", "tsm_git", "demo"],
            cwd=env.root,
            env={"PYTHONPATH": str(SOURCE), "PATH": str(env.home)},
        )

        assert (ran.exit_code, ran.stdout) == (2, "")
        assert ran.stderr.splitlines() == [
            "error: there is no git to run the demo with",
            "hint: install git 2.34 or later",
        ]


def test_files_are_written_as_the_story_has_them() -> None:
    text = "-- é\nselect 1;\n"

    printed = told(Write("a/b.sql", text), Run("git hash-object a/b.sql"))

    assert printed == ["", f"{digest_of(text)}\n"]


def told(*story: Step) -> list[str]:
    """Play these steps, and return what each printed."""
    return [shown.output for shown in play(None, colour=False, columns=80, story=story)]


def contents(folder: Path, but: Path | None = None) -> dict[str, bytes]:
    """Return all files and folders below a folder, with what they hold."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if but is None or not path.is_relative_to(but):
            found[path.relative_to(folder).as_posix()] = (
                path.read_bytes() if path.is_file() else b""
            )
    return found


def verdicts(stdout: str) -> list[tuple[str, str, list[str], int]]:
    """Read off what tsm was asked, the state it gave, the rules it named, and its exit code."""
    found = []
    for part in re.split(r"^\$ ", stdout, flags=re.MULTILINE)[1:]:
        command, _, rest = part.partition("\n")
        # The output is indented; what follows it in the story is not.
        output = re.match(r"(?:  .*\n|\n(?=  ))*", rest)
        text = output[0] if output else ""
        if command.startswith("tsm "):
            state = re.search(r"app\.sqlite`?(?::| is) ([A-Z]+)", text)
            code = re.search(r"\(exit code (\d+)\)", text)
            rules = re.findall(
                r"TSM\d{3}(?= (?:note: |warning: )?[`a-z])|(?<=\()TSM\d{3}(?=\))", text
            )
            found.append(
                (
                    command,
                    state[1] if state else "",
                    sorted(set(rules)),
                    int(code[1]) if code else 0,
                )
            )
    return found
