"""The text of a generated script: header, steps, and where there is a choice, the options.

Nothing here names the script's own number: it may be renumbered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from tsm_git.core.change.ddl import Plan, Step
from tsm_git.core.change.diff import Aspect, Change
from tsm_git.core.change.losses import Gap, Loss
from tsm_git.core.change.renames import Rename
from tsm_git.core.sql import fold
from tsm_git.core.text import counted, listed, printable

_WIDTH = 96
_QUOTED = re.compile("`[^`]*`")
UNDECIDED = "-- tsm: undecided"
WRITTEN_BY = "-- Written by tsm "


class Variant(NamedTuple):
    """One way from the old schema to the new one, with what it does to rows.

    `losses` are what goes with how much there is of it, `filled` columns whose rows get a value,
    `open` columns for which nobody has said which; `command` is how to ask for just this.
    """

    renames: tuple[Rename, ...]
    rename_statements: tuple[str, ...]
    plan: Plan
    losses: tuple[tuple[Loss, int], ...]
    filled: tuple[tuple[Gap, str], ...]
    open: tuple[Gap, ...]
    command: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, the renames first."""
        renames = tuple(
            Step(_renamed(rename), (statement,))
            for rename, statement in zip(
                sorted(self.renames, key=lambda rename: bool(rename.table)),
                self.rename_statements,
                strict=True,
            )
        )
        return (*renames, *self.plan.steps)

    @property
    def text(self) -> str:
        """The statements as a script has them."""
        return "\n\n".join(
            "\n".join([*_wrapped(step.title), *step.statements]) for step in self.steps
        )

    @property
    def lost(self) -> list[tuple[Loss, int]]:
        """What goes and is not empty."""
        return [(loss, count) for loss, count in self.losses if count]


class Draft(NamedTuple):
    """A script that is proven and not written yet; `path` is relative to the repository root.

    `replaces` are the file names of the drafts in whose place it comes; `other_drafts` is how many
    more there are on this branch, `behind` how many scripts of base are not merged yet.
    """

    database: str
    path: str
    text: str
    variants: tuple[Variant, ...]
    undecided: bool
    other_drafts: int
    behind: int
    replaces: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The script's file name."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder of the script."""
        return self.path.rpartition("/")[0]


def script_text(
    variants: Sequence[Variant], release: str, version: str, drafts: int, *, allow_loss: bool
) -> str:
    """The whole script; several variants become options of which one has to be chosen.

    `release` is that of tsm, `version` the oldest SQLite that is to run it, `drafts` how many other
    drafts there are.
    """
    lines = [f"{WRITTEN_BY}{release} (`tsm generate`) for SQLite {version} and later."]
    if len(variants) == 1:
        only = variants[0]
        lines += ["--", *_bulleted(_summary(only)), *_remarks(only)]
    else:
        lines += ["--", *_bulleted([str(change) for change in _shared(variants)])]
    if any(_drops(variant.plan) for variant in variants):
        lines += _comment(
            "It drops tables. `tsm apply` runs it with foreign keys off, in one transaction; who "
            "runs it by hand has to do so too: `PRAGMA foreign_keys = OFF; BEGIN;`"
        )
    if drafts:
        lines += _comment(
            f"This branch has {counted(drafts, 'other draft')}: `tsm generate --consolidate` makes "
            "one script of all of them."
        )
    if len(variants) > 1:
        return "\n".join([*lines, "", *_options(variants)]) + "\n"
    questions = _questions(variants[0], allow_loss=allow_loss)
    return "\n".join([*lines, "", *questions, variants[0].text]) + "\n"


def script_name(variant: Variant) -> str:
    """A name for a script, from what it does: `add_users_email`, `create_orders`."""
    words = [_renamed_name(rename) for rename in variant.renames]
    words += [_name(change) for change in variant.plan.changes if change.kind.value == "table"]
    words = words or [f"change_{change.name}" for change in variant.plan.changes]
    name = "_and_".join(words) if len(words) < 3 else f"{words[0]}_and_{len(words) - 1}_more"
    plain = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
    return "_".join(part for part in plain.split("_") if part)[:60] or "change"


