"""A rehearsal for people, for a pull request, and as JSON (FORMATS section 3.10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tsm_git.core.proof.rehearsal import Checks, Rehearsal
from tsm_git.core.proof.replay import Count, Run, Shrunk, Survey
from tsm_git.core.text import counted, printable
from tsm_git.render.backups import size
from tsm_git.render.jsondoc import finding_document
from tsm_git.render.style import Style
from tsm_git.render.text import finding_lines


def rehearsal_text(rehearsals: Sequence[Rehearsal], *, colour: bool = False) -> str:
    """The whole report, ending with a newline."""
    style = Style(colour)
    return "".join(f"{line}\n" for each in rehearsals for line in _lines(each, style))


def rehearsal_markdown(rehearsals: Sequence[Rehearsal]) -> str:
    """A summary that fits into a comment of a pull request."""
    return "\n".join(line for each in rehearsals for line in _markdown(each)) + "\n"


def rehearsal_document(rehearsals: Sequence[Rehearsal]) -> dict[str, object]:
    """The document as plain values."""
    return {"version": 1, "databases": [_document(each) for each in rehearsals]}


def duration(seconds: float) -> str:
    """A stretch of time as people read it: `0.8 ms`, `1.2 s`, `2 min 5 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _lines(rehearsal: Rehearsal, style: Style) -> Iterator[str]:
    for finding in rehearsal.findings:
        yield from finding_lines(finding, style)
    ref, copied = printable(rehearsal.ref), rehearsal.copied
    yield f"{printable(rehearsal.database)}: {_verdict(rehearsal)}"
    yield f"    on {copied} of {ref} ({size(rehearsal.size)})"
    for run in rehearsal.runs:
        yield f"    {printable(_name(run))}: {_what(run)}"
        yield from (f"        {words}" for words in _effects(run.survey))
    for name in rehearsal.left_out:
        yield f"    {printable(name)}: not run"
    yield f"    checks before: {_checks(rehearsal.check, rehearsal.before)}"
    if rehearsal.after is not None:
        yield f"    checks after: {_checks(rehearsal.check, rehearsal.after)}"


def _markdown(rehearsal: Rehearsal) -> Iterator[str]:
    mark = "✅" if rehearsal.is_good else "❌"
    yield f"### {mark} {_cell(rehearsal.database)}: {_verdict(rehearsal)}"
    yield ""
    yield f"On {rehearsal.copied} of {_cell(rehearsal.ref)} ({size(rehearsal.size)})."
    yield ""
    if rehearsal.runs or rehearsal.left_out:
        yield "| script | result | rows |"
        yield "|---|---|---|"
    for run in rehearsal.runs:
        yield f"| {_cell(_name(run))} | {_plain(_what(run))} | {_rows(run.survey)} |"
    for name in rehearsal.left_out:
        yield f"| {_cell(name)} | not run | |"
    if rehearsal.findings:
        yield ""
    for finding in rehearsal.findings:
        place = f"{finding.path.rpartition('/')[2]}:{finding.line}"
        yield f"- **{finding.code}** {finding.severity.value}, {_cell(place)}: " + _plain(
            finding.message
        )
    yield ""
    after = _checks(rehearsal.check, rehearsal.after) if rehearsal.after else "not reached"
    yield f"Checks before: {_plain(_checks(rehearsal.check, rehearsal.before))}; after: " + _plain(
        after
    )


def _verdict(rehearsal: Rehearsal) -> str:
    count = len(rehearsal.runs) + len(rehearsal.left_out)
    if not count:
        return "nothing is pending in production"
    words = f"{counted(count, 'script')} rehearsed in {duration(rehearsal.seconds)}"
    return words if rehearsal.is_good else f"{words}, not fit for production"


def _what(run: Run) -> str:
    survey = run.survey or Survey()
    if run.stop:
        return f"stopped after {duration(survey.seconds)} at line {run.stop.line}: " + printable(
            run.stop.message
        )
    grown = survey.after - survey.before
    words = f"{duration(survey.seconds)}, in which no other process can write"
    if grown:
        words += f"; the file {'grows' if grown > 0 else 'shrinks'} by {size(abs(grown))}"
    return words


def _effects(survey: Survey | None) -> Iterator[str]:
    if survey is None:
        return
    for count in survey.counts:
        yield f"{printable(count.table)}: {_count(count)}"
    for shrunk in survey.shrunk:
        yield f"{printable(shrunk.table)}.{printable(shrunk.column)}: {_shrunk(shrunk)}"


def _count(count: Count) -> str:
    if count.before < 0:
        return f"new, with {counted(count.after, 'row')}"
    if count.after < 0:
        return f"gone, with {counted(count.before, 'row')}"
    words = f"{counted(count.before, 'row')} before, {count.after} after"
    lost = count.before - count.after
    if lost > 0:
        words += f": {lost} deleted" + (" by triggers" if count.by_trigger else "")
    return words


def _shrunk(shrunk: Shrunk) -> str:
    words = []
    if shrunk.emptied:
        words.append(f"{counted(shrunk.emptied, 'value')} became NULL")
    elif shrunk.shortened:
        words.append(f"the values are {size(shrunk.shortened)} shorter")
    return ", ".join(words)


def _checks(check: str, checks: Checks) -> str:
    pages = f"{check}: {'; '.join(map(printable, checks.pages[:3]))}" if checks.pages else ""
    keys = f"foreign keys: {'; '.join(map(printable, checks.keys[:3]))}" if checks.keys else ""
    return "; ".join(part for part in (pages, keys) if part) or f"{check} and foreign keys are fine"


def _rows(survey: Survey | None) -> str:
    return "<br>".join(map(_plain, _effects(survey)))


def _cell(name: str) -> str:
    """A name that a stranger may have chosen, as code that ends where it ends."""
    return f"`` {_bare(name)} ``"


def _plain(words: str) -> str:
    """Words for a table's cell: nothing in them is markup, and nobody is mentioned."""
    escaped = "".join(f"\\{c}" if c in "\\*_[]()#!~" else c for c in _bare(words))
    return escaped.replace("<", "&lt;").replace("@", "@&#8203;")


def _bare(words: str) -> str:
    return printable(words).replace("|", "¦").replace("``", "` `")


def _document(rehearsal: Rehearsal) -> dict[str, object]:
    return {
        "database": rehearsal.database,
        "ref": rehearsal.ref,
        "copied": rehearsal.copied,
        "bytes": rehearsal.size,
        "good": rehearsal.is_good,
        "seconds": round(rehearsal.seconds, 6),
        "scripts": [_script(run) for run in rehearsal.runs]
        + [_left_out(name) for name in rehearsal.left_out],
        "check": rehearsal.check,
        "before": _sound(rehearsal.before),
        "after": rehearsal.after and _sound(rehearsal.after),
        "findings": [finding_document(finding) for finding in rehearsal.findings],
    }


def _script(run: Run) -> dict[str, object]:
    survey, stop = run.survey or Survey(), run.stop
    return {
        "filename": _name(run),
        "ran": True,
        "failure": stop and {"line": stop.line, "column": stop.column, "message": stop.message},
        "seconds": round(survey.seconds, 6),
        "bytes_before": survey.before,
        "bytes_after": survey.after,
        "tables": [
            {
                "table": count.table,
                "before": None if count.before < 0 else count.before,
                "after": None if count.after < 0 else count.after,
                "by_trigger": count.by_trigger,
            }
            for count in survey.counts
        ],
        "columns": [
            {"table": s.table, "column": s.column, "emptied": s.emptied, "shortened": s.shortened}
            for s in survey.shrunk
        ],
    }


def _left_out(filename: str) -> dict[str, object]:
    return {**_script(Run(filename)), "ran": False}


def _sound(checks: Checks) -> dict[str, object]:
    return {"foreign_keys": list(checks.keys), "pages": list(checks.pages)}


def _name(run: Run) -> str:
    return run.path.rpartition("/")[2]
