"""`tsm schema`: the schema of any place, and what two places differ in. Reads only."""

from __future__ import annotations

from typing import NamedTuple

from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.drift import CannotTell, replayed
from tsm_git.commands.gathering.models import read_models
from tsm_git.commands.gathering.project import Project
from tsm_git.core.change.alter import written_for
from tsm_git.core.change.ddl import Plan, plan_changes
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.schema.objects import Schema
from tsm_git.core.settings import DatabaseSettings

PLACES = ("working", "ref", "models", "scripts")


class Difference(NamedTuple):
    """How the schema of one place gets to be that of another."""

    database: str
    old: str
    new: str
    plan: Plan


def schema_at(project: Project, settings: DatabaseSettings, place: str) -> Schema:
    """The schema of a database at a place: one of PLACES, or a revision of git.

    What scripts make is found by replaying them in the sandbox. Raises Refusal where that is not to
    be had, and UsageError where there is no such place.
    """
    if place == "models":
        return read_models(project, settings).schema
    if place in ("working", "ref"):
        from tsm_git.adapters.sqlite.introspect import read_schema_of  # replays need no apsw

        shown = settings.path + (".ref" if place == "ref" else "")
        if not (project.top / shown).exists():
            raise UsageError(f"there is no database `{shown}`", f"name one of {', '.join(PLACES)}")
        return read_schema_of(project.top / shown, shown)
    head = None if place == "scripts" else place
    request = CheckRequest(head=head, folder=settings.folder, annotate=False)
    (one,) = check(project, request).databases
    try:
        return replayed(one.comparison)
    except CannotTell as reason:
        raise Refusal(f"{place}: {reason}", "run `tsm check --replay` to see more") from reason


def difference(project: Project, settings: DatabaseSettings, old: str, new: str) -> Difference:
    """What has to be done to one schema to have the other.

    Where the new one is the models, what such models cannot describe is left as it is.
    """
    before = schema_at(project, settings, old)
    if new == "models":
        after = read_models(project, settings).beside(before)
    else:
        after = schema_at(project, settings, new)
    version = written_for(settings.min_sqlite)
    return Difference(settings.path, old, new, plan_changes(before, after, version, {}))
