"""The radar for people and as a JSON document (FORMATS section 5)."""

from __future__ import annotations

from collections.abc import Mapping

from tsm_git.core.radar import Claim, Radar, Rivals
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import counted, listed, printable
from tsm_git.render.style import Style

_MATRIX = 12  # more branches than this do not fit beside each other
_FEW = 4  # of more who claim one number, not every two are shown


class Tip(NamedTuple):
    """Who committed last to a branch, and when (ISO 8601, and in words)."""

    author: str
    date: str
    age: str


def branches_text(
    database: str,
    base: str,
    radar: Radar,
    tips: Mapping[str, Tip],
    *,
    fetched: str | None,
    colour: bool,
) -> str:
    """The radar of one database, ending with a newline."""
    style = Style(colour)
    lines = [f"{printable(database)}: {_summary(radar)} against {printable(base)}"]
    lines.append(f"  last fetch   {fetched or 'never: only local branches are known'}")
    lines.append(f"  next free    {radar.next_free:03d}")
    if radar.claims:
        lines += ["", *_claim_lines(radar, tips, style)]
    if radar.rivals:
        lines += ["", *_clash_lines(radar, base, style)]
        if 2 <= len(radar.claims) <= _MATRIX:
            lines += ["", *_matrix(radar, style)]
    if len(radar.claims) > 1:
        lines += ["", *_landing_lines(radar)]
    return "\n".join(lines) + "\n"


def branches_document(
    database: str, base: str, radar: Radar, tips: Mapping[str, Tip], fetched_at: str | None
) -> dict[str, object]:
    """The radar of one database as plain values."""
    return {
        "database": database,
        "base": base,
        "fetched_at": fetched_at,
        "next_free": radar.next_free,
        "claims": [
            {
                "branch": claim.name,
                "branches": list(claim.branches),
                "author": tips[claim.name].author,
                "date": tips[claim.name].date,
                "scripts": [script.filename for script in claim.scripts],
                "renumbers": claim in radar.renumbering,
            }
            for claim in radar.landing
        ],
        "clashes": [
            {
                "number": clash.number,
                "branch": clash.claim.name,
                "script": clash.script.filename,
                "other_branch": clash.other and clash.other.name,
                "other_script": clash.other_script.filename,
            }
            for clash in radar.clashes
        ],
    }


def _summary(radar: Radar) -> str:
    claims = counted(len(radar.claims), "unmerged claim")
    count = sum(rivals.how_many for rivals in radar.rivals)
    return f"{claims}, {counted(count, 'clash').replace('clashs', 'clashes')}"


def _claim_lines(radar: Radar, tips: Mapping[str, Tip], style: Style) -> list[str]:
    names = [printable(listed(claim.branches, most=2)) for claim in radar.claims]
    wide = max(map(len, names))
    lines = [style("  claims", "bold")]
    for claim, name in zip(radar.claims, names, strict=True):
        tip = tips[claim.name]
        scripts = printable(listed([script.filename for script in claim.scripts]))
        lines.append(f"    {name.ljust(wide)}  {scripts}  ({printable(tip.author)}, {tip.age})")
    return lines


def _clash_lines(radar: Radar, base: str, style: Style) -> list[str]:
    lines = [style("  clashes", "bold")]
    for rivals in radar.rivals:
        number = style(f"{rivals.number:03d}", "red")
        words = _many(rivals, base) if len(rivals.sides) > _FEW else _each(rivals, base)
        lines += [f"    {number}  {printable(text)}" for text in words]
    return lines


def _many(rivals: Rivals, base: str) -> list[str]:
    """One line where many claim one number: who clashes with whom is plain then."""
    names = [claim.name for claim, _ in rivals.sides]
    holder = f"{base} has {rivals.holder.filename}, and " if rivals.holder else ""
    return [f"{holder}{listed(names)} have scripts of their own"]


def _each(rivals: Rivals, base: str) -> list[str]:
    lines = []
    for clash in sorted(rivals.clashes, key=lambda clash: clash.claim.name):
        other = clash.other.name if clash.other else base
        same = clash.script.filename == clash.other_script.filename
        theirs = "another text of it" if same else clash.other_script.filename
        lines.append(f"{clash.claim.name} has {clash.script.filename}, {other} has {theirs}")
    return lines


def _matrix(radar: Radar, style: Style) -> list[str]:
    """Who clashes with whom: a row and a column for each claim."""
    pairs = {(clash.claim, clash.other) for clash in radar.clashes if clash.other}
    wide = max(len(printable(claim.name)) for claim in radar.claims)
    header = "  ".join(f"{number:2d}" for number in range(1, len(radar.claims) + 1))
    lines = [style("  who clashes with whom", "bold"), f"    {' ' * wide}      {header}"]
    for number, claim in enumerate(radar.claims, start=1):
        cells = [_cell(claim, other, pairs) for other in radar.claims]
        lines.append(f"    {printable(claim.name).ljust(wide)}  {number:2d}  {'  '.join(cells)}")
    return lines


def _cell(claim: Claim, other: Claim, pairs: set[tuple[Claim, Claim]]) -> str:
    if claim is other:
        return " ."
    return " x" if (claim, other) in pairs or (other, claim) in pairs else " -"


def _landing_lines(radar: Radar) -> list[str]:
    count = len(radar.renumbering)
    fewest = ", the fewest there can be" if radar.is_fewest else ""
    lines = [f"  an order of landing with {counted(count, 'renumbering')}{fewest}"]
    for number, claim in enumerate(radar.landing, start=1):
        word = ": run `tsm renumber` there first" if claim in radar.renumbering else ""
        lines.append(f"    {number}. {printable(claim.name)}{word}")
    return lines
