"""The errors that a user can meet, each one line with a way out.

Findings are not errors: see `tsm_git.core.finding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsm_git.core.record import NamedTuple

if TYPE_CHECKING:
    from tsm_git.core.state import State


class Progress(NamedTuple):
    """How far a run of several scripts came before it failed, as file names.

    `backup` is the path of the backup that was made before the first of them, if the database held
    anything.
    """

    applied: tuple[str, ...]
    failed: str
    not_started: tuple[str, ...]
    backup: str | None


class TsmError(Exception):
    """tsm could not work: `message` says what is, `hint` what to do about it.

    `progress` is there where an apply had begun.
    """

    exit_code = 2
    progress: Progress | None = None

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # both, so that the error survives pickling
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(TsmError):
    """The request itself makes no sense, for example two candidates at once."""


class ConfigError(TsmError):
    """A key or a value in the configuration is not what tsm expects."""


class GitError(TsmError):
    """git is missing, refuses, or cannot answer: the verdict is unknown."""


class DatabaseError(TsmError):
    """A database cannot be read or changed: locked, corrupt, not SQLite."""


class ModelsError(TsmError):
    """Models cannot be had: they fail to load, hang, or describe nothing that SQLite accepts."""


class CorruptError(DatabaseError):
    """A database is damaged, or is no SQLite database at all."""


class ScriptError(TsmError):
    """A statement of a script failed.

    The database is as it was before that script, unless `hint` says otherwise. `path` is as
    messages show it, `line` and `column` are 1-based, `reason` is SQLite's.
    """

    exit_code = 1

    def __init__(
        self,
        path: str,
        line: int,
        column: int,
        reason: str,
        hint: str = "the database is as it was before this script; "
        "correct the script and apply again",
    ) -> None:
        super().__init__(f"{path}:{line}:{column}: {reason}", hint)
        self.args = (path, line, column, reason, hint)
        self.path, self.line, self.column, self.reason = path, line, column, reason


class Refusal(TsmError):
    """A command declines because of the state of things; nothing was changed.

    `state` is the state that forbids the call, or None where it is not about a state.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "", state: State | None = None) -> None:
        super().__init__(message, hint)
        self.args = (message, hint, state)
        self.state = state
