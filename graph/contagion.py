"""Contagion by structure alone: one monotone fixed point for claims, stakes, guarantee calls, supply and support.

    loss = shock + sum over kinds of W_kind v_kind(loss) + joint guarantee calls

v is the missing part of a promise (valuations.py), never falling in the loss, so the iteration rises from the shock to
the least loss: the greatest equity that solves it. [i, j] of a W is what i loses once nothing is left of j.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import splu

from .book import Book, Rules, Shocks, check
from .creep import CREEPS, LEAST, WINDOW, leap
from .errors import DataError, NotSettled
from .joint import Ints, JointCalls, parts
from .pieces import Spot, impact_and_room
from .valuations import Flags, Floats, Kind, Sheets

Rounds = npt.NDArray[np.integer]
NEVER = -1  # round of a failure that doesn't come
WIDE = 8  # scenarios that are worked on at once: more would no longer stay in the processor's cache
THREADS = 2


@dataclass(frozen=True)
class Settled:
    """The end of k scenarios.

    Attributes:
        loss: (n, k) money, the shock included.
        failed_in: (n, k) round in which a party failed, 0 by the shock itself, -1: it stands.
        rounds: (k,) used.
        moving: (k,) part of a promise that the last round still broke: losses are at least what they say; 0: settled.
    """

    loss: Floats
    failed_in: Rounds
    rounds: Rounds
    moving: Floats


def settle(book: Book, shocks: Shocks, rules: Rules) -> Settled:
    """Runs k scenarios to their end.

    Raises:
        DataError: a shock or a loss that is missing or below 0, an equity that is missing.
        NotSettled: after all rounds some promise still loses worth.

    Source:
        Barucca et al. (2020), Math. Finance 30(4), 10.1111/mafi.12272, for the form; peers' outputs and closed forms
        in tests/test_cases.py and tests/test_contagion.py.
    """
    found = spread(book, shocks, rules)
    if found.moving.any():
        raise NotSettled(
            f"contagion: {np.count_nonzero(found.moving)} of {len(found.moving)} scenarios still lose "
            f"{found.moving.max():.1e} of a promise a round after {rules.limits.rounds:,} rounds. Allow more "
            f"rounds (--rounds), or a tolerance over {rules.limits.tolerance:g}."
        )
    return found


def spread(book: Book, shocks: Shocks, rules: Rules) -> Settled:
    """The same as far as the rounds go: a scenario that hasn't settled by then is told by `moving`.

    Raises:
        DataError: see `settle`.
    """
    check(book, shocks)
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
        np.concatenate([each.moving for each in done]),
    )


def missing(book: Book, shocks: Shocks, rules: Rules, loss: Floats) -> dict[Kind, Floats]:
    """The part of their promises that parties don't keep after such losses, by kind (n, k)."""
    sheet, broken = book.sheets(rules.terms).at(None), book.broken(loss, shocks)
    return {kind: rules.missing(kind, sheet, (loss, shocks.loss), broken) for kind in book.kinds}


@dataclass(frozen=True)
class _State:
    """Where the scenarios that still move stand: columns of them, and what their parties lost, broke and stood.

    `moved`: how much of a promise broke in the last round, 1 where calls moved; `fell`: whether anybody fell in it.
    """

    column: Ints
    shocks: Shocks
    loss: Floats
    missing: Mapping[Kind, Floats]
    stood: Flags
    failed_in: Rounds
    moved: Floats
    fell: Flags

    def keep(self, chosen: Flags) -> "_State":
        parts = {name: getattr(self, name)[:, chosen] for name in ("loss", "stood", "failed_in")}
        missing = {kind: part[:, chosen] for kind, part in self.missing.items()}
        shocks = self.shocks.of(np.flatnonzero(chosen))
        flat = {name: getattr(self, name)[chosen] for name in ("column", "moved", "fell")}
        return _State(shocks=shocks, missing=missing, **flat, **parts)


