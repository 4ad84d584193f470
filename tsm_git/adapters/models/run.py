"""Starts what makes the DDL: the project's interpreter, or any command; with a time limit.

Neither sees tsm's own standard input or output, and neither outlives its time.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tsm_git.adapters.models.child import NoModels, pieces_of
from tsm_git.core.errors import ConfigError, ModelsError, TsmError
from tsm_git.core.models import Piece
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import shell_quoted

SECONDS = 60.0
_MOST_BYTES = 64 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_PYTHONS = ("python", "python3")


class Interpreter(NamedTuple):
    """The project's Python, and the folder that it starts in."""

    path: str
    home: Path


class _Ended(NamedTuple):
    code: int
    out: bytes
    last_words: str  # the last line of standard error


def find_interpreter(configured: str | None, home: Path) -> Interpreter:
    """The interpreter that the configuration names, or else the one that runs tsm."""
    if configured is None:
        return Interpreter(sys.executable, home)
    is_path = "/" in configured or os.sep in configured
    found = str(home / configured) if is_path else shutil.which(configured)
    if found is None or not os.access(found, os.X_OK) or Path(found).is_dir():
        raise ConfigError(
            f"`python` is `{configured}`, and there is no such program",
            "give the path of the project's interpreter, such as `.venv/bin/python`, relative to "
            "the configuration file",
        )
    return Interpreter(found, home)


def of_module(name: str, interpreter: Interpreter, seconds: float = SECONDS) -> list[Piece]:
    """The DDL of a module, or of something in it (`module:attribute`)."""
    return _asked({"kind": "module", "name": name}, f"`{name}`", interpreter, seconds)


def of_plugin(
    name: str, argument: str | None, interpreter: Interpreter, seconds: float = SECONDS
) -> list[Piece]:
    """The DDL that an entry point of the group `tsm.models` returns."""
    request = {"kind": "plugin", "name": name, "argument": argument}
    return _asked(request, f"the plug-in `{name}`", interpreter, seconds)


def of_objects(things: object) -> list[Piece]:
    """The DDL of models that the running program itself has: classes, metadata, SQL, lists.

    A string is what it is in the configuration: a module, or a file that ends in `.sql`.
    """
    if isinstance(things, str) and not things.lower().endswith(".sql"):
        return of_module(things, find_interpreter(None, Path.cwd()))
    try:
        if isinstance(things, str):
            return [Piece(Path(things).read_text("utf-8-sig"), f"`{things}`", things)]
        return [Piece(**piece) for piece in pieces_of(things)]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelsError(
            f"the models `{things}` cannot be read: {error}", "see the path"
        ) from error
    except NoModels as error:
        raise ModelsError(str(error), "see docs/models.md for what models may be") from error


def of_command(
    argv: Sequence[str], interpreter: Interpreter, seconds: float = SECONDS
) -> list[Piece]:
    """The DDL that a command prints. `python` in it is the project's interpreter."""
    shown = f"`{shlex.join(argv)}`"
    beside = os.pathsep.join([str(Path(interpreter.path).parent), os.environ.get("PATH", "")])
    program = interpreter.path if argv[0] in _PYTHONS else _program(argv[0], interpreter, beside)
    ended = _run([program, *argv[1:]], shown, interpreter.home, {"PATH": beside}, seconds)
    if ended.code != 0:
        raise ModelsError(
            f"{shown} {_ending(ended.code)}{': ' if ended.last_words else ''}{ended.last_words}",
            "run it by hand; it has to print the DDL of the models",
        )
    try:
        text = ended.out.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelsError(
            f"{shown} printed what is not UTF-8, from byte {error.start} on",
            "let it print UTF-8",
        ) from error
    return [Piece(text, f"the output of {shown}")]


