"""How near scores come to a known truth: by band, by motif, given a failure, under an intervention; with its gates."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from .oracle_asked import NEAR_AUC, Asked
from .oracle_motifs import MOTIFS

Floats = npt.NDArray[np.float64]

PD_BANDS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
CONTAGION_BANDS = (0.0, 0.001, 0.005, 0.01, 0.03, 0.1, 1.0)
LEAST_FIRMS = 30  # in a band or motif: fewer say nothing
REAL = 0.006  # mean contagion of an economy of this kind whose links carry losses
MOST = "without the 1% largest"
YEARLY = ("pd mean", "contagion mean", "contagion mean, absolute", "AUC")


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
    asked: Asked

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

    def by_year(self) -> list[dict[str, object]]:
        """Lines of years.csv: the figures of YEARLY day by day; of a single day nothing is asked."""
        days = self.rows.partition_by("as_of", as_dict=True)
        each = [(day, gate) for (day,), rows in sorted(days.items()) for gate in replace(self, rows=rows).gates()]
        shown = ("model", "seed", "what", "firms", "found", "truth")
        return [
            {"as_of": day} | {name: asdict(gate)[name] for name in shown} for day, gate in each if gate.what in YEARLY
        ]

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
        pair, part = _means(self.rows), self.asked.mean
        return self._gate("contagion mean", self.rows.height, pair, f"within {part:.0%}", _near(pair, part))

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
            self._at_least("contagion Pearson, all", len(said), (whole, 1.0), self.asked.pearson),
            self._at_least(f"contagion Pearson, {MOST}", int(rest.sum()), (without, 1.0), self.asked.rest),
        ]

    def _at_least(self, what: str, firms: int, pair: tuple[float, float], least: float | None) -> Gate:
        """Without a least, nothing is asked."""
        if least is None:
            return self._gate(what, firms, pair, "", None)
        return self._gate(what, firms, pair, f"at least {least:.2f}", pair[0] >= least)

    def _auc(self) -> Gate:
        """Expected AUC over draws of defaults from the true PDs, beside that of the true PDs themselves."""
        true = self.rows["pd_true"].to_numpy()
        pair = expected_auc(self.rows["pd"].to_numpy(), true), expected_auc(true, true)
        if self.asked.auc is not None:
            return self._at_least("AUC", len(true), pair, self.asked.auc)
        return self._gate("AUC", len(true), pair, f"within {NEAR_AUC}", pair[1] - pair[0] <= NEAR_AUC)


def slope(along: Floats, up: Floats) -> float:
    """Slope of the least-squares line of `up` on `along`, without an intercept."""
    return float((along * up).sum() / max((along * along).sum(), 1e-300))


def expected_auc(score: Floats, pd: Floats) -> float:
    """AUC of a score if each firm defaulted with its own probability: pairs weigh pd_i (1 - pd_j); ties count half."""
    order = np.argsort(score, kind="stable")
    bad, good = pd[order], 1 - pd[order]
    first = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    bad, good = np.add.reduceat(bad, first), np.add.reduceat(good, first)
    below = np.cumsum(good) - good / 2
    return float((bad * below).sum() / (bad.sum() * good.sum()))


def _means(rows: pl.DataFrame) -> tuple[float, float]:
    return float(rows["contagion"].to_numpy().mean()), float(rows["contagion_true"].to_numpy().mean())


def _near(pair: Sequence[float], part: float) -> bool:
    return abs(pair[0] - pair[1]) <= part * abs(pair[1])


def _pearson(said: Floats, true: Floats) -> float:
    return float(np.corrcoef(said, true)[0, 1]) if said.std() > 0 and true.std() > 0 else float("nan")
