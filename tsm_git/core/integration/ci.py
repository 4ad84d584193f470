"""What a CI service says of its run: which commit is to be judged, and against what.

Pure: variables and the event document in, a value out. Both are strangers' words: only what is
shaped as a commit id or a branch counts. It does not know which commits the clone has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from tsm_git.core.errors import UsageError
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import shell_quoted

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_QUEUE = re.compile(r"(.+)/pr-[0-9]+-([0-9a-f]{40}(?:[0-9a-f]{24})?)")
# What no branch has in its name (git-check-ref-format).
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|\.lock(?:/|$)|[/.]$|^@$")

Environ = Mapping[str, str]
Document = Mapping[str, object]


class Run(NamedTuple):
    """One run of a CI service. Of several revisions the first that the clone has is meant.

    `target` is the branch that a merge request goes to, `bases` the commit that a merge queue
    builds on; without either it is a push to `branch`, which was at `before`. `branch` of a merge
    request is where its commits are. `setting` is how the service is told to fetch more.
    """

    service: str
    what: str
    heads: tuple[str, ...]
    target: str | None = None
    bases: tuple[str, ...] = ()
    branch: str | None = None
    before: tuple[str, ...] = ()
    default_branch: str | None = None
    head_ref: str = ""  # what the remote calls the commit to be judged
    setting: str = ""

    @property
    def is_request(self) -> bool:
        """Whether something is yet to be merged."""
        return bool(self.target or self.bases)


def find_run(environ: Environ, event: Document) -> Run | None:
    """The run that the variables of a CI service tell of, or None where there is no such service.

    `event` is the document that GITHUB_EVENT_PATH names; empty where there is none.
    """
    if environ.get("TSM_BASE") or environ.get("TSM_HEAD"):
        return _generic(environ)
    for variable, reader in _SERVICES.items():
        if environ.get(variable):
            return reader(environ, event)
    return None


def parse_event(data: bytes, name: str) -> Document:
    """The event document of a run. Raises UsageError where it is none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{name} holds no JSON document", "give `--base REV` and `--head REV`"
        ) from error
    return document if isinstance(document, dict) else {}


def _generic(environ: Environ) -> Run:
    base, head = environ.get("TSM_BASE"), environ.get("TSM_HEAD") or "HEAD"
    what = f"`{head}` for `{base}` (TSM_BASE)" if base else f"`{head}` (TSM_HEAD)"
    return Run("CI", what, (head,), bases=(base,) if base else ())


def _github(environ: Environ, event: Document) -> Run:
    # https://docs.github.com/actions/reference/events-that-trigger-workflows
    kind, sha = environ.get("GITHUB_EVENT_NAME", ""), _oid(environ.get("GITHUB_SHA"))
    setting = "`fetch-depth: 0` at `actions/checkout`"
    if kind == "merge_group":
        queue = _branch(environ.get("GITHUB_REF")) or ""
        named = _QUEUE.fullmatch(queue.removeprefix("gh-readonly-queue/"))
        base = _oid(_at(event, "merge_group", "base_sha")) or (named and named[2])
        target = _branch(_at(event, "merge_group", "base_ref")) or (named and named[1])
        head = _oid(_at(event, "merge_group", "head_sha")) or sha
        return Run(
            *("GitHub", f"the merge queue of `{target or '?'}`", _revisions(head)),
            bases=_revisions(base),
            setting=setting,
        )
    if kind.startswith("pull_request"):
        target = _branch(_at(event, "pull_request", "base", "ref"))
        target = target or _named_target(environ, "GITHUB_BASE_REF")
        number = _at(event, "pull_request", "number")
        number = number if type(number) is int else _pull_number(environ.get("GITHUB_REF"))
        branch = _branch(_at(event, "pull_request", "head", "ref"))
        # What is checked out is a merge with base as it was when the event happened.
        merged = f"{sha}^2" if sha and kind == "pull_request" else None
        head = _oid(_at(event, "pull_request", "head", "sha"))
        return _request(
            *("GitHub", "pull request", number, branch or _branch(environ.get("GITHUB_HEAD_REF"))),
            target=target,
            heads=_revisions(head or merged),
            head_ref=f"pull/{number}/head" if number else "",
            setting=setting,
        )
    return _push(
        *("GitHub", _branch(environ.get("GITHUB_REF"))),
        heads=_revisions(_oid(_at(event, "after")) or sha),
        before=_before(_at(event, "before"), sha) if kind == "push" else (),
        default_branch=_branch(_at(event, "repository", "default_branch")),
        setting=setting,
    )


