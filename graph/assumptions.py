"""What a stress takes for granted."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from .book import Limits, Rules
from .errors import UsageError
from .valuations import MODELS, Terms

RANKED = ("en", "rv")  # models that share out what is left, and so ask who ranks first
SINGLE_HIT = "debtrank2012"  # no fixed point, so no row of MODELS
PRODUCTION = "esri"  # no balance sheets: goods that are not made


@dataclass(frozen=True)
class Assumptions:
    """All that a stress takes for granted; printed with every result.

    Attributes:
        model: a name of MODELS, debtrank2012, or esri.
        terms: the model's numbers.
        supply: part of a year's margin that is lost with a supplier.
        cover: part of a guaranteed debt that is not renewed once its guarantor has failed.
        without_equity: what becomes of an enterprise whose equity is not known to be above 0 once it bears a loss:
            the stress is refused; it fails; or it absorbs all and passes nothing on.
        rounds: to allow until losses have settled.
    """

    model: str = "en"
    terms: Terms = field(default_factory=Terms)
    supply: float = 0.25
    cover: float = 0.0
    without_equity: Literal["refuse", "fail", "absorb"] = "refuse"
    rounds: int = Limits().rounds

    @property
    def rules(self) -> Rules:
        """How losses travel.

        Raises:
            UsageError: no such model.
        """
        if self.model not in MODELS:
            raise UsageError(f"{self.model}: no such model of contagion. There are {', '.join([*MODELS, SINGLE_HIT])}.")
        return Rules(MODELS[self.model], self.terms, Limits(rounds=self.rounds))

    def severity(self) -> pl.Expr:
        """The part of a channel's loss that is really lost."""
        parts = {"supply_break": self.supply, "cover_loss": self.cover}
        return pl.col("channel").replace_strict(parts, default=1.0, return_dtype=pl.Float64)

    def __str__(self) -> str:
        """In one line."""
        if self.model == PRODUCTION:
            return (
                f"model {PRODUCTION}: firms stop to produce; other firms of a sector step in as far as their share goes"
            )
        terms = self.terms
        named = {"supply": self.supply, "cover": self.cover}
        if self.model != SINGLE_HIT:
            named = {"recovery": terms.recovery} | named
        ranks = f", seniority {terms.seniority}" if self.model in RANKED else ""
        if self.model == "rv":
            named |= {"alpha": terms.alpha, "beta": terms.beta}
        if self.model in ("merton", "black_cox"):
            named |= {"volatility": float(np.mean(terms.volatility))}
        numbers = ", ".join(f"{name} {number:g}" for name, number in named.items())
        zero = f"at equity 0 a firm {'fails' if terms.zero_fails else 'stands'}"
        once = "each passes on once, in the round after it was first hit, what it had lost by then"
        rule = once if self.model == SINGLE_HIT else zero
        return f"model {self.model}, {numbers}{ranks}, {rule}, without equity: {self.without_equity}"
