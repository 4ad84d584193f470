"""`tsm hooks install`, `uninstall`, `status`: in the folder that git reads, or the framework."""

from __future__ import annotations

from pathlib import Path

from tsm_git.adapters.files import only_one, read_bytes, replace_file
from tsm_git.adapters.git import Repository
from tsm_git.adapters.hooks import kept, owner, put, take_away
from tsm_git.commands.gathering.project import Project
from tsm_git.core.errors import GitError, Refusal
from tsm_git.core.integration.framework import (
    CONFIG,
    OFFERS,
    Source,
    offered_in,
    with_block,
    without_block,
)
from tsm_git.core.integration.hook import Event
from tsm_git.core.integration.installation import Hook, Installation, Manager, Owner

CLIENT = (
    Event.PRE_COMMIT,
    Event.PRE_MERGE_COMMIT,
    Event.POST_MERGE,
    Event.POST_CHECKOUT,
    Event.POST_REWRITE,
    Event.PRE_PUSH,
)
SERVER = (Event.PRE_RECEIVE,)  # all of a push or nothing; `update` is for those who want it by ref

_LEFTHOOK = ("lefthook", ".lefthook", ".config/lefthook")


def status(project: Project) -> Installation:
    """What is installed. Reads only."""
    repository = _repository(project)
    folder = repository.hooking.folder()
    ids = offered_in(_configuration(project))
    offered = {stage for offer in OFFERS if offer.id in ids for stage in offer.stages}
    events = SERVER if project.is_bare else CLIENT
    managed = _managed(project, folder)
    return Installation(
        str(folder),
        manager(project),
        repository.hooking.configured("tsm.program"),
        tuple(_hook(folder, event, event.value in offered, event in managed) for event in events),
    )


def manager(project: Project) -> Manager | None:
    """Which program manages the hooks of this repository, if one does."""
    folder = _repository(project).hooking.folder()
    if folder.name == "_" and folder.parent.name == ".husky":
        return Manager.HUSKY
    if _lefthook(project):
        return Manager.LEFTHOOK
    return Manager.FRAMEWORK if (project.top / CONFIG).exists() else None


def install(project: Project, program: Path | None, *, shared: bool = False) -> list[Path]:
    """Writes the hooks into git's folder and returns the files that changed.

    `program` is the tsm that they start. Raises Refusal where the folder is not this repository's
    own, unless `shared`, or belongs to another program.
    """
    repository = _repository(project)
    folder = repository.hooking.folder()
    match manager(project):
        case Manager.HUSKY:
            raise Refusal(
                "husky writes the hooks of this repository, and would undo what tsm writes",
                f"run `for e in {' '.join(event.value for event in CLIENT)}; do "
                'echo "tsm hooks run $e" \'"$@"\' >> .husky/$e; done`',
            )
        case Manager.LEFTHOOK:
            raise Refusal(
                "lefthook writes the hooks of this repository, and would undo what tsm writes",
                "add a command `run: tsm hooks run EVENT {0}` with `use_stdin: true` for each "
                "event to its configuration, then run `lefthook install`",
            )
        case _:
            pass
    if not shared and not _is_own(repository, folder):
        raise Refusal(
            f"`core.hooksPath` is `{folder}`, which is outside of this repository",
            "run `tsm hooks install --shared` if every repository that uses it may run tsm",
        )
    with only_one(repository.place.git_dir / "tsm.lock"):
        if program is not None:
            repository.hooking.remember(str(program))
        events = SERVER if project.is_bare else CLIENT
        return [folder / event.value for event in events if put(folder, event)]


def install_framework(project: Project, source: Source | None) -> Path | None:
    """Writes tsm's hooks into the framework's configuration; returns the file if it changed."""
    _repository(project)
    path = project.top / CONFIG
    text = _configuration(project) or "repos:\n"
    if source is None and offered_in(text):
        return None
    changed = with_block(text, source)
    if changed is None:
        raise Refusal(
            f"`{CONFIG}` has no line `repos:` with a list below it",
            "write `repos:` on a line of its own, and each repository as an item below it",
        )
    if changed == text:
        return None
    replace_file(path, changed.encode("utf-8", "surrogateescape"))
    return path


def uninstall(project: Project) -> list[Path]:
    """Puts back what was there before `install`; returns the files that changed."""
    repository = _repository(project)
    folder = repository.hooking.folder()
    found = []
    with only_one(repository.place.git_dir / "tsm.lock"):
        for event in (*CLIENT, *SERVER):
            if path := take_away(folder, event):
                found.append(path)
        repository.hooking.remember(None)
        text = _configuration(project)
        if without_block(text) != text:
            path = project.top / CONFIG
            replace_file(path, without_block(text).encode("utf-8", "surrogateescape"))
            found.append(path)
    return found


def _hook(folder: Path, event: Event, is_offered: bool, is_managed: bool) -> Hook:
    whose = owner(folder / event.value, event)
    calls_tsm = whose in (Owner.TSM, Owner.OLDER) or (whose is Owner.FRAMEWORK and is_offered)
    is_managed = is_managed and whose is Owner.STRANGER
    return Hook(event, whose, calls_tsm or is_managed, kept(folder, event).exists())


def _managed(project: Project, folder: Path) -> set[Event]:
    """The events for which husky's files, or lefthook's configuration, name tsm."""
    match manager(project):
        case Manager.HUSKY:
            texts = {event: read_bytes(folder.parent / event.value) or b"" for event in CLIENT}
        case Manager.LEFTHOOK:
            every = b"".join(read_bytes(path) or b"" for path in _lefthook(project))
            texts = dict.fromkeys(CLIENT, every)
        case _:
            return set()
    return {event for event in CLIENT if f"hooks run {event.value} ".encode() in texts[event]}


def _lefthook(project: Project) -> list[Path]:
    """The files in which lefthook is configured."""
    endings = (".yml", ".yaml", ".toml", ".json")
    paths = (project.top / f"{name}{ending}" for name in _LEFTHOOK for ending in endings)
    return [path for path in paths if path.is_file()]


def _configuration(project: Project) -> str:
    """The framework's configuration; empty where there is none."""
    return (read_bytes(project.top / CONFIG) or b"").decode("utf-8", "surrogateescape")


def _is_own(repository: Repository, folder: Path) -> bool:
    homes = [repository.place.common_dir, *([repository.top] if repository.top else [])]
    return any(folder.resolve().is_relative_to(home.resolve()) for home in homes)


def _repository(project: Project) -> Repository:
    if project.repository is None:
        raise GitError(f"`{project.start}` is not in a git repository", "run `git init` first")
    return project.repository
