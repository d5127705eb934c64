"""The command line: parse, call, print. The only place where all rooms meet; heavy imports live inside commands."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime

    import polars as pl

    from .graph.configuration import Configuration
    from .graph.store import Store

PATH, DAY = click.Path(), click.DateTime(["%Y-%m-%d"])
WIDE = 200  # columns of a table that goes into a file or a pipe


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


shown = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How rows are printed; csv is letter for letter, so open it in a spreadsheet as text.",
)
waits = click.option("--wait", default=120.0, show_default=True, help="Seconds to wait for another writer.")
summarised = click.option("--summary", type=PATH, help="Write counts, timings, hashes and run id to this JSON file.")


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
@click.option("--format", "form", type=click.Choice(["canonical", "bods", "gleif", "psc", "smesd"]),
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

    config = _configured(flags)
    with _progress() as progress, _store_if(not (options["dry_run"] or options["no_store"]), config) as store:
        report = load_files(config, store, paths, options, progress)
    _tell(report, options["summary"])


@main.command()
@click.option("--as-of", type=DAY, help="Look at the register as known on this day.  [default: today]")
@click.option("--rule", help="Show the rows at fault of one rule.")
@shown
@click.pass_obj
def check(flags: dict[str, Any], /, as_of: datetime | None, rule: str | None, form: str) -> None:
    """Check the register against the rules of data quality; exit 3 if one of severity error is broken.

    \b
    Example:
        relparty check
        relparty check --rule share_above_one --format csv
    """
    from .jobs import check_register

    rows, broken = check_register(_configured(flags), _day(as_of), rule)
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

    with _progress() as progress:
        report = train_model(_configured(flags), until and until.date(), seed, progress)
    _tell(report, summary)


@main.command()
@click.option("--as-of", type=DAY, help="Score this day from the register.  [default: the store's day, from the store]")
@click.option("--model", "model_id", help="Model to score with.  [default: the newest]")
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

    config = _configured(flags)
    with _progress() as progress, _store_if(not (as_of and options["dry_run"]), config) as store:
        report = score_day(config, store, as_of and as_of.date(), options, progress)
    _tell(report, options["summary"])


@main.command()
@click.argument("question", required=False)
@click.option("-p", "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the question.")
@click.option("--limit", default=1000, show_default=True, help="Most rows to print.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds that the server may take.")
@shown
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
    with _store(_configured(flags)) as store:
        answer = (store.ask if saved else store.query)(text, params, **options)
    show(answer.columns, answer.rows, form)
    if answer.truncated:
        click.echo(f"more than {options['limit']} rows; raise --limit", err=True)
    return None


@main.command()
@shown
@click.pass_obj
def runs(flags: dict[str, Any], /, form: str) -> None:
    """List the runs that the store knows, the one in force marked.

    \b
    Example:
        relparty runs --format json
    """
    with _store(_configured(flags)) as store:
        show_frame(store.runs(), form)


@main.command()
@shown
@click.pass_obj
def doctor(flags: dict[str, Any], /, form: str) -> None:
    """Say what is installed, what can be reached, and whether register, store and models fit together.

    \b
    Example:
        relparty doctor
    """
    from .jobs import diagnosis

    config = _configured(flags)
    rows, code = diagnosis(config, lambda: _store(config))
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

    config = _configured(flags)
    with _progress() as progress, _store(config) as store:
        report = run_demo(config, store, (firms, seed, wait), progress)
    _tell(report, None)
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

    keep_serving(_configured(flags), click.echo)


def _configured(flags: dict[str, Any]) -> Configuration:
    from .graph.configuration import configuration

    return configuration(flags)


def _day(given: Any) -> date:
    from datetime import date

    return given.date() if given else date.today()  # noqa: DTZ011 (a bank's day is a local day)


def _store(config: Configuration) -> AbstractContextManager[Store]:
    """The store that the settings name, the embedded one started if need be."""
    from .jobs import opened

    return opened(config)


def _store_if(wanted: bool, config: Configuration) -> AbstractContextManager[Store | None]:
    """The store, or none where the command writes none."""
    return _store(config) if wanted else nullcontext()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr for each named step, only where somebody looks at it."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    console = Console(stderr=True)
    with Progress(TextColumn("{task.description:<28}"), *Progress.get_default_columns()[1:], console=console,
                  disable=not console.is_terminal) as bar:  # fmt: skip
        tasks: dict[str, Any] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name)
            bar.update(tasks[name], completed=done, total=max(total, 1))

        yield step


def _tell(report: dict[str, Any], summary: str | None) -> None:
    """Prints a job's report to stderr, and writes it as JSON where asked."""
    import json
    from pathlib import Path

    for line in report.get("lines", []):
        click.echo(line, err=True)
    if summary:
        kept = {name: value for name, value in report.items() if name != "lines"}
        Path(summary).write_text(json.dumps(kept, default=str, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if report.get("exit_code"):
        click.get_current_context().exit(report["exit_code"])


def show(columns: Sequence[str], rows: Iterable[tuple[Any, ...]], form: str) -> None:
    """Prints rows to stdout as a table, CSV or JSON."""
    import csv
    import io
    import json

    if form == "json":
        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        click.echo(json.dumps(listed, default=str, indent=1, ensure_ascii=False))
    elif form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([columns, *(map(_cell, row) for row in rows)])
        click.echo(text.getvalue(), nl=False)
    else:
        _print_table(columns, rows)


def show_frame(frame: pl.DataFrame, form: str) -> None:
    """Prints a frame's rows."""
    show(frame.columns, frame.iter_rows(), form)


def _print_table(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDE)
    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(f"{cell:.6g}" if isinstance(cell, float) else _cell(cell)) for cell in row))
    console.print(table)


def _cell(value: Any) -> str:
    import json

    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
