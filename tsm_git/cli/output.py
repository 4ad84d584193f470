"""The formats of `tsm check`, by the name that `--format` has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsm_git.cli.shared import in_colour

if TYPE_CHECKING:
    from tsm_git.core.report import CheckReport

FORMATS = ("text", "json", "github", "gitlab", "junit", "sarif")


def rendered(report: CheckReport, name: str) -> str:
    """The report in a format, ending with a newline. Only text on a terminal has colours."""
    match name:
        case "json":
            from tsm_git.render.jsondoc import check_json

            return check_json(report)
        case "github":
            from tsm_git.render.github import check_github

            return check_github(report)
        case "gitlab":
            from tsm_git.render.gitlab import check_gitlab

            return check_gitlab(report)
        case "junit":
            from tsm_git.render.junit import check_junit
            from tsm_git.rules import RULES

            return check_junit(report, RULES)
        case "sarif":
            from tsm_git.render.sarif import check_sarif
            from tsm_git.rules import RULES
            from tsm_git.rules.explain import page

            return check_sarif(report, RULES, page)
        case _:
            from tsm_git.render.text import check_text

            return check_text(report, colour=in_colour())
