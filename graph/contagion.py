"""Contagion by structure alone: one monotone fixed point for claims, stakes, guarantee calls, supply and support.

    loss = shock + sum over kinds of W_kind v_kind(loss) + joint guarantee calls

v is the missing part of a promise (valuations.py), never falling in the loss, so the iteration rises from the shock to
the least loss: the greatest equity that solves it. [i, j] of a W is what i loses once nothing is left of j.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import splu

from .creep import WINDOW, Creep
from .errors import DataError, NotSettled
from .joint import Ints, JointCalls, parts
from .valuations import Flags, Floats, Kind, Model, Sheets, Terms, sheets

Rounds = npt.NDArray[np.integer]
NEVER = -1  # round of a failure that doesn't come
WIDE = 8  # scenarios that are worked on at once: more would no longer stay in the processor's cache
THREADS = 2


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
    """

    equity: Floats
    owed: Floats
    losses: Mapping[Kind, csr_array]
    outside: Floats | None = None
    full: Floats | None = None
    joint: JointCalls | None = None
    fragile: Flags | None = None

    @property
    def parties(self) -> int:
        """How many there are."""
        return len(self.equity)

    def sheets(self, terms: Terms) -> Sheets:
        """Their balance sheets as valuations read them, shape (n,)."""
        full = self.equity if self.full is None else self.full
        return sheets(self.equity, self.owed, self.outside_assets, full, terms.volatility)

    @cached_property
    def outside_assets(self) -> Floats:
        """(n,) as given, else equity + owed less all claims, and not below 0."""
        if self.outside is not None:
            return self.outside
        held = sum((self.losses[kind].sum(axis=1) for kind in ("claim", "stake") if kind in self.losses), 0.0)
        return np.maximum(self.equity + self.owed - held, 0.0)


@dataclass(frozen=True)
class Limits:
    """When an iteration has settled: once no promise can lose more than `tolerance` of its worth any more."""

    tolerance: float = 1e-14  # where a ring gains, a loss however small may grow to a failure
    rounds: int = 10_000


@dataclass(frozen=True)
class Settled:
    """The end of k scenarios.

    Attributes:
        loss: (n, k) money, the shock included.
        failed_in: (n, k) round in which a party failed, 0 by the shock itself, -1: it stands.
        rounds: (k,) used.
    """

    loss: Floats
    failed_in: Rounds
    rounds: Rounds


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
        part = self.model.missing(kind)(sheet, *losses, self.terms)
        return part if broken is None else np.where(broken, 1 - self.terms.recovery if kind == "claim" else 1.0, part)


def settle(book: Book, shocks: Shocks, rules: Rules) -> Settled:
    """Runs k scenarios to their end.

    Raises:
        DataError: a shock or a loss that is missing or below 0, an equity that is missing.
        NotSettled: after all rounds some promise still loses worth.

    Source:
        Barucca et al. (2020), Math. Finance 30(4), 10.1111/mafi.12272, for the form; peers' outputs and closed forms
        in tests/test_cases.py and tests/test_contagion.py.
    """
    _check(book, shocks)
    sheet = book.sheets(rules.terms).at(None)
    count = shocks.loss.shape[1]
    blocks = [slice(first, first + WIDE) for first in range(0, max(count, 1), WIDE)]

    def run(block: slice) -> Settled:
        return _settle_block(book, sheet, shocks.of(block), rules)

    if len(blocks) == 1:
        return run(blocks[0])
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(run, blocks))
    return Settled(
        np.hstack([each.loss for each in done]),
        np.hstack([each.failed_in for each in done]),
        np.concatenate([each.rounds for each in done]),
    )


def missing(book: Book, shocks: Shocks, rules: Rules, loss: Floats) -> dict[Kind, Floats]:
    """The part of their promises that parties don't keep after such losses, by kind (n, k)."""
    sheet, broken = book.sheets(rules.terms).at(None), _broken(book, loss, shocks)
    kinds = kinds_of(book)
    return {kind: rules.missing(kind, sheet, (loss, shocks.loss), broken) for kind in kinds}


def kinds_of(book: Book) -> list[Kind]:
    """The kinds of promises in a book."""
    kinds = list(book.losses)
    return kinds if book.joint is None or "claim" in kinds else [*kinds, "claim"]


def _check(book: Book, shocks: Shocks) -> None:
    amounts = [("shock", shocks.loss), ("debt", book.owed), *((k, part.data) for k, part in book.losses.items())]
    for what, amount in amounts:
        if not (amount >= 0).all():
            raise DataError(f"{what}: {int((~(amount >= 0)).sum())} amounts are missing or below 0. Correct them.")
    if np.isnan(book.equity).any():
        first = int(np.flatnonzero(np.isnan(book.equity))[0])
        raise DataError(f"equity: {int(np.isnan(book.equity).sum())} parties have none, first row {first}.")


@dataclass(frozen=True)
class _State:
    """Where the scenarios that still move stand: columns of them, and what their parties lost, broke and stood."""

    column: Ints
    shocks: Shocks
    loss: Floats
    missing: Mapping[Kind, Floats]
    stood: Flags
    failed_in: Rounds
    moved: Floats

    def keep(self, chosen: Flags) -> "_State":
        parts = {name: getattr(self, name)[:, chosen] for name in ("loss", "stood", "failed_in")}
        missing = {kind: part[:, chosen] for kind, part in self.missing.items()}
        shocks = self.shocks.of(np.flatnonzero(chosen))
        return _State(self.column[chosen], shocks, missing=missing, moved=self.moved[chosen], **parts)


