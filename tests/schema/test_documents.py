"""The JSON documents keep to their schemas, and FORMATS.md describes what the schemas hold."""

from __future__ import annotations

import copy
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cases.loader import Case, cases
from tests.cases.story import Story
from tests.harness.gitenv import GitEnv
from tests.harness.looking import PLACES, untouched
from tests.harness.project import SOURCE, Project
from tests.render.test_formats import sarif_validator
from tsm_git.core.state import State
from tsm_git.rules import CODES

FORMATS = (SOURCE / "FORMATS.md").read_text(encoding="utf-8")
FIRING = [case for case in cases() if case.fires]
ONE_PER_RULE = list({case.code: case for case in FIRING}.values())


def schema(name: str) -> dict[str, Any]:
    """Return the schema of a document."""
    text = Path(__file__).with_name(f"{name}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def validate(document: object, name: str) -> None:
    """Insist that a document keeps to a schema."""
    jsonschema.Draft202012Validator(schema(name)).validate(document)


def section(number: int) -> str:
    """Return a section of FORMATS.md."""
    return re.split(r"^## \d\. ", FORMATS, flags=re.MULTILINE)[number]


def example() -> dict[str, Any]:
    """Return the document that FORMATS.md shows."""
    (block,) = re.findall(r"^    \{\n.*?^    \}\n", section(4), re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


def objects(node: object) -> Iterator[dict[str, Any]]:
    """Every object schema within a schema."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


class TestSchemas:
    @pytest.mark.parametrize("name", ["check", "status", "generate", "schema", "schema-diff"])
    def test_they_are_valid_and_strict(self, name: str) -> None:
        jsonschema.Draft202012Validator.check_schema(schema(name))

        for described in objects(schema(name)):
            assert described["additionalProperties"] is False
            assert described["required"] == list(described["properties"])

    def test_that_of_status_is_that_of_check_and_more(self) -> None:
        check, status = schema("check"), schema("status")

        assert status["$defs"].items() >= check["$defs"].items()
        assert status["properties"].items() >= check["properties"].items()

    def test_the_states_are_all_there(self) -> None:
        states = schema("check")["$defs"]["database"]["properties"]["state"]["enum"]

        assert states == [state.name for state in State]

    def test_they_are_in_step_with_the_description(self) -> None:
        described = set(re.findall(r"`(\w+)`", section(4) + section(5)))
        held = {name for each in objects(schema("status")) for name in each["properties"]}

        assert held <= described, held - described

    def test_the_example_keeps_to_it(self) -> None:
        validate(example(), "check")

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda document: document.pop("summary"),
            lambda document: document.update(extra=1),
            lambda document: document["databases"][0].pop("base"),
            lambda document: document["databases"][0].update(state="FINE"),
            lambda document: document["databases"][0]["findings"][0].update(line=0),
            lambda document: document["databases"][0]["findings"][0].update(path="/etc/passwd"),
            lambda document: document["databases"][0]["findings"][0].update(path="a/../../b"),
            lambda document: document["databases"][0]["findings"][0]["fix"].pop("renames"),
            lambda document: document["databases"][0]["base"].update(commit="c33b3c409d"),
        ],
    )
    def test_they_bite(self, spoil: Any) -> None:
        document = copy.deepcopy(example())
        spoil(document)

        with pytest.raises(jsonschema.ValidationError):
            validate(document, "check")


class TestDocuments:
    @pytest.mark.parametrize("case", ONE_PER_RULE, ids=[case.code for case in ONE_PER_RULE])
    def test_one_of_each_rule(self, case: Case, project: Project) -> None:
        Story(project).play(case)
        asked = case.check
        options = ["--head", asked.revision] if asked.revision else []
        options += ["--staged"] if asked.staged else []
        options += ["--base", asked.base] if asked.base else []
        options += ["--ref", "app.sqlite.ref"] if asked.with_ref else []
        options += ["--replay"] if asked.with_replay else []

        with untouched(project.root):
            document = project.tsm_inprocess("check", "--format", "json", *options).json()

        validate(document, "check")
        found = [finding["code"] for one in document["databases"] for finding in one["findings"]]
        assert case.code in found
        log = project.tsm_inprocess("check", "--format", "sarif", *options).json()
        sarif_validator().validate(log)
        assert [result["ruleId"] for result in log["runs"][0]["results"]] == found

    def test_there_is_one_of_each_rule(self) -> None:
        assert {case.code for case in ONE_PER_RULE} == CODES

    @pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
    def test_each_place(self, project: Project, options: tuple[str, ...]) -> None:
        project.scripts("001.users.sql", "003.mail.sql")
        commit = project.commit("start")

        document = project.tsm_inprocess("check", "--json", *options).json()

        validate(document, "check")
        assert document["databases"][0]["candidate"] == {
            "place": {"": "worktree", "--staged": "index"}.get("".join(options), "commit"),
            "revision": "HEAD" if "--head" in options else None,
            "commit": commit,
        }
        assert document["databases"][0]["base"] == {
            "revision": "main",
            "commit": commit,
            "merge_base": commit,
        }

    def test_a_repository_without_a_commit(self, project: Project) -> None:
        project.script("001.users.sql")

        document = project.tsm_inprocess("check", "--json").json()

        validate(document, "check")
        assert document["databases"][0]["candidate"]["commit"] is None
        assert document["databases"][0]["base"] is None

    def test_no_repository(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        project = Project(env, tmp_path / "folder")
        project.script("001.users.sql")

        check = project.tsm_inprocess("check", "--json").json()
        status = project.tsm_inprocess("status", "--json").json()

        validate(check, "check")
        validate(status, "status")
        assert status["fetched_at"] is None

    def test_no_scripts(self, project: Project) -> None:
        assert project.tsm_inprocess("check", "--json").json()["databases"] == []
        validate(project.tsm_inprocess("status", "--json").json(), "status")

    def test_unrelated_histories(self, project: Project) -> None:
        project.script("001.users.sql")
        project.commit("start")
        project.git("switch", "--quiet", "--orphan", "fresh")
        project.script("001.other.sql")
        project.commit("fresh")

        document = project.tsm_inprocess("check", "--json").json()

        validate(document, "check")
        assert document["databases"][0]["base"]["merge_base"] is None

    def test_a_sha_256_repository(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "modern", object_format="sha256")
        project.scripts("001.users.sql", "002.mail.sql")
        project.commit("start")
        project.branch("work")
        project.edit("001.users.sql")
        project.commit("edit")

        for options in PLACES.values():
            document = project.tsm_inprocess("check", "--json", *options).json()
            validate(document, "check")
            assert document["summary"] == {"errors": 1, "warnings": 0, "notes": 0}

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
    def test_names_of_any_kind(self, project: Project) -> None:
        latin = os.fsdecode(b"003.caf\xe9.sql")
        for name in ("001.\U0001f40d 'x'.sql", "002.\x1b[31m.sql", latin):
            project.script(name, "select 1;\n")
        project.write_ledger([(7, "../outside.sql", "x"), (8, "/etc/passwd", "y"), (9, "", "z")])
        project.commit("odd")

        for command in ("check", "status"):
            result = project.tsm_inprocess(command, "--json")
            assert result.stdout.isascii()
            validate(result.json(), command)

    def test_what_is_printed_is_the_exit_code(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql")
        project.commit("start")

        found = project.tsm_inprocess("check", "--json")
        excused = project.tsm_inprocess("check", "--json", "--exit-zero")

        assert (found.exit_code, found.json()["exit_code"]) == (1, 1)
        assert (excused.exit_code, excused.json()["exit_code"]) == (0, 1)

    def test_the_same_question_has_the_same_answer(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql", "003.phone.sql")
        project.commit("start")

        assert (
            project.tsm_inprocess("check", "--json").stdout
            == project.tsm_inprocess("check", "--json").stdout
        )


class TestStatus:
    @pytest.fixture
    def team(self, project: Project) -> Project:
        """Return a branch on which every place holds something else."""
        project.scripts("001.users.sql", "002.mail.sql", "003.phone.sql")
        project.commit("start")
        project.published_in_production("001.users.sql", "002.mail.sql")
        project.write_ledger([(1, "001.users.sql", None), (2, "002.mail.sql", "other")],
                             columns={"id": "INTEGER", "filename": "TEXT", "script": "TEXT"})  # fmt: skip
        project.branch("work")
        project.script("004.city.sql")
        project.commit("city")
        project.script("005.street.sql")
        project.stage()
        project.script("006.house.sql")
        project.edit("003.phone.sql")
        return project

    def test_the_table(self, team: Project) -> None:
        with untouched(team.root):
            document = team.tsm_inprocess("status", "--json").exits(0).json()

        validate(document, "status")
        rows = {row["filename"]: row for row in document["tables"]["app.sqlite"]}
        assert list(rows) == sorted(rows)
        assert {name: list(row["places"].values()) for name, row in rows.items()} == {
            #                 base      HEAD      index     tree     working   ref
            "001.users.sql": ["same", "same", "same", "same", "same", "same"],
            "002.mail.sql": ["same", "same", "same", "same", "other", "same"],
            "003.phone.sql": ["same", "same", "same", "other", "absent", "absent"],
            "004.city.sql": ["absent", "same", "same", "same", "absent", "absent"],
            "005.street.sql": ["absent", "absent", "same", "same", "absent", "absent"],
            "006.house.sql": ["absent", "absent", "absent", "same", "absent", "absent"],
        }
        assert {name: row["words"] for name, row in rows.items()} == {
            "001.users.sql": ["published"],
            "002.mail.sql": ["published", "edited"],
            "003.phone.sql": ["published", "edited", "pending"],
            "004.city.sql": ["draft", "pending"],
            "005.street.sql": ["draft", "pending"],
            "006.house.sql": ["draft", "pending"],
        }

    def test_places_that_are_not_there_are_null(self, project: Project) -> None:
        project.script("001.users.sql")

        (row,) = project.tsm_inprocess("status", "--json").json()["tables"]["app.sqlite"]

        assert row["places"] == {
            "base": None,
            "HEAD": None,
            "index": "absent",
            "tree": "same",
            "working": None,
            "ref": None,
        }

    def test_when_a_remote_was_fetched(self, team: Project) -> None:
        team.remote()
        team.push("main")
        assert team.tsm_inprocess("status", "--json").json()["fetched_at"] is None

        team.fetch()
        os.utime(team.root / ".git" / "FETCH_HEAD", (0, 0))

        document = team.tsm_inprocess("status", "--json").json()
        validate(document, "status")
        assert document["fetched_at"] == "1970-01-01T00:00:00+00:00"

    def test_it_judges_as_check_does(self, team: Project) -> None:
        check = team.tsm_inprocess("check", "--json").json()
        status = team.tsm_inprocess("status", "--json").json()

        assert status["exit_code"] == check["exit_code"] == 1
        assert status["summary"] == check["summary"]
        assert [one["state"] for one in status["databases"]] == [
            one["state"] for one in check["databases"]
        ]
