"""Settings: what `[tool.tsm]` says, checked, with every default in one place.

Reads no file: it is given the parsed table and the name of where it came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NoReturn, TypeVar

from tsm_git.core.errors import ConfigError
from tsm_git.core.finding import Severity
from tsm_git.core.record import NamedTuple

Value = TypeVar("Value")

SUFFIX = ".migrations"
_VERSION = r"3(\.[0-9]{1,3}){1,3}"
# A dotted name, and perhaps the name of something in that module.
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*)?"


class Command(NamedTuple):
    """A program with its arguments, as the configuration gives it."""

    argv: tuple[str, ...]


class Plugin(NamedTuple):
    """A model source that an entry point of the group `tsm.models` offers, and what it is given."""

    name: str
    argument: str | None = None


class DatabaseSettings(NamedTuple):
    """One database of the project; paths are relative to the repository root, POSIX style.

    `home` is the folder of the configuration file: commands start there, and modules are looked
    for there. `models` is a path if it ends in `.sql`, else the name of a module.
    """

    path: str
    models: str | Command | Plugin | None = None
    python: str | None = None
    ref_source: str | Command | None = None
    after_backup: Command | None = None
    keep_backups: int | None = None
    min_sqlite: str | None = None
    home: str = ""

    @property
    def folder(self) -> str:
        """The folder of this database's scripts."""
        return self.path + SUFFIX


_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_NO_SEVERITIES: Mapping[str, Severity | None] = MappingProxyType({})


class Settings(NamedTuple):
    """The whole configuration. No databases: every folder `X.migrations/` is one.

    `severities` maps a rule's code to what it was set to, None for off. `ignores` are pairs of
    a pattern (for a file name, or a path from the repository root) and codes.
    """

    source: str = "the defaults"
    shared: DatabaseSettings = DatabaseSettings("")  # what holds for databases that are not listed
    databases: tuple[DatabaseSettings, ...] = ()
    names: Mapping[str, str] = _NO_NAMES  # the name of a database -> its path
    base: str | None = None
    strict: bool = False
    tip_file: bool = False
    ignore_branches: tuple[str, ...] = ()
    max_branch_age: int | None = None  # days
    severities: Mapping[str, Severity | None] = _NO_SEVERITIES
    ignores: tuple[tuple[str, frozenset[str]], ...] = ()

    def of(self, database: str) -> DatabaseSettings:
        """The settings of the database with that path, listed or not."""
        listed = (found for found in self.databases if found.path == database)
        return next(listed, self.shared._replace(path=database))

    def severity(self, code: str, default: Severity) -> Severity | None:
        """The severity of a rule, None where it is off."""
        return self.severities.get(code, default)

    def ignored(self, code: str, path: str) -> bool:
        """Whether a finding of that rule on that path is to be dropped."""
        filename = path.rpartition("/")[2]
        return any(
            code in codes and (fnmatchcase(filename, pattern) or fnmatchcase(path, pattern))
            for pattern, codes in self.ignores
        )


def parse_settings(
    table: Mapping[str, object], source: str, codes: Collection[str], prefix: str = ""
) -> Settings:
    """The settings that a configuration table describes.

    `source` names the table in errors, `codes` are the rules that exist, `prefix` is the folder of
    the configuration file relative to the repository root. Raises ConfigError with the key, the
    value and what was expected.
    """
    reader = _Reader(source, prefix)
    reader.known(table, "", (*_DATABASE_KEYS, *_KEYS))
    shared = reader.database(table, "", "")
    databases = []
    names = {}
    named = reader.table(table, "databases")
    if "database" in table and named:
        reader.fail("databases", named, "either `database` or `databases`, not both")
    if "database" in table:
        path = reader.path("database", table["database"])
        databases.append(reader.database(table, "", path))
    for name, values in named.items():
        key = f"databases.{name}"
        if not isinstance(values, dict):
            reader.fail(key, values, "a table with a `path`")
        reader.known(values, key + ".", (*_DATABASE_KEYS, "path"))
        names[name] = path = reader.path(f"{key}.path", values.get("path", name))
        databases.append(reader.database({**table, **values}, key + ".", path))
    return Settings(
        source=source,
        shared=shared,
        databases=tuple(databases),
        names=names,
        base=reader.text(table, "base"),
        strict=reader.flag(table, "strict"),
        tip_file=reader.flag(table, "tip_file"),
        ignore_branches=reader.patterns("ignore_branches", table.get("ignore_branches", [])),
        max_branch_age=(
            reader.count("max_branch_age", table["max_branch_age"])
            if "max_branch_age" in table
            else None
        ),
        severities=reader.severities(table, codes),
        ignores=reader.ignores(table, codes),
    )


_DATABASE_KEYS = ("models", "python", "ref_source", "after_backup", "keep_backups", "min_sqlite")
_KEYS = (
    "database",
    "databases",
    "base",
    "strict",
    "tip_file",
    "ignore_branches",
    "max_branch_age",
    "rules",
    "per-file-ignores",
)