def is_undecided(variants: Sequence[Variant], *, allow_loss: bool) -> bool:
    """Whether somebody has to choose before the script can be applied."""
    return len(variants) > 1 or bool(_questions(variants[0], allow_loss=allow_loss))


def _summary(variant: Variant) -> list[str]:
    return [
        *(_renamed(rename) for rename in variant.renames),
        *(str(change) for change in variant.plan.changes if change not in variant.plan.left_alone),
    ]


def _remarks(variant: Variant) -> list[str]:
    lines = []
    for loss, count in variant.losses:
        noun = "value" if loss.column else "row"
        held = counted(count, noun) if count else f"no {noun}"
        lines += _comment(f"`{loss}` goes, with {held}.")
    for gap, value in variant.filled:
        which = "every row gets" if gap.is_new else "NULL becomes"
        lines += _comment(f"In `{gap}` {which} {value}.")
    for change in variant.plan.left_alone:
        lines += _comment(
            f"Not done: virtual table `{change.name}` differs from the models. What it holds can "
            "only be filled again by who knows where it comes from."
        )
    return lines


def _questions(variant: Variant, *, allow_loss: bool) -> list[str]:
    lines = []
    for gap in variant.open:
        what = "is new" if gap.is_new else "must not be NULL any more"
        lines += _comment(
            f"`{gap}` {what}, and has no default: write what the rows that exist get in place of "
            f"NULL below, or run `{variant.command} --default {gap}=VALUE`."
        )
    if variant.lost and not allow_loss:
        lines += _comment(
            "What goes is not empty. If it may go, delete the line that says `undecided`, or run "
            f"`{variant.command} --allow-loss`."
        )
    return [UNDECIDED, *lines[1:], ""] if lines else []


def _options(variants: Sequence[Variant]) -> list[str]:
    lines = [UNDECIDED]
    lines += _comment(
        "Something goes and something like it is new: was it renamed? Keep one of these options: "
        "take the first `-- ` from its lines, and delete the others and the line that says "
        "`undecided`. Or run the command beside it, which writes that option alone."
    )[1:]
    for number, variant in enumerate(variants, start=1):
        title = listed([_renamed(rename) for rename in variant.renames]) or "nothing was renamed"
        lines += ["", *_wrapped(f"Option {number}: {title}"), *_wrapped(f"`{variant.command}`")]
        questions = _questions(variant, allow_loss=False)[1:]
        block = [*_remarks(variant), *(["--"] if questions else []), *questions, variant.text]
        lines += [f"-- {line}".rstrip() for line in "\n".join(block).split("\n")]
    return lines


def _shared(variants: Sequence[Variant]) -> list[Change]:
    """The changes as they are where nothing was renamed, which is the last option."""
    return list(variants[-1].plan.changes)


def _renamed(rename: Rename) -> str:
    if rename.table:
        return f"table `{rename.table}`: column `{rename.old}` becomes `{rename.new}`"
    return f"table `{rename.old}` becomes `{rename.new}`"


def _renamed_name(rename: Rename) -> str:
    table = f"{rename.table}_" if rename.table else ""
    return f"rename_{table}{rename.old}_to_{rename.new}"


def _name(change: Change) -> str:
    if change.old is None:
        return f"create_{change.name}"
    if change.new is None:
        return f"drop_{change.name}"
    if [detail.aspect for detail in change.details] == [Aspect.ADDED]:
        return f"add_{change.name}_{fold(change.details[0].column)}"
    return f"alter_{change.name}"


def _drops(plan: Plan) -> bool:
    return any(statement.startswith("DROP TABLE ") for statement in plan.statements)


def _bulleted(sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in _wrapped(sentence, "- ")]


def _comment(text: str) -> list[str]:
    return ["--", *_wrapped(text)]


def _wrapped(text: str, bullet: str = "") -> list[str]:
    """A comment of several lines; what stands in backquotes is not broken."""
    whole = _QUOTED.sub(lambda match: match[0].replace(" ", "\0"), printable(text))
    lines = wrap(
        whole,
        _WIDTH,
        initial_indent=f"-- {bullet}",
        subsequent_indent=f"-- {' ' * len(bullet)}",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]
