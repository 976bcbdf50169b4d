"""``trimtab policy ...``: what a team does with a policy before it is live. One command per module."""

from __future__ import annotations

from ..usage import PlainTyper
from . import (
    conflicts_command,
    coverage_command,
    diff_command,
    explain_command,
    fmt_command,
    lint_command,
    sample_command,
    schema_command,
    test_command,
)

policy = PlainTyper(no_args_is_help=True, rich_markup_mode=None, help="Check, format, test and compare policies.")


@policy.callback()
def _root() -> None:
    """Check, format, test and compare policies."""


policy.command("lint", short_help="Say what is wrong, or probably wrong.")(lint_command.lint)
policy.command("fmt", short_help="Lay policy files out in one way.")(fmt_command.fmt)
policy.command("sample", short_help="Write a sample policy with its tests.")(sample_command.sample)
policy.command("schema", short_help="Print the JSON Schema for editors.")(schema_command.schema)
policy.command("test", short_help="Run the tests beside a policy.")(test_command.run)
policy.command("coverage", short_help="Say what the tests show of each rule.")(coverage_command.coverage)
policy.command("conflicts", short_help="Find must rules that cannot hold together.")(conflicts_command.conflicts)
policy.command("diff", short_help="Say what a change of policy does.")(diff_command.diff)
policy.command("explain", short_help="List every rule that touches a guest.")(explain_command.explain)
