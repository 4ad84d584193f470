"""Another program that has a database open, and may die while it does.

SQLite's locks belong to a process, so a test that needs one held has it held by another process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
for statement in sys.argv[2:]:
    for row in connection.execute(statement):
        pass
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Let another process open a database, run these statements, and stay until the block ends."""
    with _holder(path, statements) as process:
        yield
        assert process.poll() is None, "the other process has ended too early"
        process.communicate()


def killed_after(path: Path, *statements: str) -> None:
    """Let another process open a database, run these statements, and be killed at once."""
    with _holder(path, statements) as process:
        process.send_signal(signal.SIGKILL)


@contextmanager
def _holder(path: Path, statements: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", "the other process could not start"
            yield process
        finally:
            process.kill()
