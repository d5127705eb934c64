"""The risk of a group: its worst member, the PD that anybody in it defaults, and the joint expected loss."""

import json
from math import expm1, log1p

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.cli import main
from relparty.graph.assessment import assessed
from relparty.graph.group_risk import group_risk, with_group_risk
from relparty.graph.overrides import with_final
from relparty.graph.questions import asked
from relparty.graph.register import Register
from relparty.graph.results import Run, Scores
from relparty.graph.snapshot import Snapshot

from .models import untrained
from .rows import day, register
from .scores import decided, scores
from .snapshots import DAY, frame, parties

FIRMS = ["A", "B", "C"]
Lent = tuple[int, str, float | None, float | None]
LENT: list[Lent] = [
    (0, "F1", 100.0, 40.0),
    (1, "F2", 50.0, None),
    (2, "F3", 20.0, 30.0),
]  # party, facility, drawn, collateral


def bank(rows: list[Lent] = LENT) -> Snapshot:
    """Three firms and what the bank has lent them."""
    names = ("party_row", "facility_id", "drawn", "collateral")
    lent: list[dict[str, object]] = [{**dict(zip(names, row, strict=True)), "source": "bank"} for row in rows]
    return Snapshot(DAY, parties(*FIRMS), {"exposures": frame("exposures", lent)})


def group(*ids: str, name: str = "g") -> pl.DataFrame:
    return pl.DataFrame({"group_set": "confirmed", "group_id": name, "party_id": list(ids)})


def made(own: list[float], whole: list[float], *links: tuple[str, str, float], **columns: list[str]) -> Scores:
    """Scores of A, B, C; a link is who suffers, who fails, and what that adds."""
    rows = [(suffers, fails, "guarantees", ["G"], "guarantee_call", adds) for suffers, fails, adds in links]
    found = scores(FIRMS, whole, [pd - alone for pd, alone in zip(whole, own, strict=True)], rows)
    given = {"risk_pd_standalone": pl.Series(own), **{name: pl.Series(values) for name, values in columns.items()}}
    return with_final(Scores(found.firms.with_columns(**given), found.links), decided())


def chain(*own: float) -> Scores:
    """C guarantees B, B guarantees A, each call lethal for half: PD = 1 - (1 - own)(1 - PD of the debtor / 2)."""
    b = 1 - (1 - own[1]) * (1 - own[0] / 2)
    c = 1 - (1 - own[2]) * (1 - b / 2)
    return made([*own], [own[0], b, c], ("B", "A", b - own[1]), ("C", "B", c - own[2]))


def test_links_inside_a_group_make_no_first_default() -> None:
    """Nobody fails unless an own risk strikes first: 1 - .9 x .95 x .98, whatever the links do then."""
    told = group_risk(bank(), chain(0.1, 0.05, 0.02), group(*FIRMS)).row(0, named=True)
    assert told["group_pd_any"] == pytest.approx(1 - 0.9 * 0.95 * 0.98, abs=1e-12)


def test_what_comes_from_outside_the_group_counts() -> None:
    """A is outside: B's whole PD counts, and of C's the own part."""
    found = chain(0.1, 0.05, 0.02)
    told = group_risk(bank(), found, group("B", "C")).row(0, named=True)
    assert told["group_pd_any"] == pytest.approx(1 - (1 - found.firms["risk_pd"][1]) * 0.98, abs=1e-12)


def test_of_a_firm_with_a_link_each_way_the_one_from_outside_counts() -> None:
    """B suffers from A outside with hazard x and from C inside with hazard y; contagion is shared as the hazards."""
    x, y, own = 0.03, 0.01, 0.05
    whole = 1 - (1 - own) * (1 - -expm1(-x - y))
    adds = whole - own
    found = made([0.1, own, 0.02], [0.1, whole, 0.02], ("B", "A", adds * x / (x + y)), ("B", "C", adds * y / (x + y)))
    told = group_risk(bank(), found, group("B", "C")).row(0, named=True)
    assert told["group_pd_any"] == pytest.approx(-expm1(log1p(-own) - x + log1p(-0.02)), abs=1e-12)


