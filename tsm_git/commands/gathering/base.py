"""Which branch is the base: where scripts get published (DESIGN section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import Commit
from tsm_git.core.errors import GitError
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import shell_quoted

# The branch that a merge request goes to, by what sets it.
_CI_VARIABLES = {
    "GITHUB_BASE_REF": "GitHub",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "GitLab",
    "BITBUCKET_PR_DESTINATION_BRANCH": "Bitbucket",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "Azure Pipelines",
    "CHANGE_TARGET": "Jenkins",
}
_DEFAULTS = ("main", "master")


class Choice(NamedTuple):
    """The base: as the user knows it, its commit, and why it is the base."""

    name: str
    commit: Commit
    why: str


def choose_base(
    repository: Repository, wanted: str | None, configured: str | None, environ: Mapping[str, str]
) -> Choice | None:
    """The base branch, or None where there is no commit at all.

    In order: the request, the CI's variables, the configuration, the remote's HEAD, the upstream of
    the default branch, the local default branch, HEAD. Raises GitError where one that was named
    does not exist: a guess would be a wrong verdict.
    """
    if wanted is not None:
        return Choice(wanted, repository.commit(wanted), "given as --base")
    for variable, service in _CI_VARIABLES.items():
        if branch := environ.get(variable, "").removeprefix("refs/heads/"):
            return _target_branch(repository, branch, f"{variable} of {service}")
    if configured is not None:
        return Choice(configured, repository.commit(configured), "`base` in the configuration")
    remote = [
        (f"refs/remotes/{name}", name, "the remote's HEAD") for name in repository.remote_heads()
    ]
    if choice := _first(repository, remote):
        return choice
    guesses = _guesses(repository)
    if repository.has_remote_branches:  # then HEAD is somebody's branch, and not what is published
        guesses.pop()
    if choice := _first(repository, guesses):
        return choice
    if repository.has_remote_branches:
        raise GitError(
            "no base branch is known: there is no origin/HEAD, main or master",
            "run `git remote set-head origin --auto`, give `--base REV`, or set `base` in the "
            "configuration",
        )
    return None


def _first(repository: Repository, guesses: Sequence[tuple[str, str, str]]) -> Choice | None:
    """The first that exists of some guesses: revision, name, why."""
    found = repository.commits([revision for revision, _, _ in guesses])
    for (_, name, why), commit in zip(guesses, found, strict=True):
        if commit:
            return Choice(name, commit, why)
    return None


def _guesses(repository: Repository) -> list[tuple[str, str, str]]:
    """What may be the base where no remote says so, best first: revision, name, why."""
    guesses = []
    if repository.has_remote_branches:
        upstreams = repository.upstreams(_DEFAULTS)
        for branch in _DEFAULTS:
            if name := upstreams.get(branch):
                guesses.append((f"refs/remotes/{name}", name, f"the upstream of {branch}"))
    for branch in _DEFAULTS:
        name = f"origin/{branch}"
        guesses.append((f"refs/remotes/{name}", name, "the remote's default branch"))
    for branch in _DEFAULTS:
        guesses.append((f"refs/heads/{branch}", branch, "the local default branch"))
    guesses.append(("HEAD", "HEAD", "no remote, main or master; set `base` in the configuration"))
    return guesses


def _target_branch(repository: Repository, branch: str, why: str) -> Choice:
    if branch.startswith("-") or any(c < " " for c in branch):  # git-check-ref-format(1)
        raise GitError(f"`{branch}` ({why}) is no branch", "give the base with `--base REV`")
    names = (f"origin/{branch}", branch)
    for name, commit in zip(names, repository.commits(names), strict=True):
        if commit:
            return Choice(name, commit, why)
    refspec = shell_quoted(f"{branch}:refs/remotes/origin/{branch}")
    raise GitError(
        f"the base branch `{branch}` ({why}) is not in this clone",
        f"run `git fetch origin {refspec}` (in CI: fetch with depth 0)",
    )
