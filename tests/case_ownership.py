"""Ownership cases: what relparty answers to each key of a case's `expect`."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import polars as pl
from relparty.graph import control, owners, ownership
from relparty.graph.close_links import product_sums
from relparty.graph.rules import ROUNDING

from .case_files import Answer, differences, register_of
from .rows import day

DAY = day("2027-07-10")  # the first on which the AMLR applies
INPUTS = {"edges"}
REGIME = "basel"  # plain votes: nothing leaves the total


class OwnershipCase:
    """The stakes of one case as a snapshot, and what is computed from them once."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        edges = [(str(owner), str(owned), share) for owner, owned, share in case["edges"]]
        self.snapshot = register_of(edges).as_of(DAY)
        self.ids = self.snapshot.parties["party_id"].to_list()

    @cached_property
    def rows(self) -> range:
        return range(len(self.ids))

    @cached_property
    def graph(self) -> ownership.Ownership:
        return ownership.Ownership.of(self.snapshot)

    @cached_property
    def integrated(self) -> pl.DataFrame:
        return ownership.integrated(self.snapshot, self.rows)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        return control.controlled(self.snapshot, REGIME, DAY)

    @cached_property
    def joint(self) -> dict[tuple[str, str], float]:
        votes = control.joint_votes(control.votes_of(self.graph.pairs, "low"), self.pairs)
        return {(self.ids[x], self.ids[y]): value for x, y, value, _ in votes.rows()}

    def by_pair(self, frame: pl.DataFrame, value: str) -> dict[str, float]:
        """{"x>y": value} of a frame of owners and targets."""
        rows = frame.select("owner_row", "target_row", value).rows()
        return {f"{self.ids[owner]}>{self.ids[target]}": number for owner, target, number in rows}

    @cached_property
    def controls(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for controller, controlled in self.pairs.select("controller_row", "controlled_row").rows():
            found.setdefault(self.ids[controller], []).append(self.ids[controlled])
        return {name: sorted(parties) for name, parties in found.items()}


def _numbers(case: OwnershipCase, found: Mapping[str, float], expected: Mapping[str, float]) -> Answer:
    return {pair: found.get(pair, 0.0) for pair in expected}


def _integrated(case: OwnershipCase, expected: Any) -> Answer:
    return _numbers(case, case.by_pair(case.integrated, "raw"), expected)


def _baldone(case: OwnershipCase, expected: Any) -> Answer:
    return _numbers(case, case.by_pair(case.integrated, "share"), expected)


def _joint_share(case: OwnershipCase, expected: Any) -> Answer:
    return {x: {y: case.joint.get((x, y), 0.0) for y in firms} for x, firms in expected.items()}


def _control(case: OwnershipCase, expected: Any) -> Answer:
    """An empty object means that nobody controls anybody; else only the parties named are compared."""
    return {x: case.controls.get(str(x), []) for x in expected} if expected else case.controls


def _control_pairs(case: OwnershipCase, expected: Any) -> Answer:
    return case.pairs.height


def _simple_path(case: OwnershipCase, expected: Any) -> Answer:
    return _numbers(case, case.by_pair(product_sums(case.graph.pairs, len(case.ids), None), "share"), expected)


def _close_links(case: OwnershipCase, expected: Any) -> Answer:
    sums = case.by_pair(product_sums(case.graph.pairs, len(case.ids), None), "share")
    return sorted(pair for pair, share in sums.items() if share >= 0.2 - ROUNDING)


def _self_owned(case: OwnershipCase, expected: Any) -> Answer:
    return sorted(case.ids[row] for row in case.graph.self_owned)


def _singular(case: OwnershipCase, expected: Any) -> Answer:
    return bool(case.graph.self_owned.size)


def _roots(case: OwnershipCase, expected: Any) -> Answer:
    roots = case.integrated.filter(pl.col("owner_row").is_in(case.graph.roots.tolist()))
    return _numbers(case, case.by_pair(roots, "raw"), expected)


def _unattributed(case: OwnershipCase, expected: Any) -> Answer:
    left = {case.ids[y]: share for y, share in ownership.unattributed(case.graph, case.rows).rows()}
    return {y: left[str(y)] for y in expected}


def _beneficial_owners(case: OwnershipCase, expected: Any) -> Answer:
    found = pl.concat([owners.beneficial_owners(case.snapshot, row, "amlr", DAY) for row in case.rows])
    ends = found.filter(pl.col("owner_row").is_in(case.graph.roots.tolist()) & (pl.col("decision") == "yes"))
    return sorted({case.ids[row] for row in ends["owner_row"]})


KEYS: Mapping[str, Callable[[OwnershipCase, Any], Answer]] = {
    "integrated": _integrated,
    "baldone": _baldone,
    "joint_share": _joint_share,
    "control": _control,
    "control_pairs_total": _control_pairs,
    "simple_path": _simple_path,
    "close_link_ge_20": _close_links,
    "singular": _singular,
    "self_owned_scc": _self_owned,
    "roots": _roots,
    "unattributed": _unattributed,
    "ubo": _beneficial_owners,
}


def answered(case: Mapping[str, Any], expect: Mapping[str, Any], tolerance: float) -> list[str]:
    """What differs between a case's answers and ours."""
    ours = OwnershipCase(case)
    return [line for key, want in expect.items() for line in differences(key, want, KEYS[key](ours, want), tolerance)]
