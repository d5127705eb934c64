"""The links between clients, each with its status: who controls whom, who depends on whom, and what reviews say of it.

Control is in doubt one risk: it stands unless rebutted. Dependence stands where the bank recorded it or a review
confirms it; what only the figures suggest is flagged.
"""

from datetime import date

import polars as pl

from .control import Control, control
from .dependence import flags
from .reviews import STANDING, reviews
from .snapshot import Snapshot

LINKS = {
    "link_id": pl.UInt32(),
    "kind": pl.String(),
    "from_row": pl.UInt32(),
    "to_row": pl.UInt32(),
    "via": pl.String(),
    "status": pl.String(),
    "share": pl.Float64(),
    "because": pl.String(),
}
ENDS = ["from_row", "to_row"]
CONFIRMED, FLAGGED, REBUTTED, UNKNOWN = "confirmed", "flagged", "rebutted", "unknown"
TOGETHER = "acting_together"
REVIEWED = {"control": "controls", "dependence": "depends_on"}


def links_between(snapshot: Snapshot, regime: str, day: date) -> pl.DataFrame:
    """Every link of control and dependence, columns of LINKS.

    Control runs from controller to controlled, dependence from the dependent to whom it depends on. `via` is the basis
    of a record, votes, acting_together, or a criterion of dependence; `share` the joint votes or the share of receipts,
    expenditure or equity; `status` confirmed, flagged, rebutted, or unknown where accounts are missing; `because` what
    a review says, also one that doesn't stand.
    """
    decisions = reviews(snapshot)
    found = {"control": control_links(control(snapshot, regime, day)), "dependence": _dependence(snapshot, regime, day)}
    parts = [
        _reviewed(links, decisions.filter(pl.col("link") == REVIEWED[kind])).with_columns(kind=pl.lit(kind))
        for kind, links in found.items()
    ]
    rows = pl.concat([part.select(*list(LINKS)[1:]) for part in parts]).sort("kind", *ENDS, "via", "status")
    return rows.with_row_index("link_id").cast(LINKS)  # type: ignore[arg-type]


def control_links(found: Control) -> pl.DataFrame:
    """from_row, to_row, via, status, share: the pairs of control that no chain of others explains.

    Whoever controls through a subsidiary is tied to it by the chain; the pair itself is a link only where the
    controller's own votes or a record give it, or where votes of several come together.
    """
    pairs = found.pairs.rename({"controller_row": "from_row", "controlled_row": "to_row", "votes": "share"})
    direct = pairs.filter(pl.col("step") == 1)
    rest = pairs.filter(pl.col("step") > 1)
    for nearer in (direct, pairs):
        rest = rest.join(_explained(rest, nearer, pairs), on=ENDS, how="anti")
    alone = pl.concat([direct, rest]).with_columns(status=pl.lit(CONFIRMED)).select(*ENDS, "via", "status", "share")
    both = pl.concat([alone, _together(found, pairs)])
    return both.sort(pl.col("status") != CONFIRMED).unique(ENDS, keep="first", maintain_order=True)


def _explained(rest: pl.DataFrame, nearer: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs (x, y) with somebody between: controlled by x, controlling y, and in no ring with either."""
    between = nearer.select("to_row", between="from_row")
    thrice = rest.select(ENDS).join(between, on="to_row").filter(pl.col("between") != pl.col("from_row"))
    under = thrice.join(pairs, left_on=["from_row", "between"], right_on=ENDS, how="semi")
    above = under.join(pairs, left_on=["between", "from_row"], right_on=ENDS, how="anti")
    return above.join(pairs, left_on=["to_row", "between"], right_on=ENDS, how="anti").select(ENDS).unique()


def _together(found: Control, pairs: pl.DataFrame) -> pl.DataFrame:
    """Each member of a set that acts as one, to each party at the top of what the set controls."""
    sets = found.by_sets.select("set_id", "votes", to_row="controlled_row")
    members = found.sets.select("set_id", "status", from_row="member_row")
    through = sets.select("set_id", between="to_row").join(pairs, left_on="between", right_on="from_row")
    through = through.join(pairs, left_on=["to_row", "between"], right_on=ENDS, how="anti")
    top = sets.join(through.select("set_id", "to_row").unique(), on=["set_id", "to_row"], how="anti")
    rows = top.join(members, on="set_id").filter(pl.col("from_row") != pl.col("to_row"))
    return rows.select(*ENDS, pl.lit(TOGETHER).alias("via"), "status", share="votes")


def _dependence(snapshot: Snapshot, regime: str, day: date) -> pl.DataFrame:
    """The bank's own records, and what the figures flag or leave unknown."""
    said = snapshot.table("depends_on").select(
        "share", from_row="source_row", to_row="target_row", via="criterion", status=pl.lit(CONFIRMED)
    )
    shown = flags(snapshot, regime, day).select(
        "share", from_row="dependent_row", to_row="depended_on_row", via="criterion", status="verdict"
    )
    fresh = shown.join(said, on=[*ENDS, "via"], how="anti")
    return pl.concat([said.select(*ENDS, "via", "status", "share"), fresh.select(*ENDS, "via", "status", "share")])


def _reviewed(links: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Links with the decision that stands applied, the latest of several; what only a review confirms is a link too."""
    stands = pl.col("state") == STANDING
    ranked = decisions.sort(~stands, "recorded_on", descending=[False, True], nulls_last=True)
    told = ranked.unique(ENDS, keep="first", maintain_order=True).select(*ENDS, "decision", "state", because=_told())
    joined = links.join(told, on=ENDS, how="left", maintain_order="left")
    decided = joined.with_columns(status=pl.when(stands).then("decision").otherwise("status"))
    alone = told.join(links, on=ENDS, how="anti").filter(stands & (pl.col("decision") == CONFIRMED))
    added = alone.with_columns(via=pl.lit("review"), status=pl.lit(CONFIRMED))
    return pl.concat([decided, added], how="diagonal")


def _told() -> pl.Expr:
    """What a review says, in words."""
    names = pl.concat_str(["reviewer", "second_reviewer"], separator=" and ", ignore_nulls=True)
    until = pl.when(pl.col("valid_to").is_not_null()).then(pl.format(" until {}", pl.col("valid_to").cast(pl.String)))
    state = pl.when(pl.col("state") != STANDING).then(pl.format("; {}: {}", "state", "because")).otherwise(pl.lit(""))
    reason = pl.col("reason").fill_null("no reason")
    return pl.format("{} ({}) by {}{}{}", "decision", reason, names, until.fill_null(""), state)
