"""Names, normalised texts, digests, and how alike two texts are."""

from __future__ import annotations

import os
from hashlib import sha1, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsm_git.core.script import (
    Content,
    Flaw,
    Script,
    blob_id,
    blob_ids,
    digest_of,
    inspect,
    inspected,
    is_sql,
    normalise,
    padded,
    parse_number,
    similarity,
    text_of,
)

NAMES = st.text(min_size=1).filter(
    lambda name: not any(c in "/\\\x7f" or c < " " or "\ud800" <= c <= "\udfff" for c in name)
)
BYTES = st.one_of(
    st.binary(),
    st.lists(
        st.sampled_from(
            [b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b"select 1;", b"-- \xc3\xa9", b"\xff"]
        )
    ).map(b"".join),
)
# What is looked for, in one way or another.
TELLING = [
    b"a\n<<<<<<< HEAD\n",
    b"select 1;\n||||||| base",
    b"-- tsm: undecided\nselect 1;",
    b"-- tsm: no-transaction\nvacuum;",
    b"begin;",
    b"a\r\nPRAGMA foreign_keys = off;",
    b"create trigger t insert on a begin select 1; end;",
    b"\xef\xbb\xbfcommit",
    b"version https://git-lfs.github.com/spec/v1\n",
    b"a\0",
    b"\xff",
    "select 'é';".encode(),
    b"",
    b"-- nothing\r\n",
]
TEXTS = st.text().map(lambda text: text.encode("utf-8", "replace").decode())


class TestNames:
    @given(st.integers(1, 999_999_999), st.integers(0, 9), NAMES)
    def test_what_is_written_is_read(self, number: int, width: int, name: str) -> None:
        digits = padded(number, width)
        filename = f"{digits}.{name}.sql"

        assert parse_number(filename) == number
        assert (Script(number, filename, "").name, Script(number, filename, "").digits) == (
            name,
            digits,
        )

    @given(st.text())
    def test_whatever_the_text_a_number_is_positive_and_written_in_ascii(self, text: str) -> None:
        for filename in (text, f"{text}.sql", f"1{text}.x.sql"):
            number = parse_number(filename)
            assert number is None or (
                0 < number < 10**9 and filename.split(".")[0].isascii() and is_sql(filename)
            )

    @pytest.mark.parametrize(
        ("filename", "number"),
        [
            ("003.add_email.sql", 3),
            ("1000.x.sql", 1000),
            ("003.what it's.sql", 3),
            ("1.a.b.sql.sql", 1),
            ("000000001.x.sql", 1),
            ("003.sql", None),
            ("000.x.sql", None),
            ("3a.x.sql", None),
            ("٣.x.sql", None),
            ("003.x.SQL", None),
            ("0000000001.x.sql", None),
            ("003..sql", None),
            ("003.a/b.sql", None),
            ("003.a\nb.sql", None),
            ("003.a.sql\n", None),
            ("003.\ud800.sql", None),
            ("9" * 5000 + ".x.sql", None),
            ("../003.x.sql", None),
            ("", None),
        ],
        ids=lambda value: ascii(value)[:24],
    )
    def test_the_grammar(self, filename: str, number: int | None) -> None:
        assert parse_number(filename) == number

    @pytest.mark.parametrize(
        ("filename", "is_one"), [("x.sql", True), (".SQL", True), ("sql", False), ("x.sq", False)]
    )
    def test_what_claims_to_be_sql(self, filename: str, is_one: bool) -> None:
        assert is_sql(filename) == is_one


class TestTexts:
    @given(BYTES)
    def test_what_is_normalised_stays_as_it_is(self, data: bytes) -> None:
        once = normalise(data)

        assert b"\r" not in once
        assert normalise(once) == once

    @given(TEXTS.filter(lambda text: "\r" not in text and not text.startswith("\ufeff")))
    def test_only_line_endings_and_the_mark_do_not_count(self, text: str) -> None:
        windows = "\ufeff" + text.replace("\n", "\r\n")
        old_mac = text.replace("\n", "\r")

        assert text_of(windows.encode()) == text_of(old_mac.encode()) == text
        assert digest_of(windows) == digest_of(text) == blob_id(text.encode())

    @given(TEXTS, TEXTS)
    def test_all_else_does(self, one: str, other: str) -> None:
        same = normalise(one.encode()) == normalise(other.encode())

        assert (digest_of(one) == digest_of(other)) == same

    def test_the_digest_is_git_s(self) -> None:
        # git hash-object --stdin </dev/null; printf 'what is up, doc?' | git hash-object --stdin
        assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        assert blob_id(b"what is up, doc?") == "bd9dbf5aae1a3862dd1526723246b20206e5fc37"

    def test_a_text_that_no_file_can_hold_has_one_too(self) -> None:
        assert len(digest_of("\ud800")) == 40

    @pytest.mark.parametrize(("length", "hashed"), [(40, sha1), (64, sha256)])
    def test_the_ids_that_a_text_may_have_in_git(self, length: int, hashed: object) -> None:
        assert callable(hashed)
        forms = [b"a\nb", b"a\r\nb", b"\xef\xbb\xbfa\nb", b"\xef\xbb\xbfa\r\nb"]

        assert blob_ids("a\nb", length) == [
            hashed(b"blob %d\0" % len(form) + form).hexdigest() for form in forms
        ]
        assert len(blob_ids("a", length)) == 2


