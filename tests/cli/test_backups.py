"""How far the copy of a large database is, told on standard error."""

from __future__ import annotations

import pytest

from tsm_git.cli.backups import told_pages


def test_a_line_for_each_quarter(capsys: pytest.CaptureFixture[str]) -> None:
    tell = told_pages()

    for done in range(0, 100_001, 1000):
        tell(done, 100_000)

    assert capsys.readouterr() == ("", "".join(f"backing up: {n} %.\n" for n in (25, 50, 75, 100)))


def test_nothing_of_a_small_one(capsys: pytest.CaptureFixture[str]) -> None:
    told_pages()(500, 1000)

    assert capsys.readouterr() == ("", "")
