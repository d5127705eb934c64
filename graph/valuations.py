"""Valuations: how much of a promise is missing once who gave it has lost so much. One small table, MODELS.

Each function gives the missing part, a fraction that never falls as the loss grows, so that every sum of them has a
greatest solution, and iteration from the unharmed equity falls to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import erf

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# A debt that is paid in part; what is owed to others than the parties here, where that ranks first; a share in equity;
# a harm that is or isn't.
Kind = Literal["claim", "debt", "stake", "event"]
Seniority = Literal["pari_passu", "external_senior"]

TIE = 1e-12  # of equity: losses so near to it are a tie


@dataclass(frozen=True)
class Terms:
    """The numbers that a model leaves open.

    Attributes:
        recovery: of a claim on a firm that failed, where the model doesn't find it itself; fraction.
        alpha, beta: Rogers-Veraart: what is left of outside assets and of claims once they are realised; fractions.
        volatility: yearly, of outside assets; ex-ante models only. A number, or one of each firm, shape (n,).
        seniority: whether claims of parties here on each other rank with all that is owed, or after what is owed to
            others, the bank and its guarantors among them; of models that share out what is left.
        zero_fails: the tie rule: a firm that has lost exactly its equity, to a part in 1e12, has failed, or stands.
    """

    recovery: float = 0.0
    alpha: float = 1.0
    beta: float = 1.0
    volatility: float | Floats = 0.25
    seniority: Seniority = "pari_passu"
    zero_fails: bool = True

    def failed(self, equity: Floats, loss: Floats) -> Flags:
        """Who has failed by the tie rule, of equity before losses, same shape; what differs by rounding alone is a tie.

        Sums of the same losses in another order would else decide who fails: .1 + .2 + .3 against .3 + .2 + .1.
        """
        return np.asarray(loss >= equity * (1 - TIE) if self.zero_fails else loss > equity * (1 + TIE))


@dataclass(frozen=True)
class Sheets:
    """Balance sheets as valuations read them, made by `sheets`: money, any shapes that go together.

    Attributes:
        equity: with every claim worth its face; infinite: nothing is known that could fail.
        owed: all that the firm owes and that ranks with the claims on it; infinite where that is nothing.
        outside: assets that are no claims on others here.
        full: equity at which a stake in the firm has lost nothing, and `gone` what of it is lost already.
        volatility: yearly, of outside assets.
        junior: of what is owed, what ranks last: the claims on the firm; none: all ranks equally.
    """

    equity: Floats
    owed: Floats
    outside: Floats
    full: Floats
    gone: Floats
    volatility: Floats
    junior: Floats | None = None

    def at(self, rows: npt.NDArray[np.int64] | None) -> "Sheets":
        """Those of some firms; None: all of them as columns, shape (n, 1)."""
        places = (slice(None), None) if rows is None else rows
        found = Sheets(*(getattr(self, part.name)[places] for part in fields(self) if part.name != "junior"))
        return found if self.junior is None else replace(found, junior=self.junior[places])


def sheets(equity: Floats, owed: Floats, outside: Floats, full: Floats, volatility: float | Floats) -> Sheets:
    """Balance sheets of firms, each shape (n,), made ready for valuations.

    A firm that owes nothing can't fail to pay, so claims on it are worth their face; a stake in a firm whose equity
    was not above 0 has nothing left. Of a firm with infinite equity nothing else is asked.
    """
    known, whole = np.isfinite(equity), full > 0
    return Sheets(
        equity=equity,
        owed=np.where(known, np.where(owed > 0, owed, np.inf), 1.0),
        outside=np.where(known, outside, 1.0),
        full=np.where(whole, full, 1.0),
        gone=np.where(whole & known, full - np.where(known, equity, 0.0), np.where(whole, 0.0, 1.0)),
        volatility=np.broadcast_to(np.asarray(volatility, np.float64), equity.shape),
    )


def ranked(kind: Kind, part: Floats, sheets: Sheets) -> Floats:
    """The part that is missing of claims, or of the debt that ranks before them, if such a part is missing of both."""
    if sheets.junior is None or kind not in ("claim", "debt"):
        return part
    short = np.where(part > 0, part * np.where(np.isfinite(sheets.owed), sheets.owed, 0.0), 0.0)
    first = sheets.owed - sheets.junior
    missing, whole = (short, sheets.junior) if kind == "claim" else (short - sheets.junior, first)
    return np.clip(np.divide(missing, whole, out=np.zeros_like(short), where=whole > 0), 0.0, 1.0)


Missing = Callable[[Sheets, Floats, Floats, Terms], Floats]  # sheets, loss in all, loss of outside assets -> fraction


def paid_in_part(sheets: Sheets, loss: Floats, _: Floats, __: Terms) -> Floats:
    """Eisenberg & Noe (2001): assets are shared among all who are owed, at equal rank; nothing is lost on the way."""
    short: Floats = (loss - sheets.equity) / sheets.owed
    return np.clip(short, 0.0, 1.0, out=short)


def realised(sheets: Sheets, loss: Floats, shock: Floats, terms: Terms) -> Floats:
    """Rogers & Veraart (2013): once it fails, a firm gets alpha of its outside assets and beta of its claims.

    Calls on it come first, and out of its outside assets once they are more than its claims.
    """
    failed = terms.failed(sheets.equity, loss) & np.isfinite(sheets.owed)
    left = np.clip(1 + np.where(failed, sheets.equity - loss, 0.0) / sheets.owed, 0.0, 1.0)
    outside = np.minimum((sheets.outside - shock) / sheets.owed, left)
    got = np.clip((terms.alpha - terms.beta) * outside + terms.beta * left, 0.0, left)
    return np.where(failed, 1 - got, 0.0)


def recovered(sheets: Sheets, loss: Floats, _: Floats, terms: Terms) -> Floats:
    """Furfine (2003): of a claim on a failed firm a fixed part comes back."""
    return np.where(terms.failed(sheets.equity, loss), 1 - terms.recovery, 0.0)


def all_or_nothing(sheets: Sheets, loss: Floats, _: Floats, terms: Terms) -> Floats:
    """A harm that failure does and nothing short of it."""
    return np.asarray(terms.failed(sheets.equity, loss), dtype=np.float64)


def in_proportion(sheets: Sheets, loss: Floats, _: Floats, __: Terms) -> Floats:
    """The part of its equity that a firm has lost.

    Linear DebtRank (Bardoscia et al. 2015), and exactly the limited liability of a stake (Suzuki 2002).
    """
    lost: Floats = (loss + sheets.gone) / sheets.full
    return np.clip(lost, 0.0, 1.0, out=lost)


def merton(sheets: Sheets, loss: Floats, shock: Floats, terms: Terms) -> Floats:
    """Ex-ante value of a claim due in a year, outside assets a geometric Brownian motion (Barucca et al. 2020)."""
    owes = np.isfinite(sheets.owed)
    equity, outside = sheets.equity - loss, np.maximum(sheets.outside - shock, 0.0)
    owed = np.where(owes, sheets.owed, 1.0)
    half, wide = sheets.volatility**2 / 2, np.sqrt(2) * sheets.volatility
    fails, below, above = equity < outside, _log(equity, outside), _log(equity + owed, outside)
    lost = equity + owed < outside  # even all that it owes is more than its equity: some is lost for certain
    likely = np.where(fails, (1 + erf((half + below) / wide)) / 2, 0.0)
    worse = np.where(lost, (1 + erf((half + above) / wide)) / 2, 0.0)
    call = outside / 2 * (erf((below - half) / wide) - np.where(lost, erf((above - half) / wide), -1.0))
    shortfall = np.where(np.isfinite(equity), equity - outside, 0.0) / owed
    back = (1 + shortfall) * (likely - worse) + np.where(fails, call, 0.0) / owed
    return np.where(owes, likely - terms.recovery * back, 0.0)


def black_cox(sheets: Sheets, loss: Floats, shock: Floats, terms: Terms) -> Floats:
    """As `merton`, but a firm fails as soon as its equity touches 0 (Black & Cox 1976; Barucca et al. 2020)."""
    equity, outside = sheets.equity - loss, np.maximum(sheets.outside - shock, 0.0)
    half, wide = sheets.volatility**2 / 2, np.sqrt(2) * sheets.volatility
    within = (equity > 0) & (equity < outside)
    log = _log(np.where(within, equity, 0.0), outside)
    touched = (1 + erf((log + half) / wide)) / 2 + (1 + erf((log - half) / wide)) / 2 * np.exp(-log)
    likely = np.where(within, touched, np.asarray(equity <= 0, np.float64))
    return np.where(np.isfinite(sheets.owed), (1 - terms.recovery) * likely, 0.0)


def _log(equity: Floats, outside: Floats) -> Floats:
    """log(1 - equity / outside) where equity < outside; else, and without outside assets, the limit that is safe."""
    held = np.where(outside > 0, outside, 1.0)
    inside = np.where((outside > 0) & (equity < outside), 1 - np.where(equity < outside, equity, 0.0) / held, 1.0)
    return np.where(outside > 0, np.log(inside), np.inf)


@dataclass(frozen=True)
class Model:
    """Which valuation holds for claims, for stakes and for harms that are or aren't."""

    name: str
    claim: Missing
    stake: Missing
    event: Missing
    meaning: str
    affine: bool = True  # between its kinks a promise loses in proportion

    @property
    def everywhere(self) -> bool:
        """Whether a loss anywhere moves every claim that it reaches, so that no failure stays among a few."""
        return self.claim is in_proportion or not self.affine

    def missing(self, kind: Kind) -> Missing:
        """The valuation of a kind."""
        valuation: Missing = self.claim if kind == "debt" else getattr(self, kind)
        return valuation


MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        Model("en", paid_in_part, in_proportion, all_or_nothing, "clearing: what is left is shared (Eisenberg-Noe)"),
        Model("rv", realised, in_proportion, all_or_nothing, "clearing with costs of failure (Rogers-Veraart)"),
        Model("furfine", recovered, all_or_nothing, all_or_nothing, "failures alone conduct, fixed recovery (Furfine)"),
        Model("debtrank", in_proportion, in_proportion, in_proportion, "every loss conducts in proportion (DebtRank)"),
        Model(
            "merton",
            merton,
            in_proportion,
            all_or_nothing,
            "claims priced by their risk within a year (Merton)",
            affine=False,
        ),
        Model(
            "black_cox",
            black_cox,
            in_proportion,
            all_or_nothing,
            "the same, failing at first touch (Black-Cox)",
            affine=False,
        ),
    )
}