def _settle_block(book: Book, sheet: Sheets, shocks: Shocks, rules: Rules) -> Settled:
    """A block of scenarios; each rests once it has settled, so that none depends on another."""
    now = _opening(book, sheet, shocks, rules)
    loss, failed_in = np.array(shocks.loss), np.array(now.failed_in)
    used = np.zeros(shocks.loss.shape[1], np.int32)
    step = now.moved  # of the last look
    for round_ in range(1, rules.limits.rounds + 1):
        before, now = now, _next_round(book, sheet, now, rules)
        if round_ % WINDOW == 0 and rules.model.affine:
            creeps = (now.moved > step * CREEPS) & (now.moved > LEAST)
            step, now = now.moved, _hastened(book, sheet, now, rules, creeps)
        done = _at_rest(before.moved, now.moved, rules.limits.tolerance)
        if done.any():
            ended = now.column[done]
            loss[:, ended], used[ended] = now.loss[:, done], round_
            failed_in[:, ended] = np.where(now.stood[:, done], NEVER, now.failed_in[:, done])
            now, step = now.keep(~done), step[~done]
        if not len(now.column):
            break
    moving = np.zeros(len(used))
    ended = now.column  # none, but where the rounds were too few
    loss[:, ended], used[ended], moving[ended] = now.loss, rules.limits.rounds, np.minimum(now.moved, 1.0)
    failed_in[:, ended] = np.where(now.stood, NEVER, now.failed_in)
    return Settled(loss, failed_in, used, moving)


def _opening(book: Book, sheet: Sheets, shocks: Shocks, rules: Rules) -> _State:
    count = shocks.loss.shape[1]
    return _State(
        column=np.arange(count),
        shocks=shocks,
        loss=shocks.loss,
        missing={kind: np.zeros_like(shocks.loss) for kind in book.kinds},
        stood=rules.standing(sheet, shocks.loss, book.broken(shocks.loss, shocks)),
        failed_in=np.zeros(shocks.loss.shape, np.int16),
        moved=np.full(count, np.inf),
        fell=np.zeros(count, bool),
    )


def _next_round(book: Book, sheet: Sheets, now: _State, rules: Rules) -> _State:
    """One round: what was lost breaks promises, and what is broken is lost by those who hold it."""
    moved, missing = np.zeros(len(now.column)), {}
    loss, broken = np.array(now.shocks.loss), book.broken(now.loss, now.shocks)
    for kind, last in now.missing.items():
        part = rules.missing(kind, sheet, (now.loss, now.shocks.loss), broken)
        missing[kind] = np.maximum(part, last, out=part)
        moved = np.maximum(moved, (part - last).max(axis=0, initial=0.0))
        if kind in book.losses:
            loss += _product(book.losses[kind], part)
    if book.joint is not None:
        _add_joint(loss, book.joint, missing, now.stood)
    stood = rules.standing(sheet, loss, book.broken(loss, now.shocks))
    fell = np.asarray((now.stood & ~stood).any(axis=0))
    if book.joint is not None:  # who falls moves its part to others in the next round, who pass it on after that
        moved = np.maximum(moved, fell | now.fell)
    rounds = now.failed_in + now.stood
    return replace(now, loss=loss, missing=missing, stood=stood, failed_in=rounds, moved=moved, fell=fell)


def _hastened(book: Book, sheet: Sheets, now: _State, rules: Rules, creeps: Flags) -> _State:
    """The scenarios, those that creep as many rounds later as is safe."""
    columns = np.flatnonzero(creeps)
    if not len(columns):
        return now
    slow = now.keep(creeps)
    gained = np.maximum(_next_round(book, sheet, slow, rules).loss - slow.loss, 0.0)
    loss, moved = np.array(now.loss), np.array(now.moved)
    for place, column in enumerate(columns):
        here = Spot(slow.loss[:, [place]], slow.shocks.of(slice(place, place + 1)), slow.stood[:, place])
        further = leap(*impact_and_room(book, sheet, here, rules), gained[:, place])
        loss[:, column] += further
        moved[column] = np.inf if further.any() else moved[column]
    stood = rules.standing(sheet, loss, book.broken(loss, now.shocks))
    return replace(now, loss=loss, stood=stood, moved=moved)


def _product(matrix: csr_array, part: Floats) -> Floats:
    product: Floats = (matrix @ part[:, 0])[:, None] if part.shape[1] == 1 else matrix @ part
    return product


def _add_joint(loss: Floats, joint: JointCalls, missing: Mapping[Kind, Floats], stood: Flags) -> None:
    """Adds to `loss` what joint guarantors lose beyond what they have booked."""
    unpaid = joint.unpaid(np.arange(len(joint.contract)), missing)
    rows = np.flatnonzero((unpaid > 0).any(axis=1))
    called = parts(joint, rows, unpaid[rows], stood[joint.guarantor[rows]])
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
