"""Defaults by grade of the master scale, expected and seen, and between what bounds the true rate of a grade may be."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import betaincinv

from ..graph.master_scale import MasterScale
from ..graph.register import Register
from ..graph.settings import Settings
from .metrics import Floats
from .model import Model
from .task import DAYS_A_MONTH, outcomes

FEW = 20  # defaults: below it a grade's own rate says little
FILE = "grades.json"  # beside the model's weights


@dataclass(frozen=True)
class GradeCounts:
    """What became of the training days' firms by the grade that a model gave them.

    Attributes:
        ends: of the master scale.
        firms: horizons for which firms of each grade were seen; who left early counts with its part.
        defaults: of them.
    """

    ends: tuple[float, ...]
    firms: tuple[float, ...]
    defaults: tuple[int, ...]

    def save(self, folder: Path) -> None:
        """Writes them into a model's folder."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "GradeCounts | None":
        """What `save` wrote; none where nothing was counted."""
        if not (folder / FILE).is_file():
            return None
        said = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(**{name: tuple(values) for name, values in said.items()})

    def upper(self, confidence: float) -> list[float | None]:
        """By grade the upper bound of its default rate; none where it had defaults enough for its own rate."""
        bounds = upper_bounds(self.defaults, self.firms, confidence).tolist()
        return [bound if count < FEW else None for bound, count in zip(bounds, self.defaults, strict=True)]


def grade_counts(
    model: Model,
    register: Register,
    scale: MasterScale,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
) -> GradeCounts:
    """The counts of a model's training days, of those alone whose windows don't overlap: no default counts twice."""
    rows = [_graded(model, register, day, scale, settings) for day in apart(model.days.train, model.task.horizon)]
    every = _by_grade(pl.concat(rows), scale)
    return GradeCounts(scale.ends, tuple(every["seen"]), tuple(every["default"]))


def card_grades(
    model: Model,
    register: Register,
    scale: MasterScale,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
) -> list[dict[str, Any]]:
    """For the card, by grade what became of the test day's firms; empty for a model without a test day.

    Each row: grade; begins and ends, its PDs; firms, horizons for which they were seen; defaults, and how many the PDs
    let expect; low and high, the 95 % interval of the default rate.
    """
    if model.days.test is None:
        return []
    every = _by_grade(_graded(model, register, model.days.test, scale, settings), scale)
    low, high = jeffreys(every["default"].to_list(), every["seen"].to_list())
    told = every.select(
        grade="risk_grade",
        begins=pl.Series([0.0, *scale.ends]),
        ends=pl.Series([*scale.ends, 1.0]),
        firms="seen",
        defaults="default",
        expected="expected",
        low=pl.Series(low),
        high=pl.Series(high),
    )
    return told.to_dicts()


def _by_grade(rows: pl.DataFrame, scale: MasterScale) -> pl.DataFrame:
    """Sums of what `_graded` tells, a row for every grade."""
    found = rows.group_by("risk_grade").agg(pl.col("seen", "default", "expected").sum())
    grades = pl.DataFrame({"risk_grade": range(1, scale.grades + 1)}, schema={"risk_grade": pl.Int64})
    return grades.join(found, on="risk_grade", how="left", maintain_order="left").fill_null(0)


def apart(days: Sequence[date], months: int) -> list[date]:
    """Of some days the last, and before it each that lies at least so many months before the one chosen."""
    chosen: list[date] = []
    for day in sorted(days, reverse=True):
        if not chosen or (chosen[-1] - day).days >= months * DAYS_A_MONTH - 3:  # months end on different days
            chosen.append(day)
    return chosen


def _graded(model: Model, register: Register, day: date, scale: MasterScale, settings: Settings) -> pl.DataFrame:
    """Of each firm that counts on a day its grade, for which part of the horizon it was seen, its default.

    And `expected`, its PD over that part.
    """
    snapshot = register.as_of(day, settings)
    firms = model.score(snapshot).firms.select("risk_pd", risk_grade=scale.grade(pl.col("risk_pd")))
    known_by = model.days.until if day == model.days.test else model.days.validation or model.days.until
    became = outcomes(model.task, register, snapshot, known_by)
    whole = pl.when("default").then(1.0).otherwise(pl.col("months") / model.task.horizon)
    rows = pl.concat(
        [became.select(seen=whole, default=pl.col("default").cast(pl.Int64)), firms[became["row"]]], how="horizontal"
    )
    return rows.with_columns(expected=1 - (1 - pl.col("risk_pd")) ** pl.col("seen"))


def upper_bounds(defaults: Sequence[int], firms: Sequence[float], confidence: float) -> Floats:
    """Upper bounds of default rates by grade, best first; shape of `defaults`, fractions.

    One-sided and exact for independent firms: the rate at which so few defaults or fewer come with a probability of
    1 - confidence; without any default 1 - (1 - confidence)^(1 / firms). Default rates rise from grade to grade, so a
    bound of a worse grade holds for the better ones too, and none lies above it. An empty grade is bounded by 1.

    Source:
        Clopper & Pearson (1934), Biometrika 26; the order of grades as in Pluto & Tasche (2005), without their pooling
        of all worse grades, which bounds the best one by the mean of the whole book.
    """
    lost, seen = np.asarray(defaults, np.float64), np.asarray(firms, np.float64)
    lived = np.maximum(seen - lost, 0.0)
    own = np.ones(len(lost))
    told = lived > 0
    own[told] = betaincinv(lost[told] + 1, lived[told], confidence)
    return np.minimum.accumulate(own[::-1])[::-1]


def jeffreys(defaults: Sequence[int], firms: Sequence[float], part: float = 0.95) -> tuple[Floats, Floats]:
    """Low and high ends of default rates by grade, fractions; an empty grade's rate is anywhere from 0 to 1.

    Firms are taken as independent: defaults of one year cluster, so that the truth leaves such an interval oftener.

    Source:
        Brown, Cai & DasGupta (2001), Statistical Science 16(2), with 0 and 1 where none or all defaulted.
    """
    lost, seen = np.asarray(defaults, np.float64), np.asarray(firms, np.float64)
    lived = np.maximum(seen - lost, 0.0)
    low, high = (betaincinv(lost + 0.5, lived + 0.5, (1 + side * part) / 2) for side in (-1, 1))
    return np.where(lost > 0, low, 0.0), np.where(lived > 0, high, 1.0)
