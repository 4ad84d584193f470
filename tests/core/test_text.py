"""Words for people, and strangers' words kept off the terminal and out of the shell."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tsm_git.core.text import counted, file_stamp, listed, printable, shell_quoted

SHELL_WORDS = st.text().filter(lambda word: "\0" not in word)


class TestPrintable:
    @given(st.text())
    def test_it_is_one_line_without_a_control_character(self, text: str) -> None:
        shown = printable(text)

        assert len(shown.splitlines()) <= 1
        assert not any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in shown)
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(shown)
        shown.encode()

    @given(st.text().filter(str.isprintable))
    def test_what_can_be_shown_is(self, text: str) -> None:
        assume("::" not in text and "##" not in text)

        assert printable(text) == text

    @given(st.text(alphabet=" :#[]avs\n"))
    def test_it_is_no_command_to_a_runner(self, text: str) -> None:
        shown = printable(text)

        assert not shown.lstrip().startswith("::")
        assert not re.search(r"##[a-z]*\[", shown)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[31mred", r"\x1b[31mred"),
            ("a\r\nb\tc", r"a\r\nb\tc"),
            ("\x9b2J", r"\x9b2J"),
            ("\u202egpj.exe", r"\u202egpj.exe"),
            ("\u2028", r"\u2028"),
            ("\udcff", r"\udcff"),
            ("naïve 名前 \U0001f40d", "naïve 名前 \U0001f40d"),
            ("::add-mask::x::y", r"\x3a:add-mask::x::y"),
            (" ::error::x", r" \x3a:error::x"),
            ("a ##[add-mask]x", r"a \x23#[add-mask]x"),
            (
                "##vso[task.setvariable variable=PATH]x",
                r"\x23#vso[task.setvariable variable=PATH]x",
            ),
            ("##VSO[x]", r"\x23#VSO[x]"),
            ("## a heading", "## a heading"),
            ("a::b", "a::b"),
            ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
        ],
        ids=ascii,
    )
    def test_what_cannot_is_escaped(self, text: str, shown: str) -> None:
        assert printable(text) == shown


class TestShell:
    @given(SHELL_WORDS)
    def test_a_shell_takes_it_as_one_word(self, word: str) -> None:
        meant = f"./{word}" if word.startswith("-") else word  # a path, and no option

        assert shlex.split(shell_quoted(word)) == [meant]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
    def test_a_real_one_too(self) -> None:
        words = ["a b", "it's", "$(touch pwned)", "`x`", "a\nb", '"', "\\", "*", "~", "", "é"]
        command = "printf '%s\\0' " + " ".join(map(shell_quoted, words))

        said = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout

        assert said.decode().split("\0")[:-1] == words

    @pytest.mark.parametrize(
        ("word", "quoted"),
        [
            ("app.sqlite.migrations/003.a.sql", "app.sqlite.migrations/003.a.sql"),
            ("origin/main", "origin/main"),
            ("main^2", "'main^2'"),
            ("-x", "./-x"),
            ("-x y", "'./-x y'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ],
    )
    def test_only_where_it_must_be(self, word: str, quoted: str) -> None:
        assert shell_quoted(word) == quoted


def test_counting() -> None:
    assert [counted(number, "script") for number in (0, 1, 2)] == [
        "0 scripts", "1 script", "2 scripts"
    ]  # fmt: skip


def test_lists() -> None:
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert listed(["a", "b"], most=1) == "a and 1 more"


def test_times_in_file_names() -> None:
    assert file_stamp("2026-11-19T14:30:05.123456+00:00") == "2026-11-19T14-30-05.123456"
