"""`tsm renumber`: moves drafts behind the last published number, keeping their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tsm_git.adapters.files import (
    read_bytes,
    rename_back,
    rename_files,
    set_aside,
    write_new,
)
from tsm_git.commands.check import CheckRequest, check, refuse_unreadable
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.renumbering import journal
from tsm_git.commands.renumbering.proof import prove_order
from tsm_git.commands.renumbering.rewriting import in_author_order
from tsm_git.commands.renumbering.stopped import Contest, contests
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal
from tsm_git.core.finding import Rename
from tsm_git.core.numbering import Move, in_safe_order, renumbered, width
from tsm_git.core.proof.order import Difference, Order
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script, parse_number
from tsm_git.core.text import file_stamp, listed


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one side of an unmerged file goes: a blob of the index, and its path.

    `edits` is the file name of the draft of which it is the new text.
    """

    oid: str
    mode: str
    path: str
    edits: str | None = None


@dataclass(frozen=True, slots=True)
class Renumbering:
    """The moves of one database's drafts, in the order in which they are safe to make.

    `unmerged` are files that a merge stopped on, each with where its sides go.
    """

    database: str
    renames: tuple[Rename, ...]
    unmerged: tuple[tuple[str, tuple[Placement, ...]], ...] = ()
    proof: Difference | None = None

    @property
    def shown(self) -> list[Rename]:
        """Every move, that of a side of an unmerged file included, in order of the old names."""
        return sorted([*self.renames, *self.sides])

    @property
    def sides(self) -> list[Rename]:
        """The moves of sides of unmerged files."""
        return [
            Rename(path, placement.path)
            for path, placements in self.unmerged
            for placement in placements
            if placement.path != path and placement.edits is None
        ]


def plan(
    project: Project, base: str | None, database: str | None, *, proven: bool = True
) -> list[Renumbering]:
    """What is to move where, proven by replay if wanted. Reads only.

    What the ref ledger holds never moves, else what base holds, else, where a merge brought a
    duplicate, what its first parent held. Raises Refusal where a number is claimed by published
    scripts only, a person has to resolve a conflict, or the proof fails.
    """
    request = CheckRequest(base=base, database=database, annotate=False)
    report = check(project, request)
    refuse_unreadable(report)
    plans = []
    for one in report.databases:
        decided = one
        if one.comparison.duplicates and base is None:
            folder = one.comparison.facts.folder
            decided = _after_merge(project, request._replace(folder=folder), one)
        if claimed := _still_claimed(decided):
            raise Refusal(
                f"number {claimed[0].digits} is claimed by published scripts only: "
                f"{listed([f'`{script.filename}`' for script in claimed])}",
                "run `tsm explain TSM102` to see how to accept or to part them",
                one.state,
            )
        plans.append(_plan_one(project, decided.comparison, proven))
    return plans


def carry_out(project: Project, plans: list[Renumbering], now: str) -> list[str]:
    """Moves the files and what the index holds of them; all or nothing.

    A file that a merge stopped on gives way to the texts of its sides. It is kept beside the
    backups: somebody may have worked in it. Returns the paths where such files are now.
    """
    renames = [rename for one in plans for rename in one.renames]
    repository = project.repository
    sides = [rename for one in plans for rename in one.sides]
    note = journal.read(repository)
    is_idle = not renames and not any(one.unmerged for one in plans)
    if is_idle and note is None:
        return []
    with journal.alone(repository), ExitStack() as undo:
        if repository and note:
            journal.catch_up(project.top, repository, note)
            journal.remove(repository)
        if is_idle:
            return []
        pairs = [(project.top / rename.old, project.top / rename.new) for rename in renames]
        _refuse_taken(pairs)
        if repository:
            undo.callback(journal.remove, repository)
            journal.write(repository, renames, sides)
        rename_files(pairs)
        undo.callback(rename_back, pairs)
        saved = [path for one in plans for path in _settle(project, one, now, undo)]
        if repository:
            resolved = [
                (path, [(p.mode, p.oid, p.path) for p in placements])
                for one in plans
                for path, placements in one.unmerged
            ]
            repository.rename_staged(renames, resolved)
            undo.pop_all()  # all is done; a note that stays is found out of date by the next run
            journal.remove(repository)
        undo.pop_all()
        return saved