class _Reader:
    """Takes values out of the table; every error names the key, the value and what is expected."""

    def __init__(self, source: str, prefix: str) -> None:
        self._source = source
        self._prefix = prefix

    def fail(self, key: str, value: object, expected: str) -> NoReturn:
        raise ConfigError(
            f"{self._source}: `{key}` is {value!r}, expected {expected}",
            f"correct it, or delete the line to have the default of `{key}`",
        )

    def known(self, table: Mapping[str, object], prefix: str, keys: Collection[str]) -> None:
        for key in table:
            if key not in keys:
                raise ConfigError(
                    f"{self._source}: unknown key `{prefix}{key}` (value {table[key]!r})",
                    _suggestion(key, keys),
                )

    def table(self, table: Mapping[str, object], key: str) -> dict[str, object]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, value, "a table")
        return value

    def text(self, table: Mapping[str, object], key: str) -> str | None:
        return self.words(key, table[key]) if key in table else None

    def words(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.fail(key, value, "a string that is not empty")
        return value

    def flag(self, table: Mapping[str, object], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.fail(key, value, "true or false")
        return value

    def path(self, key: str, value: object) -> str:
        expected = "a path inside the repository, relative to the configuration file"
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            self.fail(key, value, expected)
        parts: list[str] = [part for part in self._prefix.split("/") if part]
        if value.startswith("/") or re.match(r"[A-Za-z]:", value):
            self.fail(key, value, expected)
        for part in value.replace("\\", "/").split("/"):
            if part == "..":
                if not parts:
                    self.fail(key, value, expected)
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        if not parts or value.endswith("/"):
            self.fail(key, value, expected)
        return "/".join(parts)

    def program(self, key: str, value: object) -> Command:
        if isinstance(value, dict) and set(value) == {"command"}:
            value = value["command"]
        words = value if isinstance(value, list) else []
        if not words or not all(isinstance(word, str) and word for word in words):
            self.fail(key, value, 'a list of strings, such as ["program", "argument"]')
        return Command(tuple(words))

    def text_or_program(self, key: str, value: object) -> str | Command:
        return value if isinstance(value, str) and value else self.program(key, value)

    def models(self, key: str, value: object) -> str | Command | Plugin:
        if isinstance(value, dict) and "plugin" in value:
            return self._plugin(key, value)
        if not isinstance(value, str):
            return self.program(key, value)
        if value.lower().endswith(".sql"):
            return self.path(key, value)
        if not re.fullmatch(_MODULE, value):
            self.fail(key, value, 'a module, "module:attribute" or a path that ends in .sql')
        return value

    def _plugin(self, key: str, value: Mapping[str, object]) -> Plugin:
        self.known(value, key + ".", ("plugin", "argument"))
        argument = value.get("argument")
        return Plugin(
            self.words(f"{key}.plugin", value["plugin"]),
            None if argument is None else self.words(f"{key}.argument", argument),
        )

    def patterns(self, key: str, value: object) -> tuple[str, ...]:
        words = value if isinstance(value, list) else [None]
        if not all(isinstance(word, str) and word for word in words):
            self.fail(key, value, 'a list of patterns, such as ["archive/*"]')
        return tuple(words)

    def count(self, key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.fail(key, value, "a whole number of at least 1")
        return value

    def version(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(_VERSION, value):
            self.fail(key, value, 'a version of SQLite, such as "3.37"')
        return value

    def database(self, table: Mapping[str, object], prefix: str, path: str) -> DatabaseSettings:
        """One database from its own table, over what is set for all."""

        def value(key: str, read: Callable[[str, object], Value]) -> Value | None:
            return read(prefix + key, table[key]) if key in table else None

        return DatabaseSettings(
            path=path,
            models=value("models", self.models),
            python=value("python", self.words),
            ref_source=value("ref_source", self.text_or_program),
            after_backup=value("after_backup", self.program),
            keep_backups=value("keep_backups", self.count),
            min_sqlite=value("min_sqlite", self.version),
            home=self._prefix,
        )

    def severities(
        self, table: Mapping[str, object], codes: Collection[str]
    ) -> dict[str, Severity | None]:
        words: dict[str, Severity | None] = {s.value: s for s in Severity} | {"off": None}
        found = {}
        for code, word in self.table(table, "rules").items():
            self._code(f"rules.{code}", code, codes)
            if not isinstance(word, str) or word not in words:
                self.fail(f"rules.{code}", word, "error, warning, note or off")
            found[code] = words[word]
        return found

    def ignores(
        self, table: Mapping[str, object], codes: Collection[str]
    ) -> tuple[tuple[str, frozenset[str]], ...]:
        found = []
        for pattern, ignored in self.table(table, "per-file-ignores").items():
            key = f"per-file-ignores.{pattern}"
            if not isinstance(ignored, list) or not ignored:
                self.fail(key, ignored, 'a list of rule codes, such as ["TSM102"]')
            for code in ignored:
                self._code(key, code, codes)
            found.append((pattern, frozenset(ignored)))
        return tuple(found)

    def _code(self, key: str, code: object, codes: Collection[str]) -> None:
        if not isinstance(code, str) or code not in codes:
            raise ConfigError(
                f"{self._source}: `{key}` names {code!r}, expected the code of a rule",
                _suggestion(str(code), codes),
            )


def _suggestion(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # only an error pays for it

    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"expected one of: {', '.join(sorted(known))}"
