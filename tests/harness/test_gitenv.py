"""The git of the tests knows nothing of the machine, and does the machine no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.project import Project


@pytest.fixture
def decoy(env: GitEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a repository that the caller's environment points at, as in a hook of its own."""
    project = Project.create(env, tmp_path / "decoy")
    project.script("001.users.sql")
    project.commit("do not touch")
    monkeypatch.setenv("GIT_DIR", str(project.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(project.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(project.root / ".git" / "index"))
    return project


def contents(folder: Path) -> dict[Path, bytes]:
    """Return every file below a folder, with what is in it."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_git_dir_that_is_inherited_is_not_touched(
    decoy: Project, env: GitEnv, tmp_path: Path
) -> None:
    before = contents(decoy.root)

    project = Project.create(env, tmp_path / "project")
    project.script("001.mail.sql")
    project.commit("mail")
    project.branch("other")

    assert contents(decoy.root) == before
    assert Path(project.git("rev-parse", "--show-toplevel")) == project.root


def test_nothing_of_the_callers_environment_reaches_a_process(
    env: GitEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    monkeypatch.setenv("SECRET", "1")

    code = "import os, json; print(json.dumps(dict(os.environ)))"
    seen = env.run([sys.executable, "-c", code], cwd=env.root).stdout

    assert "Somebody" not in seen
    assert "GITHUB_BASE_REF" not in seen
    assert "SECRET" not in seen


def test_git_reads_no_configuration_but_its_own(env: GitEnv, project: Project) -> None:
    (env.home / ".gitconfig").write_text("[user]\nname = From Home\n[alias]\nst = status\n")

    listed = project.git("config", "--list", "--show-scope").splitlines()

    assert [line for line in listed if not line.startswith("local")] == [
        "command\tinit.defaultbranch=main",
        "command\tcore.autocrlf=false",
    ]


def test_the_running_process_has_the_same_environment(env: GitEnv) -> None:
    seen = subprocess.run(["git", "config", "--list"], capture_output=True, text=True, check=True)

    assert seen.stdout == "init.defaultbranch=main\ncore.autocrlf=false\n"
    assert Path.home() == env.home
    assert not [name for name in os.environ if name.startswith(("CI", "GITHUB_", "GITLAB_"))]


def test_no_repository_is_found_above_the_test(env: GitEnv, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere" / "deep"
    folder.mkdir(parents=True)

    env.git("rev-parse", "--git-dir", cwd=folder, exit_code=128)


def test_the_same_story_makes_the_same_commits(env: GitEnv, tmp_path: Path) -> None:
    def tell(name: str) -> list[str]:
        own = GitEnv(tmp_path / name)
        project = Project.create(own, own.root / "project")
        project.script("001.users.sql")
        first = project.commit("users")
        project.branch("mail")
        project.script("002.mail.sql")
        second = project.commit("mail", author="Bob")
        project.git("log")
        project.switch("main")
        return [first, second, project.merge("mail", options=["--no-ff"])]

    assert tell("here") == tell("there")


def test_each_commit_is_a_second_later(project: Project) -> None:
    for message in ("one", "two", "three"):
        project.commit(message)

    assert project.git("log", "--reverse", "--format=%s %aI").splitlines() == [
        "one 2026-01-01T00:00:01+00:00",
        "two 2026-01-01T00:00:02+00:00",
        "three 2026-01-01T00:00:03+00:00",
    ]


def test_an_exit_code_that_nobody_expected_tells_all_that_git_said(project: Project) -> None:
    with pytest.raises(AssertionError) as failure:
        project.git("switch", "nowhere")

    assert str(failure.value) == (
        "expected exit code 0\n"
        "$ git switch nowhere\n"
        "--- stderr\n"
        "fatal: invalid reference: nowhere\n"
        "--- exit code 128"
    )
