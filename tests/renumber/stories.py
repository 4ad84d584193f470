"""Verbs that the stories of this folder share: what colleagues land, and what a run has changed.

They judge nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.harness.project import SOURCE, Project, Result, person, sql_for

Texts = dict[str, bytes]


def land(
    project: Project,
    *names: str,
    text: str | bytes | None = None,
    branch: str = "main",
    author: str = "Bob",
    remove: str | None = None,
) -> str:
    """Let a colleague commit new scripts on a branch; nothing that is checked out here changes.

    All of them get `text`, or each a table named like it. `remove` is a script that goes with it.
    """
    index = {"GIT_INDEX_FILE": str(project.env.root / ".landing-index")}
    project.git("read-tree", branch, env=index)
    for name in names:
        content = sql_for(name) if text is None else text
        data = content.encode() if isinstance(content, str) else content
        blob = project.git("hash-object", "-w", "--stdin", stdin=data)
        entry = f"100644,{blob},{project.path(name)}"
        project.git("update-index", "--add", "--cacheinfo", entry, env=index)
    if remove:
        project.git("update-index", "--force-remove", project.path(remove), env=index)
    tree = project.git("write-tree", env=index)
    message = f"land {', '.join(names)}"
    made = project.git("commit-tree", "-p", branch, "-m", message, tree, env=person(author))
    project.git("update-ref", f"refs/heads/{branch}", made)
    return made


def texts(project: Project) -> Texts:
    """Return all files of the scripts folder with their bytes."""
    return {path.name: path.read_bytes() for path in sorted(project.folder.iterdir())}


def staged(project: Project) -> Texts:
    """Return what the index holds of the scripts folder; nothing of it may be unmerged."""
    found = {}
    listed = project.git("ls-files", "--stage", "-z", "--", f"{project.path('')}/")
    for entry in listed.split("\0")[:-1]:
        facts, _, path = entry.partition("\t")
        _, blob, stage = facts.split(" ")
        assert stage == "0", f"{path} is unmerged"
        said = project.env.run(["git", "cat-file", "blob", blob], cwd=project.root)
        found[path.rpartition("/")[2]] = said.stdout.encode("utf-8", "surrogateescape")
    return found


def status(project: Project) -> list[str]:
    """Return what `git status` says, one entry a line, with the names of the files only."""
    lines = project.git("status", "--porcelain", "--untracked-files=all").splitlines()
    return [line.replace(f"{project.path('')}/", "") for line in lines]


def moves(result: Result) -> list[str]:
    """Return the moves that `tsm renumber` has printed, without the folder."""
    lines = result.exits(0).stdout.splitlines()
    return [" -> ".join(Path(path).name for path in line.split(" -> ")) for line in lines]


def on_path(project: Project) -> Mapping[str, str]:
    """Return variables with which a shell that git starts finds this `tsm`."""
    folder = project.env.root / ".bin"
    folder.mkdir(exist_ok=True)
    program = folder / "tsm"
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH='{SOURCE}' exec '{sys.executable}' -P -m tsm_git \"$@\"\n"
    )
    program.chmod(0o755)
    found = project.env.variables().get("PATH", os.defpath)
    return {"PATH": f"{folder}{os.pathsep}{found}"}