def _asked(
    request: Mapping[str, str | None], shown: str, interpreter: Interpreter, seconds: float
) -> list[Piece]:
    paths = [str(interpreter.home)]
    if (interpreter.home / "src").is_dir():
        paths.append(str(interpreter.home / "src"))
    argv = [interpreter.path, str(_CHILD), json.dumps({**request, "paths": paths})]
    ended = _run(argv, shown, interpreter.home, {}, seconds)
    try:
        answer = json.loads(ended.out)
    except ValueError:
        said = f"; its last words: {ended.last_words}" if ended.last_words else ""
        raise ModelsError(
            f"{shown} {_ending(ended.code)} and gave no answer{said}",
            f"run `{_by_hand(request, interpreter)}` to see what it does",
        ) from None
    if "pieces" not in answer:
        raise _told(answer, request, shown, interpreter)
    return [Piece(**piece) for piece in answer["pieces"]]


def _told(
    answer: Mapping[str, object],
    request: Mapping[str, str | None],
    shown: str,
    interpreter: Interpreter,
) -> TsmError:
    """What the child could not do, as one line."""
    if answer.get("wrong"):
        return ModelsError(str(answer["wrong"]), "see docs/models.md for what models may be")
    name, missing = str(request["name"]).partition(":")[0], answer["missing"]
    if missing is not None and (name == missing or name.startswith(f"{missing}.")):
        return ModelsError(
            f"there is no module `{name}` for `{interpreter.path}` in `{interpreter.home}`",
            "correct `models`, or let `python` name the interpreter that has it",
        )
    place = answer["place"]
    where = ""
    if isinstance(place, list):
        path = Path(place[0])
        inside = (
            path.relative_to(interpreter.home) if path.is_relative_to(interpreter.home) else path
        )
        where = f" ({inside.as_posix()}:{place[1]})"
    return ModelsError(
        f"{shown} cannot be loaded: {answer['raised']}{where}",
        f"run `{_by_hand(request, interpreter)}` to see all of it",
    )


def _by_hand(request: Mapping[str, str | None], interpreter: Interpreter) -> str:
    name = str(request["name"]).partition(":")[0]
    code = f"import {name}" if request["kind"] == "module" else "help('modules')"
    return f"{shell_quoted(interpreter.path)} -c {shell_quoted(code)}"


def _program(name: str, interpreter: Interpreter, path: str) -> str:
    is_path = "/" in name or os.sep in name
    found = str(interpreter.home / name) if is_path else shutil.which(name, path=path)
    if found is None or not os.access(found, os.X_OK) or Path(found).is_dir():
        raise ConfigError(
            f"`models` names the command `{name}`, and there is no such program",
            "correct `models` in the configuration",
        )
    return found


def _run(
    argv: Sequence[str], shown: str, home: Path, more: Mapping[str, str], seconds: float
) -> _Ended:
    """Runs a program to its end. What it leaves running in the background is ended with it."""
    environ = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",  # a check writes nothing
        "PYTHONIOENCODING": "utf-8",
        **more,
    }
    # Files, not pipes: a process that the program leaves behind would keep a pipe open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                argv,
                cwd=home,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(
                f"`{argv[0]}` cannot be run: {error.strerror}", "correct the configuration"
            ) from error
        try:
            why = _wait(process, (out, err), seconds)
        finally:
            _end(process)
        if why:
            raise ModelsError(f"{shown} {why}", "models must come to an end by themselves")
        return _Ended(process.returncode, _content(out), _last_line(_content(err)))


def _wait(process: subprocess.Popen[bytes], files: Sequence[IO[bytes]], seconds: float) -> str:
    """Waits for the end; why it was not waited for, or nothing."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while process.poll() is None:
        if time.monotonic() > deadline:
            return f"was not done after {seconds:g} seconds"
        if any(os.fstat(file.fileno()).st_size > _MOST_BYTES for file in files):
            return f"printed more than {_MOST_BYTES >> 20} MiB"
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):  # nothing of it is left
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _last_line(data: bytes) -> str:
    lines = data.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
