"""The story that `tsm demo` tells, as data: what is said, what is written, what is run.

It runs nothing itself; `tsm_git.commands.demo` does. Every command stands here as a user types it,
with the exit code and the words without which the story would make no sense.
"""

from __future__ import annotations

from tsm_git.core.record import NamedTuple

ADA, BEN = "Ada", "Ben"
FOLDER = "app.sqlite.migrations"


class Title(NamedTuple):
    """The heading of a chapter."""

    text: str


class Say(NamedTuple):
    """A paragraph."""

    text: str


class Write(NamedTuple):
    """A file that is written; `path` is relative to the folder that the story is in."""

    path: str
    text: str


class Run(NamedTuple):
    """A command, the exit code that it must end with, and words that it must print."""

    command: str
    exit_code: int = 0
    shows: tuple[str, ...] = ()
    author: str = ADA


Step = Title | Say | Write | Run

TAKE_BACK = f"git restore --source=origin/main --staged --worktree -- {FOLDER}/002.add_email.sql"
RENAME_BACK = f"mv {FOLDER}/002.add_mail.sql {FOLDER}/002.add_email.sql"

STORY: tuple[Step, ...] = (
    Title("1. Two scripts are published"),
    Say(
        "Ada and Ben work on an app. It keeps its data in app.sqlite, and the changes of its "
        f"schema in {FOLDER}, as numbered scripts in git. origin.git stands in for their server."
    ),
    Run("git init -q --bare -b main origin.git"),
    Run("git init -q -b main app"),
    Run("cd app"),
    Run("git remote add origin ../origin.git"),
    Write(".gitignore", "*.sqlite\n*.sqlite-*\n*.sqlite.ref\n*.sqlite.bak/\n"),
    Write(
        f"{FOLDER}/001.create_users.sql",
        "create table users (id integer primary key, name text not null);\n",
    ),
    Write(f"{FOLDER}/002.add_email.sql", "alter table users add column email text;\n"),
    Run("git add ."),
    Run('git commit -q -m "Users with an email address"'),
    Run("git push -q -u origin main"),
    Say("Nothing is wrong, and two scripts wait for a database."),
    Run("tsm check", shows=("PENDING",)),
    Run("tsm apply", shows=("applied 2 scripts",)),
    Say("Production ran them as well. A copy of its database, beside the working one, says so."),
    Run("cp app.sqlite app.sqlite.ref"),
    Run("tsm check", shows=("CURRENT",)),
    Title("2. Two branches take the same number"),
    Say("Ada starts a branch, and writes script 003."),
    Run("git switch -q -c phone"),
    Write(f"{FOLDER}/003.add_phone.sql", "alter table users add column phone text;\n"),
    Run("git add ."),
    Run('git commit -q -m "Add the phone number"'),
    Run("tsm check", shows=("PENDING", "003.add_phone.sql")),
    Say("Ben starts one from the same commit, and writes a 003, too. tsm sees both branches."),
    Run("git switch -q -c city main"),
    Write(f"{FOLDER}/003.add_city.sql", "alter table users add column city text;\n"),
    Run("git add ."),
    Run('git commit -q -m "Add the city"', author=BEN),
    Run("tsm check", shows=("PENDING", "003.add_city.sql", "TSM206 warning")),
    Say("Each is still right by itself. Ada's is merged and published first."),
    Run("git switch -q main"),
    Run("git merge phone"),
    Run("git push -q"),
    Say("A merge gate can now tell what Ben's branch would do, without a work tree."),
    Run(
        "tsm check --base origin/main --head city",
        exit_code=1,
        shows=("TSM204", "003.add_city.sql", "CONFLICTED"),
    ),
    Say("Say that nobody asked. For git, two files with two names are no conflict."),
    Run("git merge city", author=BEN),
    Say("So main has two scripts 003. tsm says so, and will not apply them."),
    Run("tsm check", exit_code=1, shows=("TSM204", "`tsm renumber`", "CONFLICTED")),
    Run("tsm apply", exit_code=1, shows=("TSM204",)),
    Say("Ada's script is published, and stays. Ben's is a draft, and moves."),
    Run("tsm renumber", shows=("003.add_city.sql", "004.add_city.sql")),
    Run('git commit -q -m "Move the city to 004"', author=BEN),
    Run("tsm check", shows=("PENDING", "004.add_city.sql")),
    Run("tsm apply", shows=("applied 2 scripts",)),
    Run("git push -q"),
    Title("3. A branch edits a script that has run"),
    Say("No two users shall have one address. Ben puts that into the script that is there."),
    Run("git switch -q -c unique"),
    Write(
        f"{FOLDER}/002.add_email.sql",
        "alter table users add column email text;\n"
        "create unique index users_email on users (email);\n",
    ),
    Run('git commit -q -a -m "Make the email address unique"', author=BEN),
    Run("git switch -q main"),
    Run("git merge unique"),
    Say(
        "git has no objection. But production ran 002 as it was, and will not run it again: only "
        "new databases would get the index."
    ),
    Run("tsm check", exit_code=1, shows=("TSM201", f"`{TAKE_BACK}`", "CONFLICTED")),
    Say("The way out is in the hint: the old text back, and the change in a script of its own."),
    Run(TAKE_BACK),
    Write(f"{FOLDER}/005.unique_email.sql", "create unique index users_email on users (email);\n"),
    Run("git add ."),
    Run('git commit -q -m "Make the email address unique in 005"', author=BEN),
    Run("tsm check", shows=("PENDING", "005.unique_email.sql")),
    Run("tsm apply", shows=("applied 1 script",)),
    Run("git push -q"),
    Title("4. A branch renames one"),
    Say("Ada finds a better name for 002. The index shows it before there is a commit."),
    Run("git switch -q -c tidy"),
    Run(f"git mv {FOLDER}/002.add_email.sql {FOLDER}/002.add_mail.sql"),
    Run("tsm check --staged", exit_code=1, shows=("TSM202", "CONFLICTED")),
    Say("She commits and merges it all the same."),
    Run('git commit -q -m "Say mail"'),
    Run("git switch -q main"),
    Run("git merge tidy"),
    Say("Databases remember 002 by its old name. Every one of them would now differ from git."),
    Run("tsm check", exit_code=1, shows=("TSM202", f"`{RENAME_BACK}`", "CONFLICTED")),
    Run(RENAME_BACK),
    Run("git add ."),
    Run('git commit -q -m "Keep the name"'),
    Run("git push -q"),
    Title("5. All agree again"),
    Say("One look tells what is where. Production has yet to run 003 to 005."),
    Run("tsm status", shows=("CURRENT", "005.unique_email.sql")),
)
