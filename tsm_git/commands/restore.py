"""`tsm restore --scripts`: brings scripts back as they were published, or were applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tsm_git.adapters.files import rename_back, rename_files, set_aside, write_new
from tsm_git.commands.check import CheckRequest, check, refuse_unreadable
from tsm_git.commands.gathering.project import Project
from tsm_git.core.errors import Refusal
from tsm_git.core.publishing import Change, Deviation, Source
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import parse_number
from tsm_git.core.text import file_stamp


@dataclass(frozen=True, slots=True)
class Return:
    """One script that comes back: its text, and the file that stands in its place now.

    `is_rename` says that this file has the very text, and only its name is wrong. `source` says who
    knows how it was, `change` what has happened to it.
    """

    filename: str
    text: str
    instead_of: str | None
    is_rename: bool = False
    source: Source = Source.BASE
    change: Change = Change.DELETED


@dataclass(frozen=True, slots=True)
class ScriptsPlan:
    """The scripts of one database that come back; `folder` is relative to the project's top.

    `staged` are file names of which the index says what the work tree does not say any more: a run
    that was killed has brought them back there already, or somebody by hand.
    """

    database: str
    folder: str
    returns: tuple[Return, ...]
    staged: tuple[str, ...] = ()


def plan_scripts(
    project: Project, base: str | None, database: str | None, *, applied: bool = False
) -> list[ScriptsPlan]:
    """Which published scripts come back with which text. Reads only.

    With `applied` it is the scripts that the working database has applied, as it ran them, that
    come back. Raises Refusal where a text is nowhere to be had, or a ledger's file name is no
    script name.
    """
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    refuse_unreadable(report)
    plans = []
    for one in report.databases:
        folder = one.comparison.facts.folder
        if applied:
            plans.append(ScriptsPlan(one.database, folder, tuple(applied_returns(one))))
            continue
        returns = tuple(published_returns(one))
        staged = tuple(_staged(project, base, one))
        plans.append(ScriptsPlan(one.database, folder, returns, staged))
    return plans


def restore_scripts(project: Project, plan: ScriptsPlan, now: str) -> list[tuple[str, str | None]]:
    """Writes the texts back, and stages them. What stood in their place is moved aside, never lost.

    All of it or, where something fails, nothing. Returns each file name with the path, relative to
    the top, that the old file has now.
    """
    folder = project.top / plan.folder
    aside = project.top / f"{plan.database}.bak" / f"scripts-{file_stamp(now)}"
    done: list[tuple[str, str | None]] = []
    with ExitStack() as undo:
        for back in plan.returns:
            target, saved = folder / back.filename, None
            if back.is_rename and back.instead_of:
                pair = (folder / back.instead_of, target)
                rename_files([pair])
                undo.callback(rename_back, [pair])
            else:
                if back.instead_of is not None:
                    kept = set_aside(folder / back.instead_of, aside)
                    undo.callback(kept.rename, folder / back.instead_of)
                    saved = kept.relative_to(project.top).as_posix()
                write_new(target, back.text.encode())
                undo.callback(target.unlink)
            done.append((back.filename, saved))
        both = [(back.filename, back.instead_of) for back in plan.returns]
        names = dict.fromkeys([*(name for pair in both for name in pair if name), *plan.staged])
        if project.repository and names:
            project.repository.staging.stage([f"{plan.folder}/{name}" for name in names])
        undo.pop_all()
    return done


def effects_of_edits(project: Project, one: DatabaseReport) -> dict[str, str]:
    """By file name what the edit of a script that had run does, as a replay of both texts tells."""
    from tsm_git.adapters.cache import user_cache  # only a replay needs these
    from tsm_git.commands.gathering.replays import with_replay

    cache = user_cache(project.environ, "replays")
    replayed = with_replay(one.comparison, None, cache).facts.replayed
    edits = set(replayed.edits) if replayed else set()
    names = [name for name, _ in edits]
    return {name: words for name, words in edits if names.count(name) == 1}


def published_returns(one: DatabaseReport) -> list[Return]:
    """The published scripts that the work tree has not as they were published."""
    facts = one.comparison.facts
    ran = {entry.filename: entry for entry in facts.ref.entries} if facts.ref else {}
    found = []
    for deviation in one.comparison.deviations:
        script, now = deviation.script, deviation.now
        entry = ran.get(script.filename)
        if entry is not None and entry.matches(now):
            continue  # base says otherwise, but what production ran is not taken away
        instead = now.filename if now and deviation.change is not Change.DELETED else None
        found.append(_back(one, deviation, instead))
    for entry in one.comparison.production.unknown:
        back = _return(one, entry.filename, entry.digest or "", None)
        found.append(replace(back, source=Source.REF))
    present = facts.candidate.files
    return [r for r in found if r.instead_of is None or r.instead_of in present]


def _staged(project: Project, base: str | None, one: DatabaseReport) -> Iterator[str]:
    """The file names of which the index says something else than what is published.

    Not those that hold something else in the work tree, too: they come back there, or are drafts.
    """
    facts = one.comparison.facts
    if project.repository is None:
        return
    request = CheckRequest(base=base, folder=facts.folder, staged=True, annotate=False)
    (index,) = check(project, request).databases
    for back in published_returns(index):
        if back.filename not in index.comparison.facts.candidate.unmerged:
            yield back.filename
        if back.instead_of and back.instead_of not in facts.candidate.files:
            yield back.instead_of


def applied_returns(one: DatabaseReport) -> list[Return]:
    """The scripts that the working database has applied and the work tree has not as it ran them.

    Those of which the comparison with what is published speaks are not among them.
    """
    divergences = one.comparison.divergences
    return [_back(one, d, d.now.filename if d.now else None) for d in divergences]


def _back(one: DatabaseReport, deviation: Deviation, instead: str | None) -> Return:
    script, now = deviation.script, deviation.now
    back = _return(one, script.filename, script.digest, instead)
    is_rename = deviation.change is Change.RENAMED and instead != script.filename
    same_text = now is not None and now.digest == script.digest
    return replace(
        back,
        is_rename=is_rename and same_text,
        source=deviation.source,
        change=deviation.change,
    )


def _return(one: DatabaseReport, filename: str, digest: str, instead: str | None) -> Return:
    if parse_number(filename) is None:  # a ledger may hold `../x`: it is no name for a file
        raise Refusal(
            f"the ledger calls a script `{filename}`, which is no script name",
            "correct `filename` in the ledger",
            one.state,
        )
    text = one.comparison.facts.texts.get(digest)
    if text is None:
        raise Refusal(
            f"the text of `{filename}` is in no commit and in no ledger",
            "bring the script back by hand",
            one.state,
        )
    return Return(filename, text, instead)
