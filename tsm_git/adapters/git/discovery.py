"""Finds the repository around a folder.

What is plain is read from the files that make a folder a repository (gitrepository-layout); with
anything else git is asked. Whether to trust a repository is git's own affair: its first command in
there tells.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tsm_git.adapters.git.process import Git, Place, decoded, failure
from tsm_git.core.errors import GitError

_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")
# A line of the configuration that begins so says where the work tree is, or that there is none,
# or goes on in another file.
_TELLING = (b"worktree", b"[include", b"bare")


def discover(start: Path) -> Place | None:
    """The repository around a folder, or None. Raises GitError where git refuses to use it."""
    if any(map(os.environ.get, _VARIABLES)):  # linked work trees in hooks, `git --git-dir`
        named = os.environ.get("GIT_DIR")
        return _ask_git(start, f"GIT_DIR is `{named}`, which" if named else None)
    here = start.resolve()  # git goes up from where a link leads, too
    for folder in (here, *here.parents):
        link = folder / ".git"
        if link.exists() or link.is_symlink():
            return _with_work_tree(folder, link) or _ask_git(start, f"`{link}`")
        if (folder / "HEAD").exists() and (folder / "objects").exists():
            return _bare(folder) or _ask_git(start)
    return None


def _with_work_tree(top: Path, link: Path) -> Place | None:
    """The repository of a work tree with nothing unusual about it."""
    git_dir = link
    if link.is_file():
        target = _text(link)
        if not target.startswith(b"gitdir: "):
            return None
        git_dir = (top / os.fsdecode(target.removeprefix(b"gitdir: "))).resolve()
    shared = _text(git_dir / "commondir")
    common_dir = (git_dir / os.fsdecode(shared)).resolve() if shared else git_dir
    config = _configured(git_dir, common_dir)
    if config is None or any(line != b"bare = false" for line in config):
        return None
    return Place(top, git_dir, common_dir)


def _bare(folder: Path) -> Place | None:
    """The bare repository that a folder is, with nothing unusual about it."""
    config = _configured(folder, folder)
    if config != [b"bare = true"]:
        return None
    return Place(None, folder, folder)


def _configured(git_dir: Path, common_dir: Path) -> list[bytes] | None:
    """The telling lines of the configuration of what git takes for a repository; else None."""
    head = _text(git_dir / "HEAD")
    is_head = head.startswith(b"ref: refs/") or (
        len(head) in (40, 64) and not head.strip(b"0123456789abcdef")
    )
    if not is_head or not all((common_dir / name).is_dir() for name in ("objects", "refs")):
        return None
    lines = [line.strip() for line in _text(common_dir / "config").lower().split(b"\n")]
    # A key may stand on the line of its section, too.
    return [
        line
        for line in lines
        if line.startswith(_TELLING) or (line.startswith(b"[") and not line.endswith(b"]"))
    ]


def _text(path: Path) -> bytes:
    """What a small file holds, without the line break at its end; empty where there is none."""
    with suppress(OSError):
        return path.read_bytes().removesuffix(b"\n")
    return b""


def _ask_git(start: Path, claimed: str | None = None) -> Place | None:
    """What git itself says; `claimed` is in words what ought to be a repository, if anything is."""
    asker = Git(start)
    output = asker.run(
        *("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"),
        "--is-bare-repository",
        accept=(0, 128),
    )
    if output.status != 0:
        if "not a git repository" not in output.stderr:
            raise failure("rev-parse", output.stderr)
        if claimed:
            raise GitError(
                f"{claimed} is no git repository", "run `git status` there to see what git says"
            )
        return None
    *lines, bare = decoded(output.stdout).removesuffix("\n").split("\n")
    half = len(lines) // 2  # a folder may have a line break in its name
    git_dir, common_dir = Path("\n".join(lines[:half])), Path("\n".join(lines[half:]))
    if bare == "true":
        return Place(None, git_dir, common_dir)
    top = asker.run("rev-parse", "--show-toplevel", accept=(0, 128)).stdout
    return Place(Path(decoded(top).removesuffix("\n")) if top else None, git_dir, common_dir)
