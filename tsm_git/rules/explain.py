"""The pages behind `tsm explain`: one markdown file a rule, in the folder `pages`."""

from __future__ import annotations

from importlib.resources import files


def page(code: str) -> str:
    """The page of a rule, ending with a newline."""
    return files("tsm_git.rules").joinpath("pages", f"{code}.md").read_text("utf-8")
