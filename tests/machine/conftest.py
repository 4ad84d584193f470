"""One server of forked processes for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import Server
from tests.harness.gitenv import GitEnv


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server whose processes know nothing of the machine."""
    environment = GitEnv(tmp_path_factory.mktemp("server"))
    running = Server(environment.variables())
    yield running
    running.close()
