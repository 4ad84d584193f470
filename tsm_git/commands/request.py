"""What a user asks to be looked at, and what was gathered for it."""

from __future__ import annotations

from pathlib import Path

from tsm_git.commands.places import Trees
from tsm_git.core.facts import Facts, Place
from tsm_git.core.record import NamedTuple
from tsm_git.core.settings import Settings


class Request(NamedTuple):
    """What to look at. `head` makes a commit the candidate, `staged` the index.

    `database` narrows to one by name, `folder` to one folder whether it holds scripts or not
    (relative to the top); `working` and `ref` name database files where a place has none of
    its own (a commit), or others than the usual ones. `strict` lets warnings fail too,
    `annotate` looks up the commits and authors of what is found. `branch` is where the commits
    of `head` are, if that is no branch itself. `pushed` is the base branch where `head` was pushed
    to: then `base` is what it takes the place of.
    """

    head: str | None = None
    staged: bool = False
    base: str | None = None
    database: str | None = None
    folder: str | None = None
    working: Path | None = None
    ref: Path | None = None
    radar_at: float | None = None  # the present in Unix seconds, if other branches are to be seen
    all_places: bool = False  # HEAD and the index too, for the table of `status`
    strict: bool = False
    annotate: bool = True
    base_why: str = "given as --base"
    branch: str | None = None
    pushed: str = ""
    replay: bool = False  # run the scripts in a shadow database, too

    @property
    def place(self) -> Place:
        """Where the candidate is."""
        if self.head is not None:
            return Place.COMMIT
        return Place.INDEX if self.staged else Place.WORK_TREE


class Gathered(NamedTuple):
    """The facts of every database, and the settings they are judged by.

    `head` is the commit that the candidate is or stands on; `trees` has read what commits hold.
    """

    place: Place
    settings: Settings
    facts: tuple[Facts, ...]
    head: str | None = None
    trees: Trees | None = None
