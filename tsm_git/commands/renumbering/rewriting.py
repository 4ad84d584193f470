"""The order that the author gave to drafts which a rebase has taken apart.

A rebase brings one commit after the other. A draft that was renumbered on the way may have a higher
number than one that only comes after it: then the numbers no longer tell who was first.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.adapters.git import Repository
from tsm_git.commands.gathering.places import Trees
from tsm_git.core.script import Script


def in_author_order(
    repository: Repository, folder: str, drafts: Sequence[Script], head: str | None
) -> list[Script]:
    """Drafts in the order in which they are given, or in the one that they had before a rebase.

    While a rebase is going on that is the order in the commit that it has brought last. After one
    it is the order in what HEAD was before, if that commit knows the text of every draft.
    """
    original = repository.replayed() or repository.rewritten(head)
    if original is None:
        return list(drafts)
    had = Trees(repository).snapshot(original.tree, folder).ordered()
    texts = {script.digest: rank for rank, script in reversed(list(enumerate(had)))}
    if any(draft.digest not in texts for draft in drafts) and not repository.replayed():
        return list(drafts)
    names = {script.name: rank for rank, script in reversed(list(enumerate(had)))}
    return sorted(
        drafts, key=lambda draft: texts.get(draft.digest, names.get(draft.name, len(had)))
    )
