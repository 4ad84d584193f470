"""The peers: where each comes from, how it writes the same scripts down, and how it is run.

Their packages are installed into a folder of their own, by pip and npm. Measures nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.repositories import environment

DATABASE = "app.sqlite"

Files = Iterator[tuple[str, str]]


class Peer(NamedTuple):
    """A tool with the same job.

    `packages` are pinned: for pip, or for npm where the name says so. `files` are the paths and
    texts of a project with so many scripts. `start`, where there is one, makes the database;
    `apply` and `status` are what its users type. `{bin}` is the folder of its programs. `most` is
    the number of scripts that it can tell apart, where that is limited.
    """

    name: str
    packages: tuple[str, ...]
    files: Callable[[int], Files]
    apply: tuple[str, ...]
    status: tuple[str, ...]
    start: tuple[str, ...] = ()
    most: int | None = None


def statement(number: int) -> str:
    """What every tool runs as its script of that number: little, so that the tool itself shows."""
    if number == 1:
        return "create table log (number integer, line text);"
    return f"insert into log values ({number}, 'row {number}');"


def installed(peer: Peer, folder: Path) -> Peer | None:
    """A peer whose programs are there, below `folder`; None where it cannot be had."""
    root = folder / "-".join(package.replace("/", "-") for package in peer.packages)
    stamp = root / "complete"
    if not stamp.exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        install = _from_npm if peer.packages[0].startswith("npm:") else _from_pip
        try:
            stamp.write_text(str(install(peer, root)))
        except (OSError, subprocess.CalledProcessError, StopIteration):
            stamp.unlink(missing_ok=True)
            return None
    where = stamp.read_text()

    def filled(argv: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.format(bin=where) for word in argv)

    return peer._replace(
        apply=filled(peer.apply), status=filled(peer.status), start=filled(peer.start)
    )


def _from_pip(peer: Peer, root: Path) -> Path:
    _run(sys.executable, "-m", "venv", str(root))
    _run(str(root / "bin" / "python"), "-m", "pip", "install", "--quiet", *peer.packages)
    return root / "bin"


def _from_npm(peer: Peer, root: Path) -> Path:
    packages = [package.removeprefix("npm:") for package in peer.packages]
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(root), *packages)
    # The program for this machine, and not the wrapper that starts it by way of node.
    return next(root.glob("node_modules/@dbmate/*/bin/dbmate")).parent


def _run(*arguments: str) -> None:
    subprocess.run(arguments, env=environment({}), check=True, capture_output=True)


def _alembic(count: int) -> Files:
    yield "alembic.ini", f"[alembic]\nscript_location = .\nsqlalchemy.url = sqlite:///{DATABASE}\n"
    yield (
        "env.py",
        "from alembic import context\n"
        "from sqlalchemy import create_engine\n\n"
        "engine = create_engine(context.config.get_main_option('sqlalchemy.url'))\n"
        "with engine.connect() as connection:\n"
        "    context.configure(connection=connection, transaction_per_migration=True)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n",
    )
    for number in range(1, count + 1):
        parent = f"{number - 1:05}" if number > 1 else None
        yield (
            f"versions/{number:05}_more.py",
            f"from alembic import op\n\nrevision = '{number:05}'\ndown_revision = {parent!r}\n\n\n"
            f'def upgrade():\n    op.execute("{statement(number)}")\n',
        )


def _django(count: int) -> Files:
    yield (
        "manage.py",
        "import os\nimport sys\n\nfrom django.core.management import execute_from_command_line\n\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n",
    )
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}
    yield "settings.py", f"INSTALLED_APPS = ['app']\nDATABASES = {{'default': {engine}}}\n"
    yield "app/__init__.py", ""
    yield "app/migrations/__init__.py", ""
    for number in range(1, count + 1):
        parents = [("app", f"{number - 1:05}_more")] if number > 1 else []
        yield (
            f"app/migrations/{number:05}_more.py",
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
            f"    dependencies = {parents}\n"
            f'    operations = [migrations.RunSQL("{statement(number)}")]\n',
        )


def _sqlite_utils(count: int) -> Files:
    steps = (
        f'\n\n@migrations()\ndef m{number:05}(db):\n    db.execute("{statement(number)}")\n'
        for number in range(1, count + 1)
    )
    head = 'from sqlite_utils import Migrations\n\nmigrations = Migrations("app")\n'
    yield "migrations.py", head + "".join(steps)


def _sql(pattern: str, text: str = "{}\n") -> Callable[[int], Files]:
    """One file of SQL for each script, below the folder `migrations`."""

    def files(count: int) -> Files:
        for number in range(1, count + 1):
            yield f"migrations/{pattern.format(number)}", text.format(statement(number))

    return files


_YOYO = ("--batch", "--no-config-file", "--database", f"sqlite:///{DATABASE}", "migrations")
_DBMATE = ("{bin}/dbmate", "--no-dump-schema", "-d", "migrations", "-u", f"sqlite:{DATABASE}")
_FASTMIGRATE = ("--db", DATABASE, "--migrations", "migrations")

PEERS = (
    Peer(
        "Alembic",
        ("alembic==1.20.1", "sqlalchemy==2.1.9"),
        _alembic,
        ("{bin}/alembic", "upgrade", "head"),
        ("{bin}/alembic", "current"),
    ),
    Peer(
        "Django",
        ("django==5.2.19",),
        _django,
        ("{bin}/python", "manage.py", "migrate"),
        ("{bin}/python", "manage.py", "migrate", "--check"),
    ),
    Peer(
        "yoyo",
        ("yoyo-migrations==9.0.0", "setuptools==80.9.0"),  # it imports pkg_resources
        _sql("{:05}.more.sql"),
        ("{bin}/yoyo", "apply", *_YOYO),
        ("{bin}/yoyo", "list", *_YOYO),
    ),
    Peer(
        "sqlite-utils",
        ("sqlite-utils==4.2.1",),
        _sqlite_utils,
        ("{bin}/sqlite-utils", "migrate", DATABASE, "migrations.py"),
        ("{bin}/sqlite-utils", "migrate", DATABASE, "migrations.py", "--list"),
    ),
    Peer(
        "fastmigrate",
        ("fastmigrate==0.5.3",),
        _sql("{:04}-more.sql"),
        ("{bin}/fastmigrate_run_migrations", *_FASTMIGRATE),
        ("{bin}/fastmigrate_check_version", "--db", DATABASE),
        ("{bin}/fastmigrate_create_db", "--db", DATABASE),
        most=9_999,  # four digits
    ),
    Peer(
        "dbmate",
        ("npm:dbmate@2.36.0",),
        _sql("202601010{:05}_more.sql", "-- migrate:up\n{}\n-- migrate:down\n"),
        (*_DBMATE, "up"),
        (*_DBMATE, "status"),
    ),
)
# Neither pip nor npm has them, and so nothing here can install them.
ELSEWHERE = ("TupleSaver", "sql-migrate")
