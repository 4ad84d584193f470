"""TSM201 to TSM205, TSM207 and TSM208: what a candidate does to what is published."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import (
    ADDED,
    CHANGED,
    DELETED,
    INTRODUCED,
    Finding,
    Fix,
    Related,
    Rule,
    Severity,
)
from tsm_git.core.publishing import Change, Deviation, Source
from tsm_git.core.script import parse_number
from tsm_git.core.state import State
from tsm_git.core.text import counted, listed, shell_quoted
from tsm_git.rules.registry import Evidence, rule
from tsm_git.rules.wording import (
    changed_here,
    effect_of_edit,
    is_base_text,
    number_of,
    on_publisher,
    path_of,
    published_on,
    publisher,
    rename,
    renumber,
    renumber_hint,
    restore,
)


@rule(
    "TSM201",
    "edited-published-script",
    "a published script was edited",
    implies=State.CONFLICTED,
    needs=Evidence.PUBLISHED,
)
def edited_published_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _deviations(view, Change.EDITED):
        script, source = deviation.script, deviation.source
        fix = restore(view, script.filename, source)
        message = f"`{script.filename}` is {published_on(view, source)} and was edited"
        hint = "to take the published text back, and put the change into a new script"
        related = _history(view, deviation, script.filename, "edited here", CHANGED)
        if source is Source.REF and is_base_text(view, deviation.now):
            message = f"`{script.filename}` is not the text that production ran"
            words = "another text is published"
            hint = "to write the text that production ran, and put the rest into a new script"
            related = (on_publisher(view, script.filename, words, Source.BASE),)
        yield Finding(
            this,
            script.filename,
            message,
            path_of(view, script.filename),
            f"run `{fix.command}` {hint}",
            number=script.number,
            related=(*related, *effect_of_edit(view, script.filename)),
            fix=fix,
        )


@rule(
    "TSM202",
    "renamed-published-script",
    "a published script was renamed or renumbered",
    implies=State.CONFLICTED,
    needs=Evidence.PUBLISHED,
)
def renamed_published_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _deviations(view, Change.RENAMED):
        script, now, source = deviation.script, deviation.now, deviation.source
        if now is None:
            continue
        back, hint = None, "correct `filename` in the ref ledger: it is no name of a script"
        if parse_number(script.filename) is not None:
            back = rename(view, now.filename, script.filename)
            hint = f"run `{back.command}` to rename it back"
        if back and deviation.edited:
            text = restore(view, script.filename, source).command
            hint += f", then `{text}` for its text"
            back = back._replace(command=f"{back.command} && {text}")
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` is {published_on(view, source)} and was renamed to "
            f"`{now.filename}`{' and edited' if deviation.edited else ''}",
            path_of(view, now.filename),
            hint,
            number=script.number,
            related=_history(view, deviation, now.filename, "renamed here", ADDED),
            fix=back,
        )


@rule(
    "TSM203",
    "deleted-published-script",
    "a published script was deleted",
    implies=State.CONFLICTED,
    needs=Evidence.PUBLISHED,
)
def deleted_published_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _deviations(view, Change.DELETED):
        script, source = deviation.script, deviation.source
        fix = restore(view, script.filename, source)
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` is {published_on(view, source)} and was deleted",
            path_of(view, script.filename),
            f"run `{fix.command}` to bring it back; to undo its change, write a new script",
            number=script.number,
            related=_history(view, deviation, script.filename, "deleted here", DELETED),
            fix=fix,
        )


@rule(
    "TSM204",
    "number-taken",
    "a draft claims a number that a published script has",
    implies=State.CONFLICTED,
    needs=Evidence.PUBLISHED,
)
def number_taken(this: Rule, view: Comparison) -> Iterator[Finding]:
    for draft, holder, source in view.taken:
        number = number_of(view, draft.number)
        where = publisher(view, source)
        same_name = holder.filename == draft.filename
        by = "another script of the same name" if same_name else f"`{holder.filename}`"
        place = f"on {where}" if source is Source.BASE else f"in {where}"
        is_moving = view.moved(draft) is not None
        yield Finding(
            this,
            draft.filename,
            f"number {number} of `{draft.filename}` is already taken {place} by {by}",
            path_of(view, draft.filename),
            renumber_hint(view, draft)
            if is_moving
            else f"production ran this one: give `{holder.filename}` on {where} another number",
            number=draft.number,
            related=(on_publisher(view, holder.filename, f"has number {number} {place}", source),),
            fix=renumber(view) if is_moving else None,
        )


@rule(
    "TSM205",
    "inserted-below-published",
    "a draft is numbered below the last published script",
    implies=State.CONFLICTED,
    needs=Evidence.PUBLISHED,
)
def inserted_below_published(this: Rule, view: Comparison) -> Iterator[Finding]:
    for draft in view.below:
        if view.last_holder is None:
            continue
        last, source = view.last_holder
        yield Finding(
            this,
            draft.filename,
            f"`{draft.filename}` is a draft numbered below `{last.filename}`, "
            f"which is {published_on(view, source)}",
            path_of(view, draft.filename),
            renumber_hint(view, draft),
            number=draft.number,
            related=(on_publisher(view, last.filename, "the last published script", source),),
            fix=renumber(view),
        )


@rule(
    "TSM207",
    "unknown-to-git",
    "production ran a script that no commit has",
    implies=State.CONFLICTED,
    needs=Evidence.REF,
)
def unknown_to_git(this: Rule, view: Comparison) -> Iterator[Finding]:
    for entry in view.production.unknown:
        when = f" on {entry.finished_at[:10]}" if entry.finished_at else ""
        yield Finding(
            this,
            entry.filename,
            f"production ran `{entry.filename}`{when}, which no commit of this repository holds",
            path_of(view, entry.filename),
            "run `tsm restore --scripts` to write it from the ref ledger, then commit it",
            number=entry.number,
            fix=Fix("restore", "tsm restore --scripts"),
        )


@rule(
    "TSM208",
    "behind-base",
    "base, or production, has scripts that this branch has not merged",
    severity=Severity.NOTE,
    needs=Evidence.PUBLISHED,
)
def behind_base(this: Rule, view: Comparison) -> Iterator[Finding]:
    base = view.facts.base
    if view.behind and base:
        names = [f"`{script.filename}`" for script in view.behind]
        command = f"git merge {shell_quoted(base.name)}"
        yield Finding(
            this,
            "base",
            f"{base.name} has {counted(len(names), 'script')} that "
            f"{'is' if len(names) == 1 else 'are'} not merged here: {listed(names)}",
            view.facts.folder,
            f"run `{command}` before you apply or publish",
            related=tuple(
                on_publisher(view, script.filename, f"published on {base.name}", Source.BASE)
                for script in view.behind
            ),
            fix=Fix("merge", command),
        )
    if view.production.elsewhere:
        found = view.production.elsewhere
        names = [f"`{elsewhere.entry.filename}`" for elsewhere in found]
        branches = dict.fromkeys(e.reference for e in found if e.reference)
        command = f"git merge {' '.join(map(shell_quoted, branches))}".rstrip()
        yield Finding(
            this,
            "ref",
            f"production ran {counted(len(names), 'script')} that "
            f"{'is' if len(names) == 1 else 'are'} not merged here: {listed(names)}",
            view.facts.folder,
            f"run `{command}` to bring in what production was deployed from",
            related=tuple(
                Related(
                    path_of(view, elsewhere.entry.filename),
                    f"found on {elsewhere.reference or 'another branch'}",
                    elsewhere.entry.digest,
                    INTRODUCED,
                )
                for elsewhere in found
            ),
            fix=Fix("merge", command),
        )


def _deviations(view: Comparison, change: Change) -> Iterator[Deviation]:
    return (deviation for deviation in view.deviations if deviation.change is change)


def _history(
    view: Comparison, deviation: Deviation, filename: str, message: str, change: str
) -> tuple[Related, ...]:
    """Who published it and who changed it."""
    script, source = deviation.script, deviation.source
    return (
        on_publisher(view, script.filename, published_on(view, source), source),
        changed_here(view, filename, message, change),
    )
