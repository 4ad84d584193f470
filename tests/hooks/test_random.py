"""Random days of a team through real git with hooks: they stop what `tsm check` finds, and only that.

Whether `tsm check` is right is asked elsewhere, of an oracle. A failure names its seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import Project
from tests.hooks.desk import program, spoken

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

_PROFILE = os.environ.get("TSM_TEST_PROFILE", "")
HISTORIES = {"ci": 12, "full": 300, "long": 5_000}.get(_PROFILE, 4)
STEPS = 8
NAMES = ("users", "mail", "phone", "city", "zip")


class Fault(NamedTuple):
    """An error, as the JSON document of a check has it."""

    code: str
    path: str
    message: str


class Team:
    """One repository whose `main` is base, and somebody who does something at random in it."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project = project
        self.rng = random.Random(seed)
        project.scripts("001.users.sql", "002.mail.sql")
        project.write("notes.txt", "start\n")
        project.commit("start")
        for branch in ("one", "two"):
            project.git("branch", branch)
        project.tsm_inprocess("hooks", "install").exits(0)
        project.git("config", "tsm.program", str(program(project.env.home)))

    def step(self) -> None:
        """Do one thing, and compare what the hooks did with what a check says."""
        self.settle()
        ways: list[Callable[[], None]] = [self.commit] * 4 + [
            *(self.merge, self.merge, self.rebase, self.pick, self.squash, self.amend, self.switch)
        ]
        self.rng.choice(ways)()

    # What is done

    def commit(self) -> None:
        """Change something and commit it; sometimes without asking the hooks."""
        self.change()
        if self.rng.random() < 0.3:
            self.run("commit", "-n", "-m", "anyway")
            return
        self.judged_commit("commit", "-m", "change")

    def amend(self) -> None:
        """Change something and put it into the last commit."""
        self.change()
        self.judged_commit("commit", "--amend", "--no-edit")

    def squash(self) -> None:
        """Squash another branch, and commit that."""
        done = self.run("merge", "--squash", self.other())
        if done.exit_code == 0 and self.staged():
            self.judged_commit("commit", "-m", "squash")

    def merge(self) -> None:
        """Merge or pull another branch; resolve what conflicts, and commit that."""
        base, head = self.rev("main"), self.rev("HEAD")
        other = self.other()
        pull = ["pull", "--no-rebase", "--no-edit", "."]
        done = self.run(*self.rng.choice((["merge", "--no-edit"], pull)), other)
        if self.merging() and self.unmerged():
            for path in self.unmerged():
                self.run("checkout", self.rng.choice(("--ours", "--theirs")), "--", path)
                self.run("add", "--all", "--", path)
            if self.unmerged():
                return
            errors = self.check("--staged")
            done = self.run("commit", "--no-edit")
            # Faults that a side had by itself are no news; without any nothing may stop it.
            if not errors:
                assert done.exit_code == 0, done
            return
        if self.merging():
            assert done.exit_code == 1, done
            assert "tsm: the merge of" in done.stderr, done
            assert self.check("--staged"), done
        elif self.is_merge_of(head) and self.scripts(head) != self.scripts("HEAD"):
            assert not self.check("--base", base, "--head", "HEAD"), done

    def rebase(self) -> None:
        """Rebase onto main."""
        before = self.rev("HEAD")
        done = self.run("rebase", self.rng.choice(("--apply", "--merge")), "main")
        if done.exit_code != 0:
            return
        moved = self.scripts(before) != self.scripts("HEAD") and "Fast-forwarded" not in done.stdout
        if moved and not self.is_ancestor(before, "HEAD") and "up to date" not in done.stdout:
            faults = self.check("--base", "main", "--head", "HEAD")
            assert bool(faults) == ("tsm: the rebase brings" in done.stderr), done

    def pick(self) -> None:
        """Cherry-pick a commit."""
        self.run("cherry-pick", self.other())

    def switch(self) -> None:
        """Go to another branch."""
        self.run("switch", self.rng.choice(("main", "one", "two")))

    # What it is done with

    def change(self) -> None:
        """Do something to a script, or to none, and stage it."""
        names = self.project.listing() if self.project.folder.exists() else []
        last = max((int(name[:3]) for name in names), default=0)
        name = self.rng.choice(names) if names else ""
        word = f"{self.rng.choice(NAMES)}{self.rng.randrange(100)}"
        number = last + self.rng.choice((1, 1, 1, 1, 0, 2))
        match self.rng.choice(("add", "add", "add", "edit", "delete", "rename", "notes")):
            case "edit" if name:
                self.project.edit(name)
            case "delete" if name:
                self.project.delete(name)
            case "rename" if name:
                self.project.rename(name, f"{name[:4]}{word}.sql")
            case "notes":
                self.project.write("notes.txt", f"{word}\n")
            case _ if not (self.project.folder / f"{number:03}.{word}.sql").exists():
                self.project.script(f"{number:03}.{word}.sql", f"create table {word} (x);\n")
            case _:
                pass
        self.run("add", "--all")

    def judged_commit(self, *arguments: str) -> None:
        """Commit with hooks, which must stop errors that HEAD did not have, and nothing else."""
        old, new = self.check("--base", "main", "--head", "HEAD"), self.check("--staged")
        index, head = self.project.git("ls-files", "--stage"), self.rev("HEAD")
        brought = [
            fault
            for fault in new
            if not any((fault.code, fault.path) == (f.code, f.path) for f in old)
        ]
        doubtful = [fault for fault in new if fault.code in ("TSM102", "TSM103") and old]
        done = self.run(*arguments)
        if "nothing to commit" in done.stdout or "would make" in done.stdout + done.stderr:
            return
        if brought and not doubtful:
            assert done.exit_code == 1, (brought, done)
        if not new:
            assert done.exit_code == 0, done
        if done.exit_code:
            assert self.rev("HEAD") == head
            assert self.project.git("ls-files", "--stage") == index
            assert "tsm: nothing is committed" in done.stderr, done
            assert new, done

    def run(self, *arguments: str) -> Completed:
        """Run git with hooks."""
        self.project.env.commits += 1
        done = self.project.env.run(["git", *arguments], cwd=self.project.root)
        assert "Traceback" not in spoken(done), done
        assert "error: a bug" not in spoken(done), done
        return done

    def check(self, *options: str) -> list[Fault]:
        """Return the errors that a check finds."""
        document = self.project.tsm_inprocess("check", "--json", *options).json()
        return [
            Fault(finding["code"], finding["path"], finding["message"])
            for database in document["databases"]
            for finding in database["findings"]
            if finding["severity"] == "error"
        ]

    def settle(self) -> None:
        """Give up whatever stopped, so that the next step begins with nothing staged."""
        for operation in ("merge", "rebase", "cherry-pick"):
            self.project.env.run(["git", operation, "--abort"], cwd=self.project.root)
        self.project.git("-c", "core.hooksPath=/dev/null", "reset", "--quiet", "--hard")
        self.project.git("clean", "--quiet", "-d", "--force")

    def rev(self, name: str) -> str:
        """Return the ids that a revision stands for."""
        return self.project.git("rev-parse", name)

    def other(self) -> str:
        """Return a branch that is not checked out."""
        here = self.project.git("branch", "--show-current")
        return self.rng.choice([name for name in ("main", "one", "two") if name != here])

    def scripts(self, revision: str) -> str:
        """Return what a commit holds in the folder of scripts."""
        return self.project.git("ls-tree", revision, "--", self.project.path(""))

    def is_merge_of(self, parent: str) -> bool:
        """Whether HEAD is a merge made on top of that commit."""
        parents = self.project.git("log", "-1", "--format=%P").split()
        return len(parents) == 2 and parents[0] == parent

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether a commit is in the history of another."""
        command = ["git", "merge-base", "--is-ancestor", one, other]
        return self.project.env.run(command, cwd=self.project.root).exit_code == 0

    def merging(self) -> bool:
        """Whether a merge has stopped."""
        return (self.project.root / ".git" / "MERGE_HEAD").exists()

    def unmerged(self) -> list[str]:
        """Return the paths that a merge stopped on."""
        return self.project.unmerged()

    def staged(self) -> bool:
        """Whether there is something to commit."""
        return bool(self.project.git("diff", "--cached", "--name-only"))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_random_day(env: GitEnv, tmp_path: Path, seed: int) -> None:
    team = Team(Project.create(env, tmp_path / "project"), seed)

    for _ in range(STEPS):
        team.step()

    team.project.git("fsck", "--strict", "--no-dangling")
