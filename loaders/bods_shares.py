"""The share of a BODS interest: percents, exact or as a band, become fractions without rounding."""

from decimal import Decimal
from typing import Any

from ..graph.errors import DataError
from .json_lines import part

WHOLE = 100
_NUMBERS = ("exact", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")


def share_of(interest: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The fields of a share or of votes; stated without a number it is anything from nothing to all.

    An exact share keeps the band that stands beside it. Of an end given both ways (25 included, and 25 excluded) the
    narrower reading holds.

    Args:
        interest: one of a relationship's interests.
        prefix: `share` or `votes`.

    Raises:
        DataError: a number outside 0 to 100, text, ends that cross, or an exact share outside its band.
    """
    numbers = {
        name: _percent(name, value) for name in _NUMBERS if (value := part(interest, "share").get(name)) is not None
    }
    low, low_open = _end(numbers, "minimum", "exclusiveMinimum", max, Decimal(0))
    high, high_open = _end(numbers, "maximum", "exclusiveMaximum", min, Decimal(WHOLE))
    exact = numbers.get("exact")
    if low > high or (low == high and (low_open or high_open)):
        raise DataError(f"share {_shown(numbers)}: the ends of the band cross")
    if exact is not None and (not low <= exact <= high or (exact == low and low_open) or (exact == high and high_open)):
        raise DataError(f"share {_shown(numbers)}: the exact share is outside its band")
    band = exact is None or len(numbers) > 1
    return {
        prefix: _fraction(exact),
        f"{prefix}_low": _fraction(low) if band else None,
        f"{prefix}_high": _fraction(high) if band else None,
        _included(prefix, "low"): not low_open,
        _included(prefix, "high"): not high_open,
    }


def ends_given_twice(interest: dict[str, Any]) -> bool:
    """Whether an end of the band is given both as included and as excluded."""
    share = part(interest, "share")
    return {"minimum", "exclusiveMinimum"} <= set(share) or {"maximum", "exclusiveMaximum"} <= set(share)


def _percent(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise DataError(f"share {name} {value!r} is no number")
    number = Decimal(value)
    if not 0 <= number <= WHOLE:
        raise DataError(f"share {name} {value} is outside 0 to {WHOLE}")
    return number


def _end(
    numbers: dict[str, Decimal], included: str, excluded: str, narrower: Any, default: Decimal
) -> tuple[Decimal, bool]:
    """An end of the band, and whether it is left out."""
    given = [numbers[name] for name in (included, excluded) if name in numbers]
    end = narrower(given) if given else default
    return end, numbers.get(excluded) == end


def _shown(numbers: dict[str, Decimal]) -> str:
    return ", ".join(f"{name} {value}" for name, value in numbers.items())


def _fraction(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent / WHOLE:f}"


def _included(prefix: str, end: str) -> str:
    return f"{end}_included" if prefix == "share" else f"{prefix}_{end}_included"
