"""How near scores come to a known truth: by band, by motif, given a failure, under an intervention; with its gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..graph.snapshot import Snapshot

Floats = npt.NDArray[np.float64]

PD_BANDS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
CONTAGION_BANDS = (0.0, 0.001, 0.005, 0.01, 0.03, 0.1, 1.0)
LEAST_FIRMS = 30  # in a band or motif: fewer say nothing
STAR = 3  # debtors of a guarantor from which on it is a star's centre
RING = 3  # firms that guarantee each other in a circle
REAL = 0.006  # mean contagion of an economy of this kind whose links carry losses
MOST = "without the 1% largest"
MOTIFS = ("mutual pair", "ring", "star's centre", "star's leaf", "parent", "subsidiary")


@dataclass(frozen=True)
class Gate:
    """One line of the table: what was measured, what the truth is, and whether it is near enough.

    Attributes:
        passes: missing where nothing is asked of the figure, or too few firms were there to tell.
    """

    model: str
    seed: int
    what: str
    firms: int
    found: float
    truth: float
    asked: str = ""
    passes: bool | None = None


@dataclass(frozen=True)
class Judged:
    """Firms of all test days: what a model says of each beside the truth, and the motifs that each is part of."""

    model: str
    seed: int
    rows: pl.DataFrame  # pd, pd_standalone, contagion, the same with _true, linked, one flag a motif

    def gates(self) -> list[Gate]:
        """Every figure of the table."""
        rows, alone = self.rows, self.rows.filter(~pl.col("linked"))
        pds = float(rows["pd"].to_numpy().mean()), float(rows["pd_true"].to_numpy().mean())
        found = [self._gate("pd mean", rows.height, pds, "", None)]
        found += [*self._bands("pd", rows), *self._bands("pd_standalone", rows)]
        found += self._bands("pd", alone, " without links")
        if rows["contagion_true"].abs().max():
            found += [self._mean(), *self._bands("contagion", rows), *self._motifs(), *self._pearson()]
        else:
            found += self._nothing()
        return [*found, self._auc()]

    def _gate(self, what: str, firms: int, pair: tuple[float, float], asked: str, passes: bool | None) -> Gate:  # noqa: FBT001
        return Gate(self.model, self.seed, what, firms, *pair, asked, passes if firms >= LEAST_FIRMS else None)

    def _bands(self, name: str, rows: pl.DataFrame, among: str = "") -> list[Gate]:
        """Means by band of the prediction: near in proportion above, in points below."""
        contagion = name == "contagion"
        edges = CONTAGION_BANDS if contagion else PD_BANDS
        said, true = rows[name].to_numpy(), rows[f"{name}_true"].to_numpy()
        gates = []
        for low, high in pairwise(edges):
            inside = (said >= low) & ((said < high) | (high == 1.0))
            if not inside.any():
                continue
            pair = float(said[inside].mean()), float(true[inside].mean())
            part, least, points = (0.25, 0.005, 0.0015) if contagion else (0.2, 0.003, 0.001)
            near = abs(pair[0] - pair[1]) <= (part * pair[1] if low >= least else points)
            asked = f"within {part:.0%}" if low >= least else f"within {points:.2%}"
            gates.append(self._gate(f"{name} {low:.1%}-{high:.1%}{among}", int(inside.sum()), pair, asked, near))
        return gates

    def _mean(self) -> Gate:
        pair = _means(self.rows)
        return self._gate("contagion mean", self.rows.height, pair, "within 6%", _near(pair, 0.06))

    def _nothing(self) -> list[Gate]:
        """Where links carry nothing: how much contagion is seen all the same."""
        seen = self.rows["contagion"].abs().to_numpy()
        mean, high = float(seen.mean()), float(np.quantile(seen, 0.99))
        return [
            self._gate(
                "contagion mean, absolute", len(seen), (mean, 0.0), f"at most {REAL:.1%} x 4%", mean <= 0.04 * REAL
            ),
            self._gate("contagion 99th percentile", len(seen), (high, 0.0), "below .5%", high < 0.005),
        ]

    def _motifs(self) -> list[Gate]:
        gates = []
        for motif in MOTIFS:
            rows = self.rows.filter(pl.col(motif))
            if rows.height:
                pair = _means(rows)
                gates.append(self._gate(f"contagion of {motif}", rows.height, pair, "within 15%", _near(pair, 0.15)))
        return gates

    def _pearson(self) -> list[Gate]:
        said, true = self.rows["contagion"].to_numpy(), self.rows["contagion_true"].to_numpy()
        rest = true < np.quantile(true, 0.99)
        whole, without = _pearson(said, true), _pearson(said[rest], true[rest])
        return [
            self._gate("contagion Pearson, all", len(said), (whole, 1.0), "at least .96", whole >= 0.96),
            self._gate(f"contagion Pearson, {MOST}", int(rest.sum()), (without, 1.0), "at least .93", without >= 0.93),
        ]

    def _auc(self) -> Gate:
        """Expected AUC over draws of defaults from the true PDs, beside that of the true PDs themselves."""
        true = self.rows["pd_true"].to_numpy()
        pair = expected_auc(self.rows["pd"].to_numpy(), true), expected_auc(true, true)
        return self._gate("AUC", len(true), pair, "within .002", pair[1] - pair[0] <= 0.002)


def slope(said: Floats, true: Floats) -> float:
    """Slope of the truth's least-squares line through what was said, without an intercept; 1 is right."""
    return float((said * true).sum() / max((said * said).sum(), 1e-300))


