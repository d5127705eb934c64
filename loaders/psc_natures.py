"""Natures of control: the words of the PSC register, and what each is in the dictionary."""

import re

import polars as pl

from ..graph.errors import DataError

# The ends of each band, and whether they belong to it (Companies Act 2006, Sch. 1A).
BANDS = {
    "25-to-50": (0.25, False, 0.5, True),
    "50-to-75": (0.5, False, 0.75, False),
    "75-to-100": (0.75, True, 1.0, True),
    "more-than-25": (0.25, False, 1.0, True),
}

# A right to what is left on winding up is the capital of a partnership, which has no shares.
_HELD = re.compile(
    r"(ownership-of-shares|(?:part-)?right-to-share-surplus-assets|voting-rights)-([a-z\d-]+?)-percent(.*)"
)
_CONTROLS = (
    (re.compile(r"right-to-appoint-and-remove-(?:directors|members|persons?)(.*)"), "board_majority"),
    (re.compile(r"significant-influence-or-control(.*)"), "dominant_influence"),
)
_NOMINEE = "registered-owner-as-nominee-"  # land that an overseas entity holds for somebody: no stake in the entity

# In which capacity: the first is the person's own. What a person controls as trustee or member of a firm is another
# stake beside its own.
_CAPACITIES = ("", "-as-trust", "-as-firm", "-as-control-over-trust", "-as-control-over-firm")
_BODIES = ("-registered-overseas-entity", "-limited-liability-partnership", "-partnership")

MEANINGS = {
    "nature": pl.String(),
    "table": pl.String(),
    "meaning": pl.String(),
    "strand": pl.Int64(),
    "low": pl.Float64(),
    "low_included": pl.Boolean(),
    "high": pl.Float64(),
    "high_included": pl.Boolean(),
}


def meanings(natures: pl.Series) -> tuple[pl.DataFrame, dict[str, str]]:
    """What each nature of control is, columns of MEANINGS, and why the others are none.

    Of `owns` the meaning is share or votes, of `controls` the basis, of `related_to` the relation; `strand` numbers the
    capacity in which it is held.
    """
    known, unknown = [], {}
    for nature in natures.unique().drop_nulls().sort():  # a few dozen words, never rows
        try:
            known.append((nature, *_meaning(nature)))
        except DataError as error:
            unknown[nature] = str(error)
    return pl.DataFrame(known, schema=MEANINGS, orient="row"), unknown


def _meaning(nature: str) -> tuple[str, str, int, float | None, bool | None, float | None, bool | None]:
    if held := _HELD.fullmatch(nature):
        right, band, capacity = held.groups()
        if band not in BANDS:
            raise DataError(f"nature of control '{nature}': band '{band}' is none of {', '.join(BANDS)}")
        return "owns", "votes" if right == "voting-rights" else "share", _strand(nature, capacity), *BANDS[band]
    for pattern, basis in _CONTROLS:
        if match := pattern.fullmatch(nature):
            return "controls", basis, _strand(nature, match.group(1)), None, None, None, None
    if nature.startswith(_NOMINEE):
        return "related_to", "land_nominee", 0, None, None, None, None
    raise DataError(f"nature of control '{nature}' is not known here")


def _strand(nature: str, capacity: str) -> int:
    for body in _BODIES:
        capacity = capacity.removesuffix(body)
    if capacity not in _CAPACITIES:
        raise DataError(f"nature of control '{nature}' is held in a capacity that is not known here")
    return _CAPACITIES.index(capacity)
