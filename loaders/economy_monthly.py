"""What the bank sees between balance sheets: events, days past due, account flows, taxes, headcount."""

import numpy as np
import polars as pl

from .economy_firms import Flags, Floats, Ints, generator
from .economy_horizon import MONTHS
from .economy_path import ALIVE, IN_DEFAULT
from .economy_world import World, as_days, dated, ids

LENT = 0.45  # the bank's part of a customer's liabilities
EVEN = np.sqrt(12 / 11)  # standard deviation, as a sample of a year has it, of steps of one up and one down


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
    return world.kept(pl.concat(rows))


def thin(world: World) -> Floats:
    """How thin equity was at the end of each month, shape (months, n): 1 without any, near 0 from 40 % of assets up."""
    assets, owed = world.path.assets[1:], world.path.liabilities[1:]
    return np.exp(-np.maximum(1 - owed / np.maximum(assets, 1), 0) / 0.08)


def _troubles(world: World, part: str, usual: float, extra: float) -> Ints:
    chance = usual + extra * thin(world)
    drawn = generator(world.seed, part).random(chance.shape) < chance
    return np.argwhere(drawn & world.there(slice(1, None)))


def _happened(world: World, kind: str, cases: Ints, part_of_debt: float) -> pl.DataFrame:
    rng = generator(world.seed, kind, "day")
    month, firm = cases.T
    on = world.end(month) + rng.integers(1, 28, len(month))
    amount = part_of_debt * world.path.liabilities[month, firm] * rng.uniform(0.5, 1, len(month))
    rows = pl.DataFrame({"party_id": ids("E", firm), "kind": kind, "amount": np.round(amount, 2)})
    rows = rows.with_columns(
        event_id=kind + "-" + pl.Series(month).cast(pl.String) + "-" + ids("E", firm),
        amount=pl.col("amount") if part_of_debt else pl.lit(None, dtype=pl.Float64),
    )
    return dated(rows, on, world.told(on, kind, (1, 30)))


def exposures(world: World) -> pl.DataFrame:
    """One facility a customer: a new row each year and whenever the days past due change."""
    firms, path = world.firms, world.path
    past_due = _past_due(world)
    open_now = world.there(slice(None)) & firms.customer
    yearly = (np.arange(world.months + 1) % MONTHS == 0)[:, None]
    before = np.vstack([np.full(firms.count, -1), np.where(open_now[:-1], past_due[:-1], -1)])
    row, firm = np.nonzero(open_now & (yearly | (past_due != before)))
    limit = LENT * generator(world.seed, "exposures").uniform(0.5, 1.5, firms.count) * firms.leverage * firms.assets
    drawn = np.minimum(limit[firm], 0.9 * LENT * path.liabilities[row, firm])
    rows = pl.DataFrame(
        {
            "facility_id": ids("F", firm),
            "party_id": ids("E", firm),
            "kind": "loan",
            "limit": np.round(limit[firm], 2),
            "drawn": np.round(drawn, 2),
            "days_past_due": past_due[row, firm],
        }
    )
    if world.form.besides:
        rows = rows.with_columns(collateral=(0.3 * pl.col("drawn")).round(2), collateral_kind=pl.lit("property"))
    on = world.end(row)
    kept = dated(rows, on, on)
    return world.kept(pl.concat([kept, _repaid(world, kept)], how="diagonal"))


def _repaid(world: World, kept: pl.DataFrame) -> pl.DataFrame:
    """The last row of each facility whose firm is gone, now with its end."""
    firm = np.flatnonzero((world.exit <= world.months) & world.firms.customer)
    ends = pl.DataFrame({"facility_id": ids("F", firm), "valid_to": as_days(world.end(world.exit[firm]))})
    latest = kept.group_by("facility_id", maintain_order=True).last()
    over = latest.join(ends, on="facility_id", how="inner", maintain_order="left")
    return over.with_columns(recorded_on="valid_to")


def _past_due(world: World) -> Ints:
    """Days past due at the end of each row's month, shape (months + 1, n): thin equity pays late, default beyond 90."""
    status = world.path.status
    rng = generator(world.seed, "past due")
    thinness = np.vstack([np.zeros(world.firms.count), thin(world)])
    late = rng.random(status.shape) < 0.01 + 0.3 * thinness
    days = np.where(late, rng.choice([10, 20, 35, 60], status.shape, p=[0.4, 0.3, 0.2, 0.1]), 0)
    spell = np.zeros(world.firms.count, np.int64)
    for row in range(world.months + 1):
        spell = np.where(status[row] == IN_DEFAULT, spell + 1, 0)
        days[row] = np.where(spell > 0, np.minimum(65 + 30 * spell, 365), days[row])
    return days


def observations(world: World) -> pl.DataFrame:
    """Monthly inflow on the account, tax paid, headcount and invoices of the customers.

    A customer brings the statements of the twelve months before it came.
    """
    asked = world.there(slice(None)) & world.firms.customer
    made = [_year(world, asked, row) for row in range(0, world.months + 1, MONTHS)]
    return world.kept(pl.concat(made))


def _year(world: World, asked: Flags, row: int) -> pl.DataFrame:
    """The statements of the twelve months up to a December: of customers as they came in, of new ones brought along."""
    rows = row - np.arange(MONTHS - 1, -1, -1)
    new = asked[row] & (world.entry == row)
    place, firm = np.nonzero(new | ((rows > 0)[:, None] & asked[np.maximum(rows, 0)]))
    ended = world.end(rows[place])
    came = world.told(ended, f"observations {row}", (5, 20))
    known = np.where(new[firm], world.end(row), came)
    frame = pl.DataFrame({"party_id": ids("E", firm), "month": as_days(ended).dt.month_start()})
    frame = dated(frame, ended, known)
    figures = {
        name: np.round(panel[place, firm], 2)
        for name, panel in _panels(world, row).items()
        if name in world.form.measures
    }
    unit = {"headcount": "persons"}
    return pl.concat(
        frame.with_columns(measure=pl.lit(name), value=pl.Series(figure), unit=pl.lit(unit.get(name), pl.String))
        for name, figure in figures.items()
    )


def _panels(world: World, row: int) -> dict[str, Floats]:
    """Figures of the twelve months up to a December by measure, shape (12, n).

    The inflow swings by what assets move in a month, round a level that follows the assets of a year before evenly, so
    that the swing alone shakes it; the others follow the assets at once.
    """
    firms, rng = world.firms, generator(world.seed, "observations", row)
    every, month = np.arange(firms.count), np.arange(1, MONTHS + 1)[:, None]
    rows = np.minimum(np.maximum(row - MONTHS + month, world.entry), world.months)
    level = firms.turns * world.path.assets[rows, every] / MONTHS
    before, after = (
        np.log(world.path.assets[np.maximum(row - years * MONTHS, np.minimum(world.entry, world.months)), every])
        for years in (2, 1)
    )
    wrong = world.form.volatility_noise * rng.standard_normal(firms.count)
    swing = firms.volatility * np.exp(wrong) / np.sqrt(MONTHS) / EVEN / 2
    evenly = before + (after - before) * month / MONTHS + np.where(month % 2, -swing, swing)
    pays = np.where(world.path.status[rows, every] == ALIVE, 1.0, 0.4)
    shaken = level * pays * np.exp(0.1 * rng.standard_normal((3, *level.shape)))
    return {
        "inflow": firms.turns * np.exp(evenly) / MONTHS,
        "tax_paid": 0.04 * shaken[0],
        "headcount": np.maximum(1, np.round((shaken[1] / 5e4) ** 0.8)),
        "invoiced": shaken[2],
    }
