"""tsm beside other tools on equal work (TARGETS S9, S10): `python -m benchmarks.peers`.

Every tool has the same scripts in its own form and runs them its own way, as whole processes in
turn. A tool that cannot be had is named as not here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.databases import again, bare_apply, committed, tsm_apply
from benchmarks.figures import Figure, launcher, variables
from benchmarks.processes import Command, Cost, once, ratio, rounds
from benchmarks.tools import DATABASE, ELSEWHERE, PEERS, Files, Peer, installed, statement

_STATUS_TARGETS = {"Alembic": 0.3, "Django": 0.3}
_ENV = {"PYTHONDONTWRITEBYTECODE": ""}  # migrations in Python are compiled once, as for their users
_TSM, _LOOP = "tsm", "the bare loop"
# What is measured: all scripts on no database, all but the first on one, and what is applied.
_NEW, _MORE, _STATUS = "apply", "apply more", "status"
_EMPTY, _STARTED = "empty.sqlite", "started.sqlite"  # what there is before the first, and after it


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, and prints each figure with its target."""
    options = _options(arguments)
    scripts = options.scripts or [1_000, 10_000]
    root = options.dir.resolve() / "peers"
    root.mkdir(parents=True, exist_ok=True)
    peers = _installed(options.peers)
    found: list[Figure] = []
    few = min(scripts)
    for kind, count in ((_NEW, few), (_MORE, few), *((_STATUS, count) for count in scripts)):
        asked = [peer for peer in peers if _is_asked(f"{kind} {peer.name}", options.only)]
        able = [peer for peer in asked if count <= (peer.most or count)]
        if able:
            measured = _statuses if kind == _STATUS else _applies
            costs = rounds(measured(root, able, count, kind), options.rounds)
            print("\n".join(_table(f"{kind} of {count} scripts", costs)), flush=True)
            found += _judged(kind, count, costs)
    print("\n".join(figure.line() for figure in found))


def _is_asked(name: str, words: Sequence[str] | None) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path(tempfile.gettempdir(), "tsm-benchmarks"),
        help="where the projects are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--peers",
        type=Path,
        default=cache / "tsm-benchmarks",
        help="where the peers are installed, and kept (default: %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--scripts", type=int, action="append", help="default: 1000 and 10000")
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="`status`, `apply`, or a peer's name"
    )
    return parser.parse_args(arguments)


def _installed(folder: Path) -> list[Peer]:
    """The peers that are here; says which are not."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {peer.name: installed(peer, folder.resolve()) for peer in PEERS}
    for name in (*ELSEWHERE, *(name for name, peer in found.items() if peer is None)):
        print(f"{name}: not here", flush=True)
    return [peer for peer in found.values() if peer is not None]


def _project(root: Path, peer: Peer, count: int) -> Path:
    """A peer's project in which that many scripts are applied; made if it is not there."""
    folder = root / f"{'-'.join(peer.packages).replace('/', '-')}-{count}"
    if not _is_applied(folder, count):
        shutil.rmtree(folder, ignore_errors=True)
        _write(folder, peer.files(1))
        if peer.start:
            once(Command(peer.name, peer.start, folder, _ENV))
            shutil.copy(folder / DATABASE, folder / _EMPTY)
        once(Command(peer.name, peer.apply, folder, _ENV))
        (folder / DATABASE).rename(folder / _STARTED)
        _write(folder, peer.files(count))
        once(_apply(peer, folder, _MORE))
    if not _is_applied(folder, count):
        raise SystemExit(f"{peer.name} has not applied all of {count} scripts")
    return folder


def _own_project(root: Path, name: str, count: int) -> Path:
    """The same for tsm, and for the loop over the files of tsm: committed to a repository."""
    folder = root / f"{name}-{count}"
    if not _is_applied(folder, count):
        shutil.rmtree(folder, ignore_errors=True)
        _write(folder, _own(1))
        once(tsm_apply(_TSM, committed(folder), launcher(root)))
        (folder / DATABASE).rename(folder / _STARTED)
        _write(folder, _own(count))
        once(tsm_apply(_TSM, committed(folder), launcher(root), _start(_STARTED)))
    return folder


def _own(count: int) -> Files:
    for number in range(1, count + 1):
        yield f"{DATABASE}.migrations/{number:05}.more.sql", f"{statement(number)}\n"


def _write(folder: Path, files: Files) -> None:
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _is_applied(folder: Path, count: int) -> bool:
    """Whether the project's database holds what so many scripts put there."""
    if not (folder / DATABASE).exists():
        return False
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        try:
            return connection.execute("select count(*) from log").fetchone() == (count - 1,)
        except sqlite3.OperationalError:
            return False


def _start(database: str) -> str:
    return f"cp {database} {DATABASE};"


def _apply(peer: Peer, folder: Path, kind: str) -> Command:
    start = _start(_STARTED if kind == _MORE else _EMPTY) if peer.start or kind == _MORE else ""
    return again(peer.name, folder, _ENV, f"{DATABASE}; {start}", *peer.apply)


def _applies(root: Path, peers: Sequence[Peer], count: int, kind: str) -> list[Command]:
    """What applies all scripts, or all but the first."""
    own, loop = (_own_project(root, name, count) for name in ("tsm", "loop"))
    commands = [_apply(peer, _project(root, peer, count), kind) for peer in peers]
    start = _start(_STARTED) if kind == _MORE else ""
    return [tsm_apply(_TSM, own, launcher(root), start), bare_apply(_LOOP, loop, start), *commands]


def _statuses(root: Path, peers: Sequence[Peer], count: int, _: str) -> list[Command]:
    """What tells whether all scripts are applied."""
    own, tsm = _own_project(root, "tsm", count), launcher(root)
    argv = (sys.executable, "-P", str(tsm), "status")
    commands = [
        Command(peer.name, peer.status, _project(root, peer, count), _ENV) for peer in peers
    ]
    return [Command(_TSM, argv, own, variables(tsm)), *commands]


def _table(title: str, costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    """What each costs, as a multiple of the bare loop where it ran, or else of tsm."""
    against = _LOOP if _LOOP in costs else _TSM
    yield f"{title}, as multiples of {against}: elapsed (processor)"
    for name, own in costs.items():
        if name != against:
            found = ratio(own, costs[against])
            yield f"    {name:20}{found.wall:8.2f} ({found.cpu:.2f})"


def _judged(kind: str, count: int, costs: Mapping[str, Sequence[Cost]]) -> Iterator[Figure]:
    """The figures that have a target: S9 for `status`, S10 for `apply`."""
    key = "S9" if kind == _STATUS else "S10"
    for name, other in costs.items():
        target = _STATUS_TARGETS.get(name) if kind == _STATUS else 1.0
        if name not in (_TSM, _LOOP) and target is not None:
            found = ratio(costs[_TSM], other)
            what = f"{kind} of {count} scripts against {name}"
            yield Figure(key, what, found.wall, target, found.cpu)


if __name__ == "__main__":
    main()
