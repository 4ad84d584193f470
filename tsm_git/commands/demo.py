"""`tsm demo`: plays the story of `tsm_git.commands.story` in a throwaway repository.

Everything is done for real, by the programs that a user would run. They see nothing of the user's
own configuration, identity or home, so that the story is the same on every machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tsm_git.commands.story import STORY, Run, Step, Write
from tsm_git.core.errors import GitError, UsageError
from tsm_git.core.record import NamedTuple

BEGINNING = datetime(2026, 1, 5, 9, tzinfo=UTC)

# What programs need to start at all, on one system or another.
_INHERITED = (
    "PATH",
    "PATHEXT",
    "SYSTEMROOT",
    "COMSPEC",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "PYTHONHOME",
)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Shown(NamedTuple):
    """A step that was taken, and for a command what it printed and its exit code."""

    step: Step
    output: str = ""
    exit_code: int = 0


class BrokenStoryError(Exception):
    """A command did not do what the story needs; that is a bug in tsm, or in the story."""


def play(
    keep: Path | None, *, colour: bool, columns: int, story: Sequence[Step] = STORY
) -> Generator[Shown, None, None]:
    """Takes the steps of the story one by one, and yields each when it is done.

    `keep` is where the repository stays; without it nothing stays. Raises UsageError where that
    folder holds something, GitError without git, and BrokenStoryError.
    """
    if shutil.which("git") is None:
        raise GitError("there is no git to run the demo with", "install git 2.34 or later")
    with _folders(keep) as (root, home):
        environment = _environment(root, home, colour=colour, columns=columns)
        folder = root
        for minute, step in enumerate(story):
            match step:
                case Write(path, text):
                    target = folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text, encoding="utf-8", newline="\n")
                    yield Shown(step)
                case Run():
                    now = BEGINNING + timedelta(minutes=minute)
                    shown = _run(step, folder, environment | _person(step.author, now))
                    yield shown
                    _insist(step, shown)
                    program, *arguments = shlex.split(step.command)
                    folder = folder / arguments[0] if program == "cd" else folder
                case _:
                    yield Shown(step)


@contextmanager
def _folders(keep: Path | None) -> Iterator[tuple[Path, Path]]:
    """The folder of the repositories, and an empty home for the programs."""
    if keep is not None:
        _prepare(keep)
    with TemporaryDirectory(prefix="tsm-demo-") as temporary:
        home = Path(temporary, "home")
        home.mkdir()
        root = keep or Path(temporary, "demo")
        root.mkdir(exist_ok=True)
        yield root, home


def _prepare(keep: Path) -> None:
    hint = "give a folder that is empty or not there yet"
    try:
        keep.mkdir(parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise UsageError(f"`{keep}` cannot be used: {error.strerror}", hint) from error
    if not is_empty:
        raise UsageError(f"`{keep}` is not empty", hint)


def _environment(root: Path, home: Path, *, colour: bool, columns: int) -> dict[str, str]:
    """The variables of every program: what it needs to start, and nothing of the user's taste."""
    found = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return found | {
        # The children find tsm where this process found it, installed or not.
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CONFIG_HOME": str(home),
        "TMPDIR": str(home),
        "TEMP": str(home),
        "TMP": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TEMPLATE_DIR": str(home),
        "GIT_CEILING_DIRECTORIES": str(root),
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_EDITOR": ":",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
        "COLUMNS": str(columns),
        ("FORCE_COLOR" if colour else "NO_COLOR"): "1",
    }


def _person(name: str, now: datetime) -> dict[str, str]:
    variables = {"NAME": name, "EMAIL": f"{name.lower()}@example.com", "DATE": now.isoformat()}
    return {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in variables.items()
    }


def _run(step: Run, folder: Path, environment: dict[str, str]) -> Shown:
    match shlex.split(step.command):
        case ["cd", name]:
            return Shown(step, exit_code=0 if (folder / name).is_dir() else 1)
        case ["cp", old, new]:  # not every system has programs of these names
            shutil.copyfile(folder / old, folder / new)
            return Shown(step)
        case ["mv", old, new]:
            (folder / old).rename(folder / new)
            return Shown(step)
        case ["tsm", *arguments]:
            command = [sys.executable, "-P", "-m", "tsm_git", *arguments]
        case command:
            pass
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Shown(step, ran.stdout, ran.returncode)


def _insist(step: Run, shown: Shown) -> None:
    """Raises BrokenStoryError unless the command did what the story needs."""
    if shown.exit_code != step.exit_code:
        raise BrokenStoryError(
            f"in the demo `{step.command}` ended with {shown.exit_code}, expected {step.exit_code}"
        )
    plain = _ANSI.sub("", shown.output)
    for words in step.shows:
        if words not in plain:
            raise BrokenStoryError(f"in the demo `{step.command}` does not say {words!r}")
