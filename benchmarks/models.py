"""`python -m benchmarks.models`: what the comparison with models adds to a check.

500 tables of 50 columns, as `schema.sql` and as classes like `TableRow`, beside what nobody gets
under: making that schema in memory, and importing those classes. Each pair runs in turn, in the
processor time of whole processes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import SOURCE, Figure

_TYPES = ("int", "str", "float", "bytes", "bool", "int | None", "str | None", "Table0 | None")
_MAKE = "import apsw; apsw.Connection(':memory:').execute(open('schema.sql').read()).fetchall()"
_IMPORT = "import models; [each.meta for each in models.ALL]"


def project(folder: Path, tables: int, columns: int) -> None:
    """Writes models of that many tables, and the script that makes them."""
    lines = ["from __future__ import annotations", "from tsm_git import TableRow"]
    for table in range(tables):
        lines.append(f"class Table{table}(TableRow):")
        lines += [f"    column{n}: {_TYPES[n % len(_TYPES)]}" for n in range(columns)]
    lines.append(f"ALL = [{', '.join(f'Table{table}' for table in range(tables))}]")
    (folder / "models.py").write_text("\n".join(lines) + "\n")
    ddl = (
        "import models; print(';\\n'.join(each.meta.create_table for each in models.ALL), end=';')"
    )
    made = subprocess.run(
        [sys.executable, "-B", "-c", ddl],
        cwd=folder,
        env=_environment(),
        check=True,
        capture_output=True,
    )
    (folder / "schema.sql").write_bytes(made.stdout)
    (folder / "app.sqlite.migrations").mkdir()
    (folder / "app.sqlite.migrations" / "001.all.sql").write_bytes(made.stdout)
    _seconds(folder, "-m", "tsm_git", "apply")


def measured(folder: Path, rounds: int) -> list[Figure]:
    """The figures of a project; each check has to find nothing."""
    configuration = folder / "tsm.toml"
    check = ("-m", "tsm_git", "check")
    pairs = {"schema.sql": ("schema.sql", _MAKE, 4.0), "classes": ("models:ALL", _IMPORT, 2.0)}
    figures = []
    for name, (source, floor, target) in pairs.items():
        configuration.write_text(f'models = "{source}"\n')
        ratios = []
        for _ in range(rounds):
            added = _seconds(folder, *check) - _seconds(folder, *check, "--no-models")
            ratios.append(added / _seconds(folder, "-c", floor))
        figures.append(
            Figure("models", f"check adds for {name} / {floor}", statistics.median(ratios), target)
        )
    return figures


def _seconds(folder: Path, *arguments: str) -> float:
    """The processor time of a Python and its children."""
    before = os.times()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(),
        check=True,
        capture_output=True,
    )
    after = os.times()
    return (after[2] + after[3]) - (before[2] + before[3])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints each figure with its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--columns", type=int, default=50)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        project(Path(folder), options.tables, options.columns)
        for figure in measured(Path(folder), options.rounds):
            verdict = "met" if figure.met else "NOT met"
            print(f"{figure.name}: {figure.value:.2f}, target {figure.target}: {verdict}")


if __name__ == "__main__":
    main()
