"""Cases of groups of connected clients: what relparty answers to each key of a case's `expect`."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import polars as pl
from relparty.graph import groups
from relparty.graph.register import Register

from .case_files import Answer, differences, frame
from .rows import day

DAY = day("2027-07-10")
INPUTS = {"regime", "control", "depends", "similar", "government", "rebutted", "exposures"}
REBUTTAL = {
    "decision": "rebutted", "reason": "ring_fenced", "reviewer": "A. One", "second_reviewer": "B. Two",
    "evidence": "memo", "valid_to": day("2100-01-01"),
}  # fmt: skip


class GroupsCase:
    """The links of one case as a snapshot, and its groups, computed once."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.case = case
        self.snapshot = Register({name: frame(name, rows) for name, rows in _tables(case).items() if rows}).as_of(DAY)
        self.ids = self.snapshot.parties["party_id"].to_list()

    @cached_property
    def found(self) -> groups.Groups:
        return groups.connected_clients(self.snapshot, self.case["regime"], DAY)

    @cached_property
    def members(self) -> list[list[str]]:
        rows = self.found.members.filter(pl.col("set") == "confirmed").group_by("group_id").agg("party_row")
        return [sorted(self.ids[row] for row in party_rows) for party_rows in rows["party_row"]]

    def exposure(self, party: str) -> float:
        rows = self.snapshot.table("exposures")
        return float(rows.filter(pl.col("party_row") == self.snapshot.row_of(party))["drawn"].sum())


def _tables(case: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the register that a case states."""
    control, depends = _named(case, "control") + _named(case, "rebutted"), _named(case, "depends")
    exposures = {str(party): amount for party, amount in case.get("exposures", {}).items()}
    names = {
        name for key in ("control", "depends", "similar", "rebutted") for pair in _named(case, key) for name in pair
    }
    state = set(map(str, case.get("government", [])))
    return {
        "parties": [
            {"party_id": name, "kind": "public_body" if name in state else "enterprise", **_alike(case, name)}
            for name in sorted(names | state | set(exposures))
        ],
        "controls": [
            {"controller_id": above, "enterprise_id": below, "basis": "consolidated_accounts"}
            for above, below in sorted(set(control))
        ],
        "depends_on": [
            {"dependent_id": dependent, "depended_on_id": other, "criterion": "5"}
            for dependent, other in sorted(set(depends))
        ],
        "reviews": [
            {"link": "controls", "from_id": above, "to_id": below, **REBUTTAL}
            for above, below in sorted(set(_named(case, "rebutted")))
        ],
        "exposures": [
            {"facility_id": f"F-{party}", "party_id": party, "drawn": float(amount)} for party, amount in exposures.items()
        ],
    }  # fmt: skip


def _named(case: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
    return [(str(first), str(second)) for first, second in case.get(key, [])]


def _alike(case: Mapping[str, Any], name: str) -> dict[str, str]:
    """Parties that share a sector and a city, which connects nobody."""
    near = any(name in pair for pair in _named(case, "similar"))
    return {"industry": "C13", "region": "Wenzhou"} if near else {}


def _groups(case: GroupsCase, expected: Any) -> Answer:
    return case.members


def _exposure(case: GroupsCase, expected: Any) -> Answer:
    sums = {frozenset(group): sum(map(case.exposure, group)) for group in case.members}
    return {key: sums.get(frozenset(key.split(","))) for key in expected}


def _explained(case: GroupsCase, expected: Any) -> Answer:
    """The links among those expected that the explanation shows."""
    rows = case.found.links.select("from_row", "to_row", "status").rows()
    shown = {(case.ids[source], case.ids[target], status) for source, target, status in rows}
    return [link for link in expected if tuple(map(str, link)) in shown]


KEYS: Mapping[str, Callable[[GroupsCase, Any], Answer]] = {
    "groups": _groups,
    "exposure": _exposure,
    "explained": _explained,
}


def answered(case: Mapping[str, Any], expect: Mapping[str, Any], tolerance: float) -> list[str]:
    """What differs between a case's answers and ours."""
    ours = GroupsCase(case)
    return [line for key, want in expect.items() for line in differences(key, want, KEYS[key](ours, want), tolerance)]
