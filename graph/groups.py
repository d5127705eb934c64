"""Groups of connected clients by rule set, each membership with the links that make it.

Two sets stand side by side: `confirmed`, and `prudent`, which also takes what is only flagged.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from .connect import ORDINARY, Ties, connect
from .group_ids import head_names, kept_names
from .links import CONFIRMED, FLAGGED, links_between
from .rules import choice, in_force
from .snapshot import Snapshot

MEMBERS = {
    "set": pl.String(),
    "group_id": pl.String(),
    "party_row": pl.UInt32(),
    "role": pl.String(),
    "reasons": pl.List(pl.UInt32()),
}
SETS = {"confirmed": (CONFIRMED,), "prudent": (CONFIRMED, FLAGGED)}


@dataclass(frozen=True)
class Groups:
    """The groups of a day under a rule set.

    Attributes:
        regime: eba, eba_alternative, basel or cn.
        day: whose rules apply.
        members: columns of MEMBERS, sorted; `set` confirmed or prudent, `role` core (by control) or joined (by
            dependence), `reasons` the link_ids that tie the party to other members.
        links: columns of `links.LINKS`, the rebutted and unknown ones too.
        rules: the rows that were applied.
    """

    regime: str
    day: date
    members: pl.DataFrame
    links: pl.DataFrame
    rules: tuple[str, ...]


def connected_clients(snapshot: Snapshot, regime: str, day: date, previous: pl.DataFrame | None = None) -> Groups:
    """The groups of connected clients, confirmed and prudent, with more than one member each.

    Args:
        snapshot: the graph.
        regime: eba, eba_alternative, basel or cn.
        day: whose rules apply.
        previous: the cores of the run before (set, group_id, party_id): a group keeps its id while its core stays.

    Raises:
        UsageError: no such rule set, or not in force on that day.

    Source:
        CRR art. 4(1)(39), Del. Reg. (EU) 2024/1728; Basel LEX10; 商业银行大额风险暴露管理办法.
    """
    treatment = (choice(regime, "government", day).words or (ORDINARY,))[0]
    links = links_between(snapshot, regime, day)
    state = governments(snapshot) if treatment != ORDINARY else pl.Series(dtype=pl.UInt32)
    drawn: dict[str, _Drawn] = {}
    for name, statuses in SETS.items():
        standing = links.filter(pl.col("status").is_in(statuses))
        same = next((each for each in drawn.values() if each.standing == standing.height), None)
        drawn[name] = same or _draw(standing, state, treatment, snapshot.parties.height)
    sets = [
        _told(each, _ids(_core(snapshot, each.found), each.control, _cores(previous, name), (regime, day)), name)
        for name, each in drawn.items()
    ]
    members = pl.concat(sets).select(*MEMBERS).cast(MEMBERS).sort("set", "group_id", "party_row")  # type: ignore[arg-type]
    return Groups(regime, day, members, links, tuple(map(str, in_force(regime, day))))


@dataclass(frozen=True)
class _Drawn:
    """Groups before they have names.

    Attributes:
        found: group, member, core.
        reasons: group, member, reasons.
        control: from_row, to_row of control that counts for the core.
        standing: number of links; of two sets of which one holds the other, equal numbers mean equal sets.
    """

    found: pl.DataFrame
    reasons: pl.DataFrame
    control: pl.DataFrame
    standing: int


def _draw(standing: pl.DataFrame, state: pl.Series, treatment: str, size: int) -> _Drawn:
    """The groups that some links make."""
    control = _pairs(standing, "control", ("parent", "subsidiary"))
    depends = _pairs(standing, "dependence", ("dependent", "depended_on"))
    found = connect(Ties(control, depends, state, treatment, size))
    return _Drawn(found, _reasons(found, standing), _without(standing, state), standing.height)


def governments(snapshot: Snapshot) -> pl.Series:
    """Rows of public bodies, and of whoever controls as a state."""
    kinds = (snapshot.parties["kind"] == "public_body").arg_true().cast(pl.UInt32)
    states = snapshot.table("controls").filter(pl.col("basis") == "state")["source_row"]
    return pl.concat([kinds, states]).unique().sort()


def _pairs(links: pl.DataFrame, kind: str, names: tuple[str, str]) -> pl.DataFrame:
    rows = links.filter(pl.col("kind") == kind)
    return rows.select(pl.col("from_row").alias(names[0]), pl.col("to_row").alias(names[1])).unique()


def _told(drawn: _Drawn, ids: pl.DataFrame, name: str) -> pl.DataFrame:
    """The members under their group's id, with the links between them."""
    rows = drawn.found.join(ids, on="group").join(drawn.reasons, on=["group", "member"], how="left")
    role = pl.when("core").then(pl.lit("core")).otherwise(pl.lit("joined"))
    return rows.with_columns(set=pl.lit(name), party_row="member", role=role, reasons=pl.col("reasons").fill_null([]))


def _without(standing: pl.DataFrame, state: pl.Series) -> pl.DataFrame:
    """Links of control without those of governments."""
    out = state.implode()
    control = standing.filter(pl.col("kind") == "control")
    return control.filter(~pl.col("from_row").is_in(out) & ~pl.col("to_row").is_in(out))


def _cores(previous: pl.DataFrame | None, name: str) -> pl.DataFrame | None:
    return previous if previous is None else previous.filter(pl.col("set") == name).select("group_id", "party_id")


def _core(snapshot: Snapshot, found: pl.DataFrame) -> pl.DataFrame:
    """group, member, party_id of those who are members by control."""
    core = found.filter("core").select("group", "member")
    return core.with_columns(party_id=snapshot.parties["party_id"].gather(core["member"]))


def _ids(
    core: pl.DataFrame, control: pl.DataFrame, previous: pl.DataFrame | None, rules: tuple[str, date]
) -> pl.DataFrame:
    """group, group_id: the regime and the name of each group."""
    regime, day = rules
    names = head_names(core, control).with_columns(name=pl.concat_str(pl.lit(f"{regime}:"), "name"))
    if previous is not None:
        names = kept_names(core, names, previous, day)
    return names.select("group", group_id="name")


def _reasons(found: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """group, member, reasons: the links of each member to others of its group."""
    pairs = found.select("group", "member")
    from_here = pairs.join(standing.select("link_id", "to_row", member="from_row"), on="member")
    both = from_here.join(pairs.rename({"member": "to_row"}), on=["group", "to_row"])
    ends = pl.concat([both.select("group", "link_id", pl.col(end).alias("member")) for end in ("member", "to_row")])
    return ends.group_by("group", "member").agg(reasons=pl.col("link_id").unique().sort())