def expected_auc(score: Floats, pd: Floats) -> float:
    """AUC of a score if each firm defaulted with its own probability: pairs weigh pd_i (1 - pd_j); ties count half."""
    order = np.argsort(score, kind="stable")
    bad, good = pd[order], 1 - pd[order]
    first = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    bad, good = np.add.reduceat(bad, first), np.add.reduceat(good, first)
    below = np.cumsum(good) - good / 2
    return float((bad * below).sum() / (bad.sum() * good.sum()))


def motifs(snapshot: Snapshot) -> pl.DataFrame:
    """One row an enterprise: party_id, `linked` (any link at all with another enterprise) and one flag a motif."""
    size = snapshot.enterprises
    guarantees, stakes = (_ends(snapshot, name) for name in ("guarantees", "owns"))
    every = np.concatenate([_ends(snapshot, name) for name in ("guarantees", "owns", "supplies", "lends_to")], axis=1)
    centre, leaf = _stars(guarantees, size)
    mutual, ring = _circles(guarantees, size)
    flags = {
        "linked": np.isin(np.arange(size), every),
        "mutual pair": mutual,
        "ring": ring,
        "star's centre": centre,
        "star's leaf": leaf,
        "parent": np.isin(np.arange(size), stakes[0]),
        "subsidiary": np.isin(np.arange(size), stakes[1]),
    }
    return pl.DataFrame({"party_id": snapshot.parties["party_id"].head(size)}).with_columns(
        pl.Series(name, flag) for name, flag in flags.items()
    )


def _ends(snapshot: Snapshot, table: str) -> npt.NDArray[np.int64]:
    """Source and target of the links between enterprises, (2, m)."""
    rows = snapshot.table(table).select("source_row", "target_row").cast(pl.Int64)
    both = rows.filter(
        (pl.max_horizontal(pl.all()) < snapshot.enterprises) & (pl.col("source_row") != pl.col("target_row"))
    )
    return np.ascontiguousarray(both.to_numpy().T)


def _circles(ends: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who stands in a mutual guarantee, and who in a larger circle."""
    links = csr_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(size, size))
    both = links.multiply(links.T)
    _, label = connected_components(links, directed=True, connection="strong")
    ring = np.bincount(label, minlength=size)[label] >= RING
    return np.asarray(both.sum(axis=1)).ravel() > 0, ring


def _stars(ends: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who guarantees at least STAR others, and whom they guarantee."""
    pairs = np.unique(ends, axis=1)
    centre = np.bincount(pairs[0], minlength=size) >= STAR
    leaf = np.zeros(size, bool)
    leaf[pairs[1][centre[pairs[0]]]] = True
    return centre, leaf


def _means(rows: pl.DataFrame) -> tuple[float, float]:
    return float(rows["contagion"].to_numpy().mean()), float(rows["contagion_true"].to_numpy().mean())


def _near(pair: Sequence[float], part: float) -> bool:
    return abs(pair[0] - pair[1]) <= part * abs(pair[1])


def _pearson(said: Floats, true: Floats) -> float:
    return float(np.corrcoef(said, true)[0, 1]) if said.std() > 0 and true.std() > 0 else float("nan")
