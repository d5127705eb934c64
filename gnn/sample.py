"""Sample: the firms of one or more days as tensors, and what became of those that count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import torch
from torch import Tensor
from torch_geometric.data import Batch, HeteroData

from ..graph.register import Register
from ..graph.snapshot import Snapshot
from .metrics import Outcome
from .network import Wiring, wire
from .task import Task, in_default, outcomes
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


def joined(samples: Sequence[Sample]) -> Sample:
    """Several days side by side; no link runs from one to another."""
    graph = Batch.from_data_list([each.graph for each in samples])
    before = torch.tensor([0, *(each.graph["enterprise"].num_nodes for each in samples)]).cumsum(0)
    return Sample(
        graph=graph,
        wiring=wire(graph),
        rows=torch.cat([each.rows + shift for each, shift in zip(samples, before[:-1], strict=True)]),
        default=torch.cat([each.default for each in samples]),
        seen=torch.cat([each.seen for each in samples]),
    )
