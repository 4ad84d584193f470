"""`tsm backup`."""

from __future__ import annotations

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.shared import database_option, json_option, now, project_here
from tsm_git.commands import backup as command
from tsm_git.commands.gathering.databases import databases, one_database
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import Backup, parse_age
from tsm_git.core.text import counted, printable
from tsm_git.render.backups import Told, backups_document, listing


@click.command(
    epilog="\b\nExamples:\n  tsm backup                       make one of each database\n"
    "  tsm backup list\n"
    "  tsm backup verify                read all of every backup\n"
    "  tsm backup verify latest         only the newest\n"
    "  tsm backup prune --keep 20 --older-than 30d\n"
    "                                   the 20 newest stay, and all of the last 30 days"
)
@click.argument(
    "action", type=click.Choice(["make", "list", "verify", "prune"]), default="make", required=False
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="prune: the N newest stay.")
@click.option("--older-than", metavar="AGE", help="prune: younger ones stay; 12h, 30d, 8w.")
@database_option
@json_option
@click.pass_context
def backup(
    context: click.Context,
    action: str,
    names: tuple[str, ...],
    keep: int | None,
    older_than: str | None,
    database: str | None,
    as_json: bool,
) -> int:
    """Make a backup of the working database, or list, verify or prune those there are.

    A backup is a copy that SQLite has made and checked; others may use the database meanwhile. The
    name says when it was made, and the highest number that was applied. `tsm restore --backup NAME`
    brings it back.
    """
    age = parse_age(older_than) if older_than else None
    if older_than and age is None:
        raise click.BadParameter(f"{older_than!r} is no age such as 12h, 30d or 8w", context)
    if action == "prune" and keep is None and age is None:
        raise click.UsageError("give --keep or --older-than", context)
    if action != "prune" and (keep or age):
        raise click.UsageError("--keep and --older-than are for `tsm backup prune`", context)
    if names and action != "verify":
        raise click.UsageError("names are for `tsm backup verify`", context)
    with project_here(context) as project:
        if names:
            told = [_verified(project, one_database(project, database).path, names)]
        else:
            found = [each.path for each in databases(project, database)]
            if action == "make" and len(found) > 1:
                found = [path for path in found if (project.top / path).exists()]
            told = [_done(project, path, action, keep, older_than) for path in found]
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped(backups_document(told)), nl=False)
    else:
        for one in told:
            _say(one, action)
    return 1 if any(any((one.problems or {}).values()) for one in told) else 0


def _done(
    project: Project, database: str, action: str, keep: int | None, older_than: str | None
) -> Told:
    if action == "make":
        return Told(database, made=command.make(project, database, now, told_pages()))
    if action == "verify":
        return _verified(project, database, ())
    age = parse_age(older_than) if older_than else None
    removed = command.prune(project, database, keep, age, now()) if action == "prune" else []
    return Told(database, backups=command.list_backups(project, database), removed=removed)


def _verified(project: Project, database: str, names: tuple[str, ...]) -> Told:
    found = [command.find(project, database, name) for name in names]
    backups: list[Backup] = found or command.list_backups(project, database)
    problems = {backup.name: command.verify(project, backup) for backup in backups}
    return Told(database, backups=backups, problems=problems)


def _say(told: Told, action: str) -> None:
    database = printable(told.database)
    match action:
        case "make" if told.made:
            click.echo(f"{database}: backed up as {printable(told.made.path)}")
        case "prune":
            for backup in told.removed:
                click.echo(f"removed {printable(backup.path)}")
            kept = counted(len(told.backups), "backup")
            click.echo(f"{database}: removed {len(told.removed)}, kept {kept}")
        case "verify":
            for backup in told.backups:
                problem = (told.problems or {}).get(backup.name)
                click.echo(printable(problem or f"{backup.path}: ok"))
            if not told.backups:
                click.echo(f"{database}: no backups")
        case _:
            for line in listing(told.backups):
                click.echo(line)
            if not told.backups:
                click.echo(f"{database}: no backups")
