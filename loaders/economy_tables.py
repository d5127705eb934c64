"""An economy as rows of the canonical folder: who there is, what ties them, and their yearly accounts."""

import numpy as np
import polars as pl

from .economy_links import BEFORE, NEVER, Floats, Ints, Ties, generator
from .economy_monthly import events, exposures, observations
from .economy_names import PLACES, TRADES, credit_codes, firm_names, person_names
from .economy_path import GONE, NOT_YET, turnover
from .economy_world import World, dated, ids

CONSOLIDATES = 3  # a firm with so many subsidiaries files consolidated accounts too


def tables(world: World) -> dict[str, pl.DataFrame]:
    """The files of the canonical folder by table, columns named as the dictionary's fields."""
    return {
        "parties": parties(world),
        "identifiers": identifiers(world),
        "owns": owns(world),
        "controls": controls(world),
        "holds_role": offices(world),
        "related_to": families(world),
        "guarantees": guarantees(world),
        "supplies": supplies(world),
        "lends_to": loans(world),
        "accounts": accounts(world),
        "exposures": exposures(world),
        "events": events(world),
        "observations": observations(world),
        "capital": capital(world),
    }


def parties(world: World) -> pl.DataFrame:
    """Firms and persons; of a firm that left or was wound up also the version with its end."""
    firms, n = world.firms, world.firms.count
    rng = generator(world.seed, "parties")
    founded = np.where(firms.enters == BEFORE, -rng.integers(12, 300, n), firms.enters)
    described = pl.DataFrame(
        {
            "party_id": ids("E", np.arange(n)),
            "kind": "enterprise",
            "name": firm_names(firms, world.seed),
            "country": "CN",
            "region": pl.Series([f"CN-{code[:2]}" for code, *_ in PLACES]).gather(firms.region),
            "industry": pl.Series([code for code, *_ in TRADES]).gather(firms.industry),
            "legal_form": pl.Series(["limited", "joint_stock"]).gather((rng.random(n) < 0.12).astype(np.int64)),
            "founded_on": pl.Series(world.day(founded)).cast(pl.Date),
            "is_listed": firms.assets > np.quantile(firms.assets, 0.99),
        }
    )
    count = world.persons
    people = pl.DataFrame({"party_id": ids("P", np.arange(count)), "kind": "person", "country": "CN"})
    people = people.with_columns(name=person_names(count, world.seed))
    both = [
        world.versions(described, firms.enters, world.ends, "firms known"),
        world.versions(people, np.full(count, BEFORE), np.full(count, NEVER), "persons known"),
    ]
    return pl.concat(both, how="diagonal")


def identifiers(world: World) -> pl.DataFrame:
    """Unified social credit codes of eight firms in ten."""
    codes = pl.DataFrame({"scheme": "uscc", "value": credit_codes(world.firms.region, world.seed)})
    codes = codes.with_columns(party_id=ids("E", np.arange(world.firms.count)))
    return codes.filter(pl.Series(generator(world.seed, "identifiers").random(world.firms.count) < 0.8))


