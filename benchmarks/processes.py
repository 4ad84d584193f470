"""Runs whole processes in turn and says what each cost: time, memory, and processes of git."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.repositories import environment


class Command(NamedTuple):
    """A process to measure; `cwd` is where it runs, `env` what is set for it."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]


class Cost(NamedTuple):
    """What one run cost, what it waited for included: seconds, and the largest process in MiB."""

    wall: float
    cpu: float
    peak: float


class Ratio(NamedTuple):
    """Medians of the ratios within each round, by elapsed and by processor time."""

    wall: float
    cpu: float


class Run(NamedTuple):
    """What a command prints, and the git processes that it starts, each with its arguments."""

    stdout: str
    git: tuple[str, ...]


def once(command: Command) -> Cost:
    """Runs a command, and returns its cost. Raises SystemExit where it fails."""
    os.chdir(command.cwd)  # posix_spawn knows no other way, and costs least
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    started = time.perf_counter()
    pid = os.posix_spawn(
        command.argv[0], command.argv, environment(command.env), file_actions=silent
    )
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{command.name} failed: {subprocess.list2cmdline(command.argv)}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def observed(command: Command) -> Run:
    """Runs a command as git's own trace sees it."""
    with tempfile.TemporaryDirectory() as scratch:
        trace = Path(scratch, "trace")
        completed = subprocess.run(
            command.argv,
            cwd=command.cwd,
            env={**environment(command.env), "GIT_TRACE2_EVENT": str(trace)},
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode:
            raise SystemExit(f"{command.name} failed: {completed.stderr}")
        events = trace.read_text().splitlines() if trace.exists() else []
    starts = [event for event in map(json.loads, events) if event["event"] == "start"]
    return Run(completed.stdout, tuple(" ".join(start["argv"][1:]) for start in starts))


def rounds(commands: Sequence[Command], count: int) -> dict[str, list[Cost]]:
    """The costs of each command, by name; every round runs each once, in an order of its own.

    What else the machine does hits all commands of a round alike, so compare within rounds.
    """
    order = list(commands)
    shuffle = random.Random(1).shuffle
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    for command in order:
        once(command)  # compiles modules and fills the caches of the system
    for _ in range(count):
        shuffle(order)
        for command in order:
            costs[command.name].append(once(command))
    return costs


def ratio(costs: Sequence[Cost], others: Sequence[Cost]) -> Ratio:
    """How much more one command costs than another."""
    pairs = list(zip(costs, others, strict=True))
    return Ratio(
        median(cost.wall / other.wall for cost, other in pairs),
        median(cost.cpu / other.cpu for cost, other in pairs),
    )


def peak(costs: Sequence[Cost]) -> float:
    """The most memory that a command took at once, in MiB."""
    return max(cost.peak for cost in costs)
