"""Every rule as a dated row: operator and number kept together, its source, and the days on which it applies.

An answer for a day uses the rows in force on that day and can name them. Numbers of limits stand here too; what a rule
is about is said where it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

import polars as pl

from .errors import UsageError

Operator = Literal[">", ">="]
ROUNDING = 1e-12  # sums of shares meet a threshold within this: .28 + .17 + .05 is not more than .5


@dataclass(frozen=True)
class Rule:
    """A threshold of one regime, in force on [applies_from, applies_to).

    `number` is a fraction unless the name says money.

    A limit is written as what breaks it: "at most 10 %" is "> .10".
    """

    regime: str
    name: str
    operator: Operator
    number: float
    source: str
    applies_from: date
    applies_to: date | None = None

    def met(self, high: pl.Expr, included: pl.Expr | bool = True) -> pl.Expr:  # noqa: FBT001, FBT002 (a column's word)
        """Whether a figure meets the threshold; of a band, whether its upper end could; an open end can't."""
        reached = pl.lit(self.operator == ">=") & included
        return pl.when(self._equal(high)).then(reached).otherwise(high > self.number)

    def certain(self, low: pl.Expr, included: pl.Expr) -> pl.Expr:
        """Whether all of a band with this lower end meets the threshold; an open end is always exceeded."""
        passed = pl.lit(self.operator == ">=") | ~included
        return pl.when(self._equal(low)).then(passed).otherwise(low > self.number)

    def _equal(self, value: pl.Expr) -> pl.Expr:
        return (value - self.number).abs() <= ROUNDING

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {self.number:g} ({self.source})"


@dataclass(frozen=True)
class Choice:
    """What a regime accepts, in words of the dictionary or of this table; [applies_from, applies_to)."""

    regime: str
    name: str
    words: tuple[str, ...]
    source: str
    applies_from: date
    applies_to: date | None = None

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.words) or 'none'} ({self.source})"


Row = TypeVar("Row", Rule, Choice)

_CRR, _DELEGATED, _LEX, _CN = date(2014, 1, 1), date(2024, 7, 8), date(2019, 1, 1), date(2018, 7, 1)
_AMLD, _AMLR, _PSC, _CN_OWNERS = date(2017, 6, 26), date(2027, 7, 10), date(2016, 4, 6), date(2024, 11, 1)
_EU_CONTROL = "CRR art. 4(1)(39)(a); Del. Reg. (EU) 2024/1728 art. 1; Dir. 2013/34/EU art. 22"
_EU_CONTROL_OLD = "CRR art. 4(1)(39)(a); EBA/GL/2017/15; Dir. 2013/34/EU art. 22"
_LEX10 = "Basel LEX10"
_CN_LARGE = "商业银行大额风险暴露管理办法 (2018 No. 1)"
_CN_UBO = "受益所有人信息管理办法 (2024 No. 3)"
_BASES = ("consolidated_accounts", "board_majority", "contract", "dominant_influence", "declared", "state", "branch")
_RELATIVES = ("spouse", "parent", "child", "sibling", "grandparent", "grandchild")

# The texts name no number: what is flagged by these a person decides.
_OWN: tuple[tuple[str, Operator, float, str], ...] = (
    ("guarantee_share", ">=", 1.0, "criterion 2, own convention: calls against the guarantor's equity"),
    ("repayment_share", ">=", 0.95, "criterion 4, own convention: no other income to speak of"),
    ("funding_share", ">", 0.5, "criterion 7: the majority of funding"),
)

GROUP_REGIMES = ("eba", "eba_alternative", "basel", "cn")
OWNER_REGIMES = ("amlr", "amld", "psc", "cn")


def _eu(regime: str) -> tuple[Rule, ...]:
    """The rows that the ordinary rule and the central-government alternative share."""
    return (
        Rule(regime, "control_votes", ">", 0.5, _EU_CONTROL_OLD, _CRR, _DELEGATED),
        Rule(regime, "control_votes", ">", 0.5, _EU_CONTROL, _DELEGATED),
        Rule(regime, "dependence_share", ">=", 0.5, "EBA/GL/2017/15; Del. Reg. (EU) 2024/1728 art. 2", _CRR),
        Rule(regime, "dependence_check", ">", 0.05, "EBA/GL/2017/15: of Tier 1", _CRR),
    )


def _eu_choices(regime: str) -> tuple[Choice, ...]:
    return (
        Choice(regime, "control_bases", _BASES, _EU_CONTROL, _CRR),
        Choice(regime, "votes_left_out", ("own", "subsidiaries"), "Dir. 2013/34/EU art. 22(5)", _CRR),
        Choice(regime, "controlling_set", ("concert",), _EU_CONTROL, _CRR),
        Choice(regime, "flagged_set", _RELATIVES, "Del. Reg. (EU) 2024/1728 art. 1(4)", _CRR),
    )


