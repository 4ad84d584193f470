"""The report as CI services take it: each keeps to the form that the service has laid down."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import facts
from tsm_git.core.comparison import compare
from tsm_git.core.facts import Place
from tsm_git.core.finding import Finding, Related, Rule, Severity, Skipped
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.state import State
from tsm_git.render.github import check_github
from tsm_git.render.gitlab import check_gitlab
from tsm_git.render.junit import check_junit
from tsm_git.render.sarif import check_sarif
from tsm_git.render.text import check_text
from tsm_git.rules import RULES
from tsm_git.rules.explain import page

TAKEN = next(rule for rule in RULES if rule.code == "TSM204")
CONTESTED = next(rule for rule in RULES if rule.code == "TSM206")
BEHIND = next(rule for rule in RULES if rule.code == "TSM208")
PATH = "app.sqlite.migrations/003.phone.sql"
# Names and messages as strangers may write them, surrogates of bytes that are no UTF-8 included.
WORDS = st.text(
    alphabet=st.one_of(
        st.sampled_from(":,%\r\n\t\x1b#[]<>&\"'\ufffe\uffff\udcff =;"), st.characters(max_codepoint=127)
    ),
    max_size=30,
)  # fmt: skip


def finding(rule: Rule = TAKEN, message: str = "it is so", **more: Any) -> Finding:
    """Return a finding with the severity of its rule."""
    values: dict[str, Any] = {"subject": "003.phone.sql", "path": PATH, "severity": rule.severity}
    return Finding(rule, message=message, **values | {"hint": "run `tsm renumber`"} | more)


def report(*findings: Finding, **more: Any) -> CheckReport:
    """Return the verdict on one database with these findings."""
    one = DatabaseReport(compare(facts({})), State.CONFLICTED, findings, more.pop("skipped", ()))
    return CheckReport(Place.COMMIT, "phone", "c" * 40, (one,), **more)


FEW = [TAKEN, CONTESTED, BEHIND]


@st.composite
def reports(draw: st.DrawFn) -> CheckReport:
    """Verdicts whose every word is a stranger's, by a few rules."""

    def one() -> Finding:
        related = tuple(Related(draw(WORDS), draw(WORDS)) for _ in range(draw(st.integers(0, 1))))
        words = {name: draw(WORDS) for name in ("subject", "message", "path", "hint")}
        return finding(draw(st.sampled_from(FEW)), related=related, **words)

    return report(*(one() for _ in range(draw(st.integers(0, 3)))))


class TestGitHub:
    def test_an_annotation_and_the_report_below(self) -> None:
        known = Related("x/003.a.sql", "has number 003", commit="c" * 40, author="Bob", date="2026")
        one = report(finding(related=(known,)))

        assert check_github(one) == (
            f"::error file={PATH},line=1,title=TSM204 number-taken::it is so"
            "%0Anote: x/003.a.sql: has number 003, cccccccccc by Bob on 2026"
            "%0Ahint: run `tsm renumber`\n"
        ) + check_text(one)

    def test_errors_come_first_and_the_order_is_kept(self) -> None:
        found = [finding(BEHIND), finding(message="b"), finding(CONTESTED), finding(message="a")]

        lines = check_github(report(*found)).splitlines()[:4]

        assert [line.split(" ")[0] for line in lines] == [
            "::error",
            "::error",
            "::warning",
            "::notice",
        ]
        assert [line.split("::")[2][:1] for line in lines[:2]] == ["b", "a"]

    def test_what_parts_properties_is_escaped(self) -> None:
        odd = finding(path="a,b:c%\n.migrations/003.x.sql", message="50%: a,b::c", hint="")

        line = check_github(report(odd)).splitlines()[0]

        assert line == (
            r"::error file=a%2Cb%3Ac%25\n.migrations/003.x.sql,line=1,title=TSM204 number-taken"
            "::50%25: a,b::c"
        )

    @given(reports())
    def test_one_command_a_finding_and_no_other(self, one: CheckReport) -> None:
        count = sum(len(database.findings) for database in one.databases)

        lines = check_github(one).splitlines()

        assert all(re.match(r"::(error|warning|notice) file=[^,:]*,line=1,title=TSM\d{3} [a-z-]+::", line)
                   for line in lines[:count])  # fmt: skip
        for line in lines[count:]:
            assert not line.lstrip().startswith("::")
            assert not re.search(r"##[a-zA-Z]*\[", line)


class TestGitLab:
    def test_the_document(self) -> None:
        (one,) = json.loads(check_gitlab(report(finding())))

        assert one.pop("fingerprint").isalnum()
        assert one == {
            "description": "it is so; run `tsm renumber`",
            "check_name": "TSM204",
            "severity": "critical",
            "location": {"path": PATH, "lines": {"begin": 1}},
        }

    def test_nothing_found_is_an_empty_list(self) -> None:
        assert json.loads(check_gitlab(report())) == []

    def test_fingerprints_stay_while_the_words_change(self) -> None:
        def prints(*findings: Finding) -> list[str]:
            return [one["fingerprint"] for one in json.loads(check_gitlab(report(*findings)))]

        assert prints(finding(), finding(BEHIND)) == prints(
            finding(message="it is still so", line=7), finding(BEHIND, hint="")
        )
        assert len(set(prints(finding(), finding(), finding(subject="004.x.sql")))) == 3

    @given(reports())
    def test_any_words_make_a_document(self, one: CheckReport) -> None:
        found = json.loads(check_gitlab(one))

        assert len({one["fingerprint"] for one in found}) == len(found)
        assert check_gitlab(one).isascii()
        assert "##" not in check_gitlab(one)


