"""SMEsD's survivors as a dated panel: who lost a loan suit when, what was known on a day, and who is linked to whom.

Months are numbers that end with 0, December 2021, from which the months of survivors are counted back. Only firms that
survived and are no branches are here: of no other is the month of a suit known. Links are undated and taken to hold all
the time; those that a suit itself made (loan, creditor, deal, rent) are left out: they would tell of suits to come.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from ..loaders.smesd_folder import Smesd
from .smesd_ties import Ties, tie

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LOAN, LOST = 0, 3  # cause and result of the suit in question: a defendant lost it
YEAR = 12  # months of a window, and of what counts as lately
NEVER = -10_000  # the month of what did not happen
PERSON_LINKS = ("supervise", "execute", "stakeholder", "invest_CP")
RELATIONS = ("person", "qualify", "owner")  # a person of record shared; one of the memberships shared; firm owns firm
MOST_PLACES = 12  # areas, and industries, that get a column of their own


@dataclass(frozen=True)
class Panel:
    """The survivors.

    Attributes:
        companies: their ids, by row.
        plain: (m, w) log capital, share paid in, links by relation, area, industry: undated, the same on every day.
        founded: (m,) month.
        area: (m,) number of the area.
        suits: row, month, lost (a defendant lost), defends, loan: one row a suit.
        ties: links of `RELATIONS`; a person that only one survivor has is left out.
    """

    companies: tuple[str, ...]
    plain: Floats
    founded: Ints
    area: Ints
    suits: pl.DataFrame
    ties: Ties

    def lost_loans(self) -> tuple[Ints, Ints]:
        """Row and month of each lost loan suit."""
        mine = self.suits.filter("lost", "loan")
        return mine["row"].to_numpy().astype(np.int64), mine["month"].to_numpy().astype(np.int64)

    def first(self) -> Ints:
        """Shape (m,): the month of the first lost loan suit, after month 0 where there is none."""
        first = np.full(len(self.companies), 1)
        np.minimum.at(first, *self.lost_loans())
        return first

    def at_risk(self, day: int) -> Ints:
        """Rows of the firms that were there at the end of month `day` and had lost no loan suit."""
        return np.flatnonzero((self.founded < day) & (self.first() > day))

    def outcome(self, day: int, rows: Ints) -> Floats:
        """1 where the first suit was lost in the twelve months after the day, shape (s,)."""
        return (self.first()[rows] <= min(day + YEAR, 0)).astype(np.float64)

    def lost_between(self, after: int, until: int) -> npt.NDArray[np.bool_]:
        """Shape (m,): who lost a loan suit in the months after the first, up to and with the second."""
        rows, months = self.lost_loans()
        lost = np.zeros(len(self.companies), dtype=bool)
        lost[rows[(months > after) & (months <= until)]] = True
        return lost

    def with_ties(self, ties: Ties) -> "Panel":
        """The same firms with other links."""
        return replace(self, ties=ties)


def survivors(smesd: Smesd) -> Panel:
    """The firms whose suits are dated."""
    each = smesd.companies.sort("company", "split").group_by("company", maintain_order=True).agg(
        pl.col("split", "registered_capital", "paid_capital", "age_months").first(), pl.col("branch", "bankrupt").max()
    )  # fmt: skip
    firms = each.filter(bankrupt=0, branch=0)
    ties = _ties(smesd, firms["company"])
    row = firms.select("company", "split").with_row_index("row")
    suits = smesd.lawsuits.join(row, on=["company", "split"]).select(
        "row",
        month=-pl.col("months_before_observation"),
        lost=pl.col("result") == LOST,
        defends=pl.col("result") >= LOST - 1,
        loan=pl.col("cause") == LOAN,
    )
    listed = smesd.memberships.join(row.select("company", "row"), on="company")
    capital = firms.select(
        pl.col("registered_capital").log1p(),
        (pl.col("paid_capital") / pl.col("registered_capital").clip(1e-3)).clip(0, 1).alias("paid"),
    )
    marks = [_marks(listed, kind, firms.height) for kind in ("area", "industry")]
    plain = np.column_stack([capital.to_numpy(), np.log1p(ties.degrees()), *marks])
    founded = -firms["age_months"].cast(pl.Int64).to_numpy()
    return Panel(ties.firms, plain, founded, _areas(listed, firms.height), suits, ties)


def _ties(smesd: Smesd, companies: pl.Series) -> Ties:
    """Persons stand between the firms that share them; a link that several offices make stands once."""
    shared = pl.concat([
        smesd.links.filter(pl.col("type").is_in(PERSON_LINKS)).select(
            source="target", target="source", relation=pl.lit("person")),
        smesd.memberships.filter(kind="qualify").select(source="company", target="key", relation=pl.lit("qualify")),
    ]).unique().filter(pl.col("source").is_in(companies.implode()))  # fmt: skip
    several = shared.filter(pl.len().over("target") > 1)
    both = pl.all_horizontal(pl.col("source", "target").is_in(companies.implode()))
    owned = smesd.links.filter(pl.col("type") == "invest_CC", both)
    links = pl.concat([several, owned.select("source", "target", relation=pl.lit("owner"))])
    return tie(companies.to_list(), links, RELATIONS)


def _marks(listed: pl.DataFrame, kind: str, firms: int) -> Floats:
    """A column for each frequent area or industry, 1 where a firm is in it, shape (m, k)."""
    mine = listed.filter(kind=kind).select("row", "key").unique()
    ranked = mine.group_by("key").agg(firms=pl.len()).sort("firms", "key", descending=[True, False]).head(MOST_PLACES)
    placed = mine.join(ranked.with_row_index("column"), on="key")
    marks = np.zeros((firms, ranked.height))
    marks[placed["row"].to_numpy(), placed["column"].to_numpy()] = 1.0
    return marks


def _areas(listed: pl.DataFrame, firms: int) -> Ints:
    """The area of each firm as a number, 0 where none is told, shape (m,)."""
    mine = listed.filter(pl.col("kind") == "area", pl.col("key") != "nan").unique("row", keep="first")
    area = np.zeros(firms, dtype=np.int64)
    area[mine["row"].to_numpy()] = mine["key"].rank("dense").cast(pl.Int64).to_numpy()
    return area
