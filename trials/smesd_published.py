"""SMEsD's published split: who went bankrupt, by five models; a negative control, no evidence of contagion.

Trained on the split train, chosen on valid, one score a seed for each company of test, whose outcome is withheld. Each
split has its own links. A company that stands in two splits counts in the later one alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..gnn import smesd_network as network
from ..gnn.metrics import Measured, Outcome, auc
from ..gnn.smesd_trees import grown
from ..loaders.smesd_folder import SPLITS, Smesd
from .smesd_draws import draws, interval
from .smesd_firms import RELATIONS, TIMES, Firms, Floats, firms_of, places
from .smesd_ties import Ties

Progress = Callable[[str, int, int], None]
MODELS = ("own", "edges", "lightgbm", "gnn", "gnn_rewired")
SEEDS = 5
MOST_GAP = 0.10  # between a time's AUC in train and in valid: beyond it the time leaks the label
Views = dict[str, dict[str, Floats]]  # by model of trees and split
Scored = dict[str, list[tuple[Floats, Floats]]]  # by model: of each seed the scores of valid and of test


@dataclass(frozen=True)
class Published:
    """What the split gives.

    Attributes:
        scores: model, seed, company, score, for each company of test.
        aucs: on valid, by model, the mean over seeds; the interval is over redrawn components.
        gain: AUC on the real links minus AUC on the rewired ones.
        audit: feature, train, valid, leaks, seen (by the models): how well each time alone ranks the firms.
        firms: how many count, by split.
    """

    scores: pl.DataFrame
    aucs: Mapping[str, Measured]
    gain: Measured
    audit: pl.DataFrame
    firms: Mapping[str, int]


def published(smesd: Smesd, progress: Progress) -> Published:
    """Trains the five models with each seed, and measures them on valid."""
    each = {split: firms_of(smesd, split) for split in SPLITS}
    views = _views(smesd, each)
    scored: Scored = {model: [] for model in MODELS}
    for seed in range(SEEDS):
        for done, model in enumerate(MODELS):
            progress("published split", seed * len(MODELS) + done, SEEDS * len(MODELS))
            scored[model].append(_scores(model, each, views, seed))
    progress("published split", 1, 1)
    aucs, gain = _measured(scored, each["valid"])
    counts = {split: len(firms.counts) for split, firms in each.items()}
    return Published(_listed(scored, each["test"]), aucs, gain, audit(each), counts)


def audit(each: Mapping[str, Firms]) -> pl.DataFrame:
    """How well each time alone ranks the firms of train and valid, in the direction that train says."""
    rows = []
    for name in (*TIMES, "age_months"):
        train, valid = (_auc_of_time(each[split], name) for split in ("train", "valid"))
        if train < 0.5:
            train, valid = 1 - train, 1 - valid
        rows.append((name, train, valid, train - valid > MOST_GAP, name not in TIMES))
    return pl.DataFrame(rows, schema=["feature", "train", "valid", "leaks", "seen"], orient="row")


def _auc_of_time(firms: Firms, name: str) -> float:
    months = firms.frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()[firms.counts]
    known = np.isfinite(months)
    outcome = Outcome(firms.bankrupt[known], np.ones(known.sum()))
    return auc(outcome, months[known], np.ones(known.sum()))


def _views(smesd: Smesd, each: dict[str, Firms]) -> Views:
    """By model of trees and split the columns that it sees. No suit's time is among them: they leak (see audit)."""
    where = places(smesd, each)
    own = {split: firms.own[firms.counts] for split, firms in each.items()}
    edges = {split: firms.edges() for split, firms in each.items()}
    everything = {
        split: np.column_stack([own[split], edges[split], where[split], firms.around()])
        for split, firms in each.items()
    }
    return {"own": own, "edges": edges, "lightgbm": everything}


def _scores(model: str, each: dict[str, Firms], views: Views, seed: int) -> tuple[Floats, Floats]:
    """Chances of the firms of valid and of test."""
    if model in views:
        train, valid, test = (views[model][split] for split in SPLITS)
        known = (train, each["train"].bankrupt), (valid, each["valid"].bankrupt)
        first, second = grown(*known, [test], seed)
        return first, second
    ties = [each[split].ties for split in SPLITS]
    if model == "gnn_rewired":
        ties = [one.rewired(seed) for one in ties]
    worlds = [_world(each[split], one) for split, one in zip(SPLITS, ties, strict=True)]
    fitted = network.fit(worlds[:1], worlds[1], 2 * len(RELATIONS), seed)
    return network.pds(fitted, worlds[1]), network.pds(fitted, worlds[2])


def _world(firms: Firms, ties: Ties) -> network.World:
    state = np.full(ties.nodes, network.WELL)
    return network.World(firms.own, ties.nodes, ties.both_ways(), state, firms.counts, firms.bankrupt)


def _measured(scored: Scored, firms: Firms) -> tuple[dict[str, Measured], Measured]:
    """AUCs on valid, each the mean over seeds, and the gain of the real links, under the same draws."""
    outcome = Outcome(firms.bankrupt, np.ones(len(firms.counts)))
    weights = draws(firms.ties.components()[firms.counts])
    means = {
        model: np.array([np.mean([auc(outcome, valid, weight) for valid, _ in seeds]) for weight in weights])
        for model, seeds in scored.items()
    }
    return {model: interval(each) for model, each in means.items()}, interval(means["gnn"] - means["gnn_rewired"])


def _listed(scored: Scored, test: Firms) -> pl.DataFrame:
    companies = test.frame["company"].gather(test.counts)
    frames = [
        pl.DataFrame({"company": companies, "score": scores}).select(pl.lit(model).alias("model"),
                                                                     pl.lit(seed).alias("seed"), "company", "score")
        for model, seeds in scored.items()
        for seed, (_, scores) in enumerate(seeds)
    ]  # fmt: skip
    return pl.concat(frames)
