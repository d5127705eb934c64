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
    most = pl.col("most")
    ranked = rows.with_columns(most=pl.min_horizontal(cap, whole)).sort(*by, "most", maintain_order=True)
    # In steps of columns: a window inside a window is gone through once for each group.
    placed = ranked.with_columns(row=pl.int_range(pl.len()), taken=(most.cum_sum() - most).over(by))
    among = pl.len().over(by) - (pl.col("row") - pl.col("row").min().over(by))
    level = placed.with_columns(level=(pl.col(whole) - pl.col("taken")) / among)
    reached = level.with_columns(reached=pl.when(pl.col("level") <= most * (1 + 1e-12)).then("level"))
    part = pl.min_horizontal("most", pl.col("reached").max().over(by))
    return reached.with_columns(part=part).drop("most", "row", "taken", "level", "reached")


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
