"""A team's project as a test tells of it: scripts, branches, merges, databases, and tsm itself.

Every verb does what a developer would do, with real git and real files, and fails loudly when it
cannot. It judges nothing: what tsm ought to say is the test's own business.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import apsw
from click.testing import CliRunner

from tests.harness.gitenv import Completed, GitEnv
from tsm_git.cli import main

# tsm is run from the folder that the tests import it from, whether it is installed or not.
SOURCE = Path(__file__).resolve().parents[2]

# What `FORMATS.md` section 2 says tsm creates.
LEDGER_COLUMNS = {
    "id": "[INTEGER] PRIMARY KEY NOT NULL",
    "filename": "[TEXT] NOT NULL",
    "script": "[TEXT] NOT NULL",
    "started_at": "[TEXT] NOT NULL",
    "finished_at": "[TEXT] NOT NULL",
}

WHEN = "2026-01-01T00:00:00+00:00"

# Databases are kept out of git without a file in the tree, so that a commit holds scripts only.
EXCLUDED = "*.sqlite\n*.sqlite-wal\n*.sqlite-shm\n*.sqlite-journal\n*.sqlite.ref\n*.sqlite.bak/\n"


class Entry(NamedTuple):
    """One row of a ledger, as a test writes or reads it."""

    id: int
    filename: str
    script: str | bytes | None


class Result:
    """What one run of tsm did. It has to be looked at: one that nobody reads fails its test."""

    def __init__(self, completed: Completed) -> None:
        self._completed = completed
        self.looked_at = False

    @property
    def exit_code(self) -> int:
        """The exit code."""
        return self._look().exit_code

    @property
    def stdout(self) -> str:
        """What it printed."""
        return self._look().stdout

    @property
    def stderr(self) -> str:
        """What it said beside: progress and errors."""
        return self._look().stderr

    def json(self) -> Any:
        """Return the one JSON document that it printed."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"no JSON document ({error})\n{self}") from None

    def exits(self, exit_code: int) -> Result:
        """Insist on this exit code, and return the result for more questions."""
        if self.exit_code != exit_code:
            raise AssertionError(f"expected exit code {exit_code}\n{self}")
        return self

    def __repr__(self) -> str:
        return f"<{self._completed.command}: exit code {self._completed.exit_code}>"

    def __str__(self) -> str:
        return str(self._completed)

    def _look(self) -> Completed:
        self.looked_at = True
        return self._completed


