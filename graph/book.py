"""What contagion is worked out from: a book of promises, the shocks that hit it, and how losses travel."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from .errors import DataError
from .joint import Ints, JointCalls
from .valuations import Flags, Floats, Kind, Model, Sheets, Terms, ranked, sheets


@dataclass(frozen=True)
class Book:
    """Who owes what to whom on one day. Money; n parties.

    Attributes:
        equity: (n,) with every claim worth its face; infinite: nothing is known that could
            fail, so it conducts nothing.
        owed: (n,) all that a party owes, ranking equally.
        losses: by kind, shape (n, n): [i, j] is what i loses once nothing is left of j's promise. Rows suffer.
        outside: (n,) assets that are no claims on others here; none: equity + owed less all claims.
        full: (n,) equity at which a stake has lost nothing; none: `equity`.
        joint: guarantees with several joint guarantors; they are in no matrix.
        fragile: (n,) parties that fail at the first loss; none: nobody does.
        junior: (n,) of what is owed, the claims of parties here, which rank last; what is owed to others is then of the
            kind debt. None: all ranks equally, and all is of the kind claim.
    """

    equity: Floats
    owed: Floats
    losses: Mapping[Kind, csr_array]
    outside: Floats | None = None
    full: Floats | None = None
    joint: JointCalls | None = None
    fragile: Flags | None = None
    junior: Floats | None = None

    @property
    def parties(self) -> int:
        """How many there are."""
        return len(self.equity)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of promises in it."""
        of_joint: list[Kind] = [] if self.joint is None else ["claim"]
        ranked: list[Kind] = [] if self.junior is None else ["claim", "debt"]
        return list(dict.fromkeys([*self.losses, *of_joint, *ranked]))

    def broken(self, loss: Floats, shocks: "Shocks") -> Flags | None:
        """Who has failed whatever its equity, (n, k): by name, or at the first loss; none: nobody can."""
        if self.fragile is None:
            return shocks.broken
        hit = self.fragile[:, None] & (loss > 0)
        return hit if shocks.broken is None else hit | shocks.broken

    def sheets(self, terms: Terms) -> Sheets:
        """Their balance sheets as valuations read them, shape (n,)."""
        full = self.equity if self.full is None else self.full
        found = sheets(self.equity, self.owed, self.outside_assets, full, terms.volatility)
        return found if self.junior is None else replace(found, junior=np.minimum(self.junior, found.owed))

    @cached_property
    def outside_assets(self) -> Floats:
        """(n,) as given, else equity + owed less all claims, and not below 0."""
        if self.outside is not None:
            return self.outside
        held = sum((self.losses[kind].sum(axis=1) for kind in ("claim", "stake") if kind in self.losses), 0.0)
        return np.maximum(self.equity + self.owed - held, 0.0)


@dataclass(frozen=True)
class Shocks:
    """k scenarios: what n parties lose at the start, and who fails by name.

    Attributes:
        loss: (n, k) money, loss of outside assets, from 0 up.
        broken: (n, k) 1 where a party fails by name, whatever its equity, else 0; none: nobody does.
    """

    loss: Floats
    broken: Flags | None = None

    def of(self, columns: slice | Ints) -> "Shocks":
        """Some of the scenarios."""
        return Shocks(self.loss[:, columns], None if self.broken is None else self.broken[:, columns])


@dataclass(frozen=True)
class Limits:
    """When an iteration has settled: once no promise can lose more than `tolerance` of its worth any more."""

    tolerance: float = 1e-14  # where a ring gains, a loss however small may grow to a failure
    rounds: int = 10_000


@dataclass(frozen=True)
class Rules:
    """How losses travel, and when they have settled."""

    model: Model
    terms: Terms = field(default_factory=Terms)
    limits: Limits = field(default_factory=Limits)

    def missing(self, kind: Kind, sheet: Sheets, losses: tuple[Floats, Floats], broken: Flags | None) -> Floats:
        """The part of promises of a kind that isn't kept.

        Args:
            kind: of promise.
            sheet: balance sheets.
            losses: in all, and of outside assets; same shape.
            broken: who has failed by name or at the first loss, same shape; none: nobody.
        """
        part = ranked(kind, self.model.missing(kind)(sheet, *losses, self.terms), sheet)
        return part if broken is None else np.where(broken, np.maximum(self.least(kind), part), part)

    def least(self, kind: Kind) -> float:
        """The part that is missing at least of who has failed by name or at the first loss: nobody gains by a name."""
        return 1 - self.terms.recovery if kind in ("claim", "debt") else 1.0

    def standing(self, sheet: Sheets, loss: Floats, broken: Flags | None) -> Flags:
        """Who has not failed, same shape as the losses."""
        stands = ~self.terms.failed(sheet.equity, loss)
        return stands if broken is None else stands & ~broken


def check(book: Book, shocks: Shocks) -> None:
    """Refuses what no solution is for.

    Raises:
        DataError: a shock, a debt or a loss that is missing or below 0, an equity that is missing.
    """
    amounts = [("shock", shocks.loss), ("debt", book.owed), *((k, part.data) for k, part in book.losses.items())]
    for what, amount in amounts:
        if not (amount >= 0).all():
            raise DataError(f"{what}: {int((~(amount >= 0)).sum())} amounts are missing or below 0. Correct them.")
    if np.isnan(book.equity).any():
        first = int(np.flatnonzero(np.isnan(book.equity))[0])
        raise DataError(f"equity: {int(np.isnan(book.equity).sum())} parties have none, first row {first}.")
