"""Seeded books for laws of contagion: every kind of promise, joint guarantors, real numbers, so that nobody ties."""

from dataclasses import fields, replace

import numpy as np
from relparty.graph.book import Book, Shocks
from relparty.graph.joint import JointCalls
from relparty.graph.valuations import Kind
from scipy import sparse

KINDS: tuple[Kind, ...] = ("claim", "stake", "event")


def any_book(seed: int, *, most: int = 7, joint: bool = True) -> Book:
    """A few parties that hold claims and stakes in each other and guarantee each other."""
    dice = np.random.default_rng(seed)
    n = int(dice.integers(1, most + 1))
    equity, owed = 10 * dice.random(n), 12 * dice.random(n) * (dice.random(n) < 0.8)
    losses = {kind: _links(dice, n, 8 * dice.random()) for kind in KINDS}
    fragile = dice.random(n) < 0.1
    return Book(equity, owed, losses, joint=_joint(dice, n) if joint and n > 2 else None, fragile=fragile)


def ranked(book: Book, seed: int) -> Book:
    """The same, where claims rank after other debt, on which joint guarantors and half of the links stand."""
    junior, half = book.owed * np.random.default_rng([seed, 2]).random(book.parties), book.losses["claim"] / 2
    joint = book.joint and replace(book.joint, of_debt=np.ones(len(book.joint.debtor), bool))
    return replace(book, junior=junior, losses={**book.losses, "claim": half, "debt": half}, joint=joint)


def any_shocks(seed: int, parties: int, scenarios: int = 3) -> Shocks:
    """Losses of some parties, and some that fail by name."""
    dice = np.random.default_rng([seed, 1])
    hit = dice.random((2, parties, scenarios)) < np.array([0.4, 0.1])[:, None, None]
    return Shocks(8 * dice.random((parties, scenarios)) * hit[0], hit[1])


def scaled(book: Book, by: float) -> Book:
    """The same in another unit of money."""
    losses = {kind: part * by for kind, part in book.losses.items()}
    joint = book.joint and replace(
        book.joint, **{name: getattr(book.joint, name) * by for name in ("cap", "whole", "booked")}
    )
    return replace(book, equity=book.equity * by, owed=book.owed * by, losses=losses, joint=joint)


def renumbered(book: Book, order: np.ndarray) -> Book:
    """Party order[i] becomes party i."""
    place = np.argsort(order)
    losses = {kind: part[order][:, order] for kind, part in book.losses.items()}
    joint = book.joint and replace(book.joint, debtor=place[book.joint.debtor], guarantor=place[book.joint.guarantor])
    one_each = {name: getattr(book, name)[order] for name in ("equity", "owed", "fragile")}
    return replace(book, losses=losses, joint=joint, **one_each)


def beside(one: Book, other: Book) -> Book:
    """Two books as one, without a link between them."""
    losses = {kind: sparse.csr_array(sparse.block_diag([one.losses[kind], other.losses[kind]])) for kind in one.losses}
    joined = {name: np.append(getattr(one, name), getattr(other, name)) for name in ("equity", "owed", "fragile")}
    return Book(losses=losses, joint=_both(one, other), **joined)


def rows_of(shocks: Shocks, rows: np.ndarray) -> Shocks:
    """The shocks of some parties."""
    return Shocks(shocks.loss[rows], None if shocks.broken is None else shocks.broken[rows])


def stacked(*shocks: Shocks) -> Shocks:
    """The shocks of books beside each other."""
    broken = [each.broken if each.broken is not None else each.loss < 0 for each in shocks]
    return Shocks(np.vstack([each.loss for each in shocks]), np.vstack(broken))


def _both(one: Book, other: Book) -> JointCalls | None:
    """The joint guarantees of two books beside each other; the second's parties and contracts follow the first's."""
    first, second = one.joint, other.joint
    if second is not None:
        contracts = 0 if first is None else first.contract.max() + 1
        second = replace(
            second,
            contract=second.contract + contracts,
            debtor=second.debtor + one.parties,
            guarantor=second.guarantor + one.parties,
        )
    if first is None or second is None:
        return first or second
    columns = {
        each.name: np.append(getattr(first, each.name), getattr(second, each.name)) for each in fields(JointCalls)
    }
    return JointCalls(**columns)


def _links(dice: np.random.Generator, n: int, size: float) -> sparse.csr_array:
    amounts = size * dice.random((n, n)) * (dice.random((n, n)) < 0.35)
    np.fill_diagonal(amounts, 0.0)
    return sparse.csr_array(amounts)


def _joint(dice: np.random.Generator, n: int) -> JointCalls:
    """Two contracts; each debtor is backed by two or more others, some of them without a cap of their own."""
    rows = [row for contract in range(2) for row in _contract(dice, n, contract)]
    contract, debtor, guarantor, cap, whole, booked = (np.array(column) for column in zip(*rows, strict=True))
    return JointCalls(contract, debtor, guarantor, cap, whole, booked)


def _contract(dice: np.random.Generator, n: int, number: int) -> list[tuple[float, ...]]:
    debtor, *guarantors = dice.permutation(n)[: int(dice.integers(3, n + 1))].tolist()
    count, whole = len(guarantors), 8 * dice.random()
    stated = np.where(dice.random(count) < 0.3, np.inf, 8 * dice.random(count))
    caps = np.sort(np.minimum(whole, stated))
    booked = dice.random(count) * (dice.random(count) < 0.3)
    pairs = zip(guarantors, caps, booked, strict=True)
    return [(number, debtor, guarantor, cap, caps.max(), part) for guarantor, cap, part in pairs]
