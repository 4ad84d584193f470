"""The one place where errors become a line and an exit code."""

from __future__ import annotations

import errno

import click
import pytest

from tests.harness.looking import told
from tsm_git.cli.boundary import exit_code_for
from tsm_git.core.errors import DatabaseError, Refusal, ScriptError, UsageError
from tsm_git.version import VERSION


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (UsageError("it is", "do"), 2),
        (DatabaseError("it is", "do"), 2),
        (Refusal("it is", "do"), 1),
    ],
)
def test_an_error_of_tsm_is_a_line_and_a_hint(
    error: Exception, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_for(error) == exit_code

    said = capsys.readouterr()
    assert (said.out, told(said.err)) == ("", ("it is", "do"))


def test_a_failed_statement_is_a_finding_of_sorts(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(ScriptError("a/001.x.sql", 2, 3, "no")) == 1
    assert told(capsys.readouterr().err).error == "a/001.x.sql:2:3: no"


def test_a_line_stays_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_for(UsageError("a\nb\x1b[1m", "c\rd"))

    assert told(capsys.readouterr().err) == (r"a\nb\x1b[1m", r"c\rd")


def test_without_a_hint_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_for(UsageError("it is"))

    assert capsys.readouterr().err == "error: it is\n"


def test_what_click_finds_is_told_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(click.UsageError("no such thing")) == 2
    assert told(capsys.readouterr().err) == ("no such thing", "run `tsm --help`")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(error) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_closed_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(BrokenPipeError(errno.EPIPE, "Broken pipe")) == 141
    assert capsys.readouterr().err == ""


def test_what_the_system_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(OSError(errno.ENOSPC, "No space left on device", "a/b")) == 2
    assert told(capsys.readouterr().err) == (
        "`a/b`: No space left on device",
        "see that the disk is not full",
    )


def test_an_exit_is_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(click.exceptions.Exit(5)) == 5
    assert capsys.readouterr().err == ""


def test_a_bug_says_what_to_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_for(ZeroDivisionError("division by zero")) == 3

    *traceback, error, hint = capsys.readouterr().err.splitlines()
    assert traceback == ["ZeroDivisionError: division by zero"]
    assert error == f"error: a bug in tsm {VERSION}: ZeroDivisionError: division by zero"
    assert hint == "hint: please report it with the lines above and the command you ran"
