"""What is asked of a day beside its probabilities: what if that firm fails, that link changes, that firm weakens."""

import numpy as np
import polars as pl

from .economy_accounts import as_stated
from .economy_changes import Changes, chances_of
from .economy_firms import Floats, Ints, generator
from .economy_horizon import MONTHS, Conduits, Horizon
from .economy_links import Ties
from .economy_losses import CHANNELS, TABLES, Balance
from .economy_truth import firms_on, horizon_on, in_blocks
from .economy_world import World, as_days, ids, on_record

DOUBLED, CUT, RAISED = "doubled", "cut", "leverage_raised"
BY, MOST = 0.1, 0.97  # liabilities are raised by so much of the assets, and to no more than that of them
# of each table of links the prefix of its contracts' ids, and the field that is doubled or cut
FIELDS = {"guarantees": ("G", "amount"), "supplies": ("T", "receivable"), "lends_to": ("L", "balance"),
          "owns": (None, "share")}  # fmt: skip


def given(world: World, year: int, paths: int, forced: int) -> pl.DataFrame:
    """PD of the partners of some firms if those fail in the first month, and on the same paths without.

    Columns failed, party_id, as_of, pd_given, pd; one row for each firm that loses through each of the `forced` firms.
    """
    harm, firms = horizon_on(world, year).harm, firms_on(world, year)
    failing, rng = np.unique(harm.fails), generator(world.seed, "given", year)
    chosen = rng.choice(failing, min(forced, len(failing)), replace=False)
    place, number = harm.of(chosen)
    number, suffers = np.unique(np.stack([number, harm.suffers[place]]), axis=1)
    none = np.empty(0, np.int64)
    changes = Changes(chosen, np.full(len(chosen), np.inf), none, none, np.empty(0))
    after, before = _chances(world, year, paths, (changes, number, suffers))
    day = as_days(np.repeat(world.end(year * MONTHS), len(after)))
    return pl.DataFrame(
        {
            "failed": ids("E", firms[chosen[number]]),
            "party_id": ids("E", firms[suffers]),
            "as_of": day,
            "pd_given": after,
            "pd": before,
        }
    )


def _chances(world: World, year: int, paths: int, asked: tuple[Changes, Ints, Ints]) -> tuple[Floats, Floats]:
    """PD after and before of firms in worlds."""
    changes, number, firm = asked
    halves = in_blocks(world, year, paths, lambda day, room: chances_of(day, room, changes, (number, firm)))
    after, before = (halves[0] + halves[1]) / 2
    return after, before


def interventions(world: World, year: int, paths: int, count: int) -> pl.DataFrame:
    """PD of some firms before and after a link of theirs is doubled or cut, or a neighbour's liabilities are raised.

    Columns party_id, as_of, what, table, source_id, target_id, contract_id, field, before, after, pd_before, pd_after.
    Of a delivery the turnover changes like the receivable. Of a neighbour (table accounts, its id in source_id) equity
    falls by what liabilities rise, and all else stands.
    """
    horizon = horizon_on(world, year)
    plan = _planned(world, year, horizon, count)
    place = plan["place"].to_numpy()
    asked = _changes(world, year, horizon, plan), np.arange(len(place)), horizon.harm.suffers[place]
    after, before = _chances(world, year, paths, asked)
    return plan.drop("place").with_columns(pd_before=pl.Series(before), pd_after=pl.Series(after))


def _planned(world: World, year: int, horizon: Horizon, count: int) -> pl.DataFrame:
    """What is done to whom, with `place` of the conduit: likelier where a loss hurts and may come, once a firm."""
    harm, rng = horizon.harm, generator(world.seed, "interventions", year)
    hurt = np.minimum(harm.share / np.maximum(horizon.room[harm.suffers], 0.01), 1.0)
    hurt *= np.exp(-horizon.room / (horizon.shake * np.sqrt(MONTHS)))[harm.fails]
    order = np.argsort(rng.exponential(size=len(hurt)) / np.maximum(hurt, 1e-12), kind="stable")
    links = _behind(world, year, harm)[order].filter("recorded")
    links = links.unique("party_id", keep="first", maintain_order=True).head(count)
    turn = pl.int_range(pl.len()) % 3
    weaker, double = (turn == 0) & (pl.col("raised") > pl.col("owed")), (turn == 1) & pl.col("doubles")
    done = pl.when(weaker).then(pl.lit(RAISED)).when(double).then(pl.lit(DOUBLED)).otherwise(pl.lit(CUT))
    linked = pl.col("what") != RAISED
    after = pl.when(pl.col("what") == DOUBLED).then(2 * pl.col("money")).when(linked).then(0.0).otherwise("raised")
    day = world.end(year * MONTHS).item()
    return links.with_columns(what=done).select(
        "place", "party_id", "what", as_of=pl.lit(day),
        table=pl.when(linked).then("table").otherwise(pl.lit("accounts")),
        source_id=pl.when(linked).then("source_id").otherwise("fails_id"),
        target_id=pl.when(linked).then("target_id"), contract_id=pl.when(linked).then("contract_id"),
        field=pl.when(linked).then("field").otherwise(pl.lit("liabilities")),
        before=pl.when(linked).then("money").otherwise("owed"), after=after,
    )  # fmt: skip


