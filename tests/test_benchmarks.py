"""What a check costs, in what can be counted: git processes and modules. Times are for benchmarks."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from benchmarks.tools import PEERS, Peer, statement
from tests.harness.project import SOURCE, Project

CHECK = 3  # cat-file, ls-files, merge-base
BRANCHES = 2  # for-each-ref, diff-tree; only for a draft, whose number may be contested

# What costs more than it gives where nothing is wrong and no database is there.
HEAVY = {"apsw", "git", "hashlib", "json", "random", "shutil", "tempfile", "tomllib", "unicodedata"}


def git_processes(project: Project, trace: Path, *arguments: str) -> int:
    """How many git processes one command of tsm starts (git's own trace2 counts them)."""
    trace.unlink(missing_ok=True)
    result = project.tsm(*arguments, env={"GIT_TRACE2_EVENT": str(trace)})
    assert result.exit_code == 0, result
    events = (json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines())
    return sum(event["event"] == "start" for event in events)


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "--staged"), ("check", "--base", "main", "--head", "HEAD")],
    ids=" ".join,
)
def test_a_clean_check_starts_few_processes_whatever_there_is(
    project: Project, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    trace = tmp_path / "trace"
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("two scripts")
    few = git_processes(project, trace, *arguments)

    for number in range(3, 60):
        project.script(f"{number:03d}.t{number}.sql", f"create table t{number} (x);\n")
    project.commit("many scripts")
    for number in range(5):
        project.branch(f"other{number}")
        project.commit(f"other {number}")
        project.switch("main")
    many = git_processes(project, trace, *arguments)

    assert few == many <= CHECK


@pytest.mark.parametrize("arguments", [("check",), ("check", "--staged")], ids=" ".join)
def test_a_draft_costs_the_radar_and_no_more(
    project: Project, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    project.script("001.users.sql")
    project.commit("a script")
    for number in range(5):
        project.branch(f"other{number}")
        project.script(f"00{number + 2}.other{number}.sql")
        project.commit(f"other {number}")
        project.switch("main")
    project.branch("mail")
    project.script("009.mail.sql")
    project.git("add", "--all")

    # A draft's number has no neighbour to clash with, but the radar has to look for one.
    result = git_processes(project, tmp_path / "trace", *arguments, "--exit-zero")

    assert result <= CHECK + BRANCHES


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--staged"),
        ("check", "--base", "main", "--head", "HEAD"),
        ("hooks", "run", "pre-commit"),
        ("hooks", "run", "pre-push"),
    ],
    ids=" ".join,
)
def test_a_clean_check_loads_nothing_heavy(project: Project, arguments: tuple[str, ...]) -> None:
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("two scripts")
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); import tsm_git.__main__"
    )
    script = f"{code}; sys.argv[0] = 'tsm'; tsm_git.__main__.main()"

    completed = project.env.run(
        [sys.executable, "-P", "-c", script, *arguments],
        cwd=project.root,
        env={"PYTHONPATH": str(SOURCE)},
    )

    assert completed.exit_code == 0, str(completed)
    *_, loaded = completed.stdout.splitlines()
    modules = set(loaded.split())
    assert "tsm_git.commands.check" in modules
    assert not HEAVY & modules
    own = {name for name in modules if name.startswith("tsm_git.")} - {"tsm_git.core.record"}
    sources = {name: Path(SOURCE, *name.split(".")) for name in own}
    for name, path in sources.items():
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        typed = re.search(
            r"^from typing import .*NamedTuple", file.read_text("utf-8"), re.MULTILINE
        )
        assert not typed, f"{name}: take NamedTuple from tsm_git.core.record, which is quicker"


def test_a_remembered_replay_starts_nothing_that_runs_scripts(project: Project) -> None:
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("two scripts")
    project.branch("draft")
    project.script("003.phone.sql")
    code = (
        "import atexit, sys; starts = []; atexit.register(lambda: print(*sys.modules, *starts));"
        "sys.addaudithook(lambda event, found:"
        " event == 'subprocess.Popen' and starts.append(f'started:{found[1][0]}'));"
        "import tsm_git.__main__; sys.argv[0] = 'tsm'; tsm_git.__main__.main()"
    )

    first, second = (
        project.env.run(
            [sys.executable, "-P", "-c", code, "check", "--replay"],
            cwd=project.root,
            env={"PYTHONPATH": str(SOURCE)},
        )
        for _ in range(2)
    )

    started = f"started:{sys.executable}"
    assert started in first.stdout
    assert started not in second.stdout
    assert not {"apsw", "tempfile"} & set(second.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_is_measured_with_the_same_scripts(peer: Peer) -> None:
    written = "\n".join(text for _, text in peer.files(12))

    assert [written.count(statement(number)) for number in range(1, 14)] == [1] * 12 + [0]
