"""The one history of a made-up economy: twelve months of shocks and failures, then a December that renews it.

Each December's failures are booked by their partners at the closing; then firms leave and enter, debts are renewed and
contracts made for a year. So a year's end is known by its balance sheets and contracts, until the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .economy_firms import Firms, Flags, Floats, Ints, generator
from .economy_forms import Form
from .economy_horizon import (
    DRIFT,
    MONTHS,
    SURVIVES,
    Horizon,
    Singles,
    alive_only,
    conduits,
    first_defaults,
    local_shocks,
    losses_taken,
    rooms,
)
from .economy_links import Links, renewed
from .economy_losses import LGD, SUPPLY, Balance, Losses, Severity, losses, priced, same_severity

PULL = 0.5  # of the way to its own leverage that a firm's debt moves in December
REFINANCED = 0.75  # liabilities over assets after a cure
CURED = 0.35  # share of defaults that end in a cure, in September of the next year; the others in a bankruptcy
CURE = 8  # September
WRECK = 0.01  # of its assets is left to a firm whatever it lost
ALIVE, IN_DEFAULT, GONE, NOT_YET = 0, 1, 2, 3


@dataclass(frozen=True)
class Standing:
    """The end of a December: (n,) status and balance sheets, the contracts of the next year, what they cost."""

    status: Ints
    balance: Balance
    links: Links
    losses: Losses
    liquid: Floats  # (n,) part of the equity that can be lost before the firm fails

    @property
    def alive(self) -> Flags:
        """(n,) who may fail from here on."""
        return np.asarray(self.status == ALIVE)


@dataclass(frozen=True)
class Path:
    """One history. Panels have shape (months + 1, n): row t is the end of month t - 1; cases (k, 2): month, firm."""

    assets: Floats
    liabilities: Floats
    status: Ints
    defaults: Ints
    cures: Ints
    bankruptcies: Ints
    standings: Sequence[Standing]  # at the opening and at the end of each year


def simulate(firms: Firms, form: Form, years: int, seed: int) -> Path:
    """Runs the economy, one year after the other."""
    standings = [_opening(firms, form, seed)]
    panels, cases = [_panel(standings[0])], []
    for year in range(years):
        horizon = horizon_of(firms, form, standings[-1])
        room = rooms(horizon, generator(seed, "year", year), 1)[:, 0]
        fates = _fates(standings[-1], generator(seed, "fates", year))
        rows, failed_on = _year(standings[-1], horizon, room, fates.cured)
        last = _Year(standings[-1], rows[-1], failed_on, fates)
        standings.append(_december(firms, form, last, (seed, year)))
        panels.append(np.concatenate([rows[:-1], _panel(standings[-1])]))
        cases.append(_cases(last, MONTHS * year))
    assets, owed, status = (np.concatenate([panel[:, part] for panel in panels]) for part in range(3))
    defaults, cures, bankruptcies = (np.concatenate([case[kind] for case in cases]) for kind in range(3))
    return Path(assets, owed, status.astype(np.int64), defaults, cures, bankruptcies, standings)


def _panel(standing: Standing) -> Floats:
    return np.stack([standing.balance.assets, standing.balance.owed, standing.status.astype(np.float64)])[None]


def _opening(firms: Firms, form: Form, seed: int) -> Standing:
    status = np.where(firms.enters > 0, NOT_YET, ALIVE)
    balance = Balance(firms.assets, firms.leverage * firms.assets)
    return _standing(firms, form, (status, balance), None, (seed, 0))


def _standing(
    firms: Firms, form: Form, state: tuple[Ints, Balance], old: Links | None, when: tuple[int, int]
) -> Standing:
    """A December's end, once it is settled who is there with what balance sheet."""
    status, balance = state
    seed, year = when
    links = priced(firms, balance, renewed(firms, status == ALIVE, balance.equity, old, when))
    harm = losses(firms, balance, links, _severity(firms, form, generator(seed, "severity", year)))
    liquid = generator(seed, "liquid", year).uniform(0.6, 1.0, firms.count) if form.cash else np.ones(firms.count)
    return Standing(status, balance, links, harm, liquid)


def _severity(firms: Firms, form: Form, rng: np.random.Generator) -> Severity:
    if not form.drawn_severity:
        return same_severity(firms)
    claims = rng.beta(4 * LGD, 4 * (1 - LGD), firms.count)
    return Severity(claims, SUPPLY * rng.uniform(0.2, 1.8, firms.count))


