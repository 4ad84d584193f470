"""Ledgers that other programs wrote, and what strangers put into them."""

from __future__ import annotations

import pytest

from tests.harness.looking import Complaint, complaint, untouched, verdict
from tests.harness.project import LEDGER_COLUMNS, Entry, Project, open_database, sql_for
from tsm_git.adapters.sqlite import read_ledger, read_script
from tsm_git.core.script import digest_of

USERS, MAIL = "001.users.sql", "002.mail.sql"
ROWS = [Entry(1, USERS, sql_for(USERS)), Entry(2, MAIL, sql_for(MAIL))]
CURRENT: tuple[str, list[object], list[str], list[str]] = ("CURRENT", [], [], [USERS, MAIL])
LOOSE = LEDGER_COLUMNS | {"filename": "[TEXT]", "script": "[TEXT]"}
PLAIN = {"id": "INTEGER", "filename": "TEXT", "script": "TEXT"}
NO_LEDGER = Complaint(
    "`app.sqlite`: `_migrations` is no ledger: it needs the columns id, filename and script",
    "FORMATS.md describes the ledger; another tool may use the same table name",
)


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts(USERS, MAIL)
    project.commit("start")
    return project


def run(project: Project, sql: str) -> None:
    """Run SQL on the working database, as some other program might."""
    connection = open_database(project.root / project.database)
    for _ in connection.execute(sql):
        pass
    connection.close()


class TestOtherShapes:
    @pytest.mark.parametrize(
        "columns",
        [
            {"script": "BLOB", "extra": "INT DEFAULT 7", "filename": "VARCHAR(9)", "id": "INT"},
            {"id": "", "filename": "", "script": ""},
            {"ID": "INTEGER PRIMARY KEY", "FileName": "TEXT", "SCRIPT": "TEXT"},
            {"id": "TEXT PRIMARY KEY", "filename": "TEXT", "script": "TEXT"},
            {"id": "REAL", "filename": "TEXT", "script": "TEXT"},
            {"finished_at": "INT", "started_at": "REAL", **PLAIN},
        ],
        ids=["order and types", "no types", "upper case", "text ids", "real ids", "other times"],
    )
    def test_columns_of_other_types_in_another_order(
        self, team: Project, columns: dict[str, str]
    ) -> None:
        known = {name.lower(): name for name in columns}
        team.write_ledger([], columns=columns)
        for row in ROWS:
            names = ", ".join(known[field] for field in row._fields)
            values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in row)
            run(team, f"insert into _migrations ({names}) values ({values})")

        assert verdict(team) == CURRENT

    def test_without_rowids(self, team: Project) -> None:
        run(team, "create table _migrations (id int primary key, filename, script) without rowid")
        team.write_ledger(ROWS, columns=PLAIN)

        assert verdict(team) == CURRENT

    def test_in_utf_16(self, team: Project) -> None:
        run(team, "pragma encoding = 'utf-16'")
        team.script("003.café.sql", "select 'é';\n")
        team.write_ledger([*ROWS, (3, "003.café.sql", "select 'é';\n")])

        assert verdict(team) == ("CURRENT", [], [], [USERS, MAIL, "003.café.sql"])

    @pytest.mark.parametrize("missing", ["id", "filename", "script"])
    @pytest.mark.parametrize("command", ["check", "status", "apply"])
    def test_a_column_that_is_missing(self, team: Project, command: str, missing: str) -> None:
        columns = {name: kind for name, kind in PLAIN.items() if name != missing}
        team.write_ledger([], columns=columns)

        assert complaint(team, command) == NO_LEDGER

    @pytest.mark.parametrize(
        "sql",
        [
            "create view _migrations as select 1 as id, 'x' as filename, 'x' as script",
            "create virtual table _migrations using fts5 (id, filename, script)",
            "create table t (a); create index _migrations on t (a)",
            "create table _migrations (id int, filename text, script text as (id || filename))",
        ],
        ids=["view", "virtual table", "index", "generated column"],
    )
    def test_what_is_no_plain_table_is_not_believed(self, team: Project, sql: str) -> None:
        run(team, sql)

        assert complaint(team, "check") == NO_LEDGER


