"""`tsm ref show`: how old the ref database is, what production applied, and which commit it runs.

Every text of the ledger is looked up as a blob in git. Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsm_git.adapters.git import Repository
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.deployment import (
    Deployed,
    FolderCommit,
    Ran,
    RefReport,
    deployed,
    writers,
)
from tsm_git.core.errors import UsageError
from tsm_git.core.facts import Facts
from tsm_git.core.ledger import Entry
from tsm_git.core.script import Script, blob_ids, parse_number
from tsm_git.core.settings import Command


def show(project: Project, base: str | None, database: str | None) -> list[RefReport]:
    """What is known of each ref database. Raises UsageError where there is none."""
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    found = [one.comparison.facts for one in report.databases if one.comparison.facts.ref]
    if not found:
        names = ", ".join(f"`{one.database}.ref`" for one in report.databases)
        raise UsageError(
            f"there is no ref database {names}".rstrip(),
            "run `tsm ref refresh` to fetch it, or `tsm ref save` to copy the working database",
        )
    return [_report(project, facts) for facts in found]


def _report(project: Project, facts: Facts) -> RefReport:
    from tsm_git.adapters.sqlite import read_texts

    path = f"{facts.database}.ref"
    entries = facts.ref.entries if facts.ref else ()
    texts = read_texts(project.top / path, path, is_ref=True)
    wrote: dict[str, tuple[FolderCommit, str]] = {}
    runs: Deployed | None = None
    if project.repository and (facts.base or facts.candidate_revision):
        length = project.repository.id_length
        blobs = {
            entry.filename: frozenset(blob_ids(texts.get(entry.digest or "", ""), length))
            for entry in entries
        }
        wrote = _writers(project.repository, facts, blobs)
        if facts.base and blobs:
            branch = project.repository.log.commits_of(
                [facts.base.oid], facts.folder, first_parent=True
            )
            names = {name for commit in branch for name in commit.changes}
            scripts = {name for name in names if parse_number(name)}
            runs = deployed(branch, blobs, scripts)
    here = facts.base.snapshot.scripts if facts.base else facts.candidate.scripts
    numbers = {entry.number for entry in entries}
    return RefReport(
        facts.database,
        path,
        (project.top / path).stat().st_mtime,
        _source(project, facts.database),
        tuple(_ran(entry, wrote.get(entry.filename), facts) for entry in entries),
        facts.base.name if facts.base else None,
        runs,
        tuple(
            script.filename
            for script in sorted(here.values(), key=lambda script: script.number)
            if script.number not in numbers
        ),
    )


def _ran(entry: Entry, wrote: tuple[FolderCommit, str] | None, facts: Facts) -> Ran:
    commit, branch = wrote or (None, "")
    return Ran(entry, commit, branch, _since(entry, facts))


def _writers(
    repository: Repository, facts: Facts, blobs: Mapping[str, frozenset[str]]
) -> dict[str, tuple[FolderCommit, str]]:
    """Who wrote each script, and on which branch that is: base before all others."""
    found: dict[str, tuple[FolderCommit, str]] = {}
    tries: list[tuple[str, Sequence[str]]] = [("", ["--all", "HEAD"])]
    if facts.base:
        tries.insert(0, (facts.base.name, [facts.base.oid]))
    for branch, revisions in tries:
        missing = {name: ids for name, ids in blobs.items() if name not in found}
        if missing:
            history = repository.log.commits_of(revisions, facts.folder)
            for name, commit in writers(history, missing).items():
                found[name] = commit, branch or commit.reference
    return found


def _since(entry: Entry, facts: Facts) -> str:
    """What has become of a script in the work tree since production ran it, in words."""
    scripts: Mapping[str, Script] = facts.candidate.scripts
    now = scripts.get(entry.filename)
    if entry.matches(now):
        return ""
    if now is not None:
        return "edited since"
    same = [name for name, script in scripts.items() if script.digest == entry.digest]
    return f"renamed to {same[0]}" if same else "missing here"


def _source(project: Project, database: str) -> str:
    source = project.settings().of(database).ref_source
    return " ".join(source.argv) if isinstance(source, Command) else source or ""
