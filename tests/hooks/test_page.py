"""`docs/hooks.md` lists the events and offers that there are."""

from __future__ import annotations

import re

import yaml

from tests.harness.project import SOURCE
from tsm_git.core.integration.framework import INSTALL, OFFERS, USUAL
from tsm_git.core.integration.hook import Event

PAGE = (SOURCE / "docs" / "hooks.md").read_text(encoding="utf-8")
README = (SOURCE / "README.md").read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    found = re.search(
        rf"^## {re.escape(heading)}\n.*?^\|---.*?\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()]


def test_every_event_has_a_row() -> None:
    named = [row[0] for row in rows(PAGE, "What each event does")]

    assert sorted(named) == sorted(f"`{event.value}`" for event in Event)


def test_every_offer_has_a_row_with_its_stages() -> None:
    table = {
        row[0]: row[1].partition(";")[0] for row in rows(PAGE, "With the pre-commit framework")
    }

    assert table == {f"`{offer.id}`": ", ".join(offer.stages) for offer in OFFERS}


def test_the_three_lines_are_a_configuration() -> None:
    for text, prefix in ((PAGE, ""), (README, "repos:\n")):
        found = re.search(r"```ya?ml\n((?:repos:\n)?  - repo: .*?)```", text, re.DOTALL)
        assert found is not None
        (source,) = yaml.safe_load(prefix + found[1])["repos"]
        assert [hook["id"] for hook in source["hooks"]] == [offer.id for offer in USUAL]


def test_the_command_that_installs_every_type_is_told() -> None:
    assert INSTALL in README
    assert INSTALL in PAGE.replace("\n", " ")
