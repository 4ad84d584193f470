"""Every key of the configuration: what it may hold, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsm_git.core.errors import ConfigError
from tsm_git.core.finding import Severity
from tsm_git.core.settings import Command, DatabaseSettings, Plugin, Settings, parse_settings

CODES = frozenset({"TSM101", "TSM102", "TSM201"})
PATH = "a path inside the repository, relative to the configuration file"
MODELS = 'a module, "module:attribute" or a path that ends in .sql'
WORDS = 'a list of strings, such as ["program", "argument"]'


def parse(table: dict[str, Any], prefix: str = "") -> Settings:
    """Parse a table that may stand in `tsm.toml`."""
    return parse_settings(table, "tsm.toml", CODES, prefix)


def wrong(table: dict[str, Any], prefix: str = "") -> ConfigError:
    """Parse a table that is wrong, and return how."""
    with pytest.raises(ConfigError) as failure:
        parse(table, prefix)
    return failure.value


class TestDefaults:
    def test_nothing_need_be_said(self) -> None:
        settings = parse({})

        assert settings == Settings(source="tsm.toml")
        assert (settings.databases, settings.base, settings.strict) == ((), None, False)
        assert settings.severity("TSM101", Severity.NOTE) is Severity.NOTE
        assert not settings.ignored("TSM101", "a/001.x.sql")

    def test_a_database_needs_no_more_than_a_path(self) -> None:
        (database,) = parse({"database": "data/app.sqlite"}).databases

        assert database == DatabaseSettings("data/app.sqlite")
        assert database.folder == "data/app.sqlite.migrations"


class TestRight:
    def test_every_key(self) -> None:
        settings = parse(
            {
                "databases": {
                    "shop": {"path": "data/shop", "keep_backups": 5, "models": "shop.models"},
                    "log.sqlite": {},
                },
                "base": "origin/main",
                "strict": True,
                "tip_file": True,
                "ignore_branches": ["archive/*"],
                "max_branch_age": 90,
                "rules": {"TSM101": "off", "TSM102": "note"},
                "per-file-ignores": {"003.*.sql": ["TSM102", "TSM201"]},
                "python": ".venv/bin/python",
                "keep_backups": 20,
                "min_sqlite": "3.37.2",
                "models": {"command": ["python", "ddl.py"]},
                "ref_source": ["cp", "prod", "{dest}"],
                "after_backup": {"command": ["upload", "{path}"]},
            }
        )

        assert settings.databases == (
            DatabaseSettings("data/shop", "shop.models", ".venv/bin/python",
                             Command(("cp", "prod", "{dest}")), Command(("upload", "{path}")),
                             5, "3.37.2"),
            DatabaseSettings("log.sqlite", Command(("python", "ddl.py")), ".venv/bin/python",
                             Command(("cp", "prod", "{dest}")), Command(("upload", "{path}")),
                             20, "3.37.2"),
        )  # fmt: skip
        assert settings.names == {"shop": "data/shop", "log.sqlite": "log.sqlite"}
        assert (settings.base, settings.strict, settings.tip_file) == ("origin/main", True, True)
        assert (settings.ignore_branches, settings.max_branch_age) == (("archive/*",), 90)

    def test_severities(self) -> None:
        settings = parse({"rules": {"TSM101": "off", "TSM102": "note", "TSM201": "error"}})

        assert settings.severity("TSM101", Severity.ERROR) is None
        assert settings.severity("TSM102", Severity.ERROR) is Severity.NOTE
        assert settings.severity("TSM201", Severity.WARNING) is Severity.ERROR

    @pytest.mark.parametrize(
        ("code", "path", "ignored"),
        [
            ("TSM102", "x.migrations/003.a.sql", True),
            ("TSM101", "x.migrations/003.a.sql", False),
            ("TSM102", "x.migrations/004.a.sql", False),
            ("TSM101", "old/x.migrations/001.a.sql", True),
            ("TSM101", "x.migrations/001.a.sql", False),
        ],
    )
    def test_ignores(self, code: str, path: str, ignored: bool) -> None:
        settings = parse({"per-file-ignores": {"003.*.sql": ["TSM102"], "old/*": ["TSM101"]}})

        assert settings.ignored(code, path) == ignored

    @pytest.mark.parametrize(
        ("prefix", "value", "path"),
        [
            ("", "app.sqlite", "app.sqlite"),
            ("", "./data//app.sqlite", "data/app.sqlite"),
            ("", "data\\app.sqlite", "data/app.sqlite"),
            ("", "a/../b", "b"),
            ("svc", "app.sqlite", "svc/app.sqlite"),
            ("svc/x", "../app.sqlite", "svc/app.sqlite"),
            ("svc/x", "../../app.sqlite", "app.sqlite"),
            ("", "..app", "..app"),
        ],
    )
    def test_paths(self, prefix: str, value: str, path: str) -> None:
        (database,) = parse({"database": value}, prefix).databases

        assert database.path == path

    @given(st.text(), st.sampled_from(["", "a", "a/b"]))
    def test_no_path_leaves_the_repository(self, value: str, prefix: str) -> None:
        try:
            (database,) = parse({"database": value}, prefix).databases
        except ConfigError:
            return
        parts = database.path.split("/")
        assert parts
        assert not {"", ".", ".."} & set(parts)

    @pytest.mark.parametrize(
        ("value", "models"),
        [
            ("myapp", "myapp"),
            ("myapp.models", "myapp.models"),
            ("myapp.models:Base.metadata", "myapp.models:Base.metadata"),
            ("schema.sql", "svc/schema.sql"),
            ("../db/Schema.SQL", "db/Schema.SQL"),
            (["make", "ddl"], Command(("make", "ddl"))),
            ({"plugin": "pony"}, Plugin("pony")),
            ({"plugin": "pony", "argument": "myapp:db"}, Plugin("pony", "myapp:db")),
        ],
    )
    def test_models(self, value: Any, models: Any) -> None:
        assert parse({"models": value}, "svc").shared.models == models

    def test_what_is_set_for_all_holds_for_a_database_that_is_not_listed(self) -> None:
        settings = parse(
            {
                "databases": {"a": {"models": "a.models", "path": "data/a"}},
                "models": "b.models",
                "keep_backups": 3,
            },
            "svc",
        )

        assert settings.of("svc/data/a") == settings.databases[0]
        assert settings.of("svc/data/a").models == "a.models"
        assert settings.of("other") == DatabaseSettings(
            "other", "b.models", keep_backups=3, home="svc"
        )


class TestWrong:
    @pytest.mark.parametrize(
        ("table", "key", "value", "expected"),
        [
            ({"database": 5}, "database", "5", PATH),
            ({"database": ""}, "database", "''", PATH),
            ({"database": "  "}, "database", "'  '", PATH),
            ({"database": "."}, "database", "'.'", PATH),
            ({"database": "a/"}, "database", "'a/'", PATH),
            ({"database": "/a"}, "database", "'/a'", PATH),
            ({"database": "C:\\a"}, "database", r"'C:\\a'", PATH),
            ({"database": "../a"}, "database", "'../a'", PATH),
            ({"database": "a/../../b"}, "database", "'a/../../b'", PATH),
            ({"database": "a\0b"}, "database", r"'a\x00b'", PATH),
            ({"database": ["a"]}, "database", "['a']", PATH),
            ({"databases": ["a"]}, "databases", "['a']", "a table"),
            ({"databases": {"a": 5}}, "databases.a", "5", "a table with a `path`"),
            ({"databases": {"a": {"path": 5}}}, "databases.a.path", "5", PATH),
            ({"databases": {"../a": {}}}, "databases.../a.path", "'../a'", PATH),
            ({"databases": {"a": {"keep_backups": 0}}}, "databases.a.keep_backups", "0",
             "a whole number of at least 1"),
            ({"database": "a", "databases": {"b": {}}}, "databases", "{'b': {}}",
             "either `database` or `databases`, not both"),
            ({"base": 5}, "base", "5", "a string that is not empty"),
            ({"base": " "}, "base", "' '", "a string that is not empty"),
            ({"strict": 1}, "strict", "1", "true or false"),
            ({"strict": "true"}, "strict", "'true'", "true or false"),
            ({"tip_file": 0}, "tip_file", "0", "true or false"),
            ({"max_branch_age": 0}, "max_branch_age", "0", "a whole number of at least 1"),
            ({"keep_backups": 0}, "keep_backups", "0", "a whole number of at least 1"),
            ({"keep_backups": True}, "keep_backups", "True", "a whole number of at least 1"),
            ({"keep_backups": 1.5}, "keep_backups", "1.5", "a whole number of at least 1"),
            ({"min_sqlite": 3.37}, "min_sqlite", "3.37", 'a version of SQLite, such as "3.37"'),
            ({"min_sqlite": "4.0"}, "min_sqlite", "'4.0'", 'a version of SQLite, such as "3.37"'),
            ({"min_sqlite": "3"}, "min_sqlite", "'3'", 'a version of SQLite, such as "3.37"'),
            ({"python": ["x"]}, "python", "['x']", "a string that is not empty"),
            ({"models": 5}, "models", "5", WORDS),
            ({"models": ""}, "models", "''", MODELS),
            ({"models": "a b"}, "models", "'a b'", MODELS),
            ({"models": "--help"}, "models", "'--help'", MODELS),
            ({"models": "a/b.py"}, "models", "'a/b.py'", MODELS),
            ({"models": "a:b:c"}, "models", "'a:b:c'", MODELS),
            ({"models": "../x.sql"}, "models", "'../x.sql'", PATH),
            ({"models": {"plugin": 1}}, "models.plugin", "1", "a string that is not empty"),
            ({"models": []}, "models", "[]", WORDS),
            ({"models": {"command": []}}, "models", "[]", WORDS),
            ({"models": {"comand": ["x"]}}, "models", "{'comand': ['x']}", WORDS),
            ({"models": ["x", 1]}, "models", "['x', 1]", WORDS),
            ({"ref_source": ["x", ""]}, "ref_source", "['x', '']", WORDS),
            ({"after_backup": "x"}, "after_backup", "'x'", WORDS),
            ({"rules": "off"}, "rules", "'off'", "a table"),
            ({"rules": {"TSM102": "Error"}}, "rules.TSM102", "'Error'",
             "error, warning, note or off"),
            ({"rules": {"TSM102": False}}, "rules.TSM102", "False", "error, warning, note or off"),
            ({"rules": {"TSM102": ["off"]}}, "rules.TSM102", "['off']",
             "error, warning, note or off"),
            ({"per-file-ignores": ["x"]}, "per-file-ignores", "['x']", "a table"),
            ({"per-file-ignores": {"x": "TSM102"}}, "per-file-ignores.x", "'TSM102'",
             'a list of rule codes, such as ["TSM102"]'),
            ({"per-file-ignores": {"x": []}}, "per-file-ignores.x", "[]",
             'a list of rule codes, such as ["TSM102"]'),
        ],
    )  # fmt: skip
    def test_a_value_is_told_with_its_key_and_what_was_expected(
        self, table: dict[str, Any], key: str, value: str, expected: str
    ) -> None:
        error = wrong(table)

        assert error.message == f"tsm.toml: `{key}` is {value}, expected {expected}"
        assert error.hint == f"correct it, or delete the line to have the default of `{key}`"

    @pytest.mark.parametrize("value", [5, "x", ["x", 1], [""]])
    def test_patterns_of_branches(self, value: object) -> None:
        assert wrong({"ignore_branches": value}).message.startswith(
            "tsm.toml: `ignore_branches` is"
        )

    @pytest.mark.parametrize(
        ("table", "key", "hint"),
        [
            ({"databse": "x"}, "databse", "did you mean `database`?"),
            ({"per_file_ignores": {}}, "per_file_ignores", "did you mean `per-file-ignores`?"),
            ({"databases": {"a": {"pth": "x"}}}, "databases.a.pth", "did you mean `path`?"),
            ({"databases": {"a": {"strict": True}}}, "databases.a.strict", None),
            ({"xyzzy": 1}, "xyzzy", None),
        ],
    )
    def test_a_key_is_told_with_what_it_may_mean(
        self, table: dict[str, Any], key: str, hint: str | None
    ) -> None:
        error = wrong(table)

        assert error.message.startswith(f"tsm.toml: unknown key `{key}` (value ")
        assert error.hint == hint if hint else error.hint.startswith("expected one of: ")

    @pytest.mark.parametrize(
        ("table", "key", "code"),
        [
            ({"rules": {"TSM999": "off"}}, "rules.TSM999", "'TSM999'"),
            ({"rules": {"tsm102": "off"}}, "rules.tsm102", "'tsm102'"),
            ({"per-file-ignores": {"x": ["TSM1"]}}, "per-file-ignores.x", "'TSM1'"),
            ({"per-file-ignores": {"x": [5]}}, "per-file-ignores.x", "5"),
            ({"per-file-ignores": {"x": [["TSM102"]]}}, "per-file-ignores.x", "['TSM102']"),
            ({"per-file-ignores": {"x": [{}]}}, "per-file-ignores.x", "{}"),
        ],
    )
    def test_a_rule_has_to_exist(self, table: dict[str, Any], key: str, code: str) -> None:
        assert (
            wrong(table).message == f"tsm.toml: `{key}` names {code}, expected the code of a rule"
        )

    @given(
        st.dictionaries(
            st.sampled_from(
                ["database", "databases", "base", "strict", "tip_file", "ignore_branches",
                 "max_branch_age", "rules", "per-file-ignores", "models", "python", "ref_source",
                 "after_backup", "keep_backups", "min_sqlite", "path", "other"]
            ),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=3),
                    st.dictionaries(st.one_of(st.text(), st.sampled_from(sorted(CODES))), inner,
                                    max_size=3),
                ),
                max_leaves=6,
            ),
        )
    )  # fmt: skip
    def test_whatever_it_holds_it_is_right_or_told(self, table: dict[str, Any]) -> None:
        told: ConfigError | None = None
        try:
            parse(table)
        except ConfigError as error:
            told = error
        assert told is None or (told.message.startswith("tsm.toml: ") and told.hint)
