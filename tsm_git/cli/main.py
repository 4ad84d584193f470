"""The group of all commands and what they share."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from tsm_git.cli.boundary import exit_code_for
from tsm_git.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Every command with the line that `tsm --help` shows; module and function bear its name.
COMMANDS = {
    "init": "Set up a project: the folder, the configuration, what git ignores.",
    "check": "The verdict on the scripts: here, staged, or in a commit.",
    "status": "One table: every script, and where it is.",
    "branches": "Radar: who claims which number, on every branch.",
    "renumber": "Move drafts behind the last published number.",
    "restore": "Bring scripts or the working database back.",
    "squash": "Merge this branch's drafts into one script.",
    "schema": "Print the schema of a place, or what two places differ in.",
    "generate": "Write a script for what changed in the models, with proof.",
    "apply": "Run pending scripts on the working database, in order.",
    "ref": "Show, save or refresh the copy of production.",
    "backup": "Make, list, verify and prune backups of the working database.",
    "dev": "Bring the working database to where scripts and models are.",
    "deploy": "Apply what is pending to production's database, safely.",
    "hooks": "Let git run tsm at each commit, merge and push.",
    "baseline": "Take over a database that is older than its scripts.",
    "log": "History of the scripts: who wrote, published and applied each.",
    "show": "One script in all its places.",
    "blame": "Which scripts made and changed a table, column or index.",
    "bisect": "The first script after which a query has another result.",
    "goto": "Build the database as it was at a number, in a new file.",
    "rehearse": "Run pending scripts on a copy of production's database.",
    "explain": "What a rule checks, why it matters, what to do.",
    "demo": "A real clash in a throwaway repository, start to end.",
}


class _Commands(click.Group):
    """Loads a command when it is called, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"tsm_git.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # for completion only

        # click would load every command for the words about it.
        names = (name for name in COMMANDS if name.startswith(incomplete))
        own = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return own + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # only a typing error pays for it

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `tsm {close[0]}`?" if close else ""
            raise click.UsageError(f"there is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        options["standalone_mode"] = False
        if args is None:
            # A process of its own ends before it has made garbage worth looking for; the search
            # is a twelfth of the time of a check, and half of it would be done at the exit.
            gc.disable()
            atexit.register(gc.freeze)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # one that knows 256 letters gets escapes
                stream.reconfigure(errors="backslashreplace")
        try:
            result = super().main(args, *rest, **options)
        except SystemExit:  # shell completion ends so
            raise
        except BaseException as error:
            sys.exit(exit_code_for(error))
        sys.exit(result if isinstance(result, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:  # click would exit with 1 where the pipe is closed: findings
            return exit_code_for(error)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Run `tsm demo` to see it at work, `tsm COMMAND --help` for examples.",
)
@click.version_option(VERSION, prog_name="tsm", message="%(prog)s %(version)s")
@click.option("-C", "directory", metavar="DIR", help="Run as if started in DIR.")
@click.pass_context
def main(context: click.Context, directory: str | None) -> None:
    """Keep the SQLite migrations of a team in order: in files, in git, in databases."""
    context.obj = directory
