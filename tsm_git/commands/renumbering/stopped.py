"""What a merge, rebase, cherry-pick or `am` that stopped leaves to decide.

A published script comes back as it was published: whatever a side made of it is no script. Two
scripts of one name are no conflict of texts: the published one keeps its name, the other is a draft
that moves. Of two new names for one script one is enough. All else is for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tsm_git.adapters.git import IndexEntry, Repository
from tsm_git.commands.gathering.places import Trees
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal
from tsm_git.core.facts import Facts
from tsm_git.core.script import Script, parse_number
from tsm_git.core.text import shell_quoted

_COMMON, _OURS, _THEIRS = 1, 2, 3  # the stages of the index (git-read-tree, "3-way merge")
_COMING = ("MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD")


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a file: its script, and the blob that holds its text."""

    script: Script
    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class Contest:
    """A file that a merge stopped on: who keeps its name, and who moves to one of its own.

    Nobody keeps the name where the script has another one already. `edited` is a draft that got
    another number since, and the side with its new text.
    """

    filename: str
    kept: Contender | None
    moved: tuple[Contender, ...] = ()
    edited: tuple[Script, Contender] | None = None


def contests(repository: Repository, comparison: Comparison) -> list[Contest]:
    """How each unmerged script, and each with conflict markers, is to be resolved.

    Raises Refusal where that is not for a machine to say: both sides changed one draft, or one
    deleted it.
    """
    return list(_Referee(repository, comparison.facts).contests())


class _Referee:
    """Decides the contests of one database."""

    def __init__(self, repository: Repository, facts: Facts) -> None:
        self._repository = repository
        self._facts = facts
        self._trees = Trees(repository)
        # What production ran outranks base.
        self._published = dict(facts.base.snapshot.scripts) if facts.base else {}
        for entry in facts.ref.entries if facts.ref else ():
            if entry.digest and parse_number(entry.filename):
                self._published[entry.filename] = Script(entry.number, entry.filename, entry.digest)

    def contests(self) -> Iterator[Contest]:
        """Every contest, by file name."""
        candidate = self._facts.candidate
        unmerged = {filename: self._staged(filename) for filename in sorted(candidate.unmerged)}
        marked = {
            filename: self._committed(filename)
            for filename, content in sorted(candidate.files.items())
            if content.conflict_line is not None
            and filename not in unmerged
            and parse_number(filename) is not None
        }
        for filename, sides in sorted((unmerged | marked).items()):
            found = self._contest(filename, sides) or self._one_name_of_two(
                filename, sides, unmerged
            )
            if found is None:
                raise self._refusal(filename)
            yield found

    def _contest(self, filename: str, sides: Mapping[int, Contender]) -> Contest | None:
        ours, theirs = sides.get(_OURS), sides.get(_THEIRS)
        published = self._published.get(filename)
        if published is not None:
            kept = self._holder(published, sides)
            others = [side for side in (ours, theirs) if side and side.script != published]
            if kept is None or _COMMON not in sides:
                return Contest(filename, kept, tuple(others)) if kept else None
            if not others or self._was_published(sides[_COMMON]):
                return Contest(filename, kept)  # an edit of a published script is no script
            return self._edit_of_moved(filename, kept, sides[_COMMON], others)
        if ours and theirs and _COMMON not in sides:
            return Contest(filename, ours, (theirs,))  # the first parent, or what is rebased onto
        return None

    def _was_published(self, side: Contender) -> bool:
        """Whether that text has ever been published under that name."""
        path, base = self._path(side.script.filename), self._facts.base
        if side.script == self._published[side.script.filename]:
            return True
        return base is not None and (path, side.oid) in self._repository.refs.once_held(
            base.oid, [path]
        )

    def _edit_of_moved(
        self, filename: str, kept: Contender, common: Contender, others: list[Contender]
    ) -> Contest | None:
        """A rebase brings the edit of a draft that was renumbered when an earlier commit came."""
        texts = {common.script.digest, others[0].script.digest}  # the second after a kill
        heirs = [
            script
            for script in self._facts.candidate.scripts.values()
            if script.digest in texts
            and script.name == common.script.name
            and script.filename not in {filename, *self._published}
        ]
        if len(heirs) != 1 or len(others) != 1:
            return None
        return Contest(filename, kept, edited=(heirs[0], others[0]))

    def _one_name_of_two(
        self,
        filename: str,
        sides: Mapping[int, Contender],
        unmerged: Mapping[str, Mapping[int, Contender]],
    ) -> Contest | None:
        """The contest of one of the names in a rename/rename: of old, ours and theirs each one."""
        if len(sides) != 1 or filename not in unmerged:
            return None
        ((stage, side),) = sides.items()
        if stage == _COMMON:
            return Contest(filename, None)
        others = [script for script in self._published.values() if script.filename != filename]
        if any(script.digest == side.script.digest for script in others):
            return Contest(filename, None)
        twins = [
            (other_stage, name)
            for name, held in unmerged.items()
            for other_stage, other in held.items()
            if name != filename
            and other_stage != _COMMON
            and other.script.digest == side.script.digest
        ]
        if not twins:
            return None
        return Contest(filename, side if (stage, filename) < min(twins) else None)

    def _holder(self, published: Script, sides: Mapping[int, Contender]) -> Contender | None:
        """A blob with the published text: a side's, or base's."""
        for side in sides.values():
            if side.script == published:
                return side
        found = self._at(self._facts.base.oid, published.filename) if self._facts.base else None
        return found if found and found.script == published else None

    def _staged(self, filename: str) -> dict[int, Contender]:
        """The sides that the index holds, by stage."""
        specs = [f":(top,literal){self._path(filename)}"]
        entries: list[IndexEntry] = self._repository.listing(specs, untracked=False).entries
        return {entry.stage: self._contender(filename, entry.mode, entry.oid) for entry in entries}

    def _committed(self, filename: str) -> dict[int, Contender]:
        """The sides of a file whose markers somebody has staged, as their commits have them."""
        names = ["HEAD", *_COMING]
        commits = dict(zip(names, self._repository.commits(names), strict=True))
        coming = next((name for name in _COMING if commits[name]), None)
        ours = self._at("HEAD", filename)
        theirs = self._at(coming, filename) if coming else None
        if coming is None or ours is None or theirs is None:
            return {}  # nothing is going on: the markers have been committed
        found = {_OURS: ours, _THEIRS: theirs}
        for oid in self._repository.merge_bases("HEAD", coming):
            if common := self._at(oid, filename):
                found[_COMMON] = common
        return found

    def _at(self, revision: str, filename: str) -> Contender | None:
        """The script that a commit holds under that name."""
        (commit,) = self._repository.commits([revision])
        objects = self._repository.objects
        tree = objects.folder(commit.tree, self._facts.folder) if commit else None
        for entry in objects.tree(tree) if tree else ():
            if entry.name == filename and not entry.is_folder:
                return self._contender(filename, entry.mode, entry.oid)
        return None

    def _contender(self, filename: str, mode: str, oid: str) -> Contender:
        number = parse_number(filename)
        if number is None:
            raise Refusal(f"`{filename}` is no script name", "run `tsm explain TSM101`")
        return Contender(Script(number, filename, self._trees.digest(oid)), mode, oid)

    def _path(self, filename: str) -> str:
        return f"{self._facts.folder}/{filename}"

    def _refusal(self, filename: str) -> Refusal:
        path = self._path(filename)
        return Refusal(
            f"a merge stopped on `{path}`, and which text is meant is not for a machine to say",
            f"edit `{path}` to what it shall be, run `git add -- {shell_quoted(path)}`, "
            "then `tsm renumber`",
        )
