"""The engine that runs the rules, and corners of rules, with facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.values import base, facts, ledger, script
from tsm_git.core.comparison import Comparison, compare
from tsm_git.core.finding import Finding, Rule, Severity
from tsm_git.core.models import Drift, Models, Place
from tsm_git.core.proof.replay import Replayed
from tsm_git.core.publishing import Change, Deviation, Source
from tsm_git.core.schema.objects import Schema
from tsm_git.core.settings import Settings
from tsm_git.rules import CHECKS, Evidence, run
from tsm_git.rules.registry import in_order

A, B = "001.a.sql", "002.b.sql"
NO_MODELS = Models("models.py", Schema(), frozenset(), Place("models.py", 1), {})
NO_DRIFT = Drift(NO_MODELS, Schema(), "app.sqlite")
RULE = Rule("TSM999", "never", "it never fires")


def found(view: Comparison, settings: Settings | None = None) -> list[tuple[str, str]]:
    """Return code and subject of each finding."""
    findings, _ = run(view, settings or Settings())
    return [(finding.code, finding.subject) for finding in findings]


def skipped(view: Comparison, settings: Settings | None = None) -> dict[str, str]:
    """Return why each rule that was not judged was not."""
    _, left_out = run(view, settings or Settings())
    return {code: each.why for each in left_out for code in each.codes}


class TestEngine:
    def test_findings_are_in_order_of_place_each_once(self) -> None:
        findings = [
            Finding(RULE, "x", "it is", path, line=line)
            for path, line in (("b", 1), ("a", 2), ("a", 10), ("a", 2))
        ]

        assert [(each.path, each.line) for each in in_order(findings)] == [
            ("a", 2), ("a", 10), ("b", 1)
        ]  # fmt: skip

    def test_a_rule_without_its_evidence_is_said_to_be_skipped(self) -> None:
        view = compare(facts({A: "s"}))

        left_out = skipped(view)

        assert left_out["TSM212"] == left_out["TSM209"] == "no git here"
        assert left_out["TSM301"] == left_out["TSM201"] == "it was not looked at"
        assert "TSM102" not in left_out

    def test_with_it_every_rule_is_judged(self) -> None:
        view = compare(
            facts(
                {A: "s"},
                base=base({}),
                ref=ledger(),
                working=ledger(),
                replayed=Replayed(),
                drift=NO_DRIFT,
            )._replace(unseen={})
        )

        assert skipped(view) == {}
        assert found(view) == [("TSM109", "latest.txt")]

    @pytest.mark.parametrize("needs", Evidence)
    def test_each_evidence_is_needed_by_some_rule(self, needs: Evidence) -> None:
        needed = {check.needs for check in CHECKS}

        assert needs in needed or needs is Evidence.SCRIPTS

    def test_severities_and_ignores_are_the_settings_business(self) -> None:
        view = compare(facts({A: "s", "003.c.sql": "t"}))
        assert found(view) == [("TSM103", "2")]

        as_note = Settings(severities={"TSM103": Severity.NOTE})
        ignored = Settings(ignores=(("003.*", frozenset({"TSM103"})),))
        off = Settings(severities={"TSM103": None})

        ((finding,), _) = run(view, as_note)
        assert (finding.severity, finding.implies) == (Severity.NOTE, None)
        assert found(view, ignored) == []
        assert found(view, off) == []
        assert skipped(view, off)["TSM103"] == "switched off in the configuration"


class TestCorners:
    """What a comparison never holds, and must not trip over if it ever does."""

    @pytest.mark.parametrize(
        ("part", "source"), [("deviations", Source.BASE), ("divergences", Source.WORKING)]
    )
    def test_a_rename_to_nothing(self, part: str, source: Source) -> None:
        renamed = Deviation(Change.RENAMED, script(B), source)
        known = facts({A: "s"}, base=base({}), working=ledger((A, "s")))
        changed: dict[str, Any] = {part: (renamed,)}
        view = compare(known)._replace(**changed)

        assert found(view) == []

    def test_a_draft_below_nothing(self) -> None:
        view = compare(facts({A: "s"}, base=base({})))._replace(below=(script(A, "s"),))

        assert found(view) == []

    def test_out_of_order_without_a_ledger(self) -> None:
        view = compare(facts({A: "s"}))._replace(misplaced=(script(A, "s"),))

        assert found(view) == []
        (judge,) = [check.judge for check in CHECKS if check.rule.code == "TSM304"]
        assert list(judge(RULE, view)) == []

    def test_production_ran_a_renamed_script_whose_name_is_none(self) -> None:
        ref = ledger((B, "s"))
        ref = ref._replace(entries=(ref.entries[0]._replace(filename="../b.sql"),))
        view = compare(facts({A: "s"}, ref=ref))

        (finding,) = [each for each in run(view, Settings())[0] if each.code == "TSM202"]

        assert finding.hint == "correct `filename` in the ref ledger: it is no name of a script"
        assert finding.fix is None

    def test_a_script_edited_against_unrelated_histories(self) -> None:
        edited = Deviation(Change.EDITED, script(A), Source.BASE, script(A, "t"))
        known = facts({A: "t"}, base=base({A: "s"}), candidate_revision="c" * 40)
        view = compare(known)._replace(deviations=(edited,))

        (finding,) = [each for each in run(view, Settings())[0] if each.code == "TSM201"]

        assert [related.revision for related in finding.related] == ["b" * 40, "c" * 40]
