"""Each verdict is one state, and each state has a way out."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from tsm_git.core.finding import Finding, Rule, Severity
from tsm_git.core.state import State, judge

EVERY = [
    set(chosen)
    for chosen in chain.from_iterable(combinations(State, count) for count in range(len(State) + 1))
]
RULE = Rule("TSM999", "never", "it never fires", implies=State.CONFLICTED)


@pytest.mark.parametrize("is_pending", [True, False])
def test_whatever_the_findings_imply_there_is_one_state(is_pending: bool) -> None:
    order = list(State)
    for implied in EVERY:
        evidence = (implied - {State.PENDING, State.CURRENT}) | (
            {State.PENDING} if is_pending else set()
        )

        assert judge(implied, is_pending) is min(evidence or {State.CURRENT}, key=order.index)


def test_they_are_in_the_order_in_which_they_win() -> None:
    assert [state.name for state in State] == [
        "ERROR", "CONFLICTED", "DIVERGED", "PENDING", "DRIFT", "CURRENT"
    ]  # fmt: skip


def test_all_but_one_have_a_way_out() -> None:
    assert [state for state in State if not state.way_out] == [State.CURRENT]


@pytest.mark.parametrize("severity", Severity)
def test_only_errors_imply_a_state(severity: Severity) -> None:
    finding = Finding(RULE, "x", "it is", "x", severity=severity)

    assert finding.implies is (State.CONFLICTED if severity is Severity.ERROR else None)
    assert finding.code == "TSM999"
