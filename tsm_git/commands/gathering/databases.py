"""Which databases a project has, for commands that need no verdict on their scripts."""

from __future__ import annotations

from tsm_git.adapters.files import find_folders
from tsm_git.commands.gathering.gather import chosen
from tsm_git.commands.gathering.places import Index, Trees
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Request
from tsm_git.core.errors import UsageError
from tsm_git.core.settings import SUFFIX, DatabaseSettings


def databases(project: Project, wanted: str | None) -> list[DatabaseSettings]:
    """The databases of a project, or the one that is wanted, by its path or its name.

    Those that are configured; without any, every one that has a folder of scripts. Raises
    UsageError where there is none.
    """
    if project.is_bare:
        raise UsageError("a bare repository has no databases", "go to a work tree of it")
    settings = project.settings()
    folders = {database.folder for database in settings.databases} or _discovered(project)
    found = chosen(folders, Request(database=wanted), settings)
    if not found:
        raise UsageError(
            f"there is no folder `X{SUFFIX}` with scripts, so there is no database",
            "run `tsm init app.sqlite`, with the path that your database has or will have",
        )
    return [settings.of(folder.removesuffix(SUFFIX)) for folder in found]


def one_database(project: Project, wanted: str | None) -> DatabaseSettings:
    """The one database of a project, or the one that is wanted.

    Raises UsageError where there are several to choose from.
    """
    found = databases(project, wanted)
    if len(found) > 1:
        names = ", ".join(f"`{database.path}`" for database in found)
        raise UsageError(
            f"there are {len(found)} databases: {names}", "name one with `--database NAME`"
        )
    return found[0]


def _discovered(project: Project) -> set[str]:
    if project.repository is None:
        found = find_folders(project.top, SUFFIX)
        return {path.relative_to(project.top).as_posix() for path in found}
    index = Index(project.top, project.repository, Trees(project.repository))
    return index.read((), untracked=True, discover=True)
