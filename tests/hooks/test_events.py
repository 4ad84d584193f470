"""Every way in which git comes to a commit, by every way to install hooks, in every place.

The rows are those of githooks(5) as measured: which hooks an operation runs, whether tsm is asked, what
comes of it. `fires` are the events that git runs of those installed; `asked` are those in which a script
differs, so that the plain hooks start tsm (the framework starts it each time).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from tests.harness.project import Project
from tests.hooks.desk import Desk, Site, Way, as_framework, sit_down, spoken

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

Prepare = Callable[[Desk], Sequence[str]]


class Row(NamedTuple):
    """One operation: how it comes about, and what follows."""

    name: str
    prepare: Prepare
    fires: tuple[str, ...]
    asked: tuple[str, ...]
    exit_code: int
    says: tuple[str, ...]
    editor: str = ":"
    framework: tuple[str, ...] | None = None  # what the framework passes on, if not all of it


ROWS: list[Row] = []


def row(
    name: str,
    *,
    fires: str = "",
    asked: str | None = None,
    exit_code: int = 0,
    says: Sequence[str] = (),
    editor: str = ":",
    framework: str | None = None,
) -> Callable[[Prepare], Prepare]:
    """Register an operation: the decorated function prepares it and returns git's arguments."""

    def register(prepare: Prepare) -> Prepare:
        all_fired = tuple(fires.split())
        all_asked = all_fired if asked is None else tuple(asked.split())
        passed = None if framework is None else tuple(framework.split())
        ROWS.append(
            Row(name, prepare, all_fired, all_asked, exit_code, tuple(says), editor, passed)
        )
        return prepare

    return register


# Commits


@row("commit", fires="pre-commit", exit_code=1, says=["TSM201", "this commit brings 1 error"])
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    desk.quiet("add", "--all")
    return ["commit", "-m", "edit"]


@row("commit, nothing of tsm's", fires="pre-commit", asked="")
def _(desk: Desk) -> Sequence[str]:
    desk.note("new")
    return ["commit", "-m", "notes"]


@row("commit -a", fires="pre-commit", exit_code=1, says=["TSM201"])
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["commit", "-a", "-m", "edit"]


@row("commit -a of a deletion", fires="pre-commit", exit_code=1, says=["TSM203"])
def _(desk: Desk) -> Sequence[str]:
    desk.project.delete("002.mail.sql")
    return ["commit", "-a", "-m", "delete"]


@row("commit path", fires="pre-commit", exit_code=1, says=["TSM201"])
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["commit", "-m", "edit", "--", f":/{desk.project.path('001.users.sql')}"]


@row("commit of another path than is staged", fires="pre-commit", asked="")
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    desk.quiet("add", "--all")
    desk.project.write("notes.txt", "new")
    return ["commit", "-m", "notes", "--", ":/notes.txt"]


@row("commit -i path", fires="pre-commit", exit_code=1, says=["TSM201"])
def _(desk: Desk) -> Sequence[str]:
    desk.note("new")
    desk.edit("001.users.sql")
    return ["commit", "-m", "edit", "-i", "--", f":/{desk.project.path('001.users.sql')}"]


