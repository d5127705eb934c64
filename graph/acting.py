"""Parties that act as one: by agreement (concert) and by kinship, each as far as a rule set goes.

Agreements join everybody that they reach. Kinship doesn't: a family is one person's own, with spouse, parents,
children, brothers and sisters, and two steps up and down.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .snapshot import Snapshot

SETS = {"set_id": pl.UInt32(), "member_row": pl.UInt32(), "status": pl.String()}
CONCERT = "concert"
UP = {"parent": "up", "child": "down", "grandparent": "up", "grandchild": "down"}


def sets_of(snapshot: Snapshot, sure: Sequence[str], doubtful: Sequence[str]) -> pl.DataFrame:
    """The sets of at least two parties that a rule set takes as one, columns of SETS.

    Args:
        snapshot: whose RELATED_TO is read both ways.
        sure: relations that make one controlling set (confirmed).
        doubtful: relations that, together with the sure ones, make one only as a flag.
    """
    ties = snapshot.table("related_to")
    certain = _sets(ties, sure, snapshot.parties.height).with_columns(status=pl.lit("confirmed"))
    flagged = _sets(ties, [*sure, *doubtful], snapshot.parties.height) if doubtful else certain.drop("status").clear()
    both = pl.concat([certain, flagged.with_columns(status=pl.lit("flagged"))])
    lists = both.group_by("status", "first").agg(members=pl.col("member_row").sort())
    unique = lists.sort("status", "members").unique("members", keep="first", maintain_order=True)
    numbered = unique.with_row_index("set_id").explode("members").rename({"members": "member_row"})
    return numbered.select(*SETS).cast(SETS)  # type: ignore[arg-type]


def _sets(ties: pl.DataFrame, relations: Sequence[str], size: int) -> pl.DataFrame:
    """first, member_row: each set under one of its members' rows."""
    agreed = (
        _agreed(ties, size)
        if CONCERT in relations
        else pl.DataFrame(schema={"first": pl.UInt32, "member_row": pl.UInt32})
    )
    kin = _families(ties, [name for name in relations if name != CONCERT])
    if kin.is_empty():
        return agreed
    partners = kin.join(agreed, on="member_row").select("first", partner="first_right")
    widened = partners.join(agreed, left_on="partner", right_on="first").select("first", "member_row")
    alone = agreed.join(kin, left_on="first", right_on="first", how="anti")
    return pl.concat([kin, widened, alone]).unique()


def _agreed(ties: pl.DataFrame, size: int) -> pl.DataFrame:
    links = ties.filter(pl.col("relation") == CONCERT)
    ends = links["source_row"].to_numpy().astype(np.int64), links["target_row"].to_numpy().astype(np.int64)
    _, component = connected_components(
        sparse.coo_array((np.ones(links.height), ends), shape=(size, size)), directed=False
    )
    members = np.unique(np.concatenate(ends))
    rows = pl.DataFrame(
        {"member_row": members, "component": component[members]},
        schema={"member_row": pl.UInt32, "component": pl.Int64},
    )
    return rows.select(first=pl.col("member_row").min().over("component"), member_row="member_row")


def _families(ties: pl.DataFrame, relations: Sequence[str]) -> pl.DataFrame:
    """first, member_row: each person that has relatives, with them and itself."""
    kin = ties.filter(pl.col("relation").is_in(list(relations)))
    # the other party is the <relation> of the party
    said = kin.select(person="source_row", relative="target_row", step=_step(UP))
    back = kin.select(
        person="target_row", relative="source_row", step=_step({name: _OTHER[way] for name, way in UP.items()})
    )
    near = pl.concat([said, back]).unique()
    straight = near.filter(pl.col("step") != "")
    second = straight.join(straight, left_on=["relative", "step"], right_on=["person", "step"])
    second = second.select("person", relative="relative_right", step="step")
    everyone = pl.concat([near, second]).select(first="person", member_row="relative")
    return pl.concat([everyone, everyone.select("first", member_row="first")]).unique()


_OTHER = {"up": "down", "down": "up"}


def _step(ways: dict[str, str]) -> pl.Expr:
    return pl.col("relation").replace_strict(ways, default="", return_dtype=pl.String)
