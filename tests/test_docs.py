"""The README and FORMATS.md say what is so: tables are the registry's, commands are run.

`TSM_TEST_REWRITE=1 pytest -n 0 tests/test_docs.py` puts into the README what it ought to show.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import SOURCE, Project
from tsm_git.cli.main import COMMANDS
from tsm_git.core import settings
from tsm_git.core.settings import parse_settings
from tsm_git.core.state import State
from tsm_git.rules import CODES, RULES

README = SOURCE / "README.md"
FORMATS = (SOURCE / "FORMATS.md").read_text(encoding="utf-8")

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the tour is for a shell")


# The tour


class Walked(NamedTuple):
    """The tour as it was walked: its commands, what each printed, and the folder it ended in."""

    commands: list[str]
    outputs: list[str]
    shop: Path


@pytest.fixture(scope="module")
def walked(machine: GitEnv, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Type every command of the tour into one shell."""
    env = GitEnv(tmp_path_factory.mktemp("tour"))
    commands = tour()
    lines = ['tsm() { "$PYTHON" -P -m tsm_git "$@"; }', "exec 2>&1"]
    for command in commands:
        lines += [r"printf '\036'", command]
    lines.append(r"printf '\036'; pwd")
    ran = env.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=env.root,
        env={"PYTHONPATH": str(SOURCE), "PYTHON": sys.executable},
    )
    assert ran.exit_code == 0, ran
    _, *outputs, folder = ran.stdout.split("\x1e")
    return Walked(commands, outputs, Path(folder.strip()))


@needs_bash
def test_the_tour_goes_as_it_is_told(walked: Walked) -> None:
    assert len(walked.commands) > 20
    printed = iter(zip(walked.commands, walked.outputs, strict=True))

    shows(lambda block: console(block, printed), "console")


@needs_bash
def test_the_python_example_does_what_it_prints(walked: Walked, env: GitEnv) -> None:
    (walked.shop / "shop.sqlite").unlink(missing_ok=True)
    (example,) = blocks("python")

    ran = python(env, ["-c", example], cwd=walked.shop)

    assert ran.exit_code == 0, ran
    shows(lambda _: ran.stdout, "text")


# Tables


def test_the_states_are_listed() -> None:
    rows = [[f"`{s.name}`", s.value, s.way_out or "nothing to do"] for s in State]

    shows_table("States", rows)


def test_the_rules_are_listed() -> None:
    rows = [
        [
            rule.code,
            rule.name,
            rule.summary,
            rule.severity.value,
            f"`{rule.implies.name}`" if rule.implies else "",
        ]
        for rule in sorted(RULES, key=lambda rule: rule.code)
    ]

    shows_table("Rules", rows)


def test_the_commands_are_listed() -> None:
    rows = [[f"`tsm {name}`", line] for name, line in COMMANDS.items()]

    shows_table("Commands", rows)


def test_no_command_or_rule_is_named_that_does_not_exist() -> None:
    for text in (readme(), FORMATS):
        assert set(re.findall(r"(?:^\$ |`)tsm ([a-z]+)", text, re.MULTILINE)) <= COMMANDS.keys()
        assert set(re.findall(r"TSM\d{3}", text)) <= CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_rule_has_its_meaning_in_formats(code: str) -> None:
    assert code in FORMATS


@pytest.mark.parametrize("state", State)
def test_each_state_has_its_meaning_in_formats(state: State) -> None:
    assert state.name in FORMATS


# Configuration


def test_each_configuration_key_is_documented() -> None:
    keys = {*settings._KEYS, *settings._DATABASE_KEYS, "path"}
    text = readme() + FORMATS

    assert {key for key in keys if not re.search(rf"`{key}\b", text)} == set()


def test_the_example_of_a_configuration_is_one() -> None:
    (example,) = blocks("toml")

    found = parse_settings(tomllib.loads(example)["tool"]["tsm"], "README.md", CODES)

    assert found.base == "origin/main"
    assert found.strict
    assert found.names == {"shop": "data/shop.sqlite", "audit": "data/audit.sqlite"}
    assert found.severities == {"TSM107": None}
    assert found.ignored("TSM102", "data/shop.sqlite.migrations/003.add_city.sql")


# CI


class TestTheMergeGate:
    def test_stops_a_clash_that_the_merge_would_make(self, project: Project) -> None:
        clone = clash(project).clone("ci")
        clone.detach("origin/city")

        gate = clone.tsm(*gate_command())

        assert gate.exit_code == 1
        assert "TSM204" in gate.stdout

    def test_cannot_tell_in_a_shallow_clone_and_says_what_to_fetch(self, project: Project) -> None:
        clone = clash(project).clone("ci", "--depth=1", "--no-single-branch")
        clone.detach("origin/city")

        gate = clone.tsm(*gate_command())

        assert gate.exit_code == 2
        assert "git fetch --unshallow" in gate.stderr


# The shell, the code, the page itself


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered_to_the_shell(env: GitEnv, shell: str) -> None:
    assert f"{shell}_source" in readme()

    offered = python(
        env, ["-m", "tsm_git"], cwd=env.root, variables={"_TSM_COMPLETE": f"{shell}_source"}
    )

    assert offered.exit_code == 0, offered
    assert f"_TSM_COMPLETE={shell}_complete" in offered.stdout


