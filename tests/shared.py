"""The workplace's inputs with known answers, beside the repository; no part of the product."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="no ../shared beside the repository: its inputs are no part of the product"
)


def report(number: str) -> Path:
    """The folder of a field report."""
    return next((SHARED / "data" / "reports").glob(f"{number}-*"))
