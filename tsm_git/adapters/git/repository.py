"""One repository as tsm sees it: its revisions, its index, and what hangs on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tsm_git.adapters.git.discovery import discover
from tsm_git.adapters.git.entries import IndexEntry, Listing
from tsm_git.adapters.git.objects import Commit, Objects
from tsm_git.adapters.git.process import Git, Place, decoded, failure
from tsm_git.core.errors import GitError, UsageError
from tsm_git.core.facts import Operation
from tsm_git.core.text import shell_quoted

if TYPE_CHECKING:
    from tsm_git.adapters.git.hooking import Hooking
    from tsm_git.adapters.git.log import Log
    from tsm_git.adapters.git.refs import Refs
    from tsm_git.adapters.git.simulation import Simulation
    from tsm_git.adapters.git.staging import Staging

EMPTY_BLOBS = frozenset(
    {
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)
# What a rebase calls the bringing of a commit (git-rebase, "INTERACTIVE MODE").
_PICKS = frozenset(["pick", "p", "reword", "r", "edit", "e", "squash", "s", "fixup", "f"])
_SHALLOW_HINT = "run `git fetch --unshallow` (in CI: fetch the whole history, depth 0)"


# What `ls-files -s -t -z` prints; an untracked file has its path only.
_RECORD = re.compile(r"(.) (?:([0-7]+) ([0-9a-f]+) ([0-3])\t)?([^\0]+)\0", re.DOTALL)


class Repository:
    """A git repository; close it, or use it as a context manager."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.coming: tuple[str, ...] = ()  # what is merged before git has written MERGE_HEAD
        self._git = Git(place.top or place.git_dir)
        self.objects = Objects(self._git)

    @classmethod
    def find(cls, start: Path) -> Repository | None:
        """The repository around a folder, or None where there is none."""
        place = discover(start)
        return cls(place) if place else None

    @property
    def top(self) -> Path | None:
        """The top of the work tree; None in a bare repository."""
        return self.place.top

    def close(self) -> None:
        """Ends what runs in the background."""
        self.objects.close()

    # What a check that finds nothing has no use for is loaded when it is asked for.

    @cached_property
    def simulation(self) -> Simulation:
        """What git would make of a merge."""
        from tsm_git.adapters.git.simulation import Simulation

        return Simulation(self._git, self.place, self.objects)

    @cached_property
    def staging(self) -> Staging:
        """The index, to be changed."""
        from tsm_git.adapters.git.staging import Staging

        return Staging(self.place)

    @cached_property
    def log(self) -> Log:
        """Who did what in history."""
        from tsm_git.adapters.git.log import Log

        return Log(self._git)

    @cached_property
    def refs(self) -> Refs:
        """All branches at once."""
        from tsm_git.adapters.git.refs import Refs

        return Refs(self._git)

    @cached_property
    def hooking(self) -> Hooking:
        """What only hooks need."""
        from tsm_git.adapters.git.hooking import Hooking

        return Hooking(self._git, self.place)

    # Revisions

    def commits(self, revisions: Sequence[str]) -> list[Commit | None]:
        """The commits of several revisions, None for each that is unknown."""
        return self.objects.commits(revisions)

    def commit(self, revision: str) -> Commit:
        """The commit that a user's revision stands for.

        Raises UsageError where it cannot be one, GitError where the repository has none such.
        """
        if not revision or revision.startswith("-") or any(c in revision for c in "\n\r\0"):
            raise UsageError(
                f"`{revision}` is no revision", "give a branch, a tag or a commit, such as `main`"
            )
        (found,) = self.objects.commits([revision])
        if found is None:
            raise GitError(f"unknown revision `{revision}`", self._fetch_hint(revision))
        return found

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors of two commits; empty for unrelated histories.

        Raises GitError where the clone is too shallow to tell.
        """
        if one == other:
            return [one]
        output = self._git.run("merge-base", "--all", one, other, accept=(0, 1))
        found = decoded(output.stdout).split()
        if not found and self.is_shallow:
            raise GitError(
                f"no merge base of {one[:10]} and {other[:10]} in this shallow clone", _SHALLOW_HINT
            )
        return found

    def head(self) -> Commit | None:
        """The commit that is checked out, None before the first one.

        Raises GitError where it is lost: nothing could be told without it.
        """
        (found,) = self.objects.commits(["HEAD"])
        if found is None:
            output = self._git.run("log", "-1", "--format=%H", accept=(0, 128))
            if "does not have any commits yet" not in output.stderr:
                raise failure("log", output.stderr)
        return found

    @property
    def id_length(self) -> int:
        """How long ids are: 40 hexadecimal digits for SHA-1, 64 for SHA-256."""
        found = self.objects.get(["HEAD"])[0]
        return len(found.oid) if found else 40

    @property
    def is_shallow(self) -> bool:
        """Whether the history is cut off."""
        return (self.place.common_dir / "shallow").exists()

    def current_branch(self) -> str | None:
        """The branch that is checked out, or being rebased; None with a detached HEAD."""
        prefix = "refs/heads/"
        for name in ("rebase-merge/head-name", "rebase-apply/head-name", "HEAD"):
            head = self._state(name).removeprefix("ref: ")
            if head.startswith(prefix):
                return head.removeprefix(prefix)
        return None

    def operation(self) -> Operation | None:
        """What git is in the middle of, by the files it leaves (git-rev-parse, `--git-path`)."""
        branch = f"`{self.current_branch() or 'HEAD'}`"
        for name in ("rebase-merge", "rebase-apply"):
            if not (self.place.git_dir / name).is_dir():
                continue
            if (self.place.git_dir / name / "applying").exists():
                return Operation("am", branch, "the patch that is applied")
            onto = self._state(f"{name}/onto")[:10]
            commit = self._state("REBASE_HEAD")[:10]
            return Operation(
                "rebase", f"`{onto}`, which is rebased onto", f"your commit `{commit}`"
            )
        if coming := self.merge_heads():
            return Operation("merge", branch, f"the merged commit `{coming[0][:10]}`")
        for kind in ("cherry-pick", "revert"):
            if commit := self._state(f"{kind.upper().replace('-', '_')}_HEAD")[:10]:
                return Operation(kind, branch, f"the commit `{commit}`")
        return None

    def replayed(self) -> Commit | None:
        """The commit that a rebase in progress has brought last, as it was; None without one."""
        oid = self._state("rebase-apply/original-commit")
        for line in self._state("rebase-merge/done").splitlines():
            command, *words = line.split()
            named = [word for word in words if not word.startswith("-")]
            if command in _PICKS and named:
                oid = named[0]
        return self.objects.commits([oid])[0] if oid else None

    def rewritten(self, head: str | None) -> Commit | None:
        """What HEAD was before a rebase or reset; None where that is still in its history."""
        (found,) = self.objects.commits(["ORIG_HEAD"])
        if found is None or head is None or self.merge_bases(found.oid, head) == [found.oid]:
            return None
        return found

    def _state(self, name: str) -> str:
        """The text of a file in the git directory; empty where there is none."""
        try:
            return (self.place.git_dir / name).read_text("utf-8", "surrogateescape").strip()
        except OSError:
            return ""

    def merge_heads(self) -> list[str]:
        """The commits that a merge in progress brings in."""
        return self._state("MERGE_HEAD").split() or list(self.coming)

    def fetched_at(self) -> float | None:
        """When remote-tracking branches were last fetched, as seconds since 1970; None: never.

        Every work tree notes its own fetches; a clone notes none, but writes the remote's HEAD.
        """
        remotes = (self.place.common_dir / "refs" / "remotes").glob("*/HEAD")
        notes = [place / "FETCH_HEAD" for place in (self.place.git_dir, self.place.common_dir)]
        notes += (self.place.common_dir / "worktrees").glob("*/FETCH_HEAD")
        times = []
        for note in (*notes, *remotes):
            with suppress(OSError):
                times.append(note.stat().st_mtime)
        return max(times, default=None)

    @property
    def has_remote_branches(self) -> bool:
        """Whether there is any remote-tracking branch, loose or packed."""
        if any((self.place.common_dir / "refs" / "remotes").glob("*/*")):
            return True
        try:
            packed = (self.place.common_dir / "packed-refs").read_bytes()
        except OSError:
            return False
        return b" refs/remotes/" in packed

    def remote_heads(self) -> list[str]:
        """The remote-tracking branches that remotes call their HEAD, `origin` first.

        Symbolic references are never packed, so their files are the truth.
        """
        found = []
        remotes = self.place.common_dir / "refs" / "remotes"
        for head in sorted(remotes.glob("*/HEAD")):
            try:
                target = head.read_text("utf-8", "surrogateescape").strip()
            except OSError:
                continue
            if target.startswith("ref: refs/remotes/"):
                found.append(target.removeprefix("ref: refs/remotes/"))
        return sorted(found, key=lambda name: not name.startswith("origin/"))

    def upstreams(self, branches: Sequence[str]) -> dict[str, str]:
        """The remote-tracking branches that local ones follow, as `main` -> `origin/main`."""
        keys = "|".join(map(re.escape, branches))
        output = self._git.run(
            *("config", "-z", "--get-regexp", rf"^branch\.({keys})\.(remote|merge)$"),
            accept=(0, 1),
        )
        found: dict[str, dict[str, str]] = {}
        for setting in decoded(output.stdout).split("\0")[:-1]:
            key, _, value = setting.partition("\n")
            branch, _, kind = key.removeprefix("branch.").rpartition(".")
            found.setdefault(branch, {})[kind] = value
        return {
            branch: f"{config['remote']}/{config['merge'].removeprefix('refs/heads/')}"
            for branch, config in found.items()
            if config.get("remote", ".") != "."
            and config.get("merge", "").startswith("refs/heads/")
        }

    # Places

    def listing(self, pathspecs: Sequence[str], untracked: bool) -> Listing:
        """The index below some pathspecs, and untracked files that are not ignored if wanted."""
        others = ["-o", "--exclude-standard"] if untracked else []
        output = self._git.run("ls-files", "-s", "-t", "-z", *others, "--", *pathspecs)
        listing = Listing([], [])
        for tag, mode, oid, stage, path in _RECORD.findall(decoded(output.stdout)):
            if tag == "?":
                listing.untracked.append(path)
                continue
            name = path[path.rfind("/") + 1 :]
            listing.entries.append(IndexEntry(path, name, mode, oid, int(stage), tag == "S"))
        return listing

    def intended(self, paths: Collection[str]) -> set[str]:
        """Which of these paths are only meant to be added (`git add -N`): no commit gets them."""
        specs = [f":(top,literal){path}" for path in paths]
        output = self._git.run("diff-files", "--name-only", "--diff-filter=A", "-z", "--", *specs)
        return set(decoded(output.stdout).split("\0")[:-1])

    def tracked(self, paths: Sequence[str]) -> list[str]:
        """Which of these paths, files or whole folders, the index holds."""
        specs = [f":(top,literal){path}" for path in paths]
        output = self._git.run("ls-files", "-z", "--", *specs) if specs else None
        return decoded(output.stdout).split("\0")[:-1] if output else []

    def staged_blobs(self, paths: Sequence[str]) -> dict[str, str]:
        """The ids of the blobs that the index holds for these paths, where they are merged."""
        specs = [f":(top,literal){path}" for path in paths]
        entries = self.listing(specs, untracked=False).entries if specs else []
        return {entry.path: entry.oid for entry in entries if entry.stage == 0}

    # Changes, for the commands that a user calls to make them

    def rename_staged(
        self,
        renames: Sequence[tuple[str, str]],
        resolved: Sequence[tuple[str, Sequence[tuple[str, str, str]]]] = (),
    ) -> None:
        """Gives paths of the index other names, see `Staging.rename`."""
        listing = self.listing([f":(top,literal){old}" for old, _ in renames], untracked=False)
        self.staging.rename(renames, listing.entries, resolved, id_length=self.id_length)

    def is_staged(self) -> bool:
        """Whether the index differs from HEAD."""
        return self._git.run("diff", "--cached", "--quiet", accept=(0, 1)).status == 1

    def _fetch_hint(self, revision: str) -> str:
        if self.is_shallow:
            return _SHALLOW_HINT
        remote, _, branch = revision.partition("/")
        if branch and (self.place.common_dir / "refs" / "remotes" / remote).is_dir():
            return f"run `git fetch {shell_quoted(remote)} {shell_quoted(branch)}`"
        return "run `git branch --all` to see what there is, or `git fetch`"
