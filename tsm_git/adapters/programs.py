"""Runs the programs that the configuration names: an upload of a backup, say. Knows no shell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tsm_git.core.text import shell_quoted


def filled(argv: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """The words of a command, with what stands for `{path}` and the like put in."""
    found = []
    for word in argv:
        for name, value in places.items():
            word = word.replace(f"{{{name}}}", value)
        found.append(word)
    return found


def run_program(argv: Sequence[str], folder: Path) -> str | None:
    """Runs a program to its end; what it prints goes to standard error, after what tsm has said.

    Returns None where it has done its work, else what is wrong, in words.
    """
    sys.stderr.flush()
    shown = " ".join(map(shell_quoted, argv[:1]))
    try:
        ran = subprocess.run(
            list(argv), cwd=folder, stdin=subprocess.DEVNULL, stdout=_stderr(), check=False
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte
        return f"`{shown}` cannot be started: {getattr(error, 'strerror', None) or error}"
    if ran.returncode < 0:
        return f"`{shown}` was ended by signal {-ran.returncode}"
    return f"`{shown}` failed with exit code {ran.returncode}" if ran.returncode else None


def _stderr() -> int:
    """Where to write beside the verdict; nowhere if this process has no such place."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return subprocess.DEVNULL
