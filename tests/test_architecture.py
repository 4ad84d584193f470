"""The code keeps to its own law: who imports whom, what loads when, how long a module is."""

from __future__ import annotations

import graphlib
import re
import shutil
import sys
from pathlib import Path

import grimp
import pytest

from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import SOURCE

PACKAGE = SOURCE / "tsm_git"
LONGEST = 350


def module_name(path: Path) -> str:
    """Return the dotted name of a module's file."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = [module_name(path) for path in FILES]

# Forgets tsm before each import, so that none profits from what another one has loaded.
IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [module for module in sys.modules if module.partition(".")[0] == "tsm_git"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


def lint_imports(env: GitEnv, folder: Path) -> Completed:
    """Judge the package in a folder by the contracts in its `pyproject.toml`."""
    call = "lint_imports(no_cache=True, no_logo=True)"
    code = f"from importlinter.cli import lint_imports; raise SystemExit({call})"
    return env.run([sys.executable, "-c", code], cwd=folder, shown="lint-imports")


class TestContracts:
    def test_the_code_keeps_them(self, env: GitEnv) -> None:
        judged = lint_imports(env, SOURCE)

        assert judged.exit_code == 0, str(judged)

    @pytest.mark.parametrize(
        ("module", "line", "broken"),
        [
            ("core/bad.py", "import os", "core, rules and render touch nothing"),
            ("rules/bad.py", "import subprocess", "core, rules and render touch nothing"),
            ("render/bad.py", "import time", "core, rules and render touch nothing"),
            ("core/bad.py", "from tsm_git.rules import RULES", "cli asks"),
            ("render/bad.py", "from tsm_git.rules import RULES", "cli asks"),
            ("adapters/bad.py", "import tsm_git.commands", "cli asks"),
            ("commands/bad.py", "import tsm_git.cli", "cli asks"),
            ("stray.py", "", "cli asks"),
            ("adapters/bad.py", "import tsm_git.adapters.git", "Adapters do not know"),
            ("commands/bad.py", "import click", "Only cli knows click"),
            ("commands/bad.py", "import git", "Only adapters.git knows GitPython"),
            ("adapters/bad.py", "import git.repo.base", "Only adapters.git knows GitPython"),
            ("commands/bad.py", "import apsw", "Only adapters.sqlite knows SQLite"),
            ("cli/bad.py", "import sqlite3", "The standard library's SQLite"),
            ("cli/bad.py", "import pre_commit.git", "pre-commit is a tool beside tsm"),
        ],
    )
    def test_they_bite(
        self, env: GitEnv, tmp_path: Path, module: str, line: str, broken: str
    ) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(PACKAGE, copy / "tsm_git", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(SOURCE / "pyproject.toml", copy)
        # An import within a function counts, too.
        (copy / "tsm_git" / module).write_text(f"def later() -> None:\n    {line or 'return'}\n")

        judged = lint_imports(env, copy)

        assert judged.exit_code == 1, str(judged)
        verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)", judged.stdout, re.MULTILINE)
        names = [name for name, verdict in verdicts if verdict == "BROKEN"]
        assert any(name.startswith(broken) for name in names), str(judged)

    def test_no_module_imports_itself_over_others(self) -> None:
        graph = grimp.build_graph("tsm_git", cache_dir=None)
        imports = {
            module: graph.find_modules_directly_imported_by(module) for module in graph.modules
        }

        # Raises CycleError, which names the modules.
        graphlib.TopologicalSorter(imports).prepare()


class TestModules:
    def test_each_can_be_imported_alone_without_a_warning(self, env: GitEnv) -> None:
        imported = env.run(
            [sys.executable, "-W", "error", "-c", IMPORT_EACH, *MODULES],
            cwd=env.root,
            shown="import each module",
            env={"PYTHONPATH": str(SOURCE)},
        )

        assert (imported.exit_code, imported.stdout, imported.stderr) == (0, "", ""), str(imported)

    @pytest.mark.parametrize("path", FILES, ids=MODULES)
    def test_none_is_too_long(self, path: Path) -> None:
        assert len(path.read_text().splitlines()) <= LONGEST


class TestStart:
    @pytest.mark.parametrize("option", ["--version", "--help"])
    def test_what_needs_no_work_loads_no_worker(self, env: GitEnv, option: str) -> None:
        started = env.run(
            [sys.executable, "-X", "importtime", "-P", "-m", "tsm_git", option],
            cwd=env.root,
            env={"PYTHONPATH": str(SOURCE)},
        )

        assert started.exit_code == 0, str(started)
        loaded = set(re.findall(r"^import time:.*\| +(\S+)$", started.stderr, re.MULTILINE))
        assert "click" in loaded
        assert not loaded & {"apsw", "git", "importlib.metadata", "rich", "sqlite3", "subprocess"}
