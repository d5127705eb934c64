"""The benchmark on SMEsD: no future, complete scores, honest controls; a planted relation is found and no other."""

from dataclasses import replace
from itertools import product

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from relparty.cli import main
from relparty.gnn.smesd_level import at_level, factor
from relparty.gnn.smesd_network import LinkHazards, World, fit, pds
from relparty.loaders.smesd_folder import read_folder
from relparty.trials.smesd_dated import Forecasts, forecasts, training_days
from relparty.trials.smesd_dated import test_days as days_to_test
from relparty.trials.smesd_days import around
from relparty.trials.smesd_draws import draws
from relparty.trials.smesd_firms import firms_of
from relparty.trials.smesd_gains import aucs, gain, log_losses, rate_ratio
from relparty.trials.smesd_published import MODELS, SEEDS
from relparty.trials.smesd_survivors import survivors
from relparty.trials.smesd_ties import tie

from .shared import SHARED, needs_shared
from .smesd_world import OTHERS, smesd_folder

DAYS = [-48, -36]


@pytest.fixture(scope="module")
def contagious(tmp_path_factory):
    return survivors(read_folder(smesd_folder(tmp_path_factory.mktemp("smesd") / "a", 300, contagious=True)))


@pytest.fixture(scope="module")
def immune(tmp_path_factory):
    return survivors(read_folder(smesd_folder(tmp_path_factory.mktemp("smesd") / "b", 300, contagious=False)))


def gains(panel, ours, theirs):
    first, second = (forecasts(panel, model, DAYS) for model in (ours, theirs))
    return gain("log_loss", first, second, draws(panel.ties.components()))


@pytest.mark.parametrize(("ours", "theirs"), [("gnn", "gnn_cut"), ("lightgbm_neighbours", "lightgbm_own")])
def test_owners_that_pull_down_what_they_own_are_found(contagious, ours, theirs):
    assert gains(contagious, ours, theirs).low > 0


@pytest.mark.parametrize(("ours", "theirs"), [("gnn", "gnn_cut"), ("lightgbm_neighbours", "lightgbm_own")])
def test_owners_that_pull_down_nobody_are_not(immune, ours, theirs):
    assert gains(immune, ours, theirs).low <= 0


def test_of_the_owners_rewired_nothing_is_left(contagious):
    rewired = contagious.with_ties(contagious.ties.rewired(3))

    assert gains(rewired, "gnn", "gnn_cut").low <= 0


@pytest.mark.parametrize("model", ["gnn", "gnn_cut", "lightgbm_own", "lightgbm_neighbours"])
def test_suits_after_a_day_change_no_score_of_that_day(contagious, model):
    """All later suits are forgotten, and others made up: scores stay to the bit."""
    day = -48
    known = contagious.suits.filter(pl.col("month") <= day)
    third = pl.DataFrame({"row": contagious.at_risk(day)[::3]}).cast({"row": known.schema["row"]})
    made_up = third.with_columns(
        pl.lit(day + 1, pl.Int32).alias("month"),
        *(pl.lit(value=True).alias(name) for name in ("lost", "defends", "loan")),
    )
    other = replace(contagious, suits=pl.concat([known, made_up]))

    before, after = (forecasts(panel, model, [day]) for panel in (contagious, other))

    assert before.row.tolist() == after.row.tolist()
    assert before.pd.tolist() == after.pd.tolist()
    assert after.outcome.sum() == third.height != before.outcome.sum()


def test_the_placebo_looks_ahead_and_the_models_do_not(contagious):
    """Owners' suits of the year after the window: forgetting them changes the placebo's columns alone."""
    day = -48
    other = replace(contagious, suits=contagious.suits.filter(pl.col("month") <= day + 12))

    assert (around(contagious, day, "before") == around(other, day, "before")).all()
    assert (around(contagious, day, "after") != around(other, day, "after")).any()


def test_windows_of_training_are_over_before_the_validation_day(contagious):
    for day in days_to_test(contagious):
        assert all(each + 12 <= day - 12 for each in training_days(day))


def test_only_survivors_are_dated(contagious):
    assert len(contagious.companies) == 600
    assert {name[:2] for name in contagious.companies} == {"C1", "C2"}


def test_rewired_links_keep_every_degree_and_no_pair_stands_twice():
    rng = np.random.default_rng(1)
    ends = pl.DataFrame({"source": rng.integers(0, 30, 200), "target": rng.integers(0, 60, 200)})
    links = ends.select(pl.format("C{}", "source"), pl.format("P{}", "target"), relation=pl.lit("person"))
    owns = ends.filter(pl.col("source") != pl.col("target") % 30).select(
        pl.format("C{}", "source"), pl.format("C{}", pl.col("target") % 30), relation=pl.lit("owner")
    )
    ties = tie([f"C{number}" for number in range(30)], pl.concat([links, owns]), ("person", "owner"))

    other = ties.rewired(0)

    for name in ("person", "owner"):
        for side in (0, 1):
            assert sorted(ties.ends[name][side]) == sorted(other.ends[name][side])
        assert len(np.unique(other.ends[name], axis=1).T) == ties.ends[name].shape[1]
        assert (other.ends[name] != ties.ends[name]).any()
    assert (other.ends["owner"][0] != other.ends["owner"][1]).all()
    assert (ties.degrees() == other.degrees()).all()


def test_a_company_in_two_splits_counts_in_the_later_one(tmp_path):
    folder = smesd_folder(tmp_path, 2, contagious=True)
    rows = (folder / "companies.csv").read_text(encoding="utf-8")
    (folder / "companies.csv").write_text(rows + "test,C10000,1,1,99,0,\n", encoding="utf-8")
    smesd = read_folder(folder)

    train, test = firms_of(smesd, "train"), firms_of(smesd, "test")

    assert "C10000" not in train.frame["company"].gather(train.counts).to_list()
    assert "C10000" in test.frame["company"].gather(test.counts).to_list()


