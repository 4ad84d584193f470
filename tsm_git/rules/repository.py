"""TSM212: what does not belong into git."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Fix, Rule
from tsm_git.core.text import shell_quoted
from tsm_git.rules.registry import Evidence, rule


@rule(
    "TSM212",
    "database-in-git",
    "the working database, its ref or a backup is tracked, so a switch or merge can overwrite it",
    needs=Evidence.GIT,
)
def database_in_git(this: Rule, view: Comparison) -> Iterator[Finding]:
    for path in view.facts.tracked:
        command = f"git rm --cached -- {shell_quoted(path)}"
        yield Finding(
            this,
            path,
            f"`{path}` is tracked by git, so a switch or a merge can overwrite it",
            path,
            f"run `{command}` and add it to `.gitignore`",
            fix=Fix("untrack", command),
        )
