r"""Rule cases: stories in small text files, read into values that a test can play.

Reads text only; `story.py` plays a case on a real repository. A case looks like this:

    # a branch edits a script that main has published
    main:
        + 001.users.sql | CREATE TABLE users (id INTEGER PRIMARY KEY);
        commit
    branch mail from main:
        ~ 001.users.sql | CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT);
        commit
    check mail against main
    expect TSM201 001.users.sql
    state CONFLICTED

The comment at the top is the case's title. `NAME:` goes to a branch, `branch NAME from REVISION:`
makes one. Under it, indented, stands what happens there:

    + FILE | TEXT           add a script; the line end is added, no `| TEXT` makes an empty file
    ~ FILE | TEXT           edit one
    - FILE                  delete one
    > OLD -> NEW            rename one; with `| TEXT` also edit it
    @ FILE -> TARGET        add a symbolic link
    stage [FILE]            `git add` of everything, or of one file
    commit                  a commit of everything; `commit staged`: of the index as it is
    merge ARGS              a real `git merge` that has to succeed
    merge ARGS stops        one that has to stop on a conflict
    git ARGS                any other git command

A text of several lines follows on indented lines that begin with `|`. Files lie in the folder
`app.sqlite.migrations/`; `/FILE` starts from the top of the repository instead. In names and texts
`\n`, `\r`, `\t`, `\\`, `\xNN` (a byte) and `\uNNNN` (a character) are understood.

A database runs scripts and writes its ledger with `working ran:` or `ref ran:`, one indented line
for each row, at the moment that the story has reached:

    FILE                    the file as it is in the work tree now
    FILE | TEXT             another text, or a file that is not there
    FILE (no text)          a row whose text is NULL; nothing is run
    id 7 FILE ...           a row whose id is not the file's number

Then comes one `check`, of `worktree`, `staged` or a revision, with `against BASE` where the base
is named, with `and ref` where the ref database is to be read for a revision too, with `and radar`
where other branches are to be looked at, 30 days later, and with `and replay` where the scripts are
to be run. It must find exactly what follows:
`expect nothing`, or one `expect CODE SUBJECT` for each finding, and the `state`. Indented under an
`expect`, any of the finding's parts can be given in full: `message`, `hint`, `severity`, `path`,
`line`, `column`. `{REVISION}` in them stands for its abbreviated commit id.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = "app.sqlite.migrations"
RULES = Path(__file__).with_name("rules")

_CHECK = r"check (\S+)(?: against (\S+))?( and ref)?( and radar)?( and replay)?"
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
_FILE_VERBS = {"+": "add", "~": "edit", "-": "delete", ">": "rename", "@": "link"}
_WITH_TEXT = ("add", "edit", "rename", "row")
_WORD_VERBS = ("stage", "commit", "merge", "git")
_PARTS = ("message", "hint", "severity", "path", "line", "column")
_LEDGERS = {"working ran:": "working", "ref ran:": "ref"}


class Step(NamedTuple):
    """One thing that happens: `verb` names the method of `story.Story` that does it."""

    line: int
    verb: str
    name: str = ""
    other: str = ""
    text: bytes | None = None


class Check(NamedTuple):
    """What is checked; `revision` is None for the work tree and the index."""

    revision: str | None
    staged: bool
    base: str | None
    with_ref: bool
    with_radar: bool
    with_replay: bool


class Expected(NamedTuple):
    """One finding that the check must have; `parts` are the parts that are given in full."""

    code: str
    subject: str
    parts: dict[str, str]


class Case(NamedTuple):
    """One case file; `code` is the folder it lies in, `fires` whether that code is expected."""

    path: Path
    title: str
    steps: tuple[Step, ...]
    check: Check
    expected: tuple[Expected, ...]
    state: str

    @property
    def code(self) -> str:
        return self.path.parent.name

    @property
    def fires(self) -> bool:
        return any(expected.code == self.code for expected in self.expected)

    @property
    def id(self) -> str:
        return f"{self.code}/{self.path.stem}"


class CaseError(Exception):
    """A case file that does not follow the form above."""


def cases() -> list[Case]:
    """All cases, by code and file name."""
    return [load(path) for path in sorted(RULES.glob("*/*.txt"))]


def load(path: Path) -> Case:
    """One case; raises CaseError with the file and line that cannot be understood."""
    reader = _Reader(path)
    try:
        return reader.case()
    except CaseError as error:
        raise CaseError(f"{path}:{reader.line}: {error}") from None


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.line = 0
        self.title = ""
        self.steps: list[Step] = []
        self.ledger = ""
        self.check: Check | None = None
        self.expected: list[Expected] = []
        self.nothing = False
        self.state = ""

    def case(self) -> Case:
        for number, raw in enumerate(self.lines, start=1):
            self.line = number
            if raw.startswith("#"):
                self.title = self.title or raw.lstrip("# ")
            elif raw.startswith((" ", "\t")) and raw.strip():
                self._indented(raw.strip())
            elif raw.strip():
                self._flush_left(raw.strip())
        _need(self.title, "the first line must be a title: # what happens")
        _need(self.state, "the last line must be: state STATE")
        _need(self.expected or self.nothing, "no `expect`: write `expect nothing` if that is meant")
        _need(not (self.expected and self.nothing), "`expect nothing` and an expectation")
        check = self.check
        if check is None:
            raise CaseError("no line that begins with `check`")
        return Case(
            self.path, self.title, tuple(self.steps), check, tuple(self.expected), self.state
        )

    def _flush_left(self, line: str) -> None:
        self.ledger = _LEDGERS.get(line, "")
        if self.ledger:
            self._step("ledger", self.ledger)
        elif found := re.fullmatch(r"branch (\S+) from (\S+):", line):
            self._step("branch", found[1], found[2])
        elif found := re.fullmatch(r"(\S+):", line):
            self._step("on", found[1])
        elif found := re.fullmatch(_CHECK, line):
            _need(self.check is None, "a second `check`")
            revision = None if found[1] in ("worktree", "staged") else found[1]
            staged = found[1] == "staged"
            self.check = Check(revision, staged, found[2], *map(bool, found.groups()[2:]))
        elif line == "expect nothing":
            self.nothing = True
        elif found := re.fullmatch(r"expect (TSM\d{3}) (.+)", line):
            self.expected.append(Expected(found[1], _unescape_name(found[2]), {}))
        elif found := re.fullmatch(r"state ([A-Z]+)", line):
            self.state = found[1]
        else:
            raise CaseError(f"cannot be understood: {line}")

    def _indented(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if self.expected:
            _need(word in _PARTS, f"a finding has no part `{word}`")
            self.expected[-1].parts[word] = _unescape_name(rest)
        elif word == "|":
            self._continue(line[2:])
        elif self.ledger:
            self._row(line)
        elif word in _FILE_VERBS:
            names, text = _cut_text(rest)
            name, _, other = names.partition(" -> ")
            if word == "+" and text is None:
                text = b""
            self._step(_FILE_VERBS[word], name.strip(), other.strip(), text)
        elif word in _WORD_VERBS:
            self._step(word, rest)
        else:
            raise CaseError(f"cannot be understood: {line}")

    def _row(self, line: str) -> None:
        name, text = _cut_text(line)
        found = re.fullmatch(r"(?:id (-?\d+) )?(.*?)( \(no text\))?", name)
        assert found
        verb = "row_without_text" if found[3] else "row"
        self._step(verb, found[2], found[1] or "", text)

    def _continue(self, text: str) -> None:
        _need(self.steps and self.steps[-1].verb in _WITH_TEXT, "a text that belongs to nothing")
        last = self.steps.pop()
        self.steps.append(last._replace(text=(last.text or b"") + _line(text)))

    def _step(self, verb: str, name: str, other: str = "", text: bytes | None = None) -> None:
        _need(self.check is None, "the story goes on after `check`")
        self.steps.append(Step(self.line, verb, _unescape_name(name), _unescape_name(other), text))


def _cut_text(line: str) -> tuple[str, bytes | None]:
    """What stands before ` | `, and the text behind it."""
    name, bar, text = line.partition(" |")
    return name.strip(), _line(text[1:]) if bar else None


def _line(text: str) -> bytes:
    return _unescape(text) + b"\n"


def _unescape(text: str) -> bytes:
    def value(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes.fromhex(found[1].decode())
        if found[2]:
            return chr(int(found[2], 16)).encode()
        _need(found[3] in _LETTERS, f"no such escape: {found[0].decode()}")
        return _LETTERS[found[3]]

    return _ESCAPE.sub(value, text.encode())


def _unescape_name(name: str) -> str:
    return _unescape(name).decode()


def _need(condition: object, message: str) -> None:
    if not condition:
        raise CaseError(message)
