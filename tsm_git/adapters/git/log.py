"""Who did what in history. It costs processes, so it is looked up for findings only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tsm_git.adapters.git.process import Git, decoded
from tsm_git.core.finding import ADDED, CHANGED, DELETED
from tsm_git.core.record import NamedTuple

_FILTERS = {ADDED: "A", CHANGED: "AM", DELETED: "D"}


class Touch(NamedTuple):
    """The commit that did something to a path; `reference` is a branch or tag that reaches it."""

    commit: str
    author: str
    date: str
    reference: str = ""


class Log:
    """The history of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def touches(self, revision: str, change: str, paths: Collection[str]) -> dict[str, Touch]:
        """For each path the latest commit of a revision or range that did that to it.

        `change` is added, changed or deleted. One process for all paths.
        """
        wanted = set(paths)
        output = self._git.run(
            *("log", "-z", "--no-renames", "--name-only", "-m", "--first-parent"),
            *(f"--diff-filter={_FILTERS[change]}", "--format=%x01%H%x02%an%x02%aI"),
            *("--end-of-options", revision, "--"),
            *(f":(top,literal){path}" for path in sorted(wanted)),
            accept=(0, 128),  # a range into a history that the clone does not have
        )
        found: dict[str, Touch] = {}
        touch = None
        for field in decoded(output.stdout).replace("\n", "\0").split("\0"):
            if field.startswith("\x01"):
                touch = Touch(*field[1:].split("\x02", 2))
            elif touch and field in wanted:
                found.setdefault(field, touch)
        return found

    def introduced(self, oid: str, revisions: Iterable[str]) -> Touch | None:
        """The latest commit of some revisions that brought or removed a blob (`--find-object`)."""
        output = self._git.run(
            *("log", "-1", "-m", f"--find-object={oid}", "--format=%H%x02%an%x02%aI%x02%S"),
            *revisions,
            "--",
            accept=(0, 128),
        )
        line = decoded(output.stdout).strip()
        if not line:
            return None
        commit, author, date, reference = line.split("\x02", 3)
        for prefix in ("refs/heads/", "refs/remotes/", "refs/tags/"):
            reference = reference.removeprefix(prefix)
        return Touch(commit, author, date, reference)