def test_completion_knows_commands_and_options(env: GitEnv) -> None:
    def offered(words: str, index: int) -> set[str]:
        asked = {"_TSM_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index)}
        ran = python(env, ["-m", "tsm_git"], cwd=env.root, variables=asked)
        assert ran.exit_code == 0, ran
        return {line.partition(",")[2] for line in ran.stdout.splitlines()}

    assert offered("tsm ", 1) == set(COMMANDS)
    assert {"--staged", "--head", "--base"} <= offered("tsm check --", 2)


def test_every_path_that_is_named_exists() -> None:
    named = [cell for row in table("Where things are in the code") for cell in row[1:]]
    paths = re.findall(r"`([\w./]+)`", " ".join(named))
    paths += re.findall(r"\]\(([\w./]+)\)", readme())
    assert len(paths) > 10

    assert [path for path in paths if not (SOURCE / path).exists()] == []


def test_every_section_that_is_named_exists() -> None:
    for number in re.findall(r"`FORMATS\.md` section (\d)", readme()):
        assert re.search(rf"^## {number}\. ", FORMATS, re.MULTILINE)


def test_lines_are_not_too_long() -> None:
    # Tables and what a program printed are as wide as they are.
    prose = re.sub(r"^```(?:console|text)\n.*?^```", "", readme(), flags=_BLOCK)

    long = [line for line in prose.splitlines() if len(line) > 132 and not line.startswith("|")]
    assert long == []


# Reading and rewriting the page

_BLOCK = re.MULTILINE | re.DOTALL


def readme() -> str:
    """Return the page as it is now."""
    return README.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return what stands in the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme(), _BLOCK)


def tour() -> list[str]:
    """Return the commands of all console blocks; a line with `> ` continues the one above it."""
    typed = re.findall(r"^\$ (.*(?:\n> .*)*)", "".join(blocks("console")), re.MULTILINE)
    return [command.replace("\n> ", "\n") for command in typed]


def console(block: str, printed: Iterator[tuple[str, str]]) -> str:
    """Return a console block with what its commands printed."""
    lines = []
    for _ in re.findall(r"^\$ ", block, re.MULTILINE):
        command, output = next(printed)
        lines.append(f"$ {command}".replace("\n", "\n> "))
        lines += output.rstrip("\n").splitlines()
    return "\n".join([*lines, ""])


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    found = re.search(rf"^##+ {re.escape(heading)}\n.*?^\|---.*?\n(.*?)\n\n", readme(), _BLOCK)
    assert found is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()]


def shows_table(heading: str, rows: Sequence[Sequence[str]]) -> None:
    """Insist that the first table below a heading has these rows."""
    body = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    pattern = rf"(^##+ {re.escape(heading)}\n.*?^\|---[^\n]*\n)(?:\|[^\n]*\n)*"
    expect(re.sub(pattern, lambda found: found[1] + body, readme(), count=1, flags=_BLOCK))


def shows(content: Callable[[str], str], language: str) -> None:
    """Insist that the blocks of a language hold this content."""
    pattern = rf"(^```{language}\n)(.*?)(^```$)"
    expect(re.sub(pattern, lambda b: b[1] + content(b[2]) + b[3], readme(), flags=_BLOCK))


def expect(page: str) -> None:
    """Insist that the README is this page, or make it so if that is what the tests are run for."""
    if os.environ.get("TSM_TEST_REWRITE"):
        README.write_text(page, encoding="utf-8", newline="\n")
        return
    is_so, is_shown = anonymous(page).splitlines(), anonymous(readme()).splitlines()
    difference = list(difflib.unified_diff(is_shown, is_so, "README.md", "so", n=2, lineterm=""))
    assert not difference, "\n".join(["see the top of this file", *difference])


def anonymous(text: str) -> str:
    """Return the text without what differs from run to run: commits, dates, names of backups, ages."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}", "<time>", text)
    text = re.sub(r"by \w+ on \d{4}-\d\d-\d\d", "by <somebody> on <date>", text)
    text = re.sub(r"\bjust now\b|\b\d+ (?:minute|hour|day)s? ago\b", "<age>", text)
    return re.sub(r"\b[0-9a-f]{10}\b", "<commit>", text)


# Running what it shows


def python(
    env: GitEnv, arguments: list[str], *, cwd: Path, variables: dict[str, str] | None = None
) -> Completed:
    """Run Python as one runs it where tsm is installed."""
    return env.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(SOURCE)} | (variables or {}),
    )


def gate_command() -> list[str]:
    """Return what the README runs in CI, without the name of the program."""
    (command,) = [block for block in blocks("sh") if block.startswith("tsm check")]
    return command.split()[1:]


def clash(project: Project) -> Project:
    """Tell of two branches that took one number; `main` published its script first."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.branch("city")
    project.script("003.city.sql")
    project.commit("city", author="Ben")
    project.switch("main")
    project.script("003.phone.sql")
    project.commit("phone")
    return project
