"""Plays a rule case on a real repository with real databases, step by step.

Knows nothing of rules and findings; what the check must say is for the test to compare.
"""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

import apsw

from tests.cases.loader import FOLDER, Case, CaseError, Step
from tests.harness.project import LEDGER_COLUMNS, Entry, Project, open_database

# A ledger that another program wrote may lack a text.
COLUMNS = LEDGER_COLUMNS | {"script": "[TEXT]"}


class Story:
    """The method that is named like a step's verb does what the step says."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.database = ""  # the one whose ledger is being written

    def play(self, case: Case) -> None:
        """Do everything that the case tells of; CaseError names the step that cannot be done."""
        for step in case.steps:
            try:
                getattr(self, step.verb)(step)
            except (AssertionError, OSError, ValueError, apsw.Error) as error:
                raise CaseError(f"{case.path}:{step.line}: {step.verb}: {error}") from error

    def branch(self, step: Step) -> None:
        self.project.branch(step.name, step.other)

    def on(self, step: Step) -> None:
        current = self.project.git("symbolic-ref", "--short", "HEAD")
        if step.name != current:
            self.project.switch(step.name)

    def add(self, step: Step) -> None:
        path = self._path(step.name)
        assert not path.exists(), "the file is there already; `~` edits one"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(step.text or b"")

    def edit(self, step: Step) -> None:
        path = self._path(step.name)
        assert path.exists(), "there is no such file; `+` adds one"
        assert step.text is not None, "the new text is missing"
        assert path.read_bytes() != step.text, "this is no edit: the file holds that text already"
        path.write_bytes(step.text)

    def delete(self, step: Step) -> None:
        self._path(step.name).unlink()

    def rename(self, step: Step) -> None:
        target = self._path(step.other)
        assert not target.exists(), "there is a file of the new name already"
        self._path(step.name).rename(target)
        if step.text is not None:
            target.write_bytes(step.text)

    def link(self, step: Step) -> None:
        path = self._path(step.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(step.other)

    def stage(self, step: Step) -> None:
        names = [self._path(step.name)] if step.name else []
        self.project.git("add", "--all", *(["--"] if names else []), *map(str, names))

    def commit(self, step: Step) -> None:
        assert step.name in ("", "staged"), f"a commit of what: {step.name}"
        self.project.commit(f"line {step.line}", stage=not step.name)

    def merge(self, step: Step) -> None:
        *arguments, last = shlex.split(step.name)
        if last == "stops":
            assert self.project.merge_stops(*arguments), "the merge stopped, but not on a conflict"
        else:
            self.project.merge(*arguments, last)

    def git(self, step: Step) -> None:
        self.project.git(*shlex.split(step.name))

    def ledger(self, step: Step) -> None:
        self.database = "app.sqlite" if step.name == "working" else "app.sqlite.ref"
        self.project.write_ledger([], self.database, COLUMNS)

    def row(self, step: Step) -> None:
        data = self._path(step.name).read_bytes() if step.text is None else step.text
        text = data.decode()
        with contextlib.closing(open_database(self.project.root / self.database)) as connection:
            connection.execute(text).fetchall()
        self._write_row(step, text)

    def row_without_text(self, step: Step) -> None:
        self._write_row(step, None)

    def _write_row(self, step: Step, text: str | None) -> None:
        number = int(step.other or step.name.split(".")[0])
        self.project.write_ledger([Entry(number, step.name, text)], self.database, COLUMNS)

    def _path(self, name: str) -> Path:
        root = self.project.root
        return root / name[1:] if name.startswith("/") else root / FOLDER / name
