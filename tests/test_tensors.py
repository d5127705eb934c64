"""Snapshots as tensors: a row a firm, whatever there is to tell of it."""

import pytest
import torch
from relparty.gnn.task import Task, in_default
from relparty.gnn.tensors import fit_scales, tensors

from .snapshots import firms_in_a_chain


@pytest.mark.parametrize("count", [1, 2, 5])
def test_firms_of_which_nothing_tells_one_from_another_have_a_row_each_all_the_same(count: int) -> None:
    """No number ever varied in training and there are no words: each is left out, as a column of zeros."""
    snapshot = firms_in_a_chain(count)
    scales = fit_scales([firms_in_a_chain(5)])
    assert set(scales.spreads.values()) == {0.0}
    x = tensors(snapshot, scales, in_default(Task(), snapshot))["enterprise"].x
    assert x.shape == (count, scales.width)
    assert x.dtype == torch.float64
    assert not x.any()
