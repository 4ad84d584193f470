"""The splitter agrees with SQLite on where statements end, and loses nothing on the way."""

from __future__ import annotations

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsm_git.core.sql import Statement, Token, canonical, position, readable, statements, tokens

# Pieces of scripts, chosen for what they do to a lexer: whoever joins them meets every corner.
PIECES = [
    "select 1", "select 'a;b'", 'select "a;b"', "select [a;b]", "select `a;b`", "select 'it''s'",
    ";", ";", ";", " ", "\n", "\t\r\f", "-- so;\n", "--\n", "/* so; */", "/**/", "/*/ ; */",
    "create trigger t after insert on a begin ", "create temp trigger t begin ",
    "CREATE TEMPORARY TRIGGER t BEGIN ", "create table t (a)", "create view trigger as select 1",
    "explain create trigger t begin ", "explain query plan select 1", "insert into a values (1)",
    " end", " END ", "end;", "case when 1 then 2 end", "begin", "commit", "x'00'", "1.5e3", "é€ü",
    "\u00a0", "$a", ":b", "@c", "?1", "'", '"', "[", "]", "`", "(", ")", "-", "/", "*", "->", "||",
]  # fmt: skip
SCRIPTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)

# What is well formed, as words that may have anything between them.
BODIES = ["insert into a values (1) ;", "select case when 1 then 2 end ;", "delete from a ;",
          "update a set b = 'end;' ;"]  # fmt: skip
PLAIN = ["select 1", "select 'a;b'", 'select "a;b" , [c;d] , `e;f`', "create table trigger ( a )",
         "insert into a values ( 1 )", "explain select 1", "explain query plan select 1",
         "create view v as select case when 1 then 2 end as ended", "pragma user_version = 7",
         "select $a , 'é' , x'00'"]  # fmt: skip
TRIGGERS = st.builds(
    "{} trigger {} t after insert on a begin {} end".format,
    st.sampled_from(["create", "CREATE TEMP", "Create Temporary", "explain create"]),
    st.sampled_from(["", "if not exists"]),
    st.lists(st.sampled_from(BODIES), min_size=1, max_size=3).map(" ".join),
)
BETWEEN = st.sampled_from([" ", "\n", "\t", " /* ; end */ ", " -- ; end\n", "/**/"])


@st.composite
def scripts(draw: st.DrawFn) -> list[str]:
    """Draw statements, each with its semicolon and any space and comments between its words."""
    found = []
    for words in draw(st.lists(st.one_of(st.sampled_from(PLAIN), TRIGGERS), max_size=5)):
        spaced = "".join(word + draw(BETWEEN) for word in words.split(" ") if word)
        found.append(f"{spaced};")
    return found


def texts(script: str) -> list[str]:
    """Return the statements of a script."""
    return [statement.text for statement in statements(script)]


class TestTokens:
    @given(SCRIPTS)
    def test_joined_they_give_the_text_back(self, script: str) -> None:
        assert "".join(token.text for token in tokens(script)) == script

    @given(st.text())
    def test_whatever_the_text(self, script: str) -> None:
        found = list(tokens(script))

        assert "".join(token.text for token in found) == script
        assert all(script.startswith(token.text, token.start) for token in found)

    def test_their_kinds(self) -> None:
        assert list(tokens("a1 'x''y';--z\n[q]=é")) == [
            Token("word", "a1", 0),
            Token("space", " ", 2),
            Token("string", "'x''y'", 3),
            Token("semi", ";", 9),
            Token("comment", "--z", 10),
            Token("space", "\n", 13),
            Token("quoted", "[q]", 14),
            Token("other", "=", 17),
            Token("word", "é", 18),
        ]

    def test_space_is_what_sqlite_calls_space(self) -> None:
        kinds = {token.kind for token in tokens(" \t\n\f\r")}

        assert kinds == {"space"}
        for other in ("\x0b", "\u00a0", "\u2003", "\x1c"):
            assert [token.kind for token in tokens(other)] != ["space"]

    @pytest.mark.parametrize("opening", ["'", '"', "`", "[", "/*", "--"])
    def test_what_is_never_closed_runs_to_the_end(self, opening: str) -> None:
        (token,) = tokens(f"{opening} a; b")

        assert token.text == f"{opening} a; b"

    def test_ten_thousand_comments_take_no_time_of_their_own(self) -> None:
        assert statements("-- a\n/* b */\n" * 10_000) == []


