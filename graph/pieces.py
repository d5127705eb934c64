"""Linear pieces: how fast a promise breaks as its giver loses more, and up to which loss it goes on so.

Between two kinks the missing part of a promise grows in proportion to the loss. Only kinks after which it grows more
slowly are told: whoever goes on in a straight line up to the next of them never takes too much for lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from .book import Book, Rules, Shocks
from .joint import JointCalls, call_pieces
from .valuations import Flags, Floats, Kind, Missing, Sheets, Terms, in_proportion, paid_in_part, realised

Piece = Callable[[Sheets, Floats, Floats, Terms], tuple[Floats, Floats]]  # as valuations -> growth, and where it ends


@dataclass(frozen=True)
class Spot:
    """Where one scenario stands: its losses, (n, 1) money, what began it, and who stands, (n,)."""

    loss: Floats
    shocks: Shocks
    stands: Flags


def impact_and_room(book: Book, sheet: Sheets, here: Spot, rules: Rules) -> tuple[csr_array, Floats]:
    """What i loses for each money that j loses more, (n, n), and how much more j may lose until that falls, (n,)."""
    impact, room = csr_array((book.parties, book.parties)), np.full(book.parties, np.inf)
    growth, missing = {}, {}
    for kind in book.kinds:
        grows, end = _growth(book, kind, sheet, here, rules)
        room = np.where(grows > 0, np.minimum(room, end - here.loss[:, 0]), room)
        losses = (here.loss, here.shocks.loss)
        growth[kind] = grows
        missing[kind] = rules.missing(kind, sheet, losses, book.broken(here.loss, here.shocks))[:, 0]
        if kind in book.losses:
            impact = impact + book.losses[kind].multiply(grows[None, :])
    if book.joint is not None:
        calls, fits = _calls(book.joint, missing, growth, here.stands)
        impact, room = impact + calls, np.minimum(room, fits)
    return csr_array(impact), np.maximum(room, 0.0)


def _growth(book: Book, kind: Kind, sheet: Sheets, here: Spot, rules: Rules) -> tuple[Floats, Floats]:
    """Of each party's promise, (n,): part per money lost, and the loss at which that next falls."""
    losses = (here.loss, here.shocks.loss)
    growth, end = _PIECES.get(rules.model.missing(kind), _flat)(sheet, *losses, rules.terms)
    if sheet.junior is not None and kind in ("claim", "debt"):
        part = rules.model.missing(kind)(sheet, *losses, rules.terms)
        growth, end = _ranked(kind, sheet, (growth, end), part, here.loss)
    broken = book.broken(here.loss, here.shocks)
    if broken is not None:  # what is broken from the start grows once more than that is missing
        part = rules.missing(kind, sheet, losses, None)
        growth = np.where(broken & (part < rules.least(kind)), 0.0, growth)
    return growth[:, 0], end[:, 0]


def _ranked(
    kind: Kind, sheet: Sheets, piece: tuple[Floats, Floats], part: Floats, loss: Floats
) -> tuple[Floats, Floats]:
    """The same where claims bear what is missing first: until nothing is left of them, and debt from there on."""
    growth, end = piece
    junior = np.zeros_like(part) if sheet.junior is None else sheet.junior
    owed = np.where(growth > 0, sheet.owed, 0.0)  # what owes nothing has infinite owed, and breaks no promise
    short, speed = part * owed, growth * owed
    bears = (short < junior) == (kind == "claim")
    whole = junior if kind == "claim" else sheet.owed - junior
    grows = np.divide(speed, whole, out=np.zeros_like(speed), where=bears & (whole > 0))
    if kind == "debt":
        return grows, end
    turns = loss + np.divide(junior - short, speed, out=np.full_like(end, np.inf), where=speed > 0)
    return grows, np.minimum(end, turns)


def _calls(
    joint: JointCalls, missing: Mapping[Kind, Floats], growth: Mapping[Kind, Floats], stands: Flags
) -> tuple[csr_array, Floats]:
    """The same of calls on joint guarantors: (n, n) and (n,), the debtor's room until a guarantor reaches its cap."""
    rows, parties = np.arange(len(joint.contract)), len(stands)
    part, speed = joint.unpaid(rows, missing), joint.unpaid(rows, growth)
    grows, end = call_pieces(joint, part, stands[joint.guarantor])
    moves = grows * speed
    fits = np.divide(end - part, speed, out=np.full(len(end), np.inf), where=moves > 0)
    room = np.full(parties, np.inf)
    np.minimum.at(room, joint.debtor, fits)
    return csr_array(coo_array((moves, (joint.guarantor, joint.debtor)), shape=(parties, parties))), room


def _flat(_: Sheets, loss: Floats, __: Floats, ___: Terms) -> tuple[Floats, Floats]:
    return np.zeros_like(loss), np.full_like(loss, np.inf)


def _paid_in_part(sheets: Sheets, loss: Floats, _: Floats, __: Terms) -> tuple[Floats, Floats]:
    end = sheets.equity + sheets.owed
    return np.where((loss >= sheets.equity) & (loss < end), 1 / sheets.owed, 0.0), end


def _in_proportion(sheets: Sheets, loss: Floats, _: Floats, __: Terms) -> tuple[Floats, Floats]:
    end = sheets.full - sheets.gone
    return np.where(loss < end, 1 / sheets.full, 0.0), end


def _realised(sheets: Sheets, loss: Floats, shock: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """What is left goes first to claims, of which beta comes back, and then to outside assets, of which alpha does."""
    left = 1 + (sheets.equity - loss) / sheets.owed
    outside = (sheets.outside - shock) / sheets.owed
    inside = outside < left
    turn = outside if terms.alpha < terms.beta else np.zeros_like(outside)
    nothing = (terms.beta - terms.alpha) * outside / terms.beta if terms.beta > 0 else np.zeros_like(outside)
    least = np.where(inside, np.maximum(np.maximum(turn, nothing), 0.0), 0.0)
    falls = terms.failed(sheets.equity, loss) & np.isfinite(sheets.owed) & (left > least)
    growth = np.where(inside, terms.beta, terms.alpha) / sheets.owed
    return np.where(falls, growth, 0.0), sheets.equity + sheets.owed * (1 - least)


_PIECES: Mapping[Missing, Piece] = {
    paid_in_part: _paid_in_part,
    in_proportion: _in_proportion,
    realised: _realised,
}
