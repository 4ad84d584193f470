"""`tsm generate`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import generate as command
from tsm_git.commands.drafting import Asker
from tsm_git.commands.gathering.databases import one_database
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.mending import mend
from tsm_git.commands.replacing import CONSOLIDATE, GENERATE
from tsm_git.core.change.choices import Choices, parse_choices
from tsm_git.core.change.draft import Draft
from tsm_git.core.change.losses import Gap, Loss
from tsm_git.core.change.renames import Rename
from tsm_git.core.errors import UsageError
from tsm_git.core.settings import DatabaseSettings
from tsm_git.core.text import counted, listed, printable


@click.command(
    epilog="\b\nExamples:\n"
    "  tsm generate                                    what the models differ in, as a script\n"
    "  tsm generate --dry-run                          print it, write nothing\n"
    "  tsm generate --rename users.email=users.mail    the old name, then the new one\n"
    "  tsm generate --default users.age=0              for a new column that is NOT NULL\n"
    "  tsm generate --consolidate                      one script of all drafts of this branch"
)
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="A renamed column.")
@click.option("--rename-table", "tables", multiple=True, metavar="OLD=NEW", help="A renamed table.")
@click.option("--no-rename", is_flag=True, help="Nothing else was renamed: drop and create.")
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="COLUMN=SQL",
    help="What the rows that exist get in a column.",
)
@click.option("--allow-loss", is_flag=True, help="What goes may go with what it holds.")
@click.option(
    "--consolidate", is_flag=True, help="One draft in place of all drafts of this branch."
)
@click.option("--name", metavar="NAME", help="The name part; by default it says what is done.")
@click.option("--dry-run", is_flag=True, help="Print the script, write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask: what is not chosen stays undecided.")
@base_option
@database_option
@json_option
@click.pass_context
def generate(
    context: click.Context,
    renames: tuple[str, ...],
    tables: tuple[str, ...],
    no_rename: bool,
    defaults: tuple[str, ...],
    allow_loss: bool,
    consolidate: bool,
    name: str | None,
    dry_run: bool,
    yes: bool,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> int:
    """Write a draft script from what the models and the database differ in.

    Tables are altered in place where SQLite can do that, and else rebuilt with all that belongs to
    them. The script is run on a copy of the database first, and written only if it ends in the
    models' schema with every row kept. What only you can know is asked, or left in the script as
    options of which you keep one; the exit code is then 1.

    With --consolidate it starts from what is published (the ref database, if there is one), and the
    one script takes the place of all drafts, which are moved to `DATABASE.bak/`. If the working
    database has applied one of them it is backed up and restored, as `tsm restore --db` does.
    """
    choices = parse_choices(renames, tables, defaults)._replace(
        all_renames=no_rename, allow_loss=allow_loss, consolidate=consolidate
    )
    ask = None if yes or as_json or not sys.stdin.isatty() else _ASKER
    aside: str | None = None
    made: Draft | None
    with project_here(context) as project:
        settings = one_database(project, database)
        if not dry_run:
            mend(project, [settings.path])
        if consolidate:
            made = _consolidated(project, settings, base, choices, name, ask, dry_run, yes)
        else:
            made = command.draft(project, settings, base, choices, name, ask)
        if made and not dry_run:
            typed = CONSOLIDATE if consolidate else GENERATE
            aside = command.write(project, made, now(), typed)
    if as_json:
        from tsm_git.render.draft import draft_document
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped(draft_document(made, dry_run=dry_run)), nl=False)
    elif made is None:
        click.echo("the schema is as the models say: there is nothing to generate")
    elif dry_run:
        click.echo(f"-- {printable(made.filename)}", err=True)
        click.echo(made.text, nl=False)
    else:
        _tell(made, aside)
    return int(made is not None and made.undecided)


def _consolidated(
    project: Project,
    settings: DatabaseSettings,
    base: str | None,
    choices: Choices,
    name: str | None,
    ask: Asker | None,
    dry_run: bool,
    yes: bool,
) -> Draft:
    """The one draft; the working database is restored here if it has applied one of the others."""
    from tsm_git.commands.consolidate import consolidation
    from tsm_git.commands.restore_database import plan_database, restore_database

    made = consolidation(project, settings, base, choices, name, ask)
    if made.applied and not dry_run:
        plan = plan_database(project, settings.path)
        content = f"the content of {plan.source}" if plan.source else "an empty database"
        click.echo(
            printable(f"{plan.database} has applied {listed(made.applied)}: it becomes {content}"),
            err=True,
        )
        if not yes and not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask on", "add `--yes` to go ahead")
        if not yes:
            click.confirm("Go on?", abort=True, err=True)
        saved = restore_database(project, plan, now)
        if saved:
            click.echo(printable(f"its content was backed up as {saved}"), err=True)
    return made.draft


def _tell(made: Draft, aside: str | None) -> None:
    click.echo(printable(f"wrote {made.path}"))
    if len(made.variants) == 1:
        for step in made.variants[0].steps:
            click.echo(printable(f"  {step.title}"))
    if aside:
        click.echo(printable(f"moved {listed(made.replaces)} to {aside}"), err=True)
    if made.undecided:
        click.echo("it holds a choice that is yours: open it, or run a command it names", err=True)
    else:
        click.echo(
            "proven on a copy: it ends in the models' schema, and every row is kept", err=True
        )
    if made.behind:
        click.echo(
            f"base has {counted(made.behind, 'script')} that you have not merged: do that first",
            err=True,
        )
    if made.other_drafts:
        click.echo(
            f"this branch has {counted(made.other_drafts, 'other draft')}: "
            "`tsm generate --consolidate` makes one script of all",
            err=True,
        )


def _is_rename(rename: Rename) -> bool:
    noun = f"column `{rename.old}` of `{rename.table}`" if rename.table else f"table `{rename.old}`"
    return click.confirm(printable(f"Is {noun} now called `{rename.new}`?"), err=True)


def _value_for(gap: Gap) -> str:
    question = f"What do the rows that exist get in `{gap}` (SQL; nothing: decide later)?"
    return str(click.prompt(printable(question), default="", show_default=False, err=True))


def _may_go(loss: Loss, count: int) -> bool:
    held = counted(count, "value" if loss.column else "row")
    return click.confirm(printable(f"`{loss}` goes with {held}. Is that so?"), err=True)


_ASKER = Asker(_is_rename, _value_for, _may_go)
