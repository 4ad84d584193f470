"""Keeps the tip file of each folder, where the configuration wants one."""

from __future__ import annotations

from tsm_git.adapters.files import replace_file
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Request
from tsm_git.core.tip import FILENAME, tip_text


def keep_tips(project: Project, base: str | None, database: str | None) -> list[str]:
    """Writes and stages the tip files that are stale; returns their paths from the top."""
    if not project.settings().tip_file:
        return []
    written = []
    for facts in gather(project, Request(base=base, database=database)).facts:
        text = tip_text(facts.candidate.scripts.values())
        if facts.tip != text:
            path = f"{facts.folder}/{FILENAME}"
            replace_file(project.top / path, text.encode("utf-8", "surrogateescape"))
            written.append(path)
    if written and project.repository:
        project.repository.staging.stage(written)
    return written
