"""Clones as CI services make them, with the variables that they set.

How each of them fetches is as its own runner does it: which refs, at which depth, and what is
checked out. What tsm ought to make of it is the test's own business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.harness.project import Project

HEADS = "+refs/heads/*:refs/remotes/origin/*"
ZEROS = "0" * 40


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a CI service: its clone, and its variables."""

    clone: Project
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hosted:
    """A bare repository on a server, and a pull request of `phone` into `main` in it.

    `merged` is the merge that the host made of them when the pull request was opened.
    """

    bare: Project
    main: str
    phone: str
    merged: str


def hosted(project: Project) -> Hosted:
    """Put a project with the branches `main` and `phone` on a server."""
    bare = project.clone("server.git", "--mirror")
    for key in ("uploadpack.allowAnySHA1InWant", "uploadpack.allowReachableSHA1InWant"):
        bare.git("config", key, "true")
    main, phone = bare.rev("main"), bare.rev("phone")
    tree = bare.git("merge-tree", "--write-tree", main, phone)
    merged = bare.git("commit-tree", tree, "-p", main, "-p", phone, "-m", "merge")
    for ref, commit in (
        ("refs/pull/12/merge", merged),
        ("refs/pull/12/head", phone),
        ("refs/merge-requests/12/head", phone),
        ("refs/pipelines/7", phone),
        ("refs/pipelines/8", main),
    ):
        bare.git("update-ref", ref, commit)
    return Hosted(bare, main, phone, merged)


def fetched(host: Hosted, *refspecs: str, check_out: str, depth: int = 0) -> Project:
    """Fetch some refs into a new clone, at a depth or whole, and check something out, detached."""
    root = host.bare.root.with_name("work")
    root.mkdir()
    clone = Project(host.bare.env, root, database=host.bare.database)
    clone.results = host.bare.results
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", host.bare.root.as_uri())
    options = [f"--depth={depth}"] if depth else []
    clone.git("fetch", "--quiet", "--no-tags", *options, "origin", *refspecs)
    clone.git("checkout", "--quiet", "--detach", check_out)
    return clone


def github_pull(host: Hosted, depth: int = 0) -> Job:
    """A pull request of GitHub: the merge is checked out, which is of the base as it was then."""
    merge = f"+{host.merged}:refs/remotes/pull/12/merge"
    specs = [merge] if depth else [HEADS, merge]
    clone = fetched(host, *specs, check_out="refs/remotes/pull/12/merge", depth=depth)
    base, head = {"ref": "main", "sha": host.main}, {"ref": "phone", "sha": host.phone}
    event = {"pull_request": {"number": 12, "base": base, "head": head}}
    environ = {"GITHUB_REF": "refs/pull/12/merge", "GITHUB_BASE_REF": "main"}
    return _github(clone, "pull_request", host.merged, event, environ)


def github_queue(host: Hosted, depth: int = 0) -> Job:
    """A merge group of GitHub's queue: a merge with what is ahead of it."""
    name = f"gh-readonly-queue/main/pr-12-{host.main}"
    host.bare.git("update-ref", f"refs/heads/{name}", host.merged)
    group = f"+{host.merged}:refs/remotes/origin/{name}"
    clone = fetched(host, *([group] if depth else [HEADS]), check_out=host.merged, depth=depth)
    group_event = {"base_ref": "refs/heads/main", "base_sha": host.main, "head_sha": host.merged}
    event = {"merge_group": group_event}
    return _github(clone, "merge_group", host.merged, event, {"GITHUB_REF": f"refs/heads/{name}"})


def github_push(host: Hosted, before: str, depth: int = 0) -> Job:
    """A push to `main` of GitHub, whose branch is checked out."""
    spec = f"+{host.main}:refs/remotes/origin/main"
    clone = fetched(host, *([spec] if depth else [HEADS]), check_out=host.main, depth=depth)
    clone.git("checkout", "--quiet", "-B", "main", "refs/remotes/origin/main")
    event = {
        "ref": "refs/heads/main",
        "before": before,
        "after": host.main,
        "repository": {"default_branch": "main"},
    }
    return _github(clone, "push", host.main, event, {"GITHUB_REF": "refs/heads/main"})


def _github(clone: Project, kind: str, sha: str, event: object, environ: Mapping[str, str]) -> Job:
    path = clone.root.with_name("event.json")
    path.write_text(json.dumps(event), encoding="utf-8")
    common = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": kind,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_SHA": sha,
    }
    return Job(clone, common | dict(environ))


def gitlab_request(host: Hosted, depth: int = 0) -> Job:
    """A merge request pipeline of GitLab; its runner fetches one ref, at depth 0 all branches."""
    specs = ["+refs/pipelines/7:refs/pipelines/7", *([] if depth else [HEADS])]
    clone = fetched(host, *specs, check_out=host.phone, depth=depth)
    return Job(clone, {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_SHA": host.phone,
        "CI_COMMIT_BEFORE_SHA": ZEROS,
        "CI_DEFAULT_BRANCH": "main",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "phone",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
    })  # fmt: skip


