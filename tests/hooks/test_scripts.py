"""What lies in `hooks/` is what `tsm hooks install` writes, and both offers say the same."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.gitenv import GitEnv
from tests.harness.project import SOURCE, Project
from tsm_git.adapters.hooks import hook_script
from tsm_git.commands.hooks.setup import CLIENT
from tsm_git.core.integration.framework import OFFERS, TYPES
from tsm_git.core.integration.hook import CONCERNS, Event

HOOKS = SOURCE / "hooks"
MANIFEST = SOURCE / ".pre-commit-hooks.yaml"
POSIX = pytest.mark.skipif(os.name != "posix", reason="the bits of a mode are POSIX")


def manifest() -> list[dict[str, Any]]:
    """Return what is offered to the framework."""
    found: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text())
    return found


def test_there_is_one_for_each_event() -> None:
    assert {path.name for path in HOOKS.iterdir()} == {event.value for event in Event}


@pytest.mark.parametrize("event", Event, ids=lambda event: event.value)
def test_each_is_what_install_writes(event: Event, project: Project) -> None:
    text = (HOOKS / event.value).read_text()

    assert text == hook_script(event)
    assert len(text.splitlines()) < 50
    assert project.tsm_inprocess("hooks", "install").exit_code == 0
    installed = project.root / ".git" / "hooks" / event.value
    assert installed.exists() == (event in CLIENT)
    assert not installed.exists() or installed.read_text() == text


@POSIX
@pytest.mark.parametrize("event", Event, ids=lambda event: event.value)
def test_each_can_be_run_and_is_plain_sh(event: Event, env: GitEnv) -> None:
    path = HOOKS / event.value

    assert os.access(path, os.X_OK)
    assert env.run(["sh", "-n", str(path)], cwd=env.root).exit_code == 0
    for bashism in ("[[", "function ", "local ", "<<<", "&>", "$'"):
        assert bashism not in path.read_text()


def test_the_scripts_look_at_what_python_looks_at() -> None:
    head = hook_script(Event.PRE_COMMIT)

    assert tuple(re.findall(r"'(:\(top[^']*)'", head)) == CONCERNS


def test_the_manifest_offers_what_install_writes_into_a_configuration() -> None:
    offered = {hook["id"]: hook for hook in manifest()}

    assert list(offered) == [offer.id for offer in OFFERS]
    for offer in OFFERS:
        hook = offered[offer.id]
        assert hook["name"] == offer.name
        assert hook["entry"] == f"tsm hooks run {offer.event.value}"
        assert tuple(hook["stages"]) == offer.stages
        assert hook["language"] == "python"
        assert (hook["always_run"], hook["pass_filenames"], hook["require_serial"]) == (
            True,
            False,
            True,
        )
        assert hook["minimum_pre_commit_version"] == "3.2.0"


def test_the_framework_takes_the_manifest(env: GitEnv) -> None:
    judged = env.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST)], cwd=env.root
    )

    assert judged.exit_code == 0, judged


def test_every_usual_type_is_installed() -> None:
    assert TYPES == ("pre-commit", "pre-merge-commit", "pre-push", "post-merge", "post-rewrite")


def test_no_message_advises_to_skip_a_hook() -> None:
    for path in [*HOOKS.iterdir(), MANIFEST, *Path(SOURCE / "tsm_git").rglob("*.py")]:
        assert "--no-verify" not in path.read_text(), path