def test_the_worst_member_and_the_joint_expected_loss() -> None:
    """.4 of (.1 x 60 + .2 x 50 + .3 x 0): collateral covers C's debt. Losses add up, independent or not."""
    told = group_risk(bank(), made([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), group(*FIRMS), 0.4).row(0, named=True)

    assert (told["group_worst_id"], told["group_worst_pd"]) == ("C", 0.3)
    assert told["group_expected_loss"] == pytest.approx(0.4 * (0.1 * 60 + 0.2 * 50))
    assert (told["group_in_default"], told["group_unrated"]) == (0, 0)


def test_a_member_in_default_costs_its_loss_and_infects_as_an_outsider() -> None:
    """A failed: .4 x 60 is lost on it. B's link from A needs no further failure in the group; C's from B does."""
    found = made([1.0, 0.05, 0.02], [1.0, 0.5, 0.3], ("B", "A", 0.45), ("C", "B", 0.28),
                 risk_status=["in_default", "scored", "scored"])  # fmt: skip
    told = group_risk(bank(), found, group(*FIRMS), 0.4).row(0, named=True)

    assert (told["group_worst_id"], told["group_worst_pd"], told["group_in_default"]) == ("B", 0.5, 1)
    assert told["group_pd_any"] == pytest.approx(1 - 0.5 * 0.98, abs=1e-12)
    assert told["group_expected_loss"] == pytest.approx(0.4 * (60 + 0.5 * 50))


def test_all_in_default_leaves_nobody_to_be_the_worst() -> None:
    told = group_risk(bank(), made([1.0] * 3, [1.0] * 3, risk_status=["in_default"] * 3), group("A", "B")).row(
        0, named=True
    )
    assert (told["group_worst_id"], told["group_pd_any"], told["group_in_default"]) == (None, None, 2)


def test_who_has_no_pd_or_no_amount_is_counted_and_never_taken_for_safe() -> None:
    """A is abstained, B's drawn and limit are not told; the loss is C's alone, and at least that."""
    found = made([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], risk_status=["abstained", "scored", "scored"])
    lent = bank([(0, "F1", 100.0, 40.0), (1, "F2", None, None), (2, "F3", 20.0, 0.0)])
    told = group_risk(lent, found, group(*FIRMS), 0.5).row(0, named=True)

    assert told["group_unrated"] == 2
    assert told["group_expected_loss"] == pytest.approx(0.5 * 0.3 * 20)
    assert told["group_pd_any"] == pytest.approx(1 - 0.8 * 0.7)


def test_an_override_counts_and_keeps_what_the_model_says_of_its_sources() -> None:
    """B's own hazard is half of its whole; overridden to 1 - e^-.2 half of that hazard, .1, is no link's inside."""
    own, whole = -expm1(-0.05), -expm1(-0.1)
    found = with_final(made([0.1, own, 0.02], [0.1, whole, 0.02], ("B", "A", whole - own)), decided(B=-expm1(-0.2)))
    told = group_risk(bank(), found, group("A", "B")).row(0, named=True)

    assert told["group_worst_id"] == "B"
    assert told["group_pd_any"] == pytest.approx(1 - 0.9 * (1 + expm1(-0.1)), abs=1e-12)


def test_a_sure_failure_makes_any_default_sure() -> None:
    told = group_risk(bank(), made([1.0, 0.1, 0.1], [1.0, 0.1, 0.1]), group(*FIRMS)).row(0, named=True)
    assert told["group_pd_any"] == pytest.approx(1.0)


def test_a_firm_in_two_groups_counts_in_both() -> None:
    both = pl.concat([group("A", "B", name="g"), group("B", "C", name="h")])
    told = group_risk(bank(), made([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), both)
    assert told["group_worst_id"].to_list() == ["B", "C"]
    assert told["group_pd_any"].to_list() == pytest.approx([1 - 0.9 * 0.8, 1 - 0.8 * 0.7])


@given(st.lists(st.floats(0.001, 0.6), min_size=3, max_size=3))
@settings(max_examples=50, deadline=None)
def test_any_default_is_likelier_than_the_worst_own_risk_and_less_so_than_members_without_ties(
    own: list[float],
) -> None:
    """1 - the product of (1 - PD) counts links inside the group, which only spread what has begun."""
    found = chain(*own)
    any_default = group_risk(bank(), found, group(*FIRMS))["group_pd_any"][0]
    free = 1 - np.prod(1 - found.firms["risk_pd"].to_numpy())

    assert max(own) - 1e-12 <= any_default <= free + 1e-12


FILES = {
    "parties": "party_id kind\nA enterprise\nB enterprise\nC enterprise",
    "owns": "owner_id enterprise_id share valid_from\nA B .8 2020-01-01",
    "accounts": "party_id scope valid_from total_assets equity\nA solo 2023-06-30 100 20\nB solo 2023-06-30 90 9\n"
    "C solo 2023-06-30 80 8",
    "exposures": "facility_id party_id drawn collateral valid_from\nF1 A 100 40 2020-01-01\nF2 B 50 0 2020-01-01\n"
    "F3 C 20 0 2020-01-01",
}
BANK: Register = register(**FILES)


def test_a_groups_risk_lies_on_its_node_until_the_next_assessment(store) -> None:
    """A and B are one by control: .4 x (.1 x 60 + .2 x 50) = 6.4, and 1 - .9 x .8 = .28 without links."""
    snapshot = BANK.as_of(DAY)
    store.write(snapshot)
    plain = assessed(snapshot, "eba")
    scored = Run("score-1", "score", DAY), made([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    store.publish(*scored)
    store.publish_groups(Run("assess-1", "assess", DAY, "eba"), with_group_risk(plain, snapshot, scored, 0.4))
    text, parameters, _ = asked("riskiest_groups", ())

    row = store.ask(text, parameters).rows[0]
    assert row[:2] == ("eba:A", 2)
    assert row[3:] == ("B", 0.2, pytest.approx(0.28), pytest.approx(6.4), 0, 0, "score-1")
    store.publish_groups(Run("assess-2", "assess", DAY, "eba"), plain)
    assert store.ask(text, parameters).rows == []


@pytest.fixture
def relparty(tmp_path, monkeypatch):
    """Runs a command in a folder with a register and a model, on the embedded store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bank").mkdir()
    for name, text in FILES.items():
        lines = [",".join(line.split()) for line in text.splitlines()]
        (tmp_path / "bank" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    untrained(BANK.as_of(day("2024-06-30"))).save(tmp_path / "home" / "models")

    def run(*words, code=0):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words])
        assert result.exit_code == code, result.stderr
        return result

    return run


def test_groups_show_their_risk_by_the_last_score_run(relparty):
    relparty("load", "bank", "--no-store")
    assert "no score run yet" in relparty("groups", "--risk", code=2).stderr
    relparty("score", "--as-of", "2024-06-30", "--dry-run", "--out", "out.csv")
    rows = json.loads(relparty("groups", "B", "--risk", "--format", "json").stdout)
    pds = dict(pl.read_csv("out.csv").select("party_id", "risk_pd").rows())

    assert {(row["group_set"], row["group_id"], row["group_size"]) for row in rows} == {
        ("confirmed", "eba:A", 2), ("prudent", "eba:A", 2),
    }  # fmt: skip
    assert rows[0]["group_expected_loss"] == pytest.approx(0.4 * (pds["A"] * 60 + pds["B"] * 50))
    assert rows[0]["group_scored_by"].startswith("score-2024-06-30-")
    assert json.loads(relparty("groups", "C", "--risk", "--format", "json").stdout) == []


@pytest.mark.parametrize(("words", "said"), [
    (("--risk", "--explain"), "--explain does not go with --risk"),
    (("--risk", "--as-of", "2024-06-30"), "--as-of does not go with --risk"),
    (("--run", "score-1"), "--run does not go with a list of groups"),
    (("--risk", "--run", "score-1"), "score-1: no score run of that id"),
])  # fmt: skip
def test_a_mistake_says_what_would_be_right(relparty, words, said):
    relparty("load", "bank", "--no-store")
    relparty("score", "--as-of", "2024-06-30", "--dry-run")

    assert said in relparty("groups", *words, code=2).stderr


def test_an_assessment_takes_the_scores_in_force_on_its_day(relparty):
    """Without scores of the day it says so; with them it is another run, for other things went in."""
    relparty("load", "bank", "--day", "2024-06-30")
    before = relparty("assess").stderr
    relparty("score")
    after = relparty("assess").stderr
    told = json.loads(relparty("query", "riskiest_groups", "--format", "json").stdout)

    assert "the groups have no PDs" in before
    assert "the groups have no PDs" not in after
    assert [row["group_id"] for row in told] == ["eba:A"]
    assert told[0]["scored_by"].startswith("score-2024-06-30-")
    assert len(json.loads(relparty("runs", "--format", "json").stdout)) == 3
