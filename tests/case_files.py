"""Case files: small inputs with right answers, one JSON each, and how answers are compared."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import polars as pl
from relparty.graph.register import Register
from relparty.graph.schema import TABLES

from .rows import day

Answer: TypeAlias = Any  # a number, a truth, or lists and objects of them
BEGINS = day("2020-01-01")
TOLERANCE = 1e-9
TEXT = re.compile(
    r"id|what|model|size|source|notes?|nodes|columns|conventions|\w+_convention|peer|second_peer|embedding"
    r"|iterations\w*|peers\w*|peer_differences|own_crosscheck\w*"
)
FRAME = {"expect", "expected", "tolerance"}


def unknown_keys(case: Mapping[str, Any], inputs: Collection[str], answers: Collection[str]) -> list[str]:
    """Keys of a case that are neither text, nor an input, nor an answer that is computed here."""
    outer = [key for key in case if key not in inputs and key not in FRAME and not TEXT.fullmatch(key)]
    return outer + [key for key in expected(case) if key not in answers and not TEXT.fullmatch(key)]


def expected(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """The right answers, without what is only text."""
    answers: Mapping[str, Any] = case.get("expect", case.get("expected", {}))
    return {key: value for key, value in answers.items() if not TEXT.fullmatch(key)}


def differences(where: str, want: Answer, got: Answer, tolerance: float) -> list[str]:
    """One line for each number off by more than the tolerance, and for each set or truth that isn't equal."""
    if isinstance(want, bool) or isinstance(got, bool):
        return [] if want is got else [f"{where}: {got}, not {want}"]
    if isinstance(want, Mapping):
        keys = {str(key): value for key, value in want.items()}
        ours = {str(key): value for key, value in got.items()}
        missing = [f"{where}: {sorted(ours)}, not {sorted(keys)}"] if set(keys) != set(ours) else []
        return missing + [
            line
            for key in keys
            if key in ours
            for line in differences(f"{where} {key}", keys[key], ours[key], tolerance)
        ]
    if isinstance(want, Sequence) and not isinstance(want, str):
        return [] if as_set(want) == as_set(got) else [f"{where}: {sorted(as_set(got))}, not {sorted(as_set(want))}"]
    return [] if got is not None and abs(want - got) <= tolerance else [f"{where}: {got}, not {want}"]


def as_set(names: Sequence[Any]) -> set[Any]:
    """Names as text, lists of names as sets of them."""
    return {frozenset(map(str, each)) if isinstance(each, (list, tuple)) else str(each) for each in names}


def register_of(stakes: Sequence[tuple[str, str, float]], **tables: Sequence[Mapping[str, Any]]) -> Register:
    """A register of enterprises and their stakes, several of one pair as lots, and rows of other tables."""
    names = sorted({name for owner, owned, _ in stakes for name in (owner, owned)})
    parties = [{"party_id": name, "kind": "enterprise"} for name in names]
    owns = [
        {"owner_id": owner, "enterprise_id": owned, "share": float(share), "lot": str(number)}
        for number, (owner, owned, share) in enumerate(stakes)
    ]
    given: dict[str, Sequence[Mapping[str, Any]]] = {"parties": parties, "owns": owns, **tables}
    return Register({name: frame(name, rows) for name, rows in given.items() if rows})


def frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of the register, with what is the same in all of them filled in."""
    spec = TABLES[table]
    common = {"valid_from": BEGINS, "recorded_on": BEGINS, "source": "bank", "retracted": False}
    full = [{**spec.defaults, **common, **row} for row in rows]
    return pl.DataFrame(full, schema=spec.schema)
