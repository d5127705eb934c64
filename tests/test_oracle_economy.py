"""The oracle economy: common shocks, true probabilities in closed form and by law, no contagion where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from relparty.graph.channels import channel_edges
from relparty.graph.errors import DataError, UsageError
from relparty.graph.register import Register
from relparty.graph.schema import CHANNELS as EVERY
from relparty.graph.snapshot import Snapshot
from relparty.loaders.economy import draw_economy
from relparty.loaders.economy_changes import Changes, chances_of
from relparty.loaders.economy_firms import Floats, generator
from relparty.loaders.economy_forms import FORMS
from relparty.loaders.economy_horizon import Horizon, conduits, first_defaults, losses_taken, rooms
from relparty.loaders.economy_losses import CHANNELS, LGD, SUPPLY, losses, radius, same_severity
from relparty.loaders.economy_oracle import Recipe, verify, write_oracle
from relparty.loaders.economy_tables import supplies
from relparty.loaders.economy_truth import COALITIONS, horizon_on, shapley, truth
from relparty.loaders.economy_world import World
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in

RECIPE = Recipe("clean", seed=1, firms=300, years=3, days=2, paths=100, forced=50, changed=60)
FROZEN = Path(__file__).parent.parent / "benchmarks" / "oracle.json"
SEVERITY = {"guarantee_call": LGD, "receivable_loss": LGD, "supply_break": SUPPLY, "loan_loss": LGD, "equity_loss": 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small oracle with its truth."""
    target = tmp_path_factory.mktemp("oracle")
    write_oracle(target, RECIPE)
    return target


@pytest.fixture(scope="module")
def world() -> World:
    """The economy behind it."""
    return draw_economy(RECIPE.firms, RECIPE.years, RECIPE.seed, FORMS[RECIPE.form])


@pytest.fixture(scope="module")
def told(folder: Path) -> pl.DataFrame:
    """Its truth."""
    return pl.read_parquet(folder / "truth.parquet")


@pytest.fixture(scope="module")
def last_day(folder: Path, told: pl.DataFrame) -> Snapshot:
    """What the bank sees on the last day of which the truth is told."""
    return take_in(Register.empty(), read_folder(folder)).register.as_of(told["as_of"].to_list()[-1])


def pair(room: float, shake: float, cost: float) -> Horizon:
    """Two firms; the second loses so much of its assets when the first fails."""
    both, none = np.array([room, 0.5]), np.zeros(2, np.int64)
    zero = none[:1]
    harm = conduits(2, (zero, zero + 1), np.array([cost]), (zero, zero))
    return Horizon(both, np.array([shake, 0.0]), np.zeros(2), none, harm, spread=1, local=None)


def column(frame: pl.DataFrame, *names: str) -> Floats:
    """The sum of columns."""
    return frame.select(pl.sum_horizontal(*names)).to_series().to_numpy()


def test_the_same_recipe_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_oracle(tmp_path, RECIPE)
    assert (tmp_path / "economy.json").read_bytes() == (folder / "economy.json").read_bytes()
    assert all((tmp_path / file.name).read_bytes() == file.read_bytes() for file in folder.iterdir())


def test_a_sure_failure_costs_a_partner_that_cannot_bear_it_its_life_and_no_other() -> None:
    """Firm 0 has no room; firm 1 never moves and has .5: a loss of .6 ends it in the second month, .4 doesn't."""
    for cost, month in ((0.6, 1), (0.4, 12)):
        day = pair(0.0, 0.0, cost)
        found = first_defaults(rooms(day, generator(1), 10), day.harm)
        assert (found == [0, month]).all()
        assert losses_taken(found, day.harm)[1, :, 1] == pytest.approx(cost)


def test_contagion_of_a_pair_is_the_chance_that_the_first_fails_in_time() -> None:
    """Firm 1 fails just if firm 0 did in the first eleven months, so that its loss still falls within the year.

    By reflection 2 Phi(-(.3 + .0583) / (.1 sqrt 11)) = .280, the bar moved by .5826 of a step since it is looked at
    month by month (Broadie, Glasserman & Kou 1997).
    """
    day = pair(0.3, 0.1, 0.6)
    found = first_defaults(rooms(day, generator(1), 4000), day.harm)
    assert ((found[:, 1] < 12) == (found[:, 0] < 11)).all()
    assert (found[:, 0] < 11).mean() == pytest.approx(0.280, abs=0.02)


def test_a_loss_spread_over_three_months_arrives_in_thirds() -> None:
    day = pair(0.0, 0.0, 0.6)
    found = first_defaults(rooms(day, generator(1), 2), day.harm, 3)
    assert losses_taken(found, day.harm, 3)[:4, 0, 1] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert found[0].tolist() == [0, 3]


def test_firms_without_links_fare_the_same_with_and_without_the_links_of_others(world: World) -> None:
    day = horizon_on(world, 2)
    room = rooms(day, generator(2), 40)
    apart = np.setdiff1d(np.arange(day.count), day.harm.suffers)
    linked, cut = (first_defaults(room, harm) for harm in (day.harm, day.cut().harm))
    assert len(apart) > 0
    assert (linked[:, apart] == cut[:, apart]).all()
    assert (linked <= cut).all(), "a link never saves a firm"


