"""What the published split of SMEsD tells of its firms: own numbers, links, places, and what stands around them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from ..loaders.smesd_folder import SPLITS, Smesd
from ..loaders.smesd_links import LINK_TYPES
from .smesd_ties import Ties, tie

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
RELATIONS = (*LINK_TYPES, "qualify")
KINDS_OF_SUIT = {"result": 4, "cause": 11, "court": 4}  # and how many of each there are
TIMES = {
    "mean_suit": pl.col("months_before_observation").mean(),
    "first_suit": pl.col("months_before_observation").max(),
    "last_suit": pl.col("months_before_observation").min(),
}
MOST_PLACES = 30  # areas, and industries, that get a column of their own


@dataclass(frozen=True)
class Firms:
    """The firms of one split, a row each.

    Attributes:
        frame: company, age_months, bankrupt (null where withheld), and months of suits (null without any).
        own: (m, w) log capital, share paid in, age, branch, suits by result, cause and court; no gaps.
        ties: their links of record, those on memberships of kind qualify too; node numbers are rows.
        counts: (s,) the rows that are trained on or scored: not those that stand in a later split again.
    """

    frame: pl.DataFrame
    own: Floats
    ties: Ties
    counts: Ints

    @property
    def bankrupt(self) -> Floats:
        """Shape (s,): 1, 0, or NaN where withheld."""
        outcome = self.frame["bankrupt"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.asarray(outcome[self.counts])

    def edges(self) -> Floats:
        """Logarithms of how many links of each relation leave and reach a firm, shape (s, 2 relations)."""
        return np.log1p(self.ties.degrees()[self.counts])

    def around(self) -> Floats:
        """Means of the own numbers over linked firms, NaN without any, and how many there are; shape (s, w + 1)."""
        firms, nodes = len(self.own), self.ties.nodes
        ends = self.ties.both_ways()
        step = csr_array((np.ones(ends.shape[1]), (ends[1], ends[0])), shape=(nodes, nodes))
        near = (step + step @ step).tocsr()[:firms, :firms].tocoo()  # firm - firm, and firm - person - firm
        other = near.row != near.col
        linked = csr_array((np.ones(other.sum()), (near.row[other], near.col[other])), shape=(firms, firms))
        count = linked.sum(axis=1)
        means = (linked @ self.own) / np.where(count > 0, count, np.nan)[:, None]
        return np.column_stack([means, count])[self.counts]


def firms_of(smesd: Smesd, split: str) -> Firms:
    """The firms of a split, with what is told of them and their links."""
    later = smesd.companies.filter(pl.col("split").is_in(SPLITS[SPLITS.index(split) + 1 :]))["company"]
    firms = smesd.companies.filter(split=split).unique("company", keep="first").sort("company")
    suits = smesd.lawsuits.filter(split=split)
    times = suits.group_by("company").agg(**TIMES)
    frame = firms.join(times, on="company", how="left", maintain_order="left")
    counts = np.flatnonzero(~firms["company"].is_in(later.implode()).to_numpy())
    return Firms(frame, _own(firms, suits), _ties(smesd, split, firms), counts)


def places(smesd: Smesd, each: dict[str, Firms]) -> dict[str, Floats]:
    """By split (s, k), 1 where a firm is in an area or industry; a column for each that is frequent in train."""
    listed = smesd.memberships.filter(pl.col("kind").is_in(["area", "industry"]))
    known = listed.filter(split="train").group_by("kind", "key").agg(firms=pl.len())
    ranked = known.sort("kind", "firms", "key", descending=[False, True, False])
    frequent = ranked.group_by("kind", maintain_order=True).head(MOST_PLACES).with_row_index("column")
    found = {}
    for split, firms in each.items():
        rows = firms.frame.select("company").with_row_index("row")
        here = listed.filter(split=split).join(frequent, on=["kind", "key"]).join(rows, on="company")
        marks = np.zeros((rows.height, frequent.height))
        marks[here["row"].to_numpy(), here["column"].to_numpy()] = 1.0
        found[split] = marks[firms.counts]
    return found


def _own(firms: pl.DataFrame, suits: pl.DataFrame) -> Floats:
    """Log capital, share paid in, age, branch, and logarithms of the counts of suits by what they were."""
    paid = (pl.col("paid_capital") / pl.col("registered_capital").clip(1e-3)).clip(0, 1)
    plain = firms.select(pl.col("registered_capital").log1p(), pl.col("paid_capital").log1p(), paid.alias("paid"),
                         pl.col("age_months").log1p(), pl.col("branch").cast(pl.Float64))  # fmt: skip
    row = firms.select("company").with_row_index("row")
    counted = [plain.to_numpy()]
    for kind, many in KINDS_OF_SUIT.items():
        placed = suits.join(row, on="company").filter(pl.col(kind) < many)
        count = np.zeros((firms.height, many))
        np.add.at(count, (placed["row"].to_numpy(), placed[kind].to_numpy()), 1.0)
        counted.append(np.log1p(count))
    return np.concatenate(counted, axis=1)


def _ties(smesd: Smesd, split: str, firms: pl.DataFrame) -> Ties:
    links = smesd.links.filter(pl.col("split") == split, pl.col("type").is_in(list(LINK_TYPES)))
    ends = links.select("source", "target", relation="type")
    shared = smesd.memberships.filter(split=split, kind="qualify")
    shared = shared.select(source="company", target="key", relation="kind")
    return tie(firms["company"].to_list(), pl.concat([ends, shared]), RELATIONS)