@row("commit of a rename", fires="pre-commit", exit_code=1, says=["TSM202"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("mv", desk.project.path("002.mail.sql"), desk.project.path("002.post.sql"))
    return ["commit", "-m", "rename"]


@row("commit of a rename out of the folder", fires="pre-commit", exit_code=1, says=["TSM203"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("mv", desk.project.path("002.mail.sql"), "mail.txt")
    return ["commit", "-m", "move"]


@row("commit of a good script", fires="pre-commit", says=["this commit brings 1 warning", "TSM206"])
def _(desk: Desk) -> Sequence[str]:
    desk.draft("004.more.sql")
    return ["commit", "-m", "more"]


@row("commit -n", fires="")
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["commit", "-n", "-a", "-m", "edit"]


@row("commit --amend of the message", fires="pre-commit post-rewrite", asked="")
def _(desk: Desk) -> Sequence[str]:
    return ["commit", "--amend", "-m", "said better"]


@row("commit --amend", fires="pre-commit", exit_code=1, says=["TSM201"])
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["commit", "--amend", "--no-edit", "-a"]


@row(
    "commit --amend on a branch that clashed before",
    fires="pre-commit post-rewrite",
    says=["1 error had been there before this commit", "the amended commit brings 1 error"],
)
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "phone")
    desk.draft("004.more.sql")
    return ["commit", "--amend", "--no-edit"]


# Merges


@row("merge, fast-forward", fires="post-merge", says=["1 new script for app.sqlite"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "behind")
    return ["merge", "main"]


@row("pull, fast-forward", fires="post-merge", says=["`003.address.sql`"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "behind")
    return ["pull", "--no-rebase", ".", "main"]


@row("pull --rebase, fast-forward", fires="post-merge", says=["`003.address.sql`"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "behind")
    return ["pull", "--rebase", ".", "main"]


@row("merge", fires="pre-merge-commit", exit_code=1, says=["the merge of `phone`", "TSM204", "Ben"])
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-edit", "phone"]


@row("merge of what is good", fires="pre-merge-commit post-merge", says=["`004.fine.sql`"])
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-edit", "fine"]


@row("merge without scripts", fires="pre-merge-commit post-merge", asked="")
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-edit", "plain"]


@row("merge --no-ff", fires="pre-merge-commit post-merge", says=["1 new script"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "behind")
    return ["merge", "--no-ff", "--no-edit", "main"]


@row("merge, octopus", fires="pre-merge-commit", exit_code=1, says=["TSM204", "`phone`"])
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-edit", "plain", "phone"]


@row("merge -s ours", fires="pre-merge-commit", exit_code=1, says=["TSM209"])
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-edit", "-s", "ours", "phone"]


@row(
    "pull --no-rebase",
    fires="pre-merge-commit",
    exit_code=1,
    says=["the merge of branch 'phone' of . brings 1 error", "comes with branch 'phone'"],
)
def _(desk: Desk) -> Sequence[str]:
    return ["pull", "--no-rebase", "--no-edit", ".", "phone"]


@row(
    "merge --no-verify",
    fires="post-merge",
    says=["the merge of `phone` brings 1 error", "comes with `phone`", "by Ben", "--base "],
)
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-verify", "--no-edit", "phone"]


@row("merge --no-commit", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--no-commit", "phone"]


@row("commit after merge --no-commit", fires="pre-commit", exit_code=1, says=["TSM204"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("merge", "--no-commit", "phone")
    return ["commit", "--no-edit"]


def conflict(desk: Desk) -> None:
    """Merge what quarrels about the notes, and resolve it."""
    desk.quiet("merge", "--no-edit", "noted", exit_code=1)
    desk.note("of both\n")


@row("commit after a conflict", fires="pre-commit", exit_code=1, says=["the merge of", "TSM204"])
def _(desk: Desk) -> Sequence[str]:
    conflict(desk)
    return ["commit", "--no-edit"]


@row("merge --continue after a conflict", fires="pre-commit", exit_code=1, says=["TSM204"])
def _(desk: Desk) -> Sequence[str]:
    conflict(desk)
    return ["merge", "--continue"]


@row("commit of a merge that lost a script", fires="pre-commit", exit_code=1, says=["TSM209"])
def _(desk: Desk) -> Sequence[str]:
    conflict(desk)
    desk.quiet("rm", "--quiet", "-f", "--", desk.project.path("003.phone.sql"))
    return ["commit", "--no-edit"]


@row("merge --squash", fires="post-merge", says=["what the squashed merge staged brings", "TSM204"])
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "--squash", "phone"]


@row("commit after merge --squash", fires="pre-commit", exit_code=1, says=["TSM204"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("merge", "--squash", "phone")
    return ["commit", "-m", "squashed"]


@row("merge --abort", fires="")
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("merge", "--no-edit", "noted", exit_code=1)
    return ["merge", "--abort"]


@row("merge, already up to date", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["merge", "behind"]


# Picks and rebases


@row("cherry-pick", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["cherry-pick", "phone"]


@row("cherry-pick -n", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["cherry-pick", "-n", "phone"]


@row("cherry-pick --continue", fires="pre-commit", exit_code=1, says=["TSM201"])
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("cherry-pick", "noted", exit_code=1)
    desk.note("of both\n")
    desk.edit("001.users.sql")
    desk.quiet("add", "--all")
    return ["cherry-pick", "--continue"]


@row("revert", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["revert", "--no-edit", "HEAD"]


REBASED = ["the rebase brings 1 error", "TSM204", "`tsm renumber`"]


@row("rebase", fires="post-checkout post-rewrite", asked="post-rewrite", says=REBASED)
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "phone")
    return ["rebase", "main"]


@row("rebase --apply", fires="post-checkout post-rewrite", says=REBASED)
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "phone")
    return ["rebase", "--apply", "main"]


@row("pull --rebase", fires="post-checkout post-rewrite", asked="post-rewrite", says=REBASED)
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "phone")
    return ["pull", "--rebase", ".", "main"]


@row(
    "rebase -i, reword",
    fires="post-checkout pre-commit post-rewrite post-rewrite",
    asked="post-rewrite",
    says=REBASED,
    editor="sed -i -e 1s/pick/reword/",
)
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "phone")
    return ["rebase", "-i", "main"]


@row("rebase, fast-forward", fires="post-checkout", asked="")
def _(desk: Desk) -> Sequence[str]:
    desk.quiet("switch", "behind")
    return ["rebase", "main"]


@row("am", fires="")
def _(desk: Desk) -> Sequence[str]:
    patch = desk.project.root.parent / "phone.patch"
    patch.write_text(desk.quiet("format-patch", "--stdout", "phone~1..phone") + "\n")
    return ["am", str(patch)]


# Other moves of HEAD


@row(
    "switch",
    fires="post-checkout",
    says=["app.sqlite may have run scripts of the branch you left", "`003.address.sql` (not here)"],
)
def _(desk: Desk) -> Sequence[str]:
    return ["switch", "phone"]


@row("switch to more", fires="post-checkout", says=["1 new script for app.sqlite"])
def _(desk: Desk) -> Sequence[str]:
    return ["switch", "fine"]


@row("switch -c", fires="post-checkout", asked="")
def _(desk: Desk) -> Sequence[str]:
    return ["switch", "-c", "new"]


@row("checkout of a file", fires="post-checkout", asked="")
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["checkout", "--", f":/{desk.project.path('001.users.sql')}"]


@row("worktree add", fires="post-checkout", asked="")
def _(desk: Desk) -> Sequence[str]:
    return ["worktree", "add", "-b", "new", str(desk.project.root.parent / "new"), "phone"]


@row("stash", fires="")
def _(desk: Desk) -> Sequence[str]:
    desk.edit("001.users.sql")
    return ["stash", "push"]


@row("reset", fires="")
def _(desk: Desk) -> Sequence[str]:
    return ["reset", "--hard", "phone"]


# Pushes


def published(desk: Desk) -> None:
    """Push main to a bare repository."""
    desk.quiet("init", "--quiet", "--bare", str(desk.project.root.parent / "origin.git"))
    desk.quiet("remote", "add", "origin", str(desk.project.root.parent / "origin.git"))
    desk.quiet("push", "--quiet", "--set-upstream", "origin", "main")


@row("push", fires="pre-push", exit_code=1, says=["`refs/heads/main` brings 1 error", "TSM201"])
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    desk.edit("001.users.sql")
    desk.quiet("commit", "-a", "-m", "edit")
    return ["push"]


@row("push of a new branch", fires="pre-push", exit_code=1, says=["`refs/heads/phone`", "TSM204"])
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    return ["push", "origin", "phone"]


@row("push of a good branch", fires="pre-push")
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    return ["push", "origin", "fine"]


@row("push without scripts", fires="pre-push", asked="")
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    desk.note("new")
    desk.quiet("commit", "-m", "notes")
    return ["push"]


@row("push that takes published scripts back", fires="pre-push", exit_code=1, says=["TSM203"])
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    return ["push", "--force", "origin", "behind:main"]


@row("push --no-verify", fires="")
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    return ["push", "--no-verify", "origin", "phone"]


@row("push of a deletion", fires="pre-push", asked="", framework="")
def _(desk: Desk) -> Sequence[str]:
    published(desk)
    desk.quiet("push", "--quiet", "origin", "phone")
    return ["push", "origin", "--delete", "phone"]


# Which of them run when

# What happens most goes everywhere in each profile. In CI each row meets each way and each place, in the
# profiles full and long each way in each place.
_MOST = {"commit", "commit -a", "commit path", "merge", "commit after a conflict", "rebase", "push"}
_PROFILE = os.environ.get("TSM_TEST_PROFILE", "")


def combinations() -> list[object]:
    """Return every row with every way and place, as far as this profile goes."""
    return [
        pytest.param(one, way, site, id=f"{one.name}, {way.value}, {site.value}")
        for way in Way
        for site in Site
        for one in ROWS
        if _PROFILE in ("full", "long") or _meets(way, site) or _goes(one, way, site)
    ]


def _meets(way: Way, site: Site) -> bool:
    """Whether every row is told of this way and place."""
    if _PROFILE == "ci":
        return way is Way.PLAIN or site is Site.MAIN
    return (way, site) == (Way.PLAIN, Site.MAIN)


def _goes(one: Row, way: Way, site: Site) -> bool:
    """Spread what happens most over the ways and places, one of them in each."""
    names = sorted(_MOST)
    index = list(Way).index(way) * len(Site) + list(Site).index(site)
    return one.name == names[index % len(names)]


@pytest.mark.parametrize(("one", "way", "site"), combinations())
def test_each_operation(
    one: Row, way: Way, site: Site, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = sit_down(project, way, site, monkeypatch)
    arguments = one.prepare(desk)

    done = desk.run(*arguments, env={"GIT_SEQUENCE_EDITOR": one.editor})

    said = spoken(done)
    assert "Traceback" not in said
    assert done.exit_code == one.exit_code
    for words in one.says:
        assert words in said
    if not one.says:
        assert "tsm: " not in said
    asked = list(one.asked)
    if way is Way.FRAMEWORK:
        asked = as_framework(one.fires if one.framework is None else one.framework)
    assert desk.asked() == asked
    if "rebase" in arguments:
        assert "the branch you left" not in said
