"""TSM505: what does not work in the transaction that a script is applied in."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Rule
from tsm_git.core.script import NO_TRANSACTION, Script
from tsm_git.core.snapshot import in_order
from tsm_git.core.state import State
from tsm_git.rules.registry import rule
from tsm_git.rules.wording import path_of


@rule(
    "TSM505",
    "unfit-for-transaction",
    "a statement ends the transaction that its script is applied in, or has no effect in one",
    implies=State.ERROR,
)
def unfit_for_transaction(this: Rule, view: Comparison) -> Iterator[Finding]:
    candidate = view.facts.candidate
    if all(content.unfit is None for content in candidate.files.values()):
        return
    for script in in_order(_to_run(view)):
        content = candidate.files.get(script.filename)
        if content is None or content.unfit is None or script.filename in candidate.unmerged:
            continue
        if NO_TRANSACTION in content.directives:
            continue
        statement = content.unfit.statement
        yield Finding(
            this,
            script.filename,
            _message(script, statement),
            path_of(view, script.filename),
            _hint(statement),
            number=script.number,
            line=content.unfit.line,
            column=content.unfit.column,
        )


def _to_run(view: Comparison) -> set[Script]:
    """The scripts that are still to run: drafts, and what is pending here."""
    facts = view.facts
    ran = {
        entry.filename: entry
        for ledger in (facts.ref, facts.working)
        for entry in (ledger.entries if ledger else ())
    }
    return {
        script
        for script in (*view.drafts, *view.pending)
        if script.filename not in ran or not ran[script.filename].matches(script)
    }


def _message(script: Script, statement: str) -> str:
    transaction = f"the transaction that `{script.filename}` is applied in"
    if statement == "VACUUM":
        return f"`{statement}` cannot run in {transaction}"
    if statement.startswith("PRAGMA"):
        return f"`{statement}` has no effect in {transaction}"
    return f"`{statement}` would work on {transaction}"


def _hint(statement: str) -> str:
    if statement == "PRAGMA foreign_keys":
        return (
            "delete the statement: foreign keys are off while a script runs, and `tsm apply` "
            "looks for rows that it orphans before it commits"
        )
    if statement == "VACUUM" or statement.startswith("PRAGMA"):
        return (
            f"delete the statement, or give it a script of its own that begins with `-- tsm: "
            f"{NO_TRANSACTION}`"
        )
    return "delete the statement: `tsm apply` makes each script one transaction"
