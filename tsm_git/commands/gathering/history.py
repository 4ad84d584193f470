"""Looks up who did what in git's history. It costs processes, so only findings ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tsm_git.adapters.git import Repository
from tsm_git.core.errors import GitError
from tsm_git.core.finding import INTRODUCED, Finding, Related
from tsm_git.core.publishing import Where, Whereabouts
from tsm_git.core.script import blob_ids

if TYPE_CHECKING:
    from tsm_git.adapters.git.log import Touch


class History(Mapping[str, Whereabouts]):
    """Where git knows a text from; searches history, so it is asked for findings only."""

    def __init__(
        self, repository: Repository, revisions: Sequence[str], texts: Mapping[str, str]
    ) -> None:
        self._repository = repository
        self._revisions = revisions
        self._texts = texts
        self._found: dict[str, Whereabouts] = {}
        self.touches: dict[str, Touch] = {}

    def __getitem__(self, digest: str) -> Whereabouts:
        if digest not in self._found:
            self._found[digest] = self._search(digest)
        return self._found[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def _search(self, digest: str) -> Whereabouts:
        names = blob_ids(self._texts.get(digest, ""), self._repository.id_length)
        for item in self._repository.objects.get(names):
            if item is None:
                continue
            for where, revisions in (
                (Where.HISTORY, self._revisions),
                (Where.ELSEWHERE, ["--all"]),
            ):
                touch = self._repository.log.introduced(item.oid, revisions)
                if touch:
                    self.touches[digest] = touch
                    return Whereabouts(where, touch.reference)
        if self._repository.is_shallow:
            raise GitError(
                "production ran a script that this shallow clone does not hold",
                "run `git fetch --unshallow` (in CI: fetch the whole history, depth 0)",
            )
        return Whereabouts(Where.NOWHERE)


def annotated(
    repository: Repository, history: History | None, findings: Sequence[Finding]
) -> list[Finding]:
    """The findings with commit, author and date filled in where git knows them.

    One process for each revision that is asked about, however many findings there are.
    """
    wanted: dict[tuple[str, str], set[str]] = {}
    for finding in findings:
        for related in finding.related:
            if related.revision and related.change != INTRODUCED:
                wanted.setdefault((related.revision, related.change), set()).add(related.path)
    touches = {
        (revision, change, path): touch
        for (revision, change), paths in wanted.items()
        for path, touch in repository.log.touches(revision, change, paths).items()
    }

    def filled(related: Related) -> Related:
        if related.change == INTRODUCED:
            touch = history.touches.get(related.revision or "") if history else None
        else:
            touch = touches.get((related.revision or "", related.change, related.path))
        if touch is None:
            return related
        return related._replace(commit=touch.commit, author=touch.author, date=touch.date)

    return [finding._replace(related=tuple(map(filled, finding.related))) for finding in findings]
