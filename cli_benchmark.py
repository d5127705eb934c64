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


@benchmark.command()
@click.option("--train", type=PATH, required=True, help="Canonical folder to train on.")
@click.option("--test", type=PATH, required=True, help="Another one, with its truth.parquet: party_id, as_of, pd, "
              "pd_standalone, contagion; perhaps given.parquet and interventions.parquet.")  # fmt: skip
@click.option("--out", type=PATH, required=True, help="Folder for scores.parquet, gates.csv, years.csv, run.json "
              "and oracle.md.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="How many times to train.")
@click.option("--form", help="By whose gates to judge: clean, noisy, twist, …  [default: what the test's economy.json "
              "tells, else clean]")  # fmt: skip
def oracle(train: str, test: str, out: str, seeds: int, form: str | None) -> None:
    """An economy whose true probabilities are known: PDs, contagion, failures and interventions beside the truth.

    \b
    Example:
        relparty benchmark oracle --train one/ --test another/ --out oracle-out/
    """
    from pathlib import Path

    from .trials.oracle import Test, run

    with progress() as step:
        told = run(Path(train), Test.read(Path(test), form), Path(out), range(seeds), step)
    click.echo(told, nl=False)


@benchmark.command()
@click.argument("runs", type=PATH, nargs=-1, required=True)
def oracle_summary(runs: tuple[str, ...]) -> None:
    """Several runs of the oracle together: RUNS are their --out folders. Intervals over economies and over years.

    \b
    Example:
        relparty benchmark oracle-summary oracle-out-1/ oracle-out-2/ oracle-out-3/
    """
    from pathlib import Path

    from .trials.oracle_summary import summary

    click.echo(summary([Path(run) for run in runs]), nl=False)