class TestStatements:
    @given(scripts())
    def test_they_are_what_was_joined(self, each: list[str]) -> None:
        assert texts("\n".join(each)) == each
        assert texts("; -- so;\n".join(each)) == each

    @given(SCRIPTS)
    def test_together_they_hold_all_that_is_to_be_run(self, script: str) -> None:
        kept = "".join(texts(script))

        assert _run(kept).rstrip(" \t\n\f\r;") == _run(script).rstrip(" \t\n\f\r;")

    @given(SCRIPTS)
    def test_each_stands_where_it_says(self, script: str) -> None:
        lines = script.split("\n")

        for statement in statements(script):
            first = statement.text.split("\n")[0]
            assert lines[statement.line - 1][statement.column - 1 :].startswith(first)

    @given(scripts())
    def test_sqlite_calls_each_complete_and_none_of_its_beginnings(self, each: list[str]) -> None:
        for text in texts("".join(each)):
            assert apsw.complete(text)
            ends = [token.start + 1 for token in tokens(text) if token.kind == "semi"]
            assert [end for end in ends if apsw.complete(text[:end])] == [len(text)]

    @given(SCRIPTS)
    def test_run_one_by_one_or_at_once_they_do_the_same(self, script: str) -> None:
        assert outcome([script]) == outcome(texts(script))

    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            ("", []),
            (" ; ;\n-- a\n;/* b */", []),
            ("a;b", ["a;", "b"]),
            ("a ; b ;", ["a ;", "b ;"]),
            ("a -- x;\n;b", ["a -- x;\n;", "b"]),
            ("a\n\n\n", ["a"]),
            ("create trigger t begin a; b; end; c", ["create trigger t begin a; b; end;", "c"]),
            (
                "create trigger t begin select case x when 1 then 2 end; end; c",
                ["create trigger t begin select case x when 1 then 2 end; end;", "c"],
            ),
            ("create trigger t begin a; /* x */ END -- y\n; c",
             ["create trigger t begin a; /* x */ END -- y\n;", "c"]),
            ("create trigger t begin a; ended; end; c",
             ["create trigger t begin a; ended; end;", "c"]),
            ("create trigger if not exists t begin a; end; c",
             ["create trigger if not exists t begin a; end;", "c"]),
            ("create temp trigger t begin a; end; c", ["create temp trigger t begin a; end;", "c"]),
            ("explain create trigger t begin a; end; c",
             ["explain create trigger t begin a; end;", "c"]),
            ("create table trigger (a); c", ["create table trigger (a);", "c"]),
            ("create unique index trigger on a (b); c",
             ["create unique index trigger on a (b);", "c"]),
            ("select trigger; end; c", ["select trigger;", "end;", "c"]),
            ("explain query plan a; c", ["explain query plan a;", "c"]),
        ],
    )  # fmt: skip
    def test_where_they_end(self, script: str, expected: list[str]) -> None:
        assert texts(script) == expected

    def test_where_they_begin(self) -> None:
        assert statements("-- é\n  a;\n/* x\n*/ b\n ;é c") == [
            Statement("a;", 2, 3),
            Statement("b\n ;", 4, 4),
            Statement("é c", 5, 3),
        ]


class TestCanonical:
    @pytest.mark.parametrize(
        "text",
        [
            "CREATE TABLE t(a text,b)",
            "create  table [T] ( \"A\" TEXT , `b` )",
            "create/* so */table t -- x\n(a\ttext,\nb)",
            'CREATE TABLE "t" ("a" text, "b")',
        ],
    )  # fmt: skip
    def test_what_does_not_matter(self, text: str) -> None:
        assert canonical(text) == canonical("create table t (a text, b)")

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("check (a = 'X')", "check (a = 'x')"),
            ("check (a = 'a  b')", "check (a = 'a b')"),
            ("a b", "ab"),
            ("a1", "a 1"),
            ("a;", "a"),
        ],
    )
    def test_what_does(self, one: str, other: str) -> None:
        assert canonical(one) != canonical(other)

    def test_a_name_that_needs_quotes_keeps_one_kind(self) -> None:
        assert canonical('"a""b"') == '"a""b"'
        assert canonical("[a b]") == canonical("`A B`") == '"a b"'
        assert canonical("[a b]") != canonical("a b")


class TestReadable:
    @pytest.mark.parametrize(
        "text",
        [
            "length(name) < 99", "-1.5", "varchar(10)", "a in (1, 2)", "(a) || ',' || b",
            "a <> b and (c <= d)", "x'00'", "a * (b + 1)", "coalesce(a.b, 1)", "not (a) or (b)",
            "case when (a) then 1 end", "strftime('%Y', t)", "a == b",
        ],
    )  # fmt: skip
    def test_it_is_as_people_write_it(self, text: str) -> None:
        assert readable(canonical(text)) == text


class TestPosition:
    @pytest.mark.parametrize(
        ("offset", "expected"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (2, 3)), (5, (3, 1))]
    )
    def test_it_counts_from_one(self, offset: int, expected: tuple[int, int]) -> None:
        assert position("é\nab\n", offset) == expected


def _run(script: str) -> str:
    """Return what of a script is to be run: no space, no comment, one semicolon at a time."""
    words = [token.text for token in tokens(script) if token.kind not in ("space", "comment")]
    kept: list[str] = []
    for word in words:
        if word != ";" or (kept and kept[-1] != ";"):
            kept.append(word)
    return " ".join(kept)


def outcome(scripts: list[str]) -> tuple[list[tuple[object, ...]], str]:
    """Run scripts in memory, and return what the database holds, and how it failed."""
    connection = apsw.Connection(":memory:")
    connection.execute("create table a (b)")
    error = ""
    try:
        for script in scripts:
            for _ in connection.execute(script):
                pass
    except apsw.Error as failure:
        error = type(failure).__name__
    found = connection.execute("select type, name from sqlite_schema").fetchall()
    found += connection.execute("select * from a").fetchall()
    connection.close()
    return found, error
