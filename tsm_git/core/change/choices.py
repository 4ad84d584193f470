"""The choices that a generated script may need: what was renamed, and what rows get.

Also how they are written on a command line: `users.email=users.mail`, `users.age=0`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tsm_git.core.change.renames import Rename
from tsm_git.core.errors import UsageError
from tsm_git.core.schema.names import written
from tsm_git.core.schema.objects import Schema
from tsm_git.core.sql import fold

_NOTHING: Mapping[tuple[str, str], str] = MappingProxyType({})


class Choices(NamedTuple):
    """What has been chosen. `all_renames` says that nothing else was renamed.

    `defaults` maps a folded table and column to the SQL expression that rows get. `consolidate`
    says that one script is to take the place of all drafts.
    """

    renames: tuple[Rename, ...] = ()
    defaults: Mapping[tuple[str, str], str] = _NOTHING
    all_renames: bool = False
    allow_loss: bool = False
    consolidate: bool = False

    def with_renames(self, *renames: Rename) -> Choices:
        """These choices and some renames more."""
        return self._replace(renames=(*self.renames, *renames))

    def with_default(self, key: tuple[str, str], value: str) -> Choices:
        """These choices and what the rows of one column get."""
        return self._replace(defaults={**self.defaults, key: value})


def parse_choices(
    columns: Sequence[str], tables: Sequence[str], defaults: Sequence[str]
) -> Choices:
    """The choices that options give; raises UsageError where one is not in their form."""
    renames = []
    for text in tables:
        old, new = _pair(text, "--rename-table users=people")
        renames.append(Rename("", old, new))
    for text in columns:
        old, new = _pair(text, "--rename users.email=users.mail")
        old_table, _, old_column = old.rpartition(".")
        table, _, new_column = new.rpartition(".")
        if not old_table or not old_column or not new_column:
            raise UsageError(
                f"`{text}` names no column of a table",
                "write it as in `--rename users.email=users.mail`",
            )
        renames.append(Rename(table or old_table, old_column, new_column))
    values = {}
    for text in defaults:
        name, value = _pair(text, "--default users.age=0")
        table, _, column = name.rpartition(".")
        if not table or not column:
            raise UsageError(
                f"`{text}` names no column of a table", "write it as in `--default users.age=0`"
            )
        values[fold(table), fold(column)] = value
    return Choices(tuple(renames), values)


def rename_statements(renames: Sequence[Rename], old: Schema, new: Schema) -> list[str]:
    """The statements that rename, tables first; raises UsageError where one makes no sense."""
    statements = []
    tables = {fold(rename.new): fold(rename.old) for rename in renames if not rename.table}
    for rename in sorted(renames, key=lambda rename: bool(rename.table)):
        if not rename.table:
            _known("table", rename, rename.old in _names(old), rename.new in _names(new))
            statements.append(f"ALTER TABLE {written(rename.old)} RENAME TO {written(rename.new)};")
            continue
        before = old.tables.get(tables.get(fold(rename.table), fold(rename.table)))
        after = new.tables.get(fold(rename.table))
        if before is None or after is None:
            raise UsageError(
                f"there is no table `{rename.table}` in the database and in the models",
                "name the table as the models have it",
            )
        _known(
            "column",
            rename,
            fold(rename.old) in before.columns,
            fold(rename.new) in after.columns,
        )
        statements.append(
            f"ALTER TABLE {written(after.name)} "
            f"RENAME COLUMN {written(rename.old)} TO {written(rename.new)};"
        )
    return statements


def _known(noun: str, rename: Rename, has_old: bool, has_new: bool) -> None:
    hint = "write the old name, `=`, and the new name that the models have"
    if not has_old:
        raise UsageError(f"the database has no {noun} `{rename.old}` to be renamed", hint)
    if not has_new:
        raise UsageError(f"the models have no {noun} `{rename.new}`", hint)


def _names(schema: Schema) -> set[str]:
    return {table.name for table in schema.tables.values()} | set(schema.tables)


def _pair(text: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise UsageError(
            f"`{text}` is not two parts with `=` between", f"write it as in `{example}`"
        )
    return name.strip(), value.strip()