class TestRows:
    def test_ids_below_one_belong_to_others(self, team: Project) -> None:
        rows = [Entry(0, "zero", None), Entry(-5, "../minus", b"\xff"), *ROWS]
        team.write_ledger(rows, columns=LOOSE)

        assert verdict(team) == CURRENT

    def test_also_where_ids_are_text(self, team: Project) -> None:
        team.write_ledger([(-1, "other", None), *ROWS], columns=PLAIN | {"id": "TEXT"})

        assert verdict(team) == CURRENT

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("'one'", "'one'"),
            ("''", "''"),
            ("null", "'None'"),
            ("1.5", "'1.5'"),
            ("'٣'", "'٣'"),  # int() would take it
            ("x'31'", "\"b'1'\""),
            (f"'{'9' * 5000}'", f"'{'9' * 40}'"),
        ],
        ids=["word", "nothing", "null", "fraction", "foreign digit", "blob", "5000 digits"],
    )
    def test_an_id_that_is_no_number(self, team: Project, value: str, shown: str) -> None:
        team.write_ledger([], columns=PLAIN | {"id": ""})
        run(team, f"insert into _migrations values ({value}, 'x', 'x')")

        assert complaint(team, "check") == (
            f"`app.sqlite`: the ledger has a row with the id {shown}, expected a number",
            "correct `id` in `_migrations`",
        )

    def test_a_number_that_no_script_can_have(self, team: Project) -> None:
        team.write_ledger([ROWS[0], (2**62, "9.x.sql", "select 1")])

        assert verdict(team).findings == [
            ("TSM304", MAIL),
            ("TSM303", "9.x.sql"),
        ]

    def test_a_text_that_is_null_is_compared_by_name(self, team: Project) -> None:
        team.write_ledger([(1, USERS, None), (2, "002.other.sql", None)], columns=LOOSE)

        assert verdict(team).findings == [("TSM303", "002.other.sql")]

    def test_a_name_that_is_null(self, team: Project) -> None:
        run(team, "create table _migrations (id integer primary key, filename, script)")
        run(team, "insert into _migrations values (7, null, 'select 1')")

        assert complaint(team, "check") == (
            "`app.sqlite`: row 7 of the ledger has no file name",
            "set `filename` in `_migrations` to the name of the script that was applied",
        )

    @pytest.mark.parametrize(
        "text", [sql_for(USERS), sql_for(USERS).encode()], ids=["text", "blob"]
    )
    def test_a_text_may_be_a_blob(self, team: Project, text: str | bytes) -> None:
        team.write_ledger([(1, USERS, text), ROWS[1]], columns=PLAIN | {"script": ""})

        assert verdict(team) == CURRENT

    def test_a_name_may_be_a_blob(self, team: Project) -> None:
        run(team, "create table _migrations (id integer primary key, filename, script)")
        team.write_ledger(ROWS, columns=PLAIN)
        run(team, "update _migrations set filename = cast(filename as blob)")

        assert verdict(team) == CURRENT

    @pytest.mark.parametrize("text", [b"\xff\xfe", b"", b"a\0b"], ids=["not UTF-8", "empty", "NUL"])
    def test_a_blob_that_is_no_such_text(self, team: Project, text: bytes) -> None:
        team.write_ledger([(1, USERS, text), ROWS[1]], columns=PLAIN | {"script": ""})

        assert verdict(team).findings == [("TSM301", USERS)]

    def test_a_text_that_is_a_number(self, team: Project) -> None:
        team.script("003.seven.sql", "7")
        run(team, "create table _migrations (id integer primary key, filename, script)")
        run(team, "insert into _migrations values (3, '003.seven.sql', 7)")

        # Only that file has been applied: SQLite may have made a number of its text.
        assert verdict(team).applied == ["003.seven.sql"]
        assert ("TSM301", "003.seven.sql") not in verdict(team).findings

    def test_line_endings_and_a_byte_order_mark_do_not_count(self, team: Project) -> None:
        rows = [(e.id, e.filename, "\ufeff" + str(e.script).replace("\n", "\r\n")) for e in ROWS]
        team.write_ledger(rows)

        assert verdict(team) == CURRENT

    def test_one_number_twice(self, team: Project) -> None:
        team.write_ledger([*ROWS, (1, "001.other.sql", "select 1")], columns=PLAIN)

        assert verdict(team).findings == [("TSM303", "001.other.sql")]


