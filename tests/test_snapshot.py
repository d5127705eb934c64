"""The snapshot: what names its content."""

import polars as pl
import pyarrow as pa
from relparty.graph.snapshot import Snapshot

from .snapshots import DAY, any_snapshot, firms_in_a_chain


def hiding(text: str) -> pl.Series:
    """Two facilities, the second missing with a text underneath, as filters and joins leave it."""
    written = pa.array(["F-1", text], pa.large_string())
    mask = pa.py_buffer(bytes([0b01]))
    masked = pa.Array.from_buffers(pa.large_string(), 2, [mask, *written.buffers()[1:]])
    return pl.Series("facility_id", masked)


def test_what_lies_under_a_missing_value_is_no_content():
    chain = firms_in_a_chain(3)
    rows = [chain.table("guarantees").with_columns(hiding(text)) for text in ("F-2", "F-33333333333333333333")]
    first, second = (Snapshot(DAY, chain.parties, {"guarantees": frame}) for frame in rows)

    assert first.table("guarantees")["facility_id"].to_list() == ["F-1", None]
    assert first.equals(second)
    assert first.fingerprint == second.fingerprint


def test_other_content_has_another_name():
    assert any_snapshot(1).fingerprint == any_snapshot(1).fingerprint
    assert len({any_snapshot(seed).fingerprint for seed in range(5)}) == 5
    assert firms_in_a_chain(3).fingerprint != firms_in_a_chain(3, amount=2.0).fingerprint
