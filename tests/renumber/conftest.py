"""The team that all stories here are about."""

from __future__ import annotations

import pytest

from tests.harness.project import Project


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002; the branch `mail` is checked out."""
    project.scripts("001.users.sql", "002.orders.sql")
    project.commit("start")
    project.branch("mail")
    return project