class Project:
    """A git repository with a work tree, and the scripts of `database` in it."""

    def __init__(self, env: GitEnv, root: Path, *, database: str = "app.sqlite") -> None:
        self.env = env
        self.root = root
        self.database = database
        self.results: list[Result] = []

    @classmethod
    def create(
        cls, env: GitEnv, root: Path, *, database: str = "app.sqlite", object_format: str = "sha1"
    ) -> Project:
        """Make a new repository on an unborn `main`."""
        root.mkdir(parents=True)
        env.git("init", "--quiet", f"--object-format={object_format}", cwd=root)
        project = cls(env, root, database=database)
        project.exclude_databases()
        return project

    # Files

    @property
    def folder(self) -> Path:
        """The folder of the scripts."""
        return self.root / f"{self.database}.migrations"

    def path(self, name: str) -> str:
        """Return a script's path as tsm prints it: relative to the repository, with slashes."""
        return (self.folder / name).relative_to(self.root).as_posix()

    def script(self, name: str, text: str | bytes | None = None) -> str:
        """Write a new script; without a text it creates a table named like the script."""
        path = self.folder / name
        if path.exists() or path.is_symlink():
            raise AssertionError(f"{self.path(name)} is there already; edit() changes a script")
        path.parent.mkdir(parents=True, exist_ok=True)
        return self._write(name, sql_for(name) if text is None else text)

    def scripts(self, *names: str) -> list[str]:
        """Write several new scripts."""
        return [self.script(name) for name in names]

    def edit(self, name: str, text: str | bytes | None = None) -> str:
        """Change a script that is there; without a text a line is added to it."""
        path = self.folder / name
        if text is None:
            text = path.read_bytes() + b"-- edited\n"
        elif not path.exists():
            raise AssertionError(f"{self.path(name)} is not there; script() makes a new one")
        return self._write(name, text)

    def rename(self, name: str, to: str) -> str:
        """Rename a script in the work tree."""
        source, target = self.folder / name, self.folder / to
        if target.exists():
            raise AssertionError(f"{self.path(to)} is there already")
        source.rename(target)
        return self.path(to)

    def delete(self, name: str) -> str:
        """Delete a script in the work tree."""
        (self.folder / name).unlink()
        return self.path(name)

    def symlink(self, name: str, to: str) -> str:
        """Put a symbolic link where a script would be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).symlink_to(to)
        return self.path(name)

    def read(self, name: str) -> str:
        """Return what a script in the work tree holds, byte for byte."""
        return (self.folder / name).read_bytes().decode()

    def listing(self) -> list[str]:
        """Return the names of all files in the scripts folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def write(self, path: str, text: str | bytes) -> Path:
        """Write any other file of the project, `pyproject.toml` say."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        return target

    def _write(self, name: str, text: str | bytes) -> str:
        data = text.encode() if isinstance(text, str) else text
        (self.folder / name).write_bytes(data)
        return self.path(name)

    # Git

    def git(
        self,
        *arguments: str,
        exit_code: int = 0,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> str:
        """Run git here and return what it printed."""
        return self.env.git(*arguments, cwd=self.root, exit_code=exit_code, env=env, stdin=stdin)

    def exclude_databases(self) -> None:
        """Let git ignore databases, as `.gitignore` would."""
        exclude = self.root / self.git("rev-parse", "--git-path", "info/exclude")
        exclude.parent.mkdir(parents=True, exist_ok=True)
        exclude.write_text(EXCLUDED)

    def stage(self, *names: str) -> None:
        """Stage these scripts as they are now (gone ones as deletions), or without names all."""
        if names:
            self.git("add", "--all", "--", *(self.path(name) for name in names))
        else:
            self.git("add", "--all")

    def commit(self, message: str, *, author: str = "Ada", stage: bool = True) -> str:
        """Commit everything, or with `stage=False` what is staged, and return the commit's id."""
        if stage:
            self.stage()
        self.git("commit", "--quiet", "--allow-empty", "-m", message, env=person(author))
        return self.head

    @property
    def head(self) -> str:
        """The id of the commit that is checked out."""
        return self.rev("HEAD")

    def rev(self, revision: str) -> str:
        """Return the commit id of a revision."""
        return self.git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Start a branch and switch to it."""
        self.git("switch", "--quiet", "--create", name, at)

    def switch(self, name: str) -> None:
        """Switch to a branch."""
        self.git("switch", "--quiet", name)

    def detach(self, revision: str = "HEAD") -> None:
        """Check out a commit without a branch."""
        self.git("switch", "--quiet", "--detach", revision)

    def merge(self, *revisions: str, options: Iterable[str] = (), author: str = "Ada") -> str:
        """Merge, which must go through without a conflict, and return the commit's id."""
        self.git("merge", "--quiet", "--no-edit", *options, *revisions, env=person(author))
        return self.head

    def merge_stops(self, *revisions: str, options: Iterable[str] = ()) -> list[str]:
        """Merge, which must stop on a conflict, and return the paths that are in it."""
        self.git("merge", "--quiet", "--no-edit", *options, *revisions, exit_code=1)
        return self.unmerged()

    def unmerged(self) -> list[str]:
        """Return the paths that a stopped merge, rebase or cherry-pick left unmerged."""
        listed = self.git("diff", "--name-only", "--diff-filter=U", "-z")
        return sorted(path for path in listed.split("\0") if path)

    def rebase(self, onto: str) -> str:
        """Rebase the branch, which must go through, and return the commit's id."""
        self.git("rebase", "--quiet", onto)
        return self.head

    def cherry_pick(self, revision: str) -> str:
        """Pick a commit, which must go through, and return the new one's id."""
        self.git("cherry-pick", revision)
        return self.head

    def tree(self, revision: str = "HEAD") -> list[str]:
        """Return the names of the scripts that a commit holds."""
        listed = self.git("ls-tree", "-r", "-z", "--name-only", revision, "--", f"{self.path('')}/")
        return [Path(path).name for path in listed.split("\0") if path]

    # Other places

    def remote(self, name: str = "origin") -> Path:
        """Make a bare repository beside this one, as its remote, and return where it is."""
        where = self._beside(f"{name}.git")
        self.git("init", "--quiet", "--bare", str(where))
        self.git("remote", "add", name, str(where))
        return where

    def push(self, *branches: str, remote: str = "origin") -> None:
        """Push these branches, or the one that is checked out, and remember them as upstream."""
        self.git("push", "--quiet", "--set-upstream", remote, *(branches or ("HEAD",)))

    def fetch(self, remote: str = "origin") -> None:
        """Fetch all branches."""
        self.git("fetch", "--quiet", remote)

    def clone(self, name: str, *options: str, source: Path | None = None) -> Project:
        """Clone this repository (or another one) as a colleague would, over the file protocol."""
        where = self._beside(name)
        self.git("clone", "--quiet", *options, (source or self.root).as_uri(), str(where))
        cloned = self._sibling(where)
        if "--bare" not in options and "--mirror" not in options:
            cloned.exclude_databases()
        return cloned

    def copy(self, name: str) -> Project:
        """Copy the whole repository, to go on from here twice; cheaper than telling it again."""
        return self._sibling(Path(shutil.copytree(self.root, self._beside(name), symlinks=True)))

    def worktree(self, name: str, branch: str, *, new: bool = True) -> Project:
        """Check out a branch in a linked work tree beside this one."""
        where = self._beside(name)
        arguments = ["-b", branch, str(where)] if new else [str(where), branch]
        self.git("worktree", "add", "--quiet", *arguments)
        return self._sibling(where)

    def submodule(self, other: Project, path: str) -> Project:
        """Add another project as a submodule, staged but not committed."""
        self.git("submodule", "--quiet", "add", str(other.root), path)
        return self._sibling(self.root / path)

    def _beside(self, name: str) -> Path:
        where = self.root.parent / name
        if where.exists():
            raise AssertionError(f"{name} is there already")
        return where

    def _sibling(self, root: Path) -> Project:
        project = Project(self.env, root, database=self.database)
        project.results = self.results
        return project

    # Databases

    def ledger(self, database: str | None = None) -> list[Entry]:
        """Return the ledger's rows in number order; none without a database or a ledger."""
        path = self.root / (database or self.database)
        if not path.exists():
            return []
        with contextlib.closing(open_database(path, apsw.SQLITE_OPEN_READONLY)) as connection:
            if not connection.table_exists(None, "_migrations"):
                return []
            rows = connection.execute("select id, filename, script from _migrations order by id")
            return [Entry(*row) for row in rows]

    def write_ledger(
        self,
        entries: Iterable[Entry | tuple[int, str, str | bytes | None]],
        database: str | None = None,
        columns: Mapping[str, str] = LEDGER_COLUMNS,
    ) -> Path:
        """Write a ledger by hand, as another program would: only the rows, nothing is run.

        `columns` gives names and types in the order they are created; a column that is none of
        FORMATS.md's is left to its default.
        """
        path = self.root / (database or self.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        with contextlib.closing(open_database(path)) as connection, connection:
            connection.execute(f"create table if not exists _migrations ({declared})")
            for entry in entries:
                row = dict(zip(("id", "filename", "script"), entry, strict=True))
                row |= {"started_at": WHEN, "finished_at": WHEN}
                row = {name: value for name, value in row.items() if name in columns}
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                connection.execute(
                    f"insert into _migrations ({names}) values ({marks})", tuple(row.values())
                )
        return path

    def published_in_production(self, *names: str) -> Path:
        """Write a ref database whose ledger holds these scripts as they are now."""
        return self.write_ledger(self.entries(*names), f"{self.database}.ref")

    def entries(self, *names: str) -> list[Entry]:
        """Return the ledger rows that applying these scripts as they are now would write."""
        return [Entry(int(name.split(".")[0]), name, self.read(name)) for name in names]

    def query(self, sql: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Ask the working database, or another one, and return the rows."""
        path = self.root / (database or self.database)
        with contextlib.closing(open_database(path, apsw.SQLITE_OPEN_READONLY)) as connection:
            return connection.execute(sql).fetchall()

    # tsm

    def tsm(
        self,
        *arguments: str,
        cwd: Path | str = ".",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Result:
        """Run tsm as a user does, in a process of its own."""
        # -P: a console script has no current directory on its search path either.
        completed = self.env.run(
            [sys.executable, "-P", "-m", "tsm_git", *arguments],
            cwd=self.root / cwd,
            shown=" ".join(["tsm", *arguments]),
            env={"PYTHONPATH": str(SOURCE)} | dict(env or {}),
            stdin=stdin,
        )
        return self._remember(Result(completed))

    def tsm_inprocess(
        self,
        *arguments: str,
        cwd: Path | str = ".",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Result:
        """Run tsm within this process: some ten times quicker, for tests of options and words."""
        with contextlib.chdir(self.root / cwd):
            ran = CliRunner().invoke(
                main, arguments, input=stdin, env=self.env.variables(env), prog_name="tsm"
            )
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        completed = Completed(" ".join(["tsm", *arguments]), ran.exit_code, ran.stdout, ran.stderr)
        self.env.transcript.append(completed)
        return self._remember(Result(completed))

    def apply(self, *arguments: str) -> Result:
        """Apply what is pending, which must go well."""
        return self.tsm("apply", *arguments).exits(0)

    def _remember(self, result: Result) -> Result:
        self.results.append(result)
        return result


def sql_for(name: str) -> str:
    """Return the text a script gets when its story does not care: one table, named like it."""
    table = name.removesuffix(".sql").split(".", 1)[-1]
    return f"create table [{table}] (id integer primary key);\n"


def person(name: str) -> dict[str, str]:
    """Return the variables that make somebody else the author and committer."""
    email = f"{name.lower()}@example.com"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }


def open_database(path: Path, flags: int | None = None) -> apsw.Connection:
    """Open a database for the test's own hands."""
    if flags is None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    return apsw.Connection(str(path), flags=flags)
