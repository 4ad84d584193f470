"""What differs between two texts, for a terminal."""

from __future__ import annotations

from difflib import unified_diff

from tsm_git.core.text import printable
from tsm_git.render.style import Style

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def difference(old: str, new: str, old_name: str, new_name: str, style: Style) -> list[str]:
    """The lines of a unified difference; none where the texts are equal."""
    lines = unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, n=3, lineterm="")
    found = []
    for line in lines:
        text = printable(line.replace("\t", "    "))
        colour = "bold" if line.startswith(("--- ", "+++ ")) else _COLOURS.get(line[:1])
        found.append(style(text, colour) if colour else text)
    if not found and old != new:
        found.append("only the ends of lines differ")
    return found
