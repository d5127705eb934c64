"""Failures one by one, each followed only as far as it reaches: the same fixed point as contagion.py, found sparsely.

A block of failures is worked on at once. A key is a failure's place in the block times n plus a party's row; only
keys that something was lost at are ever looked at, so a failure that reaches three firms costs three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array

from .book import Book, Rules, Shocks
from .contagion import Rounds, missing, spread
from .creep import WINDOW
from .joint import Ints, JointCalls, parts
from .valuations import Flags, Floats, Kind

OWED: tuple[Kind, ...] = ("claim", "debt")
PATIENCE = 3 * WINDOW  # rounds after which a failure is looked at as a whole


@dataclass(frozen=True)
class Reached:
    """Every party that some failures of a block reach, who fails by name included; shape (r,), by failure and row.

    Attributes:
        place: of the failure in its block.
        row: of the party.
        loss: money.
        missing: the part of its debt to the bank that it doesn't pay.
        failed_in: round of its failure, -1: it stands, or had failed before anything happened.
        down: whether it has failed, be it before anything happened.
        rounds: (b,) used by each failure.
        moving: (b,) 0, or where the rounds were too few the part of a promise that the last one still broke.
    """

    place: Ints
    row: Ints
    loss: Floats
    missing: Floats
    failed_in: Ints
    down: Flags
    rounds: Ints
    moving: Floats


def named(book: Book, rows: Ints) -> Flags:
    """Each of some parties failing by name alone, shape (n, b)."""
    found = np.zeros((book.parties, len(rows)), bool)
    found[rows, np.arange(len(rows))] = True
    return found


def whole(book: Book, rules: Rules, fails: Flags) -> Reached:
    """What sets of failures by name, (n, b), lead to, by whole columns: see contagion.py."""
    shocks = Shocks(np.zeros(fails.shape), fails)
    found = spread(book, shocks, rules)
    place, row = np.nonzero(((found.loss > 0) | (found.failed_in >= 0)).T)
    parts = missing(book, shocks, rules, found.loss)
    debt = parts.get("debt", parts.get("claim", np.zeros(fails.shape)))
    failed_in = found.failed_in[row, place].astype(np.int64)
    rounds = found.rounds.astype(np.int64)
    loss = found.loss[row, place]
    return Reached(place, row, loss, debt[row, place], failed_in, failed_in >= 0, rounds, found.moving)


class Reach:
    """A book with room to follow a block of failures in. Not to be shared between threads."""

    def __init__(self, book: Book, rules: Rules, width: int) -> None:
        """Room for `width` failures at once: about 40 bytes a party and failure."""
        self.book, self.rules, self.width = book, rules, width
        self.sheet = book.sheets(rules.terms)
        self.before = None
        self.columns = {kind: csc_array(matrix) for kind, matrix in book.losses.items()}
        size = width * book.parties
        self.loss = np.zeros(size)
        self.missing: Mapping[Kind, Floats] = {kind: np.zeros(size) for kind in book.kinds}
        self.failed_in = np.full(size, -1, np.int16)
        self.touched = np.zeros(size, bool)
        self.joint = None if book.joint is None else _Joint(book.joint, width, book.parties)

    def follow(self, rows: Ints) -> Reached:
        """What the failure by name of each of these parties leads to.

        Failures that go on and on are handed to `contagion.spread`, which knows how to hasten them.

        Args:
            rows: (b,) parties, at most `width`.
        """
        named = np.arange(len(rows)) * self.book.parties + rows
        keys, changed, rounds = [named], named, np.zeros(len(rows), np.int64)
        self.touched[named] = True
        self.failed_in[named] = 0
        fresh = named  # who has failed since the last round
        for round_ in range(1, min(PATIENCE, self.rules.limits.rounds) + 1):
            gained = self._broken(changed, named)
            if not any(len(part) for part, _ in gained.values()) and not self._shifts(fresh):
                break
            hit = self._lost(gained, fresh)
            rounds[np.unique(hit // self.book.parties)] = round_
            new = hit[~self.touched[hit]]
            self.touched[new] = True
            keys.append(new)
            fresh = hit[self._fails(hit) & (self.failed_in[hit] < 0)]
            self.failed_in[fresh] = round_
            changed = hit
        else:
            return self._handed_on(rows, np.sort(np.concatenate(keys)), np.unique(changed // self.book.parties), rounds)
        return self._told(np.sort(np.concatenate(keys)), rounds)

    def _handed_on(self, rows: Ints, keys: Ints, open_: Ints, rounds: Ints) -> Reached:
        """What is told of all, where the failures at the places `open_` are followed to their end by whole columns."""
        stays = ~np.isin(keys // self.book.parties, open_)
        self._clear(keys[~stays])
        told = self._told(keys[stays], rounds)
        more = whole(self.book, self.rules, named(self.book, rows[open_]))
        rounds[open_] = more.rounds
        moving = np.zeros(len(rows))
        moving[open_] = more.moving
        place, row = np.append(told.place, open_[more.place]), np.append(told.row, more.row)
        order = np.lexsort((row, place))
        names = ("loss", "missing", "failed_in", "down")
        each = {name: np.append(getattr(told, name), getattr(more, name))[order] for name in names}
        return Reached(place[order], row[order], rounds=rounds, moving=moving, **each)

    def _fails(self, keys: Ints) -> Flags:
        rows, loss = keys % self.book.parties, self.loss[keys]
        failed = self.rules.terms.failed(self.sheet.equity[rows], loss)
        if self.book.fragile is not None:
            failed = failed | (self.book.fragile[rows] & (loss > 0))
        return failed

    def _broken(self, keys: Ints, named: Ints) -> dict[Kind, tuple[Ints, Floats]]:
        """By kind, the keys at which more of the promises is broken than before, and how much more."""
        rows = keys % self.book.parties
        sheet, loss = self.sheet.at(rows), self.loss[keys]
        broken = np.isin(keys, named)
        if self.book.fragile is not None:
            broken |= self.book.fragile[rows] & (loss > 0)
        gained = {}
        for kind, before in self.missing.items():
            part = self.rules.missing(kind, sheet, (loss, np.zeros_like(loss)), broken)
            more = part - before[keys]
            moved = more > self.rules.limits.tolerance
            before[keys[moved]] = part[moved]
            gained[kind] = (keys[moved], more[moved])
        return gained

    def _lost(self, gained: Mapping[Kind, tuple[Ints, Floats]], fresh: Ints) -> Ints:
        """Adds what partners lose by it, and returns their keys, sorted, each once."""
        hits, losses = [], []
        for kind, (keys, more) in gained.items():
            if kind in self.columns and len(keys):
                hit, money = _passed_on(self.columns[kind], keys, more, self.book.parties)
                hits.append(hit)
                losses.append(money)
        if self.joint is not None:
            debtors = [gained[kind][0] for kind in OWED if kind in gained]
            hit, money = self.joint.lost(debtors, fresh, self.missing, self.failed_in)
            hits.append(hit)
            losses.append(money)
        every = np.concatenate([np.empty(0, np.int64), *hits])
        np.add.at(self.loss, every, np.concatenate([np.empty(0), *losses]))
        return np.unique(every)

    def _shifts(self, fresh: Ints) -> bool:
        """Whether somebody who has just failed moves its part of a call to others."""
        return self.joint is not None and self.joint.guarantees(fresh)

    def _told(self, keys: Ints, rounds: Ints) -> Reached:
        debt = self.missing.get("debt", self.missing.get("claim"))
        missing = np.zeros(len(keys)) if debt is None else debt[keys]
        place, row = np.divmod(keys, self.book.parties)
        failed_in, settled = self.failed_in[keys].astype(np.int64), np.zeros(len(rounds))
        told = Reached(place, row, self.loss[keys], missing, failed_in, failed_in >= 0, rounds, settled)
        self._clear(keys)
        return told

    def _clear(self, keys: Ints) -> None:
        for part in (self.loss, self.touched, *self.missing.values()):
            part[keys] = 0
        self.failed_in[keys] = -1
        if self.joint is not None:
            self.joint.clear()


class Everywhere:
    """The same for models in which nearly every failure reaches nearly everybody: whole columns, see contagion.py."""

    def __init__(self, book: Book, rules: Rules, width: int) -> None:
        """Room for `width` failures at once."""
        self.book, self.rules, self.width = book, rules, width
        self.before = None if rules.model.affine else whole(book, rules, np.zeros((book.parties, 1), bool))

    def follow(self, rows: Ints) -> Reached:
        """As `Reach.follow`."""
        return self.follow_sets(named(self.book, rows))

    def follow_sets(self, fails: Flags) -> Reached:
        """The same of sets of failures by name, (n, b); what an ex-ante valuation sees without any is taken off."""
        found = whole(self.book, self.rules, fails)
        if self.before is None:
            return found
        lost, stood = np.zeros(self.book.parties), np.ones(self.book.parties, bool)
        lost[self.before.row], stood[self.before.row] = self.before.loss, ~self.before.down
        by_scenario = stood[found.row] | fails[found.row, found.place]
        loss = np.maximum(found.loss - lost[found.row], 0.0)
        return replace(found, loss=loss, failed_in=np.where(by_scenario, found.failed_in, -1))


def _passed_on(losses: csc_array, keys: Ints, more: Floats, parties: int) -> tuple[Ints, Floats]:
    """Who loses by promises broken at some keys, and the money, one for each link."""
    fails = keys % parties
    first = losses.indptr[fails].astype(np.int64)
    count = losses.indptr[fails + 1] - first
    link = ranges(first, count)
    return losses.indices[link] + np.repeat(keys - fails, count), losses.data[link] * np.repeat(more, count)


def ranges(first: Ints, count: Ints) -> Ints:
    """Stretches of so many numbers from each first one on, one after the other."""
    shift = np.repeat(first - np.cumsum(count) + count, count)
    found: Ints = np.arange(len(shift)) + shift
    return found


class _Joint:
    """What joint guarantors have lost so far in each failure of a block."""

    def __init__(self, joint: JointCalls, width: int, parties: int) -> None:
        self.joint, self.parties, self.rows = joint, parties, len(joint.contract)
        self.lost_so_far = np.zeros(width * self.rows)
        self.seen: list[Ints] = []
        self.by_debtor = Places(joint.debtor, parties)
        self.by_guarantor = Places(joint.guarantor, parties)

    def guarantees(self, keys: Ints) -> bool:
        """Whether any of these parties is a joint guarantor."""
        return bool(self.by_guarantor.count[keys % self.parties].any())

    def lost(
        self, debtors: Sequence[Ints], fresh: Ints, missing: Mapping[Kind, Floats], failed_in: Rounds
    ) -> tuple[Ints, Floats]:
        """Keys of guarantors and what they lose beyond what they had: debtors pay less, or co-guarantors failed."""
        changed = [self._rows(self.by_debtor, keys) for keys in debtors]
        asked = np.concatenate([*changed, self._rows(self.by_guarantor, fresh)])
        if not len(asked):
            return np.empty(0, np.int64), np.empty(0)
        place, row = np.divmod(asked, self.rows)
        whole = np.unique(place * self.rows + self.joint.ends[0][row])  # the first row of each contract, once
        place, first = np.divmod(whole, self.rows)
        count = self.joint.ends[1][first] - first
        rows, base = ranges(first, count), np.repeat(place, count)
        owed = self.joint.unpaid(rows, missing, base * self.parties + self.joint.debtor[rows])
        guarantor = base * self.parties + self.joint.guarantor[rows]
        called = parts(self.joint, rows, owed[:, None], (failed_in[guarantor] < 0)[:, None])[:, 0]
        lost, slot = np.maximum(called - self.joint.booked[rows], 0.0), base * self.rows + rows
        more = lost - self.lost_so_far[slot]
        self.lost_so_far[slot] = lost
        self.seen.append(slot)
        return guarantor[more > 0], more[more > 0]

    def _rows(self, places: "Places", keys: Ints) -> Ints:
        """Rows of contracts of some parties, each with its failure's place: place times rows plus row."""
        place, party = np.divmod(keys, self.parties)
        which, rows = places.at(party)
        found: Ints = rows + place[which] * self.rows
        return found

    def clear(self) -> None:
        """Forgets the block."""
        for slot in self.seen:
            self.lost_so_far[slot] = 0.0
        self.seen = []


class Places:
    """At which rows of a column each party stands."""

    def __init__(self, column: Ints, parties: int) -> None:
        """Column of party numbers, each below `parties`."""
        self.rows = np.argsort(column, kind="stable")
        self.count = np.bincount(column, minlength=parties)
        self.first = np.cumsum(self.count) - self.count

    def at(self, parties: Ints) -> tuple[Ints, Ints]:
        """Every place of some parties: which of them it is of, and the row."""
        count = self.count[parties]
        return np.repeat(np.arange(len(parties)), count), self.rows[ranges(self.first[parties], count)]
