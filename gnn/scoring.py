"""From hazards to Scores: one row an enterprise, and what each link adds."""

import numpy as np
import polars as pl
from torch_geometric.data import HeteroData

from ..graph.results import LINK_SCORES, Scores
from ..graph.schema import CHANNELS, KINDS, LINKS, SCORES, SHARED_PERSON
from ..graph.snapshot import Snapshot
from ..graph.ties import FACTS, shared_persons
from .metrics import Floats
from .network import Hazards

NINE_IN_TEN = 1.645  # standard deviations to either side


def scores(snapshot: Snapshot, status: pl.Series, graph: HeteroData, hazards: Hazards, spread: Floats) -> Scores:
    """The scores of a snapshot's enterprises; `spread` (n,) is the standard deviation of the log hazard.

    A firm whose industry, region or legal form no training day knew, or that stands to lose far more through a channel
    than any firm of training did, is `abstained`: its PD is shown, not used. In
    default: PD and standalone PD 1, contagion 0. Unseen: no PD. Contagion is split among links and channels as the
    hazard that they add.
    """
    told = pl.when((status == "scored") & pl.Series(graph["enterprise"].unknown.numpy())).then(pl.lit("abstained"))
    parts, whole = _parts(hazards), hazards.total.numpy()
    firms = pl.DataFrame({"party_id": snapshot.parties["party_id"].head(snapshot.enterprises)}).with_columns(
        risk_status=told.otherwise(status),
        risk_pd=_pd(whole),
        risk_pd_low=_pd(whole * np.exp(-NINE_IN_TEN * spread)),
        risk_pd_high=_pd(whole * np.exp(NINE_IN_TEN * spread)),
        risk_pd_standalone=_pd(hazards.own.numpy()),
        risk_basis=pl.when(pl.Series(graph["enterprise"].estimated.numpy()))
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("accounts")),
        risk_driver=pl.Series(["own", *KINDS]).gather(np.argmax(np.column_stack([hazards.own.numpy(), parts]), axis=1)),
    )
    firms = firms.with_columns(risk_contagion=pl.col("risk_pd") - pl.col("risk_pd_standalone"))
    share = parts / np.maximum(parts.sum(axis=1, keepdims=True), np.finfo(float).tiny)  # (n, channels)
    channels = [pl.Series(f"risk_contagion_{name}", share[:, place]) for place, name in enumerate(KINDS)]
    firms = _by_status(firms.with_columns(channel * firms["risk_contagion"] for channel in channels))
    return Scores(_with_all_fields(firms), _links(snapshot, firms, graph, hazards))


def _with_all_fields(firms: pl.DataFrame) -> pl.DataFrame:
    """The fields of SCORES; those that people decide, and what rests on them, are left open."""
    left = [pl.lit(None, dtype=spec.dtype).alias(spec.name) for spec in SCORES if spec.name not in firms.columns]
    return firms.with_columns(left).select("party_id", *(spec.name for spec in SCORES))


def _pd(hazard: Floats) -> pl.Series:
    return pl.Series(-np.expm1(-hazard))


def _parts(hazards: Hazards) -> Floats:
    """Hazard that each channel adds to each firm, shape (n, channels)."""
    parts = np.zeros((len(hazards.own), len(KINDS)))
    np.add.at(parts, (hazards.wiring.suffers.numpy(), hazards.wiring.channel.numpy()), hazards.link.numpy())
    return parts


def _by_status(firms: pl.DataFrame) -> pl.DataFrame:
    """What a status says instead of what the hazards say."""
    failed, unseen = pl.col("risk_status") == "in_default", pl.col("risk_status") == "unseen"
    said = {name: 0.0 for name in firms.columns if name.startswith("risk_contagion")}
    said |= dict.fromkeys(("risk_pd", "risk_pd_low", "risk_pd_high", "risk_pd_standalone"), 1.0)
    numbers = [pl.when(failed).then(pl.lit(value)).when(~unseen).then(name).alias(name) for name, value in said.items()]
    driver = pl.when(failed).then(pl.lit("own")).when(~unseen).then("risk_driver").alias("risk_driver")
    return firms.with_columns(*numbers, driver)


def _links(snapshot: Snapshot, firms: pl.DataFrame, graph: HeteroData, hazards: Hazards) -> pl.DataFrame:
    """What each link adds to the contagion of a firm with a PD, columns of LINK_SCORES."""
    rows = [graph["enterprise", name, "enterprise"].link_row.numpy() for name in KINDS]
    adds = pl.DataFrame(
        {
            "suffers": hazards.wiring.suffers.numpy(),
            "fails": hazards.wiring.fails.numpy(),
            "place": hazards.wiring.channel.numpy(),
            "link_row": np.concatenate(rows),
            "hazard": hazards.link.numpy(),
        }
    )
    adds = adds.filter((pl.col("hazard") > 0) & (firms["risk_contagion"].fill_null(0.0).gather(adds["suffers"]) > 0))
    whole = firms["risk_contagion"].gather(adds["suffers"])
    share = pl.col("hazard") / pl.col("hazard").sum().over("suffers")
    named = adds.with_columns(
        contagion=whole * share,
        suffers_id=firms["party_id"].gather(adds["suffers"]),
        fails_id=firms["party_id"].gather(adds["fails"]),
    )
    each = [_named(snapshot, named.filter(pl.col("place") == place), place) for place in range(len(CHANNELS))]
    each.append(_tied(snapshot, named.filter(pl.col("place") == len(CHANNELS))))
    return pl.concat(each).sort("suffers_id", "fails_id", "channel", "rest")


def _named(snapshot: Snapshot, adds: pl.DataFrame, place: int) -> pl.DataFrame:
    """One channel's links with the rest of their key."""
    channel = CHANNELS[place]
    rest = _keys(snapshot, channel.table)["key"].alias("rest").gather(adds["link_row"])
    told = adds.with_columns(rest, table=pl.lit(channel.table), channel=pl.lit(channel.name))
    return told.select(*LINK_SCORES).cast(LINK_SCORES)  # type: ignore[arg-type]


def _tied(snapshot: Snapshot, adds: pl.DataFrame) -> pl.DataFrame:
    """Ties, with the record of the shared person on who suffers: the person, then the rest of the record's key."""
    ties = shared_persons(snapshot)[adds["link_row"]]
    told = adds.drop("link_row").with_columns(
        ties["link_row"], ties["table"], person=snapshot.parties["party_id"].gather(ties["person_row"])
    )
    keys = [_keys(snapshot, name).with_columns(table=pl.lit(name)) for name in FACTS]
    named = told.join(pl.concat(keys), on=["table", "link_row"], how="left")
    rest = pl.concat_list("person", "key")
    return named.with_columns(rest=rest, channel=pl.lit(SHARED_PERSON)).select(*LINK_SCORES).cast(LINK_SCORES)  # type: ignore[arg-type]


def _keys(snapshot: Snapshot, name: str) -> pl.DataFrame:
    """link_row and `key`, the key of each link of a table without its two parties."""
    table = LINKS[name]
    rest = [column for column in table.key if column not in table.party_columns]
    return snapshot.table(name).select(key=pl.concat_list(rest)).with_row_index("link_row")
