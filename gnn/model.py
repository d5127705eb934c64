"""Model: a trained network with all that it needs to score again tomorrow, and its papers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
from safetensors.torch import load_file, save, save_file
from torch import Tensor
from torch_geometric.data import HeteroData

from ..graph.errors import DataError, UsageError
from ..graph.results import Scores
from ..graph.schema import dictionary_hash
from ..graph.snapshot import Snapshot
from .card import as_text
from .config import Config, same_bits
from .metrics import Floats
from .network import HazardNetwork, Wiring, wire
from .scoring import scores
from .task import Split, Task, in_default, statuses
from .tensors import Scales, tensors

MEMBER = "member."  # before the number and the weight's name
LEAST_HAZARD = 1e-12


@dataclass(frozen=True)
class Model:
    """What training leaves behind.

    Attributes:
        weights: of the network, float64; those of its members under "member.<number>.<name>".
        dictionary: hash of the data dictionary that it was trained under.
        card: what it was trained on, how well it does and beside whom; no part of the model's id.
        reference: how its training firms are distributed, for gnn/stability.py; no part of the model's id either.
    """

    task: Task
    config: Config
    scales: Scales
    days: Split
    weights: Mapping[str, Tensor]
    dictionary: str = field(default_factory=dictionary_hash)
    card: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """Made from weights, scales, task, days and configuration: the same training gives the same id."""
        return hashlib.sha256(save(dict(self.weights)) + _written(self._settings)).hexdigest()[:12]

    def network(self, member: int | None = None) -> HazardNetwork:
        """The trained network, or one of the members behind its intervals."""
        network = HazardNetwork(self.scales.width, self.config.units)
        start = "" if member is None else f"{MEMBER}{member}."
        network.load_state_dict({name: self.weights[start + name] for name in network.state_dict()})
        return network

    @property
    def members(self) -> int:
        """How many networks stand behind an interval."""
        numbers = {name.split(".")[1] for name in self.weights if name.startswith(MEMBER)}
        return len(numbers)

    def spread(self, graph: HeteroData, wiring: Wiring) -> Floats:
        """Standard deviation of the logarithm of each firm's hazard among the members, shape (n,); 0 without them."""
        totals = [self.network(number).settle(graph, wiring).total.numpy() for number in range(self.members)]
        if len(totals) < 2:
            return np.zeros(len(graph["enterprise"].leverage))
        return np.asarray(np.log(np.maximum(totals, LEAST_HAZARD)).std(axis=0, ddof=1))

    def score(self, snapshot: Snapshot, given: Sequence[str] = ()) -> Scores:
        """One row for every enterprise of the snapshot; the same bits whenever it is asked again.

        Args:
            snapshot: the day.
            given: ids of enterprises that are taken to fail: they have PD 1 and conduct with it.

        Raises:
            UsageError: one of `given` is no enterprise of that day.
        """
        with same_bits(self.config):
            graph = tensors(snapshot, self.scales, in_default(self.task, snapshot, given))
            wiring = wire(graph)
            found = self.network().settle(graph, wiring)
            return scores(snapshot, statuses(self.task, snapshot, given), graph, found, self.spread(graph, wiring))

    def save(self, folder: Path) -> Path:
        """Writes `folder`/model_id: weights.safetensors, model.json, reference.json, card.json, card.md; returns it."""
        target = folder / self.model_id
        target.mkdir(parents=True, exist_ok=True)
        save_file(dict(self.weights), target / "weights.safetensors")
        (target / "model.json").write_bytes(_written(self._settings))
        (target / "reference.json").write_bytes(_written(dict(self.reference)))
        (target / "card.json").write_bytes(_written(dict(self.card)))
        (target / "card.md").write_text(as_text(self.model_id, self.card), encoding="utf-8")
        return target

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads back what `save` wrote to this folder.

        Raises:
            UsageError: no model lies there.
            DataError: it was trained under another data dictionary, or its weights are of another network.
        """
        if not (folder / "model.json").is_file():
            raise UsageError(f"{folder}: no model lies there. 'relparty train' makes one.")
        said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if said["dictionary"] != dictionary_hash():
            raise DataError(
                f"{folder}: trained under data dictionary {said['dictionary']}, not {dictionary_hash()}. Train again."
            )
        found = cls(
            task=Task(**said["task"] | {"until": _day(said["task"]["until"])}),
            config=Config(**said["config"]),
            scales=Scales(**said["scales"]),
            days=_split(said["days"]),
            weights=load_file(folder / "weights.safetensors"),
            dictionary=said["dictionary"],
            card=json.loads((folder / "card.json").read_text(encoding="utf-8")),
            reference=_reference(folder / "reference.json"),
        )
        needs = HazardNetwork(found.scales.width, found.config.units).state_dict()
        shapes = {name: found.weights[name].shape for name in needs if name in found.weights}
        if shapes != {name: weight.shape for name, weight in needs.items()}:
            raise DataError(f"{folder}: its weights are those of another version's network. Train again.")
        return found

    @property
    def _settings(self) -> dict[str, Any]:
        parts = {name: asdict(getattr(self, name)) for name in ("task", "config", "scales", "days")}
        return parts | {"dictionary": self.dictionary}


def latest(folder: Path) -> Path | None:
    """The folder of the model saved last, or none."""
    found = [path.parent for path in folder.glob("*/model.json")]
    return max(found, key=lambda path: (path / "model.json").stat().st_mtime_ns, default=None)


def _written(said: dict[str, Any]) -> bytes:
    return json.dumps(said, default=str, sort_keys=True, indent=1, ensure_ascii=False).encode()


def _reference(path: Path) -> dict[str, Any]:
    """What a model saved by an older version lacks is empty."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _split(said: dict[str, Any]) -> Split:
    train = tuple(date.fromisoformat(day) for day in said["train"])
    return Split(train, _day(said["validation"]), _day(said["test"]), date.fromisoformat(said["until"]))
