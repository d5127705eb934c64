"""The commands relparty benchmark …: the models against known answers and real data. Mounted by cli.py."""

from __future__ import annotations

import click

from .cli_common import PATH, progress


@click.group()
def benchmark() -> None:
    """Measure the models: on real data, with the controls that tell contagion from its look-alikes.

    \b
    Example:
        relparty benchmark smesd --data smesd/ --out smesd-out/
    """


@benchmark.command()
@click.option("--data", type=PATH, required=True, help="Folder with SMEsD's companies, lawsuits, links, memberships.")
@click.option("--out", type=PATH, required=True, help="Folder for published.csv, dated.csv and smesd.md.")
@click.option("--rewirings", type=click.IntRange(min=1), default=12, show_default=True, help="How many times the links "
              "of the dated part are rewired and everything trained again.")  # fmt: skip
def smesd(data: str, out: str, rewirings: int) -> None:
    """Real small firms: the published split with its controls, and dated suits among survivors. Some minutes.

    \b
    Example:
        relparty benchmark smesd --data smesd/ --out smesd-out/
    """
    from pathlib import Path

    from .trials.smesd import run

    with progress() as step:
        told = run(Path(data), Path(out), rewirings, step)
    click.echo(told, nl=False)
