"""The forms that a made-up economy comes in: what is true of it, and what the bank sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..graph.errors import UsageError


@dataclass(frozen=True)
class Form:
    """What is true, then what is seen."""

    name: str
    contagion: bool = True  # links carry losses; without it they are there and carry nothing
    local: float = 0.0  # variance share of a firm's own shock that it has in common with its partners
    cash: bool = False  # a firm fails for want of cash, with equity left
    drawn_severity: bool = False  # severities differ by who fails, and nobody sees them
    spread: int = 1  # months over which a loss is taken
    unseen: float = 0.0  # share of the links that no record tells
    leverage_noise: float = 0.0  # standard deviation, of liabilities over assets
    volatility_noise: float = 0.0  # standard deviation, of the logarithm
    sheets: int = 4  # accounts a year
    measures: tuple[str, ...] = ("inflow",)  # observed every month
    late: bool = False  # the bank learns of things days later, of accounts two to five months later
    besides: bool = (
        False  # collateral, support, consolidated accounts, guarantees of one facility: no part of the truth
    )
    customers: float = 1.0  # share of the firms that hold a facility
    filers: float = 1.0  # share of the firms that file accounts


_NOISE = {"leverage_noise": 0.1, "volatility_noise": 0.5}
_SEEN_BY_A_BANK = {
    "sheets": 1,
    "measures": ("inflow", "tax_paid", "headcount", "invoiced"),
    "late": True,
    "besides": True,
    "customers": 0.85,
    "filers": 0.92,
}
FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("clean"),
        Form("noisy", **_NOISE),  # type: ignore[arg-type]
        Form("placebo", contagion=False),
        Form("placebo_noisy", contagion=False, **_NOISE),  # type: ignore[arg-type]
        Form("shock", contagion=False, local=0.4),
        Form("twist", cash=True, drawn_severity=True, spread=3, unseen=0.2),
        Form("demo", leverage_noise=0.02, volatility_noise=0.1, **_SEEN_BY_A_BANK),  # type: ignore[arg-type]
    )
}


def form_of(name: str) -> Form:
    """The form of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in FORMS:
        raise UsageError(f"{name}: no such form of the economy. There are {', '.join(FORMS)}.")
    return FORMS[name]