class TestJUnit:
    def suite(self, one: CheckReport) -> ElementTree.Element:
        """Return the one suite, whose numbers must be those of its cases."""
        (suite,) = ElementTree.fromstring(check_junit(one, RULES))
        assert suite.get("tests") == str(len(suite))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
        return suite

    def test_a_case_for_each_rule_or_its_findings(self) -> None:
        found = [finding(), finding(subject="004.x.sql"), finding(CONTESTED)]
        skipped = (Skipped(("TSM301",), "no database"), Skipped(("TSM109",), "off", True))

        suite = self.suite(report(*found, skipped=skipped))

        cases = {case.get("name"): [child.tag for child in case] for case in suite}
        assert {name: tags for name, tags in cases.items() if tags} == {
            "TSM109 stale-tip-file": ["skipped"],
            "TSM204 number-taken: 003.phone.sql": ["failure"],
            "TSM204 number-taken: 004.x.sql": ["failure"],
            "TSM206 number-contested: 003.phone.sql": ["system-out"],
            "TSM301 edited-applied-script": ["skipped"],
        }
        assert len(cases) == len(RULES) + 1
        assert {case.get("classname") for case in suite} == {"app.sqlite"}

    def test_a_failure_says_it_all(self) -> None:
        failure = self.suite(report(finding(message="a < b & 'c'"))).find("testcase/failure")

        assert failure is not None
        assert failure.attrib == {"message": "a < b & 'c'", "type": "number-taken"}
        assert failure.text == (f"{PATH}:1:1: TSM204 a < b & 'c'\n    hint: run `tsm renumber`")

    def test_strict_lets_warnings_fail(self) -> None:
        strict = report(finding(CONTESTED), failing=(Severity.ERROR, Severity.WARNING))

        assert self.suite(strict).get("failures") == "1"

    def test_no_database(self) -> None:
        nothing = CheckReport(Place.COMMIT, None, None, ())

        assert list(ElementTree.fromstring(check_junit(nothing, RULES))) == []

    @given(reports())
    def test_any_words_make_a_document(self, one: CheckReport) -> None:
        self.suite(one)

        assert not re.search(r"##[a-zA-Z]*\[", check_junit(one, RULES))


@cache
def sarif_validator() -> jsonschema.Draft4Validator:
    """Return what knows the official schema, in the edition that SchemaStore hands out."""
    path = Path(__file__).parents[1] / "schema" / "sarif-2.1.0-rtm.5.json"
    return jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


def sarif(one: CheckReport, rules: Sequence[Rule] = RULES) -> Any:
    """Return the one run of the SARIF document, which must keep to the schema."""
    document = json.loads(check_sarif(one, rules, page))
    sarif_validator().validate(document)
    return document["runs"][0]


class TestSarif:
    def test_a_result(self) -> None:
        known = Related("x/003.a.sql", "has number 003", commit="c" * 40, author="Bob", date="2026")

        (result,) = sarif(report(finding(related=(known,))))["results"]

        assert re.fullmatch(
            r"[0-9a-f]{32}:1", result.pop("partialFingerprints")["primaryLocationLineHash"]
        )
        assert result == {
            "ruleId": "TSM204",
            "ruleIndex": RULES.index(TAKEN),
            "level": "error",
            "message": {"text": "it is so; run `tsm renumber`"},
            "locations": [{"physicalLocation": self.place(PATH)}],
            "relatedLocations": [
                {
                    "id": 0,
                    "physicalLocation": self.place("x/003.a.sql"),
                    "message": {"text": "x/003.a.sql: has number 003, cccccccccc by Bob on 2026"},
                }
            ],
        }

    def place(self, uri: str) -> dict[str, object]:
        """Return where the first character of a file is."""
        return {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 1, "startColumn": 1},
        }

    def test_the_rules_are_described(self) -> None:
        driver = sarif(report())["tool"]["driver"]

        assert [rule["id"] for rule in driver["rules"]] == sorted(rule.code for rule in RULES)
        described = driver["rules"][RULES.index(CONTESTED)]
        assert described["name"] == "NumberContested"
        assert described["shortDescription"]["text"] == CONTESTED.summary
        assert described["fullDescription"]["text"] == (
            "A draft has a number that another branch, not merged yet, claims as well."
        )
        assert described["help"]["markdown"] == page("TSM206")
        assert described["defaultConfiguration"] == {"level": "warning"}

    def test_what_was_not_judged_is_told_but_for_what_nobody_wants(self) -> None:
        skipped = (Skipped(("TSM301",), "no database"), Skipped(("TSM109",), "off", True))

        (invocation,) = sarif(report(skipped=skipped))["invocations"]

        assert [one["message"]["text"] for one in invocation["toolExecutionNotifications"]] == [
            "app.sqlite: TSM301 was not judged: no database"
        ]

    @pytest.mark.parametrize("path", ["a b/x:y.sql", "ü/001.ñ.sql", "100%/#?.sql", "\udcff.sql"])
    def test_a_path_is_a_reference(self, path: str) -> None:
        (result,) = sarif(report(finding(path=path)))["results"]

        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
        assert unquote(uri, errors="surrogateescape") == path

    @given(reports())
    def test_any_words_make_a_document(self, one: CheckReport) -> None:
        sarif(one, FEW)

        assert "##" not in check_sarif(one, FEW, page)
