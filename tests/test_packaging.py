"""What is built from here is what users get: the package, its data, and nothing else."""

from __future__ import annotations

import email
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.project import SOURCE
from tsm_git.version import VERSION

NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", "build", "*.egg-info"
)


@pytest.fixture(scope="module")
def wheel(machine: GitEnv, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, with the tools that are installed here and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(SOURCE, folder / "source", ignore=NOT_SOURCE)
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    built = machine.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(source)],
        cwd=folder,
    )
    assert built.exit_code == 0, str(built)
    return folder / f"tsm_git-{VERSION}-py3-none-any.whl"


@pytest.fixture(scope="module")
def files(wheel: Path) -> list[str]:
    """Return the names of all files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_module_and_all_data(files: list[str]) -> None:
    package = SOURCE / "tsm_git"
    modules = {path.relative_to(SOURCE).as_posix() for path in package.rglob("*.py")}
    pages = {path.relative_to(SOURCE).as_posix() for path in package.glob("rules/pages/*.md")}

    hooks = {path.relative_to(SOURCE).as_posix() for path in package.glob("hooks/*.sh")}

    assert pages
    assert hooks
    assert {name for name in files if name.startswith("tsm_git/")} == (
        modules | pages | hooks | {"tsm_git/py.typed"}
    )


def test_the_wheel_holds_nothing_else(files: list[str]) -> None:
    assert {name.split("/")[0] for name in files} == {"tsm_git", f"tsm_git-{VERSION}.dist-info"}


def test_the_wheel_says_who_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"tsm_git-{VERSION}.dist-info"
        metadata = email.message_from_bytes(archive.read(f"{folder}/METADATA"))
        scripts = archive.read(f"{folder}/entry_points.txt").decode()
        licence = archive.read(f"{folder}/licenses/LICENSE").decode()

    assert metadata["Name"] == "tsm-git"
    assert metadata["Version"] == VERSION
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra" not in line]
    assert sorted(required) == ["GitPython>=3.1.60", "apsw>=3.46", "click>=8.1"]
    assert scripts == "[console_scripts]\ntsm = tsm_git.cli:main\n"
    assert licence.startswith("MIT License")


def test_what_was_built_runs_and_finds_its_pages(wheel: Path, env: GitEnv) -> None:
    unpacked = env.root / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)

    explained = env.run(
        [sys.executable, "-P", "-m", "tsm_git", "explain", "TSM204"],
        cwd=env.root,
        env={"PYTHONPATH": str(unpacked)},
    )

    page = (SOURCE / "tsm_git" / "rules" / "pages" / "TSM204.md").read_text()
    assert explained.exit_code == 0, str(explained)
    assert explained.stdout.strip() == page.strip()


def test_the_readme_has_the_line_that_ci_runs() -> None:
    line = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest"

    assert line in (SOURCE / "README.md").read_text().splitlines()
    assert f'readonly test_command="{line}"' in (SOURCE / ".ci" / "run").read_text()
