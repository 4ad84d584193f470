"""The Python API: `Migrate`, the verdict and the changes of one database, for programs.

Everything that touches the database file runs in a child process (see `tsm_git.worker`), so the
caller may hold the file open through any SQLite library.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tsm_git.core.errors import TsmError, UsageError
from tsm_git.core.finding import Finding
from tsm_git.core.state import State
from tsm_git.core.text import counted, listed, printable

if TYPE_CHECKING:
    from tsm_git.core.models import Piece

# The child sees the modules that the parent sees, however the parent came by them.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from tsm_git.worker import main; main()"


class Engine(Protocol):
    """An object that has opened a database, such as TupleSaver's Engine."""

    @property
    def db_path(self) -> str | os.PathLike[str] | None:
        """Where the database file is."""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table as the models have it, and as the database has it or the scripts make it.

    The statements are None where there is no such table. Their texts may differ where the tables
    are the same; `differences` says in words what is not.
    """

    table_name: str
    expected_sql: str | None
    actual_sql: str | None
    differences: Sequence[str] = ()

    @property
    def exists(self) -> bool:
        """Whether the table is there."""
        return self.actual_sql is not None

    @property
    def is_current(self) -> bool:
        """Whether nothing is to be done about it."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict on one database; file names are in number order.

    `skipped` maps the code of each rule that was not judged to the reason. `schema` maps each table
    of the models, and each that they lack, to what was compared; it is empty where nothing was.
    """

    state: State
    findings: Sequence[Finding]
    pending: Sequence[str]
    applied: Sequence[str]
    skipped: Mapping[str, str]
    schema: Mapping[str, TableSchema] = field(default_factory=dict)

    def status(self) -> str:
        """The verdict for people: the state, what is wrong, what waits, and the way out."""
        lines = [f"{self.state.name}: {self.state.value}"]
        lines += [f"  {finding.code} {printable(finding.message)}" for finding in self.findings]
        if self.pending:
            names = printable(listed(self.pending))
            lines.append(f"  {counted(len(self.pending), 'script')} pending: {names}")
        if self.state.way_out:
            lines.append(f"  way out: {self.state.way_out}")
        return "\n".join(lines)


class Migrate:
    """The migrations of one database.

    `database` is a path, or an engine-like object with a `db_path`. `models` are classes, such as
    those derived from `TableRow`, or what else docs/models.md lists; without them it is what the
    configuration names, if it does.
    """

    def __init__(self, database: str | os.PathLike[str] | Engine, models: object = ()) -> None:
        path = database if isinstance(database, (str, os.PathLike)) else database.db_path
        if not path or str(path) == ":memory:":
            raise UsageError(
                "a database in memory has no scripts", "give the path of a database file"
            )
        self.path = Path(path).absolute()
        self.models = models

    def check(self) -> CheckResult:
        """The verdict. Reads only: creates no table and no file, changes no byte.

        Raises GitError, DatabaseError or ModelsError where it cannot be told.
        """
        result: CheckResult = self._run("check", self._pieces())
        return result

    def apply(self, filename: str | os.PathLike[str]) -> None:
        """Applies one script: the next pending one, in state PENDING.

        Raises Refusal, which names the state and the way out, where that is not so, and
        ScriptError where a statement of the script fails; the database is then as before.
        """
        self._run("apply", Path(filename).name)

    def restore(self) -> Path | None:
        """Makes the database what the ref database holds, or empty where there is none.

        Others may have it open. What it held is backed up first; returns where, or None where it
        held nothing. Raises DatabaseError where that or the restoring fails; it is then as before.
        """
        saved: Path | None = self._run("restore")
        return saved

    def restore_scripts(self) -> list[Path]:
        """Brings the published scripts back that were edited, renamed or deleted, in CONFLICTED.

        What stood in their place is kept in `X.bak`. Returns the files that were written. Raises
        Refusal in every other state.
        """
        written: list[Path] = self._run("restore the scripts of")
        return written

    def generate(self) -> Path:
        """Writes a draft script for what the models differ in, in state DRIFT; returns its path.

        Where a choice is left (was it renamed? what do the rows get?) the script holds it, and the
        state is ERROR until somebody has chosen. Raises Refusal in every other state, and where
        the script, tried on a copy, does not do what it should.
        """
        made: Path = self._run("generate a script for", self._pieces())
        return made

    def backup(self) -> Path:
        """Backs the database up while others may use it, and returns where the backup is.

        It is verified and on disk. Raises UsageError where there is no database yet, and
        DatabaseError where it is corrupt or there is no room.
        """
        made: Path = self._run("back up")
        return made

    def save_ref(self) -> Path:
        """Makes the ref database, `X.ref`, a copy of the database; returns where it is.

        It is verified before it takes its place, and read-only there.
        """
        saved: Path = self._run("save the ref of")
        return saved

    def list_backups(self) -> list[Path]:
        """The backups that there are, oldest first."""
        found: list[Path] = self._run("list the backups of")
        return found

    def dev(self) -> CheckResult:
        """Repairs until the state is CURRENT, as `tsm dev`, and returns the verdict.

        Raises Refusal where only a person can go on, and what the repairs raise.
        """
        self._run("develop", self._pieces())
        return self.check()

    def deploy(self) -> list[str]:
        """Applies what is pending as `tsm deploy` does; returns the file names that were applied.

        Raises Refusal in every state but CURRENT and PENDING, and where another deployment is
        running. An error's `progress` says what was applied and where the backup is.
        """
        applied: list[str] = self._run("deploy", self._pieces())
        return applied

    def _pieces(self) -> tuple[Piece, ...]:
        """The DDL of the models, made in this process, which has them."""
        if self.models is None or self.models in ((), []):
            return ()
        from tsm_git.adapters.models import of_objects

        return tuple(of_objects(self.models))

    def _run(self, task: str, *arguments: object) -> Any:
        if not self.path.parent.is_dir():
            raise UsageError(f"there is no folder `{self.path.parent}`", "create it first")
        child = subprocess.run(
            [sys.executable, "-c", _BOOT, *sys.path],
            input=pickle.dumps((task, (self.path, *arguments))),
            stdout=subprocess.PIPE,
            check=False,
        )
        if child.returncode != 0 or not child.stdout:
            raise TsmError(
                f"the process that was to {task} `{self.path.name}` ended with {child.returncode}",
                "its own words are on standard error",
            )
        done, outcome = pickle.loads(child.stdout)  # noqa: S301 - written by our own child
        if not done:
            raise outcome
        return outcome


def ensure_current(database: str | os.PathLike[str] | Engine, models: object = ()) -> CheckResult:
    """Brings a developer's database to where scripts and models are; for a server's start-up.

    Does what `Migrate.dev` does, which see. Not for production: that is for `tsm deploy`.
    """
    return Migrate(database, models).dev()