def gitlab_push(host: Hosted, before: str, depth: int = 0) -> Job:
    """A branch pipeline of GitLab for a push to `main`."""
    main = "+refs/heads/main:refs/remotes/origin/main"
    specs = ["+refs/pipelines/8:refs/pipelines/8", main if depth else HEADS]
    clone = fetched(host, *specs, check_out=host.main, depth=depth)
    return Job(clone, {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_SHA": host.main,
        "CI_COMMIT_BEFORE_SHA": before,
        "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main",
    })  # fmt: skip


def bitbucket_request(host: Hosted, depth: int = 0) -> Job:
    """A pull request of Bitbucket: a clone of the source branch, with the destination merged."""
    options = ["--branch=phone", *([f"--depth={depth}"] if depth else [])]
    clone = host.bare.clone("work", *options)
    if not depth:
        clone.git("merge", "--quiet", "--no-edit", host.main)
    return Job(clone, {
        "BITBUCKET_BUILD_NUMBER": "7",
        "BITBUCKET_COMMIT": host.phone,
        "BITBUCKET_BRANCH": "phone",
        "BITBUCKET_PR_ID": "12",
        "BITBUCKET_PR_DESTINATION_BRANCH": "main",
    })  # fmt: skip


def bitbucket_push(host: Hosted, _before: str, depth: int = 0) -> Job:
    """A push to `main` of Bitbucket, which does not say what was there before."""
    clone = host.bare.clone("work", "--branch=main", *([f"--depth={depth}"] if depth else []))
    return Job(clone, {
        "BITBUCKET_BUILD_NUMBER": "7",
        "BITBUCKET_COMMIT": host.main,
        "BITBUCKET_BRANCH": "main",
    })  # fmt: skip


def azure_request(host: Hosted, depth: int = 0) -> Job:
    """A pull request of Azure Pipelines, whose merge is checked out."""
    merge = "+refs/pull/12/merge:refs/remotes/pull/12/merge"
    specs = [merge] if depth else [HEADS, merge]
    clone = fetched(host, *specs, check_out="refs/remotes/pull/12/merge", depth=depth)
    return Job(clone, {
        "TF_BUILD": "True",
        "BUILD_REASON": "PullRequest",
        "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
        "BUILD_SOURCEVERSION": host.merged,
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
        "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/phone",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": host.phone,
        "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
    })  # fmt: skip


def azure_push(host: Hosted, _before: str, depth: int = 0) -> Job:
    """A push to `main` of Azure Pipelines, which does not say what was there before."""
    clone = fetched(host, HEADS, check_out=host.main, depth=depth)
    return Job(clone, {
        "TF_BUILD": "True",
        "BUILD_REASON": "IndividualCI",
        "BUILD_SOURCEBRANCH": "refs/heads/main",
        "BUILD_SOURCEVERSION": host.main,
    })  # fmt: skip


def jenkins_request(host: Hosted, depth: int = 0) -> Job:
    """A change of a multibranch pipeline of Jenkins: it fetches the head and the target only."""
    specs = ["+refs/pull/12/head:refs/remotes/origin/PR-12"]
    specs += [] if depth else ["+refs/heads/main:refs/remotes/origin/main"]
    clone = fetched(host, *specs, check_out=host.phone, depth=depth)
    return Job(clone, {
        "JENKINS_URL": "https://ci.example.com/",
        "BRANCH_NAME": "PR-12",
        "CHANGE_ID": "12",
        "CHANGE_TARGET": "main",
        "CHANGE_BRANCH": "phone",
        "GIT_COMMIT": host.phone,
    })  # fmt: skip


def jenkins_push(host: Hosted, before: str, depth: int = 0) -> Job:
    """A build of `main` in a multibranch pipeline of Jenkins."""
    spec = "+refs/heads/main:refs/remotes/origin/main"
    clone = fetched(host, spec, check_out=host.main, depth=depth)
    return Job(clone, {
        "JENKINS_URL": "https://ci.example.com/",
        "BRANCH_NAME": "main",
        "GIT_COMMIT": host.main,
        "GIT_PREVIOUS_COMMIT": before,
    })  # fmt: skip


REQUESTS: Mapping[str, Callable[..., Job]] = {
    "github": github_pull,
    "gitlab": gitlab_request,
    "bitbucket": bitbucket_request,
    "azure": azure_request,
    "jenkins": jenkins_request,
}
PUSHES: Mapping[str, Callable[..., Job]] = {
    "github": github_push,
    "gitlab": gitlab_push,
    "bitbucket": bitbucket_push,
    "azure": azure_push,
    "jenkins": jenkins_push,
}