def test_contagion_is_zero_without_links_and_its_channels_add_up(world: World, told: pl.DataFrame) -> None:
    contagion = column(told, "contagion")
    assert column(told, *(f"contagion_{channel.name}" for channel in EVERY)) == pytest.approx(contagion, abs=1e-12)
    assert column(told, "pd_standalone") + contagion == pytest.approx(column(told, "pd"), abs=1e-12)
    firms, day = np.flatnonzero(world.path.standings[2].alive), horizon_on(world, 2)
    last = told.filter(pl.col("as_of") == told["as_of"].max())
    apart = np.setdiff1d(np.arange(day.count), day.harm.suffers)
    assert last.height == len(firms)
    assert (last["contagion"].gather(apart) == 0).all()
    assert column(last, "contagion").mean() > 0.001


def test_what_each_channel_adds_is_shared_as_shapley_says() -> None:
    """Two channels that matter only together share their worth, one alone keeps its own: .02 / 2, .02 / 2, .01."""
    worth = np.array([[0.02 * ({0, 1} <= set(part)) + 0.01 * (2 in part)] for part in COALITIONS])
    assert shapley(worth)[:, 0] == pytest.approx([0.01, 0.01, 0.01, 0, 0])


def test_the_halves_of_the_paths_agree(told: pl.DataFrame) -> None:
    """Fifty paths a half: PDs of 100 paths rest on their halves to above .8."""
    assert told.select(pl.corr("pd_half1", "pd_half2")).item() > 0.8
    assert column(told, "pd_half1", "pd_half2") / 2 == pytest.approx(column(told, "pd"), abs=1e-12)


@pytest.mark.parametrize("form", ["placebo", "placebo_noisy", "shock"])
def test_where_links_carry_nothing_contagion_is_exactly_zero(form: str) -> None:
    made = draw_economy(300, 1, 1, FORMS[form])
    found = truth(made, 0, 40)
    assert (found["contagion"] == 0).all()
    assert (found["pd"] == found["pd_standalone"]).all()
    assert column(found, "pd").mean() > 0.005
    assert made.path.standings[0].links.trade.count > 500, "the links are there all the same"


def test_partners_share_a_shock_only_where_the_form_says_so() -> None:
    """Correlation of the own shocks of firms that are linked: about none in `placebo`, clearly some in `shock`."""
    found = {}
    for form in ("placebo", "shock"):
        made = draw_economy(300, 1, 1, FORMS[form])
        day = horizon_on(made, 0)
        linked = horizon_on(replace(made, form=replace(made.form, contagion=True)), 0).harm
        first = rooms(day, generator(3), 400)[0]
        free = (first - first.mean(axis=1, keepdims=True)) / day.shake
        free = (free - free.mean(axis=0)) / free.std(axis=0)
        found[form] = float((free[:, linked.fails] * free[:, linked.suffers]).mean())
    assert found["shock"] > found["placebo"] + 0.05


def test_a_chain_of_failures_dies_out(world: World) -> None:
    for standing in world.path.standings:
        harm = losses(world.firms, standing.balance, standing.links, same_severity(world.firms))
        assert 0.3 < radius(harm, standing.balance)[0] < 0.8


def test_following_what_differs_gives_what_going_through_all_again_gives(world: World) -> None:
    """A forced failure, a cost doubled, one cut, and a weaker firm, on the same shocks."""
    day = horizon_on(world, 2)
    place = np.argsort(-day.harm.share)[:3]
    firm = day.harm.fails[np.array([place[0], place[0], place[1], place[2]])]
    less, more = np.array([np.inf, 0, 0, 0.2]), day.harm.share[place[:2]] * [1, -1]
    changes = Changes(firm, less, np.array([1, 2]), place[:2], more)
    room, every = rooms(day, generator(4), 50), np.arange(day.count)
    for number in range(4):
        weaker, share = room.copy(), day.harm.share.copy()
        weaker[:, :, firm[number]] -= np.float32(min(less[number], 1e6))
        share[place[:2]] += np.where(changes.world == number, more, 0)
        again = first_defaults(weaker, replace(day.harm, share=share)) < 12
        found, _ = chances_of(day, room, changes, (np.full(day.count, number), every))
        assert (found == again.mean(axis=0)).all()


def test_a_forced_failure_never_helps_and_a_cut_never_hurts(folder: Path) -> None:
    given, done = (pl.read_parquet(folder / f"{name}.parquet") for name in ("given", "interventions"))
    assert (given["pd_given"] >= given["pd"]).all()
    assert (given["pd_given"] > given["pd"]).any()
    change = pl.col("pd_after") - pl.col("pd_before")
    found = dict(done.group_by("what").agg(change.mean()).iter_rows())
    assert found["cut"] < 0 <= min(found["doubled"], found["leverage_raised"])
    assert (done.filter(pl.col("what") != "cut").select(change).to_series() >= 0).all()
    assert done["party_id"].is_unique().all()


