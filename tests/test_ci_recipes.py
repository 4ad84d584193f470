"""docs/ci.md and action.yml do what they say: their commands run in a clone as that CI makes it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.harness.gitenv import Completed
from tests.harness.project import SOURCE, Project
from tests.harness.runners import PUSHES, REQUESTS, Job, github_pull, github_queue, hosted

PAGE = (SOURCE / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((SOURCE / "action.yml").read_text(encoding="utf-8"))
TSM = f'tsm() {{ "{sys.executable}" -P -m tsm_git "$@"; }}'

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the recipes are for a shell")


def section(heading: str) -> str:
    """Return a section of the page."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def blocks(heading: str, language: str) -> list[str]:
    """Return what stands in the fenced blocks of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)


def recipe(heading: str, number: int = 0) -> Any:
    """Return a YAML block of a section as values."""
    return yaml.safe_load(blocks(heading, "yaml")[number])


def shell(job: Job, *lines: str, env: Mapping[str, str] | None = None) -> Completed:
    """Run lines of a recipe as a runner does: it stops at the first that fails."""
    return job.clone.env.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join([TSM, *lines])],
        cwd=job.clone.root,
        env={**job.environ, "PYTHONPATH": str(SOURCE), **(env or {})},
    )


@pytest.fixture
def clash(project: Project) -> Project:
    """Return `main`, and `phone` that drafts an 003 which `main` has published meanwhile."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone", author="Ben")
    project.switch("main")
    project.script("003.address.sql")
    project.commit("address")
    return project


def installs(line: str) -> bool:
    """Whether a line only installs tsm, which is here already."""
    return line.startswith("pip install --quiet git+https://")


SCRIPTS = {
    "github": [step["run"] for step in recipe("GitHub", 1)],
    "gitlab": recipe("GitLab")["migrations"]["script"],
    "bitbucket": recipe("Bitbucket")["definitions"]["steps"][0]["step"]["script"],
    "azure": [step["script"] for step in recipe("Azure Pipelines")["steps"] if "script" in step],
    "jenkins": re.findall(r"^ *sh '(.*)'$", blocks("Jenkins", "groovy")[0], re.MULTILINE),
}


@needs_bash
@pytest.mark.parametrize("service", SCRIPTS)
class TestRecipes:
    def lines(self, service: str) -> list[str]:
        """Return what the recipe runs, but for the installation."""
        found = [line for line in SCRIPTS[service] if not installs(line)]
        assert any("tsm check --ci" in line for line in found)
        return found

    def test_a_clash_fails(self, service: str, clash: Project) -> None:
        job = REQUESTS[service](hosted(clash))

        ran = shell(job, *self.lines(service))

        assert ran.exit_code == 1, ran
        assert "TSM204" in ran.stdout

    def test_a_push_passes_and_names_what_it_broke(self, service: str, clash: Project) -> None:
        job = PUSHES[service](hosted(clash), clash.rev("main~1"))

        ran = shell(job, *self.lines(service))

        assert ran.exit_code == 0, ran
        assert "`origin/phone` by Ben has `003.phone.sql`" in ran.stdout

    def test_a_shallow_clone_fails_before_anything_is_judged(
        self, service: str, clash: Project
    ) -> None:
        job = REQUESTS[service](hosted(clash), depth=1)

        ran = shell(job, *(line for line in self.lines(service) if "fetch" not in line))

        assert ran.exit_code == 2, ran
        assert ran.stderr.count("hint: run `git fetch --unshallow") == 1


@needs_bash
class TestReports:
    def test_gitlab_gets_its_report_though_the_job_fails(self, clash: Project) -> None:
        job = REQUESTS["gitlab"](hosted(clash))

        assert shell(job, *SCRIPTS["gitlab"]).exit_code == 1

        name = recipe("GitLab")["migrations"]["artifacts"]["reports"]["codequality"]
        assert "TSM204" in (job.clone.root / name).read_text(encoding="utf-8")

    def test_bitbucket_finds_its_report_where_it_looks(self, clash: Project) -> None:
        job = REQUESTS["bitbucket"](hosted(clash))

        shell(job, *(line for line in SCRIPTS["bitbucket"] if not installs(line)))

        assert "TSM204" in (job.clone.root / "test-results" / "tsm.xml").read_text(encoding="utf-8")

    def test_code_scanning_is_given_a_file_and_no_failure(self, clash: Project) -> None:
        job = github_pull(hosted(clash))
        check, upload = recipe("GitHub", 2)

        ran = shell(job, check["run"])

        assert ran.exit_code == 0, ran
        found = (job.clone.root / upload["with"]["sarif_file"]).read_text(encoding="utf-8")
        assert '"ruleId": "TSM204"' in found

    def test_any_other_service(self, clash: Project) -> None:
        job = Job(clash.clone("any"), {})
        job.clone.detach("origin/phone")
        (lines,) = blocks("Any other CI", "sh")

        ran = shell(job, lines)

        assert ran.exit_code == 1, ran
        assert "TSM204" in ran.stdout

    def test_a_bare_server(self, clash: Project) -> None:
        job = Job(hosted(clash).bare, {})
        (lines,) = blocks("A bare server", "sh")

        assert shell(job, lines).exit_code == 1


