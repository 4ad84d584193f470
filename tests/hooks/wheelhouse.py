"""Wheels of what is installed here, so that the framework can make its environments offline."""

from __future__ import annotations

import shutil
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from tests.harness.gitenv import GitEnv
from tests.harness.project import SOURCE

# What tsm needs to be built and to run.
NEEDED = ("apsw", "click", "gitdb", "GitPython", "setuptools", "smmap")

_NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "*.egg-info", "tests"
)


def wheelhouse(folder: Path) -> Path:
    """Pack each distribution as it lies in site-packages, which is what its wheel held."""
    folder.mkdir()
    for name in NEEDED:
        found = distribution(name)
        metadata = found.read_text("WHEEL") or ""
        tags = [line[5:] for line in metadata.splitlines() if line.startswith("Tag: ")]
        stem = f"{found.metadata['Name'].replace('-', '_')}-{found.version}"
        with zipfile.ZipFile(folder / f"{stem}-{compressed(tags)}.whl", "w") as wheel:
            for path in found.files or []:
                if ".." in path.parts or path.suffix == ".pyc" or path.name in _INSTALLED:
                    continue
                wheel.write(Path(str(found.locate_file(path))), str(path))
    return folder


_INSTALLED = ("INSTALLER", "REQUESTED", "direct_url.json")


def compressed(tags: list[str]) -> str:
    """Return the tags of a wheel as its file name has them (PEP 425)."""
    columns = zip(*(tag.split("-") for tag in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(column)) for column in columns)


def offer(env: GitEnv, folder: Path) -> tuple[Path, str]:
    """Make a repository of this source tree, as users get it; return it and its commit."""
    shutil.copytree(SOURCE, folder, ignore=_NOT_SOURCE)
    env.git("init", "--quiet", cwd=folder)
    env.git("add", "--all", cwd=folder)
    env.git("commit", "--quiet", "-m", "tsm", cwd=folder)
    return folder, env.git("rev-parse", "HEAD", cwd=folder)
