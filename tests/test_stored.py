"""A snapshot laid out as rows of the graph and read back is the same snapshot; no server needed."""

from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.stored import shown, stored

from .snapshots import any_snapshot


@given(seed=st.integers(0, 10**9), firms=st.integers(1, 30), rows=st.integers(0, 40))
@settings(deadline=None, max_examples=50)
def test_a_snapshot_laid_out_and_read_back_is_the_same(seed: int, firms: int, rows: int) -> None:
    snapshot = any_snapshot(seed, firms, rows)

    back = shown(stored(snapshot), snapshot.day, snapshot.currency)

    assert back.equals(snapshot)
