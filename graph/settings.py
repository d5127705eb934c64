"""What a bank sets for its register: the currency, and whose word counts first."""

from dataclasses import dataclass

from .schema import CURRENCY


@dataclass(frozen=True)
class Settings:
    """Settings that change what a day shows; their values go into the hash of every run."""

    currency: str = CURRENCY  # of all money in a snapshot
    sources: tuple[str, ...] = ("bank", "gleif", "psc", "bods")  # first governs; others after them, by name
