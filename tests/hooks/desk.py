"""A desk where somebody works with hooks: one way to install them, one place to work in.

Which events reach tsm is written down by the program that stands in front of it.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

import pytest

from tests.harness.gitenv import Completed
from tests.harness.project import SOURCE, Project

FRAMEWORK_TYPES = (
    "pre-commit",
    "pre-merge-commit",
    "post-merge",
    "post-rewrite",
    "post-checkout",
    "pre-push",
)


class Way(Enum):
    """How the hooks are installed."""

    PLAIN = "plain"
    HOOKS_PATH = "hooksPath"
    FRAMEWORK = "framework"


class Site(Enum):
    """Where somebody works."""

    MAIN = "main tree"
    WORKTREE = "linked work tree"
    SUBMODULE = "submodule"
    SUBFOLDER = "subfolder"


class Desk:
    """One place to work in; `quiet` runs git without any hook, `run` with them."""

    def __init__(self, project: Project, cwd: Path, way: Way) -> None:
        self.project = project
        self.cwd = cwd
        self.way = way
        self.env = project.env
        self._log = self.env.home / "asked"

    def quiet(self, *arguments: str, exit_code: int = 0) -> str:
        """Run git as if there were no hooks."""
        return self.project.git("-c", "core.hooksPath=/dev/null", *arguments, exit_code=exit_code)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        """Run git with hooks, and return what it did, whatever its exit code."""
        self._log.unlink(missing_ok=True)
        self.cwd.mkdir(parents=True, exist_ok=True)
        self.env.commits += 1
        return self.env.run(["git", *arguments], cwd=self.cwd, env=env)

    def asked(self) -> list[str]:
        """Return the events that tsm was asked about in the last run, in order."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def edit(self, name: str) -> None:
        """Change a script in the work tree."""
        self.project.edit(name)

    def draft(self, name: str) -> None:
        """Write and stage a new script."""
        self.project.script(name)
        self.quiet("add", "--all")

    def note(self, text: str) -> None:
        """Write the one file that is no script, and stage it."""
        self.project.write("notes.txt", text)
        self.quiet("add", "notes.txt")


def program(env_home: Path) -> Path:
    """Write the program `tsm` of these tests: it notes the event and runs the tsm of this tree."""
    folder = env_home / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / "tsm"
    tsm = shlex.join(
        ["env", f"PYTHONPATH={SOURCE}", sys.executable, "-P", "-m", "tsm_git"],
    )
    path.write_text(
        f'#!/bin/sh\n[ "$2" != run ] || echo "$3" >> {shlex.quote(str(env_home))}/asked\n'
        f'exec {tsm} "$@"\n'
    )
    path.chmod(0o755)
    return path


def story(project: Project) -> None:
    """Tell of what all desks begin with; `main` is checked out, and base.

    `phone` took the number that main gave to the address, `noted` did, too, and quarrels about the
    notes; `fine` and `plain` quarrel with nobody; `behind` is where main was.
    """
    project.scripts("001.users.sql", "002.mail.sql")
    project.write("notes.txt", "start\n")
    project.commit("start")
    project.git("branch", "behind")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone", author="Ben")
    project.branch("noted")
    project.write("notes.txt", "of the phone\n")
    project.commit("notes", author="Ben")
    project.switch("main")
    project.write("notes.txt", "of the address\n")
    project.script("003.address.sql")
    project.commit("address")
    project.branch("fine")
    project.script("004.fine.sql")
    project.commit("fine", author="Ben")
    project.branch("plain", "main")
    project.write("other.txt", "other\n")
    project.commit("other", author="Ben")
    project.switch("main")
    project.write("third.txt", "third\n")
    project.commit("third")


def sit_down(project: Project, way: Way, site: Site, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Tell the story, go to the place and install the hooks."""
    tsm = program(project.env.home)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tsm.parent), os.environ["PATH"]]))
    if way is Way.FRAMEWORK:
        project.write(".pre-commit-config.yaml", "repos:\n")
        assert project.tsm_inprocess("hooks", "install", "--framework").exit_code == 0
        with (project.root / ".pre-commit-config.yaml").open("a") as file:
            file.write(
                "  - repo: local\n    hooks:\n      - {id: tsm-post-checkout, name: switch, "
                "entry: tsm hooks run post-checkout, language: system, always_run: true, "
                "pass_filenames: false, verbose: true, stages: [post-checkout]}\n"
            )
    story(project)
    (project.root / "app.sqlite").touch()
    desk = Desk(project, project.root, way)
    match site:
        case Site.WORKTREE:
            project.detach()
            desk = Desk(project.worktree("tree", "main", new=False), project.root, way)
            desk.cwd = desk.project.root
            (desk.cwd / "app.sqlite").touch()
        case Site.SUBMODULE:
            desk = _submodule(project, way)
        case Site.SUBFOLDER:
            desk.cwd = project.root / "deep" / "inside"
        case Site.MAIN:
            pass
    _install(desk, tsm)
    return desk


def _submodule(project: Project, way: Way) -> Desk:
    outer = Project.create(project.env, project.root.parent / "outer")
    inner = outer.submodule(project, "inner")
    outer.commit("with a submodule")
    for branch in ("phone", "noted", "fine", "plain", "behind"):
        inner.git("branch", "--quiet", "--no-track", branch, f"origin/{branch}")
    inner.git("remote", "remove", "origin")
    inner.exclude_databases()
    (inner.root / "app.sqlite").touch()
    inner.results = project.results
    return Desk(inner, inner.root, way)


def _install(desk: Desk, tsm: Path) -> None:
    project = desk.project
    match desk.way:
        case Way.PLAIN:
            assert project.tsm_inprocess("hooks", "install").exit_code == 0
        case Way.HOOKS_PATH:
            project.git("config", "core.hooksPath", str(SOURCE / "hooks"))
        case Way.FRAMEWORK:
            types = [word for name in FRAMEWORK_TYPES for word in ("-t", name)]
            framework(desk, "install", *types)
    project.git("config", "tsm.program", str(tsm))


def framework(desk: Desk, *arguments: str) -> Completed:
    """Run the framework's own command, which must go well."""
    command = [sys.executable, "-m", "pre_commit", *arguments]
    done = desk.env.run(command, cwd=desk.project.root, shown=f"pre-commit {' '.join(arguments)}")
    assert done.exit_code == 0, done
    return done


def spoken(done: Completed) -> str:
    """Return all that was said, wherever."""
    return done.stdout + done.stderr


def as_framework(events: Sequence[str]) -> list[str]:
    """Return what the framework calls these events: it has one entry for the two of a commit."""
    return ["pre-commit" if event == "pre-merge-commit" else event for event in events]