def _plan_one(project: Project, comparison: Comparison, proven: bool) -> Renumbering:
    facts = comparison.facts
    stopped = contests(project.repository, comparison) if project.repository else []
    # A run that was killed, or a person, may have written the side that moves already.
    here = {(draft.name, draft.digest): draft for draft in comparison.drafts}
    moved = [side.script for contest in stopped for side in contest.moved]
    written = {script: here.get((script.name, script.digest)) for script in moved}
    gone = {contest.filename: contest.kept and contest.kept.script for contest in stopped}
    drafts = [d for d in comparison.drafts if gone.get(d.filename, d) == d]
    drafts += [script for script in moved if not written[script]]
    digits = width(comparison.merge_result.values())
    drafts = _as_before(project, facts.folder, drafts)
    moves = renumbered(drafts, comparison.last_published, digits)
    if (moves or moved) and project.repository:
        drafts = in_author_order(project.repository, facts.folder, drafts, facts.candidate_revision)
        moves = renumbered(drafts, comparison.last_published, digits)
    _refuse_broken_ahead(comparison, moves)
    targets = {move.script: move.filename for move in moves}
    targets |= {
        script: targets.get(draft, draft.filename) for script, draft in written.items() if draft
    }
    unmerged = {contest.filename for contest in stopped}
    renames = tuple(
        Rename(f"{facts.folder}/{move.script.filename}", f"{facts.folder}/{move.filename}")
        for move in in_safe_order(moves)
        if move.script.filename not in unmerged
    )
    placements = tuple(
        (f"{facts.folder}/{contest.filename}", tuple(_placements(contest, facts.folder, targets)))
        for contest in stopped
    )
    proof = None
    if proven and (renames or placements):
        edits = {c.edited[0]: c.edited[1].script.digest for c in stopped if c.edited}
        meant = [draft._replace(digest=edits.get(draft, draft.digest)) for draft in drafts]
        proof = prove_order(project, comparison._replace(drafts=tuple(meant)))
        if proof.order in (Order.DATA, Order.SCHEMA):
            raise Refusal(
                f"{proof.order.value} after the move: {listed(proof.words)}",
                "see that the drafts do what you mean after what base has gained, then run "
                "`tsm renumber --no-proof`",
            )
    return Renumbering(facts.database, renames, placements, proof)


def _refuse_broken_ahead(comparison: Comparison, moves: Sequence[Move]) -> None:
    """Raises Refusal where a file that is no script yet (TSM106) has a number that is needed."""
    facts = comparison.facts
    files = facts.candidate.files.items()
    taken = {parse_number(n): n for n, content in files if content.flaw is not None}
    for move in moves:
        in_the_way = taken.get(parse_number(move.filename))
        if in_the_way and in_the_way != move.filename:  # the very name is refused later
            raise Refusal(
                f"`{facts.folder}/{move.script.filename}` would get the number of "
                f"`{in_the_way}`, which is no script that can be run (TSM106)",
                "put that file right or give it another name, then run `tsm renumber` again",
            )


def _as_before(project: Project, folder: str, drafts: Sequence[Script]) -> list[Script]:
    """Drafts by number, or by the one that they had before a run that was killed."""
    note = journal.read(project.repository)
    had = journal.origins(project.top, note) if note else {}

    def key(draft: Script) -> tuple[int, str]:
        path = f"{folder}/{draft.filename}"
        filename = had.get(path, path).rpartition("/")[2]
        return parse_number(filename) or 0, filename

    return sorted(drafts, key=key)


