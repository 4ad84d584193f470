"""Runs git: one environment, one way to turn failure into a `GitError`.

Plain `subprocess`: every check starts git, and importing GitPython costs more than all that git
does for it. That library makes changes, see `staging`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tsm_git.core.errors import GitError
from tsm_git.core.record import NamedTuple

# Output that is read by a program must not depend on the user's taste or language, and what a
# reader does must not take locks that a commit in another terminal is waiting for.
FIXED = {
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
    """Runs git commands in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
        process = self._popen(arguments, None if stdin is None else subprocess.PIPE, env or {})
        with process:
            stdout, stderr = process.communicate(stdin)
        output = Output(process.returncode, stdout, decoded(stderr))
        if output.status not in accept:
            raise failure(arguments[0], output.stderr)
        return output

    def lines(self, *arguments: str, accept: Sequence[int] = (0,)) -> list[str]:
        """The lines that a command prints."""
        return decoded(self.run(*arguments, accept=accept).stdout).splitlines()

    def start(self, *arguments: str) -> Session:
        """Starts a git command that answers on its output what it is asked on its input."""
        return Session(arguments[0], self._popen(arguments, subprocess.PIPE, {}))

    def _popen(
        self, arguments: Sequence[str], stdin: int | None, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [_program(), *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **FIXED, **env},
            )
        except OSError as error:
            why = error.strerror or str(error)
            if isinstance(error, FileNotFoundError) and self._folder.is_dir():
                why = "there is no program `git`"
            raise GitError(
                f"git cannot be used: {why}",
                "install git 2.34 or later, and see that it is on PATH",
            ) from error


class Session:
    """A running git command."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
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
        self._process.wait()


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


if sys.platform == "win32":

    def _program() -> str:
        # Windows looks into the current folder first, which may hold a stranger's `git.exe`.
        folders = map(Path, os.get_exec_path())
        found = (folder / "git.exe" for folder in folders if folder.is_absolute())
        return str(next((path for path in found if path.is_file()), "git is not on PATH"))

else:

    def _program() -> str:
        return "git"
