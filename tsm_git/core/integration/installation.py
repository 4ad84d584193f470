"""Which hooks are installed, as a value: whose each is, and what runs before tsm."""

from __future__ import annotations

from enum import Enum

from tsm_git.core.integration.hook import Event
from tsm_git.core.record import NamedTuple


class Owner(Enum):
    """Whose the file is that git runs; the value is what it is called in the JSON document."""

    NOBODY = "nobody"
    TSM = "tsm"
    OLDER = "older-tsm"
    FRAMEWORK = "pre-commit"
    STRANGER = "other"


class Manager(Enum):
    """A program that writes git's hooks by a configuration of its own; the value is its name."""

    FRAMEWORK = "pre-commit"
    HUSKY = "husky"
    LEFTHOOK = "lefthook"


class Hook(NamedTuple):
    """One event: whose hook git runs; `calls_tsm` as far as files tell; `kept` is run first."""

    event: Event
    owner: Owner
    calls_tsm: bool
    kept: bool


class Installation(NamedTuple):
    """All hooks of a repository; `program` is the tsm that they start, None the one on PATH."""

    folder: str
    manager: Manager | None
    program: str | None
    hooks: tuple[Hook, ...]

    @property
    def missing(self) -> tuple[Event, ...]:
        """The events at which git does not call tsm."""
        return tuple(hook.event for hook in self.hooks if not hook.calls_tsm)
