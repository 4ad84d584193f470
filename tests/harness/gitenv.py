"""A git that knows nothing of the machine it runs on: fixed names, fixed dates, no configuration.

It does not know what a script or a database is; `project.py` does.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

# The first commit is made one second after this moment.
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

# What makes commits, and so moves the clock. Reading never does: a story that asks one question
# more keeps its commit ids.
COMMITTING = frozenset(
    {"am", "cherry-pick", "commit", "commit-tree", "merge", "pull", "rebase", "revert", "stash"}
)

# Windows programs do not start without these.
INHERITED = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT")


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended, with all it said."""

    command: str
    exit_code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        parts = [f"$ {self.command}"]
        parts += [
            f"--- {name}\n{text.rstrip()}"
            for name, text in (("stdout", self.stdout), ("stderr", self.stderr))
            if text.strip()
        ]
        if self.exit_code:
            parts.append(f"--- exit code {self.exit_code}")
        return "\n".join(parts)


@dataclass(slots=True)
class GitEnv:
    """The environment that every process of one test gets, and a clock that only commits move.

    Everything lives below `root`, which is also as far up as git looks for a repository.
    """

    root: Path
    commits: int = 0
    transcript: list[Completed] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()
        for folder in (self.home, self.root / ".template", self.temporary):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def home(self) -> Path:
        """The home directory of whoever runs the story; empty."""
        return self.root / ".home"

    @property
    def temporary(self) -> Path:
        """Where the processes of the story make their temporary files."""
        return self.root / ".tmp"

    def variables(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of a process: nothing is inherited but the search path."""
        now = (BEGINNING + timedelta(seconds=self.commits)).isoformat()
        found = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return found | {
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "TMPDIR": str(self.temporary),
            "TEMP": str(self.temporary),
            "TMP": str(self.temporary),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "init.defaultBranch",
            "GIT_CONFIG_VALUE_0": "main",
            "GIT_CONFIG_KEY_1": "core.autocrlf",
            "GIT_CONFIG_VALUE_1": "false",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": now,
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_COMMITTER_DATE": now,
            "GIT_DEFAULT_HASH": "sha1",
            "GIT_EDITOR": ":",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_TEMPLATE_DIR": str(self.root / ".template"),
            "GIT_CEILING_DIRECTORIES": str(self.root),
            "GIT_ALLOW_PROTOCOL": "file",
            "TZ": "UTC",
            "LC_ALL": "C",
            "COLUMNS": "80",
            "NO_COLOR": "1",
            **(extra or {}),
        }

    def run(
        self,
        command: list[str],
        *,
        cwd: Path,
        shown: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        """Run a command in this environment and return what it did, whatever its exit code.

        Output is decoded so that file names which are no UTF-8 survive (`surrogateescape`).
        """
        process = subprocess.run(
            command, cwd=cwd, env=self.variables(env), input=stdin, capture_output=True, check=False
        )
        completed = Completed(
            shown or shlex.join(command),
            process.returncode,
            process.stdout.decode(errors="surrogateescape"),
            process.stderr.decode(errors="surrogateescape"),
        )
        self.transcript.append(completed)
        return completed

    def git(
        self,
        *arguments: str,
        cwd: Path,
        exit_code: int = 0,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> str:
        """Run git, insist on its exit code, and return its output without the last newline."""
        if COMMITTING.intersection(arguments[:3]):
            self.commits += 1
        completed = self.run(["git", *arguments], cwd=cwd, env=env, stdin=stdin)
        if completed.exit_code != exit_code:
            raise AssertionError(f"expected exit code {exit_code}\n{completed}")
        return completed.stdout.removesuffix("\n")

    def story(self) -> str:
        """Return every command of the test so far with its output, for the reader of a failure."""
        return "\n\n".join(str(completed) for completed in self.transcript)


def isolate(environ: dict[str, str] | os._Environ[str], env: GitEnv) -> None:
    """Give the running process itself the environment of `env`; pytest's own variables stay."""
    kept = {
        name: value
        for name, value in environ.items()
        if name.startswith(("PYTEST_", "COV_", "COVERAGE_", "TSM_TEST_"))
    }
    fresh = kept | env.variables()  # reads PATH, so before it is gone
    environ.clear()
    environ.update(fresh)


def git_version() -> tuple[int, ...]:
    """Return the version of the git that the tests run, for a test that needs a later one."""
    said = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    digits = said.split()[2].split(".")[:2]
    return tuple(int(part) for part in digits)
