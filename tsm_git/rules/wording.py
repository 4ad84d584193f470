"""Phrases that several rules share: paths, who published what, and commands to paste."""

from __future__ import annotations

from tsm_git.core.comparison import Comparison
from tsm_git.core.facts import Place
from tsm_git.core.finding import ADDED, Fix, Related, Rename
from tsm_git.core.numbering import width
from tsm_git.core.publishing import Source
from tsm_git.core.script import Script, padded
from tsm_git.core.text import shell_quoted


def path_of(view: Comparison, filename: str) -> str:
    """The path of a script from the repository root.

    A ledger may hold any text as a file name; where it would lead out of the folder, that is it.
    """
    if "/" in filename or filename in ("", ".", ".."):
        return view.facts.folder
    return f"{view.facts.folder}/{filename}"


def number_of(view: Comparison, number: int) -> str:
    """A number as this folder writes it."""
    return padded(number, width(view.merge_result.values()))


def publisher(view: Comparison, source: Source) -> str:
    """Where a script is published: `origin/main`, or production."""
    if source is Source.BASE and view.facts.base:
        return view.facts.base.name
    return "production"


def published_on(view: Comparison, source: Source) -> str:
    """`published on origin/main`, or `applied in production`."""
    if source is Source.BASE:
        return f"published on {publisher(view, source)}"
    return "applied in production"


def restore(view: Comparison, filename: str, source: Source) -> Fix:
    """The fix that brings a published script back as it was."""
    if source is Source.BASE and view.facts.base:
        return restore_from(view, filename, view.facts.base.name)
    return Fix("restore", "tsm restore --scripts")


def restore_from(view: Comparison, filename: str, revision: str) -> Fix:
    """The fix that takes a script from a revision."""
    path = shell_quoted(path_of(view, filename))
    return Fix(
        "restore",
        f"git restore --source={shell_quoted(revision)} --staged --worktree -- {path}",
    )


def rename(view: Comparison, old: str, new: str) -> Fix:
    """The fix that gives one file another name."""
    move = Rename(path_of(view, old), path_of(view, new))
    # A script in the work tree may not be added yet, and then `git mv` refuses.
    program = "mv" if view.facts.place is Place.WORK_TREE else "git mv"
    command = f"{program} {shell_quoted(move.old)} {shell_quoted(move.new)}"
    return Fix("rename", command, (move,))


def renumber(view: Comparison) -> Fix:
    """The fix that moves every draft behind what is published."""
    moves = tuple(
        Rename(path_of(view, move.script.filename), path_of(view, move.filename))
        for move in view.moves
    )
    return Fix("renumber", _renumber_command(view), moves)


def renumber_hint(view: Comparison, draft: Script) -> str:
    """What renumbering does to one draft, in words."""
    target = view.moved(draft)
    others = len(view.moves) - 1
    words = f"run `{_renumber_command(view)}` to move your draft to `{target}`"
    if others > 0:
        words += f", and {others} more draft{'s' if others > 1 else ''} with it"
    return words


def _renumber_command(view: Comparison) -> str:
    """On the base branch itself nobody could tell drafts from published scripts without help."""
    base = view.facts.base
    if base and view.facts.pushed:
        return f"tsm renumber --base {shell_quoted(base.name)}"
    return "tsm renumber"


def is_base_text(view: Comparison, script: Script | None) -> bool:
    """Whether the script is what base holds."""
    base = view.facts.base
    return base is not None and script in base.snapshot.scripts.values()


def added(view: Comparison, filename: str, message: str, revision: str | None) -> Related:
    """Another place, with the commit that added it to be looked up."""
    return Related(path_of(view, filename), message, revision, ADDED)


def changed_here(view: Comparison, filename: str, message: str, change: str) -> Related:
    """What the candidate's own commits did to a path; found only if one of them did."""
    facts = view.facts
    if not facts.base or not facts.candidate_revision:
        return Related(path_of(view, filename), message)
    start = facts.base.merge_base_oid
    revision = f"{start}..{facts.candidate_revision}" if start else facts.candidate_revision
    return Related(path_of(view, filename), message, revision, change)


def effect_of_edit(view: Comparison, filename: str) -> tuple[Related, ...]:
    """What a replay says that the edit of a script does, if there was a replay."""
    edits = view.facts.replayed.edits if view.facts.replayed else ()
    path = path_of(view, filename)
    return tuple(Related(path, words) for name, words in edits if name == filename)


def on_publisher(view: Comparison, filename: str, message: str, source: Source) -> Related:
    """A published script, with the commit that published it to be looked up."""
    base = view.facts.base
    return added(view, filename, message, base.oid if base and source is Source.BASE else None)
