"""An assessment: the groups of a day under a rule set, the exposure to each and to each firm, and the limits used."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from .fields import FIELDS
from .groups import SETS, Groups, connected_clients
from .limits import Bank, LimitUse, limit_use
from .results import Run, run_folder
from .snapshot import Snapshot

USES = ("group_exposure", "group_exposure_after", "group_limit", "group_limit_use", "group_grade")
GROUPS = ("group_set", "group_id", "group_size", *USES)
MEMBERSHIPS = ("group_set", "group_id", "party_id", "group_role", "group_reasons")
PARTIES = ("party_id", *USES)
LARGE = "large"  # says that an exposure is a large one, and limits nothing


@dataclass(frozen=True)
class Assessment:
    """What one assessment leaves behind; columns are fields of the dictionary.

    Attributes:
        regime: eba, eba_alternative, basel or cn.
        groups: columns of GROUPS, one row a group of each set.
        members: columns of MEMBERSHIPS.
        parties: columns of PARTIES, one row for each party with an exposure.
        uses: by set, the whole use of limits; empty where the bank's capital is not known.
    """

    regime: str
    groups: pl.DataFrame
    members: pl.DataFrame
    parties: pl.DataFrame
    uses: dict[str, LimitUse]


def assessed(snapshot: Snapshot, regime: str, before: pl.DataFrame | None = None, bank: Bank = Bank()) -> Assessment:  # noqa: B008 (frozen)
    """Assesses a snapshot under the rules in force on its day; without the bank's capital there are no limits.

    Args:
        snapshot: the day.
        regime: eba, eba_alternative, basel or cn.
        before: members of the last assessment under that regime: a group keeps its id while most of its core stays.
        bank: what the limits ask of the bank itself.

    Raises:
        UsageError: no such rule set, or not in force on that day.
    """
    previous = None if before is None else before.filter(pl.col("group_role") == "core")
    core = None if previous is None else previous.select("group_id", "party_id", set="group_set")
    found = connected_clients(snapshot, regime, snapshot.day, core)
    known = snapshot.table("capital").height > 0
    uses = {name: limit_use(snapshot, _of(found, name), regime, bank) for name in SETS} if known else {}
    sizes = found.members.group_by(group_set="set", group_id="group_id").agg(group_size=pl.len().cast(pl.Int64))
    used = pl.concat(
        [_EMPTY, *(_uses(use, "group").with_columns(group_set=pl.lit(name)) for name, use in uses.items())]
    )
    groups = sizes.join(used, left_on=["group_set", "group_id"], right_on=["group_set", "subject_id"], how="left")
    parties = _uses(uses["confirmed"], "party").rename({"subject_id": "party_id"}) if uses else _NOBODY
    return Assessment(
        regime,
        groups.select(GROUPS).sort("group_set", "group_id"),
        memberships(snapshot, found),
        parties.select(PARTIES).sort("party_id"),
        uses,
    )


_USE_TYPES = {name: FIELDS[name].dtype for name in USES}
_EMPTY = pl.DataFrame(schema={"subject_id": pl.String(), **_USE_TYPES, "group_set": pl.String()})
_NOBODY = pl.DataFrame(schema={"party_id": pl.String(), **_USE_TYPES})


def _of(found: Groups, name: str) -> pl.DataFrame:
    return found.members.filter(pl.col("set") == name).select("group_id", "party_row")


def _uses(use: LimitUse, scope: str) -> pl.DataFrame:
    """`subject_id` and USES of each party or group: its exposure, and the limit that it uses most."""
    limits = use.use.filter((pl.col("scope") == scope) & (pl.col("name") != LARGE)).sort("use", descending=True)
    tightest = limits.unique("subject_id", keep="first", maintain_order=True)
    totals = use.totals.filter(pl.col("scope") == scope)
    both = totals.join(tightest.select("subject_id", "use", "grade", "rule"), on="subject_id", how="left")
    return both.select(
        "subject_id",
        group_exposure="before",
        group_exposure_after="after",
        group_limit="rule",
        group_limit_use="use",
        group_grade=pl.col("grade").cast(pl.Int64),
    )


def memberships(snapshot: Snapshot, found: Groups) -> pl.DataFrame:
    """Each membership with the links that make it, in words; columns of MEMBERSHIPS."""
    ids = snapshot.parties["party_id"]
    links = found.links.with_columns(
        source=ids.gather(found.links["from_row"]), target=ids.gather(found.links["to_row"])
    )
    said = links.select("link_id", text=pl.format("{}: {} -> {} ({}, {})", "kind", "source", "target", "via", "status"))
    rows = found.members.with_row_index("member").with_columns(party_id=ids.gather(found.members["party_row"]))
    worded = rows.select("member", link_id="reasons").explode("link_id").join(said, on="link_id")
    reasons = worded.group_by("member").agg(group_reasons=pl.col("text").sort())
    told = rows.join(reasons, on="member", how="left").rename({"set": "group_set", "role": "group_role"})
    return told.select(MEMBERSHIPS).sort("group_set", "group_id", "party_id")


def save_assessment(folder: Path, run: Run, found: Assessment) -> Path:
    """Writes all rows of an assessment to `folder`/run_id, readable by its owner alone, and returns that folder."""
    target = run_folder(folder, run)
    for name in ("groups", "members", "parties"):
        getattr(found, name).write_parquet(target / f"{name}.parquet")
    for name, use in found.uses.items():
        use.use.write_parquet(target / f"limits_{name}.parquet")
        use.lines.write_parquet(target / f"lines_{name}.parquet")
    return target
