"""What a user asks to be looked at, and what was gathered for it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tsm_git.commands.gathering.places import Trees
from tsm_git.core.errors import ConfigError, UsageError
from tsm_git.core.facts import Facts, Place
from tsm_git.core.record import NamedTuple
from tsm_git.core.settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from tsm_git.core.models import Piece


class Models(Enum):
    """Whether to compare with the models; it runs the project's own code."""

    NO = "nobody asked for it"
    IF_CONFIGURED = "compare where models are configured"
    MUST = "compare, and fail where none are configured"


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
    models: Models = Models.NO
    pieces: tuple[Piece, ...] = ()  # the DDL of models that a program has given

    @property
    def place(self) -> Place:
        """Where the candidate is."""
        if self.head is not None:
            return Place.COMMIT
        return Place.INDEX if self.staged else Place.WORK_TREE


def why_no_models(request: Request, database: DatabaseSettings) -> str:
    """Why the models are not compared, or nothing if they are.

    Raises UsageError or ConfigError where that was insisted on and cannot be.
    """
    if request.pieces:
        return ""
    insists = request.models is Models.MUST
    if request.models is Models.NO:
        return "the models were not asked for"
    if request.place is not Place.WORK_TREE:
        if insists:
            raise UsageError(
                "models are compared in the work tree, not in the index or a commit",
                "check out what you mean and run `tsm check --models`",
            )
        return "a check of the index or of a commit imports no models"
    if database.models is None:
        if insists:
            raise ConfigError(
                f"no models are configured for `{database.path}`",
                "set `models` in the configuration, see docs/models.md",
            )
        return "no models are configured"
    return ""


class Gathered(NamedTuple):
    """The facts of every database, and the settings they are judged by.

    `head` is the commit that the candidate is or stands on; `trees` has read what commits hold.
    """

    place: Place
    settings: Settings
    facts: tuple[Facts, ...]
    head: str | None = None
    trees: Trees | None = None
