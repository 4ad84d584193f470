"""Puts one script in the place of several drafts, so that a kill leaves the several or the one.

A file system cannot move several files and write another in one step. So a note beside the backups
says what is about to be done. While drafts are aside and the one script is not there, no command
judges the folder; `mending` puts the drafts back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from tsm_git.adapters.files import kept_folder, read_bytes, replace_file, set_aside, write_new
from tsm_git.commands.gathering.places import note_of_replacing
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.renumbering import journal
from tsm_git.core.errors import TsmError
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import parse_number
from tsm_git.core.settings import SUFFIX
from tsm_git.core.text import counted, file_stamp

COMMANDS = SQUASH, GENERATE, CONSOLIDATE = (
    "tsm squash",
    "tsm generate",
    "tsm generate --consolidate",
)
_ASIDE = re.compile(r"scripts-[0-9T.-]+")


class Replacement(NamedTuple):
    """The drafts of one database that give way to one script, by file name.

    `command` is what replaces them, as a user types it; `applied` are the drafts that the working
    database has run. `aside` is the name of the folder, beside the backups, where the drafts go;
    `staged` the blobs that the index held of the drafts, None where the index is not to be told.
    """

    database: str
    drafts: tuple[str, ...]
    filename: str
    command: str
    applied: tuple[str, ...] = ()
    aside: str = ""
    staged: Mapping[str, str] | None = None

    @property
    def folder(self) -> str:
        """The folder of the scripts, relative to the top."""
        return self.database + SUFFIX

    @property
    def kept(self) -> str:
        """The folder, relative to the top, where the drafts are afterwards."""
        return f"{self.database}.bak/{self.aside}"

    @property
    def paths(self) -> list[str]:
        """The paths of all files that it is about, relative to the top."""
        names = dict.fromkeys([*self.drafts, self.filename])
        return [f"{self.folder}/{name}" for name in names]


def replace(
    project: Project, wanted: Replacement, text: str, now: str, *, stage: bool
) -> Replacement:
    """Moves the drafts aside and writes the one script; all of it or, where it fails, nothing."""
    top, repository = project.top, project.repository
    told = repository if stage else None
    with (
        journal.alone(repository),
        kept_folder(top / f"{wanted.database}.bak"),
        ExitStack() as undo,
    ):
        note = wanted._replace(
            aside=_free(top, wanted.database, f"scripts-{file_stamp(now)}"),
            staged=told.staged_blobs(wanted.paths) if told else None,
        )
        undo.callback(forget, top, wanted.database)
        data = {name: getattr(note, name) for name in note._fields}
        replace_file(note_of_replacing(top, wanted.database), json.dumps(data).encode())
        for draft in note.drafts:
            path = top / note.folder / draft
            undo.callback(set_aside(path, top / note.kept).rename, path)
        made = top / note.folder / note.filename
        write_new(made, text.encode())
        undo.callback(made.unlink)
        if told:
            told.staging.stage(note.paths)
        undo.pop_all()
        forget(top, wanted.database)
    return note


def noted(top: Path, database: str) -> Replacement | None:
    """What was about to be done, where a run was killed or is still at it.

    None where the note is not as `replace` writes one.
    """
    data = read_bytes(note_of_replacing(top, database))
    note = _parsed(data) if data is not None else None
    if note is None or note.database != database or (top / note.kept).is_symlink():
        return None
    return note


def _parsed(data: bytes) -> Replacement | None:
    # A branch may hold a file of that name, from a stranger: what it says is pasted into a shell,
    # and leads to files that are moved.
    try:
        found = json.loads(data)
        note = Replacement(**{**found, "drafts": tuple(found["drafts"])})
        names = [parse_number(name) for name in (*note.drafts, note.filename)]
        is_ours = note.command in COMMANDS and _ASIDE.fullmatch(note.aside)
        is_known = note.staged is None or note.staged.keys() <= {*note.paths}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return note if is_ours and is_known and all(names) else None


def is_done(top: Path, note: Replacement) -> bool:
    """Whether the one script is there, and so the drafts are aside."""
    made = top / note.folder / note.filename
    moved = note.filename not in note.drafts or (top / note.kept / note.filename).exists()
    return moved and made.exists()


def refuse_half_done(top: Path, database: str) -> None:
    """Raises TsmError where drafts are aside, and the one script is not there."""
    note = noted(top, database)
    if note is None or is_done(top, note):
        return
    away = [draft for draft in note.drafts if (top / note.kept / draft).exists()]
    if away:
        raise TsmError(
            f"a `{note.command}` was interrupted: {counted(len(away), 'draft')} of "
            f"`{database}` {'is' if len(away) == 1 else 'are'} in `{note.kept}`",
            f"run `{note.command}` again, which first puts back what is there",
        )


def forget(top: Path, database: str) -> None:
    """Removes the note; one that stays is found to be out of date."""
    with suppress(OSError):
        note_of_replacing(top, database).unlink(missing_ok=True)


def _free(top: Path, database: str, name: str) -> str:
    count, free = 1, name
    while (top / f"{database}.bak" / free).exists():
        count += 1
        free = f"{name}.{count}"
    return free
