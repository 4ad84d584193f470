"""What a project needs before tsm can work in it, as texts of files."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.settings import SUFFIX


def ignored(database: str) -> list[str]:
    """The lines of `.gitignore` (gitignore(5)) that keep a database and its copies out of git.

    A tracked database can be overwritten by a switch of branches.
    """
    path = _pattern(database)
    return [path, f"{path}-*", f"{path}.ref", f"{path}.ref-*", f"{path}.bak/"]


def attributes(database: str) -> str:
    """The line of `.gitattributes` (gitattributes(5)) by which scripts have one line ending."""
    pattern = f"{_pattern(database)}{SUFFIX}/*.sql"
    if " " in pattern or '"' in pattern:  # then it is written as a string of C
        pattern = '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{pattern} text eol=lf"


def with_lines(text: str, lines: Sequence[str]) -> str:
    """The text with those of the lines that it does not hold yet, at its end."""
    held = {line.strip() for line in text.splitlines()}
    missing = [line for line in lines if line not in held]
    if not missing:
        return text
    start = text if text.endswith("\n") or not text else text + "\n"
    return start + "".join(f"{line}\n" for line in missing)


def with_settings(text: str, database: str, *, is_pyproject: bool) -> str:
    """A configuration file (https://toml.io) with the database in it; it had none of tsm's."""
    escaped = database.replace("\\", "\\\\").replace('"', '\\"')
    header = "[tool.tsm]\n" if is_pyproject else ""
    start = text if text.endswith("\n") or not text else text + "\n"
    gap = "\n" if start and header else ""
    return f'{start}{gap}{header}database = "{escaped}"\n'


def _pattern(database: str) -> str:
    """The path as a pattern that means nothing else."""
    escaped = "".join(f"\\{c}" if c in "\\*?[ " else c for c in database)
    return f"/{escaped}"
