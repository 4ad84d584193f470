"""`python -m benchmarks`: builds the repositories, measures, and says which targets are met."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import radar
from benchmarks.figures import REFERENCES, Figure, Setting, commands, judged, launcher, variables
from benchmarks.processes import Cost, Run, observed, peak, ratio, rounds
from benchmarks.repositories import made


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark."""
    options = _options(arguments)
    folder = options.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tsm = launcher(folder)

    def repository(scripts: int, commits: int) -> tuple[Path, int, int]:
        return folder, max(2, int(scripts * options.scale)), max(10, int(commits * options.scale))

    say = (lambda _: None) if options.quiet else (lambda text: print(text, file=sys.stderr))
    say("making the repositories (once; they are kept).")
    setting = Setting(
        made(*repository(1_000, 5_000)),
        made(*repository(10_000, 20_000)),
        made(*repository(1_000, 50_000)),
    )
    every = commands(setting, tsm) | radar.commands(setting, tsm, variables(tsm))
    if options.only:
        wanted = {name for name in every if any(part in name for part in options.only)}
        every = {name: every[name] for name in every if name in REFERENCES or name in wanted}
    say("looking at what each command prints, and at the git processes it starts.")
    runs = {name: observed(command) for name, command in every.items()}
    _insist_that_nothing_is_wrong(runs)
    say(f"measuring: {options.rounds} rounds of {len(every)} processes.")
    costs = rounds(list(every.values()), options.rounds)
    git = {name: len(run.git) for name, run in runs.items()}
    figures = judged(costs, git) + radar.judged(costs, git)
    if options.json:
        print(json.dumps(_document(costs, runs, figures), indent=2))
    else:
        print("\n".join(_lines(costs, runs, figures)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path(tempfile.gettempdir(), "tsm-benchmarks"),
        help="where the repositories are kept (default: %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=21, help="runs of each (default: 21)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the repositories' sizes")
    parser.add_argument("--only", action="append", metavar="WORD", help="commands with that word")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", action="store_true", help="say nothing about the progress")
    return parser.parse_args(arguments)


def _insist_that_nothing_is_wrong(runs: Mapping[str, Run]) -> None:
    """A check that finds something does other work, and would be measured for the wrong thing."""
    for name, run in runs.items():
        if name.startswith("check") and "found 0 errors, 0 warnings, 0 notes" not in run.stdout:
            raise SystemExit(f"{name} found something, or nothing to look at:\n{run.stdout}")


def _document(
    costs: Mapping[str, Sequence[Cost]], runs: Mapping[str, Run], figures: Sequence[Figure]
) -> dict[str, object]:
    return {
        "commands": {
            name: {
                "ratios": {
                    other: ratio(costs[name], costs[other])._asdict() for other in REFERENCES
                },
                "peak_mib": peak(costs[name]),
                "git": list(runs[name].git),
            }
            for name in costs
        },
        "figures": [{**figure._asdict(), "met": figure.met} for figure in figures],
    }


def _lines(
    costs: Mapping[str, Sequence[Cost]], runs: Mapping[str, Run], figures: Sequence[Figure]
) -> list[str]:
    """Two tables: every command against the references, and the targets."""
    width = max(len(name) for name in costs)
    heads = "".join(f"{name:>22}" for name in REFERENCES)
    lines = [
        "times as ratios, elapsed (processor); medians within rounds",
        f"{'':{width}}{heads}   git   MiB",
    ]
    for name, own in costs.items():
        found = [ratio(own, costs[other]) for other in REFERENCES]
        cells = "".join(f"{r.wall:>13.2f}  ({r.cpu:5.2f})" for r in found)
        lines.append(f"{name:{width}}{cells}{len(runs[name].git):>6}{peak(own):>6.1f}")
    lines += ["", "targets"]
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        cpu = "" if figure.cpu is None else f"({figure.cpu:.2f})"
        verdict = "met" if figure.met else "NOT met"
        lines.append(
            f"{figure.what:11}{figure.name:{width}}{figure.value:>8.2f} {cpu:>8}"
            f"   at most {figure.target:>5g}   {verdict}"
        )
    return lines


if __name__ == "__main__":
    main()