RULES: tuple[Rule, ...] = (
    *_eu("eba"),
    *_eu("eba_alternative"),
    Rule("basel", "control_votes", ">", 0.5, _LEX10, _LEX),
    Rule("basel", "dependence_share", ">=", 0.5, f"{_LEX10}, criterion 1", _LEX),
    *(
        Rule(regime, name, operator, number, source, begins)
        for regime, begins in (("eba", _CRR), ("eba_alternative", _CRR), ("basel", _LEX), ("cn", _CN))
        for name, operator, number, source in _OWN
    ),
    Rule("basel", "dependence_check", ">", 0.05, "Basel LEX10.16: of Tier 1", _LEX),
    Rule("cn", "control_votes", ">", 0.5, "公司法 2023 art. 265", _CN),
    Rule("cn", "dependence_share", ">=", 0.5, f"{_CN_LARGE} annex 1", _CN),
    Rule("cn", "dependence_check", ">", 0.05, f"{_CN_LARGE} annex 1: of Tier 1", _CN),
    Rule("amlr", "owner_share", ">=", 0.25, "Reg. (EU) 2024/1624 art. 52", _AMLR),
    Rule("amlr", "mixed_share", ">=", 0.25, "Reg. (EU) 2024/1624 art. 54", _AMLR),
    Rule("amlr", "control_votes", ">", 0.5, "Reg. (EU) 2024/1624 art. 53", _AMLR),
    Rule("amld", "owner_share", ">", 0.25, "Dir. (EU) 2015/849 art. 3(6)", _AMLD, _AMLR),
    Rule("amld", "control_votes", ">", 0.5, "Dir. (EU) 2015/849 art. 3(6)", _AMLD, _AMLR),
    Rule("psc", "owner_share", ">", 0.25, "Companies Act 2006 Sch. 1A", _PSC),
    Rule("psc", "control_votes", ">", 0.5, "Companies Act 2006 Sch. 1A para. 18: majority stake", _PSC),
    Rule("cn", "owner_share", ">=", 0.25, f"{_CN_UBO} art. 6", _CN_OWNERS),
    Rule("crr", "close_link", ">=", 0.2, "CRR art. 4(1)(38)", _CRR),
    Rule("crr", "control_votes", ">", 0.5, "CRR art. 4(1)(37)", _CRR),
    Rule("t2s", "close_link", ">=", 0.2, "T2S.16.690", _CRR),
    Rule("t2s", "control_votes", ">", 0.5, "T2S.16.690: majority", _CRR),
    Rule("ecb", "close_link", ">=", 0.2, "Guideline (EU) 2015/510 art. 138(2)", _CRR),
)

CHOICES: tuple[Choice, ...] = (
    *_eu_choices("eba"),
    *_eu_choices("eba_alternative"),
    Choice("eba", "government", (), "CRR art. 4(1)(39): the ordinary rule", _CRR),
    Choice("eba_alternative", "government", ("one_group_each",), "CRR art. 4(1)(39) last subparagraphs", _CRR),
    Choice("basel", "control_bases", _BASES, _LEX10, _LEX),
    Choice("basel", "votes_left_out", (), _LEX10, _LEX),
    Choice("basel", "controlling_set", ("concert",), _LEX10, _LEX),
    Choice("basel", "flagged_set", _RELATIVES, _LEX10, _LEX),
    Choice("basel", "government", ("no_link",), "Basel LEX10: exempt sovereigns", _LEX),
    Choice("cn", "control_bases", _BASES, "公司法 2023 art. 265", _CN),
    Choice("cn", "votes_left_out", ("listed_subsidiaries",), "公司法 2023 art. 141", _CN),
    Choice("cn", "controlling_set", ("concert", *_RELATIVES), "集团客户授信业务风险管理指引", _CN),
    Choice("cn", "flagged_set", (), "集团客户授信业务风险管理指引", _CN),
    Choice("cn", "government", ("no_link",), "公司法 2023 art. 265", _CN),
    *(
        Choice(regime, name, words, source, begins, ends)
        for regime, source, begins, ends in (
            ("amlr", "Reg. (EU) 2024/1624 art. 53", _AMLR, None),
            ("amld", "Dir. (EU) 2015/849 art. 3(6)", _AMLD, _AMLR),
            ("psc", "Companies Act 2006 Sch. 1A", _PSC, None),
            ("crr", "CRR art. 4(1)(37)", _CRR, None),
            ("t2s", "T2S.16.690", _CRR, None),
        )
        for name, words in (
            ("control_bases", _BASES if regime != "t2s" else ()),
            ("votes_left_out", ()),
            ("controlling_set", ()),
            ("flagged_set", ()),
        )
    ),
)


def rule(regime: str, name: str, day: date) -> Rule:
    """The threshold of a regime that is in force on a day.

    Raises:
        UsageError: the regime has no such rule, or none on that day.
    """
    return row_in_force(RULES, regime, name, day)


def choice(regime: str, name: str, day: date) -> Choice:
    """What a regime accepts on a day.

    Raises:
        UsageError: the regime says nothing about that, or nothing on that day.
    """
    return row_in_force(CHOICES, regime, name, day)


def in_force(regime: str, day: date) -> list[Rule | Choice]:
    """Every row of a regime that an answer for that day rests on."""
    rows: list[Rule | Choice] = [*RULES, *CHOICES]
    return [row for row in rows if row.regime == regime and covers(row, day)]


def covers(row: Rule | Choice, day: date) -> bool:
    """Whether a row is in force on a day."""
    return row.applies_from <= day and (row.applies_to is None or day < row.applies_to)


def row_in_force(rows: Sequence[Row], regime: str, name: str, day: date) -> Row:
    """The row of some table that a regime has under a name on a day.

    Raises:
        UsageError: the regime has no such row, or none on that day.
    """
    named = [row for row in rows if (row.regime, row.name) == (regime, name)]
    for row in named:
        if covers(row, day):
            return row
    if not named:
        known = ", ".join(sorted({row.regime for row in rows if row.name == name})) or "no regime"
        raise UsageError(f"{name}: the rules of '{regime}' have no such row. It stands for {known}.")
    days = "; ".join(f"from {row.applies_from}" + (f" to {row.applies_to}" if row.applies_to else "") for row in named)
    raise UsageError(f"{regime} {name}: not in force on {day}; it applies {days}. Choose another day or rule set.")
