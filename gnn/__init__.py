"""Snapshots to Scores: the only room with torch. Imports graph only."""

import warnings

with warnings.catch_warnings():  # PyG scripts a class while it is imported, which torch calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric  # noqa: F401
