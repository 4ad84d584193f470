"""A terminal for a program that asks its user. Linux and macOS only."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Mapping

import pytest

from tests.harness.project import SOURCE, Project

pty = pytest.importorskip("pty", reason="Windows has no such terminals")


def on_a_terminal(
    project: Project,
    *arguments: str,
    prompt: str = "",
    answers: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
) -> str:
    """Run tsm on a terminal of 80 columns, answer each prompt, and return what it showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project.root)
        environment = project.env.variables({"PYTHONPATH": str(SOURCE), **(env or {})})
        command = [sys.executable, "-P", "-m", "tsm_git", *arguments]
        os.execve(sys.executable, command, environment)
    shown, waiting = b"", list(answers)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the terminal is closed
            break
        if not data:
            break
        shown += data
        if waiting and shown.endswith(prompt.encode()):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
            shown += b"\n"
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    text = shown.decode().replace("\r", "")
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert not waiting, text
    return text