def _behind(world: World, year: int, harm: Conduits) -> pl.DataFrame:
    """The link behind each conduit and the neighbour that fails, one row each."""
    links, stated = world.path.standings[year].links, as_stated(world, year * MONTHS)
    lots = (links.guarantees, links.trade, links.trade, links.loans, links.stakes)
    parts = []
    for channel, lot in enumerate(lots):
        place = np.flatnonzero(harm.channel == channel)
        named = _named(world, stated, TABLES[channel], lot)
        parts.append(named[harm.link[place]].with_columns(place=place))
    firms = firms_on(world, year)
    fails, raised = firms[harm.fails], np.minimum(stated.owed + BY * stated.assets, MOST * stated.assets)
    return (
        pl.concat(parts)
        .sort("place")
        .with_columns(
            party_id=ids("E", firms[harm.suffers]),
            fails_id=ids("E", fails),
            owed=np.round(stated.owed[fails], 2),
            raised=np.round(raised[fails], 2),
        )
    )


def _named(world: World, stated: Balance, table: str, lot: Ties) -> pl.DataFrame:
    """A year's links by the key and the field that the canonical folder has them under."""
    prefix, field = FIELDS[table]
    _, contract, among = np.unique(lot.contract, return_inverse=True, return_counts=True)
    debt = (world.firms.borrowed * stated.owed)[lot.target]
    most = {"guarantees": np.where(among[contract] == 1, debt / 2, 0.0), "owns": np.full(lot.count, 0.5)}
    return pl.DataFrame(
        {
            "table": pl.repeat(table, lot.count, eager=True),
            "source_id": ids("E", lot.source),
            "target_id": ids("E", lot.target),
            "contract_id": ids(prefix, lot.contract)
            if prefix
            else pl.repeat(None, lot.count, dtype=pl.String, eager=True),
            "field": pl.repeat(field, lot.count, eager=True),
            "money": np.round(lot.amount, 4 if table == "owns" else 2),
            "doubles": lot.amount <= most.get(table, np.inf),
            "recorded": on_record(lot.contract, world.form.unseen),
        }
    )


def _changes(world: World, year: int, horizon: Horizon, plan: pl.DataFrame) -> Changes:
    """The worlds of a plan: every cost of a link that is doubled or cut, the room and the worth of a neighbour."""
    harm, standing = horizon.harm, world.path.standings[year]
    place = plan["place"].to_numpy()
    fails = harm.fails[place]
    firm = firms_on(world, year)[fails]
    raised = plan["what"].to_numpy() == RAISED
    rise = np.where(raised, plan["after"] - plan["before"], 0.0)
    equity = np.maximum(standing.balance.equity, 1.0)[firm]
    table = pl.Series(TABLES).gather(harm.channel)
    every = pl.DataFrame({"table": table, "fails": harm.fails, "link": harm.link, "share": harm.share})
    every = every.with_columns(place=pl.int_range(pl.len()), channel=harm.channel)
    part = np.select([raised, plan["what"].to_numpy() == DOUBLED], [np.maximum(1 - rise / equity, 0) - 1, 1.0], -1.0)
    asked = every[place].select("table", "link", "fails", world=pl.int_range(pl.len()), part=part, raised=raised)
    links = asked.filter(~pl.col("raised")).join(every, on=["table", "link"])
    held = every.filter(pl.col("channel") == CHANNELS.index("equity_loss"))
    stakes = asked.filter("raised").join(held, on="fails")
    costs = pl.concat(
        [part.select("world", "place", more=pl.col("part") * pl.col("share")) for part in (links, stakes)]
    )
    less = (standing.liquid / standing.balance.assets)[firm] * rise
    return Changes(fails, less, *(costs[name].to_numpy() for name in ("world", "place", "more")))
