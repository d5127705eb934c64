"""The production side of a snapshot: who supplies whom, with which sector, and what a producer can't do without."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from .channels import balance_sheets
from .errors import DataError
from .rings import Floats, Ints
from .snapshot import Snapshot

NEGLIGIBLE, NON_ESSENTIAL, ESSENTIAL = range(3)
MONTHS = 12
# Sections A to E of GB/T 4754 and of NACE make or mine, grow, power and build things; construction is F in NACE, whose
# divisions 41 to 43 no section F of GB/T has. Everything else is a service, and so is what nobody knows.
PHYSICAL = r"^([A-E]|F ?4[1-3])"
ESSENTIALITY = np.array([[NON_ESSENTIAL, NON_ESSENTIAL], [NON_ESSENTIAL, ESSENTIAL]])  # services, physical


@dataclass(frozen=True)
class Production:
    """Firms that supply each other, and what their customers can't do without.

    Attributes:
        supplies: shape (n, n), money a year, at least 0; [i, j] is what i supplies to j.
        sector: shape (n,), number of the sector in which a firm can be replaced.
        kind: shape (sectors,), row and column of each sector in `essentiality`.
        essentiality: shape (kinds, kinds), by kind of the supplier and of the customer: NEGLIGIBLE, NON_ESSENTIAL or
            ESSENTIAL.
        revenue: shape (n,), money a year, all that a firm sells, final demand included; NaN where nobody knows, which
            then counts as what it supplies.
        costs: shape (n,), money a year, all that a firm buys; the same.
        unsized: how many links are known without an amount and left out.
    """

    supplies: sparse.csr_array
    sector: Ints
    kind: Ints
    essentiality: Ints
    revenue: Floats | None = None
    costs: Floats | None = None
    unsized: int = 0

    def __post_init__(self) -> None:
        """Refuses amounts below 0 or missing, and a network in which nobody supplies anything."""
        amounts = self.supplies.data
        wrong = int((~(amounts >= 0)).sum())
        if wrong:
            raise DataError(
                f"supplies: {wrong:,} amounts are below 0 or missing. Correct them, or leave the links out."
            )
        if not amounts.any():
            raise DataError("supplies: nobody supplies anything, so no firm has a share of output. Load turnover.")

    @cached_property
    def sold(self) -> Floats:
        """Shape (n,), what each firm supplies to all others."""
        return np.asarray(self.supplies.sum(axis=1))

    @cached_property
    def bought(self) -> Floats:
        """Shape (n,), what each firm is supplied with, negligible inputs too."""
        return np.asarray(self.supplies.sum(axis=0))

    @property
    def all_sold(self) -> Floats:
        """Shape (n,), what each firm sells, to final demand too."""
        return self.sold if self.revenue is None else np.fmax(self.sold, self.revenue)

    @property
    def all_bought(self) -> Floats:
        """Shape (n,), what each firm buys, outside the network too."""
        return self.bought if self.costs is None else np.fmax(self.bought, self.costs)

    @cached_property
    def note(self) -> str:
        """What a reader of the figures must know: where final demand is missing the tolerance makes the number."""
        sellers = self.sold > 0
        without = sellers & ~(self.all_sold > self.sold)
        said = []
        if without.sum() == sellers.sum():
            said.append(
                "no final demand is given: whatever a firm sells goes to firms of the network, the upstream shares of "
                "each sum to 1, the cascade runs on towards near-total collapse and the figure is defined by eps. Give "
                "revenue and costs."
            )
        elif without.any():
            said.append(f"{without.sum():,} of {sellers.sum():,} suppliers have no final demand.")
        if self.unsized:
            said.append(f"{self.unsized:,} links are known without an amount and left out.")
        return " ".join(said)


def production_network(snapshot: Snapshot) -> Production:
    """The yearly turnover of all SUPPLIES, rows numbered as the snapshot's parties.

    Physical inputs are essential to physical producers; services, and all inputs of service firms, are non-essential:
    this project's convention, after Diem et al. (2022). A sector is the industry as it is written, a firm without one
    is a sector of its own, which nobody can replace. Revenue and costs, per year, count where they are at least what
    the links show; consolidated ones stand in for missing solo ones.

    Raises:
        DataError: no link has a turnover above 0.
    """
    links = snapshot.table("supplies").filter(pl.col("source_row") != pl.col("target_row"))
    sized = links.filter(pl.col("turnover") > 0)
    size = snapshot.parties.height
    ends = sized["source_row"].to_numpy(), sized["target_row"].to_numpy()
    supplies = sparse.csr_array((sized["turnover"].to_numpy(), ends), shape=(size, size))
    sectors = _sectors(snapshot.parties)
    sheets = balance_sheets(snapshot)
    return Production(
        supplies,
        sectors["sector"].to_numpy(),
        _kinds(sectors),
        ESSENTIALITY,
        _stated(sheets, "revenue", np.asarray(supplies.sum(axis=1))),
        _stated(sheets, "costs", np.asarray(supplies.sum(axis=0))),
        unsized=links["turnover"].null_count(),
    )


def _sectors(parties: pl.DataFrame) -> pl.DataFrame:
    """Each party's industry, and the number of its sector: dense, in the order of the names."""
    industry = pl.col("industry").str.strip_chars()
    named = parties.with_row_index("row").select("row", industry=pl.when(industry != "").then(industry))
    own = pl.when(pl.col("industry").is_null()).then("row")
    sector = pl.struct("industry", own.alias("own")).rank("dense").cast(pl.Int64) - 1
    return named.with_columns(sector=sector)


def _kinds(sectors: pl.DataFrame) -> np.ndarray:
    physical = pl.col("industry").str.to_uppercase().str.contains(PHYSICAL).fill_null(value=False)
    by_sector = sectors.unique("sector").sort("sector")
    return by_sector.select(physical.cast(pl.Int64)).to_series().to_numpy()


def _stated(sheets: pl.DataFrame, column: str, shown: Floats) -> Floats:
    """A yearly figure of the accounts by party, NaN where it is missing or less than what the links show."""
    figures = np.full(shown.size, np.nan)
    yearly = pl.col(column) * MONTHS / pl.col("months").fill_null(MONTHS)
    figures[sheets["party_row"].to_numpy()] = sheets.select(yearly).to_series().to_numpy()
    return np.where(figures >= shown, figures, np.nan)
