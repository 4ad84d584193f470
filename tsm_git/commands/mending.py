"""Mends what a run that was killed has left, before a command of its kind begins anew."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from tsm_git.commands.gathering.project import Project
from tsm_git.commands.renumbering import journal
from tsm_git.commands.replacing import Replacement, forget, is_done, noted


def mend(project: Project, databases: Iterable[str]) -> list[Replacement]:
    """Puts back the drafts that a killed run has moved aside; returns what it has finished.

    Where the one script was written already, the index learns of it; where somebody has changed the
    index since, all was done long ago.
    """
    done = []
    for database in databases:
        if noted(project.top, database) is None:
            continue
        with journal.alone(project.repository):
            note = noted(project.top, database)  # again: another run may have been at it
            if note is None:
                continue
            if is_done(project.top, note):
                if _tell_index(project, note):
                    done.append(note)
            else:
                _put_back(project, note)
            forget(project.top, database)
    return done


def _put_back(project: Project, note: Replacement) -> None:
    """A draft whose name somebody has given to another file stays aside."""
    for name in reversed(note.drafts):
        kept, path = project.top / note.kept / name, project.top / note.folder / name
        if kept.exists() and not path.exists():
            kept.rename(path)
    with suppress(OSError):
        (project.top / note.kept).rmdir()


def _tell_index(project: Project, note: Replacement) -> bool:
    """Whether the index is as it was when the note was written; it is told then."""
    repository = project.repository
    if repository is None or note.staged is None:
        return True
    if repository.staged_blobs(note.paths) != note.staged:
        return False
    repository.staging.stage(note.paths)
    return True
