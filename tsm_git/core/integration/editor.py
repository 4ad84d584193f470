"""Tasks of Visual Studio Code (https://code.visualstudio.com/docs/editor/tasks) that run tsm."""

from __future__ import annotations

import json
import re

# A line of `tsm check`; the groups are what the matcher below names.
PATTERN = r"^(.+?):(\d+):(\d+): (TSM\d{3}) (?:(warning|note): )?(.*)$"
_MATCHER = {
    "owner": "tsm",
    "severity": "error",
    "fileLocation": ["relative", "${workspaceFolder}"],
    "pattern": {
        "regexp": PATTERN,
        "file": 1,
        "line": 2,
        "column": 3,
        "code": 4,
        "severity": 5,
        "message": 6,
    },
}


def tasks() -> list[dict[str, object]]:
    """The tasks, as the list `tasks` of `tasks.json` holds them."""
    return [
        {
            "label": f"tsm {command}",
            "type": "process",
            "command": "tsm",
            "args": [command],
            "options": {"cwd": "${workspaceFolder}", "env": {"NO_COLOR": "1"}},
            "problemMatcher": _MATCHER if command == "check" else [],
        }
        for command in ("check", "dev", "renumber")
    ]


def snippet() -> str:
    """The tasks on one line, for somebody to paste between the brackets of `tasks`."""
    return json.dumps(tasks())[1:-1]


def with_tasks(text: str) -> str:
    """The text of a `tasks.json` with those of the tasks whose labels it does not have.

    Raises ValueError where it is not plain JSON of the known form. VS Code allows comments there,
    and these would be lost.
    """
    try:
        document = json.loads(text, object_pairs_hook=_all) if text.strip() else {}
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict) or not isinstance(document.get("tasks", []), list):
        raise ValueError("it has no list `tasks`")
    held = {task.get("label") for task in document.get("tasks", []) if isinstance(task, dict)}
    missing = [task for task in tasks() if task["label"] not in held]
    if not missing:
        return text
    document.setdefault("version", "2.0.0")
    document["tasks"] = [*document.get("tasks", []), *missing]
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    indent = found[1] if found else "  "
    made = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent) + "\n"
    made.encode()  # half a surrogate pair is nothing that a file can hold
    return made.replace("\n", "\r\n") if "\r\n" in text else made


def _all(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made
