"""The command relparty stress: one failure, a shock, or every failure in turn. Mounted by cli.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .cli_common import DAY, PATH, configured, progress, rows_as, show_frame, store_if, summarised, tell, waits

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = ("en", "rv", "furfine", "debtrank", "debtrank2012", "merton", "black_cox", "esri")

SCENARIO = (
    click.option("--fails", multiple=True, metavar="PARTY", help="It fails; may be given again."),
    click.option("--sector", metavar="CODE", help="All enterprises whose industry code begins so fail."),
    click.option("--region", metavar="CODE", help="The same by region; with --sector: those in both."),
    click.option("--loss", type=float, metavar="FRACTION", help="They don't fail, but lose this part of total assets."),
    click.option("--shock", type=PATH, help="CSV with party_id and loss (money) or loss_share (of total assets)."),
    click.option("--links", is_flag=True, help="Show every loss through a link instead of the parties."),
    click.option("--explain", metavar="PARTY", help="Show the links by which trouble reached this party."),
    click.option("--publish", is_flag=True, help="Publish the scenario's end in the store, as scenario_…."),
)
OTHERS = (
    click.option("--each", is_flag=True, help="Every enterprise fails in turn; published as stress_…."),
    click.option("--top", type=int, metavar="N", help="With --each: only the N to which the bank is most exposed."),
    click.option("--reverse", type=float, metavar="AMOUNT", help="Which few failures cost the bank more than this?"),
    click.option("--candidates", type=int, metavar="N", help="With --reverse: how many firms to try.  [default: 100]"),
)
ASSUMED = (
    click.option("--model", type=click.Choice(MODELS), default="en", show_default=True, help="How losses travel; "
                 "esri: which part of all output stops with the named firms."),
    click.option("--recovery", default=0.0, show_default=True, help="Part of a claim on a failed firm that comes back, "
                 "where the model doesn't find it."),
    click.option("--alpha", default=1.0, show_default=True, help="rv: part of outside assets that failure leaves."),
    click.option("--beta", default=1.0, show_default=True, help="rv: part of claims on others that failure leaves."),
    click.option("--seniority", type=click.Choice(["pari_passu", "external_senior"]), default="pari_passu",
                 show_default=True, help="en, rv: whether loans and receivables between parties rank with debt to the "
                 "bank, or after it."),
    click.option("--volatility", default=0.25, show_default=True, help="merton, black_cox: yearly, of outside assets."),
    click.option("--at-zero", type=click.Choice(["fails", "stands"]), default="fails", show_default=True,
                 help="What a firm does whose equity is exactly 0."),
    click.option("--supply", default=0.25, show_default=True, help="Part of a year's margin lost with a supplier."),
    click.option("--cover", default=0.0, show_default=True, help="Part of a debt not renewed without its guarantor."),
    click.option("--without-equity", type=click.Choice(["refuse", "fail", "absorb"]), default="refuse",
                 show_default=True, help="Firms that bear losses without known equity above 0; --each and --reverse "
                 "absorb and count where a scenario refuses."),
    click.option("--rounds", default=10_000, show_default=True, help="To allow until losses have settled."),
)  # fmt: skip


def options(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[Any], Any]:
    """All options of some groups, in their order."""

    def decorated(command: Any) -> Any:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorated


@click.command()
@options(SCENARIO, OTHERS, ASSUMED)
@click.option("--as-of", type=DAY, help="The register as known on this day.  [default: today; to publish, the store's]")
@click.option("--dry-run", is_flag=True, help="Run, but publish nothing.")
@rows_as
@waits
@summarised
@click.pass_obj
def stress(flags: dict[str, Any], /, **options: Any) -> None:
    """What failures and losses do to everyone else: who fails, in which round, by whom, and what the bank loses.

    \b
    Example:
        relparty stress --fails E-000042 --explain E-000007
        relparty stress --sector C26 --loss 0.1 --model debtrank
        relparty stress --each --top 1000
        relparty stress --reverse 50000000
        relparty stress --fails E-000042 --model esri
    """
    from . import stress_wanted, stressing

    config, wanted = configured(flags), stress_wanted.wanted(options)
    with progress() as step, store_if(wanted.uses_store, config) as store:
        rows, report = stressing.run(wanted, config, store, step)
    show_frame(rows, options["form"])
    tell(report, options["summary"])
