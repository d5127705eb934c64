"""Scenarios: who fails by name, and what everybody loses at the start."""

from dataclasses import dataclass

from .valuations import Floats


@dataclass(frozen=True)
class Scenario:
    """What happens at the start.

    Attributes:
        fails: rows of the parties that fail by name.
        shock: (n,) money that every party loses.
    """

    fails: tuple[int, ...]
    shock: Floats
