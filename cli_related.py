"""Commands on related parties: owners, controls, groups, guarantees, exposures, assess. Mounted by cli.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .cli_common import DAY, configured, day_of, progress, rows_as, show_frame, store_of, summarised, tell, waits

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from datetime import datetime

rules = click.option("--rules", "regime", type=click.Choice(["eba", "eba_alternative", "basel", "cn"]), default="eba",
                     show_default=True, help="Rule set; of each rule the row in force on the day.")  # fmt: skip
as_of = click.option("--as-of", type=DAY, help="The register as known on this day.  [default: today]")
explained = click.option("--explain", is_flag=True, help="Show the records and links that each row rests on.")


@click.command()
@click.argument("firm")
@click.option("--rules", "regime", type=click.Choice(["amlr", "amld", "psc", "cn"]), default="amld", show_default=True,
              help="Regime of beneficial owners; amlr applies from 2027-07-10.")  # fmt: skip
@explained
@as_of
@rows_as
@click.pass_obj
def owners(flags: dict[str, Any], /, firm: str, regime: str, **options: Any) -> None:
    """Who owns or controls FIRM in the end, and why; unknown owners are shown, never left out.

    \b
    Example:
        relparty owners E-0042 --rules cn --explain
    """
    from . import related

    snapshot = related.snapshot_of(configured(flags), day_of(options["as_of"]))
    show_frame(related.owners(snapshot, firm, regime, explain=options["explain"]), options["form"])


@click.command()
@click.argument("party")
@rules
@explained
@as_of
@rows_as
@click.pass_obj
def controls(flags: dict[str, Any], /, party: str, regime: str, **options: Any) -> None:
    """Whom PARTY controls, alone or through what it controls.

    \b
    Example:
        relparty controls P-0007 --rules eba --explain
    """
    from . import related

    snapshot = related.snapshot_of(configured(flags), day_of(options["as_of"]))
    show_frame(related.controls(snapshot, party, regime, explain=options["explain"]), options["form"])


@click.command()
@click.argument("firm", required=False)
@rules
@explained
@click.option("--risk", is_flag=True, help="Show worst member, PD of any default and expected loss by a score run.")
@click.option("--run", "run_id", help="Score run of --risk, which has its own day.  [default: the one saved last]")
@as_of
@rows_as
@click.pass_obj
def groups(flags: dict[str, Any], /, firm: str | None, regime: str, **options: Any) -> None:
    """Groups of connected clients, all or those of FIRM: confirmed ones, and prudent ones with what is only flagged.

    \b
    Example:
        relparty groups --rules cn --format csv
        relparty groups E-0042 --explain
        relparty groups --risk
    """
    from . import related

    if options["risk"]:
        _alone("--risk", options, "explain", "as_of")
        rows = related.group_risks(configured(flags), regime, firm, options["run_id"])
        return show_frame(rows, options["form"])
    _alone("a list of groups", options, "run_id")
    snapshot = related.snapshot_of(configured(flags), day_of(options["as_of"]))
    rows = (related.reasons if options["explain"] else related.members)(snapshot, regime, firm)
    return show_frame(rows, options["form"])


def _alone(what: str, options: dict[str, Any], *others: str) -> None:
    """Holds to what goes together."""
    from .graph.errors import UsageError

    given = [name for name in others if options[name]]
    if given:
        flag = {"run_id": "--run"}.get(given[0], f"--{given[0].replace('_', '-')}")
        raise UsageError(f"{flag} does not go with {what}: leave it out.")


@click.command()
@click.option("--circles", is_flag=True, help="Show the patterns: mutual pairs, circles, cliques, stars, crosses, …")
@rules
@explained
@as_of
@rows_as
@click.pass_obj
def guarantees(flags: dict[str, Any], /, regime: str, *, circles: bool, **options: Any) -> None:
    """What each guarantor has promised against its equity; with --circles who stands in for whom in circles and stars.

    \b
    Example:
        relparty guarantees
        relparty guarantees --circles --explain
    """
    from . import related
    from .graph.guarantees import PATTERNS

    snapshot = related.snapshot_of(configured(flags), day_of(options["as_of"]))
    if circles or options["explain"]:
        rows = related.guarantee_patterns(snapshot, PATTERNS, explain=options["explain"])
    else:
        rows = related.guarantors(snapshot, regime)
    show_frame(rows, options["form"])


@click.command()
@click.option("--over", default=0.0, show_default=True, help="Show limits used to this percentage or more.")
@click.option("--since", type=DAY, help="Show what has changed since this day; with --explain, what caused it.")
@rules
@explained
@as_of
@rows_as
@click.pass_obj
def exposures(flags: dict[str, Any], /, over: float, since: datetime | None, regime: str, **options: Any) -> None:
    """The bank's exposure to each party and group, before and after mitigation, against the limits in force.

    \b
    Example:
        relparty exposures --over 70
        relparty exposures --over 100 --rules cn --explain --format csv
        relparty exposures --since 2024-05-31 --explain
    """
    from . import related

    config, explain = configured(flags), options["explain"]
    snapshot = related.snapshot_of(config, day_of(options["as_of"]))
    bank = related.bank_of(config, snapshot.day)
    if since:
        days = (related.snapshot_of(config, since.date()), snapshot)
        banks = (related.bank_of(config, days[0].day), bank)
        rows = related.limit_changes(days, regime, banks, explain=explain)
    else:
        rows = related.limit_rows(snapshot, regime, bank, over, explain=explain)
    show_frame(rows, options["form"])


@click.command()
@rules
@click.option("--as-of", type=DAY, help="Assess this day from the register.  [default: the store's day]")
@click.option("--dry-run", is_flag=True, help="Assess, but publish nothing.")
@waits
@summarised
@click.pass_obj
def assess(flags: dict[str, Any], /, regime: str, **options: Any) -> None:
    """Groups, guarantees, exposures and limits of a day in one run, published in the store.

    \b
    Example:
        relparty assess --rules cn
    """
    from . import related

    config = configured(flags)
    with progress() as step, store_of(config) as store:
        report = related.assess(config, store, regime, options, step)
    tell(report, options["summary"])


COMMANDS = (owners, controls, groups, guarantees, exposures, assess)
