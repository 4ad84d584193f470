"""The report and the table for people, from verdicts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.values import base, facts, ledger
from tsm_git.commands.check import report_on
from tsm_git.core.chronicle import Deed
from tsm_git.core.comparison import compare
from tsm_git.core.facts import Place
from tsm_git.core.finding import Finding, Related, Rule, Severity, Skipped
from tsm_git.core.ledger import Entry
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.settings import Settings
from tsm_git.core.state import State
from tsm_git.core.table import Copies, rows
from tsm_git.render.style import Style
from tsm_git.render.table import View, status_text
from tsm_git.render.text import check_text, finding_lines

A, B = "001.a.sql", "002.b.sql"
RULE = Rule("TSM999", "never", "it never fires")
PLAIN = Style(False)


def report(*databases: DatabaseReport, place: Place = Place.WORK_TREE) -> CheckReport:
    """Return the verdict on a project."""
    return CheckReport(place, None, None, databases)


def judged(candidate: dict[str, str], **known: Any) -> DatabaseReport:
    """Return the verdict on facts made by hand, without what was not looked at."""
    return report_on(compare(facts(candidate, **known)), Settings())._replace(skipped=())


class TestFinding:
    def test_one_line_and_what_belongs_to_it(self) -> None:
        finding = Finding(RULE, "x", "it is so", "a/001.x.sql", "do this", line=3, column=2,
                          related=(Related("a/002.y.sql", "see there"),))  # fmt: skip

        assert finding_lines(finding, PLAIN) == [
            "a/001.x.sql:3:2: TSM999 it is so",
            "    note: a/002.y.sql: see there",
            "    hint: do this",
        ]

    @pytest.mark.parametrize(
        ("severity", "line"),
        [
            (Severity.ERROR, "x:1:1: TSM999 it is so"),
            (Severity.WARNING, "x:1:1: TSM999 warning: it is so"),
            (Severity.NOTE, "x:1:1: TSM999 note: it is so"),
        ],
    )
    def test_less_than_an_error_is_named(self, severity: Severity, line: str) -> None:
        assert finding_lines(Finding(RULE, "x", "it is so", "x", severity=severity), PLAIN) == [
            line
        ]

    def test_who_did_it_if_git_knows(self) -> None:
        known = Related("x", "here", commit="c" * 40, author="A\x1bda", date="2026-01-01T00:00:01Z")
        finding = Finding(RULE, "x", "it is so", "x", related=(known, known._replace(author=None)))

        assert finding_lines(finding, PLAIN)[1:] == [
            r"    note: x: here, cccccccccc by A\x1bda on 2026-01-01",
            "    note: x: here",
        ]

    def test_five_places_are_too_many(self) -> None:
        finding = Finding(RULE, "x", "it is so", "x", related=(Related("y", "see there"),) * 6)

        assert finding_lines(finding, PLAIN)[-1] == "    note: and 2 more"


class TestReport:
    def test_nothing_to_check(self) -> None:
        assert check_text(report()) == (
            "no folder `X.migrations` with scripts: nothing to check\n"
            "found 0 errors, 0 warnings, 0 notes\n"
        )

    def test_without_git(self) -> None:
        assert check_text(report(judged({A: "s"}, working=ledger()))) == (
            "app.sqlite: PENDING, here\n"
            "    1 script to apply: 001.a.sql\n"
            "found 0 errors, 0 warnings, 0 notes\n"
        )

    def test_what_waits_is_of_interest_in_the_work_tree_only(self) -> None:
        one = judged({A: "s"}, working=ledger())

        assert "to apply" not in check_text(report(one, place=Place.INDEX))

    def test_what_was_left_out_by_choice_is_not_worth_a_line(self) -> None:
        one = judged({A: "s"})._replace(
            skipped=(Skipped(("TSM101", "TSM102"), "it is late"), Skipped(("TSM103",), "off", True))
        )

        assert "    not judged: TSM101, TSM102: it is late\n" in check_text(report(one))
        assert "TSM103" not in check_text(report(one))

    def test_colours(self) -> None:
        one = judged({A: "s", "003.c.sql": "t"})

        said = check_text(report(one), colour=True)

        assert "\x1b[31mTSM103\x1b[0m" in said
        assert "\x1b[1;31mERROR\x1b[0m" in said
        assert "\x1b[1mhint:\x1b[0m" in said


class TestTable:
    def shown(
        self,
        one: DatabaseReport,
        copies: Copies = Copies(),  # noqa: B008 - a value
        fetched_at: float | None = None,
        **options: Any,
    ) -> list[str]:
        """Return the lines of the table, a million seconds after 1970."""
        tables, view = {one.database: rows(one.comparison)}, View(1e6, **options)
        found = {one.database: copies}
        return status_text(report(one), tables, found, fetched_at, view).splitlines()

    def test_without_git_and_without_a_database(self) -> None:
        assert self.shown(judged({A: "s"})) == [
            "app.sqlite: CURRENT, all agree",
            "  scripts   1 draft",
            "",
            "  script     tree",
            "  001.a.sql  yes    draft",
            "",
        ]

    def test_no_scripts(self) -> None:
        assert self.shown(judged({})) == ["app.sqlite: CURRENT, all agree", "  no scripts"]

    def test_a_finding_without_a_hint(self) -> None:
        finding = Finding(RULE, "x", "it is so", "x")
        one = judged({})._replace(findings=(finding,), state=State.ERROR)

        assert self.shown(one)[-1] == "  TSM999 it is so"

    def test_ages(self) -> None:
        applied = Entry(1, A, "s", "1970-01-12T12:46:40+00:00")
        copies = Copies(1e6 - 7200, ["1970-01-01T00:00:00+00:00", "1970-01-11T13:46:40+00:00"])
        one = judged({A: "s"}, working=ledger()._replace(entries=(applied,)), ref=ledger((A, "s")))

        assert self.shown(one, copies)[1:4] == [
            "  working   app.sqlite: 1 script applied, the last 1 hour ago",
            "  ref       app.sqlite: 1 script applied in production, copied 2 hours ago",
            "  backups   2, the newest 1 day ago",
        ]

    @pytest.mark.parametrize("when", ["", "yesterday", "0001-01-01T00:00:00+14:00", None])
    def test_an_age_that_nobody_can_tell(self, when: str | None) -> None:
        applied = Entry(1, A, "s", when)
        one = judged({A: "s"}, working=ledger()._replace(entries=(applied,)))

        assert self.shown(one)[1].startswith("  working   app.sqlite: 1 script applied")

    def test_who_wrote_them(self) -> None:
        by = Deed("c" * 40, "Ada\x1b Augusta King of Lovelace", "1970-01-12T13:46:39Z")
        one = judged({A: "s", B: "t"})

        assert self.shown(one, written={f"app.sqlite.migrations/{A}": by})[3:] == [
            "  script     written",
            r"  001.a.sql  Ada\x1b Augusta K..., just now  draft",
            "  002.b.sql  not committed                   draft",
            "",
        ]

    @pytest.mark.parametrize("width", [60, 80, 100, 200])
    def test_no_line_of_the_table_is_longer_than_a_terminal(self, width: int) -> None:
        long = f"003.{'x' * 70}.sql"
        known = {A: "s", B: "t", long: "u"}
        one = judged(known, base=base(known)._replace(why=f"so {'says ' * 30}"), working=ledger())

        said = self.shown(one, width=width)

        assert max(map(len, said)) <= width
        assert any(line.startswith("  003.x") and "published" in line for line in said)
        assert any(line.startswith("  001.a.sql ") and "yes" in line for line in said)

    def test_where_the_base_is_and_how_old(self) -> None:
        here = judged({A: "s"}, base=base({A: "s"}))
        there = judged({A: "s"}, base=base({A: "s"})._replace(name="origin/main"))

        assert (
            self.shown(here, fetched_at=1e6 - 86400)[1] == "  base      main at bbbbbbbbbb (it is)"
        )
        assert self.shown(there, fetched_at=1e6 - 86400)[1] == (
            "  base      origin/main at bbbbbbbbbb (it is, fetched 1 day ago)"
        )

    def test_colours(self) -> None:
        before = {A: "s", B: "t"}
        one = judged({A: "x"}, base=base(before, before))

        said = "\n".join(self.shown(one, colour=True))

        assert "\x1b[31mother\x1b[0m" in said
        assert "\x1b[2m-    \x1b[0m" in said

    def test_no_database(self) -> None:
        assert status_text(report(), {}, {}, None, View(0)) == (
            "no folder `X.migrations` with scripts\n"
            "  next      `tsm init app.sqlite`, with the path that your database has or will have\n"
        )


def test_a_style_without_colour_changes_nothing() -> None:
    assert Style(False)("x", "red") == "x"
    assert Style(True)("", "red") == ""
    assert Style(True)("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"
