"""An economy as rows of the canonical folder: who there is and what ties them."""

import numpy as np
import polars as pl

from .economy_accounts import accounts, parents
from .economy_firms import Ints, generator
from .economy_losses import TURNS
from .economy_monthly import events, exposures, observations
from .economy_names import PLACES, TRADES, credit_codes, firm_names, person_names
from .economy_world import Deeds, World, dated, deeds, ids


def tables(world: World) -> dict[str, pl.DataFrame]:
    """The files of the canonical folder by table, columns named as the dictionary's fields."""
    made = {
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
    return {name: frame for name, frame in made.items() if frame.height}


def parties(world: World) -> pl.DataFrame:
    """Firms and persons; of a firm that left or was wound up also the version with its end."""
    firms, n = world.firms, world.firms.count
    rng = generator(world.seed, "parties")
    founded = (np.datetime64(world.start, "M") + world.entry - rng.integers(12, 300, n)).astype("datetime64[D]")
    described = pl.DataFrame(
        {
            "party_id": ids("E", np.arange(n)),
            "kind": "enterprise",
            "name": firm_names(firms, world.seed),
            "country": "CN",
            "region": pl.Series([f"CN-{code[:2]}" for code, *_ in PLACES]).gather(firms.region),
            "industry": pl.Series([code for code, *_ in TRADES]).gather(firms.industry),
            "legal_form": pl.Series(["limited", "joint_stock"]).gather((rng.random(n) < 0.12).astype(np.int64)),
            "founded_on": pl.Series(founded).cast(pl.Date),
            "is_listed": firms.assets > np.quantile(firms.assets, 0.99),
        }
    )
    people = pl.DataFrame({"party_id": ids("P", np.arange(world.persons)), "kind": "person", "country": "CN"})
    people = people.with_columns(name=person_names(world.persons, world.seed))
    both = [world.lives(described, world.entry, world.exit, "firms"), _lasting(world, people, "persons")]
    return pl.concat(both, how="diagonal")


def _lasting(world: World, rows: pl.DataFrame, part: str) -> pl.DataFrame:
    """Rows that hold from the first day to the last."""
    return world.lives(rows, np.zeros(rows.height, np.int64), np.full(rows.height, world.months + 1), part)


def identifiers(world: World) -> pl.DataFrame:
    """Unified social credit codes of eight firms in ten."""
    codes = pl.DataFrame({"scheme": "uscc", "value": credit_codes(world.firms.region, world.seed)})
    codes = codes.with_columns(party_id=ids("E", np.arange(world.firms.count)))
    return codes.filter(pl.Series(generator(world.seed, "identifiers").random(world.firms.count) < 0.8))


def owns(world: World) -> pl.DataFrame:
    """Stakes of firms, and of the person on top of each group; some of these known only as a band."""
    made = deeds(world, [standing.links.stakes for standing in world.path.standings])
    stakes = made.ties
    corporate = pl.DataFrame(
        {
            "owner_id": ids("E", stakes.source),
            "enterprise_id": ids("E", stakes.target),
            "share": np.round(stakes.amount, 4),
        }
    )
    if world.form.besides:
        lends = pl.Series(generator(world.seed, "support").random(stakes.count) < 0.2)
        support = pl.Series(np.round(0.03 * world.firms.assets[stakes.target], 2))
        corporate = corporate.with_columns(support=pl.when(lends).then(support))
    rows = [_lives(world, corporate, made, "stakes"), _founders(world, np.unique(stakes.target))]
    return pl.concat(rows, how="diagonal")


def _founders(world: World, held: Ints) -> pl.DataFrame:
    """Stakes of persons, in the firms that no firm ever held."""
    free, rng = np.setdiff1d(np.arange(world.firms.count), held), generator(world.seed, "owns")
    rows = pl.DataFrame({"owner_id": _founder(world, free), "enterprise_id": ids("E", free)})
    exact, banded = pl.Series(np.round(rng.uniform(0.4, 1, len(free)), 4)), pl.Series(rng.random(len(free)) < 0.1)
    low = pl.when(banded).then(0.25 + 0.25 * (exact // 0.25 - 1))
    rows = rows.with_columns(share=pl.when(~banded).then(exact), share_low=low, share_high=low + 0.25)
    return world.lives(rows, world.entry[free], world.exit[free], "founders")


def _founder(world: World, firm: Ints) -> pl.Series:
    return ids("P", generator(world.seed, "founders").integers(0, world.persons, world.firms.count)[firm])


def controls(world: World) -> pl.DataFrame:
    """Who consolidates whom: majority stakes of the firms that file consolidated accounts."""
    made = deeds(world, [standing.links.stakes for standing in world.path.standings])
    made = made.keep(np.isin(made.ties.source, parents(world)) & (made.ties.amount > 0.5))
    rows = pl.DataFrame({"controller_id": ids("E", made.ties.source), "enterprise_id": ids("E", made.ties.target)})
    return _lives(world, rows.with_columns(basis=pl.lit("consolidated_accounts")), made, "controls")


def offices(world: World) -> pl.DataFrame:
    """The legal representative of each firm: the person who founded it."""
    firm = np.arange(world.firms.count)
    rows = pl.DataFrame({"person_id": _founder(world, firm), "enterprise_id": ids("E", firm)})
    return world.lives(rows.with_columns(role=pl.lit("legal_representative")), world.entry, world.exit, "offices")


def families(world: World) -> pl.DataFrame:
    """One person in ten is married to the next."""
    first = np.arange(0, world.persons - 1, 2)
    first = first[generator(world.seed, "families").random(len(first)) < 0.1]
    rows = pl.DataFrame({"party_id": ids("P", first), "other_id": ids("P", first + 1), "relation": "spouse"})
    return _lasting(world, rows, "families")


def guarantees(world: World) -> pl.DataFrame:
    """Contracts with their cap; those of two guarantors are joint."""
    made = deeds(world, [standing.links.guarantees for standing in world.path.standings])
    rows = pl.DataFrame(
        {
            "contract_id": ids("G", made.ties.contract),
            "guarantor_id": ids("E", made.ties.source),
            "debtor_id": ids("E", made.ties.target),
            "amount": np.round(made.ties.amount, 2),
            "liability": "joint",
            "eligible": True,
        }
    )
    if world.form.besides:
        facility = pl.when(pl.Series(world.firms.customer[made.ties.target])).then(ids("F", made.ties.target))
        rows = rows.with_columns(facility_id=facility)
    return _lives(world, rows, made, "guarantees")


def supplies(world: World) -> pl.DataFrame:
    """Deliveries: what is sold in a year and what the buyer owes."""
    made = deeds(world, [standing.links.trade for standing in world.path.standings])
    rows = pl.DataFrame(
        {
            "supplier_id": ids("E", made.ties.source),
            "buyer_id": ids("E", made.ties.target),
            "contract_id": ids("T", made.ties.contract),
            "turnover": np.round(TURNS * made.ties.amount, 2),
            "receivable": np.round(made.ties.amount, 2),
        }
    )
    return _lives(world, rows, made, "supplies")


def loans(world: World) -> pl.DataFrame:
    """Loans inside groups."""
    made = deeds(world, [standing.links.loans for standing in world.path.standings])
    rows = pl.DataFrame(
        {
            "lender_id": ids("E", made.ties.source),
            "borrower_id": ids("E", made.ties.target),
            "contract_id": ids("L", made.ties.contract),
            "balance": np.round(made.ties.amount, 2),
        }
    )
    return _lives(world, rows, made, "loans")


def _lives(world: World, rows: pl.DataFrame, made: Deeds, part: str) -> pl.DataFrame:
    return world.lives(rows, made.since, made.until, part)


def capital(world: World) -> pl.DataFrame:
    """The bank's own: a twelfth of what it has lent to these firms, or two and a half times its largest client."""
    lent = 0.3 * (world.firms.leverage * world.firms.assets)[world.firms.customer & (world.entry == 0)]
    tier1 = max(float(lent.sum()) / 12, 2.5 * float(lent.max()))  # the firms are a part of its book
    rows = pl.DataFrame({"kind": ["tier1", "net"], "amount": [round(tier1, 2), round(1.2 * tier1, 2)]})
    start = world.end(np.zeros(2, np.int64))
    return dated(rows, start, start)
