"""Who did what in history. It costs processes, so it is looked up for findings only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tsm_git.adapters.git.process import Git, decoded
from tsm_git.core.deployment import FolderCommit
from tsm_git.core.finding import ADDED, CHANGED, DELETED
from tsm_git.core.record import NamedTuple

_FILTERS = {ADDED: "A", CHANGED: "AM", DELETED: "D"}


class Touch(NamedTuple):
    """The commit that did something to a path; `reference` is a branch or tag that reaches it."""

    commit: str
    author: str
    date: str
    reference: str = ""


class Addition(NamedTuple):
    """The commit that brought a path: who wrote it and when, and when the commit was made."""

    commit: str
    author: str
    date: str
    committed: str


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
        return Touch(commit, author, date, _short(reference))

    def commits_of(
        self, revisions: Sequence[str], folder: str, *, first_parent: bool = False
    ) -> list[FolderCommit]:
        """The commits that changed a folder, oldest first, each with what it changed there.

        With `first_parent` those of the branch itself: a merge with all that it brought.
        """
        how = ["-m", "--first-parent"] if first_parent else ["--topo-order"]
        output = self._git.run(
            *("log", "-z", "--reverse", "--raw", "--no-abbrev", "--no-renames", *how),
            *("--format=%x01%H%x02%an%x02%aI%x02%S", *revisions, "--"),
            f":(top,literal){folder}/",
        )
        found: list[FolderCommit] = []
        changes: dict[str, str | None] = {}
        fields = iter(decoded(output.stdout).split("\0"))
        for field in fields:
            if field.startswith("\x01"):
                changes = {}
                commit, author, date, reference = field[1:].split("\x02", 3)
                found.append(FolderCommit(commit, author, date, _short(reference), changes))
                continue
            raw = field.lstrip("\n")
            if raw.startswith(":"):  # modes, blobs, status; then the path
                _, _, _, blob, status = raw.split(" ")
                name = next(fields).rpartition("/")[2]
                changes[name] = None if status == "D" else blob
        return found

    def written(self, revisions: Sequence[str], folders: Sequence[str]) -> dict[str, Addition]:
        """Each path below some folders with the commit that wrote it, in the history of revisions.

        A file that was only given another name is its author's. One process for all paths.
        """
        return self._additions(
            ["--reverse", "--topo-order", "--find-renames=100%"], revisions, folders
        )

    def landed(self, revision: str, folders: Sequence[str]) -> dict[str, Addition]:
        """Each path with the commit of a branch itself, such as a merge, that brought it there."""
        how = ["--reverse", "--no-renames", "-m", "--first-parent"]
        return self._additions(how, [revision], folders)

    def _additions(
        self, how: Sequence[str], revisions: Sequence[str], folders: Sequence[str]
    ) -> dict[str, Addition]:
        if not revisions or not folders:
            return {}
        output = self._git.run(
            *("log", "-z", "--name-status", "--diff-filter=AR", *how),
            *("--format=%x01%H%x02%an%x02%aI%x02%cI", "--end-of-options", *revisions, "--"),
            *(f":(top,literal){folder}/" for folder in sorted(folders)),
        )
        found: dict[str, Addition] = {}
        addition = None
        fields = iter(decoded(output.stdout).split("\0"))
        for field in fields:
            if field.startswith("\x01"):
                addition = Addition(*field[1:].split("\x02", 3))
                continue
            status = field.lstrip("\n")
            if not status or addition is None:
                continue
            path = next(fields)
            if status.startswith("R"):
                old, path = path, next(fields)
                found[path] = found.get(old, addition)
            else:
                found[path] = addition
        return found


def _short(reference: str) -> str:
    for prefix in ("refs/heads/", "refs/remotes/", "refs/tags/"):
        reference = reference.removeprefix(prefix)
    return reference
