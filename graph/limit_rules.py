"""The rules of exposures and limits as dated rows: what counts, what breaks a limit, and for whom.

A number is a fraction of the bank's capital named in `of`, unless its name says money or conversion. "At most 25 %" is
written as what breaks it: "> .25".
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from .errors import UsageError
from .rules import Choice, Operator, Rule, covers, row_in_force

GRADES = (0.7, 0.8, 0.9, 1.0)  # of a limit, for early warning

Scope = Literal["party", "group"]
Who = Literal["any", "institution", "other", "anonymous", "gsib"]
Measure = Literal["before", "after", "loans", "others_after"]
Capital = Literal["tier1", "net"]


@dataclass(frozen=True)
class Limit:
    """A threshold with what it is about.

    Attributes:
        rule: operator, number, source, days.
        scopes: whether it is asked of a party, of a group, or of both.
        who: any; institution (a credit institution, or a group with one); anonymous; gsib (it and the bank are global
            systemically important); other (all others).
        measure: before or after mitigation; loans; others_after (after mitigation, without institutions).
        of: tier1 or net capital.
        floor: name of a money row that lifts the limit where it is higher.
        limits: false for a threshold that only names what is large.
    """

    rule: Rule
    scopes: tuple[Scope, ...]
    who: Who
    measure: Measure
    of: Capital
    floor: str = ""
    limits: bool = True


_CRR2, _LEX, _CN = date(2021, 6, 28), date(2019, 1, 1), date(2018, 7, 1)
_BOTH: tuple[Scope, ...] = ("party", "group")
_ART395 = "CRR art. 395(1)"
_LEX20 = "Basel LEX20.1"
_CN_LARGE = "商业银行大额风险暴露管理办法 (2018 No. 1)"
_FINANCIAL = ("cash", "deposit", "margin", "gold", "bond", "government_bond", "equity", "fund")


def _eu(regime: str) -> tuple[Limit, ...]:
    def row(name: str, operator: Operator, number: float, source: str) -> Rule:
        return Rule(regime, name, operator, number, source, _CRR2)

    return (
        Limit(row("large", ">=", 0.10, "CRR art. 392"), _BOTH, "any", "before", "tier1", limits=False),
        Limit(row("limit", ">", 0.25, _ART395), _BOTH, "other", "after", "tier1"),
        Limit(row("limit_institution", ">", 0.25, _ART395), _BOTH, "institution", "after", "tier1", "floor_money_eur"),
        Limit(row("limit_others", ">", 0.25, _ART395), ("group",), "institution", "others_after", "tier1"),
        Limit(row("limit_gsib", ">", 0.15, _ART395), _BOTH, "gsib", "after", "tier1"),
    )


def _cn(name: str, operator: Operator, number: float, source: str = _CN_LARGE) -> Rule:
    return Rule("cn", name, operator, number, source, _CN)


LIMITS: tuple[Limit, ...] = (
    *_eu("eba"),
    *_eu("eba_alternative"),
    Limit(Rule("basel", "large", ">=", 0.10, "Basel LEX20", _LEX), _BOTH, "any", "before", "tier1", limits=False),
    Limit(Rule("basel", "limit", ">", 0.25, _LEX20, _LEX), _BOTH, "any", "after", "tier1"),
    Limit(Rule("basel", "limit_gsib", ">", 0.15, _LEX20, _LEX), _BOTH, "gsib", "after", "tier1"),
    Limit(_cn("large", ">", 0.025, f"{_CN_LARGE} art. 4"), _BOTH, "any", "before", "tier1", limits=False),
    Limit(_cn("limit_loans", ">", 0.10, "商业银行法 art. 39"), ("party",), "other", "loans", "net"),
    Limit(_cn("limit", ">", 0.15), ("party",), "other", "after", "tier1"),
    Limit(_cn("limit_group", ">", 0.20), ("group",), "other", "after", "tier1"),
    Limit(_cn("limit_group_others", ">", 0.20), ("group",), "institution", "others_after", "tier1"),
    Limit(_cn("limit_group_credit", ">", 0.15, "集团客户授信业务风险管理指引"), ("group",), "other", "before", "net"),
    Limit(_cn("limit_institution", ">", 0.25), _BOTH, "institution", "after", "tier1"),
    Limit(_cn("limit_anonymous", ">", 0.15), ("party",), "anonymous", "after", "tier1"),
    Limit(_cn("limit_gsib", ">", 0.15), _BOTH, "gsib", "after", "tier1"),
)

_REGIMES = (("eba", _CRR2), ("eba_alternative", _CRR2), ("basel", _LEX), ("cn", _CN))
_CONVERSION = {"basel": (0.10, "Basel LEX30: factors of the standardised approach, at least 10 %")}

NUMBERS: tuple[Rule, ...] = (
    *(Rule(name, "floor_money_eur", ">=", 150e6, _ART395, begins) for name, begins in _REGIMES[:2]),
    *(Rule(name, "floor_most", ">", 1.0, f"{_ART395} third subparagraph", begins) for name, begins in _REGIMES[:2]),
    *(
        Rule(name, "conversion_floor", ">=", *_CONVERSION.get(name, (0.0, "the bank's own factors")), begins)
        for name, begins in _REGIMES
    ),
)

CHOICES: tuple[Choice, ...] = (
    *(Choice(name, "collateral", ("any",), "CRR art. 399 to 403", begins) for name, begins in _REGIMES[:2]),
    Choice("basel", "collateral", _FINANCIAL, "Basel LEX30: eligible financial collateral", _LEX),
    Choice("cn", "collateral", _FINANCIAL, f"{_CN_LARGE} ch. 3: 合格质物", _CN),
    *(
        Choice(name, "guarantors", ("institution", "public_body"), "CRR art. 403", begins)
        for name, begins in _REGIMES[:2]
    ),
    Choice("basel", "guarantors", ("institution", "public_body"), "Basel LEX30", _LEX),
    Choice("cn", "guarantors", ("institution", "public_body"), f"{_CN_LARGE} ch. 3: 合格保证主体", _CN),
)


def limits_in_force(regime: str, day: date) -> list[Limit]:
    """Every limit and threshold of a regime on a day.

    Raises:
        UsageError: there is none.
    """
    found = [limit for limit in LIMITS if limit.rule.regime == regime and covers(limit.rule, day)]
    if not found:
        known = ", ".join(dict.fromkeys(f"{each.rule.regime} from {each.rule.applies_from}" for each in LIMITS))
        raise UsageError(f"limits: no rules of '{regime}' on {day}; there are {known}. Choose another day or rule set.")
    return found


def number(regime: str, name: str, day: date) -> float:
    """A number of a regime on a day.

    Raises:
        UsageError: the regime has no such row, or none on that day.
    """
    return row_in_force(NUMBERS, regime, name, day).number


def words(regime: str, name: str, day: date) -> tuple[str, ...]:
    """What a regime accepts on a day as collateral, or as guarantors.

    Raises:
        UsageError: the regime has no such row, or none on that day.
    """
    return row_in_force(CHOICES, regime, name, day).words