class TestInspection:
    @given(BYTES)
    def test_whatever_the_bytes_something_can_be_said(self, data: bytes) -> None:
        content = inspect(data)

        if content.flaw is None:
            assert content.digest == digest_of(text_of(data))
        elif content.flaw is not Flaw.LFS_POINTER:
            assert content.digest == blob_id(data)
        assert 1 <= content.flaw_line <= data.count(b"\n") + 1

    @pytest.mark.parametrize(
        ("data", "flaw", "line"),
        [
            (b"\n\n'\xff'", Flaw.NOT_UTF8, 3),
            (b"\xc3", Flaw.NOT_UTF8, 1),
            (b"\xed\xa0\x80", Flaw.NOT_UTF8, 1),  # half of a pair
            (b"a\nb\0", Flaw.NUL, 2),
            (b"version https://git-lfs.github.com/spec/v1\n", Flaw.LFS_POINTER, 1),
        ],
    )
    def test_what_cannot_be_run(self, data: bytes, flaw: Flaw, line: int) -> None:
        content = inspect(data)

        assert (content.flaw, content.flaw_line) == (flaw, line)

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n", 1),
            (b"a\n||||||| base\n", 2),
            (b"a\r\n>>>>>>>\r\n", 2),
            (b"<<<<<<<\n", 1),
            (b" <<<<<<< HEAD\n", None),
            (b"-- <<<<<<< HEAD\n", None),
            (b"<<<<<<<< HEAD\n", None),
            (b"<<<<<<<HEAD\n", None),
            (b"-- title\n=======\n", None),
        ],
    )
    def test_conflict_markers(self, text: bytes, line: int | None) -> None:
        assert inspect(text).conflict_line == line

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (b"-- tsm: undecided\n", 1),
            (b"select 1;\n-- tsm: undecided: rename or new?\n", 2),
            (b"-- tsm: undecidedly\n", None),
            (b" -- tsm: undecided\n", None),
            (b"--tsm: undecided\n", None),
        ],
    )
    def test_an_open_choice(self, text: bytes, line: int | None) -> None:
        assert inspect(text).undecided_line == line

    @pytest.mark.parametrize(
        ("text", "empty"),
        [
            (b"", True),
            (b" \t\r\n\f", True),
            (b"-- a\n/* b */ ; ;", True),
            (b"/* never closed", True),
            (b"\xef\xbb\xbf", True),
            (b"select 1", False),
            (b"-- a\nselect 1", False),
            (b"/**/-", False),
            ("\u00a0".encode(), False),  # no space to SQLite
            (b"\x0b", False),
        ],
    )
    def test_what_does_nothing(self, text: bytes, empty: bool) -> None:
        assert inspect(text).empty == empty

    @given(st.lists(st.one_of(BYTES, st.sampled_from(TELLING), st.just(b"x" * 9_000)), max_size=8))
    def test_many_at_once_are_what_each_is(self, texts: list[bytes]) -> None:
        known = Content("z", Flaw.SYMLINK)
        found = [(str(number), text) for number, text in enumerate(texts)]

        told = inspected([*found[:2], ("link", known), *found[2:]])

        expected = [(key, inspect(text)) for key, text in found]
        assert list(told.items()) == [*expected[:2], ("link", known), *expected[2:]]

    def test_an_ordinary_script(self) -> None:
        assert inspect(b"select 1;") == Content(blob_id(b"select 1;"))


class TestSimilarity:
    @given(TEXTS, TEXTS)
    def test_it_is_a_share_and_the_same_both_ways(self, one: str, other: str) -> None:
        assert 0.0 <= similarity(one, other) == similarity(other, one) <= 1.0

    @given(TEXTS)
    def test_a_text_is_like_itself_if_it_says_anything(self, text: str) -> None:
        says_something = any(
            line.strip() and not line.strip().startswith("--") for line in text.split("\n")
        )

        assert similarity(text, text) == (1.0 if says_something else 0.0)

    @pytest.mark.parametrize(
        ("one", "other", "share"),
        [
            ("a\nb\nc", "a\nb\nd", 2 / 3),
            ("a\nb", "b\na", 1.0),
            ("a\n  b\n\n-- x", "a\nb", 1.0),
            ("a\na\nb", "a\nc\nd", 1 / 3),
            ("a\na", "a", 2 / 3),
            ("a", "b", 0.0),
            ("", "a", 0.0),
            ("-- a", "-- a", 0.0),
        ],
    )
    def test_lines_are_counted(self, one: str, other: str, share: float) -> None:
        assert similarity(one, other) == pytest.approx(share)


def test_a_name_that_is_no_utf_8_is_none() -> None:
    assert parse_number(os.fsdecode(b"003.\xff.sql")) is None
