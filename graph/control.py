"""Control: who controls whom under a rule set, by recorded control and by joint votes, both run to one fixpoint.

A controller starts alone: it controls an enterprise if it and all that it already controls together have enough votes
there, or if a record of an accepted basis says so. Parties acting together control as one set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from .acting import sets_of
from .fixpoint import Votes, fixpoint
from .rules import choice, rule
from .snapshot import Snapshot
from .stakes import stakes

CONTROLLED = {
    "controller_row": pl.UInt32(),
    "controlled_row": pl.UInt32(),
    "via": pl.String(),
    "step": pl.Int32(),
    "votes": pl.Float64(),
}
ULTIMATE = "ultimate_parent"


@dataclass(frozen=True)
class Control:
    """Who controls whom on a day under a rule set.

    Attributes:
        pairs: columns of CONTROLLED; `via` is the basis of the record or `votes`, `step` the round of the fixpoint in
            which it was found (a chain of n links takes at most n), `votes` the joint votes at that moment, over the
            votes that count.
        sets: set_id, member_row, status (confirmed or flagged): parties that the rules take as one.
        by_sets: as pairs, with set_id in place of controller_row.
        rules: the rows that were applied.
    """

    pairs: pl.DataFrame
    sets: pl.DataFrame
    by_sets: pl.DataFrame
    rules: tuple[str, ...] = field(default=())


def controlled(snapshot: Snapshot, regime: str, day: date, ends: Literal["low", "high"] = "low") -> pl.DataFrame:
    """Every pair of a controller and a party that it controls, alone or through what it controls.

    Args:
        snapshot: the graph.
        regime: rule set: eba, eba_alternative, basel, cn, and those of owners and close links.
        day: whose rules apply.
        ends: of bands of votes the lower ends (control is sure) or the upper ones (it is possible).

    Returns:
        Columns of CONTROLLED, sorted by controller and controlled.

    Raises:
        UsageError: the rule set has no rule of control on that day.
    """
    return control(snapshot, regime, day, ends).pairs


def control(snapshot: Snapshot, regime: str, day: date, ends: Literal["low", "high"] = "low") -> Control:
    """As `controlled`, with the sets of parties that act together and what each set controls."""
    majority = rule(regime, "control_votes", day)
    bases, left_out = choice(regime, "control_bases", day), choice(regime, "votes_left_out", day)
    sure, doubtful = choice(regime, "controlling_set", day), choice(regime, "flagged_set", day)
    sets = sets_of(snapshot, sure.words, doubtful.words)
    votes = Votes(votes_of(snapshot, ends), majority, ends, _left_out(snapshot, left_out.words))
    found = fixpoint(votes, recorded(snapshot, bases.words), sets, snapshot.parties.height)
    alone = pl.col("controller_row") < snapshot.parties.height
    by_sets = found.filter(~alone).with_columns(set_id=pl.col("controller_row") - snapshot.parties.height)
    by_sets = by_sets.join(sets, left_on=["set_id", "controlled_row"], right_on=["set_id", "member_row"], how="anti")
    applied = tuple(map(str, (majority, bases, left_out, sure, doubtful)))
    return Control(_typed(found.filter(alone)), sets, by_sets.drop("controller_row"), applied)


def votes_of(snapshot: Snapshot, ends: str) -> pl.DataFrame:
    """holder, firm, votes, included: what each party votes in each other; what a firm holds in itself has no vote."""
    end = f"votes_{ends}"
    rows = stakes(snapshot).filter(pl.col("owner_row") != pl.col("owned_row"))
    return rows.select(holder="owner_row", firm="owned_row", votes=end, included=f"{end}_included").filter(
        (pl.col("votes") > 0) | ~pl.col("included")
    )


def recorded(snapshot: Snapshot, bases: Sequence[str]) -> pl.DataFrame:
    """controller_row, controlled_row, via: the records of control that a rule set accepts.

    A reported ultimate parent counts as consolidating where no direct one of that child is in force.
    """
    links = snapshot.table("controls").filter(pl.col("basis").is_in(list(bases)))
    ends = links.select(controller_row="source_row", controlled_row="target_row", via="basis")
    if "consolidated_accounts" not in bases:
        return ends
    ties = snapshot.table("related_to").filter(pl.col("relation") == ULTIMATE)
    above = ties.select(controller_row="target_row", controlled_row="source_row", via=pl.lit(ULTIMATE))
    direct = ends.filter(pl.col("via") == "consolidated_accounts").select("controlled_row")
    return pl.concat([ends, above.join(direct, on="controlled_row", how="anti")])


def ultimate_controllers(pairs: pl.DataFrame) -> pl.DataFrame:
    """controlled_row, controller_row, circular: who controls and is controlled by nobody but itself.

    A ring of controllers above a party has no ultimate one: then `circular` is true and the members of the ring are
    named.
    """
    both = pairs.join(
        pairs.select(controller_row="controlled_row", controlled_row="controller_row"),
        on=["controller_row", "controlled_row"],
    ).select("controller_row", "controlled_row")
    above = pairs.select("controller_row", "controlled_row").join(
        both, on=["controller_row", "controlled_row"], how="anti"
    )
    top = pairs.join(above.select(controller_row="controlled_row").unique(), on="controller_row", how="anti")
    ring = pl.col("controller_row").is_in(both["controller_row"].unique().implode())
    return top.select("controlled_row", "controller_row", circular=ring).sort("controlled_row", "controller_row")


def _left_out(snapshot: Snapshot, words: Sequence[str]) -> pl.DataFrame:
    """firm, own, subsidiaries: whose votes in a firm leave its total."""
    listed = pl.col("is_listed").fill_null(value=False) if "listed_subsidiaries" in words else pl.lit(value=False)
    own = stakes(snapshot).filter(pl.col("owner_row") == pl.col("owned_row"))
    held = own.select(firm="owned_row", own="votes_low" if "own" in words else pl.lit(0.0))
    parties = snapshot.parties.select(
        firm=pl.int_range(pl.len(), dtype=pl.UInt32),
        subsidiaries=pl.lit("subsidiaries" in words) | listed,
    )
    return parties.join(held, on="firm", how="left", maintain_order="left").with_columns(pl.col("own").fill_null(0.0))


def _typed(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(*CONTROLLED).cast(CONTROLLED).sort("controller_row", "controlled_row")  # type: ignore[arg-type]