def one_link(state):
    """Two firms, the first of which the second hangs on."""
    return World(np.zeros((2, 1)), 2, np.array([[0], [1], [0]]), np.array([state, 0]), np.array([0, 1]), np.zeros(2))


def test_a_link_from_a_firm_in_trouble_adds_minus_the_logarithm_of_its_weight():
    """q = sigmoid(-1.5) = .182, F = .1: the PD is 1 - exp(-.1) (1 - q)."""
    network = LinkHazards(1, 1, 0.1)
    q = 1 / (1 + np.exp(1.5))

    first, second = pds(network, one_link(2))

    assert first == pytest.approx(1 - np.exp(-0.1))
    assert second == pytest.approx(1 - np.exp(-0.1) * (1 - q))
    assert pds(network, one_link(0))[1] == pytest.approx(1 - np.exp(-0.1) * (1 - q * (1 - np.exp(-0.1))))
    assert pds(network, one_link(2).cut())[1] == pytest.approx(1 - np.exp(-0.1))


def test_nobody_infects_himself_through_his_neighbour():
    """Both hang on each other: what the first sends comes back to it from nobody."""
    network, one_way = LinkHazards(1, 1, 0.1), one_link(0)
    both = replace(one_way, links=np.array([[0, 1], [1, 0], [0, 0]]))

    assert pds(network, both)[1] == pytest.approx(pds(network, one_way)[1], abs=1e-12)


def test_a_network_trained_twice_is_the_same_to_the_bit():
    rng = np.random.default_rng(0)
    x, outcome = rng.normal(size=(50, 3)), (rng.random(50) < 0.3).astype(np.float64)
    links = np.stack([rng.integers(0, 50, 40), rng.integers(50, 60, 40), np.zeros(40, np.int64)])
    world = World(x, 60, links, np.zeros(60, np.int64), np.arange(50), outcome)

    first, second = (pds(fit([world], world, 1, seed=4), world) for _ in range(2))

    assert first.tolist() == second.tolist()


def test_one_factor_brings_the_expected_failures_to_those_seen():
    pd, outcome = np.array([0.1, 0.2, 0.4]), np.array([0.0, 1.0, 1.0])

    assert at_level(pd, factor(pd, outcome)).sum() == pytest.approx(2)
    assert factor(pd, np.zeros(3)) == 1


def test_auc_compares_firms_of_one_day_alone():
    """On both days the failure stands above the other: 1, though the second day's PDs are all higher."""
    told = Forecasts(np.array([1, 1, 2, 2]), np.arange(4), np.array([1.0, 0, 0, 1]), np.array([0.2, 0.1, 0.6, 0.7]))
    once = np.ones((1, 4))

    assert aucs(told, once) == [1.0]
    assert log_losses(told, once)[0] == pytest.approx(-np.log([0.2, 0.9, 0.4, 0.7]).mean())


def test_a_rate_ratio_of_one_day_is_that_of_its_two_rates():
    """2 of 4 exposed fail and 1 of 6 others: 3."""
    exposed = np.arange(10) < 4
    outcome = np.isin(np.arange(10), [0, 1, 9]).astype(np.float64)

    assert rate_ratio([exposed], [(np.arange(10), outcome)], np.ones((1, 10)))[0] == pytest.approx(3)


def relparty(*words):
    return CliRunner().invoke(main, ["benchmark", "smesd", *map(str, words)])


def test_one_command_scores_every_test_company_and_writes_both_tables(tmp_path):
    data, out = smesd_folder(tmp_path / "data", 110, contagious=True), tmp_path / "out"

    done = relparty("--data", data, "--out", out, "--rewirings", 1)

    assert done.exit_code == 0, done.output
    scores = pl.read_csv(out / "published.csv")
    tested = pl.read_csv(data / "companies.csv").filter(split="test")["company"]
    assert len(tested) == OTHERS["test"]
    assert scores.columns == ["model", "seed", "company", "score"]
    assert sorted(scores.select("model", "seed", "company").rows()) == sorted(product(MODELS, range(SEEDS), tested))
    assert scores["score"].is_between(0, 1).all()
    assert {"gnn - gnn_cut", "linked firms failed"} <= set(pl.read_csv(out / "dated.csv")["figure"])
    assert done.stdout == (out / "smesd.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("broken", "code", "told"),
    [
        (lambda folder: (folder / "links.csv").unlink(), 2, "links.csv: no such file"),
        (lambda folder: spoil(folder / "links.csv", "weight", "money"), 3, "links.csv: no column weight"),
        (
            lambda folder: spoil(folder / "companies.csv", ",10,", ",ten,"),
            3,
            "companies.csv line 2: paid_capital 'ten'",
        ),
        (lambda folder: spoil(folder / "companies.csv", "test,", "valid,"), 3, "no company in the split test"),
    ],
)
def test_a_folder_that_is_none_of_smesd_is_told_in_one_line(tmp_path, broken, code, told):
    data = smesd_folder(tmp_path / "data", 2, contagious=True)
    broken(data)

    done = relparty("--data", data, "--out", tmp_path / "out")

    assert done.exit_code == code
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def spoil(path, written, instead):
    path.write_text(path.read_text(encoding="utf-8").replace(written, instead), encoding="utf-8")


@needs_shared
def test_the_published_files_give_the_panel_and_the_audit_that_are_documented():
    smesd = read_folder(SHARED / "data" / "smesd")
    panel = survivors(smesd)

    assert len(panel.companies) == 1486
    assert days_to_test(panel) == [-72, -60, -48, -36, -24, -12]
    assert len(firms_of(smesd, "test").counts) == 491
