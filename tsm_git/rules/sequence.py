"""TSM101 to TSM108: what is wrong inside one snapshot, or in the sequence after the merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Fix, Rule, Severity
from tsm_git.core.numbering import width
from tsm_git.core.script import Script, padded, parse_number
from tsm_git.core.snapshot import in_order
from tsm_git.core.state import State
from tsm_git.core.text import shell_quoted
from tsm_git.rules.registry import rule
from tsm_git.rules.wording import added, number_of, path_of, rename, renumber


@rule(
    "TSM101",
    "invalid-name",
    "an SQL file in the folder is not named NNN.name.sql",
    implies=State.ERROR,
)
def invalid_name(this: Rule, view: Comparison) -> Iterator[Finding]:
    candidate = view.facts.candidate
    for filename in candidate.files:
        if filename not in candidate.scripts and parse_number(filename) is None:
            free = number_of(view, view.next_free)
            yield Finding(
                this,
                filename,
                f"`{filename}` is not named `NUMBER.NAME.sql`",
                path_of(view, filename),
                f"name it `{free}.NAME.sql` if it is a script, or move it out of the folder",
            )


@rule("TSM102", "duplicate-number", "two scripts claim one number", implies=State.ERROR)
def duplicate_number(this: Rule, view: Comparison) -> Iterator[Finding]:
    for group in view.duplicates:
        *others, last = group
        *first, final = [f"`{script.filename}`" for script in group]
        names = f"{', '.join(first)} and {final}"
        fix = renumber(view) if _movable(view, group) else _to_the_end(view, others, last)
        hint = f"run `{fix.command}` to give each its own number"
        if fix.kind != "renumber":
            ignored = f'"{last.digits}.*.sql" = ["{this.code}"]'
            hint = (
                f"if no database has run the one that moves, run `{fix.command}`; otherwise "
                f"accept them with `{ignored}` under `[tool.tsm.per-file-ignores]`"
            )
        yield Finding(
            this,
            str(last.number),
            f"number {number_of(view, last.number)} is claimed by {names}",
            path_of(view, last.filename),
            hint,
            number=last.number,
            related=tuple(
                added(view, script.filename, _claims_too(view, script), _revision(view, script))
                for script in (*others, last)
            ),
            fix=fix,
        )


@rule("TSM103", "gap-in-sequence", "a number is missing", implies=State.ERROR)
def gap_in_sequence(this: Rule, view: Comparison) -> Iterator[Finding]:
    for gap in view.gaps:
        first, last = number_of(view, gap.first), number_of(view, gap.last)
        missing = (
            f"number {first} is missing"
            if first == last
            else f"numbers {first} to {last} are missing"
        )
        follower = gap.next.filename
        fix = None
        hint = (
            f'add the script that is missing, or accept the gap with `"{follower}" = '
            f'["{this.code}"]` under `[tool.tsm.per-file-ignores]`'
        )
        if any(move.script == gap.next for move in view.moves):
            fix = renumber(view)
            hint = f"run `{fix.command}` to close the gap, or add the script that is missing"
        yield Finding(
            this,
            str(gap.first),
            f"{missing} before `{follower}`",
            path_of(view, follower),
            hint,
            number=gap.first,
            fix=fix,
        )


@rule(
    "TSM105",
    "undecided-choice",
    "a generated script has options of which nobody has chosen one",
    implies=State.ERROR,
)
def undecided_choice(this: Rule, view: Comparison) -> Iterator[Finding]:
    for filename, content in view.facts.candidate.files.items():
        if content.undecided_line is None or filename in view.facts.candidate.unmerged:
            continue
        if parse_number(filename) is not None:
            yield Finding(
                this,
                filename,
                f"`{filename}` has a choice that is not made",
                path_of(view, filename),
                "keep one of the options, then delete the line `-- tsm: undecided`",
                number=parse_number(filename),
                line=content.undecided_line,
            )


@rule(
    "TSM106",
    "not-a-script",
    "a file cannot be run as SQL, or its name collides on other file systems",
    implies=State.ERROR,
)
def not_a_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    candidate = view.facts.candidate
    files = candidate.files
    are_sound = all(content.flaw is None for content in files.values())
    if are_sound and len(_all_folded(files)) == len(files):
        return
    folded: dict[str, str] = {}
    for filename, content in sorted(files.items()):
        if filename in candidate.unmerged:
            continue
        if filename not in candidate.scripts and parse_number(filename) is None:
            continue
        if content.flaw is not None:
            yield Finding(
                this,
                filename,
                f"`{filename}` {content.flaw.value}",
                path_of(view, filename),
                "replace it by a regular file of SQL in UTF-8",
                number=parse_number(filename),
                line=content.flaw_line,
            )
        twin = folded.setdefault(_folded(filename), filename)
        if twin != filename:
            yield Finding(
                this,
                filename,
                f"{_apart(filename, twin)} are one name where case or Unicode form do not count",
                path_of(view, filename),
                "give one of them another name",
                number=parse_number(filename),
            )


@rule(
    "TSM107",
    "inconsistent-padding",
    "a number is written with other digits than the folder's",
    severity=Severity.WARNING,
)
def inconsistent_padding(this: Rule, view: Comparison) -> Iterator[Finding]:
    scripts = view.facts.candidate.scripts.values()
    digits = width(scripts)
    for script in in_order(s for s in scripts if s.filename.find(".") != digits):
        expected = padded(script.number, digits)
        if (
            not script.filename.startswith(f"{expected}.")
            and script.filename not in view.facts.candidate.unmerged
        ):
            fix = rename(view, script.filename, f"{expected}.{script.name}.sql")
            yield Finding(
                this,
                script.filename,
                f"`{script.filename}` writes its number as `{script.digits}`, not `{expected}`",
                path_of(view, script.filename),
                f"if it is not published, run `{fix.command}`",
                number=script.number,
                fix=fix,
            )


@rule(
    "TSM108",
    "empty-script",
    "a script has no statement",
    severity=Severity.WARNING,
)
def empty_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    candidate = view.facts.candidate
    for filename, content in candidate.files.items():
        script = candidate.scripts.get(filename) if content.empty else None
        if script is None or filename in candidate.unmerged:
            continue
        if content.undecided_line is None:  # its options are comments yet
            yield Finding(
                this,
                filename,
                f"`{filename}` has no statement",
                path_of(view, filename),
                "write the change it is for, or delete it while it is a draft",
                number=script.number,
            )


@rule(
    "TSM211",
    "applied-twice",
    "the same text stands under two numbers",
    severity=Severity.WARNING,
)
def applied_twice(this: Rule, view: Comparison) -> Iterator[Finding]:
    for script, original in view.copies:
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` has the text of `{original.filename}` and would run it again",
            path_of(view, script.filename),
            f"if it is not published, run `rm {shell_quoted(path_of(view, script.filename))}`",
            number=script.number,
            related=(added(view, original.filename, "the same text", _revision(view, original)),),
        )


def _apart(filename: str, twin: str) -> str:
    """Both names, so written that a reader sees how they differ."""
    from unicodedata import normalize

    if normalize("NFC", filename) == normalize("NFC", twin):
        return f"`{filename}` ({filename!a}) and `{twin}` ({twin!a})"
    return f"`{filename}` and `{twin}`"


def _all_folded(filenames: Iterable[str]) -> set[str]:
    joined = "/".join(filenames)  # which no file name holds
    return set(joined.casefold().split("/") if joined.isascii() else map(_folded, filenames))


def _folded(filename: str) -> str:
    if filename.isascii():
        return filename.casefold()
    from unicodedata import normalize  # a library that most folders do not need

    return normalize("NFC", normalize("NFC", filename).casefold())


def _movable(view: Comparison, group: list[Script]) -> bool:
    """Whether moving the drafts separates the group: all but one of them are drafts."""
    moving = {move.script for move in view.moves}
    if sum(script not in moving for script in group) <= 1:
        return True
    # HEAD is the merge that brought them together: what its first parent had keeps its number.
    made = [merge.parents[0] for merge in view.facts.merges if not merge.simulated]
    at_base = view.facts.base is not None and view.facts.base.oid == view.facts.candidate_revision
    return at_base and any(
        sum(first.scripts.get(script.filename) == script for script in group) <= 1 for first in made
    )


def _to_the_end(view: Comparison, others: list[Script], last: Script) -> Fix:
    """Both are published, so a person has to choose; the likelier one has not run anywhere."""
    ran = view.facts.ref.entries if view.facts.ref else ()
    applied = {entry.filename for entry in ran}
    movable = [script for script in (last, *others) if script.filename not in applied]
    script = movable[0] if movable else last
    target = f"{number_of(view, view.next_free)}.{script.name}.sql"
    return rename(view, script.filename, target)


def _claims_too(view: Comparison, script: Script) -> str:
    return f"`{script.filename}` claims {number_of(view, script.number)}"


def _revision(view: Comparison, script: Script) -> str | None:
    """The revision in whose history the script was added."""
    facts = view.facts
    if facts.base and facts.base.snapshot.scripts.get(script.filename) == script:
        return facts.base.oid
    return facts.candidate_revision
