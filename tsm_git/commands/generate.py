"""`tsm generate`: a draft script from what the models and the database differ in, with proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tsm_git.adapters.files import write_new
from tsm_git.adapters.sqlite.workshop import Workshop, workshop_after, workshop_of
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.drafting import Asker, propose
from tsm_git.commands.gathering.models import models_for
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.replacing import GENERATE, Replacement, replace
from tsm_git.commands.tips import keep_tips
from tsm_git.core.change.alter import OLDEST
from tsm_git.core.change.choices import Choices
from tsm_git.core.change.draft import (
    WRITTEN_BY,
    Draft,
    Variant,
    is_undecided,
    script_name,
    script_text,
)
from tsm_git.core.errors import Refusal, ScriptError, UsageError
from tsm_git.core.models import Piece
from tsm_git.core.numbering import width
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script, padded, parse_number
from tsm_git.core.settings import DatabaseSettings
from tsm_git.core.snapshot import in_order
from tsm_git.core.state import State
from tsm_git.core.text import counted, listed
from tsm_git.version import VERSION


def draft(
    project: Project,
    settings: DatabaseSettings,
    base: str | None,
    choices: Choices,
    name: str | None = None,
    ask: Asker | None = None,
    pieces: tuple[Piece, ...] = (),
) -> Draft | None:
    """The script that brings the schema to the models; None where there is nothing to do.

    `pieces` are the DDL of models that a program gives, in place of the configured ones. Reads
    only. Raises Refusal where the state forbids it, or where the script does not do what it
    should; the reason is in the message.
    """
    request = CheckRequest(base=base, folder=settings.folder, annotate=False)
    (one,) = check(project, request).databases
    replaced = _undecided(one)
    _refuse_unless_draftable(one, replaced)
    models = models_for(project, settings, request._replace(pieces=pieces))
    with _workshop(project, one, replaced) as shop:
        found = propose(project, one, settings, models, shop, choices, ask)
        if not found:
            return None
        number = replaced[0].number if replaced else one.comparison.next_free
        return finished(one, settings, found, number, name, choices, replaced)


def write(project: Project, made: Draft, now: str, command: str = GENERATE) -> str | None:
    """Writes the script, whole or not at all, and moves aside what it replaces.

    Returns the folder, relative to the top, where that is then. `command` is what a user types.
    """
    aside = None
    if made.replaces:
        wanted = Replacement(made.database, made.replaces, made.filename, command)
        aside = replace(project, wanted, made.text, now, stage=False).kept
    else:
        write_new(project.top / made.path, made.text.encode())
    keep_tips(project, None, made.database)
    return aside


def finished(
    one: DatabaseReport,
    settings: DatabaseSettings,
    variants: list[Variant],
    number: int,
    name: str | None,
    choices: Choices,
    replaced: Sequence[Script],
) -> Draft:
    """The draft with its name and its text, in place of the scripts that it replaces."""
    others = len(one.comparison.drafts) - len(replaced)
    text = script_text(
        variants,
        VERSION,
        settings.min_sqlite or ".".join(map(str, OLDEST)),
        others,
        allow_loss=choices.allow_loss,
    )
    digits = width(one.comparison.merge_result.values())
    filename = f"{padded(number, digits)}.{name or script_name(variants[0])}.sql"
    if parse_number(filename) is None:
        raise UsageError(f"`{name}` makes no script name", "give letters, digits and `_`")
    return Draft(
        one.database,
        f"{one.comparison.facts.folder}/{filename}",
        text,
        tuple(variants),
        is_undecided(variants, allow_loss=choices.allow_loss),
        others,
        len(one.comparison.behind),
        tuple(script.filename for script in replaced),
    )


@contextmanager
def _workshop(
    project: Project, one: DatabaseReport, without: Sequence[Script]
) -> Iterator[Workshop]:
    """A copy of the working database; without one, what all scripts make of nothing."""
    facts = one.comparison.facts
    if facts.working is not None and facts.working.exists:
        with workshop_of(project.top / facts.working.path, facts.working.path) as shop:
            yield shop
        return
    scripts = [s for s in in_order(facts.candidate.scripts.values()) if s not in without]
    try:
        with workshop_after(texts_of(one, scripts)) as shop:
            yield shop
    except ScriptError as error:
        raise Refusal(
            f"{error}; there is no database, and the scripts do not run from nothing",
            "correct that script, or `tsm apply` what does run",
        ) from error


def texts_of(one: DatabaseReport, scripts: list[Script]) -> list[tuple[str, str]]:
    """The paths and texts of scripts. Raises Refusal where a text is not to be had."""
    facts = one.comparison.facts
    found = []
    for script in scripts:
        text = facts.texts.get(script.digest)
        if text is None:
            raise Refusal(f"the text of `{script.filename}` cannot be read", "run `tsm check`")
        found.append((f"{facts.folder}/{script.filename}", text))
    return found


def _undecided(one: DatabaseReport) -> list[Script]:
    """The last draft, if tsm wrote it and its choice is all that is wrong: it is written anew."""
    faults = [finding for finding in one.findings if finding.implies is State.ERROR]
    facts = one.comparison.facts
    last = max(one.comparison.drafts, key=lambda script: script.number, default=None)
    is_only_fault = [(fault.code, fault.subject) for fault in faults] == [
        ("TSM105", last.filename if last else "")
    ]
    if last is None or not is_only_fault or last not in one.comparison.pending:
        return []
    return [last] if facts.texts.get(last.digest, "").startswith(WRITTEN_BY) else []


def _refuse_unless_draftable(one: DatabaseReport, replaced: Sequence[Script]) -> None:
    """Raises Refusal in every state but CURRENT and DRIFT, and PENDING without a database."""
    working = one.comparison.facts.working
    pending = [s.filename for s in one.comparison.pending if s not in replaced]
    if one.state in (State.ERROR, State.CONFLICTED, State.DIVERGED) and not replaced:
        first = next(f for f in one.findings if f.implies is one.state)
        raise Refusal(
            f"`{one.database}` is {one.state.name}: {first.message} ({first.code})",
            first.hint or "run `tsm check` to see what is wrong",
            one.state,
        )
    if pending and working is not None and working.exists:
        raise Refusal(
            f"`{one.database}` is PENDING: {counted(len(pending), 'script')} to apply: "
            f"{listed(pending)}",
            "run `tsm apply` first, so that the models are compared with what the scripts make",
            State.PENDING,
        )
