"""Dated suits among SMEsD's survivors: does it help to know who is linked to whom, and what became of them before?

The first lost loan suit within twelve months of a day, told on each test day by models trained on earlier days alone:
every training window is over before the validation day, whose window is over on the test day. The validation day
chooses, and sets the level of all PDs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..gnn import smesd_network as network
from ..gnn.smesd_level import at_level, factor
from ..gnn.smesd_trees import grown
from .smesd_days import When, around, own, world
from .smesd_survivors import RELATIONS, YEAR, Floats, Ints, Panel

FIRST_DAY, LAST_DAY = -120, -YEAR  # Decembers 2011 and 2020: before 2012 hardly a judgment was published
FEWEST = 50  # failures in the training windows of a test day
LINKED, UNLINKED = ("gnn", "lightgbm_neighbours"), ("gnn_cut", "lightgbm_own")


@dataclass(frozen=True)
class Forecasts:
    """Told and come true, over all test days.

    Attributes:
        day: (s,) the month of the test day.
        row: (s,) the firm.
        outcome: (s,) 1 where it lost its first loan suit within twelve months.
        pd: (s,) what a model said.
    """

    day: Ints
    row: Ints
    outcome: Floats
    pd: Floats

    def on(self, days: Iterable[int]) -> "Forecasts":
        """Those of some days."""
        kept = np.isin(self.day, list(days))
        return Forecasts(self.day[kept], self.row[kept], self.outcome[kept], self.pd[kept])


def training_days(day: int) -> list[int]:
    """The days whose windows are over before the validation day, a year before the test day."""
    return list(range(FIRST_DAY, day - 2 * YEAR + 1, YEAR))


def test_days(panel: Panel) -> list[int]:
    """The days with enough failures in the windows before them to train on."""
    failures = {day: panel.outcome(day, panel.at_risk(day)).sum() for day in range(FIRST_DAY, LAST_DAY + 1, YEAR)}
    return [day for day in failures if sum(failures[each] for each in training_days(day)) >= FEWEST]


def forecasts(panel: Panel, model: str, days: Sequence[int], when: When = "before") -> Forecasts:
    """What a model says on each test day; `when` picks which events of linked firms it is shown."""
    each = [(day, panel.at_risk(day)) for day in days]
    told = _by_network if model.startswith("gnn") else _by_trees
    return Forecasts(
        np.concatenate([np.full(len(rows), day) for day, rows in each]),
        np.concatenate([rows for _, rows in each]),
        np.concatenate([panel.outcome(day, rows) for day, rows in each]),
        np.concatenate([told(panel, day, when, linked=model in LINKED) for day, _ in each]),
    )


def _by_network(panel: Panel, day: int, when: When, *, linked: bool) -> Floats:
    """PDs by the network, trained with links or with all of them cut."""
    *training, validation, test = [
        world(panel, each, when, panel.at_risk(each)) for each in (*training_days(day), day - YEAR, day)
    ]
    if not linked:
        training, validation, test = [each.cut() for each in training], validation.cut(), test.cut()
    fitted = network.fit(training, validation, 2 * len(RELATIONS), seed=0)
    known = network.pds(fitted, validation)
    return at_level(network.pds(fitted, test), factor(known, validation.outcome))


def _by_trees(panel: Panel, day: int, when: When, *, linked: bool) -> Floats:
    """PDs by LightGBM, on what was known of the firm alone or beside that of events around it."""

    def rows(each: int) -> tuple[Floats, Floats]:
        risk = panel.at_risk(each)
        seen = [own(panel, each), around(panel, each, when)] if linked else [own(panel, each)]
        return np.column_stack(seen)[risk], panel.outcome(each, risk)

    training = [rows(each) for each in training_days(day)]
    joined = np.concatenate([x for x, _ in training]), np.concatenate([y for _, y in training])
    validation, (test, _) = rows(day - YEAR), rows(day)
    known, told = grown(joined, validation, [test], seed=0)
    return at_level(told, factor(known, validation[1]))
