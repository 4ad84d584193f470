"""`tsm explain`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import json_option
from tsm_git.core.errors import UsageError


@click.command(
    epilog="\b\nExamples:\n  tsm explain            every rule, a line each\n  tsm explain TSM204"
)
@click.argument("code", required=False)
@json_option
def explain(code: str | None, as_json: bool) -> None:
    """What the rule CODE checks, why it matters, and what to do; without CODE, all rules."""
    from tsm_git.rules import RULES
    from tsm_git.rules.explain import page

    if code is None:
        rules = RULES
    else:
        rules = [rule for rule in RULES if code.upper() == rule.code or code == rule.name]
        if not rules:
            raise UsageError(f"there is no rule `{code}`", "run `tsm explain` to see them all")
    if as_json:
        from tsm_git.render.jsondoc import dumped, rule_document

        click.echo(dumped([rule_document(rule) for rule in rules]), nl=False)
    elif code is None:
        for rule in rules:
            click.echo(f"{rule.code} {rule.severity.value:7} {rule.name}: {rule.summary}")
    else:
        click.echo(page(rules[0].code), nl=False)
