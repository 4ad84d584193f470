"""Which script is the same script under another name: by digest, by name and number, by text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script, parse_number, similarity
from tsm_git.core.snapshot import in_order

ALIKE = 0.6  # FORMATS 3.2; git's own default for renames is 0.5 of the bytes


class Missing(NamedTuple):
    """A script that is not where it was: its name, and every text it may have had."""

    filename: str
    digests: frozenset[str]

    @property
    def number(self) -> int:
        """The number in the file name; 0 where a ledger holds a name that has none."""
        return parse_number(self.filename) or 0


def successors(
    missing: Iterable[Missing], new: Iterable[Script], texts: Mapping[str, str]
) -> dict[str, Script]:
    """For each missing file name the new script that took its place, if there is one.

    Three passes (FORMATS 3.2): the same text; the same name part, or the same number with a
    similar text; a similar text. Each new script succeeds one missing script at most.
    """
    lost = sorted(missing, key=lambda gone: (gone.number, gone.filename))
    free = in_order(new)
    if not lost or not free:
        return {}

    def alike(gone: Missing, script: Script) -> bool:
        text = texts.get(script.digest, "")
        return any(
            similarity(texts.get(digest, ""), text) >= ALIKE for digest in sorted(gone.digests)
        )

    def same_text(gone: Missing, script: Script) -> bool:
        return script.digest in gone.digests

    def same_name_or_number(gone: Missing, script: Script) -> bool:
        if script.name == name_part(gone.filename) and script.number != gone.number:
            return True
        return script.number == gone.number and alike(gone, script)

    found: dict[str, Script] = {}
    passes: tuple[Callable[[Missing, Script], bool], ...] = (same_text, same_name_or_number, alike)
    for same in passes:
        for gone in lost:
            if gone.filename in found:
                continue
            fitting = [script for script in free if same(gone, script)]
            if fitting:
                heir = min(fitting, key=lambda script: _distance(gone, script))
                found[gone.filename] = heir
                free.remove(heir)
    return found


def name_part(filename: str) -> str:
    """`add_email` of `003.add_email.sql`, for names that may come from a ledger."""
    return filename.split(".", 1)[-1].removesuffix(".sql")


def _distance(gone: Missing, script: Script) -> tuple[bool, bool, int, str]:
    other_name = script.name != name_part(gone.filename)
    return script.number != gone.number, other_name, script.number, script.filename
