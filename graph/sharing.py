"""How those who stand in for one sum share it."""

import polars as pl


def shared(rows: pl.DataFrame, by: list[str], cap: str, whole: str) -> pl.DataFrame:
    """The rows with `part`: what each bears of its group's sum, equal parts, nobody more than its cap.

    What one can't bear the others bear, as far as their caps go: 100 between caps of 20 and 90 is 20 and 80.

    Args:
        rows: one for each who bears.
        by: columns that name the sum.
        cap: column, money, the most that one bears; missing: the sum.
        whole: column, money, the sum, the same in all rows of `by`.
    """
    most = pl.min_horizontal(cap, whole)
    ranked = rows.with_columns(most=most).sort(*by, "most", maintain_order=True)
    left = pl.col(whole) - (pl.col("most").cum_sum() - pl.col("most")).over(by)
    level = left / (pl.len() - pl.int_range(pl.len())).over(by)
    reached = pl.when(level <= pl.col("most") * (1 + 1e-12)).then(level).max().over(by)
    return ranked.with_columns(part=pl.min_horizontal("most", reached)).drop("most")


def in_turn(rows: pl.DataFrame, by: list[str], cap: str, whole: str) -> pl.DataFrame:
    """The rows with `part`: what each bears of its group's sum if each in its turn bears all that is left.

    Args:
        rows: in the order in which they bear.
        by: columns that name the sum.
        cap: column, money, the most that one bears; missing: the sum.
        whole: column, money, the sum, the same in all rows of `by`.
    """
    most = pl.min_horizontal(cap, whole)
    before = (most.cum_sum() - most).over(by)
    return rows.with_columns(part=pl.min_horizontal(most, (pl.col(whole) - before).clip(lower_bound=0.0)))
