"""The risk of a group of connected clients: its worst member, whether anybody in it defaults, and what that costs.

PD of any default, said once: while nobody in the group has failed, nobody in it fails through a link from inside it. So
nobody fails at all if neither an own risk strikes nor anything from outside the group: the hazards of these add up, and
links inside the group are left out. To take PDs that hold contagion as independent would count those links as well.
"""

from dataclasses import replace

import polars as pl

from .assessment import Assessment
from .calls import held
from .fields import FIELDS
from .master_scale import LGD
from .results import Run, Scores
from .snapshot import Snapshot

RISKS = (
    "group_worst_id", "group_worst_pd", "group_pd_any", "group_expected_loss", "group_in_default", "group_unrated",
)  # fmt: skip
NEARLY_SURE = 1 - 1e-15  # a PD above it has no finite hazard
_KEY = ("group_set", "group_id")


def group_risk(snapshot: Snapshot, scores: Scores, members: pl.DataFrame, lgd: float = LGD) -> pl.DataFrame:
    """The risk of each group, columns group_set, group_id and RISKS, sorted by the first two.

    All PDs are final ones. The worst member and the PD of any default are those of members not in default yet, missing
    where none of them has a PD. Expected loss is PD times LGD times what the bank has lent less collateral, summed:
    that takes no independence. Unrated are borrowers whose debt or whose PD nobody knows: with any of them loss and
    PD are at least what is stated. An override keeps the model's proportion between what comes from inside and from
    outside the group; where the model gives no PD, all is from outside.

    Args:
        snapshot: that was scored.
        scores: of it, with final PDs.
        members: group_set, group_id, party_id of every membership.
        lgd: fraction lost of what no collateral covers.

    Source:
        The first paragraph of this file; three firms by hand in tests/test_group_risk.py. Two members that hang on one
        outsider are taken as independent, which puts the PD of any default a little high.
    """
    rows = _rated(snapshot, scores, members)
    final, failed = pl.col("risk_pd_final"), (pl.col("risk_status") == "in_default").fill_null(value=False)
    live = final.is_not_null() & ~failed
    unknown = pl.col("net").is_null() | final.is_null()
    hazard = -(1 - final.clip(upper_bound=NEARLY_SURE)).log() * pl.col("from_outside").fill_null(1.0)
    ordered = rows.sort("risk_pd_final", "party_id", descending=[True, False], nulls_last=True)
    found = ordered.group_by(_KEY, maintain_order=True).agg(
        group_worst_id=pl.col("party_id").filter(live).first(),
        group_worst_pd=final.filter(live).first(),
        group_pd_any=pl.when(live.any()).then(1 - (-hazard.filter(live).sum()).exp()),
        group_expected_loss=(final * lgd * pl.col("net")).sum(),
        group_in_default=failed.sum(),
        group_unrated=(pl.col("lends").fill_null(value=False) & unknown).sum(),
    )
    return found.cast({name: FIELDS[name].dtype for name in RISKS}).sort(_KEY)


def _rated(snapshot: Snapshot, scores: Scores, members: pl.DataFrame) -> pl.DataFrame:
    """The memberships with status, final PD, `lends`, `net`, and `from_outside`."""
    firms = scores.firms.select("party_id", "risk_status", "risk_pd_final")
    rows = members.select(*_KEY, "party_id").join(firms, on="party_id", how="left")
    rows = rows.join(_lent(snapshot), on="party_id", how="left")
    return rows.join(_from_outside(scores, rows), on=[*_KEY, "party_id"], how="left")


def _lent(snapshot: Snapshot) -> pl.DataFrame:
    """Borrowers: `party_id`, `lends`, and `net`, lent less collateral, missing where a facility tells no amount."""
    sums = (
        held(snapshot)
        .group_by("party_row")
        .agg(net=pl.when(pl.col("lent").is_not_null().all()).then((pl.col("lent") - pl.col("covered")).sum()))
    )
    ids = snapshot.parties["party_id"].gather(sums["party_row"])
    return sums.select(ids.alias("party_id"), "net", lends=pl.lit(value=True))


def _from_outside(scores: Scores, rows: pl.DataFrame) -> pl.DataFrame:
    """Of each member the part of its hazard that is its own or comes from outside its group, `from_outside`.

    A member in default is no inside: what it does to the others takes no further failure in the group.
    """
    live = rows.filter(pl.col("risk_status") != "in_default")
    fails = live.select(*_KEY, fails_id="party_id")
    links = scores.links.join(live.select(*_KEY, suffers_id="party_id"), on="suffers_id")
    inside = (
        links.join(fails, on=[*_KEY, "fails_id"]).group_by(*_KEY, party_id="suffers_id").agg(pl.col("contagion").sum())
    )
    names = {"risk_pd": "whole", "risk_pd_standalone": "own"}
    hazards = scores.firms.select("party_id", "risk_contagion", *(
        (-(1 - pl.col(name).clip(upper_bound=NEARLY_SURE)).log()).alias(said) for name, said in names.items()
    ))  # fmt: skip
    met = inside.join(hazards, on="party_id")
    linked = (pl.col("whole") - pl.col("own")) * pl.col("contagion") / pl.col("risk_contagion")
    return met.select(*_KEY, "party_id", from_outside=1 - linked / pl.col("whole"))


def with_group_risk(found: Assessment, snapshot: Snapshot, scored: tuple[Run, Scores], lgd: float) -> Assessment:
    """An assessment whose groups have RISKS too, and `group_scored_by`, the run that the PDs come from."""
    run, scores = scored
    risk = group_risk(snapshot, scores, found.members, lgd).with_columns(group_scored_by=pl.lit(run.run_id))
    return replace(found, groups=found.groups.join(risk, on=_KEY, how="left", maintain_order="left"))
