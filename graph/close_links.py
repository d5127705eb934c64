"""Close links: 20 % in the three readings that are in use.

`crr`: what a party and all that it controls hold together, control itself, and a controller in common. `t2s`: what a
party and all that it owns by majority hold together, and a majority owner in common. `ecb`: the products along each
path without repetition, summed, and an owner in common that reaches the threshold in both.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from .control import control, joint_votes, votes_of
from .fixpoint import Votes, fixpoint
from .paths import reached
from .rules import Rule, rule
from .simple_paths import simple_path_shares
from .snapshot import Snapshot
from .stakes import matrix, stakes

LINKED = {
    "from_row": pl.UInt32(),
    "to_row": pl.UInt32(),
    "way": pl.String(),
    "decision": pl.String(),
    "share": pl.Float64(),
    "common_row": pl.UInt32(),
}
READINGS = ("crr", "t2s", "ecb")


def close_links(snapshot: Snapshot, reading: str, day: date, targets: Sequence[int] | None = None) -> pl.DataFrame:
    """Every close link of a reading: columns of LINKED, sorted.

    `way` is share (from holds enough of to), control, or common (`common_row` stands behind both, from < to); a link
    binds both ends. `decision` is yes, or possible where only the upper ends of bands reach the threshold.

    Args:
        snapshot: the graph.
        reading: crr, t2s or ecb.
        day: whose rules apply.
        targets: look only at links with one of these rows; all by default.

    Raises:
        UsageError: no such reading, or none on that day.
        DataError: under `ecb`, a ring with too many paths.

    Source:
        CRR art. 4(1)(38); T2S.16.690; Guideline (EU) 2015/510 art. 138(2).
    """
    threshold = rule(reading, "close_link", day)
    shares, above = _READINGS[reading](snapshot, day, targets)
    decided = _decided(shares, threshold)
    behind = above if above is not None else decided.select("from_row", "to_row", "decision")
    found = pl.concat([decided, _control(above), _common(behind)], how="diagonal")
    if targets is not None:
        wanted = pl.Series(list(targets), dtype=pl.UInt32).implode()
        found = found.filter(pl.col("from_row").is_in(wanted) | pl.col("to_row").is_in(wanted))
    return found.select(*LINKED).cast(LINKED).sort(pl.all(), nulls_last=False)  # type: ignore[arg-type]


def product_sums(held: pl.DataFrame, size: int, targets: Sequence[int] | None, end: str = "low") -> pl.DataFrame:
    """owner_row, target_row, share: sums over simple paths, of lower or upper ends of capital.

    Args:
        held: of `stakes`.
        size: number of parties.
        targets: rows; all by default.
        end: low or high.
    """
    graph = matrix(held, f"capital_{end}", size)
    return simple_path_shares(graph, range(size) if targets is None else targets)


def _by_control(snapshot: Snapshot, day: date, _: Sequence[int] | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Votes or capital held alone or by way of control."""
    pairs = control(snapshot, "crr", day).pairs
    held = pl.concat([_together(stakes(snapshot), pairs, side) for side in ("votes", "capital")])
    return held, pairs.select("controller_row", "controlled_row")


def _by_majority(snapshot: Snapshot, day: date, _: Sequence[int] | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Capital held alone or through undertakings owned by majority, alone or together."""
    majority = rule("t2s", "control_votes", day)
    nobody = pl.DataFrame(schema={"set_id": pl.UInt32, "member_row": pl.UInt32})
    firms = pl.int_range(snapshot.parties.height, dtype=pl.UInt32, eager=True)
    none = pl.select(firm=firms, own=pl.lit(0.0), subsidiaries=pl.lit(value=False))
    said = pl.DataFrame(schema={"controller_row": pl.UInt32, "controlled_row": pl.UInt32, "via": pl.String})
    capital = Votes(votes_of(stakes(snapshot), "low", "capital"), majority, "low", none)
    pairs = fixpoint(capital, said, nobody, snapshot.parties.height)
    return _together(stakes(snapshot), pairs, "capital"), pairs.select("controller_row", "controlled_row")


def _by_paths(snapshot: Snapshot, day: date, targets: Sequence[int] | None) -> tuple[pl.DataFrame, None]:
    """Capital along simple paths."""
    held, size = stakes(snapshot), snapshot.parties.height
    if targets is not None:
        targets = _related(held, size, targets, rule("ecb", "close_link", day))
    ends = [product_sums(held, size, targets, end).rename({"share": end}) for end in ("low", "high")]
    both = ends[1].join(ends[0], on=["owner_row", "target_row"], how="left").with_columns(pl.col("low").fill_null(0.0))
    included = pl.lit(value=True)
    rows = both.select("low", "high", from_row="owner_row", to_row="target_row", low_in=included, high_in=included)
    return rows, None


def _related(held: pl.DataFrame, size: int, targets: Sequence[int], threshold: Rule) -> list[int]:
    """The targets, and all that they or a close owner of theirs may hold."""
    above = product_sums(held, size, targets, "high").filter(threshold.met(pl.col("share")))
    heads = pl.concat([above["owner_row"], pl.Series(list(targets), dtype=pl.UInt32)]).unique()
    return reached(held, heads.to_list(), "owner_row", "owned_row").sort().to_list()


_READINGS = {"crr": _by_control, "t2s": _by_majority, "ecb": _by_paths}


def _together(held: pl.DataFrame, pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """from_row, to_row, low, low_in, high, high_in: what each party and all under it hold directly."""
    ends = [joint_votes(votes_of(held, end, side), pairs) for end in ("high", "low")]
    both = ends[0].join(ends[1], on=["controller_row", "controlled_row"], how="left", suffix="_low")
    return both.select(
        from_row="controller_row", to_row="controlled_row", low=pl.col("votes_low").fill_null(0.0),
        low_in=pl.col("included_low").fill_null(value=True), high="votes", high_in="included",
    )  # fmt: skip


def _decided(shares: pl.DataFrame, threshold: Rule) -> pl.DataFrame:
    """The shares that reach the threshold, the surest of each pair."""
    sure = threshold.certain(pl.col("low"), pl.col("low_in"))
    able = threshold.met(pl.col("high"), pl.col("high_in"))
    reached = shares.with_columns(decision=pl.when(sure).then(pl.lit("yes")).when(able).then(pl.lit("possible")))
    ranked = reached.filter(pl.col("decision").is_not_null()).sort("decision", "low", descending=True)
    best = ranked.unique(["from_row", "to_row"], keep="first", maintain_order=True)
    return best.select("from_row", "to_row", "decision", way=pl.lit("share"), share="low")


def _control(above: pl.DataFrame | None) -> pl.DataFrame:
    if above is None:
        return pl.DataFrame(schema={name: LINKED[name] for name in ("from_row", "to_row")})
    return above.select(
        from_row="controller_row", to_row="controlled_row", way=pl.lit("control"), decision=pl.lit("yes")
    )


def _common(behind: pl.DataFrame) -> pl.DataFrame:
    """Pairs with somebody in common behind them; possible where either tie is only that."""
    first, second = behind.columns[:2]
    both = behind.join(behind, on=first, suffix="_other").filter(pl.col(second) < pl.col(f"{second}_other"))
    doubtful = pl.lit(value=False)
    if "decision" in behind.columns:
        doubtful = (pl.col("decision") == "possible") | (pl.col("decision_other") == "possible")
    return both.select(
        from_row=second, to_row=f"{second}_other", common_row=first, way=pl.lit("common"),
        decision=pl.when(doubtful).then(pl.lit("possible")).otherwise(pl.lit("yes")),
    )  # fmt: skip
