"""Forks a process for each command that is to be struck, so that Python starts once and not each time.

`Server` is the tests' side; `serve` is the other one, a process, which has loaded all of
tsm and opened no database. They speak pickle over pipes.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import NamedTuple

from tests.faults.injector import Plan, Steps
from tests.harness.project import SOURCE

HUNG = 120.0  # seconds after which a command will never end


class Job(NamedTuple):
    """One command of tsm, or with `program` any Python text, in a folder.

    `after` kills it so many seconds after it began, or with `inside` after it began to write in a
    transaction. `watched` without a plan counts the steps.
    """

    argv: tuple[str, ...]
    cwd: Path
    plan: Plan | None = None
    after: float | None = None
    inside: bool = False
    program: str | None = None


class Outcome(NamedTuple):
    """How a command ended: a negative code is a signal. `steps` with whether each was in a transaction."""

    code: int
    stdout: str
    stderr: str
    was_inside: bool
    seconds: float
    inside_after: float | None
    steps: list[tuple[str, bool]]


class Server:
    """Runs jobs in an environment of their own, several at once if they are given at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from tests.faults.server import serve; serve()"],
            env={**environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, *jobs: Job) -> list[Outcome]:
        """Start all of these at one moment, and return how each of them ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(jobs, self._process.stdin)
        self._process.stdin.flush()
        outcomes: list[Outcome] = pickle.load(self._process.stdout)
        return outcomes

    def tsm(self, cwd: Path, *argv: str, plan: Plan | None = None) -> Outcome:
        """Run one command."""
        (outcome,) = self.run(Job(argv, cwd, plan))
        return outcome

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class _Child:
    """A job that was forked."""

    def __init__(self, job: Job, gate: tuple[int, int]) -> None:
        self.job = job
        self.shared = mmap(-1, 4096)
        self.pipes = [os.pipe() for _ in range(3)]  # output, errors, steps
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self.pipes[2][1], fcntl.F_SETPIPE_SZ, 1 << 20)
        self.began = time.monotonic()
        self.inside_since: float | None = None
        self.outcome: Outcome | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(gate[1])
            os.read(gate[0], 1)  # until all are there
            _be(job, self.shared, [write for _, write in self.pipes])
        for read, write in self.pipes:
            os.close(write)
            os.set_blocking(read, False)

    def look(self) -> bool:
        """Whether it has ended; kill it if its time has come."""
        if self.outcome is not None:
            return True
        now = time.monotonic()
        if self.inside_since is None and self.shared[0]:
            self.inside_since = now
        since = self.inside_since if self.job.inside else self.began
        if self.job.after is not None and since is not None and now >= since + self.job.after:
            os.kill(self.pid, signal.SIGKILL)
        if now > self.began + HUNG:
            os.kill(self.pid, signal.SIGABRT)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return False
        stdout, stderr, steps = (_drained(read) for read, _ in self.pipes)
        self.outcome = Outcome(
            os.waitstatus_to_exitcode(status),
            stdout.decode(),
            stderr.decode(),
            bool(self.shared[0]),
            now - self.began,
            self.inside_since and self.inside_since - self.began,
            pickle.loads(steps) if steps else [],
        )
        return True


def _drained(descriptor: int) -> bytes:
    parts = []
    with suppress(BlockingIOError):  # a process that outlives the dead one may hold the other end
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
    os.close(descriptor)
    return b"".join(parts)


def _be(job: Job, shared: mmap, pipes: Sequence[int]) -> None:
    """Be the process of a job; never returns."""
    code = 3
    steps = None
    try:
        for target, pipe in zip((1, 2), pipes, strict=False):
            os.dup2(pipe, target)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        os.chdir(job.cwd)
        if job.plan is not None or job.inside:
            steps = Steps(job.plan or Plan(), job.cwd, shared)
            steps.install()
        if job.program is not None:
            exec(job.program, {"argv": job.argv})
            code = 0
        else:
            from tsm_git.cli import main

            main(list(job.argv))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        if steps is not None:
            steps.end()
            told = pickle.dumps(steps.labels)
            os.set_blocking(pipes[2], False)
            with suppress(OSError):
                os.write(pipes[2], told)
        os._exit(code)


def serve() -> None:
    """Do what comes in, until nothing more does."""
    from importlib import import_module

    from tsm_git.cli.main import COMMANDS

    for name in COMMANDS:
        import_module(f"tsm_git.cli.{name}")
    for path in sorted((SOURCE / "tsm_git").rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if not module.endswith(("__main__", "worker")):
            import_module(module.removesuffix(".__init__"))
    speak = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            jobs: tuple[Job, ...] = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        gate = os.pipe()
        children = [_Child(job, gate) for job in jobs]
        os.close(gate[0])
        os.write(gate[1], b"x" * len(children))
        while sum(not child.look() for child in children):
            time.sleep(0.0003)
        os.close(gate[1])
        pickle.dump([child.outcome for child in children], speak)
        speak.flush()
