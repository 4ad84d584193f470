"""`tsm squash`: merges this branch's drafts into one, proven to give the same database."""

from __future__ import annotations

from tsm_git.commands.check import CheckRequest, check, refuse_unreadable
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.replacing import SQUASH, Replacement, replace
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.numbering import width
from tsm_git.core.proof.order import Order, compare_orders
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script, padded, parse_number
from tsm_git.core.snapshot import in_order
from tsm_git.core.sql import statements
from tsm_git.core.state import State
from tsm_git.core.text import listed


def plan(
    project: Project, base: str | None, database: str | None, name: str | None
) -> tuple[Replacement, str]:
    """What would be merged into what, and its text, which is proven by replay. Reads only.

    Raises Refusal where there are not two drafts to merge, where scripts are in disorder, or where
    the one script does not give the same database as the several.
    """
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    refuse_unreadable(report)
    if len(report.databases) != 1:
        names = listed([f"`{one.database}`" for one in report.databases])
        raise Refusal(f"there is not one database but: {names}", "name one with `--database NAME`")
    one = report.databases[0]
    drafts = _drafts(one)
    comparison = one.comparison
    filename = f"{padded(drafts[0].number, width(comparison.merge_result.values()))}."
    filename += f"{name or drafts[0].name}.sql"
    if parse_number(filename) is None:
        raise UsageError(f"`{name}` makes no script name", "give letters, digits and `_`")
    text = joined([comparison.facts.texts[draft.digest] for draft in drafts])
    _prove(comparison, drafts, filename, text)
    working = comparison.facts.working
    applied = {entry.filename for entry in working.entries} if working else set()
    return Replacement(
        comparison.facts.database,
        tuple(draft.filename for draft in drafts),
        filename,
        SQUASH,
        tuple(draft.filename for draft in drafts if draft.filename in applied),
    ), text


def carry_out(project: Project, wanted: Replacement, text: str, now: str) -> Replacement:
    """Writes the one script in place of the several, which are moved aside, and stages it.

    All of it or, where something fails, nothing.
    """
    return replace(project, wanted, text, now, stage=True)


def joined(texts: list[str]) -> str:
    """The texts as one script: each ends its last statement, a blank line stands between them."""
    parts = []
    for text in texts:
        found = statements(text)
        is_open = bool(found) and not found[-1].text.endswith(";")
        # On a line of its own, since the text may end in a comment.
        parts.append(text.rstrip("\n") + ("\n;" if is_open else "") + "\n")
    return "\n".join(parts)


def _drafts(one: DatabaseReport) -> list[Script]:
    if one.state in (State.ERROR, State.CONFLICTED):
        first = next(f for f in one.findings if f.implies is one.state)
        raise Refusal(
            f"`{one.database}` is {one.state.name}: {first.message} ({first.code})",
            first.hint,
            one.state,
        )
    drafts = list(one.comparison.drafts)
    if len(drafts) < 2:
        raise Refusal(
            f"`{one.database}` has {'one draft' if drafts else 'no draft'} on this branch",
            "a squash takes two or more; published scripts stay as they are",
            one.state,
        )
    return drafts


def _prove(comparison: Comparison, drafts: list[Script], filename: str, text: str) -> None:
    from tsm_git.adapters.sqlite.replay import replay  # apsw is loaded for a proof only

    facts = comparison.facts
    published = in_order(facts.base.snapshot.scripts.values()) if facts.base else []
    before = [(f"{facts.folder}/{s.filename}", facts.texts[s.digest]) for s in published]
    several = [(f"{facts.folder}/{s.filename}", facts.texts[s.digest]) for s in drafts]
    one, other = (
        replay([*before, *several]),
        replay([*before, (f"{facts.folder}/{filename}", text)]),
    )
    found = compare_orders(one, other)
    if found.order is not Order.IDENTICAL:
        raise Refusal(
            f"one script would not do what the {len(drafts)} do: {listed(found.words)}",
            "correct the drafts so that they run, then squash them",
        )
