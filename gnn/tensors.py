"""Snapshot -> HeteroData: enterprises as nodes, channels as edge types; scaled as the training days were."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from ..graph.channels import balance_sheets, channel_edges
from ..graph.schema import KINDS, SHARED_PERSON
from ..graph.snapshot import Snapshot
from ..graph.ties import shared_persons
from .features import BESIDE, CATEGORIES, MOST_EARNED, NUMBERS, OWED_TOLD, SHAKES, own_features

EDGE_TYPES = tuple(("enterprise", name, "enterprise") for name in KINDS)
FAR = 5.0  # standard deviations beyond which a number says no more
BEYOND = 1.5  # times what any training firm stood to lose: further than that nothing was learned
UNSEEN_LOSS = 0.1  # of assets: a loss that nobody tells, through a channel that training never saw


@dataclass(frozen=True)
class Scales:
    """How raw features become numbers: all of it learned on training days, and saved with the model.

    Attributes:
        means, spreads: of each of NUMBERS; a number that never varied has the spread 0 and is left out.
        sheet: medians of leverage and SHAKES, the explicit estimate where a firm has no accounts or no observations.
        vocabularies: the values of each of CATEGORIES in training, sorted.
        losses: by channel the median loss, a fraction of assets: the estimate where loss or assets are not known.
        most: by channel the most that a firm stood to lose over all its links, a fraction of assets.
    """

    means: Mapping[str, float]
    spreads: Mapping[str, float]
    sheet: Mapping[str, float]
    vocabularies: Mapping[str, Sequence[str]]
    losses: Mapping[str, float]
    most: Mapping[str, float]

    @property
    def width(self) -> int:
        """How many numbers describe a firm, apart from its balance sheet."""
        return len(NUMBERS) + sum(len(words) for words in self.vocabularies.values())


def fit_scales(snapshots: Sequence[Snapshot]) -> Scales:
    """The scales of training days; the order of rows and days changes nothing but the last bit of a mean."""
    each = [own_features(snapshot) for snapshot in snapshots]
    rows = pl.concat(each)
    sheet = {name: _median(rows[name], 1.0) for name in ("leverage", *SHAKES)}
    edges = [_relative(snapshot, own) for snapshot, own in zip(snapshots, each, strict=True)]
    told = pl.concat(edges).drop_nulls("relative")
    medians = dict(told.group_by("channel").agg(pl.col("relative").median()).iter_rows())
    whole = pl.concat(_exposed(each) for each in edges)
    most = dict(whole.group_by("channel").agg(pl.col("exposed").max()).iter_rows())
    return Scales(
        means={name: float(rows[name].mean() or 0.0) for name in NUMBERS},  # type: ignore[arg-type]
        spreads={name: float(rows[name].std() or 0.0) for name in NUMBERS},  # type: ignore[arg-type]
        sheet=sheet,
        vocabularies={name: sorted(rows[name].drop_nulls().unique()) for name in CATEGORIES},
        losses={name: medians.get(name, UNSEEN_LOSS) for name in KINDS},
        most={name: most.get(name, 0.0) for name in KINDS},
    )


def _median(column: pl.Series, otherwise: float) -> float:
    median = column.median()
    return float(median) if isinstance(median, float) else otherwise


def tensors(snapshot: Snapshot, scales: Scales, failed: pl.DataFrame) -> HeteroData:
    """The enterprises of a snapshot, the channels and the ties among them. Row number = node number.

    `failed` are the parties in default, `party_row`, and `since` when: what a partner's accounts of that day or later
    already hold is no loss to come.

    Node storage `enterprise`: x (n, scales.width); leverage (n,), the logarithm of liabilities over assets; sheets
    (n, 1 + BESIDE), all readings of liabilities over assets; shakes (n, SHAKES), logarithms; earned (n,), a year's
    profit over assets, 0 where it isn't told; and (n,) flags: estimated, it has no accounts; unknown, training never
    knew its industry, region or legal form, or any firm that stands to lose so much through a channel; failed, it is in
    default. Edge storages, one a kind of link: edge_index (2, e), from who fails to who suffers; loss (e,), a fraction
    of the assets of who suffers, before severity, of a tie 1; link_row (e,), in the channel's table or among the
    snapshot's ties.
    """
    rows = own_features(snapshot)
    graph = HeteroData()
    firms = graph["enterprise"]
    firms.x = torch.from_numpy(_numbers(rows, scales))
    firms.leverage = tensor(rows["leverage"].fill_null(scales.sheet["leverage"]))
    firms.shakes = torch.from_numpy(_shakes(rows, scales))
    firms.sheets = torch.from_numpy(_sheets(rows, scales))
    firms.earned = tensor(rows["earned"].fill_null(0.0).clip(-MOST_EARNED, MOST_EARNED))
    firms.estimated = tensor(rows["leverage"].is_null())
    firms.failed = tensor(pl.arange(rows.height, dtype=pl.UInt32, eager=True).is_in(failed["party_row"].implode()))
    edges = _unbooked(snapshot, _relative(snapshot, rows), failed).cast({pl.UInt32: pl.Int64})
    beyond = _exposed(edges).filter(pl.col("exposed") > BEYOND * pl.col("channel").replace_strict(scales.most))
    firms.unknown = tensor(_unknown(rows, scales) | _flags(beyond["suffers"], rows.height))
    for kind in EDGE_TYPES:
        mine = edges.filter(pl.col("channel") == kind[1])
        graph[kind].edge_index = torch.stack([tensor(mine["fails"]), tensor(mine["suffers"])])
        graph[kind].loss = tensor(mine["relative"].fill_null(scales.losses[kind[1]]))
        graph[kind].link_row = tensor(mine["link_row"])
    return graph


def _sheets(rows: pl.DataFrame, scales: Scales) -> npt.NDArray[np.float64]:
    """Liabilities over assets by the latest accounts, then by BESIDE; what is missing reads as the latest do."""
    usual = pl.lit(math.exp(scales.sheet["leverage"]))
    latest = pl.coalesce(pl.col("leverage").exp(), usual).alias("latest")
    told = rows.with_columns(latest, usual=usual).select(
        "latest", *(pl.coalesce(name, "latest").clip(*OWED_TOLD).alias(name) for name in BESIDE)
    )
    return np.array(told.to_numpy(), order="C")


def _shakes(rows: pl.DataFrame, scales: Scales) -> npt.NDArray[np.float64]:
    """Logarithms of SHAKES; a missing one is as many times the usual as the first one is."""
    usual = {name: math.log(scales.sheet[name]) for name in SHAKES}
    first = pl.col(SHAKES[0]).log().fill_null(usual[SHAKES[0]]) - usual[SHAKES[0]]
    told = rows.select(pl.coalesce(pl.col(name).log(), first + usual[name]).alias(name) for name in SHAKES)
    return np.array(told.to_numpy(), order="C")


def tensor(column: pl.Series) -> Tensor:
    """A column without gaps as a tensor of its own."""
    return torch.from_numpy(column.to_numpy().copy())


def _unknown(rows: pl.DataFrame, scales: Scales) -> pl.Series:
    strange = [~pl.col(name).is_in(list(words)).fill_null(value=True) for name, words in scales.vocabularies.items()]
    return rows.select(pl.any_horizontal(strange).alias("unknown")).to_series()


def _exposed(edges: pl.DataFrame) -> pl.DataFrame:
    """What each firm stands to lose through each channel over all links, `exposed`, a fraction of its assets."""
    money = edges.filter(pl.col("channel") != SHARED_PERSON)
    return money.group_by("suffers", "channel").agg(exposed=pl.col("relative").sum())


def _flags(rows: pl.Series, count: int) -> pl.Series:
    return pl.arange(count, dtype=pl.Int64, eager=True).is_in(rows.implode())


def _relative(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """Edges between enterprises with `relative`: loss over assets of who suffers, missing without either; of ties 1."""
    firms = snapshot.enterprises
    edges = channel_edges(snapshot).filter((pl.col("fails") < firms) & (pl.col("suffers") < firms))
    borne = pl.col("loss") / rows["total_assets"].gather(edges["suffers"])
    ties = shared_persons(snapshot).drop("link_row").with_row_index("link_row")
    shared = ties.select("fails", "suffers", "link_row", channel=pl.lit(SHARED_PERSON), relative=1.0)
    both = pl.concat([edges.with_columns(relative=borne), shared], how="diagonal")
    return both.sort("channel", "suffers", "fails", "link_row")


def _unbooked(snapshot: Snapshot, edges: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """The edges without losses that the accounts of who suffers already hold."""
    sheets = balance_sheets(snapshot).select(suffers="party_row", on="valid_from")
    dated = edges.join(sheets, on="suffers", how="left", maintain_order="left")
    dated = dated.join(failed.select(fails="party_row", since="since"), on="fails", how="left", maintain_order="left")
    return dated.filter((pl.col("on") < pl.col("since")).fill_null(value=True))


def _numbers(rows: pl.DataFrame, scales: Scales) -> npt.NDArray[np.float64]:
    """Standardised numbers, missing ones at their mean, then one column a known word. Shape (n, width)."""
    columns = []
    for name in NUMBERS:
        spread = scales.spreads[name]
        scaled = (pl.col(name) - scales.means[name]) / spread if spread > 0 else pl.repeat(0.0, pl.len())
        columns.append(scaled.fill_nan(None).fill_null(0.0).clip(-FAR, FAR).alias(name))
    for name in CATEGORIES:
        words = scales.vocabularies[name]
        columns += [
            (pl.col(name) == word).fill_null(value=False).cast(pl.Float64).alias(f"{name}={word}") for word in words
        ]
    return np.array(rows.select(columns).to_numpy(), order="C")
