"""Which parties are one risk, given who controls and who depends on whom: pure graph, no law of evidence.

Control connects both ways. Dependence runs one way: who depends on a member joins, and all that it controls, but not
its parent. Groups may overlap; one wholly inside another is no group.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

ORDINARY, NO_LINK, ONE_GROUP_EACH = "ordinary", "no_link", "one_group_each"
MEMBER = {"group": pl.UInt32(), "member": pl.UInt32()}


@dataclass(frozen=True)
class Ties:
    """What connects the parties of a snapshot.

    Attributes:
        control: parent, subsidiary.
        depends: dependent, depended_on.
        government: rows of central governments.
        treatment: what their links do: ordinary, no_link, or one_group_each.
        size: number of parties.
    """

    control: pl.DataFrame
    depends: pl.DataFrame
    government: pl.Series
    treatment: str
    size: int


def connect(ties: Ties) -> pl.DataFrame:
    """The groups with more than one member: group, member, core (true: by control alone, before dependence).

    `group` numbers are arbitrary; sorted by group and member.

    Source:
        CRR art. 4(1)(39); Del. Reg. (EU) 2024/1728 art. 1-3; Basel LEX10; EBA Q&A 2015_1974 for governments.
    """
    private = ties if ties.treatment == ORDINARY else _without_government(ties)
    cores = _control_groups(private)
    if ties.treatment == ONE_GROUP_EACH:
        cores = pl.concat([cores, _government_groups(ties, private)])
    joined = _joining(cores, private)
    every = pl.concat([cores.with_columns(core=pl.lit(value=True)), joined.with_columns(core=pl.lit(value=False))])
    kept = every.join(_contained(every, cores), on="group", how="anti")
    return kept.filter(pl.len().over("group") > 1).sort("group", "member")


def _without_government(ties: Ties) -> Ties:
    out = ties.government.implode()
    control = ties.control.filter(~pl.col("parent").is_in(out) & ~pl.col("subsidiary").is_in(out))
    depends = ties.depends.filter(~pl.col("dependent").is_in(out) & ~pl.col("depended_on").is_in(out))
    return Ties(control, depends, ties.government, ties.treatment, ties.size)


def _control_groups(ties: Ties) -> pl.DataFrame:
    """The connected components of control; whoever is depended on without any is a group of its own."""
    ends = ties.control["parent"].to_numpy(), ties.control["subsidiary"].to_numpy()
    links = sparse.coo_array((np.ones(len(ends[0])), ends), shape=(ties.size, ties.size))
    _, component = connected_components(links, directed=False)
    rows = np.unique(np.concatenate([*ends, ties.depends["depended_on"].to_numpy()]))
    return pl.DataFrame({"group": component[rows], "member": rows}, schema=MEMBER)


def _government_groups(ties: Ties, private: Ties) -> pl.DataFrame:
    """For each party that a government controls or that depends on it: both, and all that this party controls."""
    out = ties.government.implode()
    arms = pl.concat([
        ties.control.filter(pl.col("parent").is_in(out)).select(state="parent", arm="subsidiary"),
        ties.depends.filter(pl.col("depended_on").is_in(out)).select(state="depended_on", arm="dependent"),
    ]).unique().sort("state", "arm").with_row_index("group", offset=ties.size)  # fmt: skip
    arm = arms.select("group", member="arm")
    below = _spread(arm, private.control.select(above="parent", below="subsidiary"), arm)
    return pl.concat([arms.select("group", member="state"), arm, below]).unique()


def _joining(cores: pl.DataFrame, ties: Ties) -> pl.DataFrame:
    """Who joins a group by dependence, with all that it controls and all who depend on these."""
    hangs = ties.depends.select(above="depended_on", below="dependent")
    down = ties.control.select(above="parent", below="subsidiary")
    first = _step(cores, hangs).join(cores, on=["group", "member"], how="anti")
    return pl.concat([first, _spread(first, pl.concat([hangs, down]), pl.concat([cores, first]))])


def _spread(last: pl.DataFrame, edges: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """All further pairs that are reached along the edges, beyond the known ones."""
    found = [last.clear()]
    while last.height:
        last = _step(last, edges).join(known, on=["group", "member"], how="anti")
        known = pl.concat([known, last])
        found.append(last)
    return pl.concat(found)


def _step(pairs: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    return pairs.join(edges, left_on="member", right_on="above").select("group", member="below").unique()


def _contained(every: pl.DataFrame, cores: pl.DataFrame) -> pl.DataFrame:
    """The groups that stand wholly inside another; of equal ones all but the first."""
    sizes = cores.group_by("group").agg(size=pl.len())
    inside = cores.join(every.select("member", whole="group"), on="member").filter(pl.col("group") != pl.col("whole"))
    counted = inside.group_by("group", "whole").len().join(sizes, on="group").filter(pl.col("len") == pl.col("size"))
    mutual = counted.select("group", "whole").join(
        counted.select(group="whole", whole="group"), on=["group", "whole"], how="semi"
    )
    first = mutual.filter(pl.col("group") < pl.col("whole"))
    return counted.join(first, on=["group", "whole"], how="anti").select("group").unique()