def _placements(
    contest: Contest, folder: str, targets: Mapping[Script, str]
) -> Iterator[Placement]:
    for side in (contest.kept, *contest.moved):
        if side:
            filename = targets.get(side.script, contest.filename)
            yield Placement(side.oid, side.mode, f"{folder}/{filename}")
    if contest.edited:
        draft, side = contest.edited
        filename = targets.get(draft, draft.filename)
        yield Placement(side.oid, side.mode, f"{folder}/{filename}", draft.filename)


def _settle(project: Project, one: Renumbering, now: str, undo: ExitStack) -> Iterator[str]:
    """Writes the sides of unmerged files where they belong; yields where the files are now."""
    if project.repository is None:
        return
    aside = project.top / f"{one.database}.bak" / f"scripts-{file_stamp(now)}"
    for path, placements in one.unmerged:
        blobs = dict(project.repository.objects.blobs([p.oid for p in placements]))
        if all(placement.path != path for placement in placements):
            yield from _set_aside(project, path, aside, undo)
        for placement in placements:
            target, data = project.top / placement.path, blobs[placement.oid]
            if read_bytes(target) == data:
                continue
            if placement.path == path or placement.edits:
                yield from _set_aside(project, placement.path, aside, undo)
            write_new(target, data)
            undo.callback(target.unlink)


def _set_aside(project: Project, path: str, aside: Path, undo: ExitStack) -> Iterator[str]:
    """Moves what a stopped merge has left at a path out of the way; yields where it is now."""
    target = project.top / path
    if target.exists():
        kept = set_aside(target, aside)
        undo.callback(kept.rename, target)
        yield kept.relative_to(project.top).as_posix()


def commit(project: Project, plans: list[Renumbering], *, amend: bool) -> None:
    """Commits what is staged, the moves and the tip file, or puts it into the last commit."""
    if project.repository is None or not project.repository.is_staged():
        return
    names = [
        f"{rename.old.rpartition('/')[2]} -> {rename.new.rpartition('/')[2]}"
        for one in plans
        for rename in one.shown
    ]
    message = f"Renumber {listed(sorted(names))}" if names else "Bring the tip file up to date"
    project.repository.staging.commit(None if amend else message)


def refuse_staged(project: Project) -> None:
    """Raises Refusal where a commit would take up more than the moves."""
    if project.repository is None:
        raise Refusal("there is no git repository to commit to", "leave out `--commit`")
    if project.repository.is_staged():
        raise Refusal(
            "other changes are staged, and the commit would take them up",
            "run `git commit` or `git stash` first, or `tsm renumber` without `--commit`",
        )


def _after_merge(project: Project, request: CheckRequest, one: DatabaseReport) -> DatabaseReport:
    """The verdict with the first parent as base, where a merge brought together what is not base's.

    That is so where HEAD is itself base, or its first parent has all of base.
    """
    facts, repository = one.comparison.facts, project.repository
    made = any(not merge.simulated for merge in facts.merges)
    if not made or facts.base is None or repository is None:
        return one
    base = facts.base.oid
    first = repository.commit("HEAD" if repository.merge_heads() else "HEAD^1").oid
    if base != facts.candidate_revision and repository.merge_bases(base, first) != [base]:
        return one
    decided = check(project, request._replace(base=first, database=None)).databases[0]
    return one if _still_claimed(decided) else decided


def _still_claimed(one: DatabaseReport) -> list[Script]:
    moving = {move.script for move in one.comparison.moves}
    for group in one.comparison.duplicates:
        if sum(script not in moving for script in group) > 1:
            return group
    return []


def _refuse_taken(pairs: list[tuple[Path, Path]]) -> None:
    leaving = {old for old, _ in pairs}
    for old, new in pairs:
        if new not in leaving and (new.exists() or new.is_symlink()):
            raise Refusal(
                f"`{new.name}` is in the way of `{old.name}`",
                f"move or delete `{new.name}` first; nothing was changed",
            )
