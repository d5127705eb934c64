"""How fast files become a register and a snapshot: rows in, seconds, peak memory; beside a bare read of the files."""

import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from relparty.graph.register import Register
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in

DAY = date(2024, 6, 30)


def write_files(folder: Path, firms: int, links: int) -> None:
    """Made-up firms with stakes, trades and loans, a third of the links each, as Parquet."""
    dice = np.random.default_rng(1)
    ids = pl.Series([f"E-{number:07d}" for number in range(firms)])
    start = pl.Series([date(2020, 1, 1)]).extend_constant(date(2020, 1, 1), firms - 1)
    pl.DataFrame({"party_id": ids, "kind": ["enterprise"] * firms, "valid_from": start}).write_parquet(
        folder / "parties.parquet"
    )
    for table, (source, target, amount) in {
        "owns": ("owner_id", "enterprise_id", "share"),
        "supplies": ("supplier_id", "buyer_id", "turnover"),
        "lends_to": ("lender_id", "borrower_id", "balance"),
    }.items():
        ends = dice.integers(0, firms, (links // 3, 2))
        ends = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
        frame = pl.DataFrame(
            {source: ids.gather(ends[:, 0]), target: ids.gather(ends[:, 1]), amount: dice.random(len(ends))}
        )
        frame.with_columns(valid_from=pl.lit(date(2020, 1, 1)), recorded_on=pl.lit(date(2020, 1, 1))).write_parquet(
            folder / f"{table}.parquet"
        )


def measure(firms: int, links: int) -> tuple[str, ...]:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, firms, links)
        begun = time.perf_counter()
        bare = [pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))]
        read = time.perf_counter() - begun
        rows = sum(frame.height for frame in bare)
        del bare
        begun = time.perf_counter()
        register = take_in(Register.empty(), read_folder(folder)).register
        taken = time.perf_counter() - begun
        begun = time.perf_counter()
        snapshot = register.as_of(DAY)
        shown = time.perf_counter() - begun
        assert sum(frame.height for frame in snapshot.links.values()) > 0.9 * links
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    total = taken + shown
    return (
        f"{firms:,}",
        f"{rows:,}",
        f"{read:.2f}",
        f"{taken:.2f}",
        f"{shown:.2f}",
        f"{total:.2f}",
        f"{total / read:.0f}",
        f"{memory:.1f}",
    )


def main() -> None:
    """Prints the table."""
    print(
        "firms | rows | bare read s | files to Register s | Register to Snapshot s | together s | times bare | peak GiB"
    )
    for firms, links in ((100_000, 300_000), (1_000_000, 5_000_000)):
        print(" | ".join(measure(firms, links)), flush=True)


if __name__ == "__main__":
    main()
