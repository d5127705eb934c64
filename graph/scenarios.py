"""Scenarios: who fails by name, and what everybody loses at the start."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from .channels import balance_sheets
from .errors import DataError, UsageError
from .snapshot import Snapshot
from .valuations import Floats

SHOCKS = {"at": pl.String(), "party_id": pl.String(), "loss": pl.Float64(), "loss_share": pl.Float64()}
WithoutEquity = Literal["refuse", "fail", "absorb"]
SHOWN = 20  # codes named in an error


@dataclass(frozen=True)
class Scenario:
    """What happens at the start.

    Attributes:
        fails: rows of the parties that fail by name.
        shock: (n,) money that every party loses.
        notes: what was assumed or left out.
    """

    fails: tuple[int, ...]
    shock: Floats
    notes: tuple[str, ...] = ()


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


def scenario(snapshot: Snapshot, named: Named, without_equity: WithoutEquity = "refuse") -> Scenario:
    """The scenario that a user names, in rows of a day.

    Args:
        snapshot: the day.
        named: by the user.
        without_equity: as `Assumptions` has it; it also says what becomes of a party that is to lose a part of total
            assets where neither these nor equity are known.

    Raises:
        UsageError: a party, sector or region that is not there, or empty; a fraction of nobody's assets, or outside
            (0, 1].
        DataError: a fraction of total assets that are not known, losses that add up beyond any number.
    """
    if named.loss is not None and not 0 < named.loss <= 1:
        raise UsageError(f"--loss {named.loss:g}: it is a fraction of total assets, above 0 and at most 1.")
    for option, code in (("--sector", named.sector), ("--region", named.region)):
        if code is not None and not code.strip():
            raise UsageError(f"{option} '': every code begins so. Name the code, or leave the option out.")
    fails = [snapshot.row_of(party_id) for party_id in named.fails]
    placed, told = _placed(snapshot, named), _met(snapshot, named.shocks)
    if named.loss is None:
        fails, placed = [*fails, *placed], placed.clear()
    losing = placed.alias("party_row").to_frame().with_columns(loss_share=pl.lit(named.loss, pl.Float64))
    shares = _priced(snapshot, pl.concat([losing, told.select("party_row", "loss_share")]).drop_nulls())
    gone, notes = _decided(snapshot, shares.filter(pl.col("loss").is_null()), without_equity)
    losses = pl.concat([shares.select("party_row", "loss"), told.select("party_row", "loss")]).drop_nulls()
    shock = np.zeros(snapshot.parties.height)
    with np.errstate(over="ignore"):
        np.add.at(shock, losses["party_row"].to_numpy(), losses["loss"].to_numpy())
    if not np.isfinite(shock).all():
        first = snapshot.parties["party_id"][int(np.flatnonzero(~np.isfinite(shock))[0])]
        raise DataError(f"{first}: its losses add up beyond any number. Correct the shocks.")
    return Scenario(tuple(dict.fromkeys([*fails, *gone])), shock, notes)


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


def _priced(snapshot: Snapshot, shares: pl.DataFrame) -> pl.DataFrame:
    """Shares of total assets as `loss`, money; missing where the assets are. With `equity`."""
    sheets = balance_sheets(snapshot).select("party_row", "total_assets", "equity")
    told = shares.join(sheets, on="party_row", how="left", maintain_order="left")
    return told.with_columns(loss=pl.col("loss_share") * pl.col("total_assets"))


def _decided(
    snapshot: Snapshot, unknown: pl.DataFrame, without_equity: WithoutEquity
) -> tuple[list[int], tuple[str, ...]]:
    """Who fails of those whose loss nobody knows, and what is to be said of them."""
    blocked = unknown if without_equity == "refuse" else unknown.filter(pl.col("equity") > 0)
    rows = unknown["party_row"].unique(maintain_order=True)
    if blocked.height:
        first = snapshot.parties["party_id"][int(blocked["party_row"][0])]
        raise DataError(
            f"{blocked['party_row'].n_unique():,} parties are to lose a fraction of total assets that are not known, "
            f"first {first!r}. Load their accounts, say in --shock what each loses, or, where their equity is not "
            "known either, choose --without-equity fail or absorb."
        )
    if not len(rows):
        return [], ()
    fate = "fail at once" if without_equity == "fail" else "absorb what they lose: it is left out"
    said = f"{len(rows):,} parties of which neither total assets nor equity is known {fate}"
    return (rows.to_list() if without_equity == "fail" else []), (said,)


def _met(snapshot: Snapshot, shocks: pl.DataFrame) -> pl.DataFrame:
    """The rows of a file with their `party_row`, found by id or alias.

    Raises:
        UsageError: no party of the day has an id.
    """
    ids = snapshot.parties.with_row_index("party_row").select("party_row", "party_id", "aliases")
    other = ids.select("party_row", party_id="aliases").explode("party_id").drop_nulls()
    every = pl.concat([ids.drop("aliases"), other]).unique("party_id", keep="first", maintain_order=True)
    met = shocks.join(every, on="party_id", how="left", maintain_order="left")
    strangers = met.filter(pl.col("party_row").is_null())
    if strangers.height:
        at, party_id = strangers.row(0)[:2]
        more = f" (and {strangers.height - 1:,} more)" if strangers.height > 1 else ""
        raise UsageError(f"{at}: {party_id}: no such party on {snapshot.day}{more}. Load it, or take the row out.")
    return met