def _settle_block(book: Book, sheet: Sheets, shocks: Shocks, rules: Rules) -> Settled:
    """A block of scenarios; each rests once it has settled, so that none depends on another."""
    now = _opening(book, sheet, shocks, rules)
    loss, failed_in = np.array(shocks.loss), np.array(now.failed_in)
    used = np.zeros(shocks.loss.shape[1], np.int32)
    creep = Creep()
    for round_ in range(1, rules.limits.rounds + 1):
        before, now = now, _next_round(book, sheet, now, rules)
        if round_ % WINDOW == 0 and rules.model.affine:
            further = creep.hastened(now.missing, now.stood)
            if further is not now.missing:  # bring the losses up to it before anybody asks who rests
                now = _next_round(book, sheet, replace(now, missing=further), rules)
                now = replace(now, moved=np.full(len(now.column), np.inf))
        done = _at_rest(before.moved, now.moved, rules.limits.tolerance)
        if done.any():
            ended = now.column[done]
            loss[:, ended], used[ended] = now.loss[:, done], round_
            failed_in[:, ended] = np.where(now.stood[:, done], NEVER, now.failed_in[:, done])
            now, creep = now.keep(~done), Creep()
        if not len(now.column):
            return Settled(loss, failed_in, used)
    raise NotSettled(
        f"contagion: {len(now.column)} of {len(used)} scenarios still lose {now.moved.max():.1e} of a promise a round "
        f"after {rules.limits.rounds:,} rounds. Allow more rounds, or a tolerance over {rules.limits.tolerance:g}."
    )


def _opening(book: Book, sheet: Sheets, shocks: Shocks, rules: Rules) -> _State:
    count = shocks.loss.shape[1]
    return _State(
        column=np.arange(count),
        shocks=shocks,
        loss=shocks.loss,
        missing={kind: np.zeros_like(shocks.loss) for kind in kinds_of(book)},
        stood=_standing(sheet, shocks.loss, _broken(book, shocks.loss, shocks), rules),
        failed_in=np.zeros(shocks.loss.shape, np.int16),
        moved=np.full(count, np.inf),
    )


def _broken(book: Book, loss: Floats, shocks: Shocks) -> Flags | None:
    """Who has failed whatever its equity: by name, or at the first loss; none: nobody can."""
    if book.fragile is None:
        return shocks.broken
    hit = book.fragile[:, None] & (loss > 0)
    return hit if shocks.broken is None else hit | shocks.broken


def _standing(sheet: Sheets, loss: Floats, broken: Flags | None, rules: Rules) -> Flags:
    stands = sheet.equity > loss if rules.terms.zero_fails else sheet.equity >= loss
    return stands if broken is None else stands & ~broken


def _next_round(book: Book, sheet: Sheets, now: _State, rules: Rules) -> _State:
    """One round: what was lost breaks promises, and what is broken is lost by those who hold it."""
    moved, missing = np.zeros(len(now.column)), {}
    loss, broken = np.array(now.shocks.loss), _broken(book, now.loss, now.shocks)
    for kind, last in now.missing.items():
        part = rules.missing(kind, sheet, (now.loss, now.shocks.loss), broken)
        missing[kind] = np.maximum(part, last, out=part)
        moved = np.maximum(moved, (part - last).max(axis=0, initial=0.0))
        if kind in book.losses:
            loss += _product(book.losses[kind], part)
    if book.joint is not None:
        _add_joint(loss, book.joint, missing["claim"], now.stood)
    stood = _standing(sheet, loss, _broken(book, loss, now.shocks), rules)
    if book.joint is not None:  # whoever fails moves its part to the others, next round
        moved = np.maximum(moved, (now.stood & ~stood).any(axis=0))
    return replace(now, loss=loss, missing=missing, stood=stood, failed_in=now.failed_in + now.stood, moved=moved)


def _product(matrix: csr_array, part: Floats) -> Floats:
    product: Floats = (matrix @ part[:, 0])[:, None] if part.shape[1] == 1 else matrix @ part
    return product


def _add_joint(loss: Floats, joint: JointCalls, missing: Floats, stood: Flags) -> None:
    """Adds to `loss` what joint guarantors lose beyond what they have booked."""
    rows = np.flatnonzero((missing[joint.debtor] > 0).any(axis=1))
    called = parts(joint, rows, missing[joint.debtor[rows]], stood[joint.guarantor[rows]])
    np.add.at(loss, joint.guarantor[rows], np.maximum(called - joint.booked[rows, None], 0.0))


def _at_rest(before: Floats, moved: Floats, tolerance: float) -> Flags:
    """Which scenarios will not move by more than the tolerance any more, as far as their last rounds tell. (k,)."""
    pace = np.divide(moved, before, out=np.ones_like(moved), where=np.isfinite(before) & (before > 0))
    shrinks = pace < 1
    ahead = np.where(shrinks, moved * np.maximum(1.0, pace / np.where(shrinks, 1 - pace, 1.0)), np.inf)
    return np.asarray((ahead <= tolerance) | (moved <= 1e-16))


def full_worth(base: Floats, stakes: csr_array) -> Floats:
    """Equity of n parties if nobody's were below 0, their stakes in each other included: an upper end of what is so.

    Args:
        base: (n,) money, equity without stakes.
        stakes: (n, n), [owner, owned] share of equity.

    Raises:
        DataError: parties that wholly own each other, whose worth is anybody's guess.
    """
    with np.errstate(all="ignore"):
        try:
            worth: Floats = splu((eye_array(len(base)) - stakes).tocsc()).solve(np.maximum(base, 0.0))
        except RuntimeError:
            worth = np.full(len(base), np.nan)
    if not (worth >= -1e-9 * np.abs(base).max(initial=1.0)).all():
        raise DataError(
            "owns: parties own each other wholly, in a ring, which leaves their worth open. Correct the shares."
        )
    return worth
