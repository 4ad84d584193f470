"""Drift: what the models say beside what a database, or else the scripts, have made."""

from __future__ import annotations

from tsm_git.commands.gathering.models import models_for
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Request
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import TsmError
from tsm_git.core.models import Drift
from tsm_git.core.schema.objects import Schema
from tsm_git.core.settings import DatabaseSettings


class CannotTell(Exception):
    """There is nothing to compare the models with; the text says why."""


def with_drift(
    project: Project,
    database: DatabaseSettings,
    comparison: Comparison,
    request: Request,
    is_invalid: bool,
) -> Comparison:
    """The comparison with the models seen, or with the reason why they are not.

    `is_invalid` says that the scripts are no valid sequence: then nobody knows what they make.
    Raises ModelsError where the models cannot be had; `tsm status` shows that and goes on.
    """
    facts = comparison.facts
    try:
        actual, of = _actual(project, comparison, request, is_invalid)
        drift = Drift(models_for(project, database, request), actual, of)
        return comparison._replace(facts=facts._replace(drift=drift))
    except CannotTell as reason:
        why = str(reason)
    except TsmError as error:
        if not request.all_places:
            raise
        why = error.message
    return comparison._replace(facts=facts._replace(unseen={**facts.unseen, "models": why}))


def _actual(
    project: Project, comparison: Comparison, request: Request, is_invalid: bool
) -> tuple[Schema, str]:
    """The schema to compare with: the working database's, if all scripts have run there."""
    facts = comparison.facts
    if is_invalid:
        raise CannotTell("the scripts are no valid sequence")
    if comparison.divergences:
        raise CannotTell(f"`{facts.database}` is not what the scripts make")
    if facts.working is None or not facts.working.exists or comparison.pending:
        return replayed(comparison), "the scripts"
    from tsm_git.adapters.sqlite.introspect import read_schema_of

    path = request.working or project.top / facts.database
    return read_schema_of(path, facts.working.path), f"`{facts.working.path}`"


def replayed(comparison: Comparison) -> Schema:
    """The schema that all scripts of the candidate make of nothing. Raises CannotTell."""
    from tsm_git.adapters.sqlite.introspect import schema_of_image
    from tsm_git.adapters.sqlite.sandbox import Keep, RunAll, replay
    from tsm_git.commands.gathering.replays import Chain

    try:
        scripts = Chain(comparison).texts(comparison.facts.candidate.ordered())
    except TsmError as error:
        raise CannotTell(error.message) from error
    runs, image = replay([RunAll(scripts), Keep()])
    last = runs[-1] if isinstance(runs, list) and runs else None
    if last and last.stop:
        stop = last.stop
        raise CannotTell(
            f"the replay of the scripts stops at {last.path}:{stop.line}:{stop.column}: "
            f"{stop.message}"
        )
    return schema_of_image(image) if isinstance(image, bytes) else Schema()
