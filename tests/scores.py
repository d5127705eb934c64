"""Scores for tests of publishing, without a model."""

from collections.abc import Sequence
from datetime import date

import polars as pl
from relparty.graph.overrides import OVERRIDES
from relparty.graph.results import LINK_SCORES, Scores
from relparty.graph.schema import SCORES


def scores(
    ids: Sequence[str],
    pd: Sequence[float],
    contagion: Sequence[float] | None = None,
    links: Sequence[tuple[object, ...]] = (),
) -> Scores:
    """One row per firm with this PD; what is not named is missing. Links as in LINK_SCORES."""
    given = {
        "risk_pd": pd, "risk_contagion": contagion or [0.0] * len(pd), "risk_status": ["scored"] * len(pd),
        "risk_driver": ["own"] * len(pd),
    }  # fmt: skip
    missing = [None] * len(pd)
    columns = {spec.name: pl.Series(given.get(spec.name, missing), dtype=spec.dtype) for spec in SCORES}
    return Scores(
        pl.DataFrame({"party_id": list(ids), **columns}), pl.DataFrame(list(links), schema=LINK_SCORES, orient="row")
    )


def decided(**pds: float) -> pl.DataFrame:
    """Overrides in force."""
    rows = [
        {"at": "overrides.csv line 2", "party_id": name, "pd": pd, "reason": "x", "until": date(2025, 1, 1)}
        for name, pd in pds.items()
    ]
    return pl.DataFrame(rows, schema=OVERRIDES)
