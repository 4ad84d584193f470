"""`tsm log` and `tsm show`: what became of each script. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import unified_diff

from tsm_git.adapters.git.log import Addition
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.chronicle import Deed, Line, Version, chronicle, selected, versions
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import UsageError
from tsm_git.core.facts import Base
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import listed


class Chronicle(NamedTuple):
    """The history of one database's scripts; `is_cut` says that the clone is shallow."""

    database: str
    base: Base | None
    lines: list[Line]
    comparison: Comparison
    is_cut: bool


class Text(NamedTuple):
    """One text of a script and who holds it; `diff` is what differs from the one that counts."""

    version: Version
    text: str | None
    diff: list[str]


class Shown(NamedTuple):
    """One script in all its places, the text that counts first; `candidate` is whose side it is."""

    database: str
    base: Base | None
    line: Line
    texts: list[Text]
    candidate: str


def log(
    project: Project, base: str | None = None, database: str | None = None, head: str | None = None
) -> list[Chronicle]:
    """The history of every database's scripts: two git processes, however many scripts there are.

    `head` is a commit to look at in place of the work tree.
    """
    if project.is_bare and head is None:
        head = "HEAD"
    request = CheckRequest(base=base, database=database, head=head, all_places=True, annotate=False)
    report = check(project, request)
    comparisons = [one.comparison for one in report.databases]
    written, published = deeds(project, comparisons, report.head)
    repository = project.repository
    return [
        Chronicle(
            one.facts.database,
            one.facts.base,
            chronicle(one, written, published),
            one,
            repository is not None and repository.is_shallow,
        )
        for one in comparisons
    ]


def show(
    project: Project,
    wanted: str,
    base: str | None = None,
    database: str | None = None,
    head: str | None = None,
) -> list[Shown]:
    """The scripts that `wanted` names, by number or name. Raises UsageError where it names none."""
    found = [
        Shown(
            history.database,
            history.base,
            line,
            _texts(history.comparison, line),
            history.comparison.facts.candidate_name,
        )
        for history in log(project, base, database, head)
        for line in selected(history.lines, wanted)
    ]
    if not found:
        raise UsageError(f"no place has a script `{wanted}`", "run `tsm log` to see what there is")
    return found


def deeds(
    project: Project, comparisons: Sequence[Comparison], head: str | None
) -> tuple[dict[str, Deed], dict[str, Deed]]:
    """Who wrote and who published each path."""
    repository = project.repository
    if repository is None:
        return {}, {}
    folders = [one.facts.folder for one in comparisons]
    bases = list(dict.fromkeys(one.facts.base.oid for one in comparisons if one.facts.base))
    heads = [head] if head else []
    written = repository.log.written(list(dict.fromkeys([*heads, *bases])), folders)
    landed: Mapping[str, Addition] = {}
    if bases:  # all databases of a project have one
        landed = repository.log.landed(bases[0], folders)
    published = {path: Deed(a.commit, a.author, a.committed) for path, a in landed.items()}
    found = {path: Deed(a.commit, a.author, a.date) for path, a in written.items()}
    return published | found, published


def _texts(comparison: Comparison, line: Line) -> list[Text]:
    found: list[Text] = []
    known = comparison.facts.texts
    for version in versions(comparison, line.filename):
        text = known.get(version.digest) if version.digest else None
        diff: list[str] = []
        if found and text is not None and found[0].text is not None:
            names = listed(found[0].version.places, 6), listed(version.places, 6)
            before, after = found[0].text.splitlines(), text.splitlines()
            diff = list(unified_diff(before, after, *names, lineterm=""))
        found.append(Text(version, text, diff))
    return found
