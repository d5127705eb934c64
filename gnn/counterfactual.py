"""What a PD would be if one neighbour failed, one link were cut or doubled, or one balance sheet were worse."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..graph.schema import CHANNELS, KINDS
from ..graph.snapshot import Snapshot
from .config import same_bits
from .metrics import Floats
from .model import Model
from .network import Hazards
from .sample import Sample, unlabelled


@dataclass(frozen=True)
class Change:
    """One thing that is different.

    Attributes:
        row: number of the firm whose PD is asked.
        links: numbers of the links of the wiring that carry `factor` times their loss; none: as they are.
        firm: number of the firm whose liabilities are `factor` times as high, by every sheet; none: as they are.
    """

    row: int
    links: Sequence[int]
    firm: int | None
    factor: float


class Questions:
    """A settled day, and what it would look like with one thing changed."""

    def __init__(self, model: Model, snapshot: Snapshot) -> None:
        """Settles the day as it is."""
        self.model, self.network = model, model.network()
        self.day: Sample = unlabelled(model.task, snapshot, model.scales)
        with same_bits(model.config):
            self.now: Hazards = self.network.settle(self.day.graph, self.day.wiring)

    @property
    def pd(self) -> Floats:
        """PD of every firm as things are, (n,)."""
        return self._pd(self.now)

    def given(self, failed: int) -> Floats:
        """PD of every firm (n,) if one failed, by its number."""
        flags = self.day.graph["enterprise"].failed
        with _changed(flags, [failed], torch.tensor([True])):
            return self._pd(self._settled())

    def changed(self, change: Change) -> float:
        """The PD of the firm asked about under a change."""
        firms, wiring = self.day.graph["enterprise"], self.day.wiring
        if change.firm is not None:
            with _changed(firms.sheets, [change.firm], firms.sheets[change.firm] * change.factor):
                return float(self._pd(self._settled())[change.row])
        with _changed(wiring.loss, list(change.links), wiring.loss[list(change.links)] * change.factor):
            return float(self._pd(self._settled())[change.row])

    def links(self, table: str, ends: tuple[int, int], link_rows: Sequence[int]) -> list[int]:
        """Numbers in the wiring of links between two firms, either way, that come from rows of a table; no ties."""
        wiring = self.day.wiring
        places = [place for place, channel in enumerate(CHANNELS) if channel.table == table]
        kinds = [self.day.graph["enterprise", name, "enterprise"].link_row for name in KINDS]
        mine = torch.isin(torch.cat(kinds), torch.tensor(list(link_rows)))
        mine &= torch.isin(wiring.channel, torch.tensor(places))
        either = torch.tensor(ends)
        mine &= torch.isin(wiring.fails, either) & torch.isin(wiring.suffers, either)
        return [int(number) for number in mine.nonzero().flatten()]

    def _settled(self) -> Hazards:
        with same_bits(self.model.config):
            return self.network.resettle(self.day.graph, self.day.wiring, self.now.link)

    def _pd(self, hazards: Hazards) -> Floats:
        failed = self.day.graph["enterprise"].failed.numpy()
        return np.asarray(np.where(failed, 1.0, -np.expm1(-hazards.total.numpy())))


@contextmanager
def _changed(column: Tensor, places: Sequence[int], values: Tensor) -> Iterator[None]:
    """A column with other values in some places, then as it was."""
    before = column[list(places)].clone()
    column[list(places)] = values
    try:
        yield
    finally:
        column[list(places)] = before
