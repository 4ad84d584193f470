"""A stranger adds three lines to `.pre-commit-config.yaml`: the real framework, its own environment.

Needs no network: the framework's pip finds wheels of what is installed here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import Project
from tests.hooks.desk import FRAMEWORK_TYPES, spoken
from tests.hooks.wheelhouse import offer, wheelhouse

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts"),
    pytest.mark.skipif(
        os.environ.get("TSM_TEST_PROFILE") not in ("ci", "full", "long"),
        reason="the framework makes environments: only with TSM_TEST_PROFILE=ci, full or long",
    ),
    pytest.mark.slow,
]


class Shop(NamedTuple):
    """Where tsm is to be had, and the environment in which it is bought."""

    repository: Path
    revision: str
    variables: dict[str, str]


@pytest.fixture(scope="module")
def shop(machine: GitEnv, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Offer tsm, and a cache that all tests of this file share."""
    folder = tmp_path_factory.mktemp("shop")
    repository, revision = offer(GitEnv(folder), folder / "tsm")
    variables = {
        "PRE_COMMIT_HOME": str(folder / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheelhouse(folder / "wheels")),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return Shop(repository, revision, variables)


@pytest.fixture
def consumer(shop: Shop, project: Project) -> Project:
    """Return a fresh repository with the three lines, in which every type is installed."""
    lines = [
        f"  - repo: {shop.repository}",
        f"    rev: {shop.revision}",
        "    hooks: [{id: tsm-check}, {id: tsm-pre-push}, {id: tsm-post-merge}, "
        "{id: tsm-post-rewrite}, {id: tsm-post-checkout}]",
    ]
    project.write(".pre-commit-config.yaml", "repos:\n" + "\n".join(lines) + "\n")
    types = [word for name in FRAMEWORK_TYPES for word in ("-t", name)]
    pre_commit(project, shop, "install", *types)
    return project


def pre_commit(project: Project, shop: Shop, *arguments: str, exit_code: int = 0) -> Completed:
    """Run the framework's own command."""
    command = [sys.executable, "-m", "pre_commit", *arguments]
    done = project.env.run(command, cwd=project.root, env=shop.variables)
    assert done.exit_code == exit_code, done
    return done


def test_no_broken_migration_reaches_main(consumer: Project, shop: Shop) -> None:
    """Walk through a day: commits, merges, pulls, rebases, switches and pushes."""

    def git(*arguments: str, exit_code: int = 0) -> str:
        consumer.env.commits += 1
        done = consumer.env.run(["git", *arguments], cwd=consumer.root, env=shop.variables)
        assert done.exit_code == exit_code, done
        return spoken(done)

    # The work tree has a module that must not be imported, whatever a hook is asked.
    consumer.write("tsm_git/__init__.py", "raise SystemExit('imported')\n")
    consumer.scripts("001.users.sql", "002.mail.sql")
    (consumer.root / "app.sqlite").touch()
    consumer.stage()
    git("commit", "-m", "start")
    consumer.remote()
    git("push", "-u", "origin", "main")

    # A script that is published is edited.
    consumer.edit("001.users.sql")
    assert "TSM201" in git("commit", "-a", "-m", "edit", exit_code=1)
    git("restore", "--staged", "--worktree", ".")

    # Two branches take a number; the second is stopped at the merge, and mended.
    git("switch", "-c", "phone")
    consumer.script("003.phone.sql")
    consumer.stage()
    git("commit", "-m", "phone")
    said = git("switch", "main")
    assert "app.sqlite may have run scripts of the branch you left" in said
    consumer.script("003.address.sql")
    consumer.stage()
    assert "TSM206 warning" in git("commit", "-m", "address")
    said = git("merge", "--no-edit", "phone", exit_code=1)
    assert "the merge of `phone` brings 1 error" in said
    assert consumer.tsm("renumber").exit_code == 0
    git("commit", "--no-edit")
    assert consumer.tree() == [
        *("001.users.sql", "002.mail.sql", "003.address.sql", "004.phone.sql")
    ]
    git("push")

    # Somebody pulls.
    git("switch", "-c", "late", "main~1")
    assert "new script" in git("pull", "--no-rebase", ".", "main")

    # A rebase runs no hook of a commit; the report and the push see it.
    git("switch", "-c", "city", "origin/main~1")
    consumer.script("004.city.sql")
    consumer.stage()
    git("-c", "core.hooksPath=/dev/null", "commit", "-m", "city")
    assert "the rebase brings 1 error" in git("rebase", "origin/main")
    assert "`refs/heads/city` brings 1 error" in git("push", "origin", "city", exit_code=1)
    assert consumer.tsm("renumber", "--commit").exit_code == 0
    git("push", "origin", "city")


def test_the_stage_manual_judges_everything(consumer: Project, shop: Shop) -> None:
    consumer.scripts("001.users.sql", "003.mail.sql")
    consumer.git("-c", "core.hooksPath=/dev/null", "add", "--all")
    consumer.git("-c", "core.hooksPath=/dev/null", "commit", "-m", "a gap")

    for stage in ([], ["--hook-stage", "manual"]):
        said = pre_commit(consumer, shop, "run", "tsm-check", "--all-files", *stage, exit_code=1)
        assert "TSM103" in said.stdout


def test_it_can_be_tried_without_installing(project: Project, shop: Shop) -> None:
    project.scripts("001.users.sql", "003.mail.sql")
    project.commit("a gap")

    said = pre_commit(
        project, shop, "try-repo", str(shop.repository), "tsm-check", "--all-files", exit_code=1
    )

    assert "TSM103" in said.stdout
