"""What a change of HEAD means to working databases. They are not opened: git alone is asked."""

from __future__ import annotations

from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.gathering.places import Trees
from tsm_git.commands.gathering.project import Project
from tsm_git.core.integration.hook import Arrival
from tsm_git.core.settings import SUFFIX
from tsm_git.core.snapshot import Snapshot


def arrivals(project: Project, trees: Trees, before: Commit, after: Commit) -> tuple[Arrival, ...]:
    """What differs between two commits, for each database that has a file here."""
    found = []
    for folder in sorted(trees.folders([before.tree, after.tree])):
        database = folder.removesuffix(SUFFIX)
        if project.is_bare or not (project.top / database).is_file():
            continue
        one = arrival(
            database, trees.snapshot(before.tree, folder), trees.snapshot(after.tree, folder)
        )
        if one.new or one.contradicts:
            found.append(one)
    return tuple(found)


def arrival(database: str, before: Snapshot, after: Snapshot) -> Arrival:
    """The scripts that came, went, changed or got another name."""
    gone = [script for script in before.ordered() if script.filename not in after.scripts]
    new = [script for script in after.ordered() if script.filename not in before.scripts]
    changed = [
        script.filename
        for script in before.ordered()
        if script.filename in after.scripts and after.scripts[script.filename] != script
    ]
    heirs = {script.digest: script.filename for script in reversed(new)}
    renamed = {s.filename: heirs[s.digest] for s in gone if s.digest in heirs}
    return Arrival(
        database,
        tuple(s.filename for s in new if s.filename not in renamed.values()),
        tuple(s.filename for s in gone if s.filename not in renamed),
        tuple(changed),
        tuple(renamed.items()),
    )
