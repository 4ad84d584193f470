"""What is measured, and what each figure has to reach."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import Command, Cost, peak, ratio
from benchmarks.repositories import Repository

SOURCE = Path(__file__).resolve().parents[1]

# What nobody gets under. F is the measure of tsm's targets: click, and one process of git.
REFERENCES = {
    "click": "import click",
    "F": "import click, subprocess as s; s.run(['git', 'rev-parse', 'HEAD'], stdout=s.DEVNULL)",
    "click+git": "import click, git, subprocess as s; "
    "s.run(['git', 'rev-parse', 'HEAD'], stdout=s.DEVNULL)",
    "click+git+apsw": "import click, git, apsw",
}

# As pip writes it for the entry point `tsm`.
_LAUNCHER = (
    "import sys\nfrom tsm_git.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
)

START = ("version", "help", "completion")
CHECKS = {
    "check on main": ("main", ("check",)),
    "check": ("feature", ("check",)),
    "check --staged": ("feature", ("check", "--staged")),
    "check --base --head, bare": ("bare", ("check", "--base", "main", "--head", "feature")),
    "check, all applied": ("applied", ("check",)),
    "status": ("feature", ("status",)),
    "status, all applied": ("applied", ("status",)),
}
GIT_PROCESSES = 3
RADAR = 2  # for a draft: whether another branch claims its number


class Figure(NamedTuple):
    """One figure with its target; `what` is the target's key, `cpu` where it is a ratio of times.

    Ratios of times are met by either of the two, since other work on the machine spoils both.
    """

    what: str
    name: str
    value: float
    target: float
    cpu: float | None = None

    @property
    def met(self) -> bool:
        """Whether the figure is within its target."""
        return min(self.value, self.value if self.cpu is None else self.cpu) <= self.target

    def line(self) -> str:
        """The figure, its target, and whether it is met."""
        cpu = "" if self.cpu is None else f"({self.cpu:.2f})"
        verdict = "met" if self.met else "NOT met"
        return (
            f"{self.what}  {self.name:60}{self.value:8.2f} {cpu:>8}"
            f"   at most {self.target:>5g}   {verdict}"
        )


class Setting(NamedTuple):
    """The three repositories: one as usual, one with more scripts, one with more commits."""

    usual: Repository
    large: Repository
    long: Repository


def launcher(folder: Path) -> Path:
    """The console script `tsm` for the source tree that this module lies in."""
    path = folder / "tsm"
    path.write_text(_LAUNCHER)
    return path


def variables(tsm: Path) -> dict[str, str]:
    """What the environment of tsm has besides what is there."""
    return {
        "PYTHONPATH": str(SOURCE),
        # Compiled modules are kept, as they are of an installed tsm, but not in the source tree.
        "PYTHONPYCACHEPREFIX": str(tsm.parent / "pycache"),
        "PYTHONDONTWRITEBYTECODE": "",
        "NO_COLOR": "1",
    }


def commands(setting: Setting, tsm: Path) -> dict[str, Command]:
    """Everything that is measured, by name."""
    env = variables(tsm)
    found = []
    for name, code in REFERENCES.items():
        argv = (sys.executable, "-c", code)
        found.append(Command(name, argv, setting.usual.feature, env))
    run = (sys.executable, str(tsm))
    for name in START:
        more = {"_TSM_COMPLETE": "bash_complete", "COMP_WORDS": "tsm ", "COMP_CWORD": "1"}
        argv = run if name == "completion" else (*run, f"--{name}")
        extra = {**env, **more} if name == "completion" else env
        found.append(Command(name, argv, setting.usual.feature, extra))
    for key, repository in setting._asdict().items():
        for name, (place, arguments) in CHECKS.items():
            cwd = getattr(repository, place)
            found.append(Command(_of(key, name), (*run, *arguments), cwd, env))
    return {command.name: command for command in found}


def judged(costs: Mapping[str, Sequence[Cost]], git: Mapping[str, int]) -> list[Figure]:
    """Every figure that has a target."""
    figures: list[Figure] = []

    def compare(what: str, name: str, other: str, target: float) -> None:
        if name in costs and other in costs:
            found = ratio(costs[name], costs[other])
            figures.append(Figure(what, f"{name} / {other}", found.wall, target, found.cpu))

    checks = [name for name in CHECKS if name.startswith("check")]
    local = [name for name in checks if "bare" not in name]
    for name in local:
        compare("S1", name, "click+git+apsw", 1.35)
    for name in local:
        compare("S1 stretch", name, "F", 1.75)
    for name in START:
        compare("S2", name, "click", 1.15)
    compare("S3", "check --base --head, bare", "check", 1.3)
    for name in CHECKS:
        compare("S4 scripts", _of("large", name), name, 2.5)
        compare("S4 commits", _of("long", name), name, 1.1)
    for name in checks:
        for key in Setting._fields:
            if _of(key, name) in git:
                count = git[_of(key, name)]
                most = GIT_PROCESSES if name == "check on main" else GIT_PROCESSES + RADAR
                figures.append(Figure("S7", f"git processes of {_of(key, name)}", count, most))
    for key, most in (("usual", 32), ("large", 48)):
        for name in CHECKS:
            if _of(key, name) in costs:
                figure = peak(costs[_of(key, name)])
                figures.append(Figure("S8", f"MiB of {_of(key, name)}", figure, most))
    return figures


def _of(key: str, name: str) -> str:
    return name if key == "usual" else f"{name}, {key}"
