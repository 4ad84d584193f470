"""The fixtures of all tests; what they are made of is in `tests/harness`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.harness.gitenv import GitEnv, isolate
from tests.harness.homeguard import HomeGuard
from tests.harness.project import SOURCE, Project

# dev: quick, for work on a change. ci: every run. long: when there is time, with new examples each
# time. All but long are the same in every run, so that a failure can be seen again.
_SHARED = hypothesis.settings(
    deadline=None,  # others use this machine, too
    print_blob=True,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.register_profile("dev", _SHARED, max_examples=25, derandomize=True)
hypothesis.settings.register_profile("ci", _SHARED, max_examples=200, derandomize=True)
hypothesis.settings.register_profile("long", _SHARED, max_examples=5_000)
_PROFILES = {"": "dev", "quick": "dev", "dev": "dev", "ci": "ci", "full": "ci", "long": "long"}
hypothesis.settings.load_profile(_PROFILES[os.environ.get("TSM_TEST_PROFILE", "")])

_PYTHON = [sys.prefix, sys.base_prefix, *filter(None, sys.path)]
_GUARD = HomeGuard(Path.home(), [SOURCE, tempfile.gettempdir(), *_PYTHON])
_GUARD.install()

_ENVIRONMENT = pytest.StashKey[GitEnv]()


@pytest.fixture(scope="session", autouse=True)
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitEnv]:
    """Make this process forget whose machine it runs on, before anything else is set up."""
    _GUARD.allow(tmp_path_factory.getbasetemp())
    before = dict(os.environ)
    environment = GitEnv(tmp_path_factory.mktemp("machine"))
    isolate(os.environ, environment)
    _GUARD.active = True
    yield environment
    _GUARD.active = False
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def env(request: pytest.FixtureRequest, tmp_path: Path, machine: GitEnv) -> Iterator[GitEnv]:
    """Give each test, and all it starts, a home, a clock and a current directory of its own."""
    environment = GitEnv(tmp_path)
    here = Path.cwd()
    os.chdir(tmp_path)
    request.node.stash[_ENVIRONMENT] = environment
    isolate(os.environ, environment)
    yield environment
    os.chdir(here)
    isolate(os.environ, machine)


@pytest.fixture(scope="session")
def guarded_home() -> Path:
    """Return the home that nothing here may touch."""
    return Path(_GUARD.home)


@pytest.fixture
def project(env: GitEnv, tmp_path: Path) -> Iterator[Project]:
    """Return a new project on an unborn `main`; every run of tsm in it has to be looked at."""
    made = Project.create(env, tmp_path / "project")
    yield made
    ignored = [repr(result) for result in made.results if not result.looked_at]
    assert not ignored, f"nobody looked at what tsm said: {ignored}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show all commands of a failed test with their output: they are its story."""
    report = yield
    environment = item.stash.get(_ENVIRONMENT, None)
    if report.failed and environment is not None and environment.transcript:
        report.sections.append(("commands", environment.story()))
    return report
