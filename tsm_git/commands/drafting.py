"""Works out how a database gets to its models, and proves it on a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from tsm_git.adapters.sqlite.workshop import Workshop, lost_of_file, sound
from tsm_git.commands.gathering.project import Project
from tsm_git.core.change.alter import written_for
from tsm_git.core.change.choices import Choices, rename_statements
from tsm_git.core.change.ddl import plan_changes
from tsm_git.core.change.diff import differences
from tsm_git.core.change.draft import Variant
from tsm_git.core.change.keeping import kept_tables
from tsm_git.core.change.losses import Gap, Loss, gaps, losses
from tsm_git.core.change.renames import Rename, possible_renames
from tsm_git.core.errors import Refusal, ScriptError, UsageError
from tsm_git.core.models import Models
from tsm_git.core.report import DatabaseReport
from tsm_git.core.schema.objects import Schema
from tsm_git.core.settings import DatabaseSettings
from tsm_git.core.sql import fold
from tsm_git.core.text import listed, shell_quoted


class Asker(NamedTuple):
    """How a person at a terminal is asked; each answers as it is called."""

    is_rename: Callable[[Rename], bool]
    value_for: Callable[[Gap], str]  # empty: leave it undecided
    may_go: Callable[[Loss, int], bool]


def propose(
    project: Project,
    one: DatabaseReport,
    settings: DatabaseSettings,
    models: Models,
    shop: Workshop,
    choices: Choices,
    ask: Asker | None,
) -> list[Variant]:
    """The ways to the models that are proven: one, or several of which one is to be chosen."""
    drafting = _Drafting(project, one, settings, models, shop)
    first = drafting.variant(choices)
    guesses = [] if choices.all_renames else possible_renames(list(first.plan.changes))
    if ask:
        chosen = [guess for guess in guesses if ask.is_rename(guess)]
        choices = choices.with_renames(*chosen)
        guesses, first = [], drafting.variant(choices)
        for gap in first.open:
            if value := ask.value_for(gap):
                choices = choices.with_default(gap.key, value)
        first = drafting.variant(choices)
        may_go = all(ask.may_go(loss, count) for loss, count in first.lost)
        choices = choices._replace(allow_loss=choices.allow_loss or may_go)
    if not first.steps:
        _refuse_if_only_left_alone(first, one)
        return []
    if not guesses:
        return [drafting.proven(first)]
    variants = [drafting.variant(choices.with_renames(*some)) for some in _choosable(guesses)]
    return drafting.all_proven([*variants, first._replace(command=_command(choices, [], True))])


class _Drafting:
    """Works out variants for one database, and proves them on a copy of it."""

    def __init__(
        self,
        project: Project,
        one: DatabaseReport,
        settings: DatabaseSettings,
        models: Models,
        shop: Workshop,
    ) -> None:
        self._models, self._shop = models, shop
        self._version = written_for(settings.min_sqlite)
        ref = one.comparison.facts.ref
        self._ref = (project.top / ref.path, ref.path) if ref and ref.exists else None

    def variant(self, choices: Choices) -> Variant:
        """What has to be done after these choices. Raises UsageError where one makes no sense."""
        shop, ours = self._shop, self._models.schema
        statements = rename_statements(choices.renames, shop.schema, ours)
        schema = self._renamed(statements)
        target = sound(self._models.beside(schema), ours)
        changes = differences(schema, target)
        fills: dict[tuple[str, str], str] = {}
        filled, unanswered = [], []
        for gap in gaps(changes):
            value = choices.defaults.get(gap.key) or self._default(gap, choices)
            if value is None:
                continue
            fills[gap.key] = value or "NULL"
            if value:
                filled.append((gap, value))
            else:
                unanswered.append(gap)
        for key, value in choices.defaults.items():
            _known_default(target, key)
            fills.setdefault(key, value)
        return Variant(
            choices.renames,
            tuple(statements),
            plan_changes(schema, target, self._version, fills),
            tuple(self._counted(losses(changes), choices)),
            tuple(filled),
            tuple(unanswered),
            _command(choices, choices.renames, choices.all_renames),
        )

    def _renamed(self, statements: Sequence[str]) -> Schema:
        if not statements:
            return self._shop.schema
        try:
            return self._shop.altered(statements)
        except ScriptError as error:
            raise Refusal(
                f"it cannot be renamed: {error.reason}",
                "write the script by hand, or `--no-rename`",
            ) from error

    def proven(self, variant: Variant) -> Variant:
        """The variant, when it has been seen to do what it should. Raises Refusal."""
        wrong = self._tried(variant)
        if wrong:
            raise Refusal(
                f"no script was written, since it would not do: {listed(wrong)}",
                "change the models or the rows, or write the script by hand; "
                "docs/generate.md tells what each message means",
            )
        return variant

    def all_proven(self, variants: list[Variant]) -> list[Variant]:
        """Those variants that do what they should; raises Refusal where none does."""
        sound_ones = [variant for variant in variants if not self._tried(variant)]
        return sound_ones or [self.proven(variants[-1])]

    def _tried(self, variant: Variant) -> tuple[str, ...]:
        shop = self._shop
        after = self._renamed(variant.rename_statements)
        target = sound(self._models.beside(after), self._models.schema)
        if variant.plan.left_alone:
            alone = {fold(change.name) for change in variant.plan.left_alone}
            virtual = {n: v for n, v in target.virtual_tables.items() if n not in alone}
            virtual |= {n: v for n, v in after.virtual_tables.items() if n in alone}
            target = replace(target, virtual_tables=virtual)
        if variant.open:
            trial = shop.tried_without_rows("script", variant.text)
        else:
            keys = [gap.key for gap, _ in variant.filled]
            kept = kept_tables(shop.schema, target, variant.renames, keys)
            trial = shop.tried("script", variant.text, kept)
        if trial.wrong:
            return trial.wrong
        return tuple(str(change) for change in differences(trial.schema, target))

    def _default(self, gap: Gap, choices: Choices) -> str | None:
        """What rows without a value get: nothing if empty, None if there are no such rows."""
        if gap.is_new:
            return ""  # the database that is to be changed may have rows where this one has none
        table, column = _before(choices, gap)
        return (gap.default or "") if self._shop.lacking(gap, table, column) else None

    def _counted(self, found: list[Loss], choices: Choices) -> Iterator[tuple[Loss, int]]:
        original = [_loss_before(choices, loss) for loss in found]
        here = [self._shop.lost(loss) for loss in original]
        there = lost_of_file(*self._ref, original) if self._ref else here
        for loss, ours, theirs in zip(found, here, there, strict=True):
            yield loss, max(ours, theirs)


def _choosable(guesses: Sequence[Rename]) -> list[list[Rename]]:
    """Which renames make an option together: all, and where there are two, each alone."""
    if len(guesses) == 2:
        return [list(guesses), [guesses[0]], [guesses[1]]]
    return [list(guesses)]


def _command(choices: Choices, renames: Sequence[Rename], no_more: bool) -> str:
    words = ["tsm generate --consolidate" if choices.consolidate else "tsm generate"]
    words += [
        f"{'--rename' if rename.table else '--rename-table'} {shell_quoted(str(rename))}"
        for rename in renames
    ]
    words += [
        f"--default {shell_quoted(f'{table}.{column}={value}')}"
        for (table, column), value in choices.defaults.items()
    ]
    return " ".join([*words, "--no-rename"] if no_more else words)


def _before(choices: Choices, gap: Gap) -> tuple[str, str]:
    """The table and column that a gap is about, as they are called before the renames."""
    table, column = gap.key
    for rename in choices.renames:
        if rename.table and (fold(rename.table), fold(rename.new)) == (table, column):
            column = rename.old
    for rename in choices.renames:
        if not rename.table and fold(rename.new) == table:
            table = rename.old
    return table, column


def _loss_before(choices: Choices, loss: Loss) -> Loss:
    for rename in choices.renames:
        if not rename.table and fold(rename.new) == fold(loss.table):
            return loss._replace(table=rename.old)
    return loss


def _known_default(schema: Schema, key: tuple[str, str]) -> None:
    table = schema.tables.get(key[0])
    if table is None or key[1] not in table.columns:
        raise UsageError(
            f"the models have no column `{key[0]}.{key[1]}`",
            "name table and column as the models have them",
        )


def _refuse_if_only_left_alone(variant: Variant, one: DatabaseReport) -> None:
    if variant.plan.left_alone:
        names = listed([f"`{change.name}`" for change in variant.plan.left_alone])
        raise Refusal(
            f"all that differs is what tsm leaves alone: virtual table {names}",
            f"write a script into `{one.comparison.facts.folder}` that drops it, makes it again "
            "and fills it",
            one.state,
        )