class TestWorkflow:
    def test_it_runs_for_requests_the_queue_and_pushes_with_the_whole_history(self) -> None:
        workflow = recipe("GitHub")

        # YAML 1.1 takes the key `on` for a truth value; GitHub does not.
        assert set(workflow[True]) == {"pull_request", "merge_group", "push"}
        checkout, use = workflow["jobs"]["check"]["steps"]
        assert checkout["with"] == {"fetch-depth": 0}
        assert use["uses"].endswith("/tsm@main")
        assert workflow["permissions"] == {"contents": "read"}

    def test_every_service_is_told_to_fetch_everything(self) -> None:
        assert recipe("GitLab")["migrations"]["variables"] == {"GIT_DEPTH": "0"}
        assert recipe("Bitbucket")["clone"] == {"depth": "full"}
        assert recipe("Azure Pipelines")["steps"][0] == {"checkout": "self", "fetchDepth": 0}


class TestAction:
    STEPS = ACTION["runs"]["steps"]

    def step(self, name: str) -> dict[str, Any]:
        """Return a step by its name."""
        (found,) = [step for step in self.STEPS if step.get("name") == name]
        assert isinstance(found, dict)
        return found

    def variables(self, name: str, job: Job, **inputs: str) -> dict[str, str]:
        """Return the variables of a step, filled in as a runner does."""
        given = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()}
        values = {f"inputs.{key}": value for key, value in (given | inputs).items()}
        values["github.action_path"] = str(SOURCE)
        temp = job.clone.root.with_name("runner temp")
        return {
            key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text)
            for key, text in self.step(name).get("env", {}).items()
        } | {"RUNNER_TEMP": str(temp)}

    def test_no_input_is_pasted_into_a_script(self) -> None:
        assert ACTION["runs"]["using"] == "composite"
        for step in self.STEPS:
            assert "${{" not in step.get("run", "")
            assert step.get("shell", "bash") == "bash"

    @needs_bash
    @pytest.mark.parametrize("make", [github_pull, github_queue], ids=["pull", "queue"])
    def test_it_judges_as_tsm_does(self, make: Any, clash: Project) -> None:
        job = make(hosted(clash))
        self.install(job)

        ran = shell(job, self.step("tsm check")["run"], env=self.variables("tsm check", job))

        assert ran.exit_code == 1, ran
        assert ran.stdout.startswith("::error file=app.sqlite.migrations/003.phone.sql,line=1,")

    @needs_bash
    def test_more_options_are_words_and_nothing_else(self, clash: Project) -> None:
        job = github_pull(hosted(clash))
        self.install(job)
        options = self.variables("tsm check", job, arguments="--strict --head $(touch x);touch y")

        ran = shell(job, self.step("tsm check")["run"], env=options)

        assert ran.exit_code == 2, ran
        assert not (job.clone.root / "x").exists()
        assert not (job.clone.root / "y").exists()

    @needs_bash
    def test_the_installation_is_that_of_the_action_itself(self, clash: Project) -> None:
        job = github_pull(hosted(clash))
        variables = self.variables("install tsm", job)
        (job.clone.root.with_name("runner temp")).mkdir()
        shims = job.clone.root.with_name("shims")
        shims.mkdir()
        # A Python that notes how it is called: an index of packages is out of reach here.
        (shims / "python").write_text('#!/bin/sh\necho "$@"\n"$REAL" -m venv --without-pip "$4"\n')
        (shims / "python").chmod(0o755)
        run = self.step("install tsm")["run"].replace("-m pip", "-c 'import sys; print(sys.argv)'")

        ran = shell(job, f'PATH="{shims}:$PATH"', run, env={**variables, "REAL": sys.executable})

        assert ran.exit_code == 0, ran
        assert str(SOURCE) in ran.stdout

    def install(self, job: Job) -> None:
        """Put a `tsm` where the action would have installed one."""
        program = job.clone.root.with_name("runner temp") / "tsm" / "bin" / "tsm"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tsm_git "$@"\n')
        program.chmod(0o755)
