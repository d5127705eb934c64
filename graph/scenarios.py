"""Scenarios: who fails by name, and what everybody loses at the start."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from .channels import balance_sheets
from .errors import DataError, UsageError
from .snapshot import Snapshot
from .valuations import Floats

SHOCKS = {"at": pl.String(), "party_id": pl.String(), "loss": pl.Float64(), "loss_share": pl.Float64()}
SHOWN = 20  # codes named in an error


@dataclass(frozen=True)
class Scenario:
    """What happens at the start.

    Attributes:
        fails: rows of the parties that fail by name.
        shock: (n,) money that every party loses.
    """

    fails: tuple[int, ...]
    shock: Floats


@dataclass(frozen=True)
class Named:
    """What a user names of a scenario.

    Attributes:
        fails: ids of parties that fail.
        sector: how the industry code of enterprises begins that fail, or lose `loss`.
        region: the same of their region; where both are named, enterprises that are in both.
        loss: fraction of total assets that they lose; without it they fail.
        shocks: columns of SHOCKS: where it is said, who loses how much: `loss`, money, or `loss_share`, a fraction of
            total assets. Rows of one party add up.
    """

    fails: tuple[str, ...] = ()
    sector: str | None = None
    region: str | None = None
    loss: float | None = None
    shocks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SHOCKS))


def scenario(snapshot: Snapshot, named: Named) -> Scenario:
    """The scenario that a user names, in rows of a day.

    Raises:
        UsageError: a party, sector or region that is not there; a fraction of nobody's assets, or outside (0, 1].
        DataError: a fraction of total assets that are not known.
    """
    if named.loss is not None and not 0 < named.loss <= 1:
        raise UsageError(f"--loss {named.loss:g}: it is a fraction of total assets, above 0 and at most 1.")
    fails = [snapshot.row_of(party_id) for party_id in named.fails]
    placed = _placed(snapshot, named)
    shock = np.zeros(snapshot.parties.height)
    if named.loss is None:
        fails += placed.to_list()
    else:
        shock[placed.to_numpy()] += named.loss * _total_assets(snapshot, placed)
    for rows, money in _shocks(snapshot, named.shocks):
        np.add.at(shock, rows.to_numpy(), money)
    return Scenario(tuple(dict.fromkeys(fails)), shock)


def _placed(snapshot: Snapshot, named: Named) -> pl.Series:
    """The rows of the enterprises of the sector and region."""
    codes = {"industry": named.sector, "region": named.region}
    wanted = {column: code for column, code in codes.items() if code is not None}
    if named.loss is not None and not wanted:
        raise UsageError("--loss: nobody is named to lose it. Name a --sector or a --region.")
    firms = snapshot.parties.head(snapshot.enterprises).with_row_index("party_row")
    for column, code in wanted.items():
        if not firms[column].str.starts_with(code).any():
            raise UsageError(_no_such(firms[column], column, code))
    begins = [pl.col(column).str.starts_with(code) for column, code in wanted.items()]
    rows = firms.filter(begins)["party_row"] if wanted else firms["party_row"].clear()
    if wanted and not len(rows):
        raise UsageError(f"no enterprise is of --sector {named.sector} and of --region {named.region}.")
    return rows


def _no_such(stated: pl.Series, column: str, code: str) -> str:
    known = stated.drop_nulls().unique().sort().to_list()
    few = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    return f"{code}: the {column} of no enterprise begins so. There are {few or 'none stated'}."


def _total_assets(snapshot: Snapshot, rows: pl.Series) -> Floats:
    """Total assets of parties, money, in their order.

    Raises:
        DataError: those of some are not known.
    """
    sheets = balance_sheets(snapshot).select("party_row", "total_assets")
    told = rows.alias("party_row").to_frame().join(sheets, on="party_row", how="left", maintain_order="left")
    unknown = told.filter(pl.col("total_assets").is_null())["party_row"].unique(maintain_order=True)
    if len(unknown):
        first = snapshot.parties["party_id"][int(unknown[0])]
        raise DataError(
            f"{len(unknown):,} parties are to lose a fraction of total assets that are not known, first {first!r}. "
            "Load their accounts, or say in --shock what each loses, as money."
        )
    return told["total_assets"].to_numpy()


def _shocks(snapshot: Snapshot, shocks: pl.DataFrame) -> Iterator[tuple[pl.Series, Floats]]:
    """Rows and the money that they lose, those that are told as money and those told as a share."""
    ids = snapshot.parties.with_row_index("party_row").select("party_row", "party_id", "aliases")
    other = ids.select("party_row", party_id="aliases").explode("party_id").drop_nulls()
    every = pl.concat([ids.drop("aliases"), other]).unique("party_id", keep="first", maintain_order=True)
    met = shocks.join(every, on="party_id", how="left", maintain_order="left")
    strangers = met.filter(pl.col("party_row").is_null())
    if strangers.height:
        at, party_id = strangers.row(0)[:2]
        more = f" (and {strangers.height - 1:,} more)" if strangers.height > 1 else ""
        raise UsageError(f"{at}: {party_id}: no such party on {snapshot.day}{more}. Load it, or take the row out.")
    money, shares = met.filter(pl.col("loss").is_not_null()), met.filter(pl.col("loss_share").is_not_null())
    yield money["party_row"], money["loss"].to_numpy()
    yield shares["party_row"], shares["loss_share"].to_numpy() * _total_assets(snapshot, shares["party_row"])
