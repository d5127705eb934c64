"""What is asked of a model where the truth is known, by form of the economy: one table."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..graph.errors import UsageError


@dataclass(frozen=True)
class Asked:
    """The gates that differ by form; all others are the same for every economy.

    Attributes:
        mean: part of the true mean contagion by which the one found may be off.
        pearson: least correlation of contagion with the truth.
        rest: the same without the 1 % of firms with the largest; none: nothing is asked.
        auc: least AUC; none: at most NEAR_AUC below the true PD's.
    """

    mean: float = 0.06
    pearson: float = 0.96
    rest: float | None = 0.93
    auc: float | None = None


NEAR_AUC = 0.002
CLEAN = "clean"
_NOISY = Asked(mean=0.2, pearson=0.68, rest=None, auc=0.81)  # who sees a firm dimly can't rank it as the truth does
ASKED: Mapping[str, Asked] = {
    CLEAN: Asked(),
    "noisy": _NOISY,
    "twist": Asked(pearson=0.9, rest=0.82),
    "placebo": Asked(),
    "placebo_noisy": _NOISY,
    "shock": Asked(),
}


def named_form(name: str) -> str:
    """The name, if a table row has it.

    Raises:
        UsageError: none has.
    """
    if name not in ASKED:
        raise UsageError(f"--form {name}: no such form of the oracle's economies. There are {', '.join(ASKED)}.")
    return name
