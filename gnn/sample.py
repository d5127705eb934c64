"""Sample: the firms of one or more days as tensors, and what became of those that count."""

from dataclasses import dataclass
from datetime import date

import polars as pl
from torch import Tensor
from torch_geometric.data import HeteroData

from ..graph.register import Register
from ..graph.snapshot import Snapshot
from .metrics import Outcome
from .network import Wiring, wire
from .task import Task, in_default, outcomes, statuses
from .tensors import Scales, tensor, tensors


@dataclass(frozen=True)
class Sample:
    """n enterprises, of which s count: those seen by the bank and not in default on the day.

    Attributes:
        rows: (s,) numbers of those that count.
        default: (s,) 1 where the firm defaulted within the horizon, else 0.
        seen: (s,) share of the horizon for which it was seen.
    """

    graph: HeteroData
    wiring: Wiring
    rows: Tensor
    default: Tensor
    seen: Tensor

    @property
    def outcome(self) -> Outcome:
        """What became of those that count."""
        return Outcome(self.default.numpy(), self.seen.numpy())


def sample(task: Task, register: Register, snapshot: Snapshot, scales: Scales, known_by: date) -> Sample:
    """The firms of one day, with features known on it and outcomes known by a later one."""
    graph = tensors(snapshot, scales, in_default(task, snapshot))
    became = outcomes(task, register, snapshot, known_by)
    return Sample(
        graph=graph,
        wiring=wire(graph),
        rows=tensor(became["row"].cast(pl.Int64)),
        default=tensor(became["default"].cast(pl.Float64)),
        seen=tensor(became["months"] / task.horizon),
    )


def unlabelled(task: Task, snapshot: Snapshot, scales: Scales) -> Sample:
    """The firms of a day that would be scored; what became of them is not asked: `default` is 0 throughout."""
    graph = tensors(snapshot, scales, in_default(task, snapshot))
    rows = tensor((statuses(task, snapshot) == "scored").arg_true().cast(pl.Int64))
    none = rows.new_zeros(len(rows)).double()
    return Sample(graph, wire(graph), rows, none, none + 1)