def test_an_intervention_names_a_row_and_its_money_in_the_folder(folder: Path, last_day: Snapshot) -> None:
    """What stands in `before` is what the snapshot holds, so that who has the folder alone can do the same."""
    done = pl.read_parquet(folder / "interventions.parquet")
    ids = last_day.parties["party_id"]
    for row in done.iter_rows(named=True):
        rows = last_day.table(row["table"])
        if row["table"] == "accounts":
            found = rows.filter(ids.gather(rows["party_row"]) == row["source_id"])
        else:
            ends = (ids.gather(rows[f"{end}_row"]) == row[f"{end}_id"] for end in ("source", "target"))
            found = rows.filter(*ends, *([pl.col("contract_id") == row["contract_id"]] if row["contract_id"] else []))
        assert found[row["field"]].to_list() == [row["before"]]


def test_a_clean_snapshot_tells_the_true_losses_leverage_and_volatility(world: World, last_day: Snapshot) -> None:
    standing, edges = world.path.standings[2], channel_edges(last_day)
    firms = edges.filter(pl.col("suffers") < last_day.enterprises)
    for place, name in enumerate(CHANNELS):
        true = standing.losses.money[standing.losses.channel == place].sum()
        seen = column(firms.filter(pl.col("channel") == name), "loss").sum()
        assert seen * SEVERITY[name] == pytest.approx(true, rel=1e-4)
    number = last_day.parties.head(last_day.enterprises)["party_id"].str.slice(2).cast(pl.Int64).to_numpy() - 1
    sheets = last_day.table("accounts").sort("party_row")
    assert sheets["liabilities"].to_numpy() == pytest.approx(standing.balance.owed[number], abs=0.01)
    flows = last_day.table("observations").filter(
        (pl.col("measure") == "inflow") & (pl.col("month") >= pl.lit(last_day.day).dt.offset_by("-12mo"))
    )
    steps = flows.sort("party_row", "month").group_by("party_row", maintain_order=True)
    shake = steps.agg(pl.col("figure").log().diff().std())["figure"].to_numpy()
    assert shake == pytest.approx(world.firms.volatility[number] / np.sqrt(12), rel=1e-4)


def test_noisy_says_otherwise_of_the_same_firms_whose_truth_is_the_same(told: pl.DataFrame, tmp_path: Path) -> None:
    write_oracle(tmp_path, replace(RECIPE, form="noisy"))
    assert pl.read_parquet(tmp_path / "truth.parquet").equals(told)


def test_a_fifth_of_the_links_of_twist_is_on_no_record(tmp_path: Path) -> None:
    rows = {}
    for unseen in (0.0, 0.2):
        made = draw_economy(300, 1, 1, replace(FORMS["twist"], unseen=unseen))
        rows[unseen] = supplies(made)["contract_id"].n_unique()
    assert rows[0.2] / rows[0.0] == pytest.approx(0.8, abs=0.03)


def test_a_folder_is_verified_against_the_frozen_table(folder: Path, tmp_path: Path) -> None:
    said = json.loads((folder / "economy.json").read_text(encoding="utf-8"))
    frozen = tmp_path / "oracle.json"
    frozen.write_text(json.dumps([{name: said[name] for name in ("form", "seed", "tables", "truth")}]))
    assert verify(frozen, folder)["truth"] == said["truth"]
    frozen.write_text("[]")
    with pytest.raises(DataError, match="has no such economy"):
        verify(frozen, folder)


def test_three_economies_of_each_form_to_train_on_and_three_to_be_tested_on_are_frozen() -> None:
    rows = pl.DataFrame(json.loads(FROZEN.read_text(encoding="utf-8")))
    found = rows.group_by("form", tested=pl.col("days") > 0).agg(pl.col("seed").n_unique())
    assert found.filter(pl.col("form") != "demo")["seed"].to_list() == [3] * 2 * (len(FORMS) - 1)
    assert rows["tables"].is_unique().all()
    assert rows.filter(pl.col("days") > 0)["truth"].null_count() == 0
    assert not set(rows.filter(pl.col("days") > 0)["seed"]) & set(rows.filter(pl.col("days") == 0)["seed"])


def test_a_failed_firm_has_no_link_left_once_its_losses_are_taken(world: World, folder: Path) -> None:
    """Who failed in April or before has cost its partners their losses by the end of June."""
    register = take_in(Register.empty(), read_folder(folder)).register
    month, firm = world.path.defaults.T
    failed = [f"E-{number + 1:06}" for number in firm[(month >= 24) & (month < 28)]]
    snapshot = register.as_of(world.end(30).item())
    gone = snapshot.parties["party_id"].is_in(failed).arg_true()
    assert len(gone) > 0
    for name in ("guarantees", "supplies", "lends_to"):
        links = snapshot.table(name)
        assert not (links["source_row"].is_in(gone) | links["target_row"].is_in(gone)).any()


def test_the_truth_of_more_days_than_there_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="from 0 to 3"):
        write_oracle(tmp_path, replace(RECIPE, days=4))
    with pytest.raises(UsageError, match="no such form of the economy"):
        write_oracle(tmp_path, replace(RECIPE, form="rosy"))
