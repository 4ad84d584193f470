"""The sandbox: replays any SQL in a process of its own, under limits, with nothing to reach.

The process starts with an empty environment in an empty folder, limits itself (memory, processor
time, files; https://docs.python.org/3/library/resource.html), and is killed when its time is over.
Where the system has no such limits (Windows), SQLite's own and the kill are what there is. Inside,
`guard` says what SQL may do. This module runs no SQL, and believes the form of answers only.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from tsm_git.adapters.sqlite.private import private_folder
from tsm_git.core.errors import TsmError
from tsm_git.core.proof.order import Failure, Outcome, Table
from tsm_git.core.proof.replay import Limits, Run, Stop, Text, Trouble, run_of
from tsm_git.core.record import NamedTuple

HAS_LIMITS = os.name == "posix"
_GRACE = 0.8  # seconds that the inside has to say itself that its time is over
_BOOT = (
    "import sys; sys.path += sys.argv[1:]; "
    "from tsm_git.adapters.sqlite.sandbox_child import main; main()"
)


class SpoiledImage(TsmError):
    """What was to be gone on from is no sound database."""


class RunAll(NamedTuple):
    """Runs scripts in turn until one stops; answered by a list of Run."""

    scripts: Sequence[Text]


class Mark(NamedTuple):
    """Remembers the shadow database as it is."""


class Back(NamedTuple):
    """Makes the shadow database what it was at the mark."""


class Look(NamedTuple):
    """What the shadow database holds; answered by an Outcome."""


class Keep(NamedTuple):
    """The whole shadow database; answered by its bytes."""


class Check(NamedTuple):
    """`integrity_check` or `quick_check`; answered by a Checked, in SQLite's words."""

    pragma: str


class Checked(NamedTuple):
    """What a check of a whole database says is wrong; nothing where all is well."""

    words: tuple[str, ...]


Task = RunAll | Mark | Back | Look | Keep | Check
Answer = list[Run] | Outcome | bytes | Checked | None

_NAMES = {Mark: "mark", Back: "back", Look: "outcome", Keep: "image"}


def replay(
    tasks: Sequence[Task],
    limits: Limits = Limits(),  # noqa: B008 - a value, and never changed
    image: bytes = b"",
    on_script: Callable[[Run], None] | None = None,
    *,
    file: Path | None = None,
    surveys: bool = False,
) -> list[Answer]:
    """Does the tasks in one shadow database, and returns an answer for each.

    `image` is what the database holds at first: the answer to an earlier Keep; or it is in `file`,
    which is changed, and beside which temporary files may lie. With `surveys` the rows that watched
    scripts touch are counted. A task after the one in which a script stopped is not done, and its
    answer is None. `on_script` is told of each script when it has run. Raises SpoiledImage where
    what is there at first is no sound database, and TsmError where the sandbox itself does not
    work.
    """
    tasks, cut = _within(tasks, limits)
    if cut and not any(isinstance(task, RunAll) and task.scripts for task in tasks):
        return _answers(tasks, [[] for _ in tasks], cut)
    with private_folder() as folder:
        place = _Place(folder, image, file, surveys)
        conversation = _Conversation(tasks, limits, place, on_script)
        return _answers(tasks, conversation.hold(), cut)


class _Place(NamedTuple):
    """Where the child works, and on what."""

    folder: Path
    image: bytes
    file: Path | None
    surveys: bool


