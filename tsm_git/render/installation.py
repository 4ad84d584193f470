"""Which hooks are installed: for people, and as JSON (FORMATS, "Hooks")."""

from __future__ import annotations

from tsm_git.core.integration.installation import Hook, Installation, Owner
from tsm_git.core.text import listed, printable

_WORDS = {
    Owner.NOBODY: "no hook",
    Owner.TSM: "tsm",
    Owner.OLDER: "tsm, as another version wrote it",
    Owner.FRAMEWORK: "the pre-commit framework",
    Owner.STRANGER: "another hook",
}


def status_text(found: Installation) -> str:
    """A line for each event, and what to do next; ends with a newline."""
    lines = [f"hooks in {printable(found.folder)}"]
    if found.manager:
        lines[0] += f"; {found.manager.value} manages them"
    width = max(len(hook.event.value) for hook in found.hooks)
    lines += [f"  {hook.event.value:{width}}  {_words(hook)}" for hook in found.hooks]
    lines.append(f"they start {printable(found.program or 'the tsm on PATH')}")
    missing = [event.value for event in found.missing]
    if missing:
        lines.append(f"not checked: {listed(missing, most=len(missing))}; `tsm hooks install`")
    if any(hook.owner is Owner.OLDER for hook in found.hooks):
        lines.append("`tsm hooks install` brings them up to date")
    return "".join(f"{line}\n" for line in lines)


def status_document(found: Installation) -> dict[str, object]:
    """The same as one document."""
    return {
        "version": 1,
        "folder": found.folder,
        "manager": found.manager.value if found.manager else None,
        "program": found.program,
        "hooks": [
            {
                "event": hook.event.value,
                "owner": hook.owner.value,
                "calls_tsm": hook.calls_tsm,
                "kept": hook.kept,
            }
            for hook in found.hooks
        ],
    }


def _words(hook: Hook) -> str:
    words = _WORDS[hook.owner]
    if hook.owner is Owner.FRAMEWORK:
        words += ", which runs tsm" if hook.calls_tsm else ", which does not run tsm"
    return f"{words}, after the hook that was here before" if hook.kept else words
