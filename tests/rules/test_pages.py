"""The page of each rule, which `tsm explain` prints: it is there, complete, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tsm_git.rules
from tsm_git.cli.main import COMMANDS
from tsm_git.core.finding import Rule
from tsm_git.rules import RULES
from tsm_git.rules.explain import page

PAGES = Path(tsm_git.rules.__file__).with_name("pages")
HEADINGS = ["What it checks", "Why it matters", "Example", "What to do"]

CODES = pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])


@CODES
def test_a_page_is_titled_with_code_and_name(rule: Rule) -> None:
    assert _lines(rule)[0] == f"# {rule.code} {rule.name}"


@CODES
def test_a_page_opens_with_one_sentence(rule: Rule) -> None:
    summary = " ".join(_lines(rule)[1 : _lines(rule).index("## What it checks")]).strip()

    assert re.fullmatch(r"[A-Z].*[^.]\.", summary)
    assert ". " not in summary


@CODES
def test_a_page_has_the_four_sections_in_their_order(rule: Rule) -> None:
    assert [line[3:] for line in _lines(rule) if line.startswith("## ")] == HEADINGS


@CODES
def test_a_page_fits_on_a_screen(rule: Rule) -> None:
    assert 25 <= len(_lines(rule)) <= 45
    assert max(map(len, _lines(rule))) <= 100


@CODES
def test_a_page_names_the_state_or_says_that_there_is_none(rule: Rule) -> None:
    text = " ".join(_lines(rule))
    said = f"State: {rule.implies.name}." if rule.implies else "implies no state"

    assert said in text


@CODES
def test_a_page_names_only_rules_and_commands_that_exist(rule: Rule) -> None:
    text = "\n".join(_lines(rule))

    assert set(re.findall(r"TSM\d{3}", text)) <= {each.code for each in RULES}
    assert set(re.findall(r"(?:^    |`)tsm ([a-z]+)", text, re.MULTILINE)) <= set(COMMANDS)
    assert "--no-verify" not in text


@CODES
def test_a_page_marks_the_likely_way_out_first(rule: Rule) -> None:
    ways = _lines(rule)[_lines(rule).index("## What to do") + 2 :]

    assert ways[0].startswith("Likely: ")
    assert any(line.startswith("    ") for line in ways), "no command to paste"


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.code for rule in RULES}


def _lines(rule: Rule) -> list[str]:
    return (PAGES / f"{rule.code}.md").read_text(encoding="utf-8").splitlines()


@CODES
def test_tsm_explain_prints_the_page_as_it_stands(rule: Rule) -> None:
    assert page(rule.code) == "".join(f"{line}\n" for line in _lines(rule))
