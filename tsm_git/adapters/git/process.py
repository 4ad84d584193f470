"""Runs git: one environment, one way to turn failure into a `GitError`.

GitPython is used for discovery and for starting git. Its object and index classes are not used:
`repo.index` ignores `GIT_INDEX_FILE`, and SHA-256 repositories are beyond them.
"""

from __future__ import annotations

import configparser
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from tsm_git.core.errors import GitError

try:
    import git
except ImportError as error:  # GitPython looks for the git binary when it is imported
    _WHY_NOT: ImportError | None = error
else:
    _WHY_NOT = None

# Output that is read by a program must not depend on the user's taste or language, and what a
# reader does must not take locks that a commit in another terminal is waiting for.
_FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
    "GIT_ICASE_PATHSPECS": "0",
}


class Place(NamedTuple):
    """Where a repository is; `top` is None in a bare one."""

    top: Path | None
    git_dir: Path
    common_dir: Path


class Output(NamedTuple):
    """What one run of git gave."""

    status: int
    stdout: bytes
    stderr: str


class Git:
    """Runs git commands in one repository."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._git = git.Git(str(place.top or place.git_dir))

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> Output:
        """Runs `git ARGUMENTS` and returns its output.

        Raises GitError with git's own first line where the status is not in `accept`.
        """
        # GitPython takes a real file only, and gives the null device where there is none.
        with TemporaryFile() if stdin is not None else nullcontext() as source:
            if source and stdin:
                source.write(stdin)
                source.seek(0)
            status, stdout, stderr = self._git.execute(
                [git.Git.GIT_PYTHON_GIT_EXECUTABLE, *arguments],
                istream=source,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env={**_FIXED, **(env or {})},
            )
        output = Output(status, bytes(stdout), str(stderr))
        if status not in accept:
            raise failure(arguments[0], output.stderr)
        return output

    def lines(self, *arguments: str, accept: Sequence[int] = (0,)) -> list[str]:
        """The lines that a command prints."""
        return decoded(self.run(*arguments, accept=accept).stdout).splitlines()

    def branch_config(self, branch: str) -> tuple[str, str]:
        """The `remote` and `merge` that the configuration gives a local branch; empty if none."""
        path = str(self.place.common_dir / "config")
        try:
            with git.GitConfigParser(path, read_only=True) as config:
                section = f'branch "{branch}"'
                if not config.has_section(section):
                    return "", ""
                return (
                    str(config.get_value(section, "remote", "")),
                    str(config.get_value(section, "merge", "")),
                )
        except (configparser.Error, UnicodeError) as error:
            raise unreadable(self.place.git_dir, error) from error

    def start(self, *arguments: str) -> Session:
        """Starts a git command that answers on its output what it is asked on its input."""
        process = self._git.execute(
            [git.Git.GIT_PYTHON_GIT_EXECUTABLE, *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=dict(_FIXED),
        )
        return Session(arguments[0], process)


class Session:
    """A running git command."""

    def __init__(self, name: str, process: git.Git.AutoInterrupt) -> None:
        self._name = name
        self._process = process
        if process.stdin is None or process.stdout is None:
            raise GitError(f"`git {name}` could not be started")
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout

    def died(self) -> GitError:
        """The error to raise when the answers stop."""
        stderr = self._process.stderr
        return failure(self._name, decoded(stderr.read()) if stderr else "")

    def close(self) -> None:
        """Ends the command; it ends by itself when its input does."""
        with suppress(BrokenPipeError):  # what was not sent yet to a command that has died
            self.stdin.close()
        self.stdout.close()
        if self._process.stderr:
            self._process.stderr.close()
        if self._process.proc:
            self._process.proc.wait()


def discover(start: Path) -> Place | None:
    """The repository around a folder, or None. Raises GitError where git refuses to use it."""
    if _WHY_NOT is not None:
        if _nearest_git(start) is None:
            return None
        raise GitError(
            f"git cannot be used: {str(_WHY_NOT).splitlines()[0]}",
            "install git 2.34 or later, and see that it is on PATH",
        ) from _WHY_NOT
    if os.environ.get("GIT_DIR") or os.environ.get("GIT_WORK_TREE"):
        # Linked worktrees in hooks, `git --git-dir`: git knows best.
        named = os.environ.get("GIT_DIR")
        return _ask_git(start, f"GIT_DIR is `{named}`, which" if named else None)
    try:
        with git.Repo(start, search_parent_directories=True, expand_vars=False) as repo:
            top = repo.working_tree_dir
            found = Place(
                None if repo.bare or top is None else Path(top),
                Path(repo.git_dir),
                Path(repo.common_dir),
            )
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        broken = _nearest_git(start)
        return _ask_git(start, f"`{broken}`") if broken else None
    except (OSError, ValueError, UnicodeError, configparser.Error) as error:
        raise unreadable(start, error) from error
    if found.top and not _is_inside(start, found.top):
        return _ask_git(start)
    return found


def decoded(data: bytes) -> str:
    """Git's bytes as text; what is not UTF-8 survives a round trip."""
    return data.decode("utf-8", "surrogateescape")


