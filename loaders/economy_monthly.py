"""What the bank sees between balance sheets: events, days past due, account flows, taxes, headcount."""

import numpy as np
import polars as pl

from .economy_links import Floats, Ints, generator
from .economy_path import ALIVE, GONE, IN_DEFAULT
from .economy_world import World, dated, ids

LENT = 0.45  # the bank's part of a customer's liabilities


def events(world: World) -> pl.DataFrame:
    """Defaults, cures and bankruptcies as they happened; lawsuits and tax arrears, likelier when equity is thin."""
    path = world.path
    rows = [
        _happened(world, "default", path.defaults, 0.3),
        _happened(world, "cured", path.cures, 0.0),
        _happened(world, "bankruptcy", path.bankruptcies, 0.0),
        _happened(world, "lawsuit", _troubles(world, "lawsuit", 0.004, 0.06), 0.05),
        _happened(world, "tax_arrears", _troubles(world, "tax_arrears", 0.002, 0.05), 0.01),
    ]
    return pl.concat(rows).filter(pl.col("recorded_on") < world.over)


def thin(world: World) -> Floats:
    """How thin equity was at the end of each month, shape (months, n): 1 without any, near 0 from 40 % of assets up."""
    assets, owed = world.path.assets[1:], world.path.liabilities[1:]
    return np.exp(-np.maximum(1 - owed / np.maximum(assets, 1), 0) / 0.08)


def _troubles(world: World, part: str, usual: float, extra: float) -> Ints:
    chance = usual + extra * thin(world)
    drawn = generator(world.seed, part).random(chance.shape) < chance
    return np.argwhere(drawn & (world.path.status[1:] < GONE))


def _happened(world: World, kind: str, cases: Ints, part_of_debt: float) -> pl.DataFrame:
    rng = generator(world.seed, f"{kind} known")
    month, firm = cases.T
    on = world.day(month, rng.integers(0, 27, len(month)))
    amount = part_of_debt * world.path.liabilities[month, firm] * rng.uniform(0.5, 1, len(month))
    rows = pl.DataFrame({"party_id": ids("E", firm), "kind": kind, "amount": np.round(amount, 2)})
    rows = rows.with_columns(
        event_id=kind + "-" + pl.Series(month).cast(pl.String) + "-" + ids("E", firm),
        amount=pl.col("amount") if part_of_debt else pl.lit(None, dtype=pl.Float64),
    )
    return dated(rows, on, on + rng.integers(1, 30, len(month)))


def exposures(world: World) -> pl.DataFrame:
    """One facility a customer: a new row each year and whenever the days past due change."""
    firms, path = world.firms, world.path
    past_due = _past_due(world)
    open_now = (path.status[:-1] < GONE) & firms.customer
    yearly = (np.arange(world.months) % 12 == 0)[:, None]
    before = np.vstack([np.full(firms.count, -1), np.where(open_now[:-1], past_due[:-1], -1)])
    month, firm = np.nonzero(open_now & (yearly | (past_due != before)))
    opening = firms.leverage * firms.assets
    limit = LENT * generator(world.seed, "exposures").uniform(0.5, 1.5, firms.count) * opening
    drawn = np.minimum(limit[firm], 0.9 * LENT * path.liabilities[month, firm])
    rows = pl.DataFrame(
        {
            "facility_id": ids("F", firm),
            "party_id": ids("E", firm),
            "kind": "loan",
            "limit": np.round(limit[firm], 2),
            "drawn": np.round(drawn, 2),
            "collateral": np.round(0.3 * drawn, 2),
            "collateral_kind": "property",
            "days_past_due": past_due[month, firm],
        }
    )
    on = world.day(month)
    kept = dated(rows, on, on + (month > 0))
    return pl.concat([kept, _repaid(world, kept)], how="diagonal").filter(pl.col("recorded_on") < world.over)


def _repaid(world: World, kept: pl.DataFrame) -> pl.DataFrame:
    """The last row of each facility whose firm is gone, now with its end."""
    gone = world.ends
    firm = np.flatnonzero((gone < world.months) & world.firms.customer)
    ends = pl.DataFrame({"facility_id": ids("F", firm), "valid_to": pl.Series(world.day(gone[firm] + 1)).cast(pl.Date)})
    latest = kept.group_by("facility_id", maintain_order=True).last()
    over = latest.join(ends, on="facility_id", how="inner", maintain_order="left")
    return over.with_columns(valid_to=pl.max_horizontal("valid_to", "valid_from")).with_columns(
        recorded_on=pl.max_horizontal("valid_to", "recorded_on").dt.offset_by("1d")
    )


def _past_due(world: World) -> Ints:
    """Days past due at the start of each month, shape (months, n): thin equity pays late, default is over 90 days."""
    status = world.path.status[:-1]
    rng = generator(world.seed, "past due")
    thinness = np.vstack([np.zeros(world.firms.count), thin(world)[:-1]])
    late = rng.random(status.shape) < 0.01 + 0.3 * thinness
    days = np.where(late, rng.choice([10, 20, 35, 60], status.shape, p=[0.4, 0.3, 0.2, 0.1]), 0)
    spell = np.zeros(world.firms.count, np.int64)
    for month in range(world.months):
        spell = np.where(status[month] == IN_DEFAULT, spell + 1, 0)
        days[month] = np.where(spell > 0, np.minimum(65 + 30 * spell, 365), days[month])
    return days


def observations(world: World) -> pl.DataFrame:
    """Monthly inflow on the account, tax paid, headcount and invoices of the customers, known 5 to 20 days later."""
    there = (world.path.status[1:] < GONE) & world.firms.customer
    month, firm = np.nonzero(there)
    rng = generator(world.seed, "observations")
    known = world.day(month + 1, rng.integers(5, 20, len(month)))
    rows = pl.DataFrame({"party_id": ids("E", firm), "month": pl.Series(world.day(month)).cast(pl.Date)})
    rows = dated(rows, world.day(month + 1), known)
    unit = {"headcount": "persons"}
    made = [
        rows.with_columns(
            pl.lit(name).alias("measure"),
            pl.Series("value", figure[month, firm]),
            unit=pl.lit(unit.get(name), pl.String),
        )
        for name, figure in _panels(world, rng).items()
    ]
    return pl.concat(made).filter(pl.col("recorded_on") < world.over)


def _panels(world: World, rng: np.random.Generator) -> dict[str, Floats]:
    """Figures by measure, shape (months, n). The inflow shakes as much as the firm's assets do in a year."""
    firms, path = world.firms, world.path
    pays = np.where(path.status[1:] == ALIVE, 1.0, 0.4)
    level = firms.turns * np.maximum(path.assets[1:], 1) / 12 * pays
    inflow = level * np.exp(0.7 * firms.volatility * rng.standard_normal(level.shape))
    heads = np.maximum(1, np.round((level / 5e4) ** 0.8 * np.exp(0.03 * rng.standard_normal(level.shape))))
    return {
        "inflow": np.round(inflow, 2),
        "tax_paid": np.round(0.04 * inflow * (1 - 0.6 * thin(world)), 2),
        "headcount": heads,
        "invoiced": np.round(inflow * np.exp(0.1 * rng.standard_normal(level.shape)), 2),
    }
