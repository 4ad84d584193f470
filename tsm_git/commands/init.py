"""`tsm init`: the folder, the configuration and git's files that a database needs.

Adds what is missing and changes nothing else; a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tsm_git.adapters.files import read_bytes, replace_file
from tsm_git.commands import baseline
from tsm_git.commands.gathering.project import Project
from tsm_git.core.errors import TsmError, UsageError
from tsm_git.core.integration.setup import attributes, ignored, with_lines, with_settings
from tsm_git.core.settings import SUFFIX, Settings
from tsm_git.core.text import counted

_EXAMPLE = "run `tsm init app.sqlite`"


class Edit(NamedTuple):
    """A file that gets new lines: its path relative to the top, and all of its new text."""

    path: str
    text: str


class Setup(NamedTuple):
    """What a database lacks. `makes_folder`: its folder of scripts, too."""

    database: str
    makes_folder: bool
    edits: tuple[Edit, ...]


def plan(project: Project, wanted: str | None, *, vscode: bool = False) -> Setup:
    """What is missing for a database, given by its path; `vscode`: tasks for that editor, too.

    Reads only. Raises UsageError where none is named, or the configuration names others.
    """
    if project.is_bare:
        raise UsageError("a bare repository has no databases", "go to a work tree of it")
    settings = project.settings()
    database = _database(project, settings, wanted)
    return Setup(
        database,
        not (project.top / (database + SUFFIX)).is_dir(),
        (*_edits(project, settings, database), *(_tasks(project) if vscode else ())),
    )


def carry_out(project: Project, setup: Setup, clock: Callable[[], str]) -> list[str]:
    """Writes what is missing, and says what was done.

    A database that has tables gets a first script that makes them, and a ledger that says so.
    """
    words = []
    folder = project.top / (setup.database + SUFFIX)
    if setup.makes_folder:
        _make_folder(folder)
        words.append(f"made the folder {setup.database}{SUFFIX}")
    for edit in setup.edits:
        is_new = not (project.top / edit.path).exists()
        _make_folder((project.top / edit.path).parent)
        replace_file(project.top / edit.path, edit.text.encode())
        words.append(f"{'wrote' if is_new else 'added lines to'} {edit.path}")
    if written := baseline.write_script(project, setup.database):
        words.append(f"wrote {written}, which makes the schema that {setup.database} has")
        taken = baseline.plan(project, None, setup.database)
        if made := baseline.carry_out(project, taken, clock):
            words.append(f"backed up {setup.database} as {made.path}")
        recorded = counted(len(taken.scripts), "script")
        words.append(f"recorded {recorded} as applied in {setup.database}")
    return words


def _database(project: Project, settings: Settings, wanted: str | None) -> str:
    known = [database.path for database in settings.databases]
    if wanted is None:
        if len(known) != 1:
            raise UsageError("which database is it?", _EXAMPLE)
        return known[0]
    path = _inside(project, wanted)
    if known and path not in known:
        raise UsageError(
            f"{settings.source} lists the databases, and `{path}` is not among them",
            "add a table `[databases.NAME]` with its `path` there, then run this again",
        )
    return path


def _inside(project: Project, wanted: str) -> str:
    """The path relative to the top, in POSIX style, which is how everything else knows it."""
    full = Path(project.start, wanted.removesuffix("/").removesuffix(SUFFIX))
    top = project.top.resolve()
    parent = full.parent.resolve()
    if not full.name or not parent.is_relative_to(top) or full.is_dir():
        raise UsageError(f"`{wanted}` is no path of a database in this project", _EXAMPLE)
    return str(PurePosixPath(parent.relative_to(top).as_posix(), full.name))


def _edits(project: Project, settings: Settings, database: str) -> Iterator[Edit]:
    if not settings.databases:
        # A `tsm.toml` would hide a table in a `pyproject.toml` beside it.
        has_own = (project.top / "tsm.toml").exists()
        is_pyproject = not has_own and (project.top / "pyproject.toml").exists()
        name = "pyproject.toml" if is_pyproject else "tsm.toml"
        if settings == Settings():
            yield Edit(
                name, with_settings(_text_of(project, name), database, is_pyproject=is_pyproject)
            )
    if project.repository is not None:
        for name, lines in (
            (".gitignore", ignored(database)),
            (".gitattributes", [attributes(database)]),
        ):
            text = _text_of(project, name)
            if (changed := with_lines(text, lines)) != text:
                yield Edit(name, changed)


def _tasks(project: Project) -> Iterator[Edit]:
    from tsm_git.core.integration.editor import snippet, with_tasks

    path = ".vscode/tasks.json"
    text = _text_of(project, path)
    try:
        changed = with_tasks(text)
    except ValueError as error:
        raise TsmError(
            f"`{path}` is no plain JSON that tsm could add to without harm: {error}",
            f"put this into its `tasks` yourself: {snippet()}",
        ) from error
    if changed != text:
        yield Edit(path, changed)


def _text_of(project: Project, path: str) -> str:
    data = read_bytes(project.top / path) or b""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise TsmError(f"`{path}` is not UTF-8", "write it in UTF-8") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TsmError(
            f"`{folder}` cannot be made: {error.strerror}", f"run `ls -ld '{folder.parent}'`"
        ) from error