def _gitlab(environ: Environ, _event: Document) -> Run:
    # https://docs.gitlab.com/ci/variables/predefined_variables
    commit, setting = _oid(environ.get("CI_COMMIT_SHA")), '`GIT_DEPTH: "0"` in `variables`'
    target = _named_target(environ, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if target:
        number = _number(environ.get("CI_MERGE_REQUEST_IID"))
        # In a merged results pipeline the commit is a merge with base as it was then; in a merge
        # train it holds those who are ahead, too, and just that is what will be on base.
        is_train = environ.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
        source = _oid(environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"))
        return _request(
            *("GitLab", "merge request", number),
            _branch(environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")),
            target=target,
            heads=_revisions(commit if is_train else source or commit),
            head_ref=f"merge-requests/{number}/head" if number else "",
            setting=setting,
        )
    return _push(
        *("GitLab", _branch(environ.get("CI_COMMIT_BRANCH"))),
        heads=_revisions(commit),
        before=_before(environ.get("CI_COMMIT_BEFORE_SHA"), commit),
        default_branch=_branch(environ.get("CI_DEFAULT_BRANCH")),
        setting=setting,
    )


def _bitbucket(environ: Environ, _event: Document) -> Run:
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets
    commit, setting = _oid(environ.get("BITBUCKET_COMMIT")), "`clone: depth: full`"
    branch = _branch(environ.get("BITBUCKET_BRANCH"))
    target = _named_target(environ, "BITBUCKET_PR_DESTINATION_BRANCH")
    if target:
        number = _number(environ.get("BITBUCKET_PR_ID"))
        return _request(
            *("Bitbucket", "pull request", number, branch),
            target=target,
            heads=_revisions(commit),
            setting=setting,
        )
    return _push(
        *("Bitbucket", branch),
        heads=_revisions(commit),
        before=_parent(commit),
        setting=setting,
    )


def _azure(environ: Environ, _event: Document) -> Run:
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    commit, setting = _oid(environ.get("BUILD_SOURCEVERSION")), "`fetchDepth: 0` at `checkout`"
    target = _named_target(environ, "SYSTEM_PULLREQUEST_TARGETBRANCH")
    if target:
        number = _number(environ.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"))
        number = number or _number(environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID"))
        source = _oid(environ.get("SYSTEM_PULLREQUEST_SOURCECOMMITID"))
        return _request(
            *("Azure Pipelines", "pull request", number),
            _branch(environ.get("SYSTEM_PULLREQUEST_SOURCEBRANCH")),
            target=target,
            heads=_revisions(source or (f"{commit}^2" if commit else None)),
            setting=setting,
        )
    return _push(
        *("Azure Pipelines", _branch(environ.get("BUILD_SOURCEBRANCH"))),
        heads=_revisions(commit),
        before=_parent(commit),
        setting=setting,
    )


def _jenkins(environ: Environ, _event: Document) -> Run:
    # https://www.jenkins.io/doc/book/pipeline/jenkinsfile, the git and branch API plugins
    commit, setting = _oid(environ.get("GIT_COMMIT")), "the clone behaviour without `shallow`"
    target = _named_target(environ, "CHANGE_TARGET")
    if target:
        return _request(
            *("Jenkins", "change", _number(environ.get("CHANGE_ID"))),
            _branch(environ.get("CHANGE_BRANCH")),
            target=target,
            heads=(commit or "HEAD",),
            setting=setting,
        )
    branch = environ.get("BRANCH_NAME") or environ.get("GIT_BRANCH", "").removeprefix("origin/")
    built = _oid(environ.get("GIT_PREVIOUS_COMMIT"))
    return _push(
        *("Jenkins", _branch(branch)),
        heads=(commit or "HEAD",),
        before=(*_revisions(built), *_parent(commit or "HEAD")),
        setting=setting,
    )


# By a variable that only runs of that service have. Gitea and Forgejo set GitHub's.
_SERVICES: Mapping[str, Callable[[Environ, Document], Run]] = {
    "GITHUB_ACTIONS": _github,
    "GITLAB_CI": _gitlab,
    "BITBUCKET_BUILD_NUMBER": _bitbucket,
    "TF_BUILD": _azure,
    "JENKINS_URL": _jenkins,
}


def _request(
    service: str,
    kind: str,
    number: int | None,
    branch: str | None,
    *,
    target: str | None,
    heads: tuple[str, ...],
    head_ref: str = "",
    setting: str,
) -> Run:
    if target is None:
        raise UsageError(
            f"{service} does not say into which branch this {kind} goes",
            "run `tsm check --ci --base origin/main` with your branch",
        )
    what = f"{kind} {number}" if number else f"a {kind}"
    what += f" of `{branch}` into `{target}`" if branch else f" into `{target}`"
    return Run(
        service, what, heads, target=target, branch=branch, head_ref=head_ref, setting=setting
    )


def _push(
    service: str,
    branch: str | None,
    *,
    heads: tuple[str, ...],
    before: tuple[str, ...],
    default_branch: str | None = None,
    setting: str,
) -> Run:
    what = f"what was pushed to `{branch}`" if branch else "a commit"
    return Run(
        service,
        what,
        heads,
        branch=branch,
        before=before,
        default_branch=default_branch,
        setting=setting,
    )


def deepen(run: Run, *, shallow: bool, missing: str = "") -> str:
    """What to do about a clone that lacks history, or a commit or branch: one line."""
    every = "'+refs/heads/*:refs/remotes/origin/*'"
    if shallow:  # what a fork asks to be merged is on no branch
        command = f"git fetch --unshallow origin {every} {run.head_ref}".rstrip()
    else:
        command = f"git fetch origin {shell_quoted(missing) if missing else every}"
    return f"run `{command}`, or set {run.setting}" if run.setting else f"run `{command}`"


def _revisions(found: str | None) -> tuple[str, ...]:
    return (found,) if found else ()


def _before(told: object, commit: str | None) -> tuple[str, ...]:
    """What a branch was before a push: as the service tells; zeros stand for nothing."""
    if isinstance(told, str) and _OID.fullmatch(told):
        return _revisions(_oid(told))
    return _parent(commit)


def _parent(commit: str | None) -> tuple[str, ...]:
    """What a service that does not tell of the state before a push leaves to be compared with."""
    return (f"{commit}^1",) if commit else ()


def _at(document: object, *keys: str) -> object:
    """What a document holds at a path, or None."""
    for key in keys:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def _oid(value: object) -> str | None:
    """A commit id; None for anything else, and for the zeros that stand for no commit."""
    if isinstance(value, str) and _OID.fullmatch(value) and value.strip("0"):
        return value
    return None


def _branch(value: object) -> str | None:
    """The name of a branch; None for anything that cannot be one, such as `refs/tags/v1`."""
    if not isinstance(value, str):
        return None
    name = value.removeprefix("refs/heads/")
    return None if name.startswith("refs/") or not name or _NO_BRANCH.search(name) else name


def _named_target(environ: Environ, variable: str) -> str | None:
    """The branch that a variable names. Raises UsageError where it names something else."""
    value = environ.get(variable)
    branch = _branch(value)
    if value and branch is None:
        raise UsageError(f"`{value}` ({variable}) is no branch", "give the base with `--base REV`")
    return branch


def _number(value: str | None) -> int | None:
    return int(value) if value and re.fullmatch("[0-9]{1,18}", value) else None


def _pull_number(ref: str | None) -> int | None:
    found = re.fullmatch(r"refs/pull/([0-9]{1,18})/\w+", ref or "")
    return int(found[1]) if found else None
