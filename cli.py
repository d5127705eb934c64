"""The command line: parse, call, print. The only place where all rooms meet; heavy imports live inside commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import cli_related, cli_risk
from .cli_benchmark import benchmark
from .cli_common import (
    DAY,
    PATH,
    configured,
    day_of,
    progress,
    rows_as,
    show,
    show_frame,
    store_if,
    store_of,
    summarised,
    tell,
    waits,
)
from .cli_stress import stress
from .cli_watch import COMMANDS as WATCHING

if TYPE_CHECKING:
    from datetime import datetime


class OneLineErrors(click.Group):
    """Turns an error that a user can mend into one line on stderr and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command that was named."""
        from .graph.errors import RelpartyError

        try:
            return super().invoke(ctx)
        except RelpartyError as error:
            click.echo(f"relparty: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=PATH, help="Folder of register, models, runs, quarantine.  [default: relparty-data]")
@click.option("--store", help="embedded, or a Bolt URL: bolt://host:7687, neo4j+s://…  [default: embedded]")
@click.option("--user", help="User of the store.  [default: neo4j]")
@click.option("--database", help="Database of the store.  [default: neo4j]")
@click.option("--ca-file", type=PATH, help="Certificate authority that the store's certificate is checked against.")
@click.version_option(package_name="relparty")
@click.pass_context
def main(ctx: click.Context, /, **flags: str | None) -> None:
    """Related-party risk: load what a bank knows, score each firm with and without its links, publish, ask.

    Settings: flag, then environment (RELPARTY_HOME, RELPARTY_STORE, …), then relparty.toml. The store's password
    comes from RELPARTY_PASSWORD or the setting password_file, never from a flag. Exit codes: 0 fine, 2 usage, 3 data,
    4 store.

    \b
    Example:
        relparty demo
        relparty load bank/ --day 2024-06-30
        relparty train && relparty score && relparty query riskiest
    """
    ctx.obj = flags


@main.command()
@click.argument("folder", type=PATH)
def template(folder: str) -> None:
    """Write empty files of the canonical folder, one a table, with their headings.

    \b
    Example:
        relparty template bank/
    """
    from pathlib import Path

    from .loaders.folder import write_template

    for path in write_template(Path(folder)):
        click.echo(path)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--format", "form", type=click.Choice(["canonical", "bods", "dependence", "gleif", "psc", "smesd"]),
              default="canonical", show_default=True, help="What the files are.")  # fmt: skip
@click.option("--map", "map_file", type=PATH, help="TOML file that says how your bank writes each table.")
@click.option("--source", default="bank", show_default=True, help="Who says so, where a row doesn't.")
@click.option("--recorded-on", type=DAY, help="Day on which the files were learned of, where a row doesn't say.")
@click.option("--day", type=DAY, help="Move the store to this day, never back.  [default: where it is, else today]")
@click.option("--complete", is_flag=True, help="Each file is all that its source holds: close what is absent.")
@click.option("--allow-closing", is_flag=True, help="Let a complete file close more than 10 % of its source.")
@click.option("--strict", is_flag=True, help="Load nothing and exit 3 if a row is quarantined or a party bare.")
@click.option("--dry-run", is_flag=True, help="Read and count only; write neither register nor store.")
@click.option("--no-store", is_flag=True, help="Write the register alone.")
@waits
@summarised
@click.pass_obj
def load(flags: dict[str, Any], /, paths: tuple[str, ...], **options: Any) -> None:
    """Load files or folders into the register, and show the present in the store.

    \b
    Example:
        relparty load bank/ --day 2024-06-30
        relparty load entities.csv relationships.csv --format gleif
        relparty load owns.csv --complete --recorded-on 2024-07-01
    """
    from .jobs import load_files

    config = configured(flags)
    with progress() as step, store_if(not (options["dry_run"] or options["no_store"]), config) as store:
        report = load_files(config, store, paths, options, step)
    tell(report, options["summary"])


@main.command()
@click.option("--as-of", type=DAY, help="Look at the register as known on this day.  [default: today]")
@click.option("--rule", help="Show the rows at fault of one rule.")
@rows_as
@click.pass_obj
def check(flags: dict[str, Any], /, as_of: datetime | None, rule: str | None, form: str) -> None:
    """Check the register against the rules of data quality; exit 3 if one of severity error is broken.

    \b
    Example:
        relparty check
        relparty check --rule share_above_one --format csv
    """
    from .jobs import check_register

    rows, broken = check_register(configured(flags), day_of(as_of), rule)
    show_frame(rows, form)
    if broken:
        click.get_current_context().exit(3)


@main.command()
@click.option("--until", type=DAY, help="Last day that training may know.  [default: the last day known]")
@click.option("--seed", default=0, show_default=True, help="Seed of the training.")
@summarised
@click.pass_obj
def train(flags: dict[str, Any], /, until: datetime | None, seed: int, summary: str | None) -> None:
    """Train a model on the register, and LightGBM beside it; the model card says which wins where.

    \b
    Example:
        relparty train --until 2024-06-30
    """
    from .jobs import train_model

    with progress() as step:
        report = train_model(configured(flags), until and until.date(), seed, step)
    tell(report, summary)


@main.command()
@click.option("--as-of", type=DAY, help="Score this day from the register.  [default: the store's day, from the store]")
@click.option("--model", "model_id", help="Model to score with.  [default: the newest]")
@click.option("--overrides", type=PATH, help="File of overrides.  [default: overrides.csv in the home folder, if any]")
@click.option("--out", type=PATH, help="Also write all scores to this .csv or .parquet file.")
@click.option("--dry-run", is_flag=True, help="Score, but publish nothing.")
@waits
@summarised
@click.pass_obj
def score(flags: dict[str, Any], /, as_of: datetime | None, **options: Any) -> None:
    """Score every enterprise with and without its links, and publish the run in the store.

    \b
    Example:
        relparty score
        relparty score --as-of 2023-12-31 --out scores.csv
    """
    from .jobs import score_day

    config = configured(flags)
    with progress() as step, store_if(not (as_of and options["dry_run"]), config) as store:
        report = score_day(config, store, as_of and as_of.date(), options, step)
    tell(report, options["summary"])


@main.command()
@click.argument("question", required=False)
@click.option("-p", "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the question.")
@click.option("--limit", default=1000, show_default=True, help="Most rows to print.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds that the server may take.")
@rows_as
@click.pass_obj
def query(flags: dict[str, Any], /, question: str | None, given: tuple[str, ...], **options: Any) -> None:
    """Ask the store, read-only: a saved question by name, or Cypher. Without an argument: list the saved questions.

    \b
    Example:
        relparty query riskiest -p limit=20
        relparty query 'MATCH (p:Party) RETURN count(p) AS parties' --format json
    """
    from .graph.questions import asked, listed

    if question is None:
        return show_frame(listed(), options.pop("form"))
    form = options.pop("form")
    text, params, saved = asked(question, given)
    with store_of(configured(flags), reading=True) as store:
        answer = (store.ask if saved else store.query)(text, params, **options)
    show(answer.columns, answer.rows, form)
    if answer.truncated:
        click.echo(f"more than {options['limit']} rows; raise --limit", err=True)
    return None


@main.command()
@rows_as
@click.pass_obj
def runs(flags: dict[str, Any], /, form: str) -> None:
    """List the runs that the store knows, the one in force marked.

    \b
    Example:
        relparty runs --format json
    """
    with store_of(configured(flags), reading=True) as store:
        show_frame(store.runs(), form)


@main.command()
@rows_as
@click.pass_obj
def doctor(flags: dict[str, Any], /, form: str) -> None:
    """Say what is installed, what can be reached, and whether register, store and models fit together.

    \b
    Example:
        relparty doctor
    """
    from .jobs import diagnosis

    config = configured(flags)
    rows, code = diagnosis(config, lambda: store_of(config))
    show_frame(rows, form)
    click.get_current_context().exit(code)


@main.command()
@click.option("--firms", default=2000, show_default=True, help="Enterprises of the made-up economy.")
@click.option("--seed", default=7, show_default=True, help="Seed of the economy and of the training.")
@waits
@click.pass_obj
def demo(flags: dict[str, Any], /, firms: int, seed: int, wait: float) -> None:
    """Run the whole way on a made-up economy: write, load, train, score, publish, ask.

    \b
    Example:
        relparty --home demo demo
    """
    from .jobs import run_demo

    config = configured(flags)
    with progress() as step, store_of(config) as store:
        report = run_demo(config, store, (firms, seed, wait), step)
    tell(report, None)
    show(report["answer"].columns, report["answer"].rows, "table")
    click.echo(
        f"\nThe same in Cypher:\n{report['cypher']}\nOther questions: relparty --home {config.home} query", err=True
    )


@main.command()
@click.pass_obj
def serve(flags: dict[str, Any], /) -> None:
    """Keep the embedded store up until Ctrl-C, and print its Bolt URL and where the password lies.

    \b
    Example:
        relparty serve
    """
    from .jobs import keep_serving

    keep_serving(configured(flags), click.echo)


for command in (*cli_related.COMMANDS, *cli_risk.COMMANDS, stress, *WATCHING, benchmark):
    main.add_command(command)

if __name__ == "__main__":
    main()
