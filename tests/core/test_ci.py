"""What the variables of each CI service mean, as tables; no clone is needed to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsm_git.core.errors import UsageError
from tsm_git.core.integration.ci import Run, deepen, find_run, parse_event

A, B, C = "a" * 40, "b" * 40, "c" * 64  # the last is a commit of a SHA-256 repository
ZEROS = "0" * 40
PULL = {
    "number": 12,
    "pull_request": {
        "number": 12,
        "base": {"ref": "main", "sha": B},
        "head": {"ref": "phone", "sha": A},
    },
}


class Case(NamedTuple):
    """Variables, an event document, and the run that they tell of."""

    name: str
    environ: Mapping[str, str]
    event: Mapping[str, object]
    run: Mapping[str, object]


def github(kind: str, **more: str) -> dict[str, str]:
    """Return the variables of a run of GitHub Actions."""
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": kind, "GITHUB_SHA": B, **more}


def gitlab(**more: str) -> dict[str, str]:
    """Return the variables of a GitLab pipeline."""
    return {"GITLAB_CI": "true", "CI_COMMIT_SHA": A, "CI_DEFAULT_BRANCH": "main", **more}


MERGE_REQUEST = {
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "phone",
    "CI_MERGE_REQUEST_IID": "12",
}
AZURE = {"TF_BUILD": "True", "BUILD_SOURCEVERSION": A}
JENKINS = {"JENKINS_URL": "https://ci", "GIT_COMMIT": A}
BITBUCKET = {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_COMMIT": A, "BITBUCKET_BRANCH": "phone"}
QUEUE = f"refs/heads/gh-readonly-queue/main/pr-12-{B}"

CASES = [
    Case("github pull request", github("pull_request", GITHUB_BASE_REF="old"), PULL, {
        "what": "pull request 12 of `phone` into `main`", "heads": (A,), "target": "main",
        "branch": "phone", "head_ref": "pull/12/head"}),
    Case("github pull request without its event",
         github("pull_request", GITHUB_BASE_REF="main", GITHUB_HEAD_REF="phone",
                GITHUB_REF="refs/pull/12/merge"), {}, {
        "what": "pull request 12 of `phone` into `main`", "heads": (f"{B}^2",), "target": "main",
        "head_ref": "pull/12/head"}),
    Case("github pull_request_target without its event, where the sha is base's",
         github("pull_request_target", GITHUB_BASE_REF="main"), {}, {
        "what": "a pull request into `main`", "heads": (), "target": "main"}),
    Case("github review of a pull request", github("pull_request_review"), PULL, {
        "heads": (A,), "target": "main"}),
    Case("github merge queue", github("merge_group", GITHUB_REF=QUEUE),
         {"merge_group": {"base_ref": "refs/heads/main", "base_sha": A, "head_sha": C}}, {
        "what": "the merge queue of `main`", "heads": (C,), "bases": (A,)}),
    Case("github merge queue without its event", github("merge_group", GITHUB_REF=QUEUE), {}, {
        "what": "the merge queue of `main`", "heads": (B,), "bases": (B,)}),
    Case("github push", github("push", GITHUB_REF="refs/heads/main"),
         {"before": A, "after": B, "repository": {"default_branch": "main"}}, {
        "what": "what was pushed to `main`", "heads": (B,), "branch": "main", "before": (A,),
        "default_branch": "main", "target": None}),
    Case("github first push of a branch", github("push", GITHUB_REF="refs/heads/fix/1"),
         {"before": ZEROS, "after": B}, {"branch": "fix/1", "before": (), "heads": (B,)}),
    Case("github push without its event", github("push", GITHUB_REF="refs/heads/main"), {}, {
        "branch": "main", "before": (f"{B}^1",)}),
    Case("github push of a tag", github("push", GITHUB_REF="refs/tags/v1"), {"before": A}, {
        "what": "a commit", "branch": None}),
    Case("github schedule", github("schedule", GITHUB_REF="refs/heads/main"), {"before": A}, {
        "branch": "main", "before": (), "heads": (B,)}),
    Case("gitlab merge request", gitlab(**MERGE_REQUEST), {}, {
        "what": "merge request 12 of `phone` into `main`", "heads": (A,), "target": "main",
        "branch": "phone", "head_ref": "merge-requests/12/head"}),
    Case("gitlab merged results",
         gitlab(**MERGE_REQUEST, CI_MERGE_REQUEST_EVENT_TYPE="merged_result",
                CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=B), {}, {"heads": (B,), "target": "main"}),
    Case("gitlab merge train",
         gitlab(**MERGE_REQUEST, CI_MERGE_REQUEST_EVENT_TYPE="merge_train",
                CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=B), {}, {"heads": (A,), "target": "main"}),
    Case("gitlab push", gitlab(CI_COMMIT_BRANCH="main", CI_COMMIT_BEFORE_SHA=B), {}, {
        "branch": "main", "before": (B,), "default_branch": "main", "target": None}),
    Case("gitlab scheduled", gitlab(CI_COMMIT_BRANCH="main", CI_COMMIT_BEFORE_SHA=ZEROS), {}, {
        "before": ()}),
    Case("bitbucket pull request",
         BITBUCKET | {"BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_PR_ID": "12"}, {}, {
        "what": "pull request 12 of `phone` into `main`", "heads": (A,), "target": "main"}),
    Case("bitbucket push", BITBUCKET, {}, {
        "branch": "phone", "before": (f"{A}^1",), "target": None}),
    Case("azure pull request",
         AZURE | {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                  "SYSTEM_PULLREQUEST_SOURCECOMMITID": B,
                  "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/phone",
                  "SYSTEM_PULLREQUEST_PULLREQUESTID": "12"}, {}, {
        "what": "pull request 12 of `phone` into `main`", "heads": (B,), "target": "main"}),
    Case("azure pull request that does not name its commit",
         AZURE | {"SYSTEM_PULLREQUEST_TARGETBRANCH": "main"}, {}, {
        "what": "a pull request into `main`", "heads": (f"{A}^2",)}),
    Case("azure push", AZURE | {"BUILD_SOURCEBRANCH": "refs/heads/main"}, {}, {
        "branch": "main", "before": (f"{A}^1",)}),
    Case("jenkins change",
         JENKINS | {"CHANGE_TARGET": "main", "CHANGE_ID": "12", "CHANGE_BRANCH": "phone"}, {}, {
        "what": "change 12 of `phone` into `main`", "heads": (A,), "target": "main"}),
    Case("jenkins branch", JENKINS | {"BRANCH_NAME": "main", "GIT_PREVIOUS_COMMIT": B}, {}, {
        "branch": "main", "before": (B, f"{A}^1")}),
    Case("jenkins job of one branch", {"JENKINS_URL": "x", "GIT_BRANCH": "origin/main"}, {}, {
        "branch": "main", "heads": ("HEAD",), "before": ("HEAD^1",)}),
    Case("any other", {"TSM_BASE": "origin/main", "TSM_HEAD": "topic"}, {}, {
        "service": "CI", "heads": ("topic",), "bases": ("origin/main",)}),
    Case("any other wins", github("push") | {"TSM_BASE": "origin/main"}, {"before": A}, {
        "service": "CI", "heads": ("HEAD",), "bases": ("origin/main",)}),
    Case("any other without a base", {"TSM_HEAD": "topic"}, {}, {
        "heads": ("topic",), "bases": (), "target": None}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_is_what_its_variables_say(case: Case) -> None:
    run = find_run(case.environ, case.event)

    assert run is not None
    assert {name: getattr(run, name) for name in case.run} == case.run
    assert run.is_request == bool(run.target or run.bases)


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}, {"GITHUB_BASE_REF": "main"}], ids=str)
def test_without_a_service_there_is_no_run(environ: dict[str, str]) -> None:
    assert find_run(environ, {}) is None


@pytest.mark.parametrize(
    "environ",
    [
        github("pull_request"),
        github("pull_request", GITHUB_BASE_REF="--upload-pack=x"),
        gitlab(CI_MERGE_REQUEST_TARGET_BRANCH_NAME="a..b"),
        BITBUCKET | {"BITBUCKET_PR_DESTINATION_BRANCH": "a b"},
        AZURE | {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/tags/v1"},
        JENKINS | {"CHANGE_TARGET": "main^{tree}"},
    ],
    ids=str,
)
def test_a_merge_request_into_no_branch_is_not_taken_for_a_push(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        find_run(environ, {})


HOSTILE = ["--output=x", "-", "a\nb", "", "HEAD^{/x}", ":/x", "@{-1}", A[:39], A + "g", 7, None, [A], {"ref": A}]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_only_a_commit_id_is_one(value: object) -> None:
    run = find_run(github("push", GITHUB_REF="refs/heads/main"), {"before": value, "after": value})

    assert run is not None
    assert (run.heads, run.before) == ((B,), (f"{B}^1",))  # the event does not say


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_only_a_branch_is_one(value: Any) -> None:
    run = find_run(github("push"), {"repository": {"default_branch": value}})

    assert run is not None
    assert run.default_branch in (None, A[:39], A + "g")  # a branch may well be called so


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(A),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["pull_request", "base", "head", "ref", "sha", "number", "merge_group"]
            ),
            inner,
        )
    ),
)


@given(JSON, st.sampled_from(["pull_request", "push", "merge_group", "schedule"]))
def test_any_event_is_read_or_refused(document: object, kind: str) -> None:
    event = parse_event(json.dumps(document).encode(), "the event")

    run = find_run(github(kind, GITHUB_BASE_REF="main"), event)

    assert run is not None
    assert all(head.removesuffix("^2") in (A, B) for head in run.heads)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"nul"], ids=lambda d: d[:9])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="the event holds no JSON document"):
        parse_event(data, "the event")


class TestWhatToFetch:
    def run(self, environ: Mapping[str, str]) -> Run:
        """Return the run that there must be."""
        found = find_run(environ, {})
        assert found is not None
        return found

    @pytest.mark.parametrize(
        ("environ", "setting"),
        [
            (github("push"), "`fetch-depth: 0` at `actions/checkout`"),
            (gitlab(), '`GIT_DEPTH: "0"` in `variables`'),
            (BITBUCKET, "`clone: depth: full`"),
            (AZURE, "`fetchDepth: 0` at `checkout`"),
            (JENKINS, "the clone behaviour without `shallow`"),
        ],
        ids=["github", "gitlab", "bitbucket", "azure", "jenkins"],
    )
    def test_each_service_has_a_setting_for_it(
        self, environ: Mapping[str, str], setting: str
    ) -> None:
        assert deepen(self.run(environ), shallow=True) == (
            "run `git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'`, "
            f"or set {setting}"
        )

    def test_the_head_of_a_fork_is_on_no_branch(self) -> None:
        run = self.run(
            github("pull_request", GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/7/merge")
        )

        assert deepen(run, shallow=True).startswith(
            "run `git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*' pull/7/head`,"
        )

    def test_without_a_service_a_command_must_do(self) -> None:
        run = self.run({"TSM_BASE": "x"})

        assert deepen(run, shallow=False, missing="a b") == "run `git fetch origin 'a b'`"
        assert deepen(run, shallow=False) == (
            "run `git fetch origin '+refs/heads/*:refs/remotes/origin/*'`"
        )
