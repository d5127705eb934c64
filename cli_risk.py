"""Commands on what a score says of one firm. Mounted by cli.py."""

from __future__ import annotations

from typing import Any

import click

from .cli_common import DAY, configured, rows_as, show_frame


@click.command()
@click.argument("firm")
@click.option("--given", multiple=True, metavar="PARTY", help="Enterprise that fails; repeat it for several at once.")
@click.option("--run", help="Score run to explain.  [default: the one saved last]")
@click.option("--as-of", type=DAY, help="Score this day of the register afresh instead of explaining a run.")
@click.option("--model", "model_id", help="Model to score with under --as-of.  [default: the newest]")
@rows_as
@click.pass_obj
def explain(flags: dict[str, Any], /, firm: str, form: str, **options: Any) -> None:
    """What the PD of FIRM is made of: its own risk, each channel, and in it each neighbour with the record behind it.

    The rows `own` and `channel` add up to the row `pd`, and so do `own` and `link`. With --given the figures
    if those parties are sure to fail stand beside those without.

    \b
    Example:
        relparty explain E-000042
        relparty explain E-000042 --given E-000007 --format json
    """
    from .explaining import explained

    rows, lines = explained(configured(flags), firm, options)
    show_frame(rows, form)
    for line in lines:
        click.echo(line, err=True)


COMMANDS = (explain,)
