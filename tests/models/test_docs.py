"""docs/models.md: its examples are projects, and say what they are shown to say."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.project import SOURCE, Project
from tsm_git.cli.main import COMMANDS
from tsm_git.rules import CODES

PAGE = (SOURCE / "docs" / "models.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(
    r"^```console\n\$ tsm check \| grep TSM401\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def sections() -> dict[str, str]:
    """Return what stands under each heading."""
    parts = re.split(r"^## (.*)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


EXAMPLES = {title: text for title, text in sections().items() if "<!-- example -->" in text}


def test_each_source_has_an_example() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_says_what_it_is_shown_to_say(title: str, project: Project) -> None:
    if "SQLAlchemy" in title:
        pytest.importorskip("sqlalchemy")
    for name, text in FILE.findall(EXAMPLES[title]):
        project.write(name, text)
    shown = CONSOLE.search(EXAMPLES[title])
    assert shown

    checked = project.tsm("check")

    found = [line for line in checked.stdout.splitlines() if "TSM401" in line]
    assert "\n".join([*found, ""]) == shown[1]
    assert checked.exit_code == 1


def test_with_the_list_the_index_is_compared(project: Project) -> None:
    for name, text in FILE.findall(EXAMPLES["A module with `TableRow`"]):
        project.write(name, text.replace('"shop.models"', '"shop.models:SCHEMA"'))

    assert "adds index `emails` to the scripts" in project.tsm("check").stdout


def test_the_plug_in_is_one(project: Project) -> None:
    """Install the package of the page by hand: its module, and what pip writes of its metadata."""
    files = dict(FILE.findall(sections()["A plug-in"]))
    point = re.search(
        r'^\[project\.entry-points\."tsm\.models"\]\n(.*)$', files["pyproject.toml"], re.M
    )
    config = re.findall(r"^```toml\n(.*?)^```$", sections()["A plug-in"], re.MULTILINE | re.DOTALL)[
        -1
    ]
    assert point
    project.write("acme_models.py", files["acme_models.py"])
    project.write(
        "acme_models-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: acme-models\nVersion: 1.0\n",
    )
    project.write(
        "acme_models-1.0.dist-info/entry_points.txt",
        "[tsm.models]\n" + point[1].replace('"', "") + "\n",
    )
    project.write("shop/tables.py", 'TABLES = {"users": ["id integer primary key", "name"]}\n')
    project.write("pyproject.toml", config)
    project.script("001.users.sql", "create table users (id integer primary key);\n")

    assert (
        "TSM401 the plug-in `acme` changes table `users` of the scripts: column `name` is new"
        in project.tsm("check").stdout
    )


def test_the_python_example_prints_what_it_says(project: Project, env: GitEnv) -> None:
    text = sections()["In Python"]
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    said = re.search(r"this prints `(.*?)`\.", text)
    assert said

    ran = env.run(
        [sys.executable, "-P", "-c", textwrap.dedent(example)],
        cwd=project.root,
        env={"PYTHONPATH": str(SOURCE)},
    )

    assert ran.exit_code == 0, ran
    assert ran.stdout == f"{said[1]}\n"


def test_what_it_names_exists() -> None:
    assert set(re.findall(r"TSM\d{3}", PAGE)) <= CODES
    assert set(re.findall(r"(?:^\$ |`)tsm ([a-z]+)", PAGE, re.MULTILINE)) <= COMMANDS.keys()
    for path in re.findall(r"\]\(([\w./]+)\)", PAGE):
        assert Path(SOURCE, "docs", path).exists()