def failure(command: str, stderr: str) -> GitError:
    """The error for a git command that failed, with the line of git's that says why."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = next((line for line in lines if line.startswith(("fatal:", "error:"))), "")
    reason = (telling or (lines[0] if lines else "no reason given")).removeprefix("fatal: ")
    hint = "run `git status` and `git fsck` to see what is wrong with the repository"
    if "dubious ownership" in reason:
        advice = next((line for line in lines if line.startswith("git config")), "")
        hint = f"run `{advice}` if you trust it" if advice else hint
    elif "could not fetch" in stderr or "promisor remote" in stderr:
        hint = "run `git fetch --refetch` with the remote in reach: the clone lacks objects"
    return GitError(f"`git {command}` failed: {reason}", hint)


def unreadable(place: Path, error: Exception) -> GitError:
    """The error for a repository that GitPython does not understand."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return GitError(
        f"the repository at `{place}` cannot be read: {why}",
        "run `git status` there to see what git says",
    )


def _ask_git(start: Path, claimed: str | None = None) -> Place | None:
    """What git itself says; `claimed` is in words what ought to be a repository, if anything is."""
    asker = git.Git(str(start))
    status, stdout, stderr = asker.execute(
        [
            git.Git.GIT_PYTHON_GIT_EXECUTABLE,
            "rev-parse",
            "--path-format=absolute",
            "--git-dir",
            "--git-common-dir",
            "--is-bare-repository",
        ],
        with_extended_output=True,
        with_exceptions=False,
        env=dict(_FIXED),
    )
    if status != 0:
        if "not a git repository" not in str(stderr):
            raise failure("rev-parse", str(stderr))
        if claimed:
            raise GitError(
                f"{claimed} is no git repository", "run `git status` there to see what git says"
            )
        return None
    *lines, bare = str(stdout).split("\n")
    half = len(lines) // 2  # a folder may have a line break in its name
    git_dir, common_dir = Path("\n".join(lines[:half])), Path("\n".join(lines[half:]))
    if bare == "true":
        return Place(None, git_dir, common_dir)
    top = asker.execute(
        [git.Git.GIT_PYTHON_GIT_EXECUTABLE, "rev-parse", "--show-toplevel"],
        with_exceptions=False,
        env=dict(_FIXED),
    )
    return Place(Path(str(top)) if top else None, git_dir, common_dir)


def _nearest_git(start: Path) -> Path | None:
    """The `.git` of this folder or one above it, whether it is a repository or not."""
    candidates = (folder / ".git" for folder in (start, *start.parents))
    return next((path for path in candidates if path.exists() or path.is_symlink()), None)


def _is_inside(path: Path, top: Path) -> bool:
    return path.resolve().is_relative_to(top.resolve())
