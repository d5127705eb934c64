"""A model for tests of what stands on its scores: weights as they are before training, but with links that bite."""

from datetime import date

import torch
from relparty.gnn.config import Config
from relparty.gnn.model import Model
from relparty.gnn.network import HazardNetwork
from relparty.gnn.task import Split, Task
from relparty.gnn.tensors import fit_scales
from relparty.graph.snapshot import Snapshot


def untrained(snapshot: Snapshot) -> Model:
    """A model whose scales are those of one day."""
    scales, config = fit_scales([snapshot]), Config()
    torch.manual_seed(0)
    network = HazardNetwork(scales.width, config.units)
    network.bite.data.fill_(3.0)
    days = Split((date(2020, 12, 31),), date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31))
    return Model(Task(), config, scales, days, network.state_dict())
