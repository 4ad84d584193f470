"""What a renumbering is about to rename, noted in the git directory until the index knows it.

A file system cannot rename several files and change the index in one step. After a kill in between,
the next run learns from the note what was done, and finishes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tsm_git.adapters.files import only_one, read_bytes, replace_file
from tsm_git.adapters.git import Repository
from tsm_git.core.finding import Rename
from tsm_git.core.record import NamedTuple


class Note(NamedTuple):
    """The renames in the order in which they are made, each with the blob that was staged.

    `sides` are those of unmerged files; they are written when all renames are made.
    """

    renames: tuple[tuple[Rename, str | None], ...]
    sides: tuple[Rename, ...]


def write(repository: Repository, renames: Sequence[Rename], sides: Sequence[Rename]) -> None:
    """Notes what is about to be renamed."""
    staged = repository.staged_blobs([rename.old for rename in renames])
    lists = [[rename.old, rename.new, staged.get(rename.old)] for rename in renames]
    note = json.dumps({"renames": lists, "sides": [list(side) for side in sides]})
    replace_file(_path(repository), note.encode())


def read(repository: Repository | None) -> Note | None:
    """The note of a run that was killed, if there is one."""
    data = read_bytes(_path(repository)) if repository else None
    if data is None:
        return None
    found = json.loads(data)
    return Note(
        tuple((Rename(old, new), blob) for old, new, blob in found["renames"]),
        tuple(Rename(old, new) for old, new in found["sides"]),
    )


def remove(repository: Repository) -> None:
    """Forgets the note: all of it is done, or none."""
    _path(repository).unlink(missing_ok=True)


def origins(top: Path, note: Note) -> dict[str, str]:
    """What has been renamed already: the path that it has now -> the one that it had."""
    made = _made(top, note)
    found = [rename for rename, _ in note.renames[:made]]
    if made == len(note.renames):
        found += note.sides
    return {rename.new: rename.old for rename in found}


def catch_up(top: Path, repository: Repository, note: Note) -> None:
    """Tells the index what was renamed on disk only."""
    staged = repository.staged_blobs([rename.old for rename, _ in note.renames])
    if all(staged.get(rename.old) == blob for rename, blob in note.renames):
        repository.rename_staged([rename for rename, _ in note.renames[: _made(top, note)]])


def alone(repository: Repository | None) -> AbstractContextManager[None]:
    """Lets one process at a time move scripts about. Raises TsmError where another is at it."""
    return only_one(repository.place.git_dir / "tsm.lock") if repository else nullcontext()


def _made(top: Path, note: Note) -> int:
    """How many of the renames were made; the old name of the last one is free."""
    made = 0
    for count, (rename, _) in enumerate(note.renames, start=1):
        if not (top / rename.old).exists() and (top / rename.new).exists():
            made = count
    return made


def _path(repository: Repository) -> Path:
    return repository.place.git_dir / "tsm-renames.json"
