"""`tsm check --ci`: finds in the clone of a CI run what is to be judged, and against what.

Fetches nothing. Where the clone cannot tell, it says how that service fetches more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tsm_git.adapters.files import read_bytes
from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.gathering.base import Choice, choose_base
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Request
from tsm_git.core.errors import GitError, UsageError
from tsm_git.core.integration.ci import Run, deepen, find_run, parse_event
from tsm_git.core.record import NamedTuple


class Gate(NamedTuple):
    """What a run of CI asks for, as a request, and in words."""

    request: Request
    what: str


def gate(project: Project, asked: Request) -> Gate:
    """The request of this run of CI; `head` and `base` of what was asked come first.

    Raises UsageError where no CI service is known, GitError where the clone cannot tell.
    """
    run = find_run(project.environ, _event(project.environ))
    if run is None:
        raise UsageError(
            "`--ci` knows no CI service by the variables here",
            "set TSM_BASE and TSM_HEAD, or run `tsm check --base origin/main --head HEAD`",
        )
    if project.repository is None:
        raise GitError(
            f"`{project.start}` is not in a git repository", "run it in the clone that CI has made"
        )
    return _Clone(project, project.repository, run).gate(asked)


def _event(environ: Mapping[str, str]) -> Mapping[str, object]:
    path = environ.get("GITHUB_EVENT_PATH")
    data = read_bytes(Path(path)) if path else None
    return parse_event(data, f"the event document `{path}`") if data else {}


class _Clone:
    """The clone that a run has."""

    def __init__(self, project: Project, repository: Repository, run: Run) -> None:
        self.project = project
        self.repository = repository
        self.run = run

    def gate(self, asked: Request) -> Gate:
        head = self._head(asked.head)
        request = asked._replace(head=self._short(head), branch=self.run.branch)
        if asked.base is not None:
            base = Choice(asked.base, self.repository.commit(asked.base), asked.base_why)
        elif self.run.is_request:
            base = self._target()
        else:
            base = self._published()
            if _branch_name(base.name) in (f"origin/{self.run.branch}", self.run.branch):
                request = request._replace(pushed=base.name)
                base = self._before(head)
        if not request.pushed:
            self._insist_on_history(base.commit, head)
        request = request._replace(base=base.name, base_why=base.why)
        what = f"{self.run.service}: {self.run.what}: {request.head} against {base.name}"
        if base.name != self._short(base.commit):
            what += f" ({base.commit.oid[:10]})"
        return Gate(request, f"{what}, {base.why}")

    def _head(self, asked: str | None) -> Commit:
        if asked is not None:
            return self.repository.commit(asked)
        found = self._first(self.run.heads)
        if found is None:
            named = f" {self.run.heads[0][:10]}" if self.run.heads else ""
            missing = self.run.head_ref or (self.run.heads[0] if self.run.heads else "")
            raise self._lacks(f"the commit{named} to be judged", missing)
        return found

    def _target(self) -> Choice:
        """What the commits go onto: the tip of the target branch as it is now, or a queue's."""
        if self.run.bases:
            found = self._first(self.run.bases)
            if found is None:
                raise self._lacks(f"the commit {self.run.bases[0][:10]}", self.run.bases[0])
            return Choice(self._short(found), found, "what is ahead of it")
        target = self.run.target or ""
        return self._branch(target, "the branch it goes into")

    def _published(self) -> Choice:
        """The base branch where the service names none; the configuration on it may name another.

        That of the branch which is judged is not believed.
        """
        if self.run.default_branch:
            base: Choice | None = self._branch(self.run.default_branch, "the default branch")
        else:
            base = choose_base(self.repository, None, None, {})
        if base is None:
            raise self._lacks("a base branch", "")
        configured = self.project.settings_at(base.commit.oid).base
        if configured is not None:
            why = "`base` in the configuration"
            return Choice(configured, self.repository.commit(configured), why)
        return base

    def _before(self, head: Commit) -> Choice:
        """What the base branch was before this push."""
        found = self._first(self.run.before)
        if found is None and self.run.before and (head.parents or self.repository.is_shallow):
            known = self.run.before[0].partition("^")
            raise self._lacks(f"the commit {known[0][:10]}{known[1]}{known[2]}", known[0])
        if found is None or found.oid == head.oid:  # the first push, or a run that none set off
            return Choice(self._short(head), head, "itself")
        return Choice(self._short(found), found, "what it was before")

    def _branch(self, branch: str, why: str) -> Choice:
        names = (f"origin/{branch}", branch)
        refs = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
        for name, commit in zip(names, self.repository.commits(refs), strict=True):
            if commit:
                return Choice(name, commit, why)
        raise self._lacks(
            f"the branch `{branch}`", f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
        )

    def _insist_on_history(self, base: Commit, head: Commit) -> None:
        """A cut history may show an older merge base than the true one, or a commit of nobody."""
        if not self.repository.is_shallow or base.oid == head.oid:
            return
        try:
            bases = self.repository.merge_bases(base.oid, head.oid)
        except GitError:
            bases = []
        if bases not in ([base.oid], [head.oid]):
            raise self._lacks(f"the history of {base.oid[:10]} and {head.oid[:10]}", "")

    def _first(self, revisions: Sequence[str]) -> Commit | None:
        return next((found for found in self.repository.commits(revisions) if found), None)

    def _short(self, commit: Commit) -> str:
        """A name for a commit that people can read and git can find."""
        short = commit.oid[:10]
        (found,) = self.repository.commits([short])
        return short if found and found.oid == commit.oid else commit.oid

    def _lacks(self, what: str, missing: str) -> GitError:
        shallow = self.repository.is_shallow
        clone = "this shallow clone" if shallow else "this clone"
        return GitError(
            f"{self.run.service}: {what} is not in {clone}",
            deepen(self.run, shallow=shallow, missing=missing),
        )


def _branch_name(revision: str) -> str:
    """A branch as people call it, whichever way it is written."""
    for prefix in ("refs/heads/", "refs/remotes/", "remotes/", "heads/"):
        if revision.startswith(prefix):
            return revision.removeprefix(prefix)
    return revision
