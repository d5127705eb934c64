"""What commands share: options, settings, the store, progress, and how rows are printed. Imports click alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    import polars as pl

    from .graph.configuration import Configuration
    from .graph.store import Store

PATH, DAY = click.Path(), click.DateTime(["%Y-%m-%d"])
WIDE = 200  # columns of a table that goes into a file or a pipe

rows_as = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How rows are printed; csv is letter for letter, so open it in a spreadsheet as text.",
)
waits = click.option("--wait", default=120.0, show_default=True, help="Seconds to wait for another writer.")
summarised = click.option("--summary", type=PATH, help="Write counts, timings, hashes and run id to this JSON file.")


def configured(flags: dict[str, Any]) -> Configuration:
    """The settings under the flags of the command line."""
    from .graph.configuration import configuration

    return configuration(flags)


def day_of(given: Any) -> date:
    """The day given, else today."""
    from datetime import date

    return given.date() if given else date.today()  # noqa: DTZ011 (a bank's day is a local day)


def store_of(config: Configuration, *, reading: bool = False) -> AbstractContextManager[Store]:
    """The store that the settings name, the embedded one started if need be; `reading` makes none."""
    from .jobs import opened

    return opened(config, reading=reading)


def store_if(wanted: bool, config: Configuration) -> AbstractContextManager[Store | None]:
    """The store, or none where the command writes none."""
    return store_of(config) if wanted else nullcontext()


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
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


def tell(report: dict[str, Any], summary: str | None) -> None:
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
    if not table.row_count:
        click.echo("no rows", err=True)


def _cell(value: Any) -> str:
    import json

    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return "" if value is None else str(value)
