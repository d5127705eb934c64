"""The master scale: PDs into grades, with the regulatory floor and the upper bound of grades with few defaults."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from .results import Scores

# Each grade holds PDs twice as high as the one before; from .05 %, the floor, to 12.8 %: ten grades.
ENDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)
FLOOR = 0.0005  # Regulation (EU) 2024/1623, art. 160(1); 商业银行资本管理办法 2023, annex 3
CONFIDENCE = 0.9
LGD = 0.4  # of what no collateral covers: Regulation (EU) 2024/1623, art. 161(1)(aa); Basel CRE32.6


@dataclass(frozen=True)
class MasterScale:
    """How a bank grades PDs.

    Attributes:
        ends: PD with which each grade but the last ends, rising; grade g holds PDs from the end before up to its own,
            that excluded. Grade 1 is best; one grade more than there are holds what is in default.
        floor: least PD that counts for capital.
        confidence: of the upper bounds.
    """

    ends: tuple[float, ...] = ENDS
    floor: float = FLOOR
    confidence: float = CONFIDENCE

    @property
    def grades(self) -> int:
        """How many grades there are of what is not in default."""
        return len(self.ends) + 1

    def grade(self, pd: pl.Expr) -> pl.Expr:
        """The grade of a PD, from 1; missing where the PD is."""
        return sum(((pd >= end).cast(pl.Int64) for end in self.ends), start=pl.lit(1, dtype=pl.Int64))


def with_grades(scores: Scores, scale: MasterScale, upper: Sequence[float | None] = ()) -> Scores:
    """The scores with `risk_grade` and `risk_pd_floored` of the final PD, and `risk_pd_upper` beside the model's.

    Args:
        scores: with their final PDs.
        scale: of the bank.
        upper: by grade the upper bound of its default rate, none where it has defaults enough; may be empty.
    """
    final, failed = pl.col("risk_pd_final"), pl.col("risk_status") == "in_default"
    graded = scores.firms.with_columns(
        risk_grade=pl.when(failed).then(pl.lit(scale.grades + 1, dtype=pl.Int64)).otherwise(scale.grade(final)),
        risk_pd_floored=pl.when(final.is_not_null()).then(pl.max_horizontal(final, pl.lit(scale.floor))),
    )
    bounds = {grade: bound for grade, bound in enumerate(upper, 1) if bound is not None}
    of_model = pl.when(pl.col("risk_override").is_null()).then("risk_grade")
    bound = of_model.replace_strict(bounds, default=None, return_dtype=pl.Float64) if bounds else None
    firms = graded.with_columns(risk_pd_upper=pl.lit(None, dtype=pl.Float64) if bound is None else bound)
    return Scores(firms.select(scores.firms.columns), scores.links)