class _Conversation:
    """One life of a child process."""

    def __init__(
        self,
        tasks: Sequence[Task],
        limits: Limits,
        place: _Place,
        on_script: Callable[[Run], None] | None,
    ) -> None:
        self._tasks = tasks
        self._limits = limits
        self._place = place
        self._on_script = on_script
        self._killed = False
        temporary = place.file.parent if place.file else place.folder  # there is room
        self._process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=place.folder,
            env=_environment() | {"SQLITE_TMPDIR": str(temporary)},
        )

    def hold(self) -> list[Any]:
        """What each task was answered, as far as the child came."""
        process = self._process
        killer = threading.Timer(self._limits.seconds + _GRACE, self._kill)
        writer = threading.Thread(target=self._ask, daemon=True)
        killer.start()
        writer.start()
        try:
            answers = self._listen(process.stdout)
        finally:
            killer.cancel()
            process.kill()
            process.wait()
            writer.join()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    _close(pipe)
        return answers

    def _ask(self) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        request = {
            "limits": self._limits,
            "image": len(self._place.image),
            "file": self._place.file and str(self._place.file),
            "survey": self._place.surveys,
            "attaches": any(script.free for script in _scripts(self._tasks)),
            "tasks": [_asked(task) for task in self._tasks],
        }
        try:
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.write(self._place.image)
            pipe.close()
        except OSError:
            pass  # the child has ended; what it said, and did not say, tells why

    def _listen(self, pipe: IO[bytes] | None) -> list[Any]:
        answers: list[Any] = []
        for task in self._tasks if pipe else ():
            if isinstance(task, RunAll):
                runs = self._runs(task, pipe)
                answers.append(runs)
                if runs and runs[-1].stop:
                    break
            elif isinstance(task, (Mark, Back)):
                answers.append(None)
            else:
                said = self._heard(pipe)
                answers.append(None if said is None else _answer(task, said, pipe))
        return answers

    def _runs(self, task: RunAll, pipe: IO[bytes] | None) -> list[Run]:
        runs = []
        for script in task.scripts:
            said = self._heard(pipe)
            if said == {}:
                run = Run(script.path)
            elif said is None or "over" in said:
                words = str(said["over"]) if said else self._last_words()
                run = Run(script.path, Stop(Trouble.BUDGET, 1, 1, words))
            else:
                run = run_of(said)
            runs.append(run)
            if self._on_script:
                self._on_script(run)
            if run.stop:
                break
        return runs

    def _heard(self, pipe: IO[bytes] | None) -> dict[str, Any] | None:
        """One line of the child's: {} for plain success, None where there is no more."""
        line = pipe.readline(_LONGEST_LINE) if pipe else b""
        if line == b".\n":
            return {}
        if not line.endswith(b"\n"):
            return None
        said = json.loads(line)
        if "spoiled" in said:
            raise SpoiledImage(f"the image of a database is spoiled: {said['spoiled']}")
        if "bug" in said:
            raise TsmError(
                "the sandbox failed: " + str(said["bug"]).strip().rpartition("\n")[2],
                "please report it, with the scripts that were replayed",
            )
        return dict(said)

    def _last_words(self) -> str:
        if self._killed:
            return f"it does not end within {self._limits.seconds:g} s"
        return "it needs more time or memory than a replay may have"

    def _kill(self) -> None:
        self._killed = True
        self._process.kill()


_LONGEST_LINE = 64 << 20


def command() -> list[str]:
    """How the child is started: without the user's site, environment and current folder.

    Only the folders that tsm and apsw lie in are added to the standard library.
    """
    found = find_spec("apsw")
    folders = [Path(__file__).parents[3]]
    if found and found.origin:
        folders.append(Path(found.origin).parents[bool(found.submodule_search_locations)])
    cache = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    flags = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), *cache]
    return [sys.executable, *flags, "-c", _BOOT, *dict.fromkeys(map(str, folders))]


def _environment() -> dict[str, str]:
    # Windows starts no Python without it.
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _scripts(tasks: Sequence[Task]) -> Iterator[Text]:
    for task in tasks:
        if isinstance(task, RunAll):
            yield from task.scripts


def _asked(task: Task) -> tuple[str, list[Any]]:
    if isinstance(task, RunAll):
        return "run", [task.scripts]
    if isinstance(task, Check):
        return "check", [task.pragma]
    return _NAMES[type(task)], []


def _answer(
    task: Task, said: dict[str, Any], pipe: IO[bytes] | None
) -> Outcome | bytes | Checked | None:
    try:
        if isinstance(task, Check):
            return Checked(tuple(str(word) for word in said["check"]))
        if isinstance(task, Keep):
            length = int(said["image"])
            image = pipe.read(length) if pipe else b""
            return image if len(image) == length else None
        return Outcome(
            None,
            {(str(kind), str(name)): str(sql) for kind, name, sql in said["schema"]},
            {
                str(name): Table(tuple(map(str, columns)), str(rows))
                for name, columns, rows in said["tables"]
            },
        )
    except (KeyError, TypeError, ValueError):
        return None


def failure(run: Run) -> Failure:
    """Where a run stopped, as the order check tells it."""
    stop = run.stop or Stop(Trouble.FAILED, 1, 1, "")
    return Failure(run.path, stop.line, stop.column, stop.message)


class _Cut(NamedTuple):
    """The script that is too long even to be looked at, and where it stands."""

    task: int
    run: Run


def _within(tasks: Sequence[Task], limits: Limits) -> tuple[list[Task], _Cut | None]:
    """The tasks up to the first script that is longer than a replay takes."""
    kept: list[Task] = []
    for number, task in enumerate(tasks):
        if isinstance(task, RunAll):
            for count, script in enumerate(task.scripts):
                if len(script.text) > limits.text:
                    words = (
                        f"it has {len(script.text) >> 20} MiB, "
                        f"and a replay takes scripts of at most {limits.text >> 20} MiB"
                    )
                    stop = Stop(Trouble.BUDGET, 1, 1, words)
                    kept.append(RunAll(task.scripts[:count]))
                    return kept, _Cut(number, Run(script.path, stop))
        kept.append(task)
    return kept, None


def _answers(tasks: Sequence[Task], answers: list[Any], cut: _Cut | None) -> list[Answer]:
    if cut and len(answers) > cut.task:
        runs = answers[cut.task]
        if not (runs and runs[-1].stop):
            runs.append(cut.run)
    return answers + [None] * (len(tasks) - len(answers))


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        pipe.close()
