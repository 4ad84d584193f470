"""What git, or the pre-commit framework, says of an event: two dialects, one value.

git gives arguments and lines on standard input (githooks(5)); the framework gives neither, but sets
variables of its own. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tsm_git.core.errors import UsageError
from tsm_git.core.integration.hook import Event
from tsm_git.core.record import NamedTuple

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MERGED = re.compile(r"GITHEAD_([0-9a-f]{40}(?:[0-9a-f]{24})?)")


class Update(NamedTuple):
    """One reference that is pushed: its new revision, and the old one; None: it is not there yet.

    `ref` is what it is called where it goes to, empty if nobody says.
    """

    ref: str
    new: str
    old: str | None


class HookCall(NamedTuple):
    """One event, whoever told of it.

    `before` and `after` are revisions, None where they are to be looked up; `merged` are the
    commits that a merge brings, with their names; `how` is `rebase` or `amend`.
    """

    event: Event
    by_hand: bool = False
    before: str | None = None
    after: str = "HEAD"
    squash: bool = False
    how: str = ""
    merged: Mapping[str, str] = MappingProxyType({})
    updates: tuple[Update, ...] = ()


def read_call(
    event: Event, arguments: Sequence[str], stdin: Callable[[], str], environ: Mapping[str, str]
) -> HookCall | None:
    """The event as one value, or None where it is none of tsm's business.

    Without arguments it is the framework that calls, or a person. Raises UsageError for arguments
    that git does not give.
    """
    match event:
        case Event.PRE_COMMIT | Event.PRE_MERGE_COMMIT:
            return _commit(environ)
        case Event.POST_MERGE:
            squash = arguments[0] if arguments else environ.get("PRE_COMMIT_IS_SQUASH_MERGE")
            return HookCall(event, squash=squash == "1", merged=_merged(environ))
        case Event.POST_CHECKOUT:
            return _checkout(arguments, environ)
        case Event.POST_REWRITE:
            return _rewrite(arguments, stdin, environ)
        case Event.PRE_PUSH:
            return _push(arguments, stdin, environ)
        case Event.PRE_RECEIVE:
            lines = [line.split(" ", 2) for line in stdin().splitlines()]
            return _updates(event, [(ref, new, old) for old, new, ref in _of(3, lines)])
        case Event.UPDATE:
            ((ref, old, new),) = _of(3, [list(arguments)])
            return _updates(event, [(ref, new, old)])


def _commit(environ: Mapping[str, str]) -> HookCall:
    """A commit, or a merge that git is about to commit: the framework has one name for both.

    git names the index to every hook of a commit, so without it a person asks.
    """
    merged = _merged(environ)
    event = Event.PRE_MERGE_COMMIT if merged else Event.PRE_COMMIT
    return HookCall(event, by_hand="GIT_INDEX_FILE" not in environ, merged=merged)


def _checkout(arguments: Sequence[str], environ: Mapping[str, str]) -> HookCall | None:
    names = ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_CHECKOUT_TYPE")
    words = list(arguments) or [environ.get(name, "") for name in names]
    ((before, after, flag),) = _of(3, [words])
    if flag != "1" or not before.strip("0"):  # of files only; or a new clone or work tree
        return None
    return HookCall(Event.POST_CHECKOUT, before=before, after=after)


def _rewrite(
    arguments: Sequence[str], stdin: Callable[[], str], environ: Mapping[str, str]
) -> HookCall:
    if not arguments:
        how = environ.get("PRE_COMMIT_REWRITE_COMMAND", "rebase")
        return HookCall(Event.POST_REWRITE, how=how)
    pairs = [line.split(" ", 2)[:2] for line in stdin().splitlines() if line]
    before = _oid(pairs[-1][0]) if pairs else None  # the commit that was on top
    return HookCall(Event.POST_REWRITE, how=arguments[0], before=before)


def _push(
    arguments: Sequence[str], stdin: Callable[[], str], environ: Mapping[str, str]
) -> HookCall:
    if arguments:
        lines = [line.split(" ") for line in stdin().splitlines()]
        updates = [(ref, new, old) for _, new, ref, old in _of(4, lines)]
        return _updates(Event.PRE_PUSH, updates)
    # The framework shows the first reference only, and not always its commit.
    new = environ.get("PRE_COMMIT_TO_REF") or environ.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    update = Update(
        environ.get("PRE_COMMIT_REMOTE_BRANCH", ""), new, environ.get("PRE_COMMIT_FROM_REF")
    )
    return HookCall(Event.PRE_PUSH, updates=(update,) if new.strip("0") else ())


def _updates(event: Event, lines: Sequence[tuple[str, str, str]]) -> HookCall:
    """References with their new and old ids; all zeros where there is none (githooks(5))."""
    return HookCall(
        event,
        updates=tuple(
            Update(ref, _oid(new), _oid(old) if old.strip("0") else None)
            for ref, new, old in lines
            if new.strip("0")  # a deletion brings nothing
        ),
    )


def _of(count: int, lines: Sequence[list[str]]) -> list[list[str]]:
    for words in lines:
        if len(words) != count:
            raise UsageError(
                f"a hook was given `{' '.join(words)}`, expected {count} words",
                "run it as git does: `git help hooks` lists what each is given",
            )
    return list(lines)


def _oid(word: str) -> str:
    if not _OID.fullmatch(word):
        raise UsageError(f"`{word}` is no id of a commit", "run the hook as git does")
    return word


def _merged(environ: Mapping[str, str]) -> dict[str, str]:
    """What `git merge` brings in, before MERGE_HEAD is written: id -> name."""
    found = ((_MERGED.fullmatch(key), name) for key, name in environ.items())
    return {match[1]: name for match, name in found if match}
