"""`tsm generate --consolidate`: one draft in place of all drafts of this branch."""

from __future__ import annotations

from dataclasses import dataclass

from tsm_git.adapters.sqlite.workshop import workshop_after
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.drafting import Asker, propose
from tsm_git.commands.gathering.models import read_models
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.generate import finished, texts_of
from tsm_git.core.change.choices import Choices
from tsm_git.core.change.draft import Draft
from tsm_git.core.errors import Refusal, ScriptError
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script
from tsm_git.core.settings import DatabaseSettings
from tsm_git.core.snapshot import in_order
from tsm_git.core.sql import fold, significant, statements
from tsm_git.core.state import State
from tsm_git.core.text import listed


@dataclass(frozen=True, slots=True)
class Consolidation:
    """The one draft, and those of the others that the working database has applied."""

    draft: Draft
    applied: tuple[str, ...]


def consolidation(
    project: Project,
    settings: DatabaseSettings,
    base: str | None,
    choices: Choices,
    name: str | None = None,
    ask: Asker | None = None,
) -> Consolidation:
    """One draft that does what the drafts of this branch and the last change of the models do.

    It starts from the ref database and what is published since, or without one from what the
    published scripts make. Reads only. Raises Refusal where there are no drafts, where one changes
    rows in a way that models cannot tell, or where nothing is left to do.
    """
    request = CheckRequest(base=base, folder=settings.folder, annotate=False)
    (one,) = check(project, request).databases
    drafts = _drafts(one, choices)
    models = read_models(project, settings)
    facts = one.comparison.facts
    ref = facts.ref if facts.ref is not None and facts.ref.exists else None
    ran = {entry.filename for entry in ref.entries} if ref else set()
    published = [
        script
        for script in in_order(facts.candidate.scripts.values())
        if script not in drafts and script.filename not in ran
    ]
    start = project.top / ref.path if ref else None
    try:
        with workshop_after(texts_of(one, published), start, ref.path if ref else "") as shop:
            found = propose(project, one, settings, models, shop, choices, ask)
    except ScriptError as error:
        raise Refusal(
            f"{error}; so there is no place to start from", "run `tsm check` to see why", one.state
        ) from error
    if not found:
        raise Refusal(
            f"without {listed([f'`{script.filename}`' for script in drafts])} the schema is as "
            "the models say: there is nothing to consolidate",
            "delete the drafts, or change the models",
            one.state,
        )
    made = finished(one, settings, found, drafts[0].number, name, choices, drafts)
    working = facts.working
    applied = {entry.filename for entry in working.entries} if working else set()
    return Consolidation(made, tuple(s.filename for s in drafts if s.filename in applied))


def _drafts(one: DatabaseReport, choices: Choices) -> list[Script]:
    wrong = [
        finding
        for finding in one.findings
        if finding.implies in (State.ERROR, State.CONFLICTED) and finding.code != "TSM105"
    ]
    if wrong:
        raise Refusal(
            f"`{one.database}` is {one.state.name}: {wrong[0].message} ({wrong[0].code})",
            wrong[0].hint or "run `tsm check` to see what is wrong",
            one.state,
        )
    drafts = list(one.comparison.drafts)
    if not drafts:
        raise Refusal(
            f"`{one.database}` has no draft on this branch",
            "`tsm generate` writes one; published scripts stay as they are",
            one.state,
        )
    for script, (path, text) in zip(drafts, texts_of(one, drafts), strict=True):
        line = _changes_rows(text)
        if line and not choices.allow_loss:
            raise Refusal(
                f"{path}:{line}:1: `{script.filename}` changes rows, which models cannot tell",
                "run `tsm squash` to keep every statement, or add `--allow-loss`",
                one.state,
            )
    return drafts


def _changes_rows(text: str) -> int | None:
    """The line of the first statement that writes rows, and is not of a rebuild by tsm."""
    for statement in statements(text):
        words = [fold(token.text) for token in significant(statement.text)[:5]]
        writes = words[:1] in (["update"], ["delete"], ["replace"], ["with"]) or (
            words[:1] == ["insert"]
            and not any(word.strip('"').startswith(("_tsm_", "sqlite_sequence")) for word in words)
        )
        if writes:
            return statement.line
    return None
