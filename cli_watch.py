"""Commands that watch runs: monitor and replay. Mounted by cli.py."""

from __future__ import annotations

from typing import Any

import click

from .cli_common import configured, rows_as, show_frame, summarised, tell


@click.command()
@click.argument("run", required=False)
@rows_as
@summarised
@click.pass_obj
def monitor(flags: dict[str, Any], /, run: str | None, form: str, summary: str | None) -> None:
    """Compare a score run, by default the last, with the firms its model was trained on; exit 3 if a measure is red.

    Of every PD, feature, count of links, exposure and component size the population stability index: below .10 green,
    to .25 amber, above it red; beside it what chance alone gives, and the bin that moved most.

    \b
    Example:
        relparty monitor
        relparty monitor score-2024-06-30-1a2b3c4d --format json
    """
    from . import monitoring

    rows, report = monitoring.monitor(configured(flags), run)
    show_frame(rows, form)
    tell(report, summary)


@click.command()
@click.argument("run")
@rows_as
@summarised
@click.pass_obj
def replay(flags: dict[str, Any], /, run: str, form: str, summary: str | None) -> None:
    """Make a saved score run again from its inputs and compare it bit for bit; exit 3 unless all is equal.

    Inputs: the register as of the run's day and as held then (snapshot), model, settings, rules, dictionary, code and
    libraries. Later knowledge changes nothing; where a result differs, the inputs that do are named.

    \b
    Example:
        relparty replay score-2024-06-30-1a2b3c4d
    """
    from . import replaying

    rows, report = replaying.replay(configured(flags), run)
    show_frame(rows, form)
    tell(report, summary)


COMMANDS = (monitor, replay)