def horizon_of(firms: Firms, form: Form, standing: Standing) -> Horizon:
    """The twelve months from a December's end on, for the firms alive then, in their order."""
    alive = standing.alive
    there, number = np.flatnonzero(alive), alive_only(alive)
    assets, harm = standing.balance.assets, standing.losses
    share = harm.money / assets[harm.suffers]
    ends = (number[harm.fails], number[harm.suffers])
    every = conduits(len(there), ends, share, (harm.channel, harm.link))
    shake = firms.volatility[there] / np.sqrt(12)
    flow = cash_flow(firms, standing.balance)[there] / 12 if form.cash else 0.0
    return Horizon(
        room=(standing.liquid * standing.balance.equity / assets)[there],
        shake=shake,
        drift=flow - DRIFT * shake,
        industry=firms.industry[there],
        harm=every if form.contagion else every.only(()),
        spread=form.spread,
        local=local_shocks(form.local, every) if form.local else None,
    )


def cash_flow(firms: Firms, balance: Balance) -> Floats:
    """A year's profit over assets: a quarter of the gross margin, less interest."""
    interest = 0.04 * firms.borrowed * balance.owed / np.maximum(balance.assets, 1)
    return np.asarray(0.25 * firms.margin * firms.turns - interest)


@dataclass(frozen=True)
class _Fates:
    """Of the firms in default at a year's start, those that will be cured and those that will be wound up."""

    cured: Ints
    wound_up: Ints


@dataclass(frozen=True)
class _Year:
    """A year that is over: how it began, its last row (3, n), the month of each firm's default or -1, old defaults."""

    began: Standing
    row: Floats
    failed_on: Ints
    fates: _Fates


def _fates(standing: Standing, rng: np.random.Generator) -> _Fates:
    cured = rng.random(len(standing.status)) < CURED
    lasting = standing.status == IN_DEFAULT
    return _Fates(np.flatnonzero(lasting & cured), np.flatnonzero(lasting & ~cured))


def _year(standing: Standing, horizon: Horizon, room: Singles, cured: Ints) -> tuple[Floats, Ints]:
    """Twelve rows of assets, liabilities and status, (12, 3, n), and the month of each firm's default, or -1."""
    found = first_defaults(room[:, None], horizon.harm, horizon.spread)
    there, now = np.flatnonzero(standing.alive), np.arange(MONTHS)[:, None]
    month, lost = found[0].astype(np.int64), losses_taken(found, horizon.harm, horizon.spread)[:, 0]
    booked = np.concatenate([lost[: MONTHS - 1], lost[MONTHS:]])  # what December's failures cost is booked at once
    change = (room - horizon.room - booked)[np.minimum(now, month), np.arange(len(there))]
    start = _panel(standing)[0]
    rows = np.repeat(start[None], MONTHS, axis=0)
    rows[:, 0, there] *= np.maximum(1 + change, WRECK)
    rows[:, 2, there] = np.where(month <= now, IN_DEFAULT, ALIVE)
    rows[CURE:, 1, cured], rows[CURE:, 2, cured] = REFINANCED * start[0, cured], ALIVE
    failed_on = np.full(len(standing.status), -1)
    failed_on[there] = np.where(month < SURVIVES, month, -1)
    return rows, failed_on


def _december(firms: Firms, form: Form, year: _Year, when: tuple[int, int]) -> Standing:
    """Firms leave and enter, debts are renewed, contracts made."""
    (assets, owed, last), (seed, number) = year.row, when
    status, entering = last.astype(np.int64), firms.enters == number + 1
    status[year.fates.wound_up] = GONE
    going = np.flatnonzero(status == ALIVE)
    free = max(0, int(entering.sum()) - len(year.fates.wound_up))  # so that there are as many firms as before
    status[generator(seed, "leaving", number).choice(going, min(free, len(going)), replace=False)] = GONE
    status[entering] = ALIVE
    moved = owed + PULL * (firms.leverage * assets - owed)
    owed = np.where((status == ALIVE) & (assets > owed) & ~entering, moved, owed)
    return _standing(firms, form, (status, Balance(assets, owed)), year.began.links, (seed, number + 1))


def _cases(year: _Year, begin: int) -> tuple[Ints, Ints, Ints]:
    """The year's defaults, cures and bankruptcies, rows of month and firm."""
    failed = np.flatnonzero(year.failed_on >= 0)
    defaults = np.stack([begin + year.failed_on[failed], failed], axis=1)
    return defaults, _all_in(begin + CURE, year.fates.cured), _all_in(begin + MONTHS - 1, year.fates.wound_up)


def _all_in(month: int, firms: Ints) -> Ints:
    return np.stack([np.full(len(firms), month), firms], axis=1)