class TestNamesAreNoPaths:
    NAMES = ("../../outside.sql", "/outside.sql", "..", "", "a/../../x.sql")

    @pytest.mark.parametrize("name", NAMES)
    def test_no_path_leaves_the_folder(self, team: Project, name: str) -> None:
        team.write_ledger([ROWS[0], (7, name, "select 7")], columns=LOOSE)
        team.write_ledger([ROWS[0], (8, name, "select 8")], "app.sqlite.ref", LOOSE)

        for command in ("check", "status"):
            with untouched(team.root.parent):
                result = team.tsm_inprocess(command, "--json")
            for finding in result.json()["databases"][0]["findings"]:
                paths = [finding["path"]] + [related["path"] for related in finding["related"]]
                paths += [rename["to"] for rename in (finding["fix"] or {}).get("renames", ())]
                inside = {"app.sqlite.migrations", team.path(USERS), team.path(MAIL)}
                assert set(paths) <= inside, result

    @pytest.mark.parametrize("name", NAMES[:2])
    @pytest.mark.parametrize("database", ["app.sqlite", "app.sqlite.ref"])
    def test_no_command_to_paste_leaves_the_folder(
        self, team: Project, name: str, database: str
    ) -> None:
        # The text is that of 002: so it looks renamed, and might be renamed back.
        team.write_ledger([ROWS[0], (7, name, sql_for(MAIL))], database, LOOSE)

        result = team.tsm_inprocess("check", "--json")

        found = result.json()["databases"][0]["findings"]
        assert found, result
        assert all("outside" not in finding["hint"] for finding in found), result
        assert all("outside" not in str(finding["fix"]) for finding in found), result

    def test_what_moves_the_cursor_does_not_reach_the_terminal(self, team: Project) -> None:
        names = ["003.\x1b[31mred.sql", "004.a\nb.sql", "005.\u202edne.sql", "006.\x9b2J.sql"]
        rows = [(number, name, "select 1") for number, name in enumerate(names, start=3)]
        team.write_ledger([*ROWS, *rows])

        for command in ("check", "status"):
            with untouched(team.root):
                said = team.tsm_inprocess(command).stdout

            assert r"003.\x1b[31mred.sql" in said
            assert r"004.a\nb.sql" in said
            assert r"005.\u202edne.sql" in said
            assert r"006.\x9b2J.sql" in said
            assert not set("\x1b\u202e\x9b") & set(said)


class TestReading:
    def test_entries_come_in_number_order(self, team: Project) -> None:
        path = team.write_ledger([(10, "b", "b"), (9, "a", "a")], columns=PLAIN | {"id": "TEXT"})

        ledger = read_ledger(path, "shown")

        assert [(entry.number, entry.filename) for entry in ledger.entries] == [(9, "a"), (10, "b")]
        assert (ledger.path, ledger.last, ledger.numbers) == ("shown", 10, {9, 10})

    def test_when_a_script_was_applied_is_told_if_it_is_known(self, team: Project) -> None:
        told = team.write_ledger(ROWS)
        silent = team.write_ledger(ROWS, "silent.sqlite", columns=PLAIN)

        assert read_ledger(told, "").entries[0].finished_at == "2026-01-01T00:00:00+00:00"
        assert read_ledger(silent, "").entries[0].finished_at is None

    def test_a_text_is_found_by_its_digest(self, team: Project) -> None:
        path = team.write_ledger(
            [(1, "a", None), (2, "b", b"select 'b'"), (3, "c", "select 'c'")],
            columns=PLAIN | {"script": ""},
        )

        assert read_script(path, "", digest_of("select 'b'")) == "select 'b'"
        assert read_script(path, "", digest_of("select 'c'")) == "select 'c'"
        assert read_script(path, "", digest_of("select 'd'")) is None

    def test_no_text_is_found_where_there_is_no_ledger(self, team: Project) -> None:
        digest = digest_of("select 1")
        run(team, "create table t (a)")

        assert read_script(team.root / team.database, "", digest) is None
        assert read_script(team.root / "none", "", digest) is None
