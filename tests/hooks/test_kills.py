"""A `kill -9` at any step of `tsm hooks install` and `uninstall`: no hook of a stranger is lost.

The process is killed right before one of its steps: a file is opened for writing, linked, renamed,
removed or given a mode, or git is started. Every hook is whole at any time, and a rerun finishes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.harness.project import SOURCE, Project
from tests.hooks.test_setup import hooks_of, picture, stranger
from tsm_git.adapters.hooks import hook_script
from tsm_git.commands.hooks.setup import CLIENT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

# In long, every step there is.
POINTS = {"ci": 8, "full": 10_000, "long": 10_000}.get(os.environ.get("TSM_TEST_PROFILE", ""), 4)

PROGRAM = """
import os, signal, sys
from tsm_git.cli import main
import tsm_git.cli.hooks, tsm_git.commands.hooks.setup, tsm_git.adapters.git.hooking
steps = int(sys.argv.pop(1))
STEPS = ("open", "os.rename", "os.link", "os.remove", "os.chmod", "os.mkdir", "subprocess.Popen")
def count(event, arguments):
    global steps
    if event not in STEPS:
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
try:
    main(sys.argv[1:])
finally:
    print("steps:", -steps)
"""


def run(project: Project, command: str, *, before: int) -> tuple[int, str]:
    """Run a command that is killed before that step; 0 lets it live."""
    ran = project.env.run(
        [sys.executable, "-P", "-c", PROGRAM, str(before), "hooks", command],
        cwd=project.root,
        shown=f"tsm hooks {command}, killed before step {before}",
        env={"PYTHONPATH": str(SOURCE)},
    )
    return ran.exit_code, ran.stdout


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_no_hook_is_lost(project: Project, command: str) -> None:
    for event in CLIENT[:4]:
        stranger(project, event.value)
    strangers = picture(hooks_of(project))
    saved = project.root.parent / "saved"
    if command == "uninstall":
        assert run(project, "install", before=0)[0] == 0
    shutil.copytree(project.root / ".git", saved)
    code, said = run(project, command, before=0)
    assert code == 0, said
    count = int(said.rpartition("steps: ")[2])
    assert count > 10
    chosen = random.Random(0).sample(range(1, count + 1), min(POINTS, count))

    for point in sorted(chosen):
        shutil.rmtree(project.root / ".git")
        shutil.copytree(saved, project.root / ".git")

        assert run(project, command, before=point)[0] == -signal.SIGKILL, point

        is_whole(hooks_of(project), strangers)
        assert run(project, "install", before=0)[0] == 0, point
        for event in CLIENT:
            assert (hooks_of(project) / event.value).read_text() == hook_script(event), point
        assert run(project, "uninstall", before=0)[0] == 0, point
        assert picture(hooks_of(project)) == strangers, point


def is_whole(folder: Path, strangers: dict[str, tuple[int, bytes | str]]) -> None:
    """Insist that each hook is a stranger's or tsm's, and that none of a stranger's is gone."""
    found = picture(folder)
    for event in CLIENT:
        ours = hook_script(event).encode()
        theirs = strangers.get(event.value)
        now = found.get(event.value)
        assert now is None or now == theirs or now[1] == ours
        if theirs is not None:
            assert now is not None
            assert theirs in (now, found.get(f"{event.value}.before-tsm"))