def owns(world: World) -> pl.DataFrame:
    """Stakes of firms, and of the person on top of each group; some of these known only as a band."""
    stakes, n = world.stakes, world.firms.count
    rng = generator(world.seed, "owns")
    corporate = pl.DataFrame({"owner_id": ids("E", stakes.source), "enterprise_id": ids("E", stakes.target)})
    lends = pl.Series(rng.random(len(stakes.source)) < 0.2)
    support = pl.Series(np.round(0.03 * world.firms.assets[stakes.target], 2))
    corporate = corporate.with_columns(
        share=pl.Series(np.round(stakes.amount, 4)), support=pl.select(pl.when(lends).then(support)).to_series()
    )
    free = np.setdiff1d(np.arange(n), stakes.target)
    personal = pl.DataFrame({"owner_id": _founder(world, free), "enterprise_id": ids("E", free)})
    exact, banded = pl.Series(np.round(rng.uniform(0.4, 1, len(free)), 4)), pl.Series(rng.random(len(free)) < 0.1)
    low = pl.when(banded).then(0.25 + 0.25 * (exact // 0.25 - 1))
    personal = personal.with_columns(share=pl.when(~banded).then(exact), share_low=low, share_high=low + 0.25)
    both = [
        world.versions(corporate, stakes.starts, stakes.ends, "stakes known"),
        world.versions(personal, world.firms.enters[free], np.full(len(free), NEVER), "founders known"),
    ]
    return pl.concat(both, how="diagonal")


def _founder(world: World, firm: Ints) -> pl.Series:
    return ids("P", generator(world.seed, "founders").integers(0, world.persons, world.firms.count)[firm])


def controls(world: World) -> pl.DataFrame:
    """Who consolidates whom: majority stakes of the firms that file consolidated accounts."""
    stakes = world.stakes.keep(np.isin(world.stakes.source, _parents(world)) & (world.stakes.amount > 0.5))
    rows = pl.DataFrame({"controller_id": ids("E", stakes.source), "enterprise_id": ids("E", stakes.target)})
    rows = rows.with_columns(basis=pl.lit("consolidated_accounts")).unique(maintain_order=True)
    kept = np.full(rows.height, BEFORE)
    return world.versions(rows, kept, np.full(rows.height, NEVER), "controls known")


def _parents(world: World) -> Ints:
    return np.flatnonzero(np.bincount(world.stakes.source, minlength=world.firms.count) >= CONSOLIDATES)


def offices(world: World) -> pl.DataFrame:
    """The legal representative of each firm: the person who founded it."""
    firm = np.arange(world.firms.count)
    rows = pl.DataFrame({"person_id": _founder(world, firm), "enterprise_id": ids("E", firm)})
    rows = rows.with_columns(role=pl.lit("legal_representative"))
    return world.versions(rows, world.firms.enters, world.ends, "offices known")


def families(world: World) -> pl.DataFrame:
    """One person in ten is married to the next."""
    first = np.arange(0, world.persons - 1, 2)
    first = first[generator(world.seed, "families").random(len(first)) < 0.1]
    rows = pl.DataFrame({"party_id": ids("P", first), "other_id": ids("P", first + 1), "relation": "spouse"})
    return world.versions(rows, np.full(len(first), BEFORE), np.full(len(first), NEVER), "families known")


def guarantees(world: World) -> pl.DataFrame:
    """Contracts with their cap; those of two guarantors are joint."""
    ties = world.guarantees
    rows = pl.DataFrame(
        {
            "contract_id": ids("G", ties.contract),
            "guarantor_id": ids("E", ties.source),
            "debtor_id": ids("E", ties.target),
            "amount": np.round(ties.amount, 2),
            "liability": "joint",
        }
    )
    facility = pl.when(pl.Series(world.firms.customer[ties.target])).then(ids("F", ties.target))
    return _links(world, rows.with_columns(facility_id=facility, eligible=pl.lit(value=True)), ties, "guarantees known")


def supplies(world: World) -> pl.DataFrame:
    """Deliveries: what is sold in a year and what the buyer owes."""
    ties = world.trade
    rows = pl.DataFrame(
        {
            "supplier_id": ids("E", ties.source),
            "buyer_id": ids("E", ties.target),
            "contract_id": ids("T", ties.contract),
            "turnover": np.round(turnover(ties), 2),
            "receivable": np.round(ties.amount, 2),
        }
    )
    return _links(world, rows, ties, "supplies known")


def loans(world: World) -> pl.DataFrame:
    """Loans inside groups."""
    ties = world.loans
    rows = pl.DataFrame(
        {
            "lender_id": ids("E", ties.source),
            "borrower_id": ids("E", ties.target),
            "contract_id": ids("L", ties.contract),
            "balance": np.round(ties.amount, 2),
        }
    )
    return _links(world, rows, ties, "loans known")


def _links(world: World, rows: pl.DataFrame, ties: Ties, part: str) -> pl.DataFrame:
    return world.versions(rows, ties.starts, ties.ends, part)


def accounts(world: World) -> pl.DataFrame:
    """Balance sheets at each year's end, filed two to five months later; large groups consolidated too.

    The first is a year older than the economy, so that its first day already knows one.
    """
    years = np.arange(-1, world.months // 12 + 1)
    yearly = pl.concat([_balance_sheets(world, int(year)) for year in years])
    return yearly.filter(pl.col("recorded_on") < world.over)


def _balance_sheets(world: World, year: int) -> pl.DataFrame:
    rng, n = generator(world.seed, f"accounts {year}"), world.firms.count
    row = max(0, 12 * year)
    there = ~np.isin(world.path.status[row], (NOT_YET, GONE)) & world.firms.files & (world.firms.enters < max(row, 1))
    assets = world.path.assets[row] * np.exp(0.02 * rng.standard_normal(n))
    owed = world.path.liabilities[row] * np.exp(0.02 * rng.standard_normal(n))
    drawn = 0.35 + 0.4 * generator(world.seed, "debt").random(n)
    since = world.day(np.full(n, 12 * year), -1)
    filed = since + rng.integers(60, 150, n)
    solo = dated(_sheet(world, assets, owed, drawn), since, filed).filter(pl.Series(there))
    held = world.stakes.keep(world.stakes.amount > 0.5)
    group = _sheet(world, _with_held(assets, held), _with_held(owed, held), drawn, "consolidated")
    parents = there & np.isin(np.arange(n), _parents(world))
    return pl.concat([solo, dated(group, since, filed).filter(pl.Series(parents))])


def _with_held(money: Floats, held: Ties) -> Floats:
    return money + np.bincount(held.source, money[held.target], len(money))


def _sheet(world: World, assets: Floats, owed: Floats, drawn: Floats, scope: str = "solo") -> pl.DataFrame:
    firms = world.firms
    revenue = firms.turns * assets
    profit = 0.25 * firms.margin * revenue - 0.04 * drawn * owed
    figures = {
        "total_assets": assets,
        "equity": assets - owed,
        "debt": drawn * owed,
        "liabilities": owed,
        "revenue": revenue,
        "costs": revenue * (1 - firms.margin),
        "profit": profit,
        "cash": 0.08 * assets,
        "operating_cash_flow": profit + 0.03 * assets,
    }
    rounded = {name: np.round(money, 2) for name, money in figures.items()}
    about = {"party_id": ids("E", np.arange(firms.count)), "scope": scope, "months": 12, "currency": "CNY"}
    return pl.DataFrame(about | rounded)


def capital(world: World) -> pl.DataFrame:
    """The bank's own: a twelfth of what it has lent to these firms, or two and a half times its largest client."""
    lent = 0.3 * (world.firms.leverage * world.firms.assets)[world.firms.customer]
    tier1 = max(float(lent.sum()) / 12, 2.5 * float(lent.max()))  # the firms are a part of its book
    rows = pl.DataFrame({"kind": ["tier1", "net"], "amount": [round(tier1, 2), round(1.2 * tier1, 2)]})
    start = np.full(2, np.datetime64(world.start, "D"))
    return dated(rows, start, start)
