"""What git would make of a merge, without a trace in the repository, the index or the work tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tsm_git.adapters.git.entries import Uncommitted
from tsm_git.adapters.git.objects import Objects, TreeEntry, parse_tree
from tsm_git.adapters.git.process import Git, Place, decoded
from tsm_git.core.record import NamedTuple
from tsm_git.core.settings import SUFFIX

# A commit that is thrown away needs an author, whatever the user has configured.
_NOBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "tsm"), ("EMAIL", "tsm@localhost"), ("DATE", "@0 +0000"))
}


class GitMerge(NamedTuple):
    """What `git merge-tree` makes of two commits: the folder's entries, and conflicted paths.

    `new` are the bytes of blobs that only this merge has made, by id.
    """

    entries: list[TreeEntry]
    new: dict[str, bytes]
    conflicted: frozenset[str]


class Simulation:
    """Merges commits of one repository in a place that is thrown away."""

    def __init__(self, git: Git, place: Place, objects: Objects) -> None:
        self._git = git
        self._objects = objects
        self._place = place

    def merge_tree(
        self,
        ours: str,
        theirs: str,
        folder: str,
        *,
        uncommitted: Uncommitted | None = None,
        coming: Sequence[str] = (),
        unrelated: bool = False,
    ) -> GitMerge | None:
        """What git's own merge of two commits holds in a folder; None where git cannot tell.

        With `uncommitted` it is the merge of `ours` with the commit that would be made on top of
        `theirs`, and of what a merge in progress has `coming`. Nothing is written to the
        repository or the index: new objects go to a folder that is thrown away. `unrelated`
        is for a merge that somebody made of two histories without a common ancestor; a gate must
        not ask for it, since such a merge has no conflicts to tell.
        """
        with TemporaryDirectory(prefix="tsm-") as scratch:
            env = {
                "GIT_OBJECT_DIRECTORY": scratch,
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(self._object_stores()),
            }
            if uncommitted:
                parents = [theirs, *coming]
                commit = self._would_be_commit(parents, folder, uncommitted, Path(scratch), env)
                if commit is None:
                    return None
                theirs = commit
            output = self._git.run(
                *("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"),
                *(["--allow-unrelated-histories"] if unrelated else []),
                *(ours, theirs),
                env=env,
                accept=(0, 1, 128, 129),
            )
            if output.status > 1:  # 129: git before 2.38; 128: unrelated histories
                return None
            tree, *conflicted = decoded(output.stdout).rstrip("\0").split("\0")
            raw = self._git.run("cat-file", "tree", f"{tree}:{folder}", env=env, accept=(0, 128))
            entries = parse_tree(raw.stdout, len(tree) // 2) if raw.status == 0 else []
            known = self._objects.get([entry.oid for entry in entries])
            new = {
                entry.oid: self._git.run("cat-file", "blob", entry.oid, env=env).stdout
                for entry, item in zip(entries, known, strict=True)
                if item is None and not entry.is_folder
            }
        return GitMerge(entries, new, frozenset(conflicted))

    def _would_be_commit(
        self,
        parents: Sequence[str],
        folder: str,
        uncommitted: Uncommitted,
        scratch: Path,
        env: dict[str, str],
    ) -> str | None:
        """The commit of the index, or of a folder's files on disk, on top of its parents."""
        index = scratch / "index"
        current = Path(os.environ.get("GIT_INDEX_FILE") or self._place.git_dir / "index")
        current = (self._place.top or self._place.git_dir) / current
        if current.exists():
            shutil.copyfile(current, index)
        env = {**env, **_NOBODY, "GIT_INDEX_FILE": str(index)}
        if uncommitted is Uncommitted.ON_DISK:
            # All folders, since git sees renames between them; this one with its ignored files.
            every = f":(top,glob)**/*{SUFFIX}/**"
            for add in (["-A", "--", every], ["-A", "-f", "--", f":(top,literal){folder}"]):
                self._git.run("add", *add, env=env, accept=(0, 1, 128))  # 128: nothing matches
        tree = self._git.run("write-tree", env=env, accept=(0, 128))
        if tree.status != 0:  # a merge stopped, and the index holds several sides
            return None
        name = decoded(tree.stdout).strip()
        above = [word for parent in parents for word in ("-p", parent)]
        made = self._git.run("commit-tree", name, *above, "-m", "candidate", env=env)
        return decoded(made.stdout).strip()

    def _object_stores(self) -> list[str]:
        stores = [str((self._place.common_dir / "objects").absolute())]
        inherited = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        current = os.environ.get("GIT_OBJECT_DIRECTORY")  # quarantine of a pre-receive hook
        return [*([current] if current else []), *stores, *([inherited] if inherited else [])]
