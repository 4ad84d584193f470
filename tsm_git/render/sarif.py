"""The report as SARIF 2.1.0, which code scanning services take (OASIS, section numbers are its)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from tsm_git.core.finding import Finding, Rule
from tsm_git.core.report import CheckReport
from tsm_git.render.fingerprint import fingerprinted
from tsm_git.render.jsondoc import dumped
from tsm_git.render.text import related_text
from tsm_git.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def check_sarif(report: CheckReport, rules: Sequence[Rule], page: Callable[[str], str]) -> str:
    """The document, ending with a newline; `page` is the markdown page of a rule's code.

    Every rule is described, whether it found something or not, so that a reader can tell what was
    looked at; those that were not judged are notifications.
    """
    run: dict[str, object] = {
        "tool": {"driver": _driver(rules, page)},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, **_not_judged(report)}],
        "results": [
            _result(fingerprint, finding, rules) for fingerprint, finding in fingerprinted(report)
        ],
        "properties": {
            "databases": {one.database: {"state": one.state.name} for one in report.databases}
        },
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(rules: Sequence[Rule], page: Callable[[str], str]) -> dict[str, object]:
    return {
        "name": "tsm",
        "semanticVersion": VERSION,
        "rules": [
            {
                "id": rule.code,
                "name": _camel(rule.name),
                "shortDescription": {"text": rule.summary},
                "fullDescription": {"text": _lead(page(rule.code))},
                "help": {
                    "text": f"run `tsm explain {rule.code}`",
                    "markdown": page(rule.code),
                },
                "defaultConfiguration": {"level": rule.severity.value},
            }
            for rule in rules
        ],
    }


def _not_judged(report: CheckReport) -> dict[str, object]:
    """What was left out, as notifications of the run (3.20.21)."""
    notices = [
        {
            "descriptor": {"id": code},
            "level": "note",
            "message": {"text": f"{one.database}: {code} was not judged: {skipped.why}"},
        }
        for one in report.databases
        for skipped in one.skipped
        if not skipped.by_choice
        for code in skipped.codes
    ]
    return {"toolExecutionNotifications": notices} if notices else {}


def _result(fingerprint: str, finding: Finding, rules: Sequence[Rule]) -> dict[str, object]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    codes = [rule.code for rule in rules]
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(finding.path, finding.line, finding.column)}],
        "relatedLocations": [
            {
                "id": number,
                "physicalLocation": _place(related.path, 1, 1),
                "message": {"text": related_text(related)},
            }
            for number, related in enumerate(finding.related)
        ],
        # The name under which GitHub looks for it, so that it need not guess one from the line.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1"},
    }


def _place(path: str, line: int, column: int) -> dict[str, object]:
    uri = quote(path.encode("utf-8", "surrogateescape"))  # a colon would end a scheme (3.4.3)
    return {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line, "startColumn": column},
    }


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _lead(page: str) -> str:
    """The paragraph below the title."""
    return " ".join(page.split("\n\n")[1].split())
