"""The balance sheets that the firms of an economy file."""

import numpy as np
import polars as pl

from .economy_firms import Floats, Ints, generator
from .economy_horizon import MONTHS
from .economy_links import Ties
from .economy_losses import Balance
from .economy_path import cash_flow
from .economy_world import World, dated, ids

FILING = (60, 150)  # days after its day on which late accounts come in
CONSOLIDATES = 3  # a firm with so many subsidiaries files consolidated accounts too


def accounts(world: World) -> pl.DataFrame:
    """Balance sheets of each year or quarter; large groups consolidated too.

    A firm's first is there when the firm is, so that the first day already knows one.
    """
    step = MONTHS // world.form.sheets
    return world.kept(pl.concat([_sheets(world, row) for row in range(0, world.months + 1, step)]))


def _sheets(world: World, row: int) -> pl.DataFrame:
    firm = np.flatnonzero(world.there(row) & world.firms.files)
    balance = as_stated(world, row)
    since = np.repeat(world.end(row), len(firm))
    filed = np.where(world.entry[firm] == row, since, world.told(since, f"accounts {row}", FILING))
    solo = dated(_figures(world, row, balance, "solo")[firm], since, filed)
    if not world.form.besides:
        return solo
    held = world.path.standings[row // MONTHS].links.stakes
    held = held.keep(held.amount > 0.5)
    group = Balance(_with_held(balance.assets, held), _with_held(balance.owed, held))
    heads = np.isin(firm, parents(world))
    return pl.concat([solo, dated(_figures(world, row, group, "consolidated")[firm], since, filed).filter(heads)])


def parents(world: World) -> Ints:
    """The firms that file consolidated accounts, of a form that has any: those with many subsidiaries."""
    if not world.form.besides:
        return np.empty(0, np.int64)
    owners = np.concatenate([standing.links.stakes.source for standing in world.path.standings])
    return np.flatnonzero(np.bincount(owners, minlength=world.firms.count) >= CONSOLIDATES * len(world.path.standings))


def as_stated(world: World, row: int) -> Balance:
    """The true balance sheets, liabilities off by one draw a firm and year, which quarters can't average away."""
    assets, noise = world.path.assets[row], world.form.leverage_noise
    off = noise * generator(world.seed, "leverage", row // MONTHS).standard_normal(len(assets))
    return Balance(assets, np.maximum(world.path.liabilities[row] + off * assets, 0.02 * assets))


def _with_held(money: Floats, held: Ties) -> Floats:
    return money + np.bincount(held.source, money[held.target], len(money))


def _figures(world: World, row: int, balance: Balance, scope: str) -> pl.DataFrame:
    firms = world.firms
    revenue = firms.turns * balance.assets
    profit = cash_flow(firms, balance) * balance.assets
    liquid = world.path.standings[row // MONTHS].liquid * np.maximum(balance.equity, 0)
    figures = {
        "total_assets": balance.assets,
        "equity": balance.equity,
        "debt": firms.borrowed * balance.owed,
        "liabilities": balance.owed,
        "revenue": revenue,
        "costs": revenue * (1 - firms.margin),
        "profit": profit,
        "cash": liquid if world.form.cash else 0.08 * balance.assets,
        "operating_cash_flow": profit + 0.03 * balance.assets,
    }
    rounded = {name: np.round(money, 2) for name, money in figures.items()}
    about = {"party_id": ids("E", np.arange(firms.count)), "scope": scope, "months": 12, "currency": "CNY"}
    return pl.DataFrame(about | rounded)
