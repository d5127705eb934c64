"""Control: who controls whom under a rule set, by recorded control and by joint votes, both run to one fixpoint.

A controller starts alone: it controls an enterprise if it and all that it already controls together have enough votes
there, or if a record of an accepted basis says so. Parties acting together control as one set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

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
Ends: TypeAlias = Literal["low", "high"]


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


def controlled(snapshot: Snapshot, regime: str, day: date, ends: Ends = "low") -> pl.DataFrame:
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


def control(snapshot: Snapshot, regime: str, day: date, ends: Ends = "low") -> Control:
    """As `controlled`, with the sets of parties that act together and what each set controls."""
    majority = rule(regime, "control_votes", day)
    bases, left_out = choice(regime, "control_bases", day), choice(regime, "votes_left_out", day)
    sure, doubtful = choice(regime, "controlling_set", day), choice(regime, "flagged_set", day)
    pairs, said = stakes(snapshot), recorded(snapshot, bases.words)
    sets = sets_of(snapshot, sure.words, doubtful.words)
    votes = Votes(votes_of(pairs, ends), majority, ends, _left_out(snapshot, pairs, left_out.words))
    found = fixpoint(votes, said, sets, snapshot.parties.height)
    applied = tuple(map(str, (majority, bases, left_out, sure, doubtful)))
    return _sorted_out(found, sets, snapshot.parties.height, applied)


def votes_of(pairs: pl.DataFrame, ends: str, side: str = "votes") -> pl.DataFrame:
    """holder, firm, votes, included: what each party holds in each other; what a firm holds in itself has no vote.

    Args:
        pairs: of `stakes`.
        ends: low or high.
        side: votes, or capital where a rule counts that.
    """
    end = f"{side}_{ends}"
    rows = pairs.filter(pl.col("owner_row") != pl.col("owned_row"))
    named = rows.select(holder="owner_row", firm="owned_row", votes=end, included=f"{end}_included")
    return named.filter((pl.col("votes") > 0) | ~pl.col("included"))


def joint_votes(votes: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """controller_row, controlled_row, votes, included: the direct votes of each party and of all that it controls.

    Whether they reach control or not, and over all votes.

    Args:
        votes: of `votes_of`.
        pairs: of `controlled`.
    """
    own = votes.select("votes", "included", controller_row="holder", controlled_row="firm")
    theirs = pairs.select("controller_row", holder="controlled_row").join(votes, on="holder")
    both = pl.concat([own, theirs.select("votes", "included", "controller_row", controlled_row="firm")])
    others = both.filter(pl.col("controller_row") != pl.col("controlled_row"))
    sums = others.group_by("controller_row", "controlled_row").agg(pl.col("votes").sum(), pl.col("included").all())
    return sums.sort("controller_row", "controlled_row")


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


def _left_out(snapshot: Snapshot, pairs: pl.DataFrame, words: Sequence[str]) -> pl.DataFrame:
    """firm, own, subsidiaries: whose votes in a firm leave its total."""
    listed = pl.col("is_listed").fill_null(value=False) if "listed_subsidiaries" in words else pl.lit(value=False)
    own = pairs.filter(pl.col("owner_row") == pl.col("owned_row"))
    held = own.select(firm="owned_row", own="votes_low" if "own" in words else pl.lit(0.0))
    parties = snapshot.parties.select(
        firm=pl.int_range(pl.len(), dtype=pl.UInt32), subsidiaries=pl.lit("subsidiaries" in words) | listed
    )
    return parties.join(held, on="firm", how="left", maintain_order="left").with_columns(pl.col("own").fill_null(0.0))


def _sorted_out(found: pl.DataFrame, sets: pl.DataFrame, size: int, applied: tuple[str, ...]) -> Control:
    """Pairs of single controllers and of sets apart; a set doesn't control its own members."""
    alone = pl.col("controller_row") < size
    by_sets = found.filter(~alone).with_columns(set_id=pl.col("controller_row") - size)
    own = sets.select("set_id", controlled_row="member_row")
    by_sets = by_sets.join(own, on=["set_id", "controlled_row"], how="anti").drop("controller_row")
    pairs = found.filter(alone).select(*CONTROLLED).cast(CONTROLLED)  # type: ignore[arg-type]
    return Control(pairs.sort("controller_row", "controlled_row"), sets, by_sets, applied)
