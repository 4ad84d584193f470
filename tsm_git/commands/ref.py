"""`tsm ref save` and `refresh`: a copy of production beside the working database.

What is fetched is verified in a folder of its own, and then put into its place at once: a reader,
or another refresh, sees the old one or the new one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tsm_git.adapters.files import kept_folder, unwritable
from tsm_git.adapters.programs import filled, run_program
from tsm_git.commands.backup import Pages
from tsm_git.commands.gathering.project import Project
from tsm_git.core.errors import ConfigError, DatabaseError, UsageError
from tsm_git.core.ledger import Ledger
from tsm_git.core.settings import Command, DatabaseSettings

_DEST = "{dest}"
_STALE_SECONDS = 24 * 3600  # after which what a refresh was fetching is nobody's any more


def save(
    project: Project, settings: DatabaseSettings, on_pages: Pages = lambda _done, _pages: None
) -> Ledger:
    """Makes the ref database a copy of the working database; returns what it has applied.

    Raises UsageError where there is no working database, DatabaseError where it cannot be copied.
    """
    from tsm_git.adapters.sqlite.reference import copy_from_path

    working = project.top / settings.path
    if not working.exists():
        raise UsageError(
            f"there is no database `{settings.path}` yet, so there is nothing to save",
            "run `tsm apply` to make it",
        )
    with _fetched(project, settings) as fetched:
        copy_from_path(working, settings.path, fetched, on_pages)
        return _keep(project, settings, fetched, settings.path)


def refresh(
    project: Project, settings: DatabaseSettings, on_pages: Pages = lambda _done, _pages: None
) -> Ledger:
    """Makes the ref database what `ref_source` has now; returns what that has applied.

    Raises ConfigError where no source is configured, DatabaseError where nothing sound comes from
    it; the ref database is then as it was.
    """
    source = settings.ref_source
    if source is None:
        raise ConfigError(
            f"`ref_source` says not where the ref database of `{settings.path}` comes from",
            "set it in the configuration, see `docs/databases.md`; "
            "`tsm ref save` copies the working database",
        )
    with _fetched(project, settings) as fetched:
        if isinstance(source, Command):
            _run(project, settings, source, fetched)
            shown = f"what `{source.argv[0]}` has fetched"
        else:
            shown = source
            _copy(project, settings, source, fetched, on_pages)
        return _keep(project, settings, fetched, shown)


def _copy(
    project: Project, settings: DatabaseSettings, source: str, fetched: Path, on_pages: Pages
) -> None:
    from tsm_git.adapters.sqlite.reference import copy_from_path, copy_from_uri

    if source.startswith("file:"):
        copy_from_uri(source, fetched, on_pages)
        return
    path = project.top / settings.home / source
    if not path.exists():
        raise DatabaseError(f"there is no database `{source}`", "correct `ref_source`")
    if path.resolve() == (project.top / f"{settings.path}.ref").resolve():
        raise ConfigError("`ref_source` is the ref database itself", "correct `ref_source`")
    copy_from_path(path, source, fetched, on_pages)


def _run(project: Project, settings: DatabaseSettings, source: Command, fetched: Path) -> None:
    if not any(_DEST in word for word in source.argv):
        raise ConfigError(
            f"the command of `ref_source` has no `{_DEST}`, which stands for the file to write",
            f'write it such as `["scp", "server:app.sqlite", "{_DEST}"]`',
        )
    problem = run_program(filled(source.argv, {"dest": str(fetched)}), project.top / settings.home)
    if problem is None and not fetched.is_file():
        problem = f"`{source.argv[0]}` has written no file `{_DEST}`"
    if problem:
        raise DatabaseError(
            f"{problem}; the ref database is as it was",
            "its own words are above; try the command by hand",
        )


def _keep(project: Project, settings: DatabaseSettings, fetched: Path, shown: str) -> Ledger:
    from tsm_git.adapters.sqlite import read_ledger
    from tsm_git.adapters.sqlite.reference import put, settle

    settle(fetched, shown)
    ledger = read_ledger(fetched, shown, is_ref=True)  # one that cannot be read is of no use
    put(fetched, project.top / f"{settings.path}.ref", f"{settings.path}.ref")
    return ledger


@contextmanager
def _fetched(project: Project, settings: DatabaseSettings) -> Iterator[Path]:
    """The name for what is fetched, in a folder that is removed in the end.

    It lies in the folder of backups, which git ignores, and on the file system of the ref database.
    """
    backups = project.top / f"{settings.path}.bak"
    with kept_folder(backups):
        try:
            folder = Path(tempfile.mkdtemp(prefix=".ref-", dir=backups))
        except OSError as error:
            raise unwritable(backups, error) from error
        _remove_stale(backups, folder)
        try:
            yield folder / f"{settings.path.rpartition('/')[2]}.ref"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(backups: Path, ours: Path) -> None:
    """Removes what runs have left that were killed."""
    for other in backups.glob(".ref-*"):
        with suppress(OSError):
            if ours.stat().st_mtime - other.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
